"""Slugs are valid names of skills, stable and unique."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.export.slugs import is_slug, own_slug, plain_slug, slug
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
        ("Straße", "strasse"),
        ("!triage_now", "triage-now"),
    ],
)
def test_a_text_becomes_a_slug(text: str, expected: str) -> None:
    assert slug(text) == expected


def key(name: str, folder: str = "") -> Key:
    return Key("knowledge", folder_path(folder), name)


@pytest.mark.parametrize(
    ("place", "handle", "expected"),
    [
        (key("Errors"), "", "errors"),
        (key("Errors"), "!oops", "oops"),
        (key("Errors", "Backend/APIs"), "", "errors"),
    ],
)
def test_a_slug_comes_from_the_handle_or_the_name(place: Key, handle: str, expected: str) -> None:
    assert plain_slug(place, handle) == expected


@pytest.mark.parametrize(
    ("place", "plain", "expected"),
    [
        (key("Errors"), "errors", "errors-246f7bf6"),
        (key("Errors", "Backend"), "errors", "errors-77095301"),
        (key("b" * 64), "b" * 64, "b" * 55 + "-aabde8e4"),
        (key("x" * 54 + " yz"), "x" * 54 + "-yz", "x" * 54 + "-289c0493"),
    ],
)
def test_a_slug_that_is_not_free_gets_a_digest_of_the_key(
    place: Key, plain: str, expected: str
) -> None:
    first = own_slug(place, plain, {plain})
    assert first == expected
    second = own_slug(place, plain, {plain, first})
    assert (len(first), second != first, len(second)) == (len(expected), True, len(expected))


def test_a_name_without_latin_letters_gets_a_slug_from_its_key() -> None:
    first, second = plain_slug(key("日本語"), ""), plain_slug(key("中文"), "")
    assert re.fullmatch("knowledge-[0-9a-f]{8}", first)
    assert first != second


@pytest.mark.parametrize(
    "name", ["", "A", "a b", "../a", "a/b", "-a", "a--b", "a\n", "a" * 65, "é"]
)
def test_not_every_text_is_a_slug(name: str) -> None:
    assert not is_slug(name)


@given(st.text(min_size=1), st.text(max_size=20), st.text(), st.integers(0, 3))
def test_every_slug_is_a_valid_name(name: str, folder: str, handle: str, taken: int) -> None:
    place = Key("knowledge", folder_path(folder) or ROOT, name)
    plain = plain_slug(place, handle)
    used = {plain}
    for _ in range(taken + 1):
        used.add(own_slug(place, plain, used))
    assert len(used) == taken + 2
    assert all(is_slug(found) and NAME.fullmatch(found) for found in used)
