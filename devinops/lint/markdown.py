"""A Markdown text as rules see it: where it has code, links and prose. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from devinops.lint.blocks import Block, Leaf, blocks
from devinops.lint.inline import Inline, Span

_PROSE = (Leaf.TEXT, Leaf.HEADING)


@dataclass(frozen=True)
class Markdown:
    """A Markdown text and its parts; offsets are those of the text."""

    text: str

    @cached_property
    def blocks(self) -> Sequence[Block]:
        """Its blocks, in the order of the text."""
        return blocks(self.text)

    @cached_property
    def inline(self) -> Inline:
        """What is in its paragraphs and headings."""
        inline = Inline()
        if any(mark in self.text for mark in ("`", "](", "]:", "<!--")):
            for block in self.blocks:
                if block.leaf in _PROSE:
                    inline.read(self.text, block.start, block.end)
        return inline

    @cached_property
    def prose(self) -> str:
        """The text with spaces in place of all code and of comments."""
        return "".join(self._prose())

    def _prose(self) -> Iterator[str]:
        at = 0
        hidden = [Span(b.start, b.end) for b in self.blocks if b.leaf not in _PROSE]
        for span in sorted([*hidden, *self.inline.hidden], key=lambda span: span.start):
            yield self.text[at : span.start]
            yield re.sub(r"[^\n]", " ", self.text[span.start : span.end])
            at = span.end
        yield self.text[at:]
