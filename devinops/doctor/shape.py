"""Compares a JSON value with the shape that devinops expects, and names only fields.

A value is never part of what is found. Paths end at free-form objects, whose names are those of
customers: labels, JSON Schemas, the data of an event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple


class Fault(StrEnum):
    """How a value differs from its shape."""

    MISSING = "is missing"
    UNKNOWN = "is unknown to devinops"
    TYPE = "has another type"


class Finding(NamedTuple):
    """A difference: where it is, what it is, and for another type, which one in place of which."""

    path: str
    fault: Fault
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.path} is {self.detail}" if self.detail else f"{self.path} {self.fault}"


_TYPES: Final[Mapping[str, str]] = {
    "text": "text",
    "bool": "true or false",
    "int": "a whole number",
    "time": "a time in seconds since 1970",
    "date": "a time in ISO 8601",
    "free": "an object",
}
_SECONDS: Final = range(10**9, 10**11)
"""Times from 2001 to 5138: the same in milliseconds is far above."""

_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
"""A name that can be the vendor's. Any other could be a customer's, and is not shown."""

_MOST_UNKNOWN: Final = 20
"""If an object has more unknown fields, their names are data: they are not shown."""


def differences(
    value: Any, shape: Any, shapes: Mapping[str, Any], path: str = ""
) -> Iterator[Finding]:
    """Yield how a value differs from a shape, once for each place where it does."""
    shape = shapes.get(shape, shape) if isinstance(shape, str) else shape
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            yield _other(path, value, "an object")
            return
        yield from _fields(value, shape, shapes, path)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield _other(path, value, "a list")
            return
        for element in value:
            yield from differences(element, shape[0], shapes, f"{path}[]")
    elif not _fits(value, shape):
        yield _other(path, value, _TYPES[shape])


def _fields(
    value: Mapping[str, Any], shape: Mapping[str, Any], shapes: Mapping[str, Any], path: str
) -> Iterator[Finding]:
    prefix = f"{path}." if path else ""
    known = set()
    for written, part in shape.items():
        name = written.removesuffix("?")
        known.add(name)
        if value.get(name) is None and written.endswith("?"):
            continue
        if name not in value:
            yield Finding(f"{prefix}{name}", Fault.MISSING)
        else:
            yield from differences(value[name], part, shapes, f"{prefix}{name}")
    unknown = value.keys() - known
    shown = {name for name in unknown if _FIELD.fullmatch(name)}
    if len(unknown) > _MOST_UNKNOWN or len(shown) < len(unknown):
        yield Finding(f"{prefix}*", Fault.UNKNOWN)
    if len(unknown) <= _MOST_UNKNOWN:
        yield from (Finding(f"{prefix}{name}", Fault.UNKNOWN) for name in sorted(shown))


def _fits(value: Any, shape: str) -> bool:
    match shape:
        case "any":
            return True
        case "text":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "free":
            return isinstance(value, dict)
        case "date":
            return isinstance(value, str) and _is_date(value)
    is_int = isinstance(value, int) and not isinstance(value, bool)
    return is_int and (shape == "int" or value in _SECONDS)


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _other(path: str, value: Any, expected: str) -> Finding:
    """Return the finding for a value of another type, without the value."""
    return Finding(path or "the response", Fault.TYPE, f"{_type(value)}, not {expected}")


def _type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
    return "an object"
