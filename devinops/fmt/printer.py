"""Write a tree of YAML in the canonical form. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from devinops.load.source_tree import NotSupported, TreeDocument, TreeEntry, TreeNode
from devinops.load.yamltree import BOOLS, NULL
from devinops.writers import yaml_text

Order = Callable[[tuple[str, ...]], Sequence[str]]
"""Path of a mapping in its document, `*` for an item of a list → the order of its keys."""

ITEM: Final = "*"

_FOR_TOOLS = re.compile(r"#\s*(yaml-language-server:|yamllint\b|vim?:|-\*-|\$schema:)")
_HAS_OTHER_ESCAPE = re.compile(r'(?:[^\\]|\\[nt"\\])*\\[^nt"\\]', re.DOTALL)
_ESCAPE_OR_FOLD = re.compile(r"(?P<escape>\\[^\n])|(?:(?P<joined>\\)|[ \t]*)\n(?:[ \t]*\n)*[ \t]*")
"""In double quotes: an escape, or line ends, which are folded; a backslash joins two lines."""

_LONGEST_KEY: Final = 1024
"""What YAML allows before the colon, unless a question mark begins the key."""

_MAY_END_A_LINE = re.compile("[\ue000-\uf8ff]")
"""Private characters: each may stand for one that ends a line in YAML 1.1, as `shield` says."""
_MUST_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]')


def printed(documents: Iterable[TreeDocument], order: Order) -> Iterator[str]:
    """Yield the lines of documents, without line ends. Raises NotSupported."""
    for number, document in enumerate(documents):
        yield from _between(document.above)
        if document.marked or number:
            yield _row("---", document.beside)
        yield from _root(document.root, order)
        yield from _between(document.below)


def _root(node: TreeNode, order: Order) -> Iterator[str]:
    if node.entries is None and not node.raw:
        return
    if node.entries is None:
        raise NotSupported("a file whose whole value is a string: write a mapping")
    if _is_inline(node):
        yield (f"&{node.anchor} " if node.anchor else "") + _Printer(order).flow(node, ())
        yield from _between(node.below)
        return
    if node.anchor:
        raise NotSupported("an anchor for a whole document: remove it")
    yield from _Printer(order).nested(node, 0, ())


def _between(lines: Sequence[str]) -> Sequence[str]:
    """Return lines of comments without the blank line above them."""
    return lines[1:] if lines and not lines[0] else lines


def _row(text: str, beside: Sequence[str]) -> str:
    """Return a line with the comment at its end. Others were moved above it."""
    return f"{text}  {beside[-1]}" if beside else text


def _is_inline(node: TreeNode) -> bool:
    """Return whether a list or mapping is in brackets or braces on one line, or is empty."""
    return not node.nested or (node.flow and not node.several_lines)


class _Printer:
    """Prints nodes. `path` is that of the node in its document, as in `Order`."""

    def __init__(self, order: Order) -> None:
        self._order = order

    # --- lists and mappings

    def nested(self, node: TreeNode, indent: int, path: tuple[str, ...]) -> list[str]:
        """Return the lines of a list or mapping that has entries or comments."""
        pad = " " * indent
        head, entries = self._ordered(node, path)
        lines: list[str] = []
        _add(lines, pad, head)
        for entry in entries:
            above, rows = self._entry(entry, indent, path)
            _add(lines, pad, above)
            lines += rows
            if not _block(entry.value):
                _add(lines, f"{pad}  ", entry.inner)
        _add(lines, pad, node.below)
        return lines

    def _ordered(self, node: TreeNode, path: tuple[str, ...]) -> tuple[list[str], list[TreeEntry]]:
        """Return the comments that stay at the top of a mapping, and its entries in their order."""
        entries = list(node.nested)
        if not (node.is_mapping and entries):
            return [], entries
        head, rest = _split_head(entries[0].above)
        entries[0] = replace(entries[0], above=rest)
        return head, self._sorted(entries, path)

    def _sorted(self, entries: list[TreeEntry], path: tuple[str, ...]) -> list[TreeEntry]:
        """Return entries in their order; it stays if an anchor might end up below its alias."""
        names = self._order(path)
        if not names or any(map(_has_anchor, entries)):
            return entries
        ranks = {name: rank for rank, name in enumerate(names)}
        return sorted(entries, key=lambda entry: ranks.get(_name(entry), len(ranks)))

    def _entry(
        self, entry: TreeEntry, indent: int, path: tuple[str, ...]
    ) -> tuple[list[str], Iterator[str]]:
        """Return the comments above an entry, and its lines."""
        # Below a list in brackets, or in a text that becomes a block, no comment can stay.
        below = [] if entry.value.nested else entry.value.below
        inner = entry.inner if _block(entry.value) else []
        above = [*entry.above, *entry.beside[:-1], *filter(None, (*below, *inner))]
        last = entry.beside[-1:]
        if entry.key:
            return above, _beside(self._pair(entry, indent, (*path, _name(entry))), last)
        hoisted, rows = self._item(entry.value, indent, (*path, ITEM))
        if _is_inline_or_scalar(entry.value) or entry.value.anchor:
            return above, _beside(rows, last)
        # The line of the dash has no place for a comment.
        return [*above, *last, *hoisted], rows

    def _pair(self, entry: TreeEntry, indent: int, path: tuple[str, ...]) -> Iterator[str]:
        assert entry.key
        colon = " :" if entry.key.style == "*" else ":"
        start = f"{' ' * indent}{_key(entry.key, in_flow=False)}{colon}"
        return self._value(start, entry.value, indent, path)

    def _item(
        self, node: TreeNode, indent: int, path: tuple[str, ...]
    ) -> tuple[list[str], Iterator[str]]:
        """Return the comments of an item that must be above its dash, and its lines."""
        start = f"{' ' * indent}-"
        if _is_inline_or_scalar(node) or node.anchor:
            return [], self._value(start, node, indent, path)
        rows = self.nested(node, indent + 2, path)
        is_comment = (not row or row.lstrip().startswith("#") for row in rows)
        first = next((i for i, comment in enumerate(is_comment) if not comment), len(rows))
        above, rows = [row.strip() for row in rows[:first]], rows[first:]
        if node.is_mapping and rows:
            return above, iter([f"{start} {rows[0].lstrip(' ')}", *rows[1:]])
        return above, iter([start, *rows])

    def _value(
        self, start: str, node: TreeNode, indent: int, path: tuple[str, ...]
    ) -> Iterator[str]:
        """Yield the lines of a value that follows `start`, or is indented below it."""
        start += f" &{node.anchor}" if node.anchor else ""
        if node.entries is None:
            yield from _scalar_rows(start, node, indent)
        elif _is_inline(node):
            yield f"{start} {self.flow(node, path)}"
        else:
            yield start
            yield from self.nested(node, indent + 2, path)

    # --- on one line

    def flow(self, node: TreeNode, path: tuple[str, ...]) -> str:
        """Return a list or mapping in brackets or braces."""
        entries = self._ordered(node, path)[1]
        parts = (self._flow_entry(entry, path) for entry in entries)
        return f"{{{', '.join(parts)}}}" if node.is_mapping else f"[{', '.join(parts)}]"

    def _flow_entry(self, entry: TreeEntry, path: tuple[str, ...]) -> str:
        if not entry.key:
            return self._flow_value(entry.value, (*path, ITEM))
        colon = " :" if entry.key.style == "*" else ":"
        value = self._flow_value(entry.value, (*path, _name(entry)))
        return f"{_key(entry.key, in_flow=True)}{colon} {value}"

    def _flow_value(self, node: TreeNode, path: tuple[str, ...]) -> str:
        anchor = f"&{node.anchor} " if node.anchor else ""
        text = _inline(node, in_flow=True) if node.entries is None else self.flow(node, path)
        return anchor + text


# --- entries --------------------------------------------------------------------------------------


def _name(entry: TreeEntry) -> str:
    return entry.key.value if entry.key and entry.key.style != "*" else ""


def _has_anchor(entry: TreeEntry) -> bool:
    nodes = [node for node in (entry.key, entry.value) if node]
    return any(node.anchor or any(map(_has_anchor, node.nested)) for node in nodes)


def _split_head(above: list[str]) -> tuple[list[str], list[str]]:
    """Split the comments above the first key: those for tools, or before a blank line, stay."""
    stays = (
        number
        for number, line in enumerate(above, 1)
        if _FOR_TOOLS.match(line) or (not line and number > 1)
    )
    cut = max(stays, default=0)
    return above[:cut], above[cut:]


def _add(lines: list[str], pad: str, comments: Sequence[str]) -> None:
    """Add comments, but no blank line at the start, and none that the text above would take in."""
    starts_blank = comments and not comments[0]
    skip = 1 if starts_blank and not (lines and lines[-1]) else 0
    lines += _padded(pad, comments[skip:])


def _padded(pad: str, lines: Iterable[str]) -> Iterator[str]:
    return (f"{pad}{line}" if line else "" for line in lines)


def _beside(rows: Iterator[str], beside: Sequence[str]) -> Iterator[str]:
    """Yield lines, the first with the comment at its end."""
    yield _row(next(rows), beside)
    yield from rows


# --- scalars --------------------------------------------------------------------------------------


def _is_inline_or_scalar(node: TreeNode) -> bool:
    return node.entries is None or _is_inline(node)


def _scalar_rows(start: str, node: TreeNode, indent: int) -> Iterator[str]:
    """Yield the lines of a string that follows `start`, or is in a block below it."""
    block = _block(node)
    if block is None:
        yield f"{start} {_inline(node, in_flow=False)}"
        return
    header, rows = block
    yield f"{start} {header}"
    yield from _padded(" " * (indent + 2), rows)


def _block(node: TreeNode) -> tuple[str, list[str]] | None:
    """Return header and lines of a string in a block; None if it belongs on the line of its key."""
    text = node.value
    if node.is_block and text.strip("\n"):
        return _written_block(node)
    if node.style == "*" or not yaml_text.fits_a_block(text) or _is_escaped(node):
        return None
    if _MAY_END_A_LINE.search(text):
        return None
    return _literal(text)


def _written_block(node: TreeNode) -> tuple[str, list[str]]:
    """Return header and lines of a string that was written as a block; after `>` they stay."""
    content = node.value.rstrip("\n")
    header, *rows = node.raw.split("\n")
    if node.style == "|" or content != content.rstrip() or re.search("[1-9]", header[:3]):
        return _literal(node.value)
    while rows and not rows[-1].strip():
        rows.pop()
    depth = next(len(row) - len(row.lstrip(" ")) for row in rows if row.strip())
    ends = len(node.value) - len(content)
    return f">{_chomping(ends)}", [*(row[depth:] for row in rows), *[""] * (ends - 1)]


def _literal(text: str) -> tuple[str, list[str]]:
    content = text.rstrip("\n")
    ends = len(text) - len(content)
    indicator = "2" if content.lstrip("\n").startswith((" ", "\t")) else ""
    return f"|{indicator}{_chomping(ends)}", [*content.split("\n"), *[""] * (ends - 1)]


def _chomping(line_ends: int) -> str:
    return ("-", "", "+")[min(line_ends, 2)]


def _key(node: TreeNode, *, in_flow: bool) -> str:
    anchor = f"&{node.anchor} " if node.anchor else ""
    key = anchor + _inline(node, in_flow=in_flow)
    if len(key) > _LONGEST_KEY:
        raise NotSupported(f"a key of more than {_LONGEST_KEY:,} characters: shorten it")
    return key


def _inline(node: TreeNode, *, in_flow: bool) -> str:
    """Return a scalar or alias on one line, without quotes if it needs none."""
    if node.style == "*":
        return f"*{node.value}"
    if not node.style and "\n" not in node.value:
        value = "null" if node.value in NULL else node.value
        return value.lower() if value in BOOLS else value
    if _is_escaped(node):
        return _unfolded(node.raw)
    shortest = yaml_text.flow(node.value) if in_flow else yaml_text.plain_or_quoted(node.value)
    if shortest == node.value:
        return shortest
    is_quoted_on_one_line = node.style == '"' and not node.several_lines
    return node.raw if is_quoted_on_one_line else _quoted(node.value)


def _is_escaped(node: TreeNode) -> bool:
    """Return whether a text has an escape that makes a character visible, which must stay."""
    return node.style == '"' and bool(_HAS_OTHER_ESCAPE.match(_unfolded(node.raw)))


def _unfolded(raw: str) -> str:
    """Return a text in double quotes on one line, with its escapes."""
    return _ESCAPE_OR_FOLD.sub(_on_one_line, raw) if "\n" in raw else raw


def _on_one_line(match: re.Match[str]) -> str:
    if match["escape"]:
        return match[0]
    blank_lines = match[0].count("\n") - 1
    if blank_lines:
        return "\\n" * blank_lines
    return "" if match["joined"] else " "


def _quoted(text: str) -> str:
    """Return the text in double quotes; only what YAML cannot hold is an escape."""
    return f'"{_MUST_ESCAPE.sub(lambda match: yaml_text.escaped(match[0]), text)}"'
