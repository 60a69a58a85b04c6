"""Parse YAML text into a tree that keeps how it is written: quotes, anchors, comments, blank lines.

`yamltree` says what a text means and reports its problems; this module only reads text without any.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from devinops.load import yamltree

_COMMENT = re.compile("#[^\n]*")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_DASH = re.compile(r"^( *)-", re.MULTILINE)
_ANCHOR = re.compile(r"&[\w-]+(?:\s+(?:#.*)?)*")
"""An anchor, and the comments between it and its value."""


class NotSupported(Exception):
    """The text has a part that the tree cannot hold; the message names it and its line."""


@dataclass(slots=True)
class TreeNode:
    """A text, number or other scalar, an alias, or a list or mapping with its `entries`.

    `value` is the text of a scalar or the name of an alias; `raw` is the scalar as written, without
    anchor. `style` is `"`, `'`, `|`, `>`, `*` for an alias, or empty. `flow`: it is in brackets or
    braces. `several_lines`: it is written on more than one line. `below` are the comments after the
    last entry.
    """

    value: str = ""
    raw: str = ""
    style: str = ""
    anchor: str = ""
    flow: bool = False
    several_lines: bool = False
    is_mapping: bool = False
    entries: list[TreeEntry] | None = None
    below: list[str] = field(default_factory=list)

    @property
    def is_block(self) -> bool:
        """Return whether it is a text below `|` or `>`."""
        return self.style in ("|", ">")

    @property
    def nested(self) -> list[TreeEntry]:
        return [] if self.entries is None else self.entries


@dataclass(slots=True)
class TreeEntry:
    """An item of a list, or a pair of a mapping, with the comments that belong to it.

    `above` and `inner` are comments on lines of their own, before it and after its value; an empty
    text stands for blank lines. `beside` are comments at the ends of its lines.
    """

    key: TreeNode | None
    value: TreeNode
    above: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)


@dataclass(slots=True)
class TreeDocument:
    """A document: the comments before its `---` if it has one, its root, and comments after it."""

    above: list[str]
    marked: bool
    beside: list[str] = field(default_factory=list)
    root: TreeNode = field(default_factory=TreeNode)
    below: list[str] = field(default_factory=list)


def documents(text: str) -> tuple[list[TreeDocument], list[str]]:
    """Return the documents of valid YAML, and the comments of text that has no document.

    Raises NotSupported.
    """
    text = _without_mark(text)
    if directive := _DIRECTIVE.search(text):
        line = text[: directive.start()].count("\n") + 1
        raise NotSupported(f"the directive on line {line}: remove it")
    reader = _SourceReader(text)
    return list(reader.documents()), reader.rest()


def comments(text: str) -> list[str]:
    """Return the comments of valid YAML in the order of the text."""
    text, _ = yamltree.shield(_without_mark(text))
    return [comment.text for comment in _comments(text, _events(text))]


def _without_mark(text: str) -> str:
    """Return the text without the BOM that the parser skips and does not count."""
    return text.removeprefix("\ufeff")


class _Comment(NamedTuple):
    start: int
    end: int
    column: int
    text: str


def _events(text: str) -> Iterator[Any]:
    return yaml.parse(text, Loader=yamltree.LOADER)


def _comments(text: str, events: Iterable[Any]) -> Iterator[_Comment]:
    """Yield the comments. Outside of scalars, # always begins one."""
    at = 0
    for event in events:
        if type(event) is yaml.ScalarEvent:
            start, end = _span(text, event)
            yield from _comments_between(text, at, start)
            if event.style in ("|", ">"):
                yield from _comments_between(text, start, text.find("\n", start, end))
            at = end
    yield from _comments_between(text, at, len(text))


def _span(text: str, event: Any) -> tuple[int, int]:
    """Return where the value of a scalar begins, behind its anchor, and where it ends."""
    start, end = event.start_mark.index, event.end_mark.index
    # Bounded, because a comment below an anchor without a value belongs to what follows.
    anchor = _ANCHOR.match(text, start, end) if event.anchor else None
    return anchor.end() if anchor else start, end


def _comments_between(text: str, start: int, end: int) -> Iterator[_Comment]:
    if end > start:
        for match in _COMMENT.finditer(text, start, end):
            at = match.start()
            column = at - text.rfind("\n", 0, at) - 1
            yield _Comment(at, match.end(), column, match[0].rstrip())


def _length(block: TreeNode) -> int:
    """Return the length of the lines of a block, without blank lines below it that are not text."""
    header, *rows = block.raw.split("\n")
    if "+" in header.partition("#")[0]:
        return len(block.raw.removesuffix("\n"))
    if block.style == "|":
        lines = len(block.value.rstrip("\n").split("\n"))
    else:
        depth = next((_indent(row) for row in rows if row.strip()), 0)
        lines = max((n for n, row in enumerate(rows, 1) if row[depth:]), default=0)
    return len("\n".join([header, *rows[:lines]]))


def _indent(row: str) -> int:
    return len(row) - len(row.lstrip(" "))


class _Above(NamedTuple):
    """A comment on a line of its own that has no owner yet."""

    column: int
    after_blank: bool
    text: str


class _SourceReader:
    """Builds the tree from the events of the parser, and gives each comment to a node or entry."""

    def __init__(self, text: str) -> None:
        self._text = text
        events = list(_events(text))
        self._events = iter(events)
        self._comments = deque(_comments(text, events))
        self._pending: deque[_Above] = deque()
        self._owner: TreeEntry | TreeDocument | None = None
        """What a comment at the end of the line belongs to."""
        self._end = 0
        """Where the last value or comment ended."""

    def documents(self) -> Iterator[TreeDocument]:
        for event in self._events:
            if type(event) is yaml.DocumentStartEvent:
                yield self._document(event)
        self._skip_to(len(self._text))

    def rest(self) -> list[str]:
        """Return the comments that no document took."""
        return self._taken()

    # --- comments

    def _skip_to(self, index: int) -> None:
        """Give away the comments before an index; those on lines of their own become pending."""
        while self._comments and self._comments[0].start < index:
            comment = self._comments.popleft()
            between = self._text[self._end : comment.start]
            self._end = comment.end
            if self._owner and "\n" not in between:
                self._owner.beside.append(comment.text)
            else:
                after_blank = bool(_BLANK_LINE.search(between))
                self._pending.append(_Above(comment.column, after_blank, comment.text))

    def _taken(self, column: int = 0) -> list[str]:
        """Return the first pending comments that are at or right of a column, as lines."""
        lines = []
        while self._pending and self._pending[0].column >= column:
            comment = self._pending.popleft()
            lines += ["", comment.text] if comment.after_blank else [comment.text]
        return lines

    def _before(self, index: int) -> list[str]:
        """Return all pending comments as lines, and the blank line before an entry at `index`."""
        lines = self._taken()
        blank = _BLANK_LINE.search(self._text, self._end, index)
        return [*lines, ""] if blank else lines

    # --- values

    def _document(self, event: Any) -> TreeDocument:
        marked = bool(event.explicit)
        self._skip_to(event.start_mark.index)
        document = TreeDocument(self._taken() if marked else [], marked)
        if marked:
            self._owner, self._end = document, event.end_mark.index
        event = next(self._events)
        self._skip_to(event.start_mark.index)
        is_flow = getattr(event, "flow_style", False)
        if is_flow:
            # There is no place for comments in braces on one line.
            document.above += self._taken()
            if document.beside:
                # The line of the marker has one comment: another one belongs to what is in braces.
                self._owner = None
        document.root = self._value(event)
        if is_flow:
            self._owner = None
        event = next(self._events)
        self._skip_to(event.start_mark.index)
        document.below = self._taken()
        self._owner = None
        return document

    def _value(self, event: Any, outer_column: int = -1) -> TreeNode:
        """Return the value that begins with an event, in a list or mapping at a column."""
        kind = type(event)
        if kind is yaml.AliasEvent:
            self._end = event.end_mark.index
            return TreeNode(value=event.anchor, style="*")
        if kind is yaml.ScalarEvent:
            return self._scalar(event)
        node = TreeNode(anchor=event.anchor or "", entries=[], flow=bool(event.flow_style))
        node.is_mapping = kind is yaml.MappingStartEvent
        if node.flow or node.anchor:
            self._end = event.end_mark.index if node.flow else event.start_mark.index
        self._entries(node, event.start_mark, outer_column)
        return node

    def _scalar(self, event: Any) -> TreeNode:
        start, end = _span(self._text, event)
        raw = self._text[start:end]
        style = event.style if event.style and not event.implicit[0] else ""
        node = TreeNode(event.value, raw, style, event.anchor or "", several_lines="\n" in raw)
        self._end = end
        if node.is_block:
            self._skip_to(end)
            self._end = end - len(raw) + _length(node)
        return node

    def _entries(self, outer: TreeNode, start: Any, outer_column: int) -> None:
        """Read the entries of a list or mapping that begins at a mark, and its end."""
        column, entries = start.column, outer.nested
        if outer.anchor and not outer.flow and (dash := _DASH.search(self._text, start.index)):
            # The mark of a list with an anchor is that of its anchor.
            column = len(dash[1])
        for event in self._events:
            index = event.start_mark.index
            if not (outer.is_mapping or outer.flow):
                self._skip_to(self._dash(column, index))
                self._give_inner(outer, column)
            self._skip_to(index)
            if type(event) in (yaml.SequenceEndEvent, yaml.MappingEndEvent):
                break
            if outer.is_mapping:
                if not outer.entries:
                    column = event.start_mark.column
                self._give_inner(outer, column)
            entries.append(self._entry(outer, event, column))
        self._give_inner(outer, column)
        if outer.flow:
            outer.below = self._taken()
            outer.several_lines = start.line != event.end_mark.line
            self._end = event.end_mark.index
        else:
            # A list can be at the column of the mapping around it.
            outer.below = self._taken(max(column, outer_column + 1))

    def _entry(self, outer: TreeNode, event: Any, column: int) -> TreeEntry:
        entry = TreeEntry(None, TreeNode(), self._before(event.start_mark.index))
        if outer.is_mapping:
            self._owner = entry
            entry.key = self._value(event)
            event = next(self._events)
            self._skip_to(event.start_mark.index)
        self._owner = entry
        is_block = getattr(event, "flow_style", None) is False
        if not is_block and event.start_mark.index < event.end_mark.index:
            # A comment between a key, or an anchor, and its value.
            if type(event) is yaml.ScalarEvent:
                self._skip_to(_span(self._text, event)[0])
            entry.above += (line for line in self._taken() if line)
        entry.value = self._value(event, column)
        self._owner = entry
        return entry

    def _dash(self, column: int, index: int) -> int:
        """Return where the dash is of the item that begins at an index; else the index.

        Only a comment above the dash can belong to the item before it.
        """
        if not (self._comments and self._comments[0].start < index):
            return index
        dash = re.compile(rf"^ {{{column}}}-", re.MULTILINE).search(self._text, self._end, index)
        return dash.end() if dash else index

    def _give_inner(self, outer: TreeNode, column: int) -> None:
        """Give comments that are indented below a value on one line to its entry."""
        if outer.entries and not outer.flow:
            last = outer.entries[-1]
            if last.value.entries is None and not last.value.is_block:
                last.inner += self._taken(column + 1)
