"""What `devinops import` and `devinops pull` write into files for a person to replace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from devinops.load.problems import problem
from devinops.model.objects import Declaration, Ensure, Problem

PLACEHOLDER: Final = "TODO: say when Devin should use this note"
"""The value of a required field that only a person can write."""

FILES: Final = "<<<<<<< in the files"
BETWEEN: Final = "======="
LIVE: Final = ">>>>>>> in the organization"
"""The lines around both versions of a text that changed on both sides."""

CONFLICT: Final = re.compile(rf"^(?:{re.escape(FILES)}|{re.escape(LIVE)})$", re.MULTILINE)
"""A text with such a line is never applied."""

_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


def conflict_line(text: str) -> int | None:
    """Return the number of the line, from 0, at which a conflict in a text begins; None without.

    Git's markers count if all are there, in their order, and outside fenced code, where a text
    about Git may quote them.
    """
    if ">>>>>>> " not in text and FILES not in text:
        return None  # as in nearly every text
    if own := CONFLICT.search(text):
        return text[: own.start()].count("\n")
    begin, is_divided = None, False
    for number, line in _without_fences(text):
        if line.startswith("<<<<<<< "):
            begin, is_divided = number, False
        elif line == BETWEEN:
            is_divided = begin is not None
        elif line.startswith(">>>>>>> ") and is_divided:
            return begin
    return None


def _without_fences(text: str) -> Iterator[tuple[int, str]]:
    """Yield number, from 0, and text of each line that is not in fenced code."""
    fence = ""
    for number, line in enumerate(text.split("\n")):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not mark[2].strip():
            fence = ""
        elif not fence:
            yield number, line


def placeholders(declarations: Iterable[Declaration]) -> Iterator[Problem]:
    """Yield a warning for each entry that still says nothing about when to use it."""
    for declaration in declarations:
        name = declaration.kind.meaning.when
        value = getattr(declaration.resource, name) if name else None
        is_open = isinstance(value, str) and value.startswith(PLACEHOLDER)
        if is_open and declaration.ensure is Ensure.PRESENT:
            message = (
                f"the {name} is still the TODO of devinops import, so Devin does not know when to "
                "use this text: write that in its place"
            )
            yield problem(declaration.source_of(name), "placeholder", message)
