"""Where a Markdown text has code, so that rules can look at prose only. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_FENCE: Final = re.compile(
    r"^[ \t]*(?:(?:[-*+>]|\d+[.)])[ \t]+)*(`{3,}|~{3,})([^\n]*)$", re.MULTILINE
)
_SPAN: Final = re.compile(r"(?<!`)(`+)(?!`)((?:(?!\n[ \t]*\n).)+?)(?<!`)\1(?!`)", re.DOTALL)
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of code between fences. `end` is that of the text if the block is not closed.

    The code itself is between `first` and `last`.
    """

    start: int
    first: int
    last: int
    end: int
    language: str
    is_closed: bool


@dataclass(frozen=True)
class Markdown:
    """A Markdown text and its parts; offsets are those of the text."""

    text: str

    @cached_property
    def fences(self) -> tuple[Fence, ...]:
        """The fenced blocks of code, in the order of the text."""
        return tuple(_fences(self.text)) if "```" in self.text or "~~~" in self.text else ()

    @cached_property
    def outside_fences(self) -> str:
        """The text with spaces in place of fenced code and of comments."""
        text = self.text
        for fence in reversed(self.fences):
            text = text[: fence.start] + _blank(text[fence.start : fence.end]) + text[fence.end :]
        return _COMMENT.sub(_blanked, text) if "<!--" in text else text

    @cached_property
    def prose(self) -> str:
        """The text with spaces in place of all code and of comments."""
        outside = self.outside_fences
        return _SPAN.sub(_blanked, outside) if "`" in outside else outside

    @cached_property
    def spans(self) -> tuple[re.Match[str], ...]:
        """The code inside lines; group 2 of each is the code."""
        return tuple(_SPAN.finditer(self.outside_fences))


def _fences(text: str) -> Iterator[Fence]:
    opened: re.Match[str] | None = None
    for line in _FENCE.finditer(text):
        marker, info = line[1], line[2].strip()
        if opened is None:
            if not (marker[0] == "`" and "`" in info):
                opened = line
        elif marker[0] == opened[1][0] and len(marker) >= len(opened[1]) and not info:
            yield Fence(
                opened.start(), opened.end() + 1, line.start(), line.end(), _language(opened), True
            )
            opened = None
    if opened is not None:
        end = len(text)
        yield Fence(opened.start(), min(opened.end() + 1, end), end, end, _language(opened), False)


def _language(opened: re.Match[str]) -> str:
    return opened[2].strip().partition(" ")[0].lower()


def _blanked(match: re.Match[str]) -> str:
    return _blank(match[0])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
