"""Turn what the forms found into new files and a report. Pure: reads and writes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from devinops.ingest.forms._rule import humanized
from devinops.ingest.import_form import (
    Contents,
    ForeignObject,
    Form,
    ImportChoices,
    ImportSource,
    ImportText,
)
from devinops.ingest.scan_live import findings, findings_in
from devinops.kinds import KINDS
from devinops.load.discover import section_of, with_lf
from devinops.load.markdown import spans, split
from devinops.load.placeholders import PLACEHOLDER
from devinops.load.source_tree import comments
from devinops.model.credentials import masked
from devinops.model.grouping import grouped
from devinops.model.keys import ROOT, FolderPath, Key, folder_path, join_folder
from devinops.model.kind import Kind, Lifecycle, Resource, Use
from devinops.model.objects import Declaration
from devinops.model.values import UNSET, canonical_text
from devinops.schema.findings import check, entry_checker
from devinops.writers.file_names import folder_of
from devinops.writers.new_files import NewEntry, NewFile, canonical, new_files

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True)
class ImportOrigin:
    """Where something comes from: the path and line of a source, and the title of its form."""

    path: str
    form: str
    line: int = 1

    def __str__(self) -> str:
        return self.path if self.line == 1 else f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Imported:
    """An entry in a new file, or in one that is `overwritten`.

    `unwritten` is the field that a person must write. `id` and `address` are those of a live object
    and of its Terraform resource. `shared` are the arguments of that resource that the entry sets,
    if others stay there.
    """

    key: Key
    file: str
    origin: ImportOrigin
    overwritten: bool = False
    unwritten: str = ""
    id: str = ""
    address: str = ""
    shared: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_adopted(self) -> bool:
        """Whether apply adopts the object if it equals its entry."""
        return KINDS[self.key.kind].lifecycle is not Lifecycle.CONTRACT

    @property
    def differs(self) -> bool:
        """Whether its entry does not say all that the source does."""
        return bool(self.remarks or self.unwritten)


@dataclass(frozen=True)
class Duplicate:
    """Something that an entry already has: `same` says which, `file` in which file.

    `imported`: it became an entry anyway, because it has another name.
    """

    origin: ImportOrigin
    what: str
    same: Key
    file: str
    imported: bool = False


@dataclass(frozen=True)
class NotImported:
    """Something that is not imported, and why."""

    origin: ImportOrigin
    what: str
    why: str


@dataclass
class ImportReport:
    """What an import does: the files to write, what each source became, and what was left out.

    `remarks` are about whole sources, by path. `unread` counts the files that were not read, by
    what they are, and `broken_links` the links that lead nowhere from the new files. `settled` are
    the Terraform addresses of objects that entries have already.
    """

    files: list[NewFile] = field(default_factory=list)
    imported: list[Imported] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    not_imported: list[NotImported] = field(default_factory=list)
    remarks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unread: Mapping[str, int] = field(default_factory=dict)
    broken_links: int = 0
    settled: list[Imported] = field(default_factory=list)

    def leave(self, path: str, reason: str) -> None:
        """Note that a file was not written after all."""
        left = [item for item in self.imported if item.file == path]
        self.not_imported += [NotImported(item.origin, str(item.key), reason) for item in left]
        self.imported = [item for item in self.imported if item not in left]
        self.files = [file for file in self.files if file.path != path]


@dataclass(frozen=True)
class Existing:
    """What the repository already has: the declarations, and the paths of all files.

    `ignored` tells which paths are not read. `force` overwrites entries. `raw` returns a file by
    its path, with its own line ends; None if it cannot be read.
    """

    declared: Mapping[Key, Declaration] = field(default_factory=dict)
    taken: Collection[str] = ()
    ignored: Callable[[str], bool] = lambda _: False
    force: bool = False
    raw: Callable[[str], str | None] = lambda _: None


def import_contents(
    sources: Iterable[tuple[ImportSource, Form, Contents]],
    choices: ImportChoices,
    repository: Existing,
) -> ImportReport:
    """Return the report of importing what the forms found in sources, in their order."""
    sources = list(sources)
    run = _Import(choices, repository)
    for _, _, contents in sources:
        for noun, names in contents.names.items():
            run.names.setdefault(noun, {}).update(names)
    for source, form, contents in sources:
        run.add(source, form, contents)
    run.settle_names()
    run.settle_handles()
    run.place_files()
    return run.report


@dataclass(frozen=True)
class _Candidate:
    """An entry that is not in a file yet."""

    kind: Kind
    values: Mapping[str, Any]
    origin: ImportOrigin
    other_name: str = ""
    """What tells it from another text with the same name; empty if it must keep its name."""
    unwritten: str = ""
    id: str = ""
    address: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        folder = self.values.get(self.kind.parent or "") or ROOT
        named = {name: self.values.get(name, "") for name in self.kind.identity.fields}
        return self.kind.identity.key(
            self.kind.noun, folder_path(folder), self.kind.resource(**named)
        )

    @property
    def text(self) -> str:
        return str(self.values.get(self.kind.document or "", ""))

    def renamed(self, name: str) -> _Candidate:
        remark = f"renamed: another text has the name {self.key.name}"
        values = {**self.values, self.kind.identity.fields[0]: name}
        return replace(self, values=values, remarks=(*self.remarks, remark))


@dataclass
class _Import:
    """One import while it is prepared."""

    choices: ImportChoices
    repository: Existing
    report: ImportReport = field(default_factory=ImportReport)
    candidates: list[_Candidate] = field(default_factory=list)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    """Noun → id → how files spell a reference to that object, from all sources."""

    # what was found

    def add(self, source: ImportSource, form: Form, contents: Contents) -> None:
        origin = ImportOrigin(source.path, form.title)
        if contents.remarks:
            self.report.remarks[source.path] = tuple(map(masked, contents.remarks))
        for omission in contents.omissions:
            self.not_imported(origin, omission.what, omission.why)
        for item in contents.items:
            if isinstance(item, ImportText):
                self.add_text(item, source, replace(origin, line=item.line))
            else:
                self.add_object(item, origin)

    def add_text(self, text: ImportText, source: ImportSource, origin: ImportOrigin) -> None:
        candidate = _of_text(text, source, origin, self.choices)
        if suspicious := findings_in([("description", text.when), ("name", text.handle)]):
            self.leave_out_suspect(candidate, suspicious)
        elif candidate.text:
            self.accept(candidate)
        else:
            self.leave_out(candidate, "it has no text")

    def add_object(self, item: ForeignObject, origin: ImportOrigin) -> None:
        kind = KINDS[item.kind]
        values, remarks = dict(item.values), list(item.remarks)
        for name, id in item.unnamed.items():
            ref = kind.by_name[name].ref or ""
            if spelled := self.names.get(ref, {}).get(id):
                values[name] = spelled
            else:
                remarks.append(f"{name}: only the id of the {KINDS[ref].name} is known: {id}")
        candidate = _Candidate(
            kind, values, origin, id=item.id, address=item.address, remarks=tuple(remarks)
        )
        self.accept(candidate)

    def accept(self, candidate: _Candidate) -> None:
        """Keep a candidate, unless it has something that a reviewer must see in the source."""
        if suspicious := findings(candidate.kind.resource(**candidate.values)):
            self.leave_out_suspect(candidate, suspicious)
        else:
            self.candidates.append(_without_misfits(candidate))

    def leave_out_suspect(self, candidate: _Candidate, suspicious: Sequence[str]) -> None:
        self.leave_out(candidate, f"it contains {'; '.join(suspicious)}: remove that first")

    def leave_out(self, candidate: _Candidate, why: str) -> None:
        what = str(candidate.key) + (f" ({candidate.id})" if candidate.id else "")
        self.not_imported(candidate.origin, what, why)

    def not_imported(self, origin: ImportOrigin, what: str, why: str) -> None:
        self.report.not_imported.append(NotImported(origin, masked(what), masked(why)))

    # names

    def settle_names(self) -> None:
        """Make the keys unique: drop what is there twice, rename texts, leave out objects."""
        by_key = grouped((candidate.key, candidate) for candidate in self.candidates)
        # An entry that has such a name already comes from an earlier import.
        known = set(by_key)
        settled: dict[int, _Candidate] = {}
        copies: list[tuple[_Candidate, _Candidate]] = []
        for group in by_key.values():
            distinct = self.distinct(group, copies)
            first, *others = distinct
            if others and any(not item.other_name for item in distinct):
                self.leave_out_namesakes(group)
                continue
            settled[id(first)] = first
            for other in others:
                renamed = other.renamed(_new_name(other, known))
                settled[id(other)] = renamed
                known.add(renamed.key)
        self.candidates = list(settled.values())
        for copy, first in copies:
            if same := settled.get(id(first)):
                self.duplicate(copy, same.key, str(same.origin))

    def settle_handles(self) -> None:
        """Leave a handle to the first text that has it."""
        taken: set[str] = set()
        for at, item in enumerate(self.candidates):
            name = item.kind.meaning.handle
            handle = str(item.values.get(name, ""))
            if item.other_name and handle.lower() in taken:
                values = {field: value for field, value in item.values.items() if field != name}
                remark = f"not carried over: {name}: another text has {handle} too"
                self.candidates[at] = replace(item, values=values, remarks=(*item.remarks, remark))
            elif handle:
                taken.add(handle.lower())

    def distinct(
        self, group: Sequence[_Candidate], copies: list[tuple[_Candidate, _Candidate]]
    ) -> list[_Candidate]:
        """Return the candidates of a key that differ; `copies` gets each other one and its twin."""
        distinct: list[_Candidate] = []
        for candidate in group:
            first = next((other for other in distinct if _is_same(candidate, other)), None)
            if first:
                copies.append((candidate, first))
            else:
                distinct.append(candidate)
        return distinct

    def duplicate(self, candidate: _Candidate, same: Key, file: str) -> None:
        self.report.duplicates.append(Duplicate(candidate.origin, "the same as", same, file))

    def leave_out_namesakes(self, group: Sequence[_Candidate]) -> None:
        ids = ", ".join(dict.fromkeys(item.id for item in group))
        why = f"several objects have this key ({ids}): rename all but one in the web app"
        for candidate in group:
            self.leave_out(candidate, why)

    # files

    def place_files(self) -> None:
        """Turn the candidates into files."""
        new: list[_Candidate] = []
        for item in self.candidates:
            if declared := self.repository.declared.get(item.key):
                self.compare(item, declared)
            else:
                new.append(item)
        entries = [self.entry(item) for item in new]
        files, left_out = new_files(
            entries,
            taken=self.repository.taken,
            declared=self.repository.declared.keys(),
            ignored=self.repository.ignored,
            text_of=self.repository.raw,
        )
        reasons = {id(left.entry.values): left.reason for left in left_out}
        files_of = {each.key: file.path for file in files for each in file.declarations}
        self.report.files += files
        for item, entry in zip(new, entries, strict=True):
            if reason := reasons.get(id(entry.values)):
                self.leave_out(item, reason)
            else:
                self.report.imported.append(_imported(item, files_of[item.key]))
        self.note_same_texts()

    def entry(self, item: _Candidate) -> NewEntry:
        return NewEntry(item.kind.noun, {**item.values, **self.choices.settings})

    def compare(self, item: _Candidate, declared: Declaration) -> None:
        """Report a candidate whose key an entry has; `force` overwrites the entry if it can."""
        path, entry = declared.source.path, self.entry(item)
        if _has_values(declared.resource, item):
            self.duplicate(item, item.key, path)
            if item.address:
                self.report.settled.append(_imported(item, path))
        elif not self.repository.force:
            self.leave_out(item, f"{path} has an entry with this key; --force overwrites it")
        elif (file := _replacement(item, entry, declared)) is None:
            why = f"{path} has other entries, another folder or other targets: edit it by hand"
            self.leave_out(item, why)
        elif lost := _lost(item, entry, with_lf(self.repository.raw(path) or "")):
            self.leave_out(
                item,
                f"{path} has more than the source, and --force would drop it ({', '.join(lost)}): "
                "edit it by hand",
            )
        else:
            self.report.files.append(file)
            self.report.imported.append(_imported(item, path, overwritten=True))

    def note_same_texts(self) -> None:
        """Report the entries that have the text of an earlier one."""
        texts: dict[str, tuple[Key, str]] = {}
        for declared in self.repository.declared.values():
            text = declared.kind.text_of(declared.resource)
            texts.setdefault(text, (declared.key, declared.source.path))
        imported = {item.key: item for item in self.report.imported}
        for item in self.candidates:
            entry = imported.get(item.key)
            if entry is None or not item.text:
                continue
            key, path = texts.setdefault(item.text, (item.key, entry.file))
            if key != item.key:
                self.report.duplicates.append(
                    Duplicate(item.origin, "the same text as", key, path, imported=True)
                )


def _imported(item: _Candidate, file: str, *, overwritten: bool = False) -> Imported:
    return Imported(
        key=item.key,
        file=file,
        origin=item.origin,
        overwritten=overwritten,
        unwritten=item.unwritten,
        id=item.id if item.kind.lifecycle is Lifecycle.MANAGED else "",
        address=item.address,
        shared=tuple(
            arg for name, arg in item.kind.terraform.shared.items() if name in item.values
        ),
        remarks=tuple(map(masked, item.remarks)),
    )


# --- from texts to entries ------------------------------------------------------------------------


def _of_text(
    text: ImportText, source: ImportSource, origin: ImportOrigin, choices: ImportChoices
) -> _Candidate:
    own_kind = KINDS[text.key.kind] if text.key else None
    kind = own_kind if own_kind and own_kind.meaning.use else _BY_USE[text.use]
    remarks = list(text.remarks)
    known = _known_values(text, kind)
    name_field, *_ = kind.identity.fields
    name = " ".join(_UNPRINTABLE.sub(" ", text.name).split()) or "Untitled"
    values = kind.identity.values(text.key) if text.key else {name_field: name}
    if kind.parent:
        values[kind.parent] = _folder(text, choices, known.pop(kind.parent, None))
    fields = kind.meaning
    unwritten = ""
    if fields.when:
        own = known.pop(fields.when, "") if text.key else ""
        values[fields.when] = own or text.when or PLACEHOLDER
        unwritten = fields.when if values[fields.when] == PLACEHOLDER else ""
    if fields.always and text.always:
        remarks.append(_pinned(known, fields.always, choices.repo))
    if fields.handle and text.handle:
        known.setdefault(fields.handle, f"!{text.handle.removeprefix('!')}")
    values = {**values, **known, kind.document or "": canonical_text(text.text)}
    places = map(humanized, (source.stem, *reversed(source.path.split("/")[:-1])))
    other_name = next((part for part in places if part not in ("", humanized(name))), "copy")
    return _Candidate(kind, values, origin, other_name, unwritten, remarks=tuple(remarks))


def _known_values(text: ImportText, kind: Kind) -> dict[str, Any]:
    """Return the values of fields that the source has, without the name and the text."""
    left_out = (*kind.identity.fields, kind.document)
    return {
        name: value
        for name, value in text.values.items()
        if name in kind.by_name and name not in left_out
    }


def _pinned(known: dict[str, Any], field: str, repo: str) -> str:
    """Pin a text that is always used to a repository if there is one, and return a remark."""
    if not repo:
        return "it was always used in its repository: --repository OWNER/NAME pins it there"
    known.setdefault(field, repo)
    return f"always used, so {field} is {known[field]}"


_BY_USE: Final = {kind.meaning.use: kind for kind in KINDS.values() if kind.meaning.use}
assert set(_BY_USE) == set(Use)


def _folder(text: ImportText, choices: ImportChoices, written: Any) -> FolderPath:
    """Return the folder of the text: the chosen one, and below it the one that the source says."""
    if text.key:
        own = text.key.folder
    elif isinstance(written, str):
        own = folder_path(written)
    else:
        own = join_folder(part for part in text.directory.split("/") if part)
    above = folder_path(choices.into)
    return FolderPath("/".join(filter(None, (above, own))))


def _new_name(item: _Candidate, known: Collection[Key]) -> str:
    """Return a name for a text that no other entry has."""
    name = f"{item.key.name} ({item.other_name})"
    number = 1
    while item.key._replace(name=name) in known:
        number += 1
        name = f"{item.key.name} ({item.other_name} {number})"
    return name


def _without_misfits(item: _Candidate) -> _Candidate:
    """Return a candidate without the values that its fields do not allow, if it can do without."""
    kind = item.kind
    findings = list(check(entry_checker(kind.noun), dict(item.values), hides_values=True))
    wrong = {str(finding.path[0]) for finding in findings if finding.path}
    optional = {name for name in wrong if name in kind.by_name and not kind.by_name[name].required}
    if not optional:
        return item
    values = {name: value for name, value in item.values.items() if name not in optional}
    remarks = [f"not carried over: {name}: this field cannot have the value" for name in optional]
    return replace(item, values=values, remarks=(*item.remarks, *sorted(remarks)))


# --- comparing ------------------------------------------------------------------------------------


def _is_same(candidate: _Candidate, other: _Candidate) -> bool:
    if candidate.other_name and candidate.text and candidate.text == other.text:
        return True
    return candidate.values == other.values


def _has_values(resource: Resource, item: _Candidate) -> bool:
    """Return whether an entry says what a candidate says."""
    fields = item.kind.by_name
    declared = dict(resource.items())
    written = {name: value for name, value in item.values.items() if value and value != PLACEHOLDER}
    return all(
        name in fields
        and declared.get(name) == fields[name].normalized(canonical(fields[name], value))
        for name, value in written.items()
    )


def _replacement(item: _Candidate, entry: NewEntry, declared: Declaration) -> NewFile | None:
    """Return the file that takes the place of an existing Markdown file; None if none can."""
    path = declared.source.path
    files, _ = new_files([entry], taken=())
    section, directories = section_of(path)
    folder = folder_of("/".join((section, *directories)))
    if not (files and path.endswith(".md") and files[0].path.endswith(".md")):
        return None
    if section != item.kind.section or folder != item.key.folder:
        return None
    if entry.values.get("targets") not in (None, [*(declared.targets or ())]):
        return None
    return NewFile(path, files[0].text)


def _lost(item: _Candidate, entry: NewEntry, text: str) -> list[str]:
    """Return what the Markdown file of an entry has and a candidate does not, as text."""
    written, _ = split(text, "")
    span = spans(text)
    if written is None or span is None:
        return ["a file that cannot be read"]
    values = {name for name, value in entry.values.items() if value is not UNSET}
    lost = [name for name in written.front.data if name not in values - {item.unwritten}]
    start, end, _ = span
    return [*lost, *(["comments"] if comments(text[start:end]) else [])]
