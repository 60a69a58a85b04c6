"""Session tags: what an entry can say, and what belongs together."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.kinds.session_tags import SessionTags
from devinops.schema.files import entry_schema
from devinops.schema.findings import Checker, check

KIND = KINDS["session_tags"]


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ({"tags": ["b", "a"], "default": "a"}, None),
        ({"tags": None, "default": None}, None),
        ({"tags": []}, None),
        ({"default": "a", "targets": ["production"], "meta": {}}, None),
        ({"tags": ["a", "a"]}, "tags"),
        ({"tags": [""]}, "tags"),
        ({"tags": "a"}, "tags"),
        ({"default": ""}, "default"),
        ({"tag": ["a"]}, "tag"),
        ({"tags": ["a"], "ensure": "absent"}, "ensure"),
        ({"tags": ["a"], "previously": []}, "previously"),
        ({"tags": ["a"], "protect": True}, "protect"),
    ],
)
def test_an_entry_says_a_set_and_one_of_it(entry: dict[str, Any], wrong: str | None) -> None:
    found = list(check(Checker(entry_schema(KIND)), entry))
    assert [finding.path[0] for finding in found] == ([wrong] if wrong else [])


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        ({"tags": ["a"], "default": "a"}, True),
        ({"tags": ["a"], "default": "b"}, False),
        ({"tags": [], "default": "b"}, False),
        ({"tags": [], "default": None}, True),
        ({"tags": ["a"]}, True),
        ({"default": "a"}, True),
    ],
)
def test_the_default_is_one_of_the_tags(values: dict[str, Any], fits: bool) -> None:
    assert [name for name, _ in KIND.check(SessionTags(**values))] == ([] if fits else ["default"])


def test_null_and_an_empty_list_are_one_value_and_order_is_none() -> None:
    tags = KIND.by_name["tags"]
    assert tags.normalized(None) == tags.normalized([]) == []
    assert tags.normalized(["b", "a"]) == ["a", "b"]
