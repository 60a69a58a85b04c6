from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from devinops.load.yamltree import CONTROL, parse
from devinops.writers.yaml_text import mapping


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain text, and (more)", "plain text, and (more)"),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ("yes", '"yes"'),
        ("1.5", '"1.5"'),
        ("!macro", '"!macro"'),
        ("**/*.py", '"**/*.py"'),
        ("- a", '"- a"'),
        ("", '""'),
        ("a\u202eb", '"a\\u202Eb"'),
        (None, "null"),
        (True, "true"),
        (12, "12"),
        ([], "[]"),
        ({}, "{}"),
    ],
)
def test_a_value_reads_well(value: Any, written: str) -> None:
    assert list(mapping({"key": value})) == [f"key: {written}"]


def test_several_lines_are_a_block() -> None:
    assert list(mapping({"a": "x\n\n  y", "b": [{"c": "x\ny\n", "d": [1, [2]]}]})) == [
        "a: |-",
        "  x",
        "",
        "    y",
        "b:",
        "  - c: |",
        "      x",
        "      y",
        "    d:",
        "      - 1",
        "      -",
        "        - 2",
    ]


texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\n \t:#-'\"|>{[&*!%@"))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


def texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = [*value, *value.values()] if isinstance(value, dict) else value
    return [text for part in inner for text in texts_of(part)] if isinstance(inner, list) else []


@given(st.dictionaries(texts, values, min_size=1, max_size=4))
def test_what_is_written_comes_back(value: dict[str, Any]) -> None:
    if any(CONTROL.search(text.replace("\r", "")) for text in texts_of(value)):
        return
    text = "\n".join(mapping(value)) + "\n"
    documents, problems = parse(text, "f")
    assert problems == []
    assert documents[0].data == value


@given(st.dictionaries(st.just("key"), texts, min_size=1))
def test_other_parsers_read_the_same(value: dict[str, Any]) -> None:
    assert yaml.safe_load("\n".join(mapping(value))) == value
