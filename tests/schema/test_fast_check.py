"""The quick answer is never a wrong yes, and it is the usual answer for files that are right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from devinops.kinds import KINDS
from devinops.schema.fast_check import quick_check
from devinops.schema.files import entry_schema, file_schemas

VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.sampled_from([1.0, 1.5, "", "a", "b", "A/b", "a\n"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(["string", "object", "array", "null", "boolean", "integer", "number"])
LEAVES: Any = st.one_of(
    st.fixed_dictionaries({"type": NAMES | st.lists(NAMES, min_size=1, max_size=2, unique=True)}),
    st.fixed_dictionaries({"enum": st.lists(VALUES, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"const": VALUES}),
    st.fixed_dictionaries({"pattern": st.sampled_from(["^a$", "^[a-z]+(/|$)", r"^\$"])}),
    st.fixed_dictionaries({"minLength": st.integers(0, 2), "maxLength": st.integers(0, 2)}),
    st.fixed_dictionaries({"minItems": st.integers(0, 2), "maxItems": st.integers(0, 2)}),
    st.fixed_dictionaries({"minProperties": st.integers(0, 2), "maxProperties": st.integers(0, 2)}),
    st.fixed_dictionaries({"minimum": st.integers(-1, 2), "maximum": st.integers(-1, 2)}),
    st.fixed_dictionaries({"uniqueItems": st.booleans()}),
    st.fixed_dictionaries({"required": st.lists(st.sampled_from("abc"), max_size=2, unique=True)}),
    st.fixed_dictionaries({"multipleOf": st.just(2)}),
    st.just({"description": "d"}),
)


def _nested(inner: Any) -> Any:
    named = st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    return st.one_of(
        st.fixed_dictionaries({"properties": named, "additionalProperties": st.booleans() | inner}),
        st.fixed_dictionaries({"items": inner}),
        st.fixed_dictionaries({"propertyNames": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"if": inner, "then": inner, "else": inner}),
        st.fixed_dictionaries({"dependentSchemas": named}),
        st.fixed_dictionaries({"dependentRequired": st.just({"a": ["b"]})}),
    )


SCHEMAS: Any = st.recursive(LEAVES, _nested, max_leaves=4)


@given(SCHEMAS, VALUES)
def test_what_fits_is_valid(schema: Mapping[str, Any], value: Any) -> None:
    if quick_check(schema)(value):
        # "a\n" matches `^a$` in Python's own re, and in jsonschema, but not in an editor.
        assert Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "value", "answer"),
    [
        ({"type": "string", "pattern": "^a$"}, "a", True),
        ({"type": "string", "pattern": "^a$"}, "a\n", False),
        ({"type": "integer"}, True, False),
        ({"type": "integer"}, 1, True),
        ({"not": {"type": "integer"}}, 1.0, False),
        ({"type": ["string", "null"]}, None, True),
        ({"type": "number"}, 1, False),
        ({"enum": ["a", "b"]}, "b", True),
        ({"enum": ["a", 1]}, 1, False),
        ({"const": 1}, True, False),
        ({"const": 1}, 1, True),
        ({"if": {"const": 1}, "then": {"type": "string"}}, 1, False),
        ({"if": {"const": 1}, "then": {"type": "string"}}, "a", True),
        ({"not": {"required": ["a"]}}, {"b": 1}, True),
        ({"uniqueItems": True}, ["a", "a"], False),
        ({"uniqueItems": True}, ["a", "b"], True),
        ({"uniqueItems": True}, [1, 2], False),
        ({"properties": {"a": {"type": "string"}}}, {"a": 1}, False),
        ({"properties": {"a": {"type": "string"}}}, ["a"], True),
        ({"additionalProperties": {"type": "string"}}, {"a": "b"}, True),
        ({"additionalProperties": False, "properties": {"a": {}}}, {"b": 1}, False),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 2}, True),
        ({"multipleOf": 2}, 4, False),
    ],
    ids=str,
)
def test_the_quick_answer(schema: Mapping[str, Any], value: Any, answer: bool) -> None:
    assert quick_check(schema)(value) is answer


def test_it_knows_the_keywords_of_all_entries_and_settings() -> None:
    """So jsonschema is needed for a file only if something is wrong in it."""
    entry = {
        "name": "A",
        "trigger": "t",
        "lint": {"ignore": ["a"], "reason": "r", "until": "2027-01-01"},
    }
    note = next(kind for kind in KINDS.values() if kind.document and kind.parent)
    assert quick_check(entry_schema(note, front_matter=True))(entry)
    target = {"org_id": "o", "inventory": {"store": "branch"}, "max_delete": "20%", "scope": ["A"]}
    config = {
        "version": 1,
        "targets": {"a": target},
        "lint": {"ignore": ["a"], "budgets": {"tokens": 3}},
    }
    assert quick_check(file_schemas()["config"])(config)
