"""The schemas of the JSON documents: they take the real ones, and a checksum shows a later edit."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from devinops.schema.documents import schemas
from devinops.schema.plan import checksum
from tests.testing.documents import PLAN

PROBLEMS = {
    "format_version": "1.0",
    "tool_version": "0.1",
    "exit_code": 0,
    "files": 1,
    "entries": 1,
    "problems": [],
}
FAILED = {
    member: PROBLEMS[member]
    for member in ("format_version", "tool_version", "exit_code", "problems")
}
FAILED |= {"complete": False, "error": "why"}  # fmt: skip


def valid(schema: dict[str, Any], document: Any) -> bool:
    return Draft202012Validator(schema).is_valid(document)


@pytest.mark.parametrize(
    ("name", "document"),
    [("plan", PLAN), ("plan", FAILED), ("problems", PROBLEMS)],
    ids=["plan", "failed", "problems"],
)
def test_a_document_is_taken_and_none_with_more_or_less_in_it(
    name: str, document: dict[str, Any]
) -> None:
    schema = schemas()[name]
    assert valid(schema, document)
    assert not valid(schema, document | {"surprise": 1})
    assert not valid(schema, document | {"format_version": "2.0"})
    for member in ("format_version", "exit_code", "problems"):
        assert not valid(schema, {key: document[key] for key in document if key != member})


def test_a_checksum_covers_everything_but_itself() -> None:
    document = {"a": 1, "b": [2]}
    assert checksum(document | {"checksum": "x"}) == checksum(document)
    assert checksum({"b": [2], "a": 1}) == checksum(document)
    assert checksum(document | {"a": 2}) != checksum(document)
