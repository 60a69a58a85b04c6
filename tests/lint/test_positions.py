"""Where the characters of a text are in its file."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from devinops.lint.positions import Positions, search
from devinops.load import read_entries
from devinops.model.objects import Source


@pytest.mark.parametrize(
    ("lines", "place", "text", "start", "found"),
    [
        (["---", "x", "---", "one", "two three"], (4, 1), "one\ntwo three", 8, (5, 5)),
        (["- a", "  body: |", "    one", "    two"], (3, 1), "one\ntwo", 4, (4, 5)),
        (["  body: |", "    one", "      two"], (2, 1), "one\n  two", 4, (3, 5)),
        (['trigger: "a b"'], (1, 10), "a b", 2, (1, 13)),
        (['trigger: "trigger"'], (1, 10), "trigger", 0, (1, 11)),
        (["- {name: API, trigger: API}"], (1, 24), "API", 0, (1, 24)),
        (["t: &x 'it''s a'"], (1, 4), "it's a", 5, (1, 14)),
        (["t: &x 'it''s a'"], (1, 4), "it's a", 3, (1, 12)),
        (["", "", "one"], (1, 1), "one", 0, (3, 1)),
        (["t: >", "  one two", "  three four"], (2, 1), "one two three four", 8, (3, 3)),
        (["t: >", "  see /home/x", "  and then", "", "  more"], (2, 1), "see /home/x and then\nmore", 4, (2, 7)),
        (["t: >", "  see /home/x", "  and then", "", "  more"], (2, 1), "see /home/x and then\nmore", 21, (5, 3)),
        (["t: one", "   two"], (1, 4), "one two", 4, (2, 4)),
        (['t: "a\\u200bb c"'], (1, 4), "a\u200bb c", 1, (1, 6)),
        (['t: "a\\u200bb c"'], (1, 4), "a\u200bb c", 4, (1, 14)),
        (['t: "a\\tb\\', '   c\\nd e"'], (1, 4), "a\tbc\nd e", 3, (2, 4)),
        (['t: "a\\tb\\', '   c\\nd e"'], (1, 4), "a\tbc\nd e", 7, (2, 9)),
        (['"one" two'], (1, 1), '"one" two', 6, (1, 7)),
        (["!one two"], (1, 1), "!one two", 0, (1, 1)),
        (["one"], (1, 1), "", 0, (1, 1)),
        (["one two"], (1, 1), "one three", 4, (1, 1)),
        ([], (3, 2), "one", 1, (3, 2)),
    ],
)  # fmt: skip
def test_a_character_is_found_in_its_line(
    lines: list[str], place: tuple[int, int], text: str, start: int, found: tuple[int, int]
) -> None:
    assert Positions(lines, Source("a", *place), text).source(start) == Source("a", *found)


WORDS = ["one", "it's", '"x"', "a\\b", "a\u200bb", "é😀", "- d", "#n", "x: y", "\\n", "'", "&a", "|", ">", "!m"]  # fmt: skip
TEXTS = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from([" ", "  ", "\n", "\n\n", "\n  ", "\t"])),
    min_size=1,
).map(lambda parts: "".join(word + space for word, space in parts).strip())


@given(TEXTS, st.sampled_from(["|", ">", '"', "'", ""]), st.booleans(), st.sampled_from([10, 200]))
def test_every_character_is_found_however_yaml_writes_it(
    text: str, style: str, allow_unicode: bool, width: int
) -> None:
    texts = [yaml.ScalarNode("tag:yaml.org,2002:str", "trigger")]
    texts.append(yaml.ScalarNode("tag:yaml.org,2002:str", text, style=style))
    node = yaml.MappingNode("tag:yaml.org,2002:map", [tuple(texts)], flow_style=False)
    front = yaml.serialize(node, allow_unicode=allow_unicode, width=width)
    page = f"---\nname: A\n{front}---\nbody\n"
    (entry,), _ = read_entries("knowledge/a.md", page, body_at=lambda path: path)
    assume(getattr(entry.resource, "trigger") == text)  # noqa: B009
    lines = page.split("\n")
    positions = Positions(lines, entry.source_of("trigger"), text)
    sources = [positions.source(at) for at, char in enumerate(text) if not char.isspace()]
    assert sorted(set(sources)) == sources
    for char, source in zip("".join(text.split()), sources, strict=True):
        written = lines[source.line - 1][source.column - 1 :]
        if not written.startswith(char):
            assert written.startswith("\\")
            assert (
                yaml.safe_load(f'"{written[: {"x": 4, "u": 6, "U": 10}.get(written[1], 2)]}"')
                == char
            )


@pytest.mark.parametrize(
    ("place", "text", "found"),
    [
        ((1, 7), "lint", (1, 16)),
        ((1, 7), "DV103", (2, 3)),
        ((1, 7), "none", (1, 7)),
    ],
)
def test_a_text_in_a_value_is_searched_from_its_beginning(
    place: tuple[int, int], text: str, found: tuple[int, int]
) -> None:
    lines = ["lint: {ignore: lint,", "  DV103}"]
    assert search(lines, Source("a", *place), text) == Source("a", *found)
