"""Compares a JSON value with the shape that devinops expects, and names only fields.

A value is never part of what is found. Paths end at free-form objects, whose names are those of
customers: labels, JSON Schemas, the data of an event.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from devinops.api.redact import redact

MISSING: Final = "is missing"
UNKNOWN: Final = "is unknown to devinops"


class Finding(NamedTuple):
    """A difference: the path of a field, and what is wrong with it."""

    path: str
    fault: str

    def __str__(self) -> str:
        return f"{self.path} {self.fault}"


def _is_date(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


_SECONDS: Final = range(10**9, 10**11)
"""Times from 2001 to 5138: the same in milliseconds is far above."""

_TYPES: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "any": ("anything", lambda value: True),
    "text": ("text", lambda value: isinstance(value, str)),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "int": ("a whole number", lambda value: type(value) is int),
    "time": ("a time in seconds since 1970", lambda v: type(v) is int and v in _SECONDS),
    "date": ("a time in ISO 8601", _is_date),
    "free": ("an object", lambda value: isinstance(value, dict)),
    "list": ("a list", lambda value: isinstance(value, list)),
}
"""Word of a shape → the type in words, and whether a value has it."""

_WORDS: Final = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
_FIELD: Final = re.compile(r"(?!(.*\d){4})[A-Za-z_][A-Za-z0-9_]{0,39}")
"""A name that can be the vendor's. Any other could be a customer's, such as an id with its digits,
and is not shown."""

_MOST_UNKNOWN: Final = 20
"""If an object has more unknown fields, their names are data: they are not shown."""


def differences(
    value: Any, shape: Any, shapes: Mapping[str, Any], path: str = ""
) -> Iterator[Finding]:
    """Yield how a value differs from a shape, once for each place where it does."""
    shape = shapes.get(shape, shape) if isinstance(shape, str) else shape
    word = shape if isinstance(shape, str) else "list" if isinstance(shape, list) else "free"
    expected, fits = _TYPES[word]
    if not fits(value):
        word = _WORDS.get(type(value), "null")
        yield Finding(path or "the response", f"is {word}, not {expected}")
    elif isinstance(shape, dict):
        yield from _fields(value, shape, shapes, f"{path}." if path else "")
    elif isinstance(shape, list):
        for element in value:
            yield from differences(element, shape[0], shapes, f"{path}[]")


def _fields(
    value: Mapping[str, Any], shape: Mapping[str, Any], shapes: Mapping[str, Any], prefix: str
) -> Iterator[Finding]:
    unknown = set(value)
    for written, part in shape.items():
        name = written.removesuffix("?")
        unknown.discard(name)
        if name in value and (value[name] is not None or name == written):
            yield from differences(value[name], part, shapes, f"{prefix}{name}")
        elif name == written:
            yield Finding(f"{prefix}{name}", MISSING)
    are_names = len(unknown) <= _MOST_UNKNOWN and all(
        _FIELD.fullmatch(redact(name)) for name in unknown
    )
    for name in sorted(unknown) if are_names else ["*"]:
        yield Finding(f"{prefix}{name}", UNKNOWN)
