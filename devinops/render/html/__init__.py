"""Writes answers as one HTML page: with search, filters and diffs, and without any network."""

from __future__ import annotations

from collections.abc import Iterator

from devinops.render import Style
from devinops.render.answers import Answer
from devinops.render.html.page import write
from devinops.render.html.views import page_of


def render(answer: Answer, style: Style) -> Iterator[str]:
    """Yield the page of an answer in pieces."""
    return write(page_of(answer, style.job))
