"""Rewrites one file with live values, and checks that nothing else in it changed. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

from devinops.load import read_entries
from devinops.load.discover import beside, line_end, with_lf
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Live
from devinops.planning.diff import same
from devinops.writers import FileChange
from devinops.writers.edit_fields import (
    EditableFile,
    FileEntry,
    NotEditable,
    Splice,
    replace_from,
    spliced,
)
from devinops.writers.merge_texts import conflict


@dataclass
class EntryEdit:
    """What is to be written for one entry.

    `values` maps a field to its new value, `marked` to a text that has conflict markers, and
    `conflicts` to a live value that stands beside the one in the file, between markers.
    """

    declaration: Declaration
    live: Live
    values: dict[str, Any] = field(default_factory=dict)
    marked: dict[str, str] = field(default_factory=dict)
    conflicts: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.declaration.key

    @property
    def fields(self) -> tuple[str, ...]:
        return (*self.values, *self.marked, *self.conflicts)

    def parts(self) -> list[EntryEdit]:
        """Return one `EntryEdit` for each field; the fields of the key stay together."""
        in_key = [name for name in self.fields if name in self.live.kind.key_fields]
        others = [[name] for name in self.fields if name not in in_key]
        return [self.only(names) for names in (in_key, *others) if names]

    def by_giver(self) -> list[EntryEdit]:
        """Return one `EntryEdit` for each entry as written that gave one of the fields."""
        givers = {name: self.declaration.giver(name) for name in self.fields}
        return [
            replace(self.only([n for n in givers if givers[n] is giver]), declaration=giver)
            for giver in {giver.source: giver for giver in givers.values()}.values()
        ]

    def only(self, names: Collection[str]) -> EntryEdit:
        """Return this `EntryEdit` with some of its fields."""
        return replace(
            self,
            values={name: v for name, v in self.values.items() if name in names},
            marked={name: v for name, v in self.marked.items() if name in names},
            conflicts={name: v for name, v in self.conflicts.items() if name in names},
        )

    def splices(self, entry: FileEntry, name: str, value: Any) -> list[Splice]:
        """Return the replacements that give a field another value. Raises NotEditable."""
        old = getattr(self.declaration.resource, name)
        return entry.splices_to_set(self.live.kind, name, old, value)


def is_markdown(path: str) -> bool:
    return path.lower().endswith(".md")


def text_files(path: str, text: str) -> Iterator[str]:
    """Yield the path of each file that an entry in a YAML file names as its text."""
    try:
        file = EditableFile(text, markdown=False)
    except NotEditable:
        return
    for written in file.texts_of_fields("_file"):
        yield beside(path, written)


Texts = dict[str, list[Splice]]
"""File with the text of an entry → its changes."""


class Rewriting:
    """Collects the changes of one file, and of the files that hold texts of its entries.

    `users` returns how many entries name a file as their text.
    """

    def __init__(self, path: str, read: Callable[[str], str], users: Callable[[str], int]) -> None:
        """Raises NotEditable."""
        self.path, self.read, self.users = path, read, users
        self.text = with_lf(read(path))
        self.file = EditableFile(self.text, markdown=is_markdown(path))
        self.done: list[EntryEdit] = []
        self.splices: list[Splice] = []
        self.marks: list[Splice] = []
        self.texts: Texts = {}
        self.touched: list[tuple[str, Key, str]] = []
        """(File, key, field) of everything that changes."""
        self.before = self._declarations(self.text, {})

    def add(self, item: EntryEdit) -> None:
        """Add the changes for one entry. Raises NotEditable; then nothing was added."""
        source = item.declaration.source
        entry = self.file.entry(source.line, source.column)
        splices: list[Splice] = []
        marks: list[Splice] = []
        texts: Texts = {}
        for name, value in item.values.items():
            splices += self._set(entry, item, name, value, texts)
        checked = dict(texts)
        for name, value in item.marked.items():
            marks += self._set(entry, item, name, value, texts)
        for name, value in item.conflicts.items():
            marks.append(self._both(entry, item, name, value))
        self._check([*self.splices, *splices], [*self.done, item], self.texts | checked)
        spliced(self.text, [*self.splices, *splices, *self.marks, *marks])
        self.splices += splices
        self.marks += marks
        self.texts |= texts
        self.done.append(item)
        self.touched += ((self._file_of(entry, item, name), item.key, name) for name in item.fields)

    def changes(self) -> Iterator[FileChange]:
        """Yield the changed files."""
        splices = {self.path: [*self.splices, *self.marks], **self.texts}
        for path, changed in splices.items():
            written = [item for item in self.touched if item[0] == path]
            if changed:
                keys = dict.fromkeys(key for _, key, _ in written)
                fields = dict.fromkeys(name for _, _, name in written)
                text = in_raw(self.read(path), changed)
                yield FileChange(path, text, tuple(keys), tuple(fields))

    def _file_of(self, entry: FileEntry, item: EntryEdit, name: str) -> str:
        """Return the file that has a field of an entry."""
        may_be_elsewhere = name == item.live.kind.document and not self.file.markdown
        written = entry.text_of(f"{name}_file") if may_be_elsewhere else ""
        return beside(self.path, written) if written else self.path

    # --- one field

    def _set(
        self, entry: FileEntry, item: EntryEdit, name: str, value: Any, texts: Texts
    ) -> list[Splice]:
        """Return the replacements for a field; those in another file are added to `texts`."""
        if name == item.live.kind.document and self.file.markdown:
            return [replace_from(self.file.body_start, self.text, value)]
        path = self._file_of(entry, item, name)
        if path != self.path:
            if self.users(path) > 1 or path in self.texts:
                raise NotEditable(f"several entries have the text of {path}")
            texts[path] = [replace_from(0, with_lf(self.read(path)), value)]
            return []
        return item.splices(entry, name, value)

    def _both(self, entry: FileEntry, item: EntryEdit, name: str, value: Any) -> Splice:
        """Return the lines of a field with both values between conflict markers."""
        first, last = entry.lines(name)
        ours = self.text[first:last]
        splices = item.splices(entry, name, value)
        shifted = [Splice(s.start - first, s.end - first, s.text) for s in splices]
        theirs = spliced(ours, shifted)
        rows = conflict(ours.split("\n"), theirs.split("\n"))
        return Splice(first, last, "\n".join(rows))

    # --- checking

    def _declarations(self, text: str, texts: Texts) -> list[Declaration]:
        """Return the declarations of a version of the file. Raises NotEditable for problems."""

        def body_at(path: str) -> str | None:
            now = with_lf(self.read(path))
            return spliced(now, texts.get(path, ()))

        declarations, problems = read_entries(self.path, text, body_at=body_at)
        if problems:
            why = problems[0].message
            raise NotEditable(f"a file cannot hold the new value there ({why})")
        return declarations

    def _check(self, splices: Iterable[Splice], items: Iterable[EntryEdit], texts: Texts) -> None:
        """Raise NotEditable unless exactly the values of the edits change."""
        after = self._declarations(spliced(self.text, splices), texts)
        if len(after) != len(self.before):
            raise NotEditable("a file cannot hold the new value there")
        expected: defaultdict[Key, dict[str, Any]] = defaultdict(dict)
        for item in items:
            expected[item.key].update(item.values)
        for old, new in zip(self.before, after, strict=True):
            if not _is_expected(old, new, expected[old.key]):
                raise NotEditable("another value would change too")


_options = attrgetter("ensure", "targets", "meta", "lint", "protect", "layering")


def _is_expected(old: Declaration, new: Declaration, values: Mapping[str, Any]) -> bool:
    """Return whether an entry changed in exactly these fields."""
    if _options(old) != _options(new):
        return False
    for attribute in old.kind.attributes:
        now = getattr(new.resource, attribute.name)
        if attribute.name not in values:
            if now != getattr(old.resource, attribute.name):
                return False
        elif not same(attribute, attribute.normalized(values[attribute.name]), now):
            return False
    return True


def in_raw(raw: str, splices: Iterable[Splice]) -> str:
    """Return a text with replacements at positions of its `with_lf` form; line ends stay."""
    start = len(raw) - len(raw.removeprefix("\ufeff"))
    if "\r" not in raw:
        return spliced(raw, (Splice(s.start + start, s.end + start, s.text) for s in splices))
    offsets, at = [], start
    while at < len(raw):
        offsets.append(at)
        at += 2 if raw.startswith("\r\n", at) else 1
    offsets.append(len(raw))
    end = line_end(raw)
    return spliced(
        raw,
        (Splice(offsets[s.start], offsets[s.end], s.text.replace("\n", end)) for s in splices),
    )
