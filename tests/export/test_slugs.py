"""Slugs are valid names of skills, stable and unique."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.export.slugs import LONGEST, free_slug, plain_slug, slug
from devinops.model.keys import ROOT, Key, folder_path

NAME = re.compile("[a-z0-9]+(-[a-z0-9]+)*")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Error envelope", "error-envelope"),
        ("  It's Über-API/v2!  ", "its-uber-api-v2"),
        ("a" * 100, "a" * 64),
        ("a" * 63 + " b", "a" * 63),
        ("日本語", ""),
        ("!triage_now", "triage-now"),
    ],
)
def test_a_text_becomes_a_slug(text: str, expected: str) -> None:
    assert slug(text) == expected


def key(name: str, folder: str = "") -> Key:
    return Key("knowledge", folder_path(folder), name)


@pytest.mark.parametrize(
    ("place", "handle", "taken", "expected"),
    [
        (key("Errors"), "", set(), "errors"),
        (key("Errors"), "!oops", set(), "oops"),
        (key("Errors", "Backend/APIs"), "", {"errors"}, "backend-apis-errors"),
        (key("Errors", "Backend"), "", {"errors", "backend-errors"}, "errors-2"),
        (key("Errors"), "", {"errors", "errors-2"}, "errors-3"),
        (key("b" * 64, "a"), "", {"b" * 64}, "b" * 62 + "-2"),
        (key("x" * 61 + " yz"), "", {"x" * 61 + "-yz"}, "x" * 61 + "-2"),
    ],
)
def test_a_new_entry_gets_a_free_slug(
    place: Key, handle: str, taken: set[str], expected: str
) -> None:
    assert free_slug(place, handle, taken) == expected


def test_a_name_without_latin_letters_gets_a_slug_from_its_key() -> None:
    first, second = plain_slug(key("日本語"), ""), plain_slug(key("中文"), "")
    assert re.fullmatch("knowledge-[0-9a-f]{8}", first)
    assert first != second
    assert free_slug(key("日本語"), "", {first}) == f"{first}-2"


@given(st.text(min_size=1), st.text(max_size=20), st.text(), st.integers(0, 3))
def test_every_slug_is_a_valid_name(name: str, folder: str, handle: str, taken: int) -> None:
    place, used = Key("knowledge", folder_path(folder) or ROOT, name), set[str]()
    for _ in range(taken + 1):
        found = free_slug(place, handle, used)
        assert NAME.fullmatch(found)
        assert len(found) <= LONGEST
        assert found not in used
        used.add(found)
