"""Of several exit codes the most urgent one wins."""

from __future__ import annotations

import itertools

import pytest

from devinops.model.exit_codes import ExitCode, of_many, worst


def test_of_several_codes_the_most_urgent_one_wins() -> None:
    urgent = (130, 143, 70, 64, 1, 5, 3, 4, 2, 0)
    assert sorted(urgent) == sorted(ExitCode)
    for higher, lower in itertools.combinations(map(ExitCode, urgent), 2):
        assert worst(higher, lower) is worst(lower, higher) is higher
    assert worst() is ExitCode.OK


@pytest.mark.parametrize(
    ("codes", "wrote", "code"),
    [
        ([], False, 0),
        ([0, 4, 2], False, 4),
        ([0, 1, 5], False, 1),
        ([0, 5], False, 5),
        ([0, 5], True, 3),
        ([1, 4], True, 3),
        ([3, 4, 0], True, 3),
        ([1, 130], True, 130),
        ([0, 0], True, 0),
    ],
)
def test_over_many_targets_no_code_says_that_nothing_was_written_if_anything_was(
    codes: list[int], wrote: bool, code: int
) -> None:
    assert of_many(map(ExitCode, codes), wrote=wrote) == code
