"""Checks quickly whether a value fits a JSON Schema, without the slow import of jsonschema. Pure.

Most files are right. Only for one that is not, or for a keyword that is not known here, `findings`
asks jsonschema, which also knows what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from operator import ge, le
from types import NoneType
from typing import Any, Final

Schema = Mapping[str, Any]
Fits = Callable[[Any], bool]


class _UnknownError(Exception):
    """A keyword, or a form of one, that only jsonschema can judge."""


def quick_check(schema: Schema) -> Fits:
    """Return a function that says whether a value surely fits a schema of the dialect 2020-12."""
    check = _compile(schema)

    def fits(value: Any) -> bool:
        try:
            return check(value)
        except _UnknownError:
            return False

    return fits


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern in which `$` matches only the end of a text."""
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern))


def _compile(schema: Schema) -> Fits:
    """Return one function for all keywords of a schema, which is read only once for many values."""
    checks = [
        _COMPILERS[keyword](argument, schema) if keyword in _COMPILERS else _unknown
        for keyword, argument in schema.items()
        if keyword not in _WITHOUT_EFFECT
    ]
    if len(checks) == 1:
        return checks[0]

    def fits(value: Any) -> bool:
        for check in checks:  # noqa: SIM110  # all() with a generator takes twice as long
            if not check(value):
                return False
        return True

    return fits


def _unknown(_: Any) -> bool:
    raise _UnknownError


_CLASSES: Final[Mapping[str, type]] = {
    "string": str,
    "object": dict,
    "array": list,
    "null": NoneType,
    "boolean": bool,
}


def _type(names: str | list[str], _: Schema) -> Fits:
    names = [names] if isinstance(names, str) else names
    classes = tuple(_CLASSES[name] for name in names if name in _CLASSES)
    if len(classes) == len(names):
        return lambda value: isinstance(value, classes)

    unknown = {*names} - {*_CLASSES, "integer"}

    def fits(value: Any) -> bool:
        if unknown or isinstance(value, float):  # in JSON Schema, 1.0 is an integer
            raise _UnknownError
        return isinstance(value, classes) or type(value) is int

    return fits


def _enum(choices: list[Any], _: Schema) -> Fits:
    if all(isinstance(choice, str) for choice in choices):
        return lambda value: value in choices
    return lambda value: value in choices if isinstance(value, str) else _unknown(value)


def _properties(schemas: Mapping[str, Schema], _: Schema) -> Fits:
    checks = {name: _compile(schema) for name, schema in schemas.items()}

    def fits(value: Any) -> bool:
        if isinstance(value, dict):
            for name, part in value.items():
                if name in checks and not checks[name](part):
                    return False
        return True

    return fits


def _additional(allowed: bool | Schema, schema: Schema) -> Fits:
    known = frozenset(schema.get("properties", ()))
    if isinstance(allowed, bool):
        return lambda value: allowed or not isinstance(value, dict) or value.keys() <= known
    check = _compile(allowed)
    return lambda value: (
        not isinstance(value, dict) or all(check(value[name]) for name in value.keys() - known)
    )


def _required(names: list[str], _: Schema) -> Fits:
    needed = frozenset(names)
    return lambda value: not isinstance(value, dict) or value.keys() >= needed


def _dependent_schemas(schemas: Mapping[str, Schema], _: Schema) -> Fits:
    checks = {name: _compile(schema) for name, schema in schemas.items()}
    return lambda value: (
        not isinstance(value, dict)
        or all(check(value) for name, check in checks.items() if name in value)
    )


def _if(condition: Schema, schema: Schema) -> Fits:
    check = _compile(condition)
    then, otherwise = (_compile(schema.get(name, {})) for name in ("then", "else"))
    return lambda value: then(value) if check(value) else otherwise(value)


def _any_of(schemas: list[Schema], _: Schema) -> Fits:
    checks = [_compile(schema) for schema in schemas]
    return lambda value: any(check(value) for check in checks)


def _not(schema: Schema, _: Schema) -> Fits:
    check = _compile(schema)
    return lambda value: not check(value)


def _each_in(kind: Any) -> Callable[[Schema, Schema], Fits]:
    """Return the compiler of a schema for each item of a list, or for each name in a mapping."""

    def compile(schema: Schema, _: Schema) -> Fits:
        check = _compile(schema)
        return lambda value: not isinstance(value, kind) or all(map(check, value))

    return compile


def _pattern(pattern: str, _: Schema) -> Fits:
    search = compiled(pattern).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _unique(expected: bool, _: Schema) -> Fits:
    def fits(value: Any) -> bool:
        if not (expected and isinstance(value, list)):
            return True
        if not all(isinstance(item, str) for item in value):
            raise _UnknownError
        return len(set(value)) == len(value)

    return fits


def _sized(kind: Any, is_right: Callable[[int, int], bool]) -> Callable[[int, Schema], Fits]:
    return lambda limit, _: lambda value: not isinstance(value, kind) or is_right(len(value), limit)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_WITHOUT_EFFECT: Final = frozenset(
    {"$schema", "$id", "title", "description", "example", "examples", "default", "then", "else"}
) | {"known"}
_COMPILERS: Final[Mapping[str, Callable[[Any, Schema], Fits]]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda constant, _: (
        lambda value: type(constant) is type(value) and bool(constant == value)
    ),
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _each_in(dict),
    "required": _required,
    "dependentRequired": lambda needs, _: (
        lambda value: (
            not isinstance(value, dict)
            or all(value.keys() >= {*needed} for name, needed in needs.items() if name in value)
        )
    ),
    "dependentSchemas": _dependent_schemas,
    "items": _each_in(list),
    "anyOf": _any_of,
    "not": _not,
    "if": _if,
    "pattern": _pattern,
    "minLength": _sized(str, ge),
    "maxLength": _sized(str, le),
    "minItems": _sized(list, ge),
    "maxItems": _sized(list, le),
    "minProperties": _sized(dict, ge),
    "maxProperties": _sized(dict, le),
    "minimum": lambda limit, _: lambda value: not _number(value) or value >= limit,
    "maximum": lambda limit, _: lambda value: not _number(value) or value <= limit,
    "uniqueItems": _unique,
}
"""Keyword → what turns its argument, and the schema that it is in, into a function."""
