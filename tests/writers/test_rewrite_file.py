"""A change of a file is written only if it changes exactly what it should."""

from __future__ import annotations

import pytest

from devinops.load import read_entries
from devinops.writers.edit_fields import NotEditable, Splice
from devinops.writers.rewrite_file import EntryEdit, Rewriting
from tests.testing.objects import live

TEXT = """\
knowledge:
  - {name: a, trigger: t, body: old, targets: [x], meta: {m: 1}, protect: true, lint: {ignore: [DV103], reason: r}}
  - {name: b, trigger: t, body: other}
"""


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("body: old", "body: wrong"),
        ("trigger: t, body: old", "trigger: u, body: new"),
        ("body: old, targets: [x]", "body: new, targets: [y]"),
        ("body: old, targets: [x], meta: {m: 1}", "body: new, targets: [x], meta: {m: 2}"),
        ("body: old, targets: [x], meta: {m: 1}, protect: true", "body: new, targets: [x], meta: {m: 1}"),
        ("reason: r", "reason: s"),
        ("body: other", "body: new"),
        ("body: old", "body: new, ensure: unmanaged"),
    ],
)  # fmt: skip
def test_a_change_that_would_change_anything_else_is_not_made(
    was: str, becomes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = TEXT.index(was)
    wrong = [Splice(start, start + len(was), becomes)]
    monkeypatch.setattr(Rewriting, "_set", lambda *_: wrong)
    declaration = read_entries("knowledge.yaml", TEXT)[0][0]
    rewriting = Rewriting("knowledge.yaml", lambda _: TEXT, lambda _: 0)
    with pytest.raises(NotEditable, match="another value would change too"):
        rewriting.add(EntryEdit(declaration, live("knowledge", name="a"), {"body": "new"}))
    assert list(rewriting.changes()) == []
