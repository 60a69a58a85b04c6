"""Files → declarations. Every problem of every file is found; none hides another's.

The codes of the problems are in `codes.CODES`. Modules: `files` finds and reads, by `names` and `globs`,
`yamltree` and `markdown` parse, `entries` judges one entry, `duplicates` compares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devinops.kinds import KINDS
from devinops.load import discover as files
from devinops.load.duplicates import duplicates, same_folders
from devinops.load.entries import control_problems, declare, findings_to_problems
from devinops.load.globs import Ignore, read_rules
from devinops.load.markdown import split
from devinops.load.names import CONFIG, misnamed, misnamed_configs
from devinops.load.problems import CODES, problem
from devinops.load.yamltree import Node, parse
from devinops.model.objects import Declaration, Problem, Source
from devinops.schema.findings import check

__all__ = [
    "CODES",
    "CONFIG",
    "Document",
    "Loaded",
    "load",
    "misnamed_config_problems",
    "misnamed_configs",
    "read_yaml",
]


@dataclass(frozen=True)
class Loaded:
    """What the files say: declarations by key, problems by place, and the files they are from.

    `bodies` are the real paths of the files that a `body_file` names.
    """

    declarations: tuple[Declaration, ...]
    problems: tuple[Problem, ...]
    files: tuple[str, ...]
    bodies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """A YAML file as plain data in which each value and key has its place."""

    path: str
    node: Node

    @property
    def data(self) -> Any:
        return self.node.data

    def place(self, *path: str | int) -> Source:
        """Return the place of a value, or of what is nearest around it."""
        return self.node.at(path).source(self.path)

    def key_place(self, *path: str | int) -> Source:
        """Return the place of the key at the end of a path, or of what is nearest around it."""
        return self.node.at(path[:-1]).key_source(self.path, str(path[-1]))


def load(
    root: Path,
    *,
    paths: Sequence[str] = (),
    ignore: Sequence[str] = (),
    place: files.Place = files.no_place,
) -> Loaded:
    """Read all declarations below `root`; `paths` and `ignore` are those of devinops.yaml, `place` says where.

    Never raises for what is in the files or on the disk: see `Loaded.problems`. Entries with problems are
    not among the declarations, those of `duplicate-declaration` are.
    """
    finder = files.Finder(root, paths=paths, ignore=ignore, place=place)
    finder.find()
    reader = _Reader(finder.root)
    for file in finder.files:
        reader.read(file)
    found = sorted(reader.declarations, key=lambda one: (one.key, one.source))
    problems = {*finder.problems, *reader.problems, *same_folders(finder.files), *duplicates(found)}
    problems |= {found for real, found in finder.misnamed.items() if real not in reader.bodies}
    read = tuple(file.path for file in finder.files)
    return Loaded(tuple(found), tuple(sorted(problems)), read, tuple(sorted(reader.bodies - {""})))


class _Reader:
    """Reads the files of one root, one after the other."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.declarations: list[Declaration] = []
        self.problems: list[Problem] = []
        self.bodies: set[str] = set()
        """The real paths of the files that entries have as their bodies."""

    def read(self, file: files.File) -> None:
        text, problems = files.read_text(file.real, file.path)
        self.problems.extend(problems)
        if text is None:
            return
        if file.markdown:
            self._markdown(file, text)
        else:
            self._yaml(file, text)

    def _take(self, declared: tuple[Declaration | None, list[Problem]]) -> None:
        declaration, problems = declared
        self.problems.extend(problems)
        if declaration:
            self.declarations.append(declaration)

    def _markdown(self, file: files.File, text: str) -> None:
        kind = file.kind
        fields = [a.name for a in kind.attributes if a.required and a.name != kind.document]
        page, problems = split(text, file.path, fields)
        self.problems.extend(problems)
        if page:
            declaration, more = declare(
                page.front, kind, file.path, page=page, directories=file.directories
            )
            self._take((None if problems else declaration, more))

    def _yaml(self, file: files.File, text: str) -> None:
        documents, problems = parse(text, file.path, discreet=_discreet)
        self.problems.extend(problems)
        entries = 0
        for document in documents:
            # What stands at the top may be a secret whose section was forgotten.
            found = check("sections", document.data, discreet=True)
            wrong = list(findings_to_problems(document, file.path, found))
            self.problems.extend(wrong)
            problems.extend(wrong)
            entries += self._sections(file, document)
        if not entries and not problems:
            message = f"no entry in this file: expected a list under {', '.join(KINDS.sections)}, or no file"
            self.problems.append(problem(Source(file.path), "empty-file", message))

    def _sections(self, file: files.File, document: Node) -> int:
        """Declare all entries of a document. Returns how many there are."""
        entries = 0
        for kind in KINDS.values():
            section = document.at((kind.section,))
            if section is not document and isinstance(section.children, list):
                entries += len(section.children)
                for node in section.children:
                    self._take(declare(node, kind, file.path, read_body=self._body_reader(file)))
        return entries

    def _body_reader(self, file: files.File) -> Any:
        def read(written: str, source: Source) -> tuple[str | None, list[Problem]]:
            body = files.read_body(written, file, self.root, source)
            self.bodies.add(body.real)
            return body.text, body.problems + control_problems(body.text or "", body.path)

        return read


def _discreet(section: str | None) -> bool:
    """Tell whether problems in a section must not repeat what is there: an unknown one may be that of secrets."""
    kind = KINDS.sections.get(section or "")
    return kind is None or kind.confidential


def misnamed_config_problems(root: Path, ignore: Sequence[str] = ()) -> list[Problem]:
    """Return a problem for each file in a root that was meant to be devinops.yaml and is not ignored."""
    names = misnamed_configs(str(root))
    rules, _ = read_rules(ignore if names else ())
    ignored = Ignore(rules.values())
    return [misnamed(name, CONFIG) for name in names if not ignored(name)]


def read_yaml(path: Path, root: Path, schema: str) -> tuple[Document | None, list[Problem]]:
    """Read one YAML document, such as devinops.yaml, and check it against a schema by name.

    An empty file is an empty mapping. Returns None where there is nothing to use; a document with problems
    of its values is returned beside them.
    """
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    text, problems = files.read_inside(path, root, name)
    if text is None:
        return None, problems
    documents, problems = parse(text, name)
    if len(documents) > 1:
        message = "expected one document: remove the --- and what is below it"
        problems.append(problem(documents[1].source(name), "yaml-syntax", message))
    if not documents and problems:
        return None, problems
    node = documents[0] if documents else Node(None, 1, 1)
    if node.data is None and not node.broken:
        node = Node({}, 1, 1)
        node.children, node.keys = {}, {}
    problems.extend(findings_to_problems(node, name, check(schema, node.data)))
    return Document(name, node), sorted(problems)
