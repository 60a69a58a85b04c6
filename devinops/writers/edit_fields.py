"""Change a field of an entry in the text of a file, and leave everything else as it is. Pure.

Only the characters of the value are replaced, so comments, the order of keys, indentation and
quotes of everything else stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from yaml import MappingNode, ScalarNode, SequenceNode
from yaml.composer import Composer

from devinops.load.markdown import spans
from devinops.load.yamltree import LOADER, shield
from devinops.model.kind import Kind
from devinops.writers import field_order, yaml_text


class NotEditable(Exception):
    """A field cannot be edited; the message says why, and ends a sentence."""


@dataclass(frozen=True, slots=True, order=True)
class Splice:
    """A replacement of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Return the text with parts of it replaced. Raises NotEditable if they overlap."""
    start_of_next = len(text)
    for splice in sorted(splices, reverse=True):
        if splice.end > start_of_next:
            raise NotEditable("two changes are in the same place")
        text = text[: splice.start] + splice.text + text[splice.end :]
        start_of_next = splice.start
    return text


class EditableFile:
    """The text of a file with LF line ends, with the positions of its entries."""

    def __init__(self, text: str, *, markdown: bool) -> None:
        """Raises NotEditable if the text cannot be parsed."""
        self.text = text
        self.body_start = len(text)
        self.offset, yaml_end = 0, len(text)
        if markdown:
            positions = spans(text)
            if positions is None:
                raise NotEditable("it has no front matter")
            self.offset, yaml_end, self.body_start = positions
        self.markdown = markdown
        if text.startswith("\ufeff", self.offset):  # the parser does not count it
            self.offset += 1
        try:
            self._roots = list(yaml.compose_all(text[self.offset : yaml_end], Loader=_Loader))
        except yaml.YAMLError as error:
            raise NotEditable("its YAML cannot be parsed") from error
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    # --- finding

    def entry(self, line: int, column: int) -> FileEntry:
        """Return the entry at a position as in `Source`; in Markdown, the only one."""
        if self.markdown:
            root = self._roots[0] if self._roots else None
            return FileEntry(self, root if isinstance(root, MappingNode) else None)
        start = self._line_starts[line - 1] + column - 1
        for root in self._roots:
            for node in _mappings(root):
                if node.start_mark.index == start:
                    return FileEntry(self, node)
        raise NotEditable("the entry was not found")

    def mapping(self, *path: str) -> FileEntry:
        """Return the mapping at the end of a path of keys. Raises NotEditable."""
        node = self._roots[0] if len(self._roots) == 1 else None
        for key in path:
            pairs = node.value if isinstance(node, MappingNode) else ()
            node = next((value for name, value in pairs if name.value == key), None)
        if not isinstance(node, MappingNode):
            raise NotEditable(f"{'.'.join(path)} is not a mapping")
        return FileEntry(self, node)

    def end_of(self, section: str) -> tuple[int, int] | None:
        """Return where a section of a YAML file ends, and the column of its items.

        Returns None if the file does not have the section. Raises NotEditable if the items are not
        on lines of their own.
        """
        root = self._roots[0] if len(self._roots) == 1 else None
        if not isinstance(root, MappingNode) or root.flow_style:
            raise NotEditable("it is not one YAML document with sections")
        items = next((value for key, value in root.value if key.value == section), None)
        if items is None:
            return None
        is_block = isinstance(items, SequenceNode) and not items.flow_style
        if not is_block or items.anchor:
            raise NotEditable(f"the list under {section} is not a block list with an entry")
        return self.end_of_line(_Writer(self).end(items)), items.start_mark.column

    def end_of_line(self, at: int) -> int:
        """Return where the line of a position ends."""
        return f"{self.text}\n".index("\n", at)

    def texts_of_fields(self, suffix: str) -> Iterator[str]:
        """Yield the text of each field, in all entries, whose name ends with a suffix."""
        for root in self._roots:
            for node in _mappings(root):
                pairs = ((str(key.value), value.value) for key, value in node.value)
                yield from (str(text) for name, text in pairs if name.endswith(suffix))


def replace_from(start: int, old: str, new: str) -> Splice:
    """Return the replacement of a text from `start` to its end; blank lines around it stay."""
    blank_lines = re.compile(r"(?:[^\S\n]*\n)*").match(old, start)
    assert blank_lines
    if not old[start:].strip():
        return Splice(start, len(old), f"\n{new}\n" if start else f"{new}\n")
    return Splice(blank_lines.end(), len(old.rstrip()), new)


class _Loader(LOADER, Composer):  # type: ignore[misc]
    """Parses in C, but composes in Python, so that several anchors can have the same name."""

    check_node, get_node = Composer.check_node, Composer.get_node

    def __init__(self, text: str) -> None:
        Composer.__init__(self)
        shielded, self._restore = shield(text)
        LOADER.__init__(self, shielded)

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            return Composer.compose_node(self, parent, index)
        self.anchors.pop(event.anchor, None)
        node: Any = Composer.compose_node(self, parent, index)
        node.anchor = event.anchor
        if isinstance(node, ScalarNode):
            node.value = node.value.translate(self._restore)
        return node


def _mappings(root: Any) -> Iterator[Any]:
    """Yield the entries of each section of a document."""
    if isinstance(root, MappingNode):
        for _, section in root.value:
            if isinstance(section, SequenceNode):
                yield from (node for node in section.value if isinstance(node, MappingNode))


@dataclass(frozen=True)
class FileEntry:
    """An entry of a file; `node` is None if its front matter is empty."""

    file: EditableFile
    node: Any

    def _pair(self, name: str) -> tuple[Any, Any] | None:
        pairs = self.node.value if self.node else ()
        return next((pair for pair in pairs if pair[0].value == name), None)

    def text_of(self, name: str) -> str:
        """Return the text of a field, such as the path of a file; empty if it is not set."""
        pair = self._pair(name)
        return str(pair[1].value) if pair else ""

    def splices_to_set(self, kind: Kind, name: str, old: Any, new: Any) -> list[Splice]:
        """Return the replacements that give a field another value. Raises NotEditable."""
        pair = self._pair(name)
        if pair is None:
            return [self._insert(kind, name, new)]
        return self._replacement(pair, old, new)

    def splices_to_replace(self, name: str, old: Any, new: Any) -> list[Splice]:
        """Return the replacements of a value that is there. Raises NotEditable."""
        pair = self._pair(name)
        assert pair
        return self._replacement(pair, old, new)

    def _replacement(self, pair: tuple[Any, Any], old: Any, new: Any) -> list[Splice]:
        return list(_Writer(self.file).replace(pair, old, new, in_flow=bool(self.node.flow_style)))

    def append(self, values: Mapping[str, Any]) -> Splice:
        """Return the insertion of more keys after the last one. Raises NotEditable."""
        if self.node.flow_style or not self.node.value:
            raise NotEditable("its keys are not on lines of their own")
        end = self.file.end_of_line(_Writer(self.file).end(self.node))
        rows = yaml_text.mapping(values, self.node.value[0][0].start_mark.column)
        return Splice(end, end, "".join(f"\n{row}" for row in rows))

    def lines(self, name: str) -> tuple[int, int]:
        """Return where the lines that a field fills begin and end. Raises NotEditable."""
        pair = self._pair(name)
        if pair is None:
            raise NotEditable("the entry does not set it itself")
        file, writer = self.file, _Writer(self.file)
        start = writer.start(pair[0])
        first = file.text.rfind("\n", 0, start) + 1
        if self.node.flow_style or file.text[first:start].strip() not in ("", "-"):
            raise NotEditable("other fields are on its line")
        return first, file.end_of_line(writer.end(pair[1]))

    def _insert(self, kind: Kind, name: str, value: Any) -> Splice:
        """Return the insertion of a field, in the usual order of fields."""
        file, writer = self.file, _Writer(self.file)
        if self.node is None or not self.node.value:
            return Splice(
                file.offset, file.offset, "\n".join(yaml_text.mapping({name: value})) + "\n"
            )
        order = field_order.of_entry(kind)
        fields_before = order[: order.index(name)]
        pairs_before = [pair for pair in self.node.value if pair[0].value in fields_before]
        if not pairs_before:
            return self._insert_first(name, value)
        value_end = writer.end(pairs_before[-1][1])
        if self.node.flow_style:
            return Splice(value_end, value_end, f", {name}: {yaml_text.flow(value)}")
        end = file.end_of_line(value_end)
        rows = yaml_text.mapping({name: value}, self.node.start_mark.column)
        return Splice(end, end, "\n" + "\n".join(rows))

    def _insert_first(self, name: str, value: Any) -> Splice:
        """Return the insertion of a field before all others."""
        first = self.node.value[0][0]
        start, column = _Writer(self.file).start(first), first.start_mark.column
        if self.node.flow_style:
            return Splice(start, start, f"{name}: {yaml_text.flow(value)}, ")
        indent = " " * column
        field = "\n".join(yaml_text.mapping({name: value}, column)).removeprefix(indent)
        return Splice(start, start, f"{field}\n{indent}")


@dataclass(frozen=True)
class _Writer:
    """Writes values in the style of those that they replace."""

    file: EditableFile

    def start(self, node: Any) -> int:
        return int(node.start_mark.index) + self.file.offset

    def end(self, node: Any) -> int:
        """Return the end of a value, without the blank lines and comments after it."""
        if isinstance(node.value, list) and node.value and not node.flow_style:
            last = node.value[-1]
            return self.end(last[1] if isinstance(last, tuple) else last)
        start, end = self.start(node), int(node.end_mark.index) + self.file.offset
        return start + len(self.file.text[start:end].rstrip())

    def replace(
        self, pair: tuple[Any, Any], old: Any, new: Any, *, in_flow: bool
    ) -> Iterator[Splice]:
        """Yield the replacements of a mapping's value. Raises NotEditable."""
        key, node = pair
        if self.start(node) < self.start(key):
            raise NotEditable("its value is shared with another entry by an alias")
        if parts := self._replace_parts(node, old, new):
            yield from parts
            return
        colon = self._after_colon(key)
        start, end = self.start(node), self.end(node)
        between = self.file.text[colon:start]
        if node.anchor:
            raise NotEditable("its value is shared with another entry by an anchor")
        if in_flow or "#" in between:
            yield Splice(start, end, yaml_text.flow(new))
        elif isinstance(new, str):
            yield self._replace_text(node, old, new, colon, key.start_mark.column)
        else:
            column = key.start_mark.column
            # The key is a stand-in: only what follows its colon is written.
            first, *others = yaml_text.mapping({"k": new}, column)
            after_colon = first[column + len("k:") :]
            yield Splice(colon, max(end, colon), "\n".join([after_colon, *others]))

    def _after_colon(self, key: Any) -> int:
        at = int(key.end_mark.index) + self.file.offset
        colon = re.compile(r"\s*:").match(self.file.text, at)
        if not colon:
            raise NotEditable("its key is not followed by a colon")
        return colon.end()

    # texts

    def _replace_text(self, node: Any, old: Any, new: str, colon: int, column: int) -> Splice:
        style = node.style if isinstance(node, ScalarNode) else None
        is_block = style in ("|", ">")
        if yaml_text.fits_a_block(new) or (is_block and _fits_one_line(new)):
            return self._replace_by_block(node, old, new, colon, column, is_block=is_block)
        comment = ""
        if is_block and (match := re.search(r"#.*", self._first_line(node))):
            comment = f"  {match[0]}"
        end = max(self.end(node), colon)
        return Splice(colon, end, f" {_in_style(new, style)}{comment}")

    def _replace_by_block(
        self, node: Any, old: Any, new: str, colon: int, column: int, *, is_block: bool
    ) -> Splice:
        """Return the replacement of a value by a block of text; `is_block`: the value is one."""
        head, end = self._block_header(node, max(self.end(node), colon), is_block)
        # A trailing line break is kept without `-`, and removed with it.
        if new.endswith("\n"):
            head = re.sub(r"^\|-", "|", head)
        elif isinstance(old, str) and old.endswith("\n"):
            head = re.sub(r"^\|[+-]?", "|-", head)
        pad = " " * (self._indent_of(node, column) if is_block else column + 2)
        lines = [f"{pad}{row}" if row else "" for row in new.rstrip("\n").split("\n")]
        return Splice(colon, end, "\n".join([f" {head}", *lines]))

    def _first_line(self, node: Any) -> str:
        return self.file.text[self.start(node) :].partition("\n")[0]

    def _block_header(self, node: Any, end: int, is_block: bool) -> tuple[str, int]:
        """Return the line that begins a block of text, and the end of what it replaces.

        A comment after the value stays on that line.
        """
        if is_block:
            head = self._first_line(node).rstrip()
            return re.sub(r"^[|>]([+-]?)[1-9]?([+-]?)", r"|\1\2", head), end
        line_end = self.file.end_of_line(end)
        rest = self.file.text[end:line_end].rstrip()
        return (f"|-{rest}", line_end) if rest.lstrip().startswith("#") else ("|-", end)

    def _indent_of(self, node: Any, column: int) -> int:
        """Return how far a block of text is indented."""
        text = self.file.text[self.start(node) : self.end(node)]
        rows = (row for row in text.split("\n")[1:] if row.strip())
        return min((len(row) - len(row.lstrip(" ")) for row in rows), default=column + 2)

    # parts of a value

    def _replace_parts(self, node: Any, old: Any, new: Any) -> list[Splice]:
        """Return the replacements of the parts that differ; empty to replace the whole value."""
        if isinstance(node, MappingNode) and isinstance(old, Mapping) and isinstance(new, Mapping):
            pairs = {key.value: (key, value) for key, value in node.value}
            if not (pairs.keys() == old.keys() == new.keys()):
                return []
            return [
                splice
                for name in new
                if old[name] != new[name]
                for splice in self.replace(
                    pairs[name], old[name], new[name], in_flow=bool(node.flow_style)
                )
            ]
        if isinstance(node, SequenceNode) and isinstance(old, list) and isinstance(new, list):
            return self._replace_items(node, old, new)
        return []

    def _replace_items(self, node: Any, old: Sequence[Any], new: Sequence[Any]) -> list[Splice]:
        """Return the replacements of the items that differ; empty to replace the whole list."""
        if not (len(node.value) == len(old) == len(new)):
            return []
        splices = []
        for item, before, after in zip(node.value, old, new, strict=True):
            if before != after:
                parts = self._replace_parts(item, before, after)
                if not parts and (isinstance(after, Mapping | list) or item.anchor):
                    return []
                splices += parts or [
                    Splice(self.start(item), self.end(item), yaml_text.flow(after))
                ]
        return splices


def _fits_one_line(text: str) -> bool:
    """Return whether a block can hold this line; `fits_a_block` needs two lines."""
    return "\n" not in text and bool(text) and yaml_text.fits_a_block(f"{text}\n{text}")


def _in_style(text: str, style: str | None) -> str:
    """Return a text on one line, in the quotes of the text that it replaces."""
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return yaml_text.quoted(text) if style == '"' else yaml_text.plain_or_quoted(text)
