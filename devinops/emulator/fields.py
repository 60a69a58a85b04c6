"""The fields that people and seeds can give an object, with their types, read from the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from datetime import date
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from devinops.emulator.records import KINDS, MEMORY_ONLY, Kind, Record, Seconds


@dataclass(frozen=True)
class FieldType:
    """A check of a value, and in words what it accepts. `is_time`: the record has it in seconds.

    `hint` is the type as the record declares it.
    """

    expected: str
    accepts: Callable[[object], bool]
    hint: Any
    required: bool = False
    is_time: bool = False


_WORDS: Mapping[object, tuple[str, str]] = {
    str: ("a text", "texts"),
    bool: ("true or false", "true or false"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    dict: ("a mapping", "mappings"),
    list: ("a list", "lists"),
    NoneType: ("null", "null"),
}
_COMPUTED = {field.name for field in fields(Record)} | MEMORY_ONLY


def _expected(hint: Any) -> str:
    """Return in words what a type accepts."""
    if hint == Seconds:
        return "Unix seconds or an ISO 8601 time"
    origin, members = get_origin(hint) or hint, get_args(hint)
    if origin is Literal:
        return f"one of {', '.join(members)}"
    if origin in (Union, UnionType):
        return " or ".join(_expected(member) for member in members)
    if origin in (list, dict) and members[-1] is not Any:
        item = get_origin(members[-1]) or members[-1]
        return f"{_WORDS[origin][0]} of {_WORDS[item][1]}"
    return _WORDS[origin][0]


def _accepts(hint: Any, value: object) -> bool:
    if hint is Any:
        return True
    if hint == Seconds:
        return _is_a(int | str | date, value)
    origin, members = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value in members
    if origin in (Union, UnionType):
        return any(_accepts(member, value) for member in members)
    if isinstance(value, list | dict):
        items = value.values() if isinstance(value, dict) else value
        return isinstance(value, origin or hint) and all(
            _accepts(members[-1], item) for item in items if members
        )
    return _is_a(int | float if hint is float else origin or hint, value)


def _is_a(type: Any, value: object) -> bool:
    """Return whether a value has a type; true and false are not numbers."""
    return isinstance(value, type) and (type is bool or not isinstance(value, bool))


def _field_type(hint: Any, *, required: bool = False) -> FieldType:
    is_time = Seconds in (hint, *get_args(hint))
    return FieldType(_expected(hint), lambda value: _accepts(hint, value), hint, required, is_time)


TIME = _field_type(Seconds)
GIVEN: Mapping[str, FieldType] = {
    "id": _field_type(str),
    "created_at": TIME,
    "updated_at": TIME,
}
"""What a new object can be given besides the fields of its kind."""

# Fields that name a folder by its path, which no record has.
_PATHS: Mapping[Kind, Mapping[str, FieldType]] = {
    "folder": {"path": _field_type(str)},
    "knowledge": {"folder": _field_type(str | None)},
}


def _has_no_default(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@cache
def fields_of(kind: Kind) -> Mapping[str, FieldType]:
    """Return the fields of a kind by the names that people and seeds use."""
    stored = KINDS[kind]
    seed_names = {attribute: name for name, attribute in stored.names.items()}
    hints = get_type_hints(stored.record, include_extras=True)
    own = {
        seed_names.get(field.name, field.name): _field_type(
            hints[field.name], required=_has_no_default(field)
        )
        for field in fields(stored.record)
        if field.name not in _COMPUTED or get_origin(hints[field.name]) is Literal
    }
    if "id" in seed_names:
        own[seed_names["id"]] = _field_type(str, required=True)
    return {**own, **_PATHS.get(kind, {})}
