"""The page docs/fields.md: every field of the files that people write, from the JSON Schemas."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from devinops.schema.all_schemas import schemas

IN_MANY = 4
"""A field that the entries of so many kinds have is explained once."""
TYPES = {
    "string": "text",
    "boolean": "true or false",
    "array": "list",
    "object": "mapping",
    "null": "null",
    "integer": "whole number",
}

Schema = dict[str, Any]
Row = tuple[str, Schema, str]
"""Path, schema, and when the field is required, if ever."""


def manual() -> str:
    """Return the page."""
    published = schemas()
    kinds = {
        name: list(_rows(section["items"]))
        for name, section in published["declarations"]["properties"].items()
    }
    counts = Counter(_same(row) for rows in kinds.values() for row in rows)
    common = {
        _same(row): row for rows in kinds.values() for row in rows if counts[_same(row)] >= IN_MANY
    }
    parts = [
        "# All fields and settings",
        "[Files](files.md) explains how they work together.",
        "## Every entry",
        "A field that is missing from an entry is not managed.",
        _table(common.values()),
    ]
    for name, rows in kinds.items():
        parts += [
            f"## {name}",
            str(published["declarations"]["properties"][name]["items"]["description"]),
            _table(row for row in rows if _same(row) not in common),
        ]
        lacking = [path for (path, _), row in common.items() if path not in {p for p, _, _ in rows}]
        if lacking:
            parts.append(
                f"Fields of every entry that it does not have: {', '.join(f'`{p}`' for p in lacking)}."
            )
    return "\n\n".join([*parts, "## devinops.yaml", *_settings(published["config"])]) + "\n"


def _same(row: Row) -> tuple[str, str]:
    return row[0], str(row[1].get("description"))


def _settings(schema: Schema) -> Iterator[str]:
    yield _table(row for row in _rows(schema) if not set(".[") & set(row[0]))
    for name, section in schema["properties"].items():
        below = [row for row in _rows({"properties": {name: section}}) if row[0] != name]
        if name == "defaults":
            yield "`defaults` can have the settings of a target, except those about one target only."
        elif below:
            yield f"### {name}"
            yield _table(below)


def _rows(schema: Schema, above: str = "") -> Iterator[Row]:
    """Yield the fields of a mapping, each followed by its own fields."""
    required = dict(_required(schema))
    for name, field in schema.get("properties", {}).items():
        yield f"{above}{name}", field, required.get(name, "")
        yield from _rows(field, f"{above}{name}.")
        for inner, path in (("items", "[]"), ("additionalProperties", ".NAME")):
            if isinstance(field.get(inner), dict):
                yield from _rows(field[inner], f"{above}{name}{path}.")


def _required(schema: Schema) -> Iterator[tuple[str, str]]:
    """Yield the fields that a mapping must have, also those that only `ensure` and `extends` make optional."""
    for name in schema.get("required", ()):
        yield name, "; required"
    alternatives = [
        name for choice in schema.get("anyOf", ()) for name in choice.get("required", ())
    ]
    for name in alternatives:
        others = ", ".join(f"`{other}`" for other in alternatives if other != name)
        yield name, f"; required, or {others}"
    if "else" in schema:
        yield from _required(schema["else"])


def _table(rows: Iterable[Row]) -> str:
    lines = ["| field | meaning | example |", "| --- | --- | --- |"]
    for path, field, required in rows:
        lines.append(
            f"| `{path}` | *{_type(field)}{required}.* {_meaning(field)} | {_example(field)} |"
        )
    return "\n".join(lines)


def _type(field: Schema) -> str:
    """Return what a field can hold, in words."""
    default = "integer" if "const" in field else "string" if "enum" in field else "any value"
    types = field.get("type", default)
    names = [types] if isinstance(types, str) else types
    return " or ".join(TYPES.get(name, name) for name in names)


def _meaning(field: Schema) -> str:
    """Return the description, and the values if only some are possible."""
    values = field.get("enum", [field["const"]] if "const" in field else [])
    listed = ", ".join(f"`{json.dumps(value) if value is None else value}`" for value in values)
    description = _cell(str(field.get("description", "")))
    return f"{description} Possible: {listed}." if values else description


def _example(field: Schema) -> str:
    """Return the example as YAML on one line."""
    examples = field.get("examples", ())
    return f"`{_flow(examples[0])}`".replace("|", r"\|") if examples else "–"


def _flow(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case str() if (
            value and not set(value) & set("{}[],:#&*!|>'\"%@`") and not value[0].isspace()
        ):
            return value if not value[0].isdigit() or not value.isdigit() else f'"{value}"'
    return json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;").replace("*", r"\*")
