"""An entry as a rule sees it: its texts by what they are for, and where each character is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import Any

from devinops.lint.finding import Finding
from devinops.lint.markdown import Markdown
from devinops.lint.positions import Positions, search
from devinops.model.kind import Kind, Lifecycle, Role, Use
from devinops.model.objects import Declaration, Source
from devinops.model.values import UNSET

Lines = Callable[[str], Sequence[str]]
"""Path of a file → its lines; none if it cannot be read."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A declaration with the texts that rules look at. Two subjects are never equal."""

    declaration: Declaration
    lines: Lines
    _positions: dict[str, Positions] = dataclass_field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        return self.declaration.kind

    @property
    def path(self) -> str:
        return self.declaration.source.path

    @property
    def is_rule(self) -> bool:
        """Whether Devin recalls it when it fits the task."""
        return self.kind.foreign.use is Use.RULE

    @property
    def is_procedure(self) -> bool:
        """Whether people start it."""
        return self.kind.foreign.use is Use.PROCEDURE

    @property
    def is_contract(self) -> bool:
        """Whether it describes a secret."""
        return self.kind.lifecycle is Lifecycle.CONTRACT

    @property
    def is_used(self) -> bool:
        """Whether Devin uses it; a switch can turn it off."""
        switch = self.kind.foreign.switch
        return not switch or self.value(switch) is not False

    # values

    def value(self, field: str) -> Any:
        return getattr(self.declaration.resource, field)

    def _text(self, field: str | None) -> str:
        value = self.value(field) if field else ""
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
        return self._text(self.kind.foreign.when)

    @property
    def pin(self) -> str:
        """The repository in which it is always used, or `all`; empty if there is none."""
        return self._text(self.kind.foreign.always)

    @property
    def handle(self) -> str:
        """The name by which people mention it, such as `!triage`; empty if there is none."""
        role = self.kind.role(Role.HANDLE)
        return self._text(role.name if role else None)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield field and text of every text in every field, at any depth."""
        for field, value in self.declaration.resource.items():
            if value is not UNSET:
                yield from ((field, text) for text in _texts(value))

    # findings

    def in_text(self, message: str, start: int = 0, length: int = 0, **facts: Any) -> Finding:
        """Return a finding about characters of the prose; `length` 0 is the rest of the line."""
        assert self.kind.document, "only a kind with prose has such findings"
        return self.at(self.kind.document, message, start, length, **facts)

    def at(
        self, field: str, message: str, start: int = 0, length: int = 0, **facts: Any
    ) -> Finding:
        """Return a finding about characters of the text in a field."""
        text = self._text(field)
        end = text.find("\n", start)
        rest = (len(text) if end < 0 else end) - start
        shown = min(length or rest, rest)
        source = self._position(field, text, start)
        line = text[text.rfind("\n", 0, start) + 1 : start + rest]
        return Finding(source, message, max(shown, 1), line, (self.declaration,), **facts)

    def about(self, field: str, message: str, *others: Subject, **facts: Any) -> Finding:
        """Return a finding about the whole value of a field, or about the entry."""
        value = self._text(field)
        first = value.partition("\n")[0]
        source = self._position(field, value, 0) if value else self.declaration.place(field)
        entries = (self.declaration, *(other.declaration for other in others))
        return Finding(source, message, max(len(first), 1), first, entries, **facts)

    def in_option(self, option: str, text: str, message: str) -> Finding:
        """Return a finding about a text in `meta` or `lint`."""
        place = self.declaration.place(option)
        source = search(self.lines(place.path), place, text)
        return Finding(source, message, len(text), text, (self.declaration,))

    def _position(self, field: str, text: str, start: int) -> Source:
        if field not in self._positions:
            place = self.declaration.place(field)
            if field == self.kind.document and self.declaration.text_file:
                place = Source(self.declaration.text_file)
            self._positions[field] = Positions(self.lines(place.path), place, text)
        return self._positions[field].source(start)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
