"""The published schemas: each property has a description and a valid example."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from devinops.schema.all_schemas import schemas
from devinops.schema.published import published

SCHEMAS = schemas()


def properties(path: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the path and the schema of each property, at any depth."""
    for name, part in schema.get("properties", {}).items():
        yield f"{path}.{name}", part
        yield from properties(f"{path}.{name}", part)
    for keyword in ("items", "additionalProperties"):
        if isinstance(part := schema.get(keyword), dict):
            yield from properties(f"{path}[]", part)
    for name, part in schema.get("$defs", {}).items():
        yield from properties(f"{path}:{name}", part)


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_property_has_a_description_and_a_valid_example(name: str) -> None:
    seen = dict(properties(name, SCHEMAS[name]))
    assert len(seen) > 2
    for path, part in seen.items():
        assert part.get("description", "").endswith("."), path
        assert part["examples"], path
        validator = Draft202012Validator({**part, "$defs": SCHEMAS[name].get("$defs", {})})
        for example in part["examples"]:
            assert [error.message for error in validator.iter_errors(example)] == [], path


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_published_text_names_no_constant_of_the_program(name: str) -> None:
    assert re.findall(r"\b_[A-Z]{3,}", json.dumps(SCHEMAS[name])) == []


def example_of(part: Mapping[str, Any]) -> Any:
    return published({"properties": {"x": part}})["properties"]["x"]["examples"]


TEXT = {"type": "string", "example": "a"}


@pytest.mark.parametrize(
    ("part", "examples"),
    [
        (TEXT, ["a"]),
        ({"type": "string", "examples": ["a", "b"]}, ["a", "b"]),
        ({"const": 1}, [1]),
        ({"enum": ["a", "b"]}, ["a"]),
        ({"type": ["boolean", "null"]}, [True]),
        ({"type": "array", "items": TEXT}, [["a"]]),
        ({"type": "object", "properties": {"b": TEXT, "c": TEXT}}, [{"b": "a"}]),
        (
            {"type": "object", "properties": {"b": TEXT, "c": TEXT}, "required": ["b", "c"]},
            [{"b": "a", "c": "a"}],
        ),
        (
            {
                "type": "object",
                "properties": {"b": TEXT, "c": TEXT, "d": TEXT},
                "required": ["b"],
                "if": {"required": ["d"]},
                "else": {"anyOf": [{"required": ["c"]}, {"required": ["d"]}]},
            },
            [{"b": "a", "c": "a"}],
        ),
        ({"anyOf": [TEXT, {"type": "null"}]}, ["a"]),
    ],
)
def test_the_example_of_a_property_is_its_own_or_made_from_its_parts(
    part: Any, examples: Any
) -> None:
    assert example_of(part) == examples


def test_the_example_of_a_reference_is_that_of_the_definition() -> None:
    schema = {"properties": {"x": {"$ref": "#/$defs/T"}}, "$defs": {"T": TEXT}}
    assert published(schema)["properties"]["x"]["examples"] == ["a"]


@pytest.mark.parametrize("part", [{"type": "string"}, {"type": "array", "items": {}}])
def test_a_property_without_an_example_is_an_error(part: Any) -> None:
    with pytest.raises(ValueError, match="the property x has no example: there is none"):
        example_of(part)


@pytest.mark.parametrize(
    ("part", "description"),
    [
        ({"description": "A.", "default": False, "type": "boolean"}, "A. Default: false."),
        ({"description": "A.", "default": "20%", "example": 1}, "A. Default: 20%."),
        ({"description": "A (the default: b).", "default": "b", "example": 1}, None),
        ({"description": "A.", "default": None, "example": 1}, None),
    ],
)
def test_the_description_says_the_default(part: Any, description: str | None) -> None:
    x = published({"properties": {"x": part}})["properties"]["x"]
    assert x["description"] == (description or part["description"])
