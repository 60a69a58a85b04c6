"""Entries of the kind group_role."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.schema.files import entry_schema
from devinops.schema.findings import Checker, check

KIND = KINDS["group_role"]


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ({"group": "a", "role": "Member"}, []),
        ({"group": "a"}, ["missing-field"]),
        ({"role": "Member"}, ["missing-field"]),
        ({"group": "", "role": ""}, ["invalid-value", "invalid-value"]),
        ({"group": "a", "ensure": "absent"}, []),
    ],
)
def test_an_entry_says_who_has_which_role(entry: dict[str, Any], codes: list[str]) -> None:
    assert [one.code for one in check(Checker(entry_schema(KIND)), entry)] == codes


def test_the_key_is_who_has_the_role() -> None:
    resource = KIND.resource(group="eng/a", role="Member")
    assert str(KIND.key(resource)) == "group_role:eng%2Fa"
