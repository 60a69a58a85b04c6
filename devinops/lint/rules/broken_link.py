"""A relative link or image does not lead to a file.

Devin follows the link and finds nothing. Correct the path, write the whole URL, or name the
repository that has the file. A link counts as right if the file exists relative to the file of the
text, to the root, or to the top of the Git checkout. One that leads out of the checkout, as to
another repository beside it, is not checked.

Fails:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    Follow [the checklist](texts/checklist.md).

Passes:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    Follow [the checklist](../texts/checklist.md).
    texts/checklist.md
    1. Run the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from devinops.lint.rule import Rule
from devinops.lint.subject import Context, LintFinding, Subject
from devinops.model.objects import Severity
from devinops.model.patterns import LazyPattern

_ELSEWHERE = LazyPattern(r"[a-z][a-z0-9+.-]*:|//|#|@|~", re.IGNORECASE)
"""The beginning of what is not a path in the repository."""

_MAIL = LazyPattern(r"[^\s/@]+@[^\s/@]+")
_LINE_NUMBER = LazyPattern(r"(?::\d+(?:[:-]\d+)?)+$")
_ESCAPE = LazyPattern(r"\\([!-/:-@\[-`{-~])")
_PATTERN = LazyPattern(r"[{}<>*$|\\]|\.\.\.|…|path/to|\bexample\b")
"""A placeholder for a path in an example."""


def check(subject: Subject, context: Context) -> Iterator[LintFinding]:
    for target in subject.markdown.inline.targets:
        written = subject.text[target.start : target.end].strip("<>")
        if _is_relative(written) and not context.has_file(_path(written), subject):
            message = (
                f"{written} does not lead to a file: correct the path, write the whole URL, or "
                "name the repository that has the file"
            )
            yield subject.in_text(message, target.start, target.end - target.start)


def _path(written: str) -> str:
    """Return the path of a link, without query, fragment and number of a line."""
    path = unquote(re.split("[#?]", _ESCAPE.sub(r"\1", written))[0])
    return _LINE_NUMBER.sub("", path)


def _is_relative(written: str) -> bool:
    path = _path(written)
    is_path = any(map(str.isalpha, path)) and ("/" in path or "." in path.strip("."))
    is_elsewhere = _ELSEWHERE.match(written) or _MAIL.fullmatch(path)
    return is_path and not is_elsewhere and not _PATTERN.search(path)


RULE = Rule("DV205", "broken-link", Severity.WARNING, entry=check)
