"""Tables of every field of the files that people write, from the JSON Schemas, for docs/files.md and others."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from devinops.schema.all_schemas import schemas

MANY = 4
"""A field with so many fields below it has a table for them."""
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

_PLAIN = re.compile(r"[\w./](?:[\w ./%+()'-]*[\w./%)])?")
_NO_TEXT = re.compile(r"[\d.]+|true|false|null|yes|no|on|off", re.IGNORECASE)
"""Text that needs no quotes in YAML on one line, and what would not be text then."""

_SETTING_OF_MANY = re.compile(
    r"(max_targets|rate|shards|defaults|ignore_organizations|layers|waves)\b"
    r"|targets\.NAME\.(title|labels|hold|previously|enterprise)\b"
)
"""The settings that matter only if there are several targets."""

Schema = dict[str, Any]
Row = tuple[str, Schema, str]
"""Path, schema, and when the field is required, if ever."""


def tables() -> dict[str, str]:
    """Return the tables: of every entry, of each kind by its section, and of devinops.yaml.

    The keys of devinops.yaml that matter only if there are several targets are tables of their own.
    """
    published = schemas()
    sections = published["declarations"]["properties"]
    kinds = {name: list(_rows(section["items"])) for name, section in sections.items()}
    counts = Counter(_same(row) for rows in kinds.values() for row in rows)
    common = {_same(r): r for rows in kinds.values() for r in rows if counts[_same(r)] >= IN_MANY}
    parts = {"every entry": _tables("every entry", common.values())}
    for name, rows in kinds.items():
        own = _tables(name, (row for row in rows if _same(row) not in common))
        paths = {path for path, _, _ in rows}
        lacking = [f"`{path}`" for path, _ in common if path not in paths]
        rest = (
            [f"Fields of every entry that it does not have: {', '.join(lacking)}."]
            if lacking
            else []
        )
        parts[name] = [sections[name]["items"]["description"], *own, *rest]
    settings = [row for row in _rows(published["config"]) if not row[0].startswith("defaults.")]
    of_many = [row for row in settings if _SETTING_OF_MANY.match(row[0])]
    of_all = [row for row in settings if row not in of_many]
    parts["settings"] = _tables("devinops.yaml", of_all)
    targets = [row for row in of_all if row[0] == "targets"]
    parts["settings of many"] = _tables("devinops.yaml", [*targets, *of_many])
    return {name: "\n\n".join(part) for name, part in parts.items()}


def _same(row: Row) -> tuple[str, str]:
    return row[0], str(row[1].get("description"))


def _tables(title: str, rows: Iterable[Row]) -> Iterator[str]:
    """Yield a table, and one with a heading for each field that itself has many."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(re.split(r"\[|\.", row[0])[0], []).append(row)
    nested = {name: rows for name, rows in groups.items() if len(rows) > MANY}
    yield _table(
        row for name, rows in groups.items() for row in (rows[:1] if name in nested else rows)
    )
    for name, (_, *below) in nested.items():
        inner = next(
            above
            for above in (f"{name}[]", f"{name}.NAME", name)
            if all(path.startswith(f"{above}.") for path, _, _ in below)
        )
        yield f"### `{inner}` of {title}"
        yield _table((path.removeprefix(f"{inner}."), *rest) for path, *rest in below)


def _rows(schema: Schema, above: str = "") -> Iterator[Row]:
    """Yield the fields of a mapping, each followed by its own fields."""
    required = dict(_required(schema))
    for name, field in schema.get("then", schema).get("properties", {}).items():
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
    known = examples if len(examples := field.get("examples", ())) > 1 and not values else ()
    shown = values or known
    listed = ", ".join(f"`{json.dumps(value) if value is None else value}`" for value in shown)
    description = _cell(str(field.get("description", "")))
    label = "Possible" if values else "Known"
    return f"{description} {label}: {listed}." if shown else description


def _example(field: Schema) -> str:
    """Return the example as YAML on one line."""
    examples = field.get("examples", ())
    return f"`{flow(examples[0])}`".replace("|", r"\|") if examples else "–"


def flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
        case list():
            return f"[{', '.join(map(flow, value))}]"
        case str() if _PLAIN.fullmatch(value) and not _NO_TEXT.fullmatch(value):
            return value
    return json.dumps(value, ensure_ascii=False)


def examples_in(schema: Any) -> Iterator[Any]:
    """Yield the examples in a schema, or in whatever contains schemas."""
    parts: Iterable[Any] = schema if isinstance(schema, list) else ()
    if isinstance(schema, dict):
        parts = schema.values()
        yield from schema["examples"] if isinstance(schema.get("examples"), list) else ()
    for part in parts:
        yield from examples_in(part)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;").replace("*", r"\*")
