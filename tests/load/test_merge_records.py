"""The record of what pull merged: read to the letter or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from devinops.load import dump_merged, load
from devinops.model.inventory import MergedEdit
from devinops.model.keys import ROOT, FolderPath, Key
from devinops.model.objects import Source
from tests.testing.tree import plant

FILE = "devinops-merged/production.jsonl"
EDITS = [
    MergedEdit(
        Key("knowledge", FolderPath("B/100%25"), "a/b"), "n1", "body", "0123456789abcdef", "x"
    ),
    MergedEdit(Key("knowledge", ROOT, "A"), "n2", "trigger", "fedcba9876543210", "x", "c0ffee"),
]


def test_what_is_written_is_read_and_each_target_has_its_own(tmp_path: Path) -> None:
    text = dump_merged(EDITS)
    assert text == dump_merged(reversed(EDITS))
    plant(tmp_path, {FILE: text, "devinops-merged/staging.jsonl": "", "devinops-merged/a.md": "?"})
    loaded = load(tmp_path)
    assert loaded.problems == ()
    expected = [
        edit._replace(source=Source(FILE, line)) for line, edit in enumerate(sorted(EDITS), 1)
    ]
    assert list(loaded.merged_for("production")) == expected
    assert loaded.merged_for("staging") == ()


@pytest.mark.parametrize(
    "line",
    [
        "<<<<<<< HEAD",
        "not JSON",
        "[]",
        '{"key": "knowledge:A", "id": "n1", "field": "body", "live": "x"}',
        '{"key": "knowledge:A", "id": "n1", "field": "body", "live": "x", "base": "x", "more": 1}',
        '{"key": "nothing:A", "id": "n1", "field": "body", "live": "x", "base": "x"}',
    ],
)
def test_a_line_that_cannot_be_read_is_a_problem_at_its_place(tmp_path: Path, line: str) -> None:
    plant(tmp_path, {FILE: f"{dump_merged(EDITS)}\n{line}\n"})
    (problem,) = load(tmp_path).problems
    assert (problem.source, problem.code) == (Source(FILE, 4), "merged-record")
    assert "keep the lines of both sides" in problem.message


def test_a_file_elsewhere_or_of_another_form_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "outside.jsonl").write_text(dump_merged(EDITS))
    root = tmp_path / "root"
    (root / FILE).mkdir(parents=True)
    (root / "devinops-merged/other.jsonl").symlink_to("../../outside.jsonl")
    loaded = load(root)
    assert [problem.code for problem in loaded.problems] == ["outside-root", "not-a-file"]
    assert loaded.merged == ()
    beside = tmp_path / "beside"
    plant(beside, {"devinops-merged": "a file"})
    assert [problem.code for problem in load(beside).problems] == ["unreadable"]
