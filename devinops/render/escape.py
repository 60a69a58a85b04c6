"""Makes untrusted text from the API or a file safe to print in a terminal and in CI logs."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from devinops.model.invisible_characters import BLANKS
from devinops.model.patterns import LazyPattern

_HIDDEN = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp", "Zs"})
"""Unicode categories that control a terminal, reorder text, are invisible or look like a space."""

_WIDE_SPACE = "\u3000"
"""The space of Chinese and Japanese text; its width tells it from other spaces."""

_INVISIBLE = LazyPattern(rf"[{BLANKS}\u180b-\u180f\u2800\ufe00-\ufe0d\U000e0100-\U000e01ef]")
"""Invisible characters of other categories, without U+FE0E and U+FE0F, which emoji contain."""

_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")
"""The start of a command to a CI runner anywhere in a line, such as `##[group]` and `##vso[…]`."""

LONGEST = 10_000
"""Maximum number of characters that one line shows."""
WHOLE = 1_000_000
"""The same for a line of a body that is shown whole."""


def line(text: str, most: int = LONGEST) -> str:
    """Return the text as one safe line: control, bidi and invisible characters become escapes.

    An escape such as `\\x3a` also breaks commands to a CI runner that reads the log, such as `::`
    at the start. A text longer than `most` characters is cut off.
    """
    shown = text[:most]
    if not (shown.isascii() and shown.isprintable()):
        shown = re.sub(r"[^ -~]", lambda match: visible(match[0]), shown)
    if "::" in shown[: len(shown) - len(shown.lstrip()) + 2]:
        shown = shown.replace("::", "\\x3a:", 1)
    shown = _COMMAND.sub(r"\\x23#", shown)
    return f"{shown}… ({len(text) - most} more)" if len(text) > most else shown


def rest_of_line(text: str, most: int = LONGEST) -> str:
    """Return a text that stands after a name or a sign, safe as by `line`.

    A CI runner reads `::` as a command only at the start of a line, and an IPv6 address can begin
    with it.
    """
    return line(f"={text}", most + 1)[1:]


def lines(text: str) -> str:
    """Return the text of several lines, each of them safe."""
    return "\n".join(map(line, text.split("\n")))


def json_text(piece: str) -> str:
    """Return ASCII JSON without commands to CI runners; `##` can only be inside a string."""
    return _COMMAND.sub(r"\\u0023#", piece)


def is_hidden(char: str) -> bool:
    """Return whether a character is invisible, steers a terminal or reorders the text around it.

    The space and the wide space are not hidden; other spaces are, because they look like a space.
    """
    if char in (" ", _WIDE_SPACE):
        return False
    return unicodedata.category(char) in _HIDDEN or bool(_INVISIBLE.match(char))


@lru_cache(maxsize=4096)
def visible(char: str) -> str:
    """Return a character, or an escape such as `\\u202e` if it is hidden."""
    if not is_hidden(char):
        return char
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    if named:
        return named
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def body_line(text: str, *, white_space: bool = False, most: int = LONGEST) -> str:
    """Return one safe line of a body with its tabs; `white_space` shows tabs and final spaces."""
    if white_space:
        stripped = text.rstrip(" ")
        return line(stripped.replace("\t", "→") + "·" * (len(text) - len(stripped)), most)
    shown = "\t".join(line(part, most) for part in text[:most].split("\t"))
    return f"{shown}… ({len(text) - most} more)" if len(text) > most else shown


def exact(text: str) -> str:
    """Return one safe line in ASCII, in which no two texts look the same."""
    return line(text.encode("unicode_escape").decode("ascii"), WHOLE)
