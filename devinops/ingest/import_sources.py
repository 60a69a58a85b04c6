"""Find and read the files to import."""

# ruff: noqa: PTH112, PTH113, PTH114, PTH118, PTH119, PTH120, PTH202
# Paths are strings here, as in `load.discover`.

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from devinops.ingest.forms import forms_of
from devinops.ingest.import_form import (
    Contents,
    ForeignObject,
    Form,
    ImportChoices,
    ImportSource,
    ImportText,
    Omission,
)
from devinops.ingest.links import with_addresses
from devinops.lint.repository_files import FileRepository
from devinops.load.discover import is_inside, read_text

_SKIPPED: Final = frozenset(
    """.devinops .git .hg .mypy_cache .svn .terraform .tox .venv __pycache__ node_modules
    vendor venv""".split()
)
"""Directories with files of tools and of other projects, some of them with credentials."""

_AGENT = re.compile(
    r"\.(?:agent|chatmode)\.md$|/\.(?:claude|github)/agents/[^/]+\.md$", re.IGNORECASE
)

LARGEST_FILE: Final = 20_000_000
"""Bytes of a file. Parsed, it takes many times as much memory."""

UNKNOWN: Final = Form("unknown", lambda _: False, lambda _source, _choices: Contents())

Read = tuple[ImportSource, Form, Contents]


@dataclass
class ImportSources:
    """What the named files and directories hold; `own` are real paths that are not read.

    `unread` counts files in directories by what they are: agents, and other Markdown if the
    directory has files of a form that says more. `broken_links` counts the relative links, by file.
    """

    choices: ImportChoices
    own: Collection[str] = ()
    read: list[Read] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    broken_links: Counter[str] = field(default_factory=Counter)
    _seen: dict[str, str] = field(default_factory=dict)

    def add(self, path: str) -> None:
        """Read a file or a directory. Nothing is raised for what is in them."""
        if os.path.isdir(path):
            self._directory(path)
        else:
            self._file(_File(path, os.path.dirname(path), named=True))

    def _directory(self, path: str) -> None:
        def unreadable(error: OSError) -> None:
            why = f"cannot read this directory: {error.strerror}"
            self._leave_out(_File(error.filename, path), why)

        # A link comes after what it may lead to.
        ordered = sorted(walk(path, unreadable), key=lambda file: (os.path.islink(file), file))
        # A plain text is rarely a note, unless the user names it.
        files = [_File(file, path) for file in ordered if not file.lower().endswith(".txt")]
        known = [file for file in files if forms_of(file.absolute) and not _is_agent(file)]
        chosen = [file for file in known if not forms_of(file.absolute)[0].fallback]
        if all(map(_is_data, chosen)):
            chosen = known
        self.unread["agent"] += sum(map(_is_agent, files))
        self.unread["other Markdown file"] += len(known) - len(chosen)
        for file in chosen:
            self._file(file)

    def _file(self, file: _File) -> None:
        real = os.path.realpath(file.path)
        if real in self.own:
            if file.named:
                self._leave_out(file, "it already has entries of this repository")
            return
        if not file.named and not is_inside(real, os.path.realpath(file.top)):
            self._leave_out(file, "it is a link that leads out of the directory")
            return
        first = self._seen.setdefault(real, file.shown)
        if first != file.shown:
            self._note(file, Contents(remarks=(f"it is the same file as {first}",)))
            return
        if os.path.isfile(real) and os.path.getsize(real) > LARGEST_FILE:
            self._leave_out(file, "it is larger than 20 MB: split it into several files")
            return
        text, problems = read_text(real, file.shown)
        if text is not None:
            self._read(file, text)
        elif file.named or not _is_data(file):
            self._leave_out(file, problems[0].message)

    def _read(self, file: _File, text: str) -> None:
        path = file.absolute
        form = next((form for form in forms_of(path) if form.accepts(path, text)), None)
        if form is None:
            self._leave_out(file, "import does not recognize this file name")
            return
        source = ImportSource(
            path=file.shown,
            text=text,
            directory="" if file.named else file.directory,
            beside=_beside(file.path) if form.looks_beside else (),
            named=file.named,
        )
        contents = form.read(source, self.choices)
        if contents.place:
            # Another source may have objects of other organizations.
            self.choices = replace(self.choices, place=contents.place)
        items = tuple(self._with_addresses(item, file) for item in contents.items)
        self.read.append((source, form, replace(contents, items=items)))

    def _with_addresses(
        self, item: ImportText | ForeignObject, file: _File
    ) -> ImportText | ForeignObject:
        """Return a text with addresses for its relative links; an object as it is.

        They are below the top of the Git checkout with the file, or else the named directory.
        """
        if isinstance(item, ForeignObject):
            return item
        tree = FileRepository(Path(os.path.realpath(file.top)))
        directory = os.path.relpath(os.path.dirname(os.path.realpath(file.path)), tree.top)
        text, left = with_addresses(
            item.text,
            directory.replace(os.sep, "/"),
            self.choices.link_base,
            lambda place: tree.exists(tree.from_top(place)),
        )
        self.broken_links[file.shown] += left
        return replace(item, text=text)

    def _leave_out(self, file: _File, why: str) -> None:
        self._note(file, Contents(omissions=(Omission(os.path.basename(file.path), why),)))

    def _note(self, file: _File, contents: Contents) -> None:
        forms = forms_of(file.absolute) or [UNKNOWN]
        self.read.append((ImportSource(file.shown, "", named=file.named), forms[0], contents))


@dataclass(frozen=True)
class _File:
    """A file: its path as the user would write it, and the named directory above it."""

    path: str
    top: str
    named: bool = False

    @property
    def shown(self) -> str:
        return os.path.normpath(self.path).replace(os.sep, "/")

    @property
    def absolute(self) -> str:
        return os.path.abspath(self.path).replace(os.sep, "/")  # noqa: PTH100

    @property
    def directory(self) -> str:
        relative = os.path.relpath(os.path.dirname(self.path), self.top)
        return "" if relative == "." else relative.replace(os.sep, "/")


def _is_agent(file: _File) -> bool:
    """Return whether a file describes a role for an agent, which Devin does not have."""
    return bool(_AGENT.search(file.absolute))


def _is_data(file: _File) -> bool:
    """Return whether a file may be for anything, so that it says nothing about its directory."""
    return file.absolute.endswith(".json")


def walk(top: str, unreadable: Callable[[OSError], None] | None = None) -> Iterator[str]:
    """Yield the files below a directory; links to directories are not followed.

    `unreadable` is called for each directory that cannot be read.
    """
    for above, directories, names in os.walk(top, onerror=unreadable):
        directories[:] = sorted(name for name in directories if name not in _SKIPPED)
        yield from (os.path.join(above, name) for name in names)


def _beside(path: str) -> tuple[str, ...]:
    """Return the other files of the directory of a file, or of the plugin that it describes."""
    directory = os.path.dirname(path) or "."
    is_manifest = os.path.basename(directory).endswith("-plugin")
    top = os.path.dirname(directory) or "." if is_manifest else directory
    files: Iterable[str] = (os.path.relpath(file, top) for file in walk(top))
    own = os.path.relpath(path, top)
    return tuple(sorted(file.replace(os.sep, "/") for file in files if file != own))
