"""A list takes the bytes that it may have, and counts the rest."""

from __future__ import annotations

from devinops.render.markdown.budget import fitting, size

LINES = ["- aé", "- bé", "- cé"]


def more(number: int) -> str:
    return f"and {number}"


def test_what_fits_is_whole() -> None:
    assert fitting(LINES, 3, 100, more) == LINES


def test_the_rest_is_counted() -> None:
    most = size(more(3)) + 2 * (size("- aé") + len("> \n"))
    assert fitting(LINES, 3, most, more) == ["- aé", "- bé", "and 1"]
    assert fitting(LINES, 3, most - 1, more) == ["- aé", "and 2"]
    assert fitting(LINES, 3, 0, more) == ["and 3"]
