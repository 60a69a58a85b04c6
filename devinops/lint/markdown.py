"""A Markdown text as rules see it: where it has code, links and prose. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from devinops.lint.blocks import Leaf, MarkdownBlock, blocks
from devinops.lint.inline import Inline, TextSpan
from devinops.model.patterns import LazyPattern

_MARKS = ("`", "](", "]:", "<!--", "href", "src")
"""What a paragraph with code, a link or a comment has."""

_ANCHOR = LazyPattern(
    r"\s(?:id|name)\s*=\s*[\"']?([^\s\"'>]+)", re.IGNORECASE, hints=("id", "name")
)
_NOT_IN_ANCHORS = LazyPattern(r"\]\([^)\s]{0,300}\)|<[^<>]*>|&\w+;|[\W_]")

_PROSE = (Leaf.TEXT, Leaf.HEADING)
_CODE = (Leaf.FENCE, Leaf.INDENTED)


@dataclass(frozen=True)
class Markdown:
    """A Markdown text and its parts; offsets are those of the text."""

    text: str

    @cached_property
    def blocks(self) -> Sequence[MarkdownBlock]:
        """Its blocks, in the order of the text."""
        return blocks(self.text)

    @cached_property
    def _starts(self) -> Sequence[int]:
        return [block.start for block in self.blocks]

    @cached_property
    def _headings(self) -> Sequence[MarkdownBlock]:
        return [block for block in self.blocks if block.leaf is Leaf.HEADING]

    def block_at(self, at: int) -> int:
        """Return the number of the block at an offset, or above it."""
        return max(bisect_right(self._starts, at) - 1, 0)

    def heading_above(self, at: int) -> str:
        """Return the heading of the section at an offset; empty without one."""
        number = bisect_right(self._headings, at, key=lambda block: block.start)
        heading = self._headings[number - 1] if number else None
        return self.text[heading.start : heading.end] if heading else ""

    @cached_property
    def inline(self) -> Inline:
        """What is in its paragraphs and headings."""
        inline = Inline()
        for block in self.blocks:
            written = self.text[block.start : block.end]
            if block.leaf in _PROSE and any(mark in written for mark in _MARKS):
                inline.read(self.text, block.start, block.end)
        return inline

    @cached_property
    def anchors(self) -> set[str]:
        """The headings and anchors to which `#name` can lead, as `anchor` writes them."""
        headings = [self.text[block.start : block.end] for block in self._headings]
        return {"", "top", *map(anchor, (*headings, *_ANCHOR.findall(self.without_code)))}

    @cached_property
    def prose(self) -> str:
        """The text with spaces in place of all code and of comments."""
        return _blanked(
            self.outside(*_CODE, Leaf.COMMENT), [*self.inline.with_marks, *self.inline.comments]
        )

    @cached_property
    def without_code(self) -> str:
        """The text with spaces in place of all code. Devin reads comments."""
        return _blanked(self.outside(*_CODE), self.inline.with_marks)

    def outside(self, *leaves: Leaf) -> str:
        """Return the text with spaces in place of blocks of these kinds."""
        spans = [TextSpan(block.start, block.end) for block in self.blocks if block.leaf in leaves]
        return _blanked(self.text, spans)


def anchor(name: str) -> str:
    """Return the name of a heading, without what sites spell differently."""
    return _NOT_IN_ANCHORS.sub("", unquote(name)).casefold()


def _blanked(text: str, spans: Iterable[TextSpan]) -> str:
    """Return the text with spaces in place of these parts; its length and its lines stay."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        pieces += [text[at:start], re.sub(r"[^\n]", " ", text[start:end])]
        at = end
    return "".join([*pieces, text[at:]])


_NEAR = 300
"""Characters on each side: the rest of a longer line is about something else."""


def line_around(text: str, at: int) -> str:
    """Return the line at an offset; of a long line, what is near."""
    first, last = max(at - _NEAR, 0), min(at + _NEAR, len(text))
    begin, end = text.rfind("\n", first, at), text.find("\n", at, last)
    return text[first if begin < 0 else begin + 1 : last if end < 0 else end]
