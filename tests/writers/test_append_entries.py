"""Entries are added to a YAML file, and everything else in it stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.writers.append_entries import appended
from devinops.writers.edit_fields import NotEditable

NEW: list[dict[str, Any]] = [{"key": "NEW", "type": "cookie", "note": "a: b"}]
ADDED = '- key: NEW\n  type: cookie\n  note: "a: b"\n'


@pytest.mark.parametrize(
    ("text", "start", "indent"),
    [
        ("# Ours.\nsecrets:\n  - key: A # a\n", "# Ours.\nsecrets:\n  - key: A # a\n", 2),
        ("secrets:\n- {key: A, type: totp}\n", "secrets:\n- {key: A, type: totp}\n", 0),
        ("secrets:\n  - key: A", "secrets:\n  - key: A\n", 2),
        ("folders: [{path: a}]\n\n", "folders: [{path: a}]\nsecrets:\n", 2),
    ],
)
def test_an_entry_is_added_after_the_last_one(text: str, start: str, indent: int) -> None:
    new, (entry,) = appended("secrets.yaml", text, "secrets", NEW)
    rows = [" " * indent + row for row in ADDED.splitlines(keepends=True)]
    expected = start + "".join(rows)
    assert new.rstrip("\n") == expected.rstrip("\n")
    assert str(entry.key) == "secret:NEW"


def test_what_follows_stays_where_it_is() -> None:
    text = "secrets:\n  - key: A\n    note: |\n      x\n\n# more\nfolders:\n  - path: b\n"
    new, (entry,) = appended("secrets.yaml", text, "secrets", NEW)
    assert new.replace("".join(f"  {row}" for row in ADDED.splitlines(keepends=True)), "") == text
    assert entry.source.line == 5


def test_line_ends_stay() -> None:
    new, _ = appended("secrets.yaml", "secrets:\r\n  - key: A\r\n", "secrets", NEW)
    assert new.count("\r\n") == new.count("\n") == 5


@pytest.mark.parametrize(
    "text",
    [
        "secrets: [{key: A}]\n",
        "secrets: []\n",
        "secrets: &a\n  - key: A\n",
        "{secrets: [{key: A}]}\n",
        "secrets:\n  - key: A\n---\nsecrets:\n  - key: B\n",
        "secrets:\n  - key: NEW\n",
        "secrets: [\n",
        "",
    ],
)
def test_what_cannot_be_extended_says_so(text: str) -> None:
    with pytest.raises(NotEditable):
        appended("secrets.yaml", text, "secrets", NEW)
