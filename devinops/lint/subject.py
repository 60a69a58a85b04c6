"""What rules see: entries with their texts, and the files around them."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from devinops.lint.markdown import Markdown
from devinops.lint.positions import Positions, search
from devinops.load.cross_checks import share_target
from devinops.model.grouping import grouped
from devinops.model.kind import FieldPath, Kind, Lifecycle, Role, Use
from devinops.model.objects import Declaration, Source
from devinops.model.patterns import LazyPattern
from devinops.model.values import UNSET

if TYPE_CHECKING:
    from devinops.lint.repository_files import FileRepository


@dataclass(frozen=True, slots=True)
class LintFinding:
    """What a rule reports. `length` is the number of characters at `source` that it is about.

    `content` are the whole lines of the text that it is about, however the file writes them.
    `entries` are those concerned; an exception in any of them applies. `secret` must not be
    shown. `fix` are these characters if deleting them solves it, and readers and Devin
    understand the same as before.
    """

    source: Source
    message: str
    length: int = 1
    content: str = field(default="", repr=False)
    entries: tuple[Declaration, ...] = ()
    secret: str = field(default="", repr=False)
    fix: str = ""


Lines = Callable[[str], Sequence[str]]
"""Path of a file → its lines; none if it cannot be read."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A declaration with the texts that rules look at. Two subjects are never equal."""

    declaration: Declaration
    lines: Lines
    _positions: dict[FieldPath, Positions] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        return self.declaration.kind

    @property
    def path(self) -> str:
        return self.declaration.source.path

    @property
    def is_procedure(self) -> bool:
        """Whether people start it."""
        return self.kind.meaning.use is Use.PROCEDURE

    @property
    def is_contract(self) -> bool:
        """Whether it describes a secret."""
        return self.kind.lifecycle is Lifecycle.CONTRACT

    @property
    def is_used(self) -> bool:
        """Whether Devin uses it; a switch can turn it off."""
        switch = self.kind.meaning.switch
        return not switch or self.value(switch) is not False

    def shares_target(self, other: Subject) -> bool:
        """Return whether there is a target that has both entries."""
        return share_target(self.declaration, other.declaration)

    # values

    def value(self, field: str) -> Any:
        return getattr(self.declaration.resource, field)

    def _part(self, path: FieldPath) -> Any:
        """Return the value of a field, or the part of it to which a path leads."""
        if isinstance(path, str):
            return self.value(path)
        value = self.value(str(path[0]))
        for part in path[1:]:
            value = value[part]
        return value

    def _text(self, path: FieldPath | None) -> str:
        value = self._part(path) if path else ""
        return value if isinstance(value, str) else ""

    @cached_property
    def text(self) -> str:
        """The prose; empty if there is none."""
        return self._text(self.kind.document)

    @cached_property
    def markdown(self) -> Markdown:
        return Markdown(self.text)

    @property
    def when(self) -> str:
        """The text that says when to use it; empty if there is none."""
        return self._text(self.kind.meaning.when)

    @property
    def pin(self) -> str:
        """The repository in which it is always used, or `all`; empty if there is none."""
        return self._text(self.kind.meaning.always)

    @property
    def handle(self) -> str:
        """The name by which people mention it, such as `!triage`; empty if there is none."""
        role = self.kind.role(Role.HANDLE)
        return self._text(role.name if role else None)

    @property
    def result_schema(self) -> tuple[str, Mapping[str, Any]] | None:
        """The field with the JSON Schema of a result, and the schema; None if there is none."""
        role = self.kind.role(Role.RESULT_SCHEMA)
        schema = self.value(role.name) if role else None
        return (role.name, schema) if role and isinstance(schema, dict) else None

    def texts(self) -> Iterator[tuple[FieldPath, str]]:
        """Yield every text with its field, or with the path to it if the field is nested."""
        for name, value in self.declaration.resource.items():
            if isinstance(value, str):
                yield name, value
            else:
                yield from _texts(value, (name,))

    # findings

    def in_text(self, message: str, start: int = 0, length: int = 0, **facts: Any) -> LintFinding:
        """Return a finding about characters of the prose; `length` 0 is the rest of the line."""
        assert self.kind.document, "only a kind with prose has such findings"
        return self.at(self.kind.document, message, start, length, **facts)

    def at(
        self, path: FieldPath, message: str, start: int = 0, length: int = 0, **facts: Any
    ) -> LintFinding:
        """Return a finding about characters of the text that a path leads to."""
        text = self._text(path)
        rest = _line_end(text, start) - start
        shown = min(length or rest, rest)
        source = self._position(path, text, start)
        first = text.rfind("\n", 0, start) + 1
        content = text[first : _line_end(text, start + max(length, 1) - 1)]
        return LintFinding(source, message, max(shown, 1), content, (self.declaration,), **facts)

    def about(self, path: FieldPath, message: str, *others: Subject) -> LintFinding:
        """Return a finding about a whole value, or about the entry."""
        value = self._part(path)
        text = self._text(path)
        first = text.partition("\n")[0]
        source = self._position(path, text, 0) if text else self.declaration.source_of(path)
        content = first if text or value is UNSET else str(value)
        entries = (self.declaration, *(other.declaration for other in others))
        return LintFinding(source, message, max(len(first), 1), content, entries)

    def in_option(self, option: str, text: str, message: str) -> LintFinding:
        """Return a finding about the text in `meta` or `lint`."""
        source = self.declaration.source_of(option)
        source = search(self.lines(source.path), source, text)
        return LintFinding(source, message, len(text), text, (self.declaration,))

    def _position(self, path: FieldPath, text: str, start: int) -> Source:
        if path not in self._positions:
            source = self.declaration.source_of(path)
            if path == self.kind.document and self.declaration.text_file:
                source = Source(self.declaration.text_file)
            positions = Positions(self.lines(source.path), source, text)
            if isinstance(path, tuple) and not positions.is_found:
                # A set can be written in any order.
                source = self.declaration.source_of(str(path[0]))
                positions = Positions(self.lines(source.path), source, text)
            self._positions[path] = positions
        return self._positions[path].source(start)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[FieldPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(part, (*path, name))
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _texts(part, (*path, number))


class Budgets(NamedTuple):
    """Sizes from which on an entry is too large; tokens are estimated."""

    tokens: int = 8_000
    everywhere_tokens: int = 1_000
    """For a text that Devin gets in every repository."""


@dataclass(frozen=True, eq=False)
class Context:
    """All entries that are checked, the files around them, and the date of the run.

    `targets` maps the names of the targets to their settings.
    """

    subjects: tuple[Subject, ...]
    repository: FileRepository
    today: date
    budgets: Budgets = Budgets()
    targets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    has_waves: bool = False

    def has_file(self, path: str, subject: Subject) -> bool:
        """Return whether a path leads to a file.

        It can be relative to the file of the text, to the root, or to the top of the checkout; with
        a leading `/` not to the file. From the file it may lead to another checkout, which nobody
        knows here.
        """
        own = posixpath.dirname(subject.declaration.text_file or subject.path)
        plain = path.lstrip("/")
        candidates = [plain, self.repository.from_top(plain)]
        if path == plain:
            full = posixpath.normpath(posixpath.join(own, path))
            if self.repository.is_beyond(full):
                return True
            candidates.append(full)
        return any(map(self.repository.exists, map(posixpath.normpath, candidates)))

    @cached_property
    def by_handle(self) -> Mapping[str, Sequence[Subject]]:
        """Handle, in lower case → the entries with it."""
        return grouped((each.handle.lower(), each) for each in self.subjects if each.handle)

    @cached_property
    def contracts(self) -> tuple[Subject, ...]:
        """The entries that describe secrets."""
        return tuple(subject for subject in self.subjects if subject.is_contract)


CHARACTERS_PER_TOKEN: Final = 4
"""The rule of thumb for English prose and code; the tokenizers of the vendors differ by a fifth."""

_IDEOGRAPH: Final = LazyPattern("[\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]")
"""A character of Chinese, Japanese or Korean, which costs about a token."""


def tokens(text: str) -> int:
    """Return the estimated number of tokens."""
    wide = 0 if text.isascii() else sum(1 for _ in _IDEOGRAPH.finditer(text))
    return wide + (len(text) - wide + CHARACTERS_PER_TOKEN - 1) // CHARACTERS_PER_TOKEN
