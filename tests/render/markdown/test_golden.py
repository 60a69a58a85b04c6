"""Whole documents, to be read as a reviewer reads them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devinops.model.exit_codes import ExitCode
from devinops.render import JobLinks, Style, render
from devinops.render.answers import PlanAnswer
from tests.testing.gfm import Page
from tests.testing.reports import ANSWERS, large

JOB = JobLinks(
    "4f2c1d0b9a8e7f6d5c4b3a29181706f5e4d3c2b1",
    "https://ci.example/runs/7",
    lambda path, line: f"https://git.example/acme/devin/blob/4f2c1d0b/{path}#L{line}",
    in_request=True,
)


@pytest.mark.parametrize("name", ANSWERS)
def test_each_answer(name: str, golden: Callable[[str, str], None]) -> None:
    text = "".join(render("markdown", ANSWERS[name](), Style(job=JOB)))
    golden(f"markdown/{name}.md", text)
    Page.of(text)


def test_a_large_plan_is_shortened(golden: Callable[[str, str], None]) -> None:
    answer = PlanAnswer(large(400, 12), ExitCode.OK)
    golden("markdown/large.md", "".join(render("markdown", answer, Style(job=JOB, limit=30_000))))
