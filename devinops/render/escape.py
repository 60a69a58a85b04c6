"""Makes untrusted text from the API or a file safe to print in a terminal and in CI logs."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from devinops.model.hidden import BLANKS

_HIDDEN = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp", "Zs"})
"""Unicode categories that control a terminal, reorder text, are invisible or look like a space."""

_WIDE_SPACE = "\u3000"
"""The space of Chinese and Japanese text; its width tells it from other spaces."""

_INVISIBLE = re.compile(rf"[{BLANKS}\u180b-\u180f\u2800\ufe00-\ufe0d\U000e0100-\U000e01ef]")
"""Invisible characters of other categories, without U+FE0E and U+FE0F, which emoji contain."""

_NOT_PLAIN, _NOT_PLAIN_OR_TAB = re.compile(r"[^ -~]"), re.compile(r"[^ -~\t]")
"""What may have to be escaped; printable ASCII never has to."""

_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")
"""The start of a command to a CI runner anywhere in a line, such as `##[group]` and `##vso[…]`."""

LONGEST = 10_000
"""How many characters of a line are shown by default."""


def line(text: str, most: int | None = LONGEST) -> str:
    """Return a text as one safe line: control, bidi and invisible characters become escapes.

    An escape such as `\\x3a` also breaks commands to a CI runner that reads the log, such as `::`
    at the start. A text longer than `most` characters is cut off; None: it is whole.
    """
    return _safe(text[:most], _NOT_PLAIN) + _more(text, most)


def _safe(text: str, special: re.Pattern[str]) -> str:
    """Return a text with what is `special` escaped, and without commands to CI runners."""
    if not (text.isascii() and text.isprintable()):
        text = special.sub(_escape, text)
    if "::" in text[: len(text) - len(text.lstrip()) + 2]:
        text = text.replace("::", "\\x3a:", 1)
    return _COMMAND.sub(r"\\x23#", text)


def _more(text: str, most: int | None) -> str:
    return "" if most is None or len(text) <= most else f"… ({len(text) - most} more)"


def lines(text: str) -> str:
    """Return a text of several lines, each of them safe."""
    return "\n".join(map(line, text.split("\n")))


def json_text(piece: str) -> str:
    """Return ASCII JSON without commands to CI runners; `##` can only be inside a string."""
    return _COMMAND.sub(r"\\u0023#", piece)


def is_hidden(char: str) -> bool:
    """Tell whether a character is invisible, steers a terminal or reorders the text around it.

    The space and the wide space are not hidden; other spaces are, because they look like a space.
    """
    if char in (" ", _WIDE_SPACE):
        return False
    return unicodedata.category(char) in _HIDDEN or bool(_INVISIBLE.match(char))


def _escape(match: re.Match[str]) -> str:
    return visible(match[0])


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


def body_line(text: str, *, white_space: bool = False, most: int | None = None) -> str:
    """Return one safe line of a body with its tabs; `white_space` shows tabs and final spaces.

    It is whole unless `most` is given, because what is cut off could be what differs.
    """
    if white_space:
        stripped = text.rstrip(" ")
        return line(stripped.replace("\t", "→") + "·" * (len(text) - len(stripped)), most)
    return _safe(text[:most], _NOT_PLAIN_OR_TAB) + _more(text, most)
