"""Targets get new titles, and new ones are added; everything else in the file stays as it is."""

from __future__ import annotations

import pytest

from devinops.writers.edit_fields import NotEditable
from devinops.writers.edit_targets import naming_file, new_file, with_targets

NEW = {"b": {"title": "B: two", "org_id": "org-2"}}
ADDED = '  b:\n    title: "B: two"\n    org_id: org-2\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("targets:\n  a:\n    title: A # x\n", "targets:\n  a:\n    title: New # x\n"),
        (
            "version: 1\ntargets:\n  a: {title: A}\n\n# end\n",
            "version: 1\ntargets:\n  a: {title: New}\n",
        ),
        ("targets:\n  a:\n    title: 'A'\n    x:\n", "targets:\n  a:\n    title: 'New'\n    x:\n"),
    ],
)
def test_a_title_is_replaced_and_a_target_is_added_after_the_last(before: str, after: str) -> None:
    rest = before.partition("\n\n")[2]
    expected = after + ADDED + (f"\n{rest}" if rest else "")
    assert with_targets(before, {"a": "New"}, NEW) == expected


def test_line_ends_stay() -> None:
    before = "targets:\r\n  a:\r\n    title: A\r\n"
    assert with_targets(before, {}, NEW) == before + ADDED.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "targets: {a: {title: A}}\n",
        "targets: {}\n",
        "targets: other.yaml\n",
        "x: 1\n---\ntargets: {}\n",
        "targets: &all\n  a: &one {title: &t A}\n",
    ],
)
def test_what_cannot_be_edited_is_an_error(text: str) -> None:
    with pytest.raises(NotEditable):
        with_targets(text, {"a": "New"} if "&" in text else {}, NEW)


def test_a_new_file_and_its_name() -> None:
    assert new_file(NEW) == f"targets:\n{ADDED}"
    assert naming_file("version: 1 # x\n", "t.yaml") == "version: 1 # x\ntargets: t.yaml\n"
