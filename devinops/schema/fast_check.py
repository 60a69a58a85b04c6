"""Checks quickly whether a value fits a JSON Schema, without the slow import of jsonschema. Pure.

Most files are right. Only for one that is not, or for a keyword that is not known here, `findings`
asks jsonschema, which also knows what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from operator import ge, le
from typing import Any, Final

Schema = Mapping[str, Any]


class _UnknownError(Exception):
    """A keyword, or a form of one, that only jsonschema can judge."""


def fits(schema: Schema, value: Any) -> bool:
    """Return whether a value surely fits a schema of the dialect 2020-12."""
    try:
        return _fits(schema, value)
    except _UnknownError:
        return False


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern in which `$` matches only the end of a text."""
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern))


def _fits(schema: Schema, value: Any) -> bool:
    for keyword, argument in schema.items():
        if keyword in _WITHOUT_EFFECT:
            continue
        judge = _JUDGES.get(keyword)
        if judge is None:
            raise _UnknownError
        if not judge(argument, value, schema):
            return False
    return True


def _is_a(name: str, value: Any) -> bool:
    match name:
        case "string":
            return isinstance(value, str)
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer" if not isinstance(value, float):
            return isinstance(value, int) and not isinstance(value, bool)
    raise _UnknownError


def _type(names: str | list[str], value: Any, _: Schema) -> bool:
    return any(_is_a(name, value) for name in ([names] if isinstance(names, str) else names))


def _enum(choices: list[Any], value: Any, _: Schema) -> bool:
    if not isinstance(value, str) and any(not isinstance(choice, str) for choice in choices):
        raise _UnknownError
    return value in choices


def _const(constant: Any, value: Any, _: Schema) -> bool:
    return type(constant) is type(value) and bool(constant == value)


def _properties(schemas: Mapping[str, Schema], value: Any, _: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    return all(_fits(schemas[name], part) for name, part in value.items() if name in schemas)


def _additional(allowed: bool | Schema, value: Any, schema: Schema) -> bool:
    if not isinstance(value, dict) or allowed is True:
        return True
    others = [name for name in value if name not in schema.get("properties", ())]
    if isinstance(allowed, bool):
        return not others
    return all(_fits(allowed, value[name]) for name in others)


def _dependent_required(needs: Mapping[str, list[str]], value: Any, _: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    return all(other in value for name in needs if name in value for other in needs[name])


def _dependent_schemas(schemas: Mapping[str, Schema], value: Any, _: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    return all(_fits(schema, value) for name, schema in schemas.items() if name in value)


def _if(condition: Schema, value: Any, schema: Schema) -> bool:
    return _fits(schema.get("then" if _fits(condition, value) else "else", {}), value)


def _unique(expected: bool, value: Any, _: Schema) -> bool:
    if not (expected and isinstance(value, list)):
        return True
    if not all(isinstance(item, str) for item in value):
        raise _UnknownError
    return len(set(value)) == len(value)


def _sized(kind: Any, is_right: Callable[[int, int], bool]) -> Callable[[int, Any, Schema], bool]:
    def judge(limit: int, value: Any, _: Schema) -> bool:
        return not isinstance(value, kind) or is_right(len(value), limit)

    return judge


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_WITHOUT_EFFECT: Final = frozenset(
    {"$schema", "$id", "title", "description", "examples", "default", "then", "else"}
)
_JUDGES: Final[Mapping[str, Callable[[Any, Any, Schema], bool]]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": lambda s, value, _: (
        not isinstance(value, dict) or all(_fits(s, name) for name in value)
    ),
    "required": lambda names, value, _: (
        not isinstance(value, dict) or all(name in value for name in names)
    ),
    "dependentRequired": _dependent_required,
    "dependentSchemas": _dependent_schemas,
    "items": lambda s, value, _: (
        not isinstance(value, list) or all(_fits(s, item) for item in value)
    ),
    "anyOf": lambda schemas, value, _: any(_fits(schema, value) for schema in schemas),
    "not": lambda schema, value, _: not _fits(schema, value),
    "if": _if,
    "pattern": lambda pattern, value, _: (
        not isinstance(value, str) or bool(compiled(pattern).search(value))
    ),
    "minLength": _sized(str, ge),
    "maxLength": _sized(str, le),
    "minItems": _sized(list, ge),
    "maxItems": _sized(list, le),
    "minProperties": _sized(dict, ge),
    "maxProperties": _sized(dict, le),
    "minimum": lambda limit, value, _: not _number(value) or value >= limit,
    "maximum": lambda limit, value, _: not _number(value) or value <= limit,
    "uniqueItems": _unique,
}
