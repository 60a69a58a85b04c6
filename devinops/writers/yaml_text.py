"""Write values as YAML that reads well and means the same to every YAML parser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

_PLAIN_FIRST = re.compile(r"[^\W\d]|[(/$]")
_NOT_PLAIN = re.compile(r": | #|:\Z|\A\s|\s\Z")

_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "~"})
"""Words that YAML 1.1 or 1.2 does not read as text."""

_NOT_IN_BLOCK = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
)

_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def mapping(values: Mapping[str, Any], indent: int = 0) -> Iterator[str]:
    """Yield the lines of a mapping that is not empty, without line ends."""
    for key, value in values.items():
        yield from _entry(f"{' ' * indent}{_key(key)}:", value, indent)


def sequence(values: Sequence[Any], indent: int) -> Iterator[str]:
    """Yield the lines of a list that is not empty, without line ends."""
    for value in values:
        if isinstance(value, Mapping) and value:
            first, *others = mapping(value, indent + 2)
            yield f"{' ' * indent}- {first.lstrip(' ')}"
            yield from others
        else:
            yield from _entry(f"{' ' * indent}-", value, indent)


def _entry(start: str, value: Any, indent: int) -> Iterator[str]:
    """Yield the lines of a value that follows `start`, or is indented below it."""
    if isinstance(value, Mapping) and value:
        yield start
        yield from mapping(value, indent + 2)
    elif isinstance(value, list | tuple) and value:
        yield start
        yield from sequence(value, indent + 2)
    elif isinstance(value, str) and fits_a_block(value):
        yield f"{start} {'|' if value.endswith(chr(10)) else '|-'}"
        pad = " " * (indent + 2)
        yield from (f"{pad}{row}" if row else "" for row in value.rstrip("\n").split("\n"))
    else:
        yield f"{start} {scalar(value)}"


def scalar(value: Any) -> str:
    """Return a scalar, or an empty list or mapping, on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return plain_or_quoted(value)
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, list | tuple) else str(value)


def plain_or_quoted(text: str) -> str:
    """Return the text as it is if every YAML parser then reads it as that text, else in quotes."""
    plain = (
        _PLAIN_FIRST.match(text)
        and text.isprintable()
        and not _NOT_PLAIN.search(text)
        and text.lower() not in _WORDS
    )
    return text if plain else quoted(text)


_key = lru_cache(1_000)(plain_or_quoted)
"""The same for a key: most are names of fields."""


def flow(value: Any) -> str:
    """Return a value on one line, for the inside of brackets or braces."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    written = scalar(value)
    is_bare = isinstance(value, str) and not written.startswith('"')
    return quoted(value) if is_bare and re.search(r"[,\[\]{}]", value) else written


def quoted(text: str) -> str:
    """Return the text in double quotes on one line; what cannot be seen is an escape.

    Half of a character stays as it is: YAML has no escape for it.
    """
    return '"' + "".join(map(escaped, text)) + '"'


def escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable() or "\ud800" <= char <= "\udfff":
        return char
    return f"\\u{ord(char):04X}" if ord(char) < 0x10000 else f"\\U{ord(char):08X}"


def fits_a_block(text: str) -> bool:
    """Return whether the text has a line end, and a block after `|` holds it as it is."""
    return (
        "\n" in text
        and not text[:1].isspace()
        and text.removesuffix("\n") == text.rstrip()
        and not _NOT_IN_BLOCK.search(text)
    )
