"""Turn entries into new files that `load` reads back as the same declarations."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from devinops.kinds import KINDS
from devinops.load import read_entries
from devinops.load.cross_checks import composed
from devinops.load.yamltree import LEVELS
from devinops.model.grouping import grouped
from devinops.model.keys import Key, decode_part
from devinops.model.kind import Attribute, Kind
from devinops.model.objects import Declaration, Source
from devinops.model.values import UNSET, canonical_text, parts_of
from devinops.writers import field_order, yaml_text
from devinops.writers.append_entries import appended
from devinops.writers.edit_fields import NotEditable
from devinops.writers.file_names import Paths, directory, folder_of, stem

MARKDOWN: Final = ".md"
YAML: Final = ".yaml"


@dataclass(frozen=True)
class NewEntry:
    """An entry to write: `values` by the names that they have in files.

    Fields come first, then settings of an entry, such as `targets` or `meta`. A value that is UNSET
    is not written; None is written as null.
    """

    kind: str
    values: Mapping[str, Any]


@dataclass(frozen=True, order=True)
class NewFile:
    """A file to write: path relative to the root, with `/`, and text with LF line ends.

    `entries` are what it was made of, and `declarations` what `load` reads from it, in the same
    order. `extended`: the file exists, and has other entries too.
    """

    path: str
    text: str
    entries: tuple[NewEntry, ...] = field(default=(), compare=False)
    declarations: tuple[Declaration, ...] = field(default=(), compare=False)
    extended: bool = field(default=False, compare=False)

    def in_directory(self, directory: str) -> NewFile:
        """Return this file in another directory, whose path ends with `/`."""
        path = directory + self.path
        declarations = (d._replace(source=d.source._replace(path=path)) for d in self.declarations)
        return replace(self, path=path, declarations=tuple(declarations))


@dataclass(frozen=True)
class LeftOut:
    """An entry that no file can hold, and why; the reason ends a sentence after a colon."""

    entry: NewEntry
    reason: str


def new_files(
    entries: Iterable[NewEntry],
    *,
    taken: Collection[str],
    declared: Collection[Key] = (),
    ignored: Callable[[str], bool] = lambda _: False,
    text_of: Callable[[str], str | None] = lambda _: None,
) -> tuple[list[NewFile], list[LeftOut]]:
    """Return the files for entries, sorted by path, and the entries that no file can hold.

    `taken` are the paths of all files that exist below the root: none of them is written.
    `declared` are the keys that entries in existing files have. Each entry of a kind with a
    document becomes a Markdown file, whose directory is the folder; the others share a YAML file
    for each kind. An entry with a key that another has, even in a different Unicode form, is left
    out, and so is one whose file would be `ignored`. `text_of` returns the text of an existing YAML
    file, with its own line ends, to which entries may be added.
    """
    known = {composed(key): key for key in declared}
    accepted, left_out = accept(entries, known, Checks())
    files, more = write_entries(accepted, taken=taken, ignored=ignored, text_of=text_of)
    return files, [*left_out, *more]


def write_entries(
    accepted: Iterable[Accepted],
    *,
    taken: Collection[str],
    ignored: Callable[[str], bool],
    text_of: Callable[[str], str | None],
    directory: str = "",
) -> tuple[list[NewFile], list[LeftOut]]:
    """Return the files for entries that `accept` returned; see `new_files`.

    Entries with one key must be for different targets. `directory` is that of a layer, with `/` at
    the end; `taken` are paths below it.
    """
    accepted = sorted(accepted, key=lambda item: item.order)
    left_out: list[LeftOut] = []
    paths = Paths(taken)
    pages = [item for item in accepted if item.kind.document]
    for item in pages:
        # Directories have their names before any file can take one.
        paths.directory(item.kind.section, item.key.folder)
    files = [item.file(paths) for item in pages]
    by_kind = grouped((item.kind.noun, item) for item in accepted if not item.kind.document)
    for group in (by_kind[noun] for noun in KINDS if noun in by_kind):
        path = f"{group[0].kind.section}{YAML}"
        try:
            files.append(_yaml(path, group, paths, lambda path: text_of(directory + path)))
        except NotEditable as error:
            reason = f"{directory}{path} exists, and {error}: add the entry there by hand"
            left_out += [LeftOut(item.entry, reason) for item in group]
    files = [file.in_directory(directory) for file in files]
    unread = [file for file in files if ignored(file.path)]
    for file in unread:
        reason = f"its file would be {file.path}, which `ignore` in devinops.yaml matches"
        left_out += [LeftOut(entry, reason) for entry in file.entries]
    return sorted(file for file in files if file not in unread), left_out


def _yaml(
    path: str, items: Sequence[Accepted], paths: Paths, text_of: Callable[[str], str | None]
) -> NewFile:
    """Return the YAML file of a kind. Raises NotEditable if it exists and cannot be extended."""
    kind, values = items[0].kind, [item.values for item in items]
    if not paths.is_taken(path):
        return _file(path, _section(kind, values), items)
    text = text_of(path)
    if text is None:
        raise NotEditable("it cannot be read")
    new, declarations = appended(path, text, kind.section, values)
    entries = tuple(item.entry for item in items)
    return NewFile(path, new, entries, tuple(declarations), extended=True)


def _file(path: str, text: str, items: Sequence[Accepted]) -> NewFile:
    declarations = (
        item.declaration._replace(source=Source(path, number))
        for number, item in enumerate(items, 1)
    )
    return NewFile(path, text, tuple(item.entry for item in items), tuple(declarations))


# --- checking -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Accepted:
    """An entry that a file can hold, with its values as they are written."""

    entry: NewEntry
    values: Mapping[str, Any]
    declaration: Declaration

    @property
    def kind(self) -> Kind:
        return self.declaration.kind

    @property
    def key(self) -> Key:
        return self.declaration.key

    def with_options(self, **options: Any) -> Accepted:
        """Return this with more settings of an entry, such as `targets`."""
        return replace(self, values=_written(self.kind, {**self.values, **options}))

    @property
    def order(self) -> tuple[bool, str, str]:
        """Folders that give their own name to a directory come first."""
        parts = map(decode_part, self.key.folder.split("/"))
        return any(directory(part) != part for part in parts if part), self.key.kind, self.key.path

    def file(self, paths: Paths) -> NewFile:
        """Return the file of an entry that has one of its own."""
        kind = self.kind
        above = paths.directory(kind.section, self.key.folder)
        values = dict(self.values)
        if _has_empty_document(kind, values):
            path = paths.file(above, stem(self.key.name, kind.noun), YAML)
            return _file(path, _section(kind, [values]), [self])
        if kind.parent and folder_of(above) == self.key.folder:
            values.pop(kind.parent, None)
        path = paths.file(above, stem(self.key.name, kind.noun), MARKDOWN)
        return _file(path, _page(kind, values), [self])


def accept(
    entries: Iterable[NewEntry], declared: dict[Key, Key], checks: Checks
) -> tuple[list[Accepted], list[LeftOut]]:
    """Return the entries that a file can hold, in the order of writing, and the others.

    `declared` maps the NFC form of each key that is in use to the key. It gets the new keys.
    """
    accepted, left_out = [], []
    for entry in entries:
        result = checks.of(entry)
        if isinstance(result, str):
            left_out.append(LeftOut(entry, result))
        else:
            accepted.append(result)
    unique = []
    for item in sorted(accepted, key=lambda item: item.order):
        in_nfc = composed(item.key)
        if first := declared.get(in_nfc):
            left_out.append(LeftOut(item.entry, _twin(item.key, first)))
        else:
            declared[in_nfc] = item.key
            unique.append(item)
    return unique, left_out


def _twin(key: Key, first: Key) -> str:
    if key == first:
        return f"another entry has the key {key}"
    return (
        f"its key differs only in the Unicode form from another entry's "
        f"({key.path!a} and {first.path!a}): rename one of the two objects"
    )


class Checks:
    """Checks whether files can hold entries, and remembers the results."""

    def __init__(self) -> None:
        self._results: dict[tuple[str, str], tuple[Mapping[str, Any] | None, Accepted | str]] = {}

    def of(self, entry: NewEntry) -> Accepted | str:
        """Return the entry as it is written, or the reason why no file can hold it."""
        identity = KINDS[entry.kind].identity.fields
        identity_key = entry.kind, repr([entry.values.get(name) for name in identity])
        values, result = self._results.get(identity_key, (None, ""))
        if values != entry.values:
            result = _checked(entry)
            self._results[identity_key] = entry.values, result
        return replace(result, entry=entry) if isinstance(result, Accepted) else result


def _checked(entry: NewEntry) -> Accepted | str:
    """Return the entry as it is written, or the reason why no file can hold it."""
    kind = KINDS[entry.kind]
    values = _written(kind, entry.values)
    if _is_too_deep(values):
        return f"it has more than {LEVELS - _OUTER_LEVELS} levels of nesting"
    if kind.document and not _has_empty_document(kind, values):
        path, text = f"{kind.section}/entry{MARKDOWN}", _page(kind, values)
    else:
        path, text = f"{kind.section}{YAML}", _section(kind, [values])
    surrogate = None if text.isascii() else re.search("[\ud800-\udfff]", text)
    if surrogate:
        code = f"U+{ord(surrogate[0]):04X}"
        return f"it contains {code}, half of a character, which UTF-8 cannot hold"
    declarations, problems = read_entries(path, text)
    if problems:
        field, message = _field_at(problems[0].source, kind, path, text), problems[0].message
        return f"{field}: {message}" if field else message
    if len(declarations) != 1:
        return "a file cannot hold it"
    (declaration,) = declarations
    if changed := _changed(kind, values, declaration):
        return f"its {', '.join(changed)} would be read from a file as another value"
    return Accepted(entry, values, declaration)


_OUTER_LEVELS: Final = 3


def _has_empty_document(kind: Kind, values: Mapping[str, Any]) -> bool:
    """Return whether the text is empty: in Markdown this is a problem, in YAML it is on purpose."""
    return kind.document is not None and values.get(kind.document) == ""


def _changed(kind: Kind, values: Mapping[str, Any], declaration: Declaration) -> list[str]:
    """Return the fields whose value in the declaration differs from the one written."""
    read = dict(declaration.resource.items())
    fields = kind.by_name
    given = {name: fields[name].normalized(values[name]) for name in values if name in fields}
    if kind.parent:
        given[kind.parent] = given.get(kind.parent) or ""
        read[kind.parent] = read.get(kind.parent) or ""
    return [name for name in fields if given.get(name, UNSET) != read.get(name, UNSET)]


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(LEVELS - _OUTER_LEVELS):
        level = [part for outer in level for part in parts_of(outer)]
        if not level:
            return False
    return True


def _field_at(source: Source, kind: Kind, path: str, text: str) -> str | None:
    """Return the field whose value is at a position; None if the position is the entry's own."""
    rows = text.split("\n")
    is_page = path.endswith(MARKDOWN)
    if is_page and source.line > rows.index(_FENCE, 1):
        return kind.document
    name = _OF_PAGE if is_page else _OF_SECTION
    above = [
        (i, match) for i, row in enumerate(rows[: source.line], 1) if (match := name.match(row))
    ]
    if not above:
        return None
    number, match = above[-1]
    is_key = number == source.line and source.column <= match.end()
    return None if is_key else match[1]


_FENCE: Final = "---"
_OF_PAGE: Final = re.compile(r"(\w+):")
_OF_SECTION: Final = re.compile(r"  [- ] (\w+):")
"""The name of a field where the files have it; lines of texts have a longer indentation."""


# --- writing --------------------------------------------------------------------------------------


def _written(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in the order of fields, texts in their canonical form."""
    order = field_order.of_entry(kind)
    names = [*order, *(name for name in values if name not in order)]
    return {
        name: canonical(kind.by_name.get(name), values[name])
        for name in names
        if name in values and values[name] is not UNSET
    }


def canonical(attribute: Attribute | None, value: Any) -> Any:
    """Return a value as a file has it; that of an option has no attribute."""
    is_text = attribute and attribute.text and isinstance(value, str)
    return canonical_text(value) if is_text else value


def _page(kind: Kind, values: Mapping[str, Any]) -> str:
    """Return the text of a Markdown file: front matter, and the document below it, if any."""
    front = {name: value for name, value in values.items() if name != kind.document}
    rows = "".join(f"{row}\n" for row in yaml_text.mapping(front))
    document = values.get(kind.document or "")
    return f"{_FENCE}\n{rows}{_FENCE}\n" + ("" if document is None else f"\n{document}\n")


def _section(kind: Kind, entries: list[Mapping[str, Any]]) -> str:
    """Return the text of a YAML file."""
    return "\n".join([*yaml_text.mapping({kind.section: entries}), ""])
