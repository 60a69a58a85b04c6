"""A value that is left open, and texts as they are sent."""

from __future__ import annotations

import pytest

from devinops.model.values import UNSET, canonical_text, parts_of, texts_in


def test_unset_is_false_and_says_its_name() -> None:
    assert not UNSET
    assert repr(UNSET) == "UNSET"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("\n \t\n  a", "  a"),
        ("a \n\n", "a"),
        ("u\u0308", "u\u0308"),
        ("", ""),
    ],
)
def test_a_text_has_one_form_in_which_it_is_sent(written: str, sent: str) -> None:
    assert canonical_text(written) == sent
    assert canonical_text(sent) == sent


def test_only_mappings_and_lists_have_parts() -> None:
    assert [list(parts_of(value)) for value in ({"a": 1}, [1], (1,))] == [[1], [1], [1]]
    assert [list(parts_of(value)) for value in ("text", 1, None)] == [[], [], []]


def test_texts_are_found_at_any_depth_with_the_keys() -> None:
    assert list(texts_in([{"a": ["b", 1, None]}, ("c", {"d": {}})])) == ["a", "b", "c", "d"]
