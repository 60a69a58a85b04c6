"""Which links of a Markdown text lead to a file beside it. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote

from devinops.model.patterns import LazyPattern

_ELSEWHERE = LazyPattern(r"[a-z][a-z0-9+.-]*:|//|#|@|~", re.IGNORECASE)
"""The beginning of what is not a path in the repository."""

_MAIL = LazyPattern(r"[^\s/@]+@[^\s/@]+")
_LINE_NUMBER = LazyPattern(r"(?::\d+(?:[:-]\d+)?)+$")
_ESCAPE = LazyPattern(r"\\([!-/:-@\[-`{-~])")
PATTERN = LazyPattern(r"[{}<>*$|\\]|\.\.\.|…|path/to|\bexample\b")
"""A placeholder for a path in an example."""


def relative_path(target: str) -> str:
    """Return the path of a link, without query, fragment and number of a line.

    Empty if the link is not relative.
    """
    written = target.strip("<>")
    path = unquote(re.split("[#?]", _ESCAPE.sub(r"\1", written))[0])
    path = _LINE_NUMBER.sub("", path)
    return "" if _ELSEWHERE.match(written) or _MAIL.fullmatch(path) else path


def names_a_file(path: str) -> bool:
    """Return whether a relative path looks like that of a file, and not like an example."""
    is_path = any(map(str.isalpha, path)) and ("/" in path or "." in path.strip("."))
    return is_path and not PATTERN.search(path)
