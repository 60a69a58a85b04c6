"""Selectors choose targets by name, by labels, or all, and say what there is if they choose none."""

from __future__ import annotations

import pytest

from devinops.model.errors import UsageError
from devinops.model.selectors import pairs, select

TARGETS = {
    "pay": {"labels": {"ring": "canary", "region": "eu"}},
    "ship": {"labels": {"ring": "early", "region": "eu"}},
    "audit": {"labels": {"ring": "early", "region": "us"}},
    "bare": {"labels": None},
}


@pytest.mark.parametrize(
    ("selectors", "names"),
    [
        (["ship"], ["ship"]),
        (["ship", "pay"], ["pay", "ship"]),
        (["region=eu"], ["pay", "ship"]),
        (["region=eu,ring=early"], ["ship"]),
        (["ring=canary", "region=us", "pay"], ["pay", "audit"]),
        (["all"], ["pay", "ship", "audit", "bare"]),
        ([], []),
    ],
)
def test_the_targets_that_one_selector_selects_are_in_the_order_of_the_file(
    selectors: list[str], names: list[str]
) -> None:
    assert select(TARGETS, selectors) == tuple(names)


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        (
            "pya",
            (
                'there is no target "pya" (did you mean "pay"?); devinops.yaml declares audit, bare, '
                "pay, ship"
            ),
        ),
        ("canary", '(did you mean "ring=canary"?)'),
        (
            "ring=canry",
            (
                'no target has ring=canry (did you mean "ring=canary"?); the labels are '
                "region (eu, us), ring (canary, early)"
            ),
        ),
        ("ring=canary,", '"ring=canary," has a comma without a label before or after it'),
        (
            "ring=canary,region=us",
            (
                "no target has ring=canary and region=us; the labels are region (eu, us), ring "
                "(canary, early)"
            ),
        ),
        ("pay,ship", "for several targets, pass --target once for each"),
        ("", 'there is no target ""'),
    ],
)
def test_a_selector_that_selects_nothing_is_an_error_that_says_what_there_is(
    selector: str, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        select(TARGETS, ["pay", selector])
    assert message in str(caught.value)


def test_targets_without_labels_say_so() -> None:
    with pytest.raises(UsageError, match=r"; no target has labels$"):
        select({"a": {}}, ["ring=canary"])


def test_the_labels_of_a_target_are_pairs() -> None:
    assert pairs(TARGETS["pay"]) == ("ring=canary", "region=eu")
    assert pairs({}) == ()
