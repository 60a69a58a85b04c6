"""Write the change of a file as a patch, for programs and for people. Pure."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator

from devinops.render.bounded_diff import Matcher
from devinops.render.escape import line

_MUST_QUOTE = re.compile('[\0-\x1f\x7f"\\\\\udc80-\udcff]')
_NO_LINE_END = "\\ No newline at end of file"


def patch(path: str, before: str, after: str) -> Iterator[str]:
    """Yield the lines of a patch that `git apply` accepts, each without its final LF.

    Every character is written as it is, even the CR of a line that ends with CRLF.
    """
    old, new = _lines(before), _lines(after)
    yield f"--- {_name('a', path)}"
    yield f"+++ {_name('b', path)}"
    for first, steps in Matcher(old, new).hunks():
        yield first
        for step, start, end, new_start, new_end in steps:
            is_equal = step == "equal"
            rows = [f"{' ' if is_equal else '-'}{row}" for row in old[start:end]]
            rows += [f"+{row}" for row in new[new_start:new_end] if not is_equal]
            for row in rows:
                yield row.removesuffix("\n")
                if not row.endswith("\n"):
                    yield _NO_LINE_END


def shown(path: str, before: str, after: str) -> Iterator[str]:
    """Yield the lines of a patch for people: what they cannot see in it is an escape.

    The line ends of a file in which all are CRLF are not shown.
    """
    if all(t.count("\r") == t.count("\r\n") == t.count("\n") for t in (before, after)):
        before, after = before.replace("\r", ""), after.replace("\r", "")
    old, new, *rows = patch(path, before, after)
    yield from (line(row, len(row)) for row in (old.rstrip("\t"), new.rstrip("\t"), *rows))


def _lines(text: str) -> list[str]:
    """Return lines with their ends. Only LF ends a line, as in a patch."""
    return io.StringIO(text, newline="\n").readlines()


def _name(side: str, path: str) -> str:
    """Return a path as Git writes it above a patch."""
    name = f"{side}/{path}"
    if _MUST_QUOTE.search(name):
        return f'"{_MUST_QUOTE.sub(_octal, name)}"'
    # The tab says that the space is a part of the name.
    return f"{name}\t" if " " in name else name


def _octal(match: re.Match[str]) -> str:
    if match[0] in '"\\':
        return f"\\{match[0]}"
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(match[0]))
