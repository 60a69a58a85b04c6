"""Documented operations that the emulator does not serve say so, and no puzzling 404."""

from __future__ import annotations

import re

import pytest

from devinops.emulator.app import Setup
from devinops.emulator.seed import Seed
from devinops.emulator.unserved import OPERATIONS


def bare(path):
    """A path with an empty pair of braces for every id."""
    return re.sub(r"{[^}]*}", "{}", path)


def filled(path):
    """A path with an id for each pair of braces, one with a slash where that may be."""
    path = re.sub(r"{[^}]*:path}", "owner%2Frepo", path)
    return re.sub(r"{[^}]*}", "x", path)


def client_for(api, path):
    """The client of a key that works on this version of the API."""
    return api.v1 if path.startswith("/v1/") else api.v3


def test_each_answers_501_with_its_name(api):
    for method, path, name in OPERATIONS:
        response = client_for(api, path).request(method, filled(path))
        assert response.status_code == 501, (method, path)
        assert f" {name} " in response.json()["detail"]


@pytest.mark.parametrize(
    ("key", "path", "status"),
    [
        ("cog_none", "/v3/enterprise/sessions", 401),
        ("apk_emulator", "/v3/enterprise/sessions", 401),
        ("apk_none", "/v1/sessions", 401),
        ("cog_emulator", "/v1/sessions", 403),
    ],
)
def test_a_key_comes_first(api, key, path, status):
    assert api.with_key(key).get(path).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v3/organizations/org-emulator/sessions", 501),
        ("POST", "/v3/enterprise/sessions/devin-1/insights/generate", 501),
        ("GET", "/v3beta1/organizations/org-emulator/repositories/a%2Fb/indexing", 501),
        ("GET", "/v3/enterprise/hypervisors", 501),
        ("GET", "/v1/sessions/devin-1", 501),
        ("GET", "/v1/session/devin-1", 501),
        ("GET", "/v1/audit-logs", 501),
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/session/devin-1", 405),
        ("GET", "/v3/organizations/org-emulator/nothing", 404),
        ("PATCH", "/v3/organizations/org-emulator/playbooks", 405),
        ("DELETE", "/v3/organizations/org-emulator/sessions", 405),
        ("POST", "/v3/enterprise/git-providers/connections/git-1/repositories", 405),
    ],
)
def test_what_is_not_documented_stays_a_404_or_405(api, method, path, status):
    assert client_for(api, path).request(method, path).status_code == status


def test_nothing_is_both_served_and_unserved():
    paths = Setup(Seed()).app().openapi()["paths"]
    served = {(method.upper(), bare(path)) for path, verbs in paths.items() for method in verbs}
    unserved = [(method, bare(path)) for method, path, _ in OPERATIONS]
    assert not served & set(unserved)
    assert len(unserved) == len(set(unserved))


def test_such_requests_are_in_the_log(api):
    api.v3.get("/v3beta1/organizations/org-emulator/repositories")
    assert api.emulator.requests[-1]["status"] == 501
