"""Parse YAML text into a tree of plain values with the position of every value and key.

The scalars are those of the core schema of YAML 1.2: `yes`, `on`, `2027-03-01` and `12:30` are
strings. Depth and aliases are limited, so that neither can exhaust the stack or the memory.
Explicit tags are problems: the only values are text, numbers, true, false, null, lists and
mappings.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from devinops.load.problems import problem
from devinops.model.objects import Problem, Source
from devinops.schema.findings import quoted

LEVELS: Final = 100
"""Maximum depth of nesting, aliases included."""

EXPANSION: Final = 100_000
"""Maximum number of nodes that aliases may add. 64 characters of text count as a node."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Maximum number of characters of an integer: Python refuses to convert much longer ones.
_DIGITS: Final = 400

NULL = frozenset({"", "~", "null", "Null", "NULL"})
BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_CONSTANTS: Final[Mapping[str, bool | None]] = {**BOOLS, **dict.fromkeys(NULL)}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""A control character other than tab and newline."""

HidesValues = Callable[[str | None], bool]
"""Top-level key (None: outside of any) → whether problems must not quote what is below it."""

_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_ASCII_CONTROLS = bytes(code for code in range(0x80) if CONTROL.match(chr(code)))
_ESCAPED = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]"
)  # CR is a line end, as in a file


_FLAT_LINE = re.compile(
    r" *(?:#.*)?\n"  # a blank line, or a comment
    r"|([A-Za-z_][A-Za-z0-9_-]{0,63}): +"  # a key
    # Text that begins with a letter; a colon and a # are only inside a word.
    r"([^\W\d][^:#\n]*(?:(?::(?=\S)|(?<=\S)#)[^:#\n]*)*"
    r"""|"[^"\\\n]*"|'[^'\n]*')"""  # or text in quotes, without escapes
    r"(?: +#.*)? *\n"  # a comment after it
)
"""A line of front matter that needs no parser, if all its characters are printable."""


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """A value and its position (line and column start at 1).

    `data` is the plain value. `children` are the nodes of a list or mapping, `keys` the positions
    of a mapping's keys. `broken`: a problem was reported for this value itself; `tainted`: for it
    or for a value below it. `literal`: it is a block of text after `|` or `>`. `size` is its number
    of nodes, `height` its number of levels.
    """

    data: Any
    line: int
    column: int
    children: list[Node] | dict[str, Node] | None = None
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    broken: bool = False
    tainted: bool = False
    literal: bool = False
    size: int = 1
    height: int = 0

    def at(self, path: tuple[str | int, ...]) -> Node:
        """Return the node at the end of a path, or the deepest node on the way that exists."""
        node = self
        for part in path:
            below = _child(node, part)
            if below is None:
                break
            node = below
        return node

    def source(self, file: str) -> Source:
        return Source(file, self.line, self.column)

    def key_source(self, file: str, key: str) -> Source:
        """Return the position of a key, or of the mapping if it does not have the key."""
        line, column = self.keys.get(key, (self.line, self.column))
        return Source(file, line, column)

    def text_source(self, file: str) -> Source:
        """Return the position of the first line of a text; a block begins below its `|`."""
        if not self.literal:
            return self.source(file)
        blank = re.match(r"\n*", self.data)
        return Source(file, self.line + 1 + (len(blank[0]) if blank else 0))

    def below(self) -> Iterator[tuple[tuple[str | int, ...], Node]]:
        """Yield path and node of each value in this list or mapping, at any depth."""
        children = self.children or ()
        parts = children.items() if isinstance(children, dict) else enumerate(children)
        for part, node in parts:
            yield (part,), node
            yield from (((part, *path), deeper) for path, deeper in node.below())

    @classmethod
    def of(cls, documents: Sequence[Node]) -> Node:
        """Return the root of the first document, or an empty mapping if it has no value."""
        if documents and (documents[0].data is not None or documents[0].broken):
            return documents[0]
        node = cls({}, 1, 1)
        node.children = {}
        return node

    def mark_broken(self) -> Node:
        self.broken = self.tainted = True
        return self

    def enclose(self, node: Node) -> None:
        """Add the size, height and taint of a key or value of this list or mapping."""
        self.size += node.size
        self.height = max(self.height, node.height + 1)
        self.tainted = self.tainted or node.tainted


def _child(node: Node, part: str | int) -> Node | None:
    children = node.children
    if isinstance(children, dict) and isinstance(part, str):
        return children.get(part)
    if isinstance(children, list) and isinstance(part, int) and part < len(children):
        return children[part]
    return None


def parse(
    text: str, file: str, *, line: int = 1, hides_values: HidesValues = lambda _: False
) -> tuple[list[Node], list[Problem]]:
    """Return the root of each document and the problems, both in the order of the file.

    The text has LF line ends and begins at `line` of `file`. Text that is not YAML ends the
    reading: only the documents before it are returned.
    """
    flat = _flat(text, line)
    return ([flat], []) if flat else parse_fully(text, file, line, hides_values)


def _flat(text: str, line: int) -> Node | None:
    """Return the mapping in a text whose lines are `key: text`, comments or blank.

    None for any other text, or if a key is not right. `parse_fully` returns the same node, except
    for the size and height, which only aliases need; it takes five times as long.
    """
    if not text.replace("\n", "").isprintable():
        return None
    children: dict[str, Node] = {}
    root, start = Node({}, line, 1), 0
    while start < len(text):
        match = _FLAT_LINE.match(text, start)
        if match is None:
            return None
        if key := match[1]:
            if key in children or key in _CONSTANTS:
                return None
            written = match[2].rstrip(" ")
            is_quoted = written[0] in "\"'"
            data = written[1:-1] if is_quoted else _CONSTANTS.get(written, written)
            children[key] = Node(data, line, match.start(2) - start + 1)
            root.data[key], root.keys[key] = data, (line, 1)
        start = match.end()
        line += 1
    if not children:
        return None
    root.line, root.children = next(iter(children.values())).line, children
    return root


def parse_fully(
    text: str, file: str, line: int, hides_values: HidesValues
) -> tuple[list[Node], list[Problem]]:
    """Return the same as `parse`, with a parser that knows all of YAML."""
    if unreadable := control_problems(text, file, line, pattern=_UNREADABLE):
        return [], unreadable
    shielded, restore = shield(text)
    reader = _NodeReader(yaml.parse(shielded, Loader=LOADER), file, line, hides_values, restore)
    try:
        reader.read()
    except _Stop:
        pass
    except yaml.MarkedYAMLError as error:
        reader.problems.append(_syntax_problem(error, text, file, line))
    except yaml.YAMLError as error:
        reader.problems.append(
            problem(Source(file, line), "yaml-syntax", f"this is not YAML: {error}")
        )
    return reader.documents, reader.problems


def control_problems(
    text: str, file: str, line: int = 1, *, pattern: re.Pattern[str] = CONTROL
) -> list[Problem]:
    """Return a problem for the first control character in a text that begins at `line`."""
    data = text.encode(errors="surrogatepass")
    # Most texts have none, and this finds that out in a sixth of the time of a search. In UTF-8,
    # all other unreadable characters begin with one of these bytes.
    if not (b"\xc2" in data or b"\xef" in data or data.translate(None, _ASCII_CONTROLS) != data):
        return []
    match = pattern.search(text)
    if match is None:
        return []
    before = text[: match.start()]
    source = Source(file, line + before.count("\n"), len(before) - before.rfind("\n"))
    message = f"the character U+{ord(match[0]):04X} is not allowed: remove it"
    return [problem(source, "control-character", message)]


def shield(text: str) -> tuple[str, dict[int, str]]:
    """Replace Unicode line separators with characters that the text does not use.

    Returns the text and a table for `str.translate` that restores it. U+2028 and U+2029 are text in
    YAML 1.2, but the parser follows YAML 1.1, where they end a line.
    """
    separators = [char for char in "\u2028\u2029" if char in text]
    if not separators:
        return text, {}
    unused = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in text)
    replacements = list(zip(separators, unused, strict=False))
    for separator, replacement in replacements:
        text = text.replace(separator, replacement)
    return text, {ord(replacement): separator for separator, replacement in replacements}


# --- building -------------------------------------------------------------------------------------


class _Stop(Exception):
    """The rest of the file cannot be read; the problem has been reported."""


_SKIPPED: Final = object()
"""Stands for a key that was reported as a problem."""

_MERGE: Final = object()
"""Stands for the key `<<` without quotes; with quotes it is an ordinary key."""


@dataclass
class _NodeReader:
    """Builds nodes from the events of a parser, recursively to a depth of `LEVELS`."""

    events: Iterator[Any]
    file: str
    line: int
    hides_values: HidesValues
    restore: dict[int, str]
    documents: list[Node] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    top: str | None = None
    """The key at the top of the document whose value is being read."""
    depth: int = 0
    anchors: dict[str, Node | None] = field(default_factory=dict)  # None: still open
    expanded: int = 0

    def read(self) -> None:
        for event in self.events:
            if type(event) is yaml.DocumentStartEvent:
                self.anchors = {}
                root = self._value(next(self.events))
                next(self.events)  # the end of the document, or a syntax error
                self.documents.append(root)

    def _report(self, node: Node, code: str, message: str) -> None:
        self.problems.append(problem(node.source(self.file), code, message))

    def _quotable(self, text: str, substitute: str) -> str:
        """Return the text that quotes the file, or its substitute where quoting is not allowed."""
        return substitute if self.hides_values(self.top) else text

    def _node(self, data: Any, event: Any) -> Node:
        mark = event.start_mark
        node = Node(data, mark.line + self.line, mark.column + 1)
        if event.tag is not None:
            node.mark_broken()
            message = self._quotable(
                _tag_message(event), "this begins a YAML tag: quote it if it is text"
            )
            self._report(node, "yaml-tag", message)
        return node

    # values

    def _value(self, event: Any) -> Node:
        """Return the value that begins with an event."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            node = self._scalar(event)
        elif kind is yaml.AliasEvent:
            return self._alias(event)
        else:
            node = self._node([] if kind is yaml.SequenceStartEvent else {}, event)
            self._check_depth(node, 1)
            if event.anchor:
                self.anchors[event.anchor] = None
            self.depth += 1
            if kind is yaml.SequenceStartEvent:
                self._items(node)
            else:
                self._entries(node)
            self.depth -= 1
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _scalar(self, event: Any) -> Node:
        text = event.value.translate(self.restore) if self.restore else event.value
        node = self._node(text, event)
        node.size += len(text) // 64
        if event.implicit[0]:
            node.data = self._plain(text, node)
        elif event.style in ("|", ">"):
            node.literal = True
        elif event.style == '"' and (escaped := _ESCAPED.search(text)):
            node.mark_broken()
            message = f"the character U+{ord(escaped[0]):04X} is not allowed: remove it"
            self._report(node, "control-character", message)
        return node

    def _plain(self, text: str, node: Node) -> Any:
        """Return the value of a scalar without quotes in YAML 1.2."""
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text[0] not in "+-.0123456789":
            return text
        value = _number(text)
        if value is not None:
            return value
        if _FLOAT.fullmatch(text) or _NOT_FINITE.fullmatch(text):
            node.mark_broken()
            number = self._quotable(quoted(text), "this")
            self._report(
                node, "yaml-number", f"{number} is not a number that JSON can represent; quote it"
            )
        return text

    def _alias(self, event: Any) -> Node:
        """Return the node that an alias refers to, or a broken node."""
        mark = event.start_mark
        here = Node(None, mark.line + self.line, mark.column + 1)
        node = self.anchors.get(event.anchor, here)
        if node is None:
            alias = self._quotable(f"*{event.anchor}", "this alias")
            message = f"{alias} is inside the value that it refers to: remove it"
            self._report(here, "yaml-alias", message)
            node = here.mark_broken()
        elif node is here:
            alias = f"*{event.anchor} is an alias, but no anchor &{event.anchor} is above it"
            message = self._quotable(alias, "this is an alias without an anchor above it")
            self._report(here, "yaml-alias", f"{message}; quote the value if it is text")
            here.mark_broken()
        self._check_depth(here, node.height)
        self.expanded += node.size
        if self.expanded > EXPANSION:
            message = f"aliases add more than {EXPANSION} nodes to this file: write the values out"
            self._report(here, "too-many-aliases", message)
            raise _Stop
        return node

    def _check_depth(self, node: Node, levels: int) -> None:
        if self.depth + levels > LEVELS:
            self._report(node, "too-deep", _TOO_DEEP)
            raise _Stop

    # lists and mappings

    def _items(self, outer: Node) -> None:
        outer.children = children = []
        for event in self.events:
            if type(event) is yaml.SequenceEndEvent:
                return
            node = self._value(event)
            outer.enclose(node)
            children.append(node)
            outer.data.append(node.data)

    def _entries(self, outer: Node) -> None:
        outer.children = {}
        merged: Node | None = None
        for event in self.events:
            if type(event) is yaml.MappingEndEvent:
                break
            key = self._key(event, outer, merged)
            if self.depth == 1:
                self.top = key if isinstance(key, str) else None
            node = self._value(next(self.events))
            outer.enclose(node)
            if self.depth == 1:
                self.top = None
            if key is _MERGE:
                merged = node
            elif key is not _SKIPPED:
                outer.children[key] = node
                outer.data[key] = node.data
        if merged:
            self._merge(outer, merged)

    def _key(self, event: Any, outer: Node, merged: Node | None) -> Any:
        """Return the key that begins with an event: a string, `_MERGE`, or `_SKIPPED`."""
        if type(event) is yaml.ScalarEvent and event.value == "<<" and event.implicit[0]:
            node = self._node("<<", event)
            if merged is None:
                return _MERGE
            message = "the merge key << occurs twice: use one << with a list"
            return self._skip(node, outer, "duplicate-key", message)
        node = self._value(event)
        outer.enclose(node)
        key, keys = node.data, outer.keys
        if node.broken:
            return _SKIPPED
        if not isinstance(key, str):
            return self._skip(node, outer, "yaml-key", f"a key must be a string{self._remedy(key)}")
        if key in keys:
            name = self._quotable(f"the key {quoted(key)}", "this key")
            first = f"the first is on line {keys[key][0]}"
            message = f"{name} occurs twice; {first}: keep one of them"
            return self._skip(node, outer, "duplicate-key", message)
        keys[key] = (node.line, node.column)
        return key

    def _skip(self, node: Node, outer: Node, code: str, message: str) -> Any:
        outer.tainted = True
        self._report(node, code, message)
        return _SKIPPED

    def _remedy(self, key: object) -> str:
        if isinstance(key, list | dict):
            return ""
        written = "null" if key is None else str(key)
        if isinstance(key, bool):
            written = written.lower()
        return self._quotable(f': write "{written}"', ": quote it")

    def _merge(self, outer: Node, base: Node) -> None:
        """Add the keys of `<<`; a key of the mapping itself wins, then the first base with it."""
        for node in base.children if isinstance(base.children, list) else [base]:
            if isinstance(node.children, dict):
                _take_over(outer, node)
            elif not node.broken:
                outer.tainted = True
                message = (
                    "<< merges mappings, but this is not a mapping: write an alias such as *base"
                )
                self._report(node, "yaml-key", message)


def _number(text: str) -> int | float | None:
    """Return the number that a scalar stands for, None if it is not one that JSON can represent."""
    if _INT.fullmatch(text) and len(text) < _DIGITS:
        return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return None


def _take_over(outer: Node, other: Node) -> None:
    if not (isinstance(outer.children, dict) and isinstance(other.children, dict)):
        return
    for key, node in other.children.items():
        if key not in outer.children:
            outer.children[key] = node
            outer.data[key] = node.data
            outer.keys[key] = other.keys[key]


# --- messages -------------------------------------------------------------------------------------


_TOO_DEEP = f"more than {LEVELS} levels of nesting: flatten it"


def _tag_message(event: Any) -> str:
    tag = event.tag.removeprefix("tag:yaml.org,2002:")
    value = getattr(event, "value", "")
    if event.tag.startswith("!"):
        written = f"{tag} {value}".rstrip()
        return f"{tag} without quotes is a YAML tag, not text: write {quoted(written)}"
    return f"the tag !!{tag} is not supported: remove it, and quote the value if it is text"


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str, line: int) -> Problem:
    """Return the problem of a syntax error, at the position where it is to be fixed."""
    conflict = re.search(r"^<{7} ", text, re.MULTILINE)
    if conflict:
        message = (
            "this merge conflict is not resolved: keep one side, and remove the conflict markers"
        )
        return problem(
            Source(file, line + text[: conflict.start()].count("\n")), "yaml-syntax", message
        )
    mark: Any = error.problem_mark or error.context_mark
    quote_open = "quoted scalar" in (error.context or "") and "end of stream" in (
        error.problem or ""
    )
    if quote_open:
        mark = error.context_mark
    lines = text.split("\n")
    row = min(mark.line, len(lines) - 1)
    source = Source(file, row + line, mark.column + 1)
    if "nesting depth" in (error.problem or ""):
        return problem(source, "too-deep", _TOO_DEEP)
    if quote_open:
        return problem(source, "yaml-syntax", "this quote is never closed")
    return problem(source, "yaml-syntax", _explanation(error, lines[row], mark.column))


_EXPLANATIONS: Final = (
    ("tab character", "", "a tab cannot indent YAML: use spaces"),
    ("cannot start any token", "", "a value cannot begin with {character}: quote the value"),
    ("", "alias", "{mark} begins an alias in YAML: quote the value if it is text"),
    ("", "anchor", "{mark} begins an anchor in YAML: quote the value if it is text"),
    ("tag", "", "! begins a tag in YAML: quote the value if it is text"),
    ("", "tag", "! begins a tag in YAML: quote the value if it is text"),
    ("", "block scalar", "text begins on the line below | or >: move it there, or quote it"),
    (
        "block sequence entries",
        "",
        "a list item begins on its own line: move the - to the next line, or quote the value",
    ),
    (
        "unknown escape character",
        "",
        r"\ begins an escape in double quotes: write \\ or use single quotes",
    ),
    ("", "flow", "the [ or {{ before this is not closed: check commas, brackets and quotes"),
    (
        "document start",
        "",
        "the document ends above this line: indent it, or begin a new document with ---",
    ),
    (
        "could not find expected ':'",
        "",
        "expected `key: value`: a colon and a space are missing on this line or the one above",
    ),
    (
        "",
        "block",
        (
            "this does not fit the lines above it: check the indentation, and quote values that "
            "contain quotes"
        ),
    ),
)
"""Parts of a parser error's problem and of its context → the explanation; the first match counts.
`{character}` is the one that the error points at, `{mark}` the one before it."""


def _explanation(error: yaml.MarkedYAMLError, row: str, column: int) -> str:
    """Explain a parser's error at a column of a line of the file."""
    detail, context = error.problem or "", error.context or ""
    character, mark = row[column : column + 1], row[max(column - 1, 0) :][:1]
    if "mapping values are not allowed" in detail:
        return _colon_message(row, column)
    if character == "\t":
        return "a tab cannot indent YAML: use spaces"
    for in_detail, in_context, explanation in _EXPLANATIONS:
        if in_detail in detail and in_context in context:
            return explanation.format(character=character, mark=mark)
    # The end of the parser's message quotes the file, which may hold a secret.
    reason = re.sub(",? (but )?found .*", "", detail)
    return f"this is not YAML: {context} {reason}".replace("  ", " ").rstrip()


def _colon_message(row: str, column: int) -> str:
    if column > 1024:
        return "a key can have at most 1024 characters: quote the value, or write it below |"
    if re.search(r":\s", row[:column]):
        return "a colon and a space inside a value: quote the value"
    return "this line is indented as a part of the value above it: align it with its neighbors"
