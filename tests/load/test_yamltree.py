"""The short way through front matter gives what the parser of all of YAML gives."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from devinops.load.yamltree import CONTROL, Node, control_problems, parse, parse_fully
from tests.testing.costly import costly
from tests.testing.damage import damaged
from tests.testing.yaml_texts import front_matters

SHORT = ["When a:b, or a#b, is added", "acme/api", "https://a.example/x#y", "it's (a) [b], {c}", "é 😀", "日本", "²", "_",
         "true", "False", "null", "NULL", "yes", "on", "x  ", "a  # why", "a &b *c !d", "a - b ? c",
         '"!triage"', "'x: y'", '"a #b"', "''", '"" # c', '" x "']  # fmt: skip
"""Values that need no parser."""

OTHER = ["", "~", "12", "-3", "1.50", "0x1F", "0o17", "1e3", ".inf", ".nan", "1" * 500, "2027-03-01", "12:30", "90d",
         "٣", "x: y", "When: x", "x:", "x:\ty", "a\t#b", "a\tb", "#b", '"a\\n"', '"a', "'a", "'it''s'", '"a" b', '"a"#b',
         "&a b", "*a", "!t", "!!str a", "|", ">-", "[a, b]", "{a: b}", "- a", "? a", "@a", "`a", "%a", "---", "...",
         "a\u00a0b", "a\u00a0#b", "a:\u00a0b", "a\u200db", "a\ue000b", "a\u2028b", "a\u0085b", "a\ufeffb", "a\x07b", "a\x7fb", "a\ufffeb", "a\n  b", "a\n\n  b: c", "|\n  a", "\n- a"
         ]  # fmt: skip
KEYS = ["name", "trigger", "a-b", "_x1", "y", "k" * 64]
OTHER_KEYS = ["null", "True", "<<", "12", "é", "a b", '"q"', "'q'", "- a", "? a", "&a a", "!t a", "", " a",
              "k" * 65, "k" * 1100, "..."]  # fmt: skip
BETWEEN = ["", "  ", "# a comment: with 'this'", "  # c", "#"]
OTHER_LINES = [
    "\t",
    "\t# c",
    "# a\u2028b",
    "---",
    "--- # c",
    "...",
    "%YAML 1.1",
    "text",
    "<<<<<<< ours",
    "# \ufeff",
]


def rows(keys: list[str], values: list[str], others: list[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(st.sampled_from(keys), st.sampled_from([": ", ": ", ":  ", " : ", ":"]))
    row = st.builds(lambda pair, value: "".join((*pair, value)), pairs, st.sampled_from(values))
    return st.one_of(row, row, st.sampled_from(others))


def lines(row: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(row, max_size=5).map(lambda rows: "".join(f"{row}\n" for row in rows))


short = lines(rows(KEYS, SHORT, BETWEEN))
mixed = lines(rows(KEYS + OTHER_KEYS, SHORT + OTHER, BETWEEN + OTHER_LINES))
mutated = damaged(short.map(str.encode)).map(lambda data: data.decode(errors="replace"))
written = front_matters().map(lambda writer: "".join(f"{row}\n" for row in writer.rows))


def facts(node: Node) -> Any:
    """Return all that a reader sees of a node; 1 and True differ."""
    children: Any = node.children
    if isinstance(children, dict):
        children = [(key, *node.keys[key], facts(child)) for key, child in children.items()]
    elif children:
        children = [facts(child) for child in children]
    return (
        repr(node.data),
        node.line,
        node.column,
        node.broken,
        node.tainted,
        node.literal,
        children,
    )


def compare(text: str) -> None:
    nodes, problems = parse(text, "f", line=2)
    full, full_problems = parse_fully(text, "f", 2, lambda _: False)
    assert problems == full_problems
    assert [*map(facts, nodes)] == [*map(facts, full)]


@costly
@given(st.one_of(short, mixed, mutated, written))
def test_both_ways_give_the_same(text: str) -> None:
    compare(text)


@pytest.mark.parametrize("value", SHORT + OTHER)
def test_both_ways_give_the_same_for_a_value(value: str) -> None:
    compare(f"a: b\nname: {value}\n# c\nlast: d\n")


@pytest.mark.parametrize("line", [*(f"{key}: b" for key in KEYS + OTHER_KEYS), *OTHER_LINES])
def test_both_ways_give_the_same_for_a_line(line: str) -> None:
    compare(f"a: b\n{line}\n\nlast: d\n")


def test_a_key_occurs_once() -> None:
    compare("a: b\n# c\na: d\n")


@pytest.mark.parametrize("text", ["", "\n", "# c\n", "a: b", "a: b\n# c", "  a: b\n"])
def test_both_ways_give_the_same_at_the_ends(text: str) -> None:
    compare(text)


def test_a_scalar_a_line_needs_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    values = "".join(f"k{number}: {value}\n\n# c\n" for number, value in enumerate(SHORT))
    keys = "".join(f"{key}: b  # c\n" for key in KEYS)
    monkeypatch.delattr(yaml, "parse")
    (root,), problems = parse(values + keys, "f")
    assert (len(root.data), problems) == (len(SHORT) + len(KEYS), [])


@given(
    st.text(
        st.sampled_from("a\n\t\x00\x0b\x1f\x7f\x85\x9f\xa0é\u2028\ufeff\uffff😀\ud800"), max_size=6
    )
)
def test_a_control_character_is_found_in_any_text(text: str) -> None:
    found = CONTROL.search(text)
    before = text[: found.start()].split("\n") if found else []
    position = [(2 + len(before), 1 + len(before[-1]))] if found else []
    assert [(p.source.line, p.source.column) for p in control_problems(text, "f", 3)] == position


def test_a_key_that_is_too_long_is_told_from_a_colon_in_a_value() -> None:
    _, (too_long,) = parse(f"{'k' * 1025}: text\n", "f")
    assert "at most 1024 characters" in too_long.message
    _, (colon,) = parse(f"{'k' * 1017}: text: more\n", "f")
    assert "a colon and a space inside a value" in colon.message
