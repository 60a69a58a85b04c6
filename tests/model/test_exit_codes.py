"""Of several exit codes the most urgent one wins."""

from __future__ import annotations

import itertools

from devinops.model.exit_codes import ExitCode, worst


def test_of_several_codes_the_most_urgent_one_wins() -> None:
    urgent = (130, 143, 70, 64, 1, 5, 3, 4, 2, 0)
    assert sorted(urgent) == sorted(ExitCode)
    for higher, lower in itertools.combinations(map(ExitCode, urgent), 2):
        assert worst(higher, lower) is worst(lower, higher) is higher
    assert worst() is ExitCode.OK
