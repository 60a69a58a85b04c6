"""Nested values described by a JSON Schema: schema builders, and short and full forms of values.

The short form leaves out nulls, defaults, and members that are not in the schema, which the API
adds by itself. Values are written and compared in this form. The full form has all members, so it
replaces a stored value whether or not the API merges.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from devinops.model.values import UNSET

Schema = Mapping[str, Any]


# --- schemas --------------------------------------------------------------------------------------


def record(
    description: str,
    members: Mapping[str, Schema],
    required: tuple[str, ...] = (),
    *,
    nullable: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """Return the schema of an object with these members and no others."""
    return {
        "type": _types("object", nullable),
        "properties": dict(members),
        **({"required": list(required)} if required else {}),
        "additionalProperties": False,
        "description": description,
        **more,
    }


def sequence(description: str, items: Schema, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": dict(items), "description": description, **more}


def set_of(
    description: str, items: Schema, *, nullable: bool = False, **more: Any
) -> dict[str, Any]:
    """Return the schema of a list without order and without duplicates."""
    facts = {"type": _types("array", nullable), "items": dict(items), "uniqueItems": True}
    return {**facts, "description": description, **more}


def text(description: str, *, nullable: bool = False, **more: Any) -> dict[str, Any]:
    return {"type": _types("string", nullable), "description": description, **more}


def choice(description: str, *names: str, nullable: bool = False) -> dict[str, Any]:
    """Return the schema of a word. These are `known`, and the API may have others."""
    return {"type": _types("string", nullable), "known": [*names], "description": description}


def switch(description: str, *, nullable: bool = False, **more: Any) -> dict[str, Any]:
    return {"type": _types("boolean", nullable), "description": description, **more}


def count(description: str, minimum: int, *, nullable: bool = False, **more: Any) -> dict[str, Any]:
    facts = {"type": _types("integer", nullable), "minimum": minimum}
    return {**facts, "description": description, **more}


def _types(name: str, nullable: bool) -> str | list[str]:
    return [name, "null"] if nullable else name


# --- values ---------------------------------------------------------------------------------------


_JSON_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
}


def short(schema: Schema, value: Any) -> Any:
    """Return the short form of a value, with sets sorted; an empty nullable object is None.

    Raises ValueError for a value that does not fit the schema. Only a response can fail, because
    written values were checked.
    """
    value = _whole_number(schema, value)
    _check_type(schema, value)
    if isinstance(value, list) and "items" in schema:
        items = [short(schema["items"], item) for item in value]
        return sorted(items, key=as_json) if schema.get("uniqueItems") else items
    if isinstance(value, dict) and "properties" in schema:
        return _short_object(schema, value)
    return value


def _short_object(schema: Schema, value: Mapping[str, Any]) -> dict[str, Any] | None:
    members = {
        name: short(part, value[name])
        for name, part in schema["properties"].items()
        if value.get(name) is not None
    }
    _check_required(schema, members)
    stated = {
        name: member
        for name, member in members.items()
        if member is not None and not _is_default(schema["properties"][name], member)
    }
    return None if not stated and _is_nullable(schema) else stated


def _check_required(schema: Schema, members: Mapping[str, Any]) -> None:
    for name in schema.get("required", ()):
        if name not in members and not _is_nullable(schema["properties"][name]):
            raise ValueError(f"{name} is missing")


def _whole_number(schema: Schema, value: Any) -> Any:
    """Return 1 for 1.0, which JSON Schema accepts as an integer."""
    is_whole = isinstance(value, float) and value.is_integer()
    return int(value) if is_whole and "integer" in _type_names(schema) else value


def _type_names(schema: Schema) -> Sequence[str]:
    names: str | list[str] = schema.get("type", [])
    return [names] if isinstance(names, str) else names


def _check_type(schema: Schema, value: Any) -> None:
    names = _type_names(schema)
    types = [type_ for name in names for type_ in _JSON_TYPES[name]]
    if types and type(value) not in types:
        raise ValueError(f"expected {' or '.join(names)}")


def full(schema: Schema, value: Any) -> Any:
    """Return the full form of a value: a left-out member gets its default, or null."""
    if isinstance(value, list) and "items" in schema:
        return [full(schema["items"], item) for item in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    members = {
        name: value[name] if name in value else _absent(part)
        for name, part in schema["properties"].items()
    }
    return {
        name: full(schema["properties"][name], member)
        for name, member in members.items()
        if member is not UNSET
    }


def as_json(value: Any) -> str:
    """Return a value as JSON text; equal values have equal texts."""
    return json.dumps(value, sort_keys=True)


def _is_nullable(schema: Schema) -> bool:
    return "null" in schema.get("type", ())


def _is_default(schema: Schema, value: Any) -> bool:
    return "default" in schema and as_json(schema["default"]) == as_json(value)


def _absent(schema: Schema) -> Any:
    if "default" in schema:
        return schema["default"]
    return None if _is_nullable(schema) else UNSET
