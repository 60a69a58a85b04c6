"""A schema of draft 7 is faulty where it really is, and its references lead where jsonschema follows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT7

from devinops.schema.draft7 import faults, subschemas, unresolved
from tests.testing.costly import costly


@pytest.mark.parametrize(
    ("schema", "places"),
    [
        ({"type": "object"}, []),
        ({"type": "objekt"}, [("type",)]),
        ({"type": "objekt", "required": "a"}, [("type",), ("required",)]),
        (
            {"properties": {"a": {"type": 3, "minimum": "x"}}},
            [("properties", "a", "type"), ("properties", "a", "minimum")],
        ),
        ({"required": ["a", "a", 3]}, [("required",), ("required", 2)]),
        ({"minLength": -1.5}, [("minLength",)]),
    ],
    ids=str,
)
def test_the_faults_of_a_schema_are_reported_once_for_each_place(
    schema: dict[str, Any], places: list[tuple[str | int, ...]]
) -> None:
    assert sorted(str(path) for path, _ in faults(schema)) == sorted(map(str, places))


@pytest.mark.parametrize("pattern", ["(a", "a)", "[a", "*a", "a**", "a\\"])
def test_what_is_no_regular_expression_is_a_fault(pattern: str) -> None:
    schema = {"properties": {"a": {"pattern": pattern}}, "patternProperties": {pattern: True}}
    assert [path[-2:] for path, _ in faults(schema)] == [
        ("patternProperties", pattern),
        ("a", "pattern"),
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\p{L}+$",
        "(?<year>[0-9]{4})",
        "[^](]",
        "[](a)",
        r"[\w-.]",
        r"\/",
        "{,2}",
        r"\u{61}",
        "a{1}",
    ],
)
def test_a_pattern_of_javascript_is_no_fault(pattern: str) -> None:
    assert list(faults({"pattern": pattern})) == []


def test_data_has_no_patterns() -> None:
    assert list(faults({"const": {"pattern": "(a"}, "properties": {"pattern": {}}})) == []


NAMES = st.sampled_from(["a", "b/c", "d~e", "$ref", "$id", "0", "x y"])
ADDRESSES = st.sampled_from(
    [
        "#", "#/definitions/a", "#/definitions/b~1c", "#/definitions/d~0e", "#/properties/$ref", "#/allOf/0", "#/allOf/3", "#i",
        "#/definitions/x%20y", "a.json", "a.json#", "a.json#i", "b/a.json", "/a.json#/definitions/a", "http://acme.dev/s/a.json", "#/const",
    ]
)  # fmt: skip
IDS = st.sampled_from(
    ["#i", "a.json", "b/a.json", "http://acme.dev/s/", "http://acme.dev/s/a.json"]
)


def _schemas(part: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(NAMES, part, max_size=3)
    several = st.lists(part, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "$id": IDS,
            "definitions": named,
            "properties": named,
            "allOf": several,
            "items": part | several,
            "not": part,
            "const": part,
            "examples": several,
        },
    )


SCHEMAS = st.recursive(ADDRESSES.map(lambda address: {"$ref": address}), _schemas, max_leaves=8)


@given(SCHEMAS)
def test_references_resolve_where_jsonschema_resolves_them(schema: dict[str, Any]) -> None:
    # What a relative address of the whole schema is relative to is not defined.
    assume("$id" not in schema or "://" in schema["$id"])
    addresses = [part.address for part in subschemas(schema) if "$id" in part.node]
    assume(len(set(addresses)) == len(addresses))
    root = DRAFT7.create_resource(schema)
    registry: Registry[Any] = Registry().with_resource("", root).crawl()
    expected = _unresolved(root, registry.resolver_with_root(root))
    assert sorted(reference for _, reference in unresolved(schema)) == sorted(expected)


def _unresolved(schema: Resource[Any], resolver: Any) -> Iterator[str]:
    if "$ref" in schema.contents:
        try:
            resolver.lookup(schema.contents["$ref"])
        except Unresolvable:
            yield schema.contents["$ref"]
    for part in schema.subresources():
        yield from _unresolved(part, resolver.in_subresource(part))


ODD = st.recursive(
    st.none() | st.integers() | st.text() | ADDRESSES,
    lambda part: (
        st.lists(part)
        | st.dictionaries(
            st.sampled_from(["$ref", "$id", "properties", "items", "pattern", "allOf"]), part
        )
    ),
)


@costly
@given(ODD)
def test_nothing_is_too_odd(odd: object) -> None:
    schema = {"properties": {"a": odd}, "items": odd, "$id": odd, "patternProperties": odd}
    assert next(subschemas(schema)).node == schema
    list(faults(schema))
    list(unresolved(schema))


def test_a_reference_that_is_no_address_is_unresolved() -> None:
    schema = {"$id": "https://acme.example/a.json", "properties": {"a": {"$ref": "http://[a"}}}
    assert list(unresolved(schema)) == [(("properties", "a", "$ref"), "http://[a")]
