"""Text from the API or from a file is untrusted: it is shown, never obeyed."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_HIDDEN = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp", "Zs"})
"""Unicode categories that steer a terminal, reorder text, cannot be seen or look like a space."""

_WIDE_SPACE = "\u3000"
"""The space of Chinese and Japanese text, which nobody takes for another."""

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)
"""Characters of other categories that nobody sees; U+FE0E and U+FE0F are not among them: emoji have them."""

_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")
"""What begins a command to a CI runner wherever it stands in a line, such as `##[group]` and `##vso[…]`."""

LONGEST = 10_000
"""Characters of a text that one line shows."""


def line(text: str, most: int = LONGEST) -> str:
    """Return one harmless line: controls, bidi and invisible characters as escapes such as `\\x1b`.

    What would be a command to a CI runner that reads the log, such as `::` at the start, is broken by an escape
    as well. Of a text longer than `most` only the beginning is shown.
    """
    shown = text[:most]
    if not (shown.isascii() and shown.isprintable()):
        shown = re.sub(r"[^ -~]", _escape, shown)
    if "::" in shown[: len(shown) - len(shown.lstrip()) + 2]:
        shown = shown.replace("::", "\\x3a:", 1)
    shown = _COMMAND.sub(r"\\x23#", shown)
    return f"{shown}… ({len(text) - most} more)" if len(text) > most else shown


def lines(text: str) -> str:
    """Return a text of several lines, each of them harmless."""
    return "\n".join(map(line, text.split("\n")))


def json_text(piece: str) -> str:
    """Return a piece of JSON in ASCII that no CI runner obeys: `##` can only stand in a string."""
    return _COMMAND.sub(r"\\u0023#", piece)


def _escape(found: re.Match[str]) -> str:
    return _shown(found[0])


@lru_cache(maxsize=4096)
def _shown(char: str) -> str:
    if char == _WIDE_SPACE or (
        unicodedata.category(char) not in _HIDDEN and not _INVISIBLE.match(char)
    ):
        return char
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    if named:
        return named
    code = ord(char)
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def body_line(text: str, *, white_space: bool = False, most: int = LONGEST) -> str:
    """Return one line of a text, tabs kept; with `white_space` tabs and trailing spaces are made visible."""
    if white_space:
        stripped = text.rstrip(" ")
        return line(stripped.replace("\t", "→") + "·" * (len(text) - len(stripped)), most)
    shown = "\t".join(line(part) for part in text[:most].split("\t"))
    return f"{shown}… ({len(text) - most} more)" if len(text) > most else shown
