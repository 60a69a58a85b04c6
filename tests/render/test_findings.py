"""What all formats for problems have in common: the problems, the error, and fingerprints that stay."""

from __future__ import annotations

import pytest

from devinops.model.objects import Problem, Source
from devinops.render.findings import with_fingerprints
from tests.testing.problems import problem


def fingerprints(*problems: Problem) -> list[str]:
    return [fingerprint for _, fingerprint in with_fingerprints(problems)]


def test_a_fingerprint_stays_when_the_line_moves() -> None:
    before = problem("a.md", 3, "twice", "declared before, at a.md:1:1")
    after = problem("a.md", 5, "twice", "declared before, at a.md:3:1")
    assert fingerprints(before) == fingerprints(after)


@pytest.mark.parametrize(
    "other",
    [
        problem("b.md"),
        problem(code="other"),
        problem(message="another"),
        problem("a.m", code="dbad"),
    ],
)
def test_another_file_code_or_message_has_another_fingerprint(other: Problem) -> None:
    assert len({*fingerprints(problem(), other)}) == 2


def test_two_equal_problems_have_two_fingerprints() -> None:
    one = Problem(Source("a.md", 1), "bad", "it is bad")
    assert len({*fingerprints(one, Problem(Source("a.md", 9), "bad", "it is bad"))}) == 2
