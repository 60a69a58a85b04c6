"""Whole documents, to be read as a reviewer reads them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devinops.render import JobLinks, Style
from devinops.render.markdown import render
from tests.testing.gfm import Page
from tests.testing.reports import ANSWERS, RUNS, large, of_one

JOB = JobLinks(
    "4f2c1d0b9a8e7f6d5c4b3a29181706f5e4d3c2b1",
    "https://ci.example/runs/7",
    lambda path, line, gone: (
        "" if gone else f"https://git.example/acme/devin/blob/4f2c1d0b/{path}#L{line}"
    ),
    in_request=True,
)


@pytest.mark.parametrize("name", [*RUNS, "failure"])
def test_each_answer(name: str, golden: Callable[[str, str], None]) -> None:
    text = "".join(render({**ANSWERS, **RUNS}[name](), Style(job=JOB)))
    golden(f"markdown/{name}.md", text)
    Page.of(text)


def test_a_large_plan_is_shortened(golden: Callable[[str, str], None]) -> None:
    text = "".join(render(of_one(large(400, 12)), Style(job=JOB, limit=30_000)))
    golden("markdown/large.md", text)
