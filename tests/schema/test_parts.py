"""The schemas of the JSON documents: they take the real ones, and a checksum shows a later edit."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from devinops.model.objects import Problem, Severity, Source
from devinops.schema.all_schemas import schemas
from devinops.schema.parts import ProblemItem, checksum
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
    [("run", PLAN), ("run", FAILED), ("problems", PROBLEMS)],
    ids=["run", "failed", "problems"],
)
def test_a_document_is_accepted_and_none_with_more_or_less_in_it(
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


def test_a_problem_comes_back_as_it_was() -> None:
    problem = Problem(Source("a.yaml", 2, 3), "unknown-target", "why", Severity.WARNING)
    assert ProblemItem.of(problem).to_model() == problem


def test_a_problem_without_a_valid_code_is_refused() -> None:
    item = ProblemItem.of(Problem(Source("a.yaml"), "Not a code", "why"))
    with pytest.raises(ValueError, match="'Not a code' is not the code of a problem"):
        item.to_model()
