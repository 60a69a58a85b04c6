"""What a resource of a Terraform state says in the words of a kind."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds import KINDS


@pytest.mark.parametrize(
    ("noun", "attributes", "expected"),
    [
        (
            "acu_limit",
            {"max_cycle_acu_limit": 500, "max_session_acu_limit": None},
            {"cycle_acu_limit": 500, "session_acu_limit": None},
        ),
        ("session_tags", {"tags": ["a"], "default_tag": "a"}, {"tags": ["a"], "default": "a"}),
        ("session_tags", {"tags": ["a"]}, {"default": None}),
        ("idp_group", {"name": "a/b"}, {"idp_group_name": "a/b"}),
        (
            "org_group_limits",
            {"groups": [{"name": "eu", "max_cycle_acus": 9, "org_ids": ["org-1"], "id": 1}]},
            {"groups": {"eu": {"max_cycle_acus": 9, "org_ids": ["org-1"]}}},
        ),
        ("org_group_limits", {"groups": [{"name": 1}]}, {"groups": [{"name": 1}]}),
    ],
)
def test_attributes_become_members_of_a_response(
    noun: str, attributes: dict[str, Any], expected: dict[str, Any]
) -> None:
    """What has another form stays as it is, and the schema refuses it."""
    terraform = KINDS[noun].terraform
    assert terraform is not None
    shown = terraform.shown(attributes)
    assert {name: shown[name] for name in expected} == expected
