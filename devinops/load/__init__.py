"""Load files as declarations, and report every problem of every file in one run.

Modules: `discover` finds and reads the files, with the help of `file_names` and `globs`;
`unread_entries` finds entries in places that are not read;
`yamltree` and `markdown` parse them; `entries` checks each entry, and `cross_checks` compares
entries with each other; `placeholders` has what `import` and `pull` leave to a person.
docs/troubleshooting.md lists the codes of all problems.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from devinops.kinds import KINDS, dropped
from devinops.load import discover as files
from devinops.load.cross_checks import duplicates, same_folders, titles_as_ids
from devinops.load.entries import declare, findings_to_problems
from devinops.load.file_names import CONFIG, misnamed, misnamed_configs
from devinops.load.globs import Ignore, read_patterns
from devinops.load.markdown import split
from devinops.load.merge_records import dump_merged, merged_file, read_merged
from devinops.load.placeholders import placeholders
from devinops.load.problems import problem
from devinops.load.unread_entries import unread_entries
from devinops.load.yamltree import Node, control_problems, parse
from devinops.model.inventory import MergedEdit
from devinops.model.objects import Declaration, Problem, Source
from devinops.planning.layers import Layers, resolve, unused
from devinops.schema.findings import SchemaFinding, check

__all__ = [
    "CONFIG",
    "Loaded",
    "TextFiles",
    "YamlDocument",
    "dump_merged",
    "hides_values",
    "load",
    "load_only",
    "merged_file",
    "misnamed_config_problems",
    "misnamed_configs",
    "parse_yaml",
    "read_entries",
    "read_yaml",
    "text_files",
]


class Loaded(NamedTuple):
    """The result of loading a root: declarations sorted by key, and problems sorted by source.

    `declarations` are the entries that targets get, one for each key and target, and `written` the
    entries of all files: they differ if several layers have one key.
    `files` are the paths of the files that were read, relative to the root. `bodies` are the real
    paths of the files that a `body_file` or devinops.yaml names. `merged` are the live values that
    pull merged into the files, for all targets.
    """

    declarations: tuple[Declaration, ...]
    problems: tuple[Problem, ...]
    files: tuple[str, ...]
    bodies: tuple[str, ...] = ()
    merged: tuple[MergedEdit, ...] = ()
    written: tuple[Declaration, ...] = ()

    def merged_for(self, target: str) -> tuple[MergedEdit, ...]:
        """Return the live values of a target that pull merged."""
        path = merged_file(target)
        return tuple(edit for edit in self.merged if edit.source.path == path)


class YamlDocument(NamedTuple):
    """A YAML file as plain data, with the source position of each value and key."""

    path: str
    node: Node

    @property
    def data(self) -> Any:
        return self.node.data

    def source_of(self, *path: str | int) -> Source:
        """Return the position of a value, or of the nearest value around it if it is missing."""
        return self.node.at(path).source(self.path)

    def key_source(self, *path: str | int) -> Source:
        """Return the position of the last key of a path, or of the nearest value around it."""
        return self.node.at(path[:-1]).key_source(self.path, str(path[-1]))


def load(
    root: Path,
    *,
    paths: Sequence[str] = (),
    ignore: Sequence[str] = (),
    source_of: files.SourceOf = files.in_config,
    layers: Layers | None = None,
    untracked: frozenset[str] = frozenset(),
    seen: Callable[[Declaration], None] = lambda _: None,
    raws: dict[str, str] | None = None,
) -> Loaded:
    """Return all declarations and problems of the files below `root`.

    `paths`, `ignore` and `layers` are the settings of devinops.yaml; `source_of` returns the
    position of each pattern. The files and directories `untracked`, by their paths from the root,
    are ignored. `seen` gets each declaration as soon as it is read, and `raws` the text of each
    file with its own line ends, by its path from the root as it is written. Never raises for the
    content of files or the state of the disk: see `Loaded.problems`. Entries with problems are not
    among the declarations, except those with `duplicate-declaration`.
    """
    finder = files.Finder(
        root, paths=paths, ignore=ignore, source_of=source_of, untracked=untracked, layers=layers
    )
    finder.find()
    reader = _EntryReader(finder.root, layers=layers, seen=seen, untracked=untracked, raws=raws)
    for file in finder.files:
        reader.read(file)
    written = sorted(reader.declarations, key=lambda item: (item.key, item.source))
    layers = layers or Layers()
    declarations, layer_problems = resolve(written, layers.targets)
    merged = tuple(read_merged(root, reader.keep, reader.problems.extend))
    problems = {*finder.problems, *reader.problems}
    problems |= {*same_folders(finder.files), *duplicates(written)}
    problems |= {*titles_as_ids(written), *placeholders(written)}
    problems |= {warning for declaration in written for warning in declaration.warnings}
    problems |= {*layers.problems, *layer_problems, *unused(written)}
    problems |= {
        item for path, item in layers.unused.items() if not finder.is_read_or_ignored(path)
    }
    not_read = [*finder.misnamed.items(), *unread_entries(finder)]
    problems |= {item for real, item in not_read if real not in reader.bodies}
    return Loaded(
        declarations=declarations,
        problems=tuple(sorted(problems)),
        files=tuple(file.path for file in finder.files),
        bodies=tuple(sorted(reader.bodies)),
        merged=merged,
        written=tuple(written),
    )


def load_only(
    root: Path, only: Sequence[str], *, untracked: frozenset[str], **settings: Any
) -> Loaded | None:
    """Return the declarations and problems of some files, each judged by itself.

    `only` are their paths from the root; `settings` are those of `load`. None if one of them is not
    a file of entries, so that only `load` can tell which entries it belongs to.
    """
    finder = files.Finder(root, untracked=untracked, **settings)
    if not finder.find_only(only) or finder.problems:
        return None
    reader = _EntryReader(finder.root, layers=settings.get("layers"), untracked=untracked)
    for file in finder.files:
        reader.read(file)
    declarations = tuple(sorted(reader.declarations, key=lambda item: (item.key, item.source)))
    return Loaded(
        declarations=declarations,
        problems=tuple(sorted(reader.problems)),
        files=tuple(file.path for file in finder.files),
        written=declarations,
    )


class TextFiles(NamedTuple):
    """The files that entries include: real path → path of the file that names it.

    Those of `possible` are files of entries too; a file that has problems may name them.
    """

    certain: Mapping[str, str]
    possible: Mapping[str, str]

    def objection(self, real: str) -> str:
        """Return why a file of entries must stay as it is; empty if it may change."""
        if path := self.certain.get(real):
            return (
                f"this file is also the text of an entry in {path}, which would change: write the "
                "text into a file that is not an entry, or list this file under `ignore`"
            )
        if path := self.possible.get(real):
            return (
                f"this file may also be the text of an entry in {path}, which would change: "
                f"correct the errors in {path} first"
            )
        return ""


def text_files(finder: files.Finder) -> TextFiles:
    """Return the files that entries name as their texts."""
    reader = _EntryReader(finder.root)
    possible: dict[str, str] = {}
    for file in finder.files:
        if file.markdown:
            continue
        text, _ = files.read_text(file.real, file.path)
        others: Iterable[files.File] = finder.files
        if text is not None:
            # No other file can name one; an escape may stand for any character.
            if "file" not in text.casefold() and "\\" not in text:
                continue
            known = len(reader.problems)
            reader.read_text(file, text)
            if len(reader.problems) == known:
                continue
            others = filter(_names_in(text, Path(finder.root, file.path).parent), finder.files)
        for other in others:
            if other != file:
                possible.setdefault(other.real, file.path)
    return TextFiles(reader.bodies, possible)


def _names_in(text: str, directory: Path) -> Callable[[files.File], bool]:
    """Return whether text with problems may name a file: spelled in any way, or by a link.

    It may be written on several lines, with doubled quotes, or on a disk that ignores case.
    """
    bare = _bare(text)
    words = {word for word in re.split(r"[\s\0'\"\[\]{},]+", text) if word}
    reals = {os.path.realpath(directory / word) for word in words}

    def may_name(file: files.File) -> bool:
        names = (_bare(path.rpartition("/")[2]) for path in (file.path, file.real))
        return "\\" in text or file.real in reals or any(name in bare for name in names)

    return may_name


def _bare(text: str) -> str:
    return re.sub(r"[\s']", "", text).casefold()


def read_entries(
    path: str, text: str, *, body_at: Callable[[str], str | None] = lambda _: None
) -> tuple[list[Declaration], list[Problem]]:
    """Return the declarations and problems of a file that need not exist; reads nothing.

    `path` decides on kind and folder, as in `load`. `body_at` returns the text of the file that a
    `body_file` names, by its path from the root; None if there is none.
    """
    reader = _EntryReader("", body_at)
    reader.read_text(files.File(path, "", *files.section_of(path)), text)
    return reader.declarations, reader.problems


@dataclass
class _EntryReader:
    """Reads the files of one root in turn, and collects their declarations and problems."""

    root: str
    body_at: Callable[[str], str | None] | None = None
    seen: Callable[[Declaration], None] = lambda _: None
    untracked: frozenset[str] = frozenset()
    raws: dict[str, str] | None = None
    layers: Layers | None = None
    declarations: list[Declaration] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    bodies: dict[str, str] = field(default_factory=dict)
    """Real path of each file that an entry names as its body → path of the entry."""

    def read(self, file: files.File) -> None:
        raw, problems = files.read_raw(file.real, file.path)
        self.problems.extend(problems)
        if raw is not None:
            self.keep(file.path, raw)
            self.read_text(file, files.with_lf(raw))

    def keep(self, path: str, raw: str) -> None:
        if self.raws is not None:
            self.raws[path] = raw

    def read_text(self, file: files.File, text: str) -> None:
        if file.markdown:
            self._markdown(file, text)
        else:
            self._yaml(file, text)

    def _add(self, result: tuple[Declaration | None, list[Problem]]) -> None:
        declaration, problems = result
        self.problems.extend(problems)
        if declaration:
            if self.layers:
                declaration = self.layers.placed(declaration)
            self.declarations.append(declaration)
            self.seen(declaration)

    def _markdown(self, file: files.File, text: str) -> None:
        kind = file.kind
        page, problems = split(text, file.path, kind)
        self.problems.extend(problems)
        if page:
            declaration, more = declare(
                page.front, kind, file.path, page=page, directories=file.directories
            )
            self._add((None if problems else declaration, more))

    def _yaml(self, file: files.File, text: str) -> None:
        documents, problems = parse(text, file.path, hides_values=hides_values)
        self.problems.extend(problems)
        entries = 0
        for document in documents:
            # A top-level key may be a secret whose section was forgotten.
            findings = map(_of_section, check("sections", document.data, hides_values=True))
            misfits = list(findings_to_problems(document, file.path, findings))
            self.problems.extend(misfits)
            problems.extend(misfits)
            entries += self._sections(file, document)
        if not entries and not problems:
            sections = ", ".join(KINDS.sections)
            message = f"this file has no entries: add a list under {sections}, or delete the file"
            self.problems.append(problem(Source(file.path), "empty-file", message))

    def _sections(self, file: files.File, document: Node) -> int:
        """Declare all entries of a document, and return their number."""
        entries = 0
        for kind in KINDS.sections.values():
            section = document.at((kind.section,))
            if section is not document and isinstance(section.children, list):
                entries += len(section.children)
                for node in section.children:
                    self._add(declare(node, kind, file.path, read_body=self._body_reader(file)))
        return entries

    def _body_reader(self, file: files.File) -> Any:
        def read(written: str, source: Source) -> tuple[str | None, list[Problem]]:
            if self.body_at is not None:
                text = self.body_at(files.beside(file.path, written))
                return text, [] if text is not None else [files.missing_file(written, file, source)]
            body = files.read_named(written, file, self.root, source, self.untracked)
            if body.real:
                self.bodies.setdefault(body.real, file.path)
            if body.raw is not None:
                self.keep(files.beside(file.path, written), body.raw)
            return body.text, body.problems + control_problems(body.text or "", body.path)

        return read


def _of_section(finding: SchemaFinding) -> SchemaFinding:
    """Return a finding about a section; of one that was dropped it says what took its place."""
    advice = dropped(str(finding.path[0])) if finding.path else ""
    return finding._replace(message=advice) if advice else finding


def hides_values(section: str | None) -> bool:
    """Return whether problems in a section must not quote it: an unknown one may hold secrets."""
    kind = KINDS.sections.get(section or "")
    return kind is None or kind.confidential


def misnamed_config_problems(
    root: Path, ignore: Sequence[str] = (), *, untracked: frozenset[str]
) -> list[Problem]:
    """Return a problem for each file in `root` that is a typo of devinops.yaml and not ignored."""
    names = [name for name in misnamed_configs(str(root)) if untracked.isdisjoint((".", name))]
    rules, _ = read_patterns(ignore if names else ())
    ignored = Ignore(rules.values())
    return [misnamed(name, CONFIG) for name in names if not ignored(name)]


def read_yaml(path: Path, root: Path, schema: str) -> tuple[YamlDocument | None, list[Problem]]:
    """Return one YAML document, such as devinops.yaml, and its problems.

    `schema` is the name of the schema to check it against. An empty file counts as an empty
    mapping. The document is None if the file cannot be read or parsed; if only its values have
    problems, both are returned.
    """
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    text, problems = files.read_inside(path, root, name)
    return (None, problems) if text is None else parse_yaml(files.with_lf(text), name, schema)


def parse_yaml(text: str, name: str, schema: str) -> tuple[YamlDocument | None, list[Problem]]:
    """Return the YAML document in a text with LF line ends, and problems, as `read_yaml` does."""
    documents, problems = parse(text, name)
    if len(documents) > 1:
        message = "expected one YAML document: remove the --- and everything below it"
        problems.append(problem(documents[1].source(name), "yaml-syntax", message))
    if not documents and problems:
        return None, problems
    node = Node.of(documents)
    problems.extend(findings_to_problems(node, name, check(schema, node.data)))
    return YamlDocument(name, node), sorted(problems)
