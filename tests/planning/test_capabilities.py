"""What an API or its edition cannot do is a problem before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from devinops.kinds.knowledge import Knowledge
from devinops.load import load
from devinops.model.keys import FolderPath, Key
from devinops.model.objects import Declaration, Ensure, Source
from devinops.planning.capabilities import api_problems, edition_problems, rotation_warnings


def note(ensure: Ensure, folder: str, macro: str | None) -> Declaration:
    resource = Knowledge(name="A", folder=FolderPath(folder), trigger="t", body="b", macro=macro)
    return Declaration(
        Key("knowledge", FolderPath(folder), "A"), resource, Source("a.yaml"), ensure
    )


def test_what_is_not_managed_needs_nothing_of_the_api() -> None:
    assert list(api_problems([note(Ensure.UNMANAGED, "F/G", "!a")], "v1")) == []
    assert [p.code for p in api_problems([note(Ensure.ABSENT, "F/G", "!a")], "v1")] == [
        "nested-folder"
    ]
    assert [p.code for p in api_problems([note(Ensure.PRESENT, "F", "!a")], "v3")] == [
        "unsupported-field"
    ]


@pytest.mark.parametrize(
    ("ensure", "macro", "unknown", "codes"),
    [
        (Ensure.PRESENT, "!a", {("knowledge", "macro")}, ["unsupported-field"]),
        (Ensure.PRESENT, None, {("knowledge", "macro")}, []),
        (Ensure.PRESENT, "!a", {("playbook", "macro"), ("knowledge", "pinned_repo")}, []),
        (Ensure.ABSENT, "!a", {("knowledge", "macro")}, []),
        (Ensure.UNMANAGED, "!a", {("knowledge", "macro")}, []),
    ],
)
def test_a_declared_field_that_an_edition_does_not_know_is_a_problem(
    ensure: Ensure, macro: str | None, unknown: set[tuple[str, str]], codes: list[str]
) -> None:
    found = list(edition_problems([note(ensure, "F", macro)], "v1", unknown))
    assert [problem.code for problem in found] == codes
    assert all(
        "no knowledge that API v1 listed here has the field macro" in one.message for one in found
    )


def test_a_version_without_an_inventory_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("secrets: [{key: A, version: '1'}, {key: B}]")
    (warning,) = rotation_warnings(load(tmp_path).declarations)
    assert (warning.code, warning.severity) == ("version-needs-inventory", "warning")
