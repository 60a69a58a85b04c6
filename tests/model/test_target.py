"""Which organization a command works on, and how two targets differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from devinops.model.kind import Scope
from devinops.model.target import Target, is_loopback


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({}, ""),
        ({"api_url": "https://API.devin.ai/v3"}, ""),
        ({"name": "staging"}, "target staging, not production"),
        (
            {"api_url": "https://devin.example:8443"},
            "API host devin.example:8443, not api.devin.ai",
        ),
        ({"api": "v1"}, "API version v1, not v3"),
        ({"org_id": None}, "organization (unknown), not org-1"),
        ({"org_id": None, "enterprise": True}, "scope enterprise, not organization"),
        ({"org_id": "org-2", "api": "v1"}, "API version v1, not v3, organization org-2, not org-1"),
    ],
)
def test_a_plan_says_how_its_place_differs_from_here(other: dict[str, Any], words: str) -> None:
    here = Target("production", "https://api.devin.ai", "v3", "org-1")
    assert replace(here, **other).differences(here) == words


def test_what_is_not_known_here_is_reported_too() -> None:
    here = Target("production", "https://api.devin.ai", "v1", None)
    assert replace(here, org_id="org-1").differences(here) == "organization org-1, not (unknown)"


def test_a_target_says_whose_objects_it_means() -> None:
    here = Target("production", "https://api.devin.ai", "v3", "org-1")
    enterprise = replace(here, org_id=None, enterprise=True)
    assert [replace(here, org_id=None).owner, here.owner, enterprise.owner] == [
        "the key's organization",
        "organization org-1",
        "the enterprise",
    ]
    assert (here.scope, enterprise.scope) == (Scope.ORGANIZATION, Scope.ENTERPRISE)


def test_a_digest_is_bound_to_the_enterprise_by_the_name_of_the_target() -> None:
    place = ("production", "https://api.devin.ai", "v3", None)
    enterprise, organization = Target(*place, enterprise=True), Target(*place)
    assert enterprise.identity == ("api.devin.ai", "v3", "enterprise", "production")
    assert organization.identity == ("api.devin.ai", "v3", "target", "production")


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://API.devin.ai/v3", "api.devin.ai"), ("http://127.0.0.1:8484", "127.0.0.1:8484")],
)
def test_the_host_of_a_target_has_its_port_if_one_is_given(url: str, host: str) -> None:
    assert Target("production", url, "v3", None).host == host


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("LocalHost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("192.0.2.1", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_a_key_is_sent_without_encryption_only_to_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
