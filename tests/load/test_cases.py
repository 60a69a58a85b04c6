"""Files → problems and declarations, as told by cases/*.yaml; and editors see the same truth."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.load import load
from devinops.load.discover import read_text, section_of
from devinops.load.markdown import split
from devinops.load.yamltree import parse
from devinops.model.objects import Severity
from devinops.schema.all_schemas import schemas
from devinops.schema.findings import validator
from tests.testing.tree import cases, plant

ALL = dict(cases())
OF_SCHEMA = {
    "unknown-key",
    "missing-field",
    "wrong-type",
    "invalid-value",
    "text-twice",
    "contradiction",
    "empty-text",
}
OF_TEXT = {
    "yaml-syntax",
    "yaml-tag",
    "yaml-key",
    "yaml-alias",
    "yaml-number",
    "duplicate-key",
    "control-character",
}


def loaded(case: Any, tmp_path: Path) -> Any:
    plant(tmp_path, case["files"])
    return load(tmp_path, paths=case.get("paths", ()), ignore=case.get("ignore", ()))


@pytest.mark.parametrize("name", ALL)
def test_problems_stand_at_their_place(name: Any, tmp_path: Path) -> None:
    case = ALL[name]
    found = [(f"{p.source} {p.code}", p.message) for p in loaded(case, tmp_path).problems]
    wanted = [line.split(" ", 2) for line in case.get("problems", ())]
    assert [place for place, _ in found] == [f"{place} {code}" for place, code, _ in wanted]
    for (_, message), (_, _, words) in zip(found, wanted, strict=True):
        assert words in message
        assert "\n" not in message


@pytest.mark.parametrize("name", ALL)
def test_declarations_are_the_good_entries(name: Any, tmp_path: Path) -> None:
    case = ALL[name]
    assert [str(d.key) for d in loaded(case, tmp_path).declarations] == case.get("declares", [])


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", [name for name in ALL if not ALL[name].get("beyond_schema")])
def test_editors_see_the_same_truth(name: Any, tmp_path: Path) -> None:
    """A published schema rejects a file exactly when loading finds something that a schema can find."""
    result = loaded(ALL[name], tmp_path)
    found = {
        path: {p.code for p in result.problems if p.source.path == path} for path in result.files
    }
    for path in result.files:
        if found[path] & OF_TEXT:
            continue
        rejected = any(
            not schema_of(schema).is_valid(value) for schema, value in documents(tmp_path, path)
        )
        assert rejected == bool(found[path] & OF_SCHEMA), path


@cache
def schema_of(name: str) -> Any:
    # Not jsonschema's own class: in it `$` matches before a final newline, in an editor it does not.
    return validator(schemas()[name])


def documents(root: Path, path: str) -> list[tuple[str, Any]]:
    text, _ = read_text(str(root / path), path)
    assert text is not None
    if path.lower().endswith(".md"):
        page, _ = split(text, path)
        schema = KINDS.sections[section_of(path)[0]].noun
        return [(schema, page.front.data)] if page else []
    return [("declarations", node.data) for node in parse(text, path)[0]]


def test_warnings_do_not_stop_a_run(tmp_path: Path) -> None:
    plant(tmp_path, {"secrets.yaml": ""})
    problems = load(tmp_path, ignore=["x"]).problems
    assert [(p.code, p.severity) for p in problems] == [
        ("unused-ignore", Severity.WARNING),
        ("empty-file", Severity.WARNING),
    ]
