"""Turn an entry into a declaration, or report its problems."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize

from devinops.load.discover import beside
from devinops.load.markdown import MarkdownFile
from devinops.load.placeholders import conflict_line
from devinops.load.problems import problem
from devinops.load.yamltree import CONTROL, Node
from devinops.model.keys import FolderPath, Key, folder_path
from devinops.model.kind import Attribute, FieldPath, Kind, Path, Resource
from devinops.model.objects import NOT_LAYERED, Declaration, Ensure, Layering, Problem, Source
from devinops.model.values import canonical_text
from devinops.schema.findings import SchemaFinding, check, entry_checker, unknown_words

BodyReader = Callable[[str, Source], tuple[str | None, list[Problem]]]
"""(Path of a text file as written, its position) → text, problems."""


def findings_to_problems(
    node: Node, file: str, findings: Iterable[SchemaFinding]
) -> Iterator[Problem]:
    """Yield the findings as problems with positions, except for values that the parser reported."""
    for finding in findings:
        value = node.at(finding.path[:-1] if finding.at_key else finding.path)
        if value.broken:
            continue
        key = str(finding.path[-1]) if finding.at_key else None
        source = value.source(file) if key is None else value.key_source(file, key)
        yield problem(source, finding.code, finding.message)


def declare(
    node: Node,
    kind: Kind,
    file: str,
    *,
    page: MarkdownFile | None = None,
    directories: Sequence[str] = (),
    read_body: BodyReader | None = None,
) -> tuple[Declaration | None, list[Problem]]:
    """Return the declaration of an entry, or None, and its problems.

    `page` is the Markdown file whose front matter is the entry. `directories` name the folder of an
    entry that does not set one.
    """
    entry = _Entry(node, kind, file, page, directories, read_body)
    declaration = entry.declaration()
    return (None if entry.problems or node.tainted else declaration), entry.problems


@dataclass
class _Entry:
    """An entry while it is read: collects the values of fields, their positions and problems."""

    node: Node
    kind: Kind
    file: str
    page: MarkdownFile | None
    directories: Sequence[str]
    read_body: BodyReader | None
    problems: list[Problem] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[FieldPath, Source] = field(default_factory=dict)
    text_file: str = ""
    blank_lines: int = 0
    """How many blank lines `text_file` begins with."""

    @property
    def source(self) -> Source:
        return Source(self.file) if self.page else self.node.source(self.file)

    def report(self, source: Source, code: str, message: str) -> None:
        self.problems.append(problem(source, code, message))

    def report_invalid(self, source: Source, message: str) -> None:
        self.report(source, "invalid-value", message)

    def declaration(self) -> Declaration | None:
        """Return the declaration, or None if it has a problem."""
        rejected = self.check_schema()
        if not isinstance(self.node.data, dict):
            return None
        self.take_values(rejected)
        self.take_text(rejected)
        self.check_text()
        self.check_conflicts()
        if self.problems or self.node.tainted:
            return None
        written = self.kind.resource(**self.values)
        for path, message in self.kind.check(written):
            self.report_invalid(self.source_of(path), message)
        return None if self.problems else self.build(self.normal(written))

    def warnings(self) -> Iterator[Problem]:
        """Yield a warning for each word that only the API can judge."""
        for name, value in self.values.items():
            found = unknown_words(self.kind.by_name[name].schema, value, (name,))
            yield from findings_to_problems(self.node, self.file, found)

    def source_of(self, path: FieldPath) -> Source:
        """Return where a field is written, or the part of one that a path leads to."""
        if isinstance(path, str):
            return self.sources.get(path, self.source)
        return self.node.at(path).source(self.file)

    def normal(self, written: Resource) -> Resource:
        """Return the values in the form in which they are compared with live ones."""
        normal: dict[str, Any] = {
            attribute.name: attribute.normalized(getattr(written, attribute.name))
            for attribute in self.kind.normalizing
            if attribute.name in self.values
        }
        return dataclasses.replace(written, **normal) if normal else written

    def build(self, resource: Any) -> Declaration:
        entry = self.node.data
        key = self.kind.key(resource)
        targets = entry.get("targets")
        options = _OPTIONS & entry.keys()
        for option in options:
            self.sources[option] = self.node.at((option,)).source(self.file)
        return Declaration(
            key=key,
            resource=resource,
            source=self.source,
            ensure=self.ensure,
            previously=self.previously(key),
            protect=entry.get("protect", False),
            targets=None if targets is None else tuple(targets),
            meta=entry.get("meta", {}),
            lint=entry.get("lint", {}),
            text_file=self.text_file,
            sources=self.sources,
            layering=self.layering(options),
            warnings=tuple(self.warnings()),
        )

    def layering(self, written: Collection[str]) -> Layering:
        """Return what the entry says about other layers, and report what contradicts itself."""
        options = {name: self.node.data[name] for name in Layering._fields if name in written}
        if self.extends and (options.get("overrides") or self.ensure is not Ensure.PRESENT):
            other = "overrides: true" if options.get("overrides") else f"ensure: {self.ensure}"
            message = f"`extends: true` and `{other}` exclude each other: remove one of them"
            self.report(self.sources["extends"], "contradiction", message)
        return Layering(**options) if options else NOT_LAYERED

    @property
    def extends(self) -> bool:
        """Whether the entry has only fields that are different from those of an earlier layer."""
        return self.node.data.get("extends") is True

    @property
    def ensure(self) -> Ensure:
        value = self.node.data.get("ensure", Ensure.PRESENT)
        return Ensure(value) if value in _ENSURES else Ensure.PRESENT

    # the schema

    def check_schema(self) -> set[str]:
        """Report the findings of the schema, and return the names of the fields that have one."""
        checker = entry_checker(self.kind.noun, front_matter=self.page is not None)
        if checker.fits(self.node.data):
            return set()
        raw = check(checker, self.node.data, hides_values=self.kind.confidential)
        findings = [self.adjusted(finding) for finding in raw]
        self.problems.extend(findings_to_problems(self.node, self.file, findings))
        return {str(finding.path[0]) for finding in findings if finding.path}

    def adjusted(self, finding: SchemaFinding) -> SchemaFinding:
        """Return a finding about the text with a message that fits a Markdown file or an entry."""
        document = self.kind.document
        if document and finding.path == (document,) and finding.code == "invalid-value":
            return SchemaFinding(finding.path, "empty-text", self.empty_text)
        if (
            self.page
            and finding.code == "unknown-key"
            and finding.path in ((document,), (f"{document}_file",))
        ):
            message = (
                f"{finding.path[0]} is not allowed in front matter: "
                f"the text below it is the {document}"
            )
            return SchemaFinding(finding.path, finding.code, message, at_key=True)
        return finding

    # the fields

    def take_values(self, rejected: set[str]) -> None:
        for attribute in self.kind.attributes:
            name = attribute.name
            if name not in self.node.data or name in rejected:
                continue
            node = self.node.at((name,))
            self.sources[name] = (
                node.text_source(self.file) if attribute.text else node.source(self.file)
            )
            if not node.tainted:
                for path, part in node.below():
                    self.sources[name, *path] = part.text_source(self.file)
                self.values[name] = self.value(attribute, node.data)
        if self.kind.parent and self.kind.parent not in self.node.data:
            self.values[self.kind.parent] = self.folder_of_directories()

    def value(self, attribute: Attribute, written: Any) -> Any:
        """Return a value in its canonical form, and report what the schema cannot check."""
        name, source = attribute.name, self.sources[attribute.name]
        if attribute.text and isinstance(written, str):
            text = canonical_text(written)
            if written and not text and name != self.kind.document:
                self.report_invalid(source, "must not be blank")
            return text
        if _is_path(self.kind, attribute):
            return self.folder(source, written)
        if name in self.kind.identity.fields and isinstance(written, str):
            self.check_name(source, written)
        return written

    def folder(self, source: Source, written: str | None) -> FolderPath:
        path = folder_path(written or "")
        if _UNPRINTABLE.search(path):
            self.report_invalid(
                source, "a folder path cannot contain tabs, line breaks or control characters"
            )
        if isinstance(self.kind.identity, Path) and not path:
            self.report_invalid(
                source, "this path does not name a folder: write folder names joined with /"
            )
        return path

    def folder_of_directories(self) -> FolderPath:
        """Return the folder that the directories above a Markdown file stand for."""
        for name in self.directories:
            if name != name.strip():
                message = (
                    f"the directory name {name!r} begins or ends with white space, but a folder "
                    "name cannot: rename the directory, or set `folder`"
                )
                self.report_invalid(self.source, message)
        return self.folder(self.source, directory_folder(self.directories))

    def check_name(self, source: Source, name: str) -> None:
        if name != name.strip():
            self.report_invalid(source, "this name begins or ends with white space: remove it")
        elif _UNPRINTABLE.search(name):
            self.report_invalid(
                source, "a name cannot contain tabs, line breaks or control characters"
            )

    # the text

    @property
    def empty_text(self) -> str:
        return (
            f"the {self.kind.document} is empty: write it, or set `ensure: absent` to delete the "
            "live object"
        )

    def take_text(self, rejected: set[str]) -> None:
        """Take the text below the front matter, or of the file that the entry names."""
        document = self.kind.document
        if document is None:
            return
        file_field = f"{document}_file"
        node = self.node.at((file_field,))
        if self.page:
            text = canonical_text(self.page.body)
            if text or not self.extends:
                self.values[document] = text
                self.sources[document] = self.page.body_source
        elif file_field in self.node.data and file_field not in rejected and not node.tainted:
            self.sources[document] = self.node.key_source(self.file, file_field)
            self.take_text_file(document, node)

    def take_text_file(self, document: str, node: Node) -> None:
        if self.read_body is None:
            return
        text, problems = self.read_body(node.data, node.source(self.file))
        self.problems.extend(problems)
        if text is not None:
            self.values[document] = canonical_text(text)
            self.text_file = beside(self.file, node.data)
            self.blank_lines = text[: len(text) - len(text.lstrip())].count("\n")

    def check_text(self) -> None:
        """Report a text that is empty by accident: a truncated file must not erase a live text.

        An empty text in the entry itself, such as `body: ""`, is on purpose.
        """
        document = self.kind.document
        if document is None or self.ensure is not Ensure.PRESENT:
            return
        if self.values.get(document) == "" and (self.node.data.get(document) != "" or self.page):
            self.report(self.sources[document], "empty-text", self.empty_text)

    def check_conflicts(self) -> None:
        """Report a text that still has conflict markers."""
        for name, value in self.values.items():
            is_text = self.kind.by_name[name].text and isinstance(value, str)
            line = conflict_line(value) if is_text else None
            if line is not None:
                message = (
                    f"the {name} has conflict markers: edit the text until it is right, and "
                    "remove the markers"
                )
                self.report(self.line_of(name, line), "merge-conflict", message)

    def line_of(self, name: str, number: int) -> Source:
        """Return the position of a line of a text, counted from 0, or of the text as a whole."""
        if name == self.kind.document and self.text_file:
            return Source(self.text_file, 1 + self.blank_lines + number)
        source = self.sources.get(name, self.source)
        has_lines = (self.page and name == self.kind.document) or self.node.at((name,)).literal
        return source._replace(line=source.line + number) if has_lines else source

    # renames

    def previously(self, key: Key) -> tuple[Key, ...]:
        """Return the old keys without repetition, newest first."""
        old_keys = []
        for i, old_path in enumerate(self.node.data.get("previously", ())):
            folders = {
                name: folder_path(value or "")
                for name, value in old_path.items()
                if _is_path(self.kind, self.kind.by_name[name])
            }
            old_key = self.kind.key_with(key, {**old_path, **folders})
            if old_key == key:
                source = self.node.at(("previously", i)).source(self.file)
                message = f"{key.path} is its current name: remove this"
                self.report(source, "contradiction", message)
            old_keys.append(old_key)
        return tuple(dict.fromkeys(old_keys))


def directory_folder(names: Iterable[str]) -> FolderPath:
    """Return the path of the folder that directories stand for, in NFC.

    Some file systems, and Git on macOS, decompose a name that was typed composed, while the name of
    the folder was typed in the web app. `folder` in front matter is not normalized.
    """
    return folder_path(normalize("NFC", "/".join(names)))


_ENSURES = tuple(Ensure)
_OPTIONS = {"targets", "protect", "meta", "lint", *Layering._fields}
_UNPRINTABLE = re.compile(rf"{CONTROL.pattern}|[\t\n\u2028\u2029]")


def _is_path(kind: Kind, attribute: Attribute) -> bool:
    """Return whether a field holds the path of a folder."""
    is_own = isinstance(kind.identity, Path) and attribute.name == kind.identity.field
    return attribute.name == kind.parent or is_own
