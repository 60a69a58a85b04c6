"""Split Markdown text into front matter and body."""

from __future__ import annotations

import re
from typing import NamedTuple

from devinops.load.problems import problem
from devinops.load.yamltree import Node, control_problems, parse
from devinops.model.kind import Kind
from devinops.model.objects import Problem, Source

_FENCE = re.compile(r"---[ \t]*(?:\n|\Z)")
_CLOSE = re.compile(r"^---[ \t]*$\n?", re.MULTILINE)


class MarkdownFile(NamedTuple):
    """A Markdown file: its front matter, the body below it and the position of the body."""

    front: Node
    body: str
    body_source: Source


def spans(text: str) -> tuple[int, int, int] | None:
    """Return where front matter begins and ends, and where the text below it begins.

    None if the text, whose line ends are LF, has no front matter.
    """
    opened = _FENCE.match(text)
    closed = _CLOSE.search(text, opened.end()) if opened else None
    return (opened.end(), closed.start(), closed.end()) if opened and closed else None


def split(
    text: str, file: str, kind: Kind | None = None
) -> tuple[MarkdownFile | None, list[Problem]]:
    """Return the page of a Markdown text with LF line ends, and its problems.

    The page is None if the front matter is missing or cannot be parsed. A problem's message shows
    an example with the required fields of the `kind`.
    """
    opened = _FENCE.match(text)
    if not opened:
        return None, [_no_front_matter(text, file, kind)]
    closed = _CLOSE.search(text, opened.end())
    if not closed:
        message = "the front matter is not closed: add a line with only --- below its last key"
        return None, [problem(Source(file), "front-matter-open", message)]
    documents, problems = parse(text[opened.end() : closed.start()], file, line=2)
    is_parsed = documents or not problems
    body, line = text[closed.end() :], text.count("\n", 0, closed.end()) + 1
    problems.extend(control_problems(body, file, line))
    if not is_parsed:
        return None, problems
    below = body.lstrip()
    first = line + (body.count("\n", 0, len(body) - len(below)) if below else 0)
    return MarkdownFile(Node.of(documents), body, Source(file, first)), problems


def _no_front_matter(text: str, file: str, kind: Kind | None) -> Problem:
    if re.match(r"\s+---[ \t]*\n", text):
        message = (
            "front matter must begin in the first column of the first line: "
            "remove the space before ---"
        )
    elif re.match(r"---[ \t]+#", text):
        message = (
            "the first line of front matter must be only ---: "
            "put the comment after it on the next line"
        )
    else:
        attributes = [a for a in kind.attributes if a.name != kind.document] if kind else []
        fields = [attribute.name for attribute in attributes if attribute.required]
        lines = ", ".join(f"`{line}`" for line in ("---", *(f"{f}: …" for f in fields), "---"))
        message = (
            f"the file does not begin with front matter: put the lines {lines} above the text, "
            "or list the file under `ignore` in devinops.yaml"
        )
    return problem(Source(file), "no-front-matter", message)
