"""Rows of a terminal: wrapped at words under their indent, in colors that are readable anywhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.render.terminal import PALETTE, Look, Span, Terminal, columns

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
WRAPPED = {
    "under the indent": (
        ["the quick brown fox jumps"],
        {"indent": 2, "hang": 4},
        ["  the quick brown", "    fox jumps"],
    ),
    "a word that is too long stays whole": (
        ["see https://example.com/a/very/long/path now"],
        {"indent": 2},
        ["  see", "    https://example.com/a/very/long/path", "    now"],
    ),
    "a long first word leaves no empty row": (
        ["x" * 30],
        {"indent": 2},
        ["  " + "x" * 30],
    ),
    "white space inside a row is kept": (["a   b"], {}, ["a   b"]),
    "no break inside a word of several spans": (
        ["some words and ab", Span("cd", Look.ADDED), "ef"],
        {"hang": 0},
        ["some words and", "abcdef"],
    ),
    "scripts without spaces break anywhere, and take two columns": (
        ["日本語日本語日本語日本語"],
        {"hang": 0},
        ["日本語日本語日本語日", "本語"],
    ),
    "a wrapped row is no command to a CI runner": (
        ["some words and then it ::error::x", " ::warning::y", Span(" :"), Span(":debug::z")],
        {"indent": 2},
        [
            "  some words and",
            "    then it",
            r"    \x3a:error::x",
            r"    \x3a:warning::y",
            r"    \x3a:debug::z",
        ],
    ),
    "an empty row": ([""], {"indent": 4}, [""]),
}


@pytest.mark.parametrize("case", WRAPPED)
def test_rows_are_wrapped(case: str) -> None:
    parts, options, expected = WRAPPED[case]
    assert list(Terminal(width=20).row(*parts, **options)) == expected


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize(
    "parts",
    [
        ["a long first line ::error::x"],
        ["a long first line ::set-output name=a::b"],
        ["a long first line ", Span(":", Look.ADDED, marked=True), ":add-mask::x"],
        ["日本語日本語日本語日本::stop-commands::x"],
        [Span("", Look.DIM), "::error::x"],
    ],
)
def test_no_wrapped_row_is_a_command_to_a_runner(parts: list[Span | str], color: bool) -> None:
    rows = [ESCAPE.sub("", row) for row in Terminal(color, 20).row(*parts, indent=2)]
    assert any(row.lstrip().startswith("\\x3a:") for row in rows)
    assert not [row for row in rows if row.lstrip().startswith("::")]


def test_without_a_width_a_row_is_one_line() -> None:
    assert list(Terminal().row("word " * 100, indent=2)) == ["  " + ("word " * 100).rstrip()]


@given(
    st.lists(st.text(st.sampled_from("ab \t日é"), max_size=30), max_size=6),
    st.integers(40, 100),
    st.integers(0, 8),
    st.integers(0, 8),
)
def test_wrapping_loses_no_word_and_fills_no_row_too_far(
    texts: list[str], width: int, indent: int, hang: int
) -> None:
    spans = [Span(text, look) for text, look in zip(texts, [*Look] * 2, strict=False)]
    rows = list(Terminal(width=width).row(*spans, indent=indent, hang=hang))
    assert "".join("".join(rows).split()) == "".join("".join(texts).split())
    for row in rows:
        assert row == row.rstrip(" ")
        assert columns(row) <= width or len(row.split()) == 1
    colored = list(Terminal(color=True, width=width).row(*spans, indent=indent, hang=hang))
    assert [ESCAPE.sub("", row).rstrip() for row in colored] == [row.rstrip() for row in rows]


@pytest.mark.parametrize("look", PALETTE)
def test_every_color_is_readable_on_black_and_on_white(look: Look) -> None:
    """WCAG asks for a contrast of 4.5; no color has more than 4.6 on both at once."""
    luminance = _luminance(PALETTE[look])
    assert (luminance + 0.05) / 0.05 >= 4.4
    assert 1.05 / (luminance + 0.05) >= 4.4


def _luminance(color: int) -> float:
    """Return the relative luminance of one of the 256 colors; see WCAG 2.2."""
    if color >= 232:
        channels = [8 + 10 * (color - 232)] * 3
    else:
        levels = (0, 95, 135, 175, 215, 255)
        channels = [levels[(color - 16) // 6**power % 6] for power in (2, 1, 0)]
    red, green, blue = (
        c / 12.92 if (c := value / 255) <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("done", "length", "expected"),
    [
        (0, 10, "applying [------------------------------] 0/10"),
        (5, 10, "applying [###############---------------] 5/10"),
        (10, 10, "applying [##############################] 10/10"),
        (1200, None, "applying … 1200 objects"),
    ],
)
def test_progress_is_a_bar_if_the_length_is_known(
    done: int, length: int | None, expected: str
) -> None:
    assert Terminal().progress("applying", done, length) == expected
    assert ESCAPE.sub("", Terminal(color=True).progress("applying", done, length)) == expected
