"""One entry as written → a declaration, or the problems that keep it from being one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize

from devinops.load.markdown import Page
from devinops.load.problems import problem
from devinops.load.yamltree import CONTROL, Node, control_character
from devinops.model.keys import FolderPath, Key, folder_path
from devinops.model.kind import Attribute, Kind, Path
from devinops.model.objects import Declaration, Ensure, Problem, Source
from devinops.model.values import canonical_text
from devinops.schema.findings import Finding, check, entry_validator

BodyReader = Callable[[str, Source], tuple[str | None, list[Problem]]]
"""(Path of a text file as written, its place) → text, problems."""


def findings_to_problems(node: Node, file: str, findings: Iterable[Finding]) -> Iterator[Problem]:
    """Yield the findings as problems with their places; what the YAML itself got wrong is not said twice."""
    for finding in findings:
        concerned = finding.path[:-1] if finding.at_key else finding.path
        if not node.at(concerned).broken:
            yield problem(place(node, file, finding), finding.code, finding.message)


def place(node: Node, file: str, finding: Finding) -> Source:
    """Return where a finding below `node` is fixed."""
    if finding.at_key:
        return node.at(finding.path[:-1]).key_source(file, str(finding.path[-1]))
    return node.at(finding.path).source(file)


def declare(
    node: Node,
    kind: Kind,
    file: str,
    *,
    page: Page | None = None,
    directories: Sequence[str] = (),
    read_body: BodyReader | None = None,
) -> tuple[Declaration | None, list[Problem]]:
    """Return the declaration of an entry, or None and what is wrong with it.

    `page` is the Markdown file whose front matter the entry is, `directories` the folder where none is said.
    """
    entry = _Entry(node, kind, file, page, directories, read_body)
    declaration = entry.declaration()
    return (None if entry.problems or node.tainted else declaration), entry.problems


@dataclass
class _Entry:
    """The reading of one entry: `values` and `places` fill up, `problems` too."""

    node: Node
    kind: Kind
    file: str
    page: Page | None
    directories: Sequence[str]
    read_body: BodyReader | None
    problems: list[Problem] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Source] = field(default_factory=dict)

    @property
    def source(self) -> Source:
        return Source(self.file) if self.page else self.node.source(self.file)

    def report(self, source: Source, code: str, message: str) -> None:
        self.problems.append(problem(source, code, message))

    def declaration(self) -> Declaration | None:
        """Return the declaration, None where too little is right to make one."""
        wrong = self.check_schema()
        if not isinstance(self.node.data, dict):
            return None
        self.take_values(wrong)
        self.take_text(wrong)
        self.check_text()
        missing = set(self.kind.identity.fields) - self.values.keys()
        if self.problems or self.node.tainted or missing:
            return None
        resource = self.kind.resource(**self.values)
        for name, message in self.kind.check(resource):
            self.report(self.places.get(name, self.source), "invalid-value", message)
        return self.build(resource)

    def build(self, resource: Any) -> Declaration:
        said = self.node.data
        key = self.kind.key(resource)
        targets = said.get("targets")
        if targets is not None:
            self.places["targets"] = self.node.at(("targets",)).source(self.file)
        return Declaration(
            key=key,
            resource=resource,
            source=self.source,
            ensure=self.ensure,
            previously=self.previously(key),
            protect=said.get("protect", False),
            targets=None if targets is None else tuple(targets),
            meta=said.get("meta", {}),
            places=self.places,
        )

    @property
    def ensure(self) -> Ensure:
        said = self.node.data.get("ensure")
        return Ensure(said) if said in tuple(Ensure) else Ensure.PRESENT

    # the schema

    def check_schema(self) -> set[str]:
        """Report what the schema finds. Returns the fields concerned."""
        validator = entry_validator(self.kind.noun, front_matter=self.page is not None)
        found = check(validator, self.node.data, discreet=self.kind.confidential)
        findings = [self.adjusted(finding) for finding in found]
        self.problems.extend(findings_to_problems(self.node, self.file, findings))
        return {str(finding.path[0]) for finding in findings if finding.path}

    def adjusted(self, finding: Finding) -> Finding:
        """Say of a body what only its surroundings tell."""
        document = self.kind.document
        if document and finding.path == (document,) and finding.code == "invalid-value":
            return Finding(finding.path, "empty-text", self.empty_text)
        if (
            self.page
            and finding.code == "unknown-key"
            and finding.path in ((document,), (f"{document}_file",))
        ):
            message = (
                f"{finding.path[0]} has no place here: the text below the front matter is the "
                f"{document}"
            )
            return Finding(finding.path, finding.code, message, at_key=True)
        return finding

    # the fields

    def take_values(self, wrong: set[str]) -> None:
        for attribute in self.kind.attributes:
            name = attribute.name
            if name not in self.node.data or name in wrong:
                continue
            node = self.node.at((name,))
            self.places[name] = (
                node.text_source(self.file) if attribute.text else node.source(self.file)
            )
            if not node.tainted:
                self.values[name] = self.value(attribute, node.data)
        if self.kind.parent and self.kind.parent not in self.node.data:
            self.values[self.kind.parent] = self.folder_of_directories()

    def value(self, attribute: Attribute, written: Any) -> Any:
        """Return a value in its one spelling."""
        name, place = attribute.name, self.places[attribute.name]
        if attribute.text and isinstance(written, str):
            text = canonical_text(written)
            if written and not text and name != self.kind.document:
                self.report(place, "invalid-value", "must not be blank")
            return text
        if _is_path(self.kind, attribute):
            return self.folder(place, written)
        if name in self.kind.identity.fields and isinstance(written, str):
            self.check_name(place, written)
        return attribute.in_one_form(written)

    def folder(self, source: Source, written: str | None) -> FolderPath:
        path = folder_path(written or "")
        if _UNPRINTABLE.search(path):
            self.report(
                source, "invalid-value", "a folder has no tabs, line breaks or control characters"
            )
        if isinstance(self.kind.identity, Path) and not path:
            self.report(
                source, "invalid-value", "this path names no folder: write names joined with /"
            )
        return path

    def folder_of_directories(self) -> FolderPath:
        """Return the folder that the directories above a Markdown file stand for."""
        for name in self.directories:
            if name != name.strip():
                message = (
                    f"remove the white space at the ends of {name!r}: no folder has such a name"
                )
                self.report(self.source, "invalid-value", f"{message}, or write `folder`")
        return self.folder(self.source, directory_folder(self.directories))

    def check_name(self, source: Source, name: str) -> None:
        if name != name.strip():
            self.report(source, "invalid-value", "remove the white space at the ends of this name")
        elif _UNPRINTABLE.search(name):
            self.report(
                source, "invalid-value", "a name has no tabs, line breaks or control characters"
            )

    # the text

    @property
    def empty_text(self) -> str:
        return (
            f"the {self.kind.document} is empty: write it, or say `ensure: absent` to delete the "
            "live one"
        )

    def take_text(self, wrong: set[str]) -> None:
        """Take the text from below the front matter, or from the file that the entry names."""
        document = self.kind.document
        if document is None:
            return
        file_field = f"{document}_file"
        node = self.node.at((file_field,))
        if self.page:
            self.values[document] = canonical_text(self.page.body)
            self.places[document] = self.page.body_source
        elif file_field in self.node.data and file_field not in wrong and not node.tainted:
            self.places[document] = self.node.key_source(self.file, file_field)
            self.take_text_file(document, node)

    def take_text_file(self, document: str, node: Node) -> None:
        if self.read_body is None:
            return
        text, problems = self.read_body(node.data, node.source(self.file))
        self.problems.extend(problems)
        if text is not None:
            self.values[document] = canonical_text(text)

    def check_text(self) -> None:
        """Refuse a text that is empty by accident: a truncated file must not wipe a live one.

        An empty text in the entry itself, such as `body: ""`, is meant, and the only way to say so.
        """
        document = self.kind.document
        if document is None or self.ensure is not Ensure.PRESENT:
            return
        if self.values.get(document) == "" and (self.node.data.get(document) != "" or self.page):
            self.report(self.places[document], "empty-text", self.empty_text)

    # renames

    def previously(self, key: Key) -> tuple[Key, ...]:
        """Return the old keys, each once."""
        old = []
        for i, said in enumerate(self.node.data.get("previously", ())):
            before = _old_key(self.kind, key, said)
            if before == key:
                source = self.node.at(("previously", i)).source(self.file)
                self.report(
                    source, "contradiction", f"{key.place} is what it is called now: remove this"
                )
            old.append(before)
        return tuple(dict.fromkeys(old))


def directory_folder(names: Iterable[str]) -> FolderPath:
    """Return the path of the folder that directories stand for.

    In NFC, unlike everything that is written in a file: some file systems, and Git on macOS, hand a name out
    decomposed that was typed composed, and the folder's name was typed in the web app. `folder` in the front
    matter is taken to the letter.
    """
    return folder_path(normalize("NFC", "/".join(names)))


_UNPRINTABLE = re.compile(rf"{CONTROL.pattern}|[\t\n\u2028\u2029]")


def _is_path(kind: Kind, attribute: Attribute) -> bool:
    """Tell whether a field holds the path of a folder."""
    is_own = isinstance(kind.identity, Path) and attribute.name == kind.identity.field
    return attribute.name == kind.parent or is_own


def _old_key(kind: Kind, now: Key, old: Mapping[str, Any]) -> Key:
    parent = kind.parent
    folder = folder_path(old[parent] or "") if parent and parent in old else now.folder
    (field,) = kind.identity.fields
    return Key(now.kind, folder, old.get(field, now.name))


def control_problems(text: str, path: str) -> list[Problem]:
    """Return a problem for the first control character of a text that is a whole file."""
    found = CONTROL.search(text)
    return [control_character(text, found.start(), path)] if found else []
