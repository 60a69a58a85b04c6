"""Markdown text → front matter and body."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from devinops.load.problems import problem
from devinops.load.yamltree import CONTROL, Node, control_character, parse
from devinops.model.objects import Problem, Source

_FENCE = re.compile(r"---[ \t]*(?:\n|\Z)")
_CLOSE = re.compile(r"^---[ \t]*$\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """A Markdown file: the front matter as a tree, the text below it and the place of its first line."""

    front: Node
    body: str
    body_source: Source


def split(text: str, file: str, fields: Iterable[str] = ()) -> tuple[Page | None, list[Problem]]:
    """Return a page and its problems. Newlines are expected as LF. None: there is no front matter to use.

    `fields` are the names that a problem's example shows.
    """
    opened = _FENCE.match(text)
    if not opened:
        return None, [_no_front_matter(text, file, fields)]
    closed = _CLOSE.search(text, opened.end())
    if not closed:
        message = (
            "the front matter is not closed: write --- on a line of its own below its last key"
        )
        return None, [problem(Source(file), "front-matter-open", message)]
    front, problems = _front(text[opened.end() : closed.start()], file)
    body, line = text[closed.end() :], text.count("\n", 0, closed.end()) + 1
    found = CONTROL.search(body)
    if found:
        problems.append(control_character(body, found.start(), file, line))
    if front is None:
        return None, problems
    blank = re.match(r"(?:[^\S\n]*\n)*", body)
    first = line + (blank[0].count("\n") if blank and body.strip() else 0)
    return Page(front, body, Source(file, first)), problems


def _front(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    documents, problems = parse(text, file, line=2)
    if problems and not documents:
        return None, problems
    front = documents[0] if documents else Node(None, 1, 1)
    if front.data is None and not front.broken:
        front = Node({}, 1, 1)
        front.children, front.keys = {}, {}
    return front, problems


def _no_front_matter(text: str, file: str, fields: Iterable[str]) -> Problem:
    if re.match(r"\s+---[ \t]*\n", text):
        message = (
            "front matter begins on the first line, in the first column: remove the space above ---"
        )
    else:
        lines = ", ".join(
            f"`{line}`" for line in ("---", *(f"{field}: …" for field in fields), "---")
        )
        message = (
            f"the file does not begin with front matter: put the lines {lines} above the text, "
            "or list the file under `ignore` in devinops.yaml"
        )
    return problem(Source(file), "no-front-matter", message)
