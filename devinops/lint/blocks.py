"""Finds the blocks of a Markdown text, as CommonMark defines them, in linear time. Pure.

HTML is text here, except for comments: Devin reads the text, and not the page that GitHub makes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

_FENCE: Final = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})")
_HEADING: Final = re.compile(r"#{1,6}(?:[ \t]|$)")
_UNDERLINE: Final = re.compile(r"(?:=+|-+)[ \t]*$")
_BREAK: Final = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$")
_ITEM: Final = re.compile(r"(?:[-+*]|(\d{1,9})[.)])(?=[ \t]|$)")

_QUOTE: Final = 0
"""Stands for a quote among the containers. That of a list item is the width of its indentation."""

_CODE_INDENT: Final = 4
_DEEPEST: Final = 100
"""Containers in each other; deeper ones are text, or the time would grow with their square."""


class Leaf(Enum):
    """What a block is."""

    TEXT = auto()
    HEADING = auto()
    FENCE = auto()
    INDENTED = auto()
    COMMENT = auto()


@dataclass(slots=True, eq=False)
class MarkdownBlock:
    """A block without blocks in it; quotes and list items are only seen by what they contain.

    A fenced block has its `fence`. It is closed by another, or with the quote around it.
    """

    leaf: Leaf
    start: int
    end: int
    fence: str = ""
    is_closed: bool = True


def blocks(text: str) -> list[MarkdownBlock]:
    """Return the blocks in their order.

    If a fence is never closed, but would be by one that is indented wrongly, it is closed by that.
    """
    exact = blocks_exactly(text)
    if all(block.is_closed for block in exact):
        return exact
    lenient = _Scanner(is_lenient=True).scanned(text)
    return lenient if all(block.is_closed for block in lenient) else exact


def blocks_exactly(text: str) -> list[MarkdownBlock]:
    """Return the blocks as CommonMark defines them."""
    return _Scanner(is_lenient=False).scanned(text)


class _Line:
    """A line of a text, and how much of it is read: the next character that is not blank."""

    __slots__ = ("at", "base", "column", "start", "text")

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.start = start
        self.at = self.column = self.base = 0
        self.skip_blanks()

    def skip_blanks(self) -> None:
        text, at, column = self.text, self.at, self.column
        while at < len(text) and (char := text[at]) in " \t":
            column += 4 - column % 4 if char == "\t" else 1
            at += 1
        self.at, self.column = at, column

    @property
    def is_blank(self) -> bool:
        return self.at == len(self.text)

    @property
    def indent(self) -> int:
        """The columns since the content of the containers began."""
        return self.column - self.base

    @property
    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    @property
    def offset(self) -> int:
        return self.start + self.at

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def read(self, size: int) -> None:
        """Read a marker, and the blanks after it."""
        self.at += size
        self.column += size
        self.base = self.column
        self.skip_blanks()

    def read_quote(self) -> None:
        self.read(1)
        self.base += 1 if self.indent else 0


class _Scanner:
    def __init__(self, *, is_lenient: bool) -> None:
        self.is_lenient = is_lenient
        self.containers: list[int] = []
        self.open: MarkdownBlock | None = None
        self.is_item_empty = False
        self.found: list[MarkdownBlock] = []

    def scanned(self, text: str) -> list[MarkdownBlock]:
        start = 0
        for line in text.split("\n"):
            self._read(_Line(line, start))
            start += len(line) + 1
        if self.open and self.open.leaf is Leaf.FENCE:
            self.open.is_closed, self.open.end = False, len(text)
        self._close()
        return self.found

    def _is_open(self, leaf: Leaf) -> bool:
        return self.open is not None and self.open.leaf is leaf

    def _close(self) -> None:
        if self.open:
            self.found.append(self.open)
            self.open = None

    def _begin(self, leaf: Leaf, line: _Line, fence: str = "") -> None:
        self._close()
        self.open = MarkdownBlock(leaf, line.offset, line.end, fence)

    # lines

    def _read(self, line: _Line) -> None:
        matched = self._matched(line)
        is_inside = matched == len(self.containers)
        if self._is_open(Leaf.FENCE) and self._is_in_fence(line, is_inside):
            return
        if self._is_open(Leaf.COMMENT) and is_inside:
            self._extend_comment(line)
        elif line.is_blank:
            self._end_paragraph(matched)
        elif self._is_open(Leaf.TEXT) and not is_inside and not self._begins_block(line):
            self._extend(line)
        else:
            if not is_inside:
                self._leave(matched)
            self._open_containers(line)
            return
        self.is_item_empty = False

    def _matched(self, line: _Line) -> int:
        """Return how many of the open containers the line continues, and read their markers."""
        for number, width in enumerate(self.containers):
            if line.is_blank and width != _QUOTE:
                # A list item goes on after a blank line.
                return self._next_quote(number)
            if width == _QUOTE:
                if line.next != ">" or line.indent >= _CODE_INDENT:
                    return number
                line.read_quote()
            elif line.indent >= width:
                line.base += width
            else:
                return number
        return len(self.containers)

    def _next_quote(self, number: int) -> int:
        rest = self.containers[number:]
        return number + (rest.index(_QUOTE) if _QUOTE in rest else len(rest))

    def _leave(self, matched: int) -> None:
        self._close()
        del self.containers[matched:]

    def _end_paragraph(self, matched: int) -> None:
        if self.is_item_empty:
            # An item can begin with one blank line, but not with two.
            self._leave(min(matched, len(self.containers) - 1))
        elif matched < len(self.containers) or not self._is_open(Leaf.INDENTED):
            self._leave(matched)

    def _extend(self, line: _Line) -> None:
        if self.open:
            self.open.end = line.end

    # leaves that are open

    def _is_in_fence(self, line: _Line, is_inside: bool) -> bool:
        """Return whether a line belongs to the open fenced block, and close it if it ends here."""
        block = self.open
        assert block, "a fenced block is open"
        is_near = is_inside and line.indent < _CODE_INDENT
        if (is_near or self.is_lenient) and _closes(block.fence, line.text[line.at :]):
            block.end = line.end
            self._close()
            return True
        if is_inside:
            block.end = line.end
        else:
            block.is_closed = _QUOTE in self.containers
        return is_inside

    def _extend_comment(self, line: _Line) -> None:
        """Add a line to the open comment. What follows its end is text, which Devin reads."""
        self._extend(line)
        before, end, behind = line.text.partition("-->")
        if self.open and end:
            self.open.end = line.start + len(before) + len(end)
            self._close()
            if behind.strip():
                self.open = MarkdownBlock(Leaf.TEXT, line.end - len(behind), line.end)

    # what begins

    def _begins_block(self, line: _Line) -> bool:
        """Return whether a line outside of the containers ends the paragraph inside of them."""
        if line.indent >= _CODE_INDENT:
            return False
        rest = line.text[line.at :]
        return (
            rest[0] == ">"
            or rest.startswith("<!--")
            or any(pattern.match(rest) for pattern in (_ITEM, _FENCE, _HEADING, _BREAK))
        )

    def _open_containers(self, line: _Line) -> None:
        self.is_item_empty = False
        while line.indent < _CODE_INDENT and len(self.containers) < _DEEPEST:
            if line.next == ">":
                self._close()
                self.containers.append(_QUOTE)
                line.read_quote()
            elif size := self._item(line):
                self._close()
                self._open_item(line, size)
            else:
                break
        if not line.is_blank:
            self._open_leaf(line)

    def _item(self, line: _Line) -> int:
        """Return the size of the marker of a list item, or 0."""
        rest = line.text[line.at :]
        marker = _ITEM.match(rest)
        if not marker or _BREAK.match(rest):
            return 0
        is_empty = not rest[marker.end() :].strip()
        if self._is_open(Leaf.TEXT) and (is_empty or marker[1] not in (None, "1")):
            return 0
        return marker.end()

    def _open_item(self, line: _Line, size: int) -> None:
        indent = line.indent
        line.read(size)
        blanks = 1 if line.is_blank or line.indent > _CODE_INDENT else line.indent
        line.base += blanks
        self.is_item_empty = line.is_blank
        self.containers.append(indent + size + blanks)

    def _open_leaf(self, line: _Line) -> None:
        rest = line.text[line.at :]
        is_text = self._is_open(Leaf.TEXT)
        if line.indent >= _CODE_INDENT:
            self._continue(Leaf.TEXT if is_text else Leaf.INDENTED, line)
        elif rest[0] not in "`~<#=-_*":
            self._continue(Leaf.TEXT, line)
        elif fence := _FENCE.match(rest):
            self._begin(Leaf.FENCE, line, fence[0])
        elif rest.startswith("<!--"):
            self._begin(Leaf.COMMENT, line)
            self._extend_comment(line)
        elif _HEADING.match(rest):
            self._begin(Leaf.HEADING, line)
            self._close()
        elif self.open and is_text and _UNDERLINE.match(rest):
            self.open.leaf, self.open.end = Leaf.HEADING, line.end
            self._close()
        elif _BREAK.match(rest):
            self._close()
        else:
            self._continue(Leaf.TEXT, line)

    def _continue(self, leaf: Leaf, line: _Line) -> None:
        if self._is_open(leaf):
            self._extend(line)
        else:
            self._begin(leaf, line)


def _closes(fence: str, rest: str) -> bool:
    marker = rest.rstrip(" \t")
    return len(marker) >= len(fence) and marker == fence[0] * len(marker)
