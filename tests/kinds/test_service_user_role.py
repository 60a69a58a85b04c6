"""Entries of the kind service_user_role."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.schema.files import entry_schema
from devinops.schema.findings import Checker, check

KIND = KINDS["service_user_role"]


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ({"service_user": "a", "role": "Member"}, []),
        ({"service_user": "a"}, ["missing-field"]),
        ({"role": "Member"}, ["missing-field"]),
        ({"service_user": "", "role": ""}, ["invalid-value", "invalid-value"]),
        ({"service_user": "a", "ensure": "absent"}, []),
    ],
)
def test_an_entry_says_who_has_which_role(entry: dict[str, Any], codes: list[str]) -> None:
    assert [one.code for one in check(Checker(entry_schema(KIND)), entry)] == codes


def test_the_key_is_who_has_the_role() -> None:
    resource = KIND.resource(service_user="eng/a", role="Member")
    assert str(KIND.key(resource)) == "service_user_role:eng%2Fa"
