from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.load.placeholders import BETWEEN, FILES, LIVE
from devinops.writers.merge_texts import Merged, TooManyEqualLines, merge


@pytest.mark.parametrize(
    ("base", "files", "live", "merged"),
    [
        ("a b c d e", "a B c d e", "a b c d E", "a B c d E"),
        ("a b c", "a b c x", "y a b c", "y a b c x"),
        ("a b c", "a c", "a b c d", "a c d"),
        ("a b c", "a x c", "a x c", "a x c"),
        ("a b c", "a x c", "a y c", f"a {FILES} x {BETWEEN} y {LIVE} c"),
        ("a", "b", "c", f"{FILES} b {BETWEEN} c {LIVE}"),
        ("a b", "a", "a c", f"a {FILES} {BETWEEN} c {LIVE}"),
    ],
)
def test_lines_are_merged(base: str, files: str, live: str, merged: str) -> None:
    def rows(text: str) -> str:
        for marker in (FILES, BETWEEN, LIVE):
            text = text.replace(marker, marker.replace(" ", "_"))
        return text.replace(" ", "\n").replace("_", " ")

    result = merge(rows(base), rows(files), rows(live))
    assert result.text == rows(merged)
    assert result.conflicts == merged.count(FILES)


@pytest.mark.parametrize(
    ("base", "files", "live"),
    [
        pytest.param(["x"] * 1_500, ["y"] + ["x"] * 1_500, ["x"] * 1_500 + ["y"], id="equal"),
        pytest.param(
            [str(row) for row in range(3_000)],
            [str(row) for row in range(3_000)],
            [str(row if row % 2 else -row) for row in range(3_000)],
            id="every other line",
        ),
    ],
)
def test_texts_that_take_too_long_to_compare_are_not_merged(
    base: list[str], files: list[str], live: list[str]
) -> None:
    with pytest.raises(TooManyEqualLines):
        merge("\n".join(base), "\n".join(files), "\n".join(live))


def test_large_texts_with_empty_lines_are_merged() -> None:
    rows = [str(row) if row % 3 else "" for row in range(1_000)]
    base, files, live = ("\n".join([first, *rows, last]) for first, last in ("az", "bz", "ay"))
    assert merge(base, files, live) == Merged("\n".join(["b", *rows, "y"]), 0)


texts = st.lists(st.sampled_from("abcd"), max_size=8).map("\n".join)


@given(texts, texts, texts)
def test_one_changed_side_wins_and_no_line_is_invented(base: str, files: str, live: str) -> None:
    assert merge(base, base, live).text == live
    assert merge(base, files, base).text == files
    assert merge(base, files, files).text == files
    result = merge(base, files, live)
    lines = {*files.split("\n"), *live.split("\n"), FILES, BETWEEN, LIVE}
    assert {*result.text.split("\n")} <= lines
    assert bool(result.conflicts) == (FILES in result.text)
