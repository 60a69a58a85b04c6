"""What is said and what is not, and texts as they are sent."""

from __future__ import annotations

from devinops.model.objects import UNSET


def test_unset_is_false_and_says_its_name() -> None:
    assert not UNSET
    assert repr(UNSET) == "UNSET"
