"""Finds Markdown files near the root that look like entries, but are in no place that is read."""

# ruff: noqa: PTH118
# Paths are strings here, as in `discover`.

from __future__ import annotations

import os
import posixpath
import re
from collections import deque
from collections.abc import Iterator
from typing import Final

from devinops.kinds import KINDS
from devinops.load.discover import Finder, section_of, with_lf
from devinops.load.file_names import CONFIG
from devinops.load.markdown import spans
from devinops.load.problems import problem
from devinops.model.kind import Kind
from devinops.model.objects import Problem, Source

_MOST: Final = 300
"""How many directories and pages are looked at: the root may be that of a giant repository."""
_DEEPEST: Final = 2
_BEGINNING: Final = 4096
"""How many bytes of a page are read."""
_OF_PACKAGES: Final = frozenset({"node_modules", "vendor", "venv", "site-packages"})


def unread_entries(finder: Finder) -> Iterator[tuple[str, Problem]]:
    """Yield the real path and a warning for each page that looks like an entry and is not read."""
    for path, real in _pages(finder):
        kind = _kind(real)
        if kind:
            in_paths = ", list it under `paths`" if section_of(path)[0] else ""
            message = (
                f"this looks like {kind.with_article}, but is not read: move it below "
                f"{kind.section}/{in_paths}, or list it under `ignore` in {CONFIG}"
            )
            yield real, problem(Source(path), "unread", message)


def _pages(finder: Finder) -> Iterator[tuple[str, str]]:
    """Yield the path and the real path of Markdown files that are not read, the highest first."""
    pending, left = deque([""]), _MOST
    while pending and left > 0:
        above = pending.popleft()
        left -= 1
        for entry in _entries(finder.root, above):
            path = posixpath.join(above, entry.name)
            is_directory = entry.is_dir(follow_symlinks=False)
            if finder.is_known_or_ignored(path, is_directory=is_directory):
                continue
            if is_directory and path.count("/") < _DEEPEST:
                pending.append(path)
            elif entry.name.lower().endswith(".md") and entry.is_file(follow_symlinks=False):
                left -= 1
                yield path, entry.path


def _entries(root: str, path: str) -> list[os.DirEntry[str]]:
    """Return the visible entries of a directory; none if it cannot be read, or is another root."""
    try:
        with os.scandir(os.path.join(root, path)) as scan:
            entries = {entry.name: entry for entry in scan}
    except OSError:
        return []
    if path and CONFIG in entries:
        return []
    names = sorted(entries.keys() - _OF_PACKAGES)
    return [entries[name] for name in names if name.isprintable() and name[0] != "."]


def _kind(real: str) -> Kind | None:
    """Return the kind whose fields the front matter of a page has; a title alone is not enough."""
    try:
        with open(real, "rb") as file:
            text = with_lf(file.read(_BEGINNING).decode("utf-8", "replace"))
    except OSError:
        return None
    span = spans(text)
    keys = set(re.findall(r"^(\w+):", text[span[0] : span[1]], re.MULTILINE)) if span else set()
    for section in sorted(KINDS.directories):
        kind = KINDS.sections[section]
        fields = {a.name: a.required for a in kind.attributes if a.name != kind.document}
        required = {name for name, is_required in fields.items() if is_required}
        if required <= keys and len(keys & fields.keys()) > 1:
            return kind
    return None
