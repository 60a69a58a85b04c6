"""The "did you mean" of every message."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.model.suggest import did_you_mean, is_one_edit, is_typo, nearest

KNOWN = ("NPM_TOKEN", "trigger", "name")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("triger", "trigger"),
        ("TRIGER", "trigger"),
        ("npm_token", "NPM_TOKEN"),
        ("qqq", ""),
        ("", ""),
        (7, ""),
    ],
)
def test_the_nearest_name_is_found_in_whatever_case(name: object, expected: str) -> None:
    assert nearest(name, KNOWN) == expected


WORDS = st.text("abcde_", max_size=8)


@given(WORDS, st.lists(WORDS, max_size=6), st.sampled_from([0.6, 0.8]))
def test_the_nearest_name_is_that_of_difflib(name: str, known: list[str], least: float) -> None:
    expected = difflib.get_close_matches(name, dict.fromkeys(known), n=1, cutoff=least)
    assert nearest(name, known, least) == (expected[0] if expected else "")


def test_a_name_that_is_less_like_a_known_one_than_asked_for_is_none() -> None:
    assert nearest("devops", ["devinops"], 0.5) == "devinops"
    assert nearest("devops", ["devinops"], 0.9) == ""


def test_a_suggestion_stands_in_the_middle_of_a_sentence() -> None:
    assert did_you_mean("triger", KNOWN) == ' (did you mean "trigger"?)'
    assert did_you_mean("qqq", KNOWN) == ""
    assert did_you_mean("qqq", KNOWN, "; see the list") == "; see the list"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("prod", ' (did you mean "production"?)'),
        ("PRO", ' (did you mean "production"?)'),
        ("pr", ""),
        ("sta", ""),
    ],
)
def test_the_start_of_one_name_means_that_name(start: str, expected: str) -> None:
    assert (
        did_you_mean(start, ["production", "staging-of-the-east", "station-of-the-west"])
        == expected
    )


def edits(word: str, letters: str = "abc") -> set[str]:
    """Return the word and what one edit turns it into, each made in the obvious way."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return {
        word,
        *(start + end[1:] for start, end in cuts),
        *(start + letter + end for start, end in cuts for letter in letters),
        *(start + letter + end[1:] for start, end in cuts if end for letter in letters),
        *(start + end[1::-1] + end[2:] for start, end in cuts if len(end) > 1),
    }


@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_one_edit_is_a_letter_more_less_or_other_or_two_swapped(first: str, second: str) -> None:
    assert is_one_edit(first, second) is (second in edits(first))


@given(st.text("abc", max_size=6), st.data())
def test_every_edit_is_noticed(word: str, data: st.DataObject) -> None:
    assert is_one_edit(word, data.draw(st.sampled_from(sorted(edits(word)))))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Backend", "Backnd", True),
        ("Backend", "Bakcend", True),
        ("API", "APIs", True),
        ("QA", "qa", True),
        ("UI", "UX", False),
        ("Team 1", "Team 2", False),
        ("2026", "20266", False),
        ("Year 2026", "Yer 2026", True),
        ("Backend", "Frontend", False),
    ],
)
def test_a_typo_differs_in_case_or_in_one_character_that_is_no_digit(
    first: str, second: str, expected: bool
) -> None:
    assert is_typo(first, second) is is_typo(second, first) is expected
