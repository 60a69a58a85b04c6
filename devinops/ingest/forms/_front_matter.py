"""Front matter as people write it for other tools: YAML, or nearly YAML."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from devinops.ingest.import_form import quote
from devinops.kinds import KINDS
from devinops.load.yamltree import parse
from devinops.model.keys import Key

PREFIX: Final = "devinops-"
"""Prefix of what `devinops export` writes into the `metadata` of a skill or rule: the entry's
fields, and `devinops-key`, the entry's key."""

MOST_REMARKS: Final = 5

EVERY_FILE: Final = frozenset({"*", "**", "**/*", "**/**", "*.*", "**/*.*", "/**", "./**"})
"""Patterns that match every file."""

_OPEN = re.compile(r"\s*^[ \t]*---[ \t]*\n", re.MULTILINE)
_CLOSE = re.compile(r"^[ \t]*(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_KEY = re.compile(r"([A-Za-z_][\w.-]*(?: [\w.-]+)?)[ \t]*:(?:[ \t]+(.*)|[ \t]*)$")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)$")
_ANY = "|".join(map(re.escape, sorted(EVERY_FILE)))
_ALIAS = re.compile(rf"^([ \t]*(?:[\w-]+:|-)[ \t]+)(\[?(?:{_ANY})\]?)[ \t]*$", re.MULTILINE)
"""A pattern for every file without quotation marks, which YAML takes for an alias."""
_BLOCK = re.compile(r"([|>])[+-]?[0-9]?[+-]?[ \t]*(?:#.*)?$")
_BOOL: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_EMPTY: Final[tuple[Any, ...]] = (None, "", True, False, [], {})
_NULL: Final = ("", "~", "null")


@dataclass(frozen=True)
class ImportPage:
    """A text split into front matter and body; `remarks` say what was guessed.

    Key → value; keys are in lower case. `content` is the body, which begins at `line`.
    """

    values: Mapping[str, Any]
    content: str
    line: int = 1
    remarks: tuple[str, ...] = ()

    def text(self, *keys: str) -> str:
        """Return the first value that is text or a number, as one line; empty if there is none."""
        for key in keys:
            value = self.values.get(key)
            if type(value) in (str, int) and str(value).strip():
                return " ".join(str(value).split())
        return ""

    def prose(self, *keys: str) -> str:
        """Return the first value that is text, with its line breaks; empty if there is none."""
        values = (self.values.get(key) for key in keys)
        return next((v.strip() for v in values if isinstance(v, str) and v.strip()), "")

    def is_true(self, key: str) -> bool:
        """Return whether a value means yes; a quoted `"true"` counts."""
        value = self.values.get(key)
        return value is True or (isinstance(value, str) and _BOOL.get(value.lower(), False))

    def globs(self, *keys: str) -> list[str]:
        """Return all patterns that the values of these keys have."""
        return [glob for key in keys for glob in globs(self.values.get(key))]

    @property
    def own_fields(self) -> dict[str, Any]:
        """Field → value of what devinops wrote into the metadata, without the key."""
        return {name: value for name, value in self._metadata.items() if name != "key"}

    @property
    def own_key(self) -> Key | None:
        """The key of the entry that the page was written from; None if devinops did not."""
        try:
            key = Key.parse(str(self._metadata.get("key", "")))
        except ValueError:
            return None
        return key if key.kind in KINDS else None

    @property
    def _metadata(self) -> dict[str, Any]:
        metadata = self.values.get("metadata")
        if not isinstance(metadata, Mapping):
            return {}
        return {
            str(name).removeprefix(PREFIX): value
            for name, value in metadata.items()
            if str(name).startswith(PREFIX) and isinstance(value, str | bool)
        }

    def others(self, *known: str) -> tuple[str, ...]:
        """Return a remark about the keys that are not `known` and say something; or none."""
        rest = [
            key
            for key, value in self.values.items()
            if key not in known and value not in (None, "", [], {}, False)
        ]
        return (f"not carried over: {', '.join(map(quote, rest))}",) if rest else ()


def page(text: str) -> ImportPage:
    """Split the text into front matter and body. Never fails: without front matter all is body."""
    first = _first_page(text)
    says_something = any(value not in _EMPTY for value in first.values.values())
    second = (
        _first_page(first.content) if first.values and not says_something else ImportPage({}, "")
    )
    if not second.values:
        return first
    # Some editors put an empty front matter above the one that is there.
    remark = "there is a second front matter below the empty first one; both were read"
    return ImportPage(
        {**first.values, **second.values},
        second.content,
        first.line + second.line - 1,
        (*first.remarks, remark, *second.remarks),
    )


def _first_page(text: str) -> ImportPage:
    opened = _OPEN.match(text)
    if not opened:
        return ImportPage({}, text)
    closed = _CLOSE.search(text, opened.end())
    if closed:
        block = text[opened.end() : closed.start()]
        if any(map(_KEY.match, textwrap.dedent(block).split("\n"))):
            return _page(text, opened.end(), closed.start(), closed.end())
        # Two rules (---) around a text, or nothing between them.
        start = 0 if block.strip() else closed.end()
        return ImportPage({}, text[start:], _line(text, start))
    end = _end_of_keys(text, opened.end())
    if end == opened.end():
        return ImportPage({}, text)
    remark = "the front matter is not closed; it was assumed to end before the first other line"
    return _page(text, opened.end(), end, end, (remark,))


def _page(text: str, start: int, end: int, body: int, remarks: tuple[str, ...] = ()) -> ImportPage:
    values, guesses = _values(text[start:end], _line(text, start))
    return ImportPage(values, text[body:], _line(text, body), remarks + guesses)


def _line(text: str, at: int) -> int:
    return text[:at].count("\n") + 1


def _end_of_keys(text: str, start: int) -> int:
    """Return where the lines end that can be front matter; they begin at `start`."""
    at = start
    for line in text[start:].splitlines(keepends=True):
        stripped = line.rstrip("\n")
        if not (_KEY.match(stripped) or _ITEM.match(stripped)) or stripped.startswith("- "):
            break
        at += len(line)
    return at


def _values(block: str, line: int) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Return key → value, and a remark if the block had to be read line by line."""
    data = _mapping(block) or _mapping(_ALIAS.sub(r"\1'\2'", block))
    if data is not None:
        return {str(key).lower(): value for key, value in data.items()}, ()
    reader = _LineReader(line)
    reader.read(textwrap.dedent(block.expandtabs(4)).split("\n"))
    guessed = reader.guessed or list(reader.values)
    shown = ", ".join(f"{quote(key)} = {_shown(reader.values[key])}" for key in guessed)
    remark = f"the front matter is not YAML; read line by line: {shown or 'nothing in it'}"
    rest = len(reader.remarks) - MOST_REMARKS
    more = (f"{rest} more remarks about the front matter",) if rest > 1 else ()
    return reader.values, (remark, *reader.remarks[: MOST_REMARKS if more else None], *more)


def _mapping(block: str) -> dict[Any, Any] | None:
    documents, problems = parse(block, "")
    data = documents[0].data if len(documents) == 1 and not problems else None
    return data if isinstance(data, dict) else None


def _shown(value: Any) -> str:
    return quote(", ".join(value) if isinstance(value, list) else str(value))


class _LineReader:
    """Reads `key: value`, lists and indented lines below a key; remarks on everything else."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.values: dict[str, Any] = {}
        self.remarks: list[str] = []
        self.guessed: list[str] = []
        """The keys with a value that is not YAML even by itself."""
        self.key = ""
        self.block = ""
        """`|` or `>` inside a block of text."""

    def read(self, lines: Iterable[str]) -> None:
        for number, line in enumerate(lines, self.line):
            is_indented = line[:1] == " "
            key = None if is_indented else _KEY.match(line)
            if key:
                self.start(key[1].lower(), (key[2] or "").strip(), number)
            elif self.key and (is_indented or _ITEM.match(line)):
                self.go_on(line)
            elif line.strip() and not line.startswith("#"):
                self.remarks.append(f"line {number} of the front matter is lost: {quote(line)}")

    def start(self, key: str, value: str, number: int) -> None:
        if key in self.values:
            self.remarks.append(f"{key} appears twice; the value on line {number} was used")
        block = _BLOCK.match(value)
        self.key, self.block = key, block[1] if block else ""
        self.values[key] = "" if block else scalar(value)
        if not block and parse(f"{key}: {value}", "")[1]:
            self.guessed.append(key)

    def go_on(self, line: str) -> None:
        before = self.values[self.key]
        item = _ITEM.match(line)
        if item and not self.block and (isinstance(before, list) or before in ("", None)):
            self.values[self.key] = [*(before or []), unquoted(item[1])]
        elif isinstance(before, list):
            before.append(line.strip())
        else:
            text = "" if before is None else str(before)
            joint = "\n" if self.block == "|" else " "
            self.values[self.key] = f"{text}{joint if text else ''}{line.strip()}"


def scalar(value: str) -> Any:
    """Return what a value on one line means: null, a boolean, a list in brackets, or text."""
    if value.lower() in _NULL:
        return None
    if value.lower() in _BOOL:
        return _BOOL[value.lower()]
    if value.startswith("[") and value.endswith("]"):
        return [unquoted(part) for part in split_globs(value[1:-1])]
    return unquoted(value)


def unquoted(text: str) -> str:
    """Return the text without the quotes around it, if there are any."""
    text = text.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1].strip() if is_quoted else text


def globs(value: Any) -> list[str]:
    """Return the patterns in a value: a list, or a text with commas or line breaks between them."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("[") and text.endswith("]"):
            text = text[1:-1]
        return list(filter(None, map(unquoted, split_globs(text))))
    if isinstance(value, Mapping):
        return [f"{{{','.join(map(str, value))}}}"] if value else []
    if isinstance(value, list):
        return [glob for part in value for glob in globs(part)]
    return []


def split_globs(text: str) -> list[str]:
    """Split the text at commas and line breaks that are not in braces; empty parts are left out."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char == "{") - (char == "}" and depth > 0)
        if char in ",\n" and not depth:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]
