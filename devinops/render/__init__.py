"""Turns the answers of commands into text, with one module per format. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devinops.render.answers import Answer

RENDERERS: Final[Mapping[str, str]] = {
    "text": "devinops.render.text",
    "json": "devinops.render.json",
    "html": "devinops.render.html",
}
"""Format → the module with its `render`, which is imported when it is first used."""


MIN_WIDTH: Final = 40
"""A narrower terminal gets lines of this width, because text needs some room to be readable."""


@dataclass(frozen=True, slots=True)
class Style:
    """How people want to read an answer: in `color`, and `full` or with summaries.

    `width` is that of the terminal in columns; None: lines are not wrapped.
    """

    color: bool = False
    full: bool = False
    width: int | None = None


class Renderer(Protocol):
    """A module of `RENDERERS`."""

    def render(self, answer: Answer, style: Style) -> Iterator[str]:
        """Yield the text of an answer piece by piece. Formats for programs ignore `style`."""
        ...


def render(format: str, answer: Answer, style: Style | None = None) -> Iterator[str]:
    """Yield the text of an answer in one of `RENDERERS`, piece by piece."""
    renderer = cast(Renderer, import_module(RENDERERS[format]))
    return renderer.render(answer, style or Style())


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, such as `1 entry` or `2 entries`; `plural` is for odd ones."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"
