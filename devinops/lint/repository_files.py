"""Reads the files around the entries for the rules that ask for them."""

# ruff: noqa: PTH113, PTH114, PTH118, PTH202, PTH206
# Paths are strings, as in `load.discover`.

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from devinops.load.discover import is_at_or_below, is_inside, read_text

ALWAYS_READ: Final = frozenset(
    {"AGENTS.md", "AGENT.md", "AGENTS.local.md", "CLAUDE.md", ".cursorrules", ".windsurfrules"}
)
"""Names of files that Devin reads in any directory of a repository. Source: docs.devin.ai."""

_RULE_SUFFIXES: Final = {"rules": (".mdc", ".md"), "skills": ("SKILL.md",)}
_PASSED_OVER: Final = frozenset({"node_modules", "vendor", "target", "dist", "build", "venv"})
_TOOLS: Final = frozenset(
    {".agents", ".claude", ".codex", ".cognition", ".cursor", ".devin", ".github", ".windsurf"}
)
MAX_DIRECTORIES: Final = 5_000
MAX_FILE_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class FileRepository:
    """The files below the top of the Git checkout that holds `root`; without Git, below `root`."""

    root: Path
    untracked: frozenset[str] = frozenset()
    """The files and directories below the root to ignore, by their paths from it."""
    _cache: dict[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def _real_root(self) -> str:
        return os.path.realpath(self.root)

    @cached_property
    def top(self) -> str:
        root = Path(self._real_root)
        return str(next((d for d in (root, *root.parents) if (d / ".git").exists()), root))

    def lines(self, path: str) -> Sequence[str]:
        """Return the lines of a file; none if it cannot be read."""
        if path not in self._cache:
            text = self._read(path)
            self._cache[path] = text.split("\n") if text else ()
        return self._cache[path]

    def _read(self, path: str) -> str:
        text, _ = read_text(os.path.join(self.root, path), path)
        return text or ""

    def exists(self, path: str) -> bool:
        """Return whether there is a file or directory in the checkout."""
        real = self._real(path)
        return is_inside(real, self.top) and os.path.lexists(real) and not self._is_untracked(real)

    def _is_untracked(self, real: str) -> bool:
        root = self._real_root
        return is_inside(real, root) and is_at_or_below(real, root, self.untracked)

    def is_beyond(self, path: str) -> bool:
        """Return whether a path leads out of the checkout."""
        return not is_inside(self._real(path), self.top)

    def _real(self, path: str) -> str:
        return os.path.normpath(os.path.join(self._real_root, path))

    def from_top(self, path: str) -> str:
        """Return a path from the top of the checkout as one from the root."""
        return os.path.relpath(os.path.join(self.top, path), self.root).replace(os.sep, "/")

    def rules(self) -> Mapping[str, str]:
        """Return path → text of the files with rules that Devin reads by itself."""
        texts = {}
        for real in _rule_files(self.top):
            if self._is_untracked(real):
                continue
            path = os.path.relpath(real, self._real_root).replace(os.sep, "/")
            if os.path.getsize(real) <= MAX_FILE_BYTES and (text := self._read(path)):
                texts[path] = text
        return texts


def _rule_files(top: str) -> Iterator[str]:
    """Yield the real paths of these files, in the order of their names."""
    for number, (above, below, names) in enumerate(os.walk(top)):
        if number == MAX_DIRECTORIES:
            return
        parts = os.path.relpath(above, top).split(os.sep)
        is_tool = not _TOOLS.isdisjoint(parts)
        below[:] = sorted(name for name in below if _may_have_rules(name, is_tool))
        suffixes = tuple(s for part in parts if is_tool for s in _RULE_SUFFIXES.get(part, ()))
        for name in sorted(names):
            real = os.path.join(above, name)
            is_rule = name in ALWAYS_READ or name.endswith(suffixes)
            if is_rule and os.path.isfile(real) and not os.path.islink(real):
                yield real


def _may_have_rules(directory: str, is_tool: bool) -> bool:
    if directory in _PASSED_OVER:
        return False
    return is_tool or directory in _TOOLS or not directory.startswith(".")
