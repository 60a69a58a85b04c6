"""Entries of the kind user_role."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.schema.files import entry_schema
from devinops.schema.findings import Checker, check

KIND = KINDS["user_role"]


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ({"user": "a", "role": "Member"}, []),
        ({"user": "a"}, ["missing-field"]),
        ({"role": "Member"}, ["missing-field"]),
        ({"user": "", "role": ""}, ["invalid-value", "invalid-value"]),
        ({"user": "a", "ensure": "absent"}, []),
    ],
)
def test_an_entry_says_who_has_which_role(entry: dict[str, Any], codes: list[str]) -> None:
    assert [one.code for one in check(Checker(entry_schema(KIND)), entry)] == codes


def test_the_key_is_who_has_the_role() -> None:
    resource = KIND.resource(user="eng/a", role="Member")
    assert str(KIND.key(resource)) == "user_role:eng%2Fa"
