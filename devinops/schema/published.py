"""The schemas as editors and readers get them: each property has an example and says its default.

Where a field is declared, `example` is one value for readers. A schema for checks may also have
`examples`, whose first value a message names as the remedy for a value of the wrong type, or
`known`, the words of a list that the API may extend.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from devinops.schema.files import file_schemas

Schema = Mapping[str, Any]


def published_files() -> dict[str, dict[str, Any]]:
    """Return name → JSON Schema of the files that a user writes, as editors get them."""
    return {name: published(schema) for name, schema in file_schemas().items()}


def published(schema: Schema) -> dict[str, Any]:
    """Return a schema whose properties have `examples`, and descriptions that say the default.

    The example of a list or an object without its own is made from those of its parts. Raises
    ValueError for a property without an example.
    """
    return _published(schema, schema.get("$defs", {}))


def _published(schema: Schema, definitions: Schema) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "properties":
            result[keyword] = {
                name: _property(name, part, definitions) for name, part in value.items()
            }
        elif keyword == "$defs":
            result[keyword] = {name: _published(part, definitions) for name, part in value.items()}
        elif keyword in ("items", "additionalProperties", "then") and isinstance(value, dict):
            result[keyword] = _published(value, definitions)
        elif keyword not in ("example", "known"):
            result[keyword] = value
    return result


def _property(name: str, schema: Schema, definitions: Schema) -> dict[str, Any]:
    result = _published(schema, definitions)
    description, default = schema.get("description", ""), schema.get("default")
    if default not in (None, "") and "default" not in description.lower():
        text = default if isinstance(default, str) else json.dumps(default)
        result["description"] = f"{description} Default: {text}."
    examples = schema.get("examples") or schema.get("known")
    try:
        return {**result, "examples": examples or [_example(schema, definitions)]}
    except ValueError as error:
        raise ValueError(f"the property {name} has no example: {error}") from None


def _example(schema: Schema, definitions: Schema) -> Any:
    """Return a value that fits a schema. Raises ValueError if neither it nor its parts name one."""
    if "example" in schema:
        return schema["example"]
    for keyword in ("examples", "enum", "known"):
        if keyword in schema:
            return schema[keyword][0]
    if "const" in schema:
        return schema["const"]
    if "$ref" in schema:
        return _example(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], definitions)
    return _example_of_type(schema, definitions)


def _example_of_type(schema: Schema, definitions: Schema) -> Any:
    type = schema.get("type")
    if "boolean" in (type, *(type or ())):
        return True
    if properties := schema.get("properties"):
        names = _required(schema) or list(properties)[:1]
        return {name: _example(properties[name], definitions) for name in names}
    if isinstance(items := schema.get("items"), dict):
        return [_example(items, definitions)]
    raise ValueError(f"there is none in {json.dumps(schema)}")


def _required(schema: Schema) -> list[str]:
    """Return the fields that an ordinary object needs, the first of each choice."""
    names = list(schema.get("required", ()))
    for choice in schema.get("anyOf", ())[:1]:
        names += _required(choice)
    return names + _required(schema["else"]) if "else" in schema else names
