"""Text from the API or from a file is untrusted: it is shown, never obeyed."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that steer a terminal, reorder text or cannot be seen."""


def line(text: str) -> str:
    """Return one harmless line: controls, bidi and invisible characters as escapes such as `\\x1b`.

    `::` at the start and `##[` anywhere would be commands to a CI runner that reads the log; they are broken
    by an escape as well.
    """
    shown = text if text.isascii() and text.isprintable() else re.sub(r"[^ -~]", _escape, text)
    if "::" in shown[: len(shown) - len(shown.lstrip()) + 2]:
        shown = shown.replace("::", "\\x3a:", 1)
    return shown.replace("##[", "\\x23#[")


def _escape(found: re.Match[str]) -> str:
    return _shown(found[0])


@lru_cache(maxsize=4096)
def _shown(char: str) -> str:
    if unicodedata.category(char) not in _HIDDEN:
        return char
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    if named:
        return named
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def body_line(text: str, *, white_space: bool = False) -> str:
    """Return one line of a text, tabs kept; with `white_space` tabs and trailing spaces are made visible."""
    if white_space:
        stripped = text.rstrip(" ")
        text = stripped.replace("\t", "→") + "·" * (len(text) - len(stripped))
        return line(text)
    return "\t".join(line(part) for part in text.split("\t"))
