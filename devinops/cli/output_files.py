"""Checks where a run may write its output.

Output must not overwrite what devinops or Git reads or stores, or another output of the run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from devinops import atomic
from devinops.config import CONFIG_FILE, open_project
from devinops.kinds import KINDS
from devinops.load import load
from devinops.model.errors import UsageError

_RESERVED: Final = {
    ".git": "Git keeps its own files there",
    atomic.STATE: "devinops keeps the inventory and backups there",
}


def check_outputs(outputs: Sequence[tuple[str, Path]], inputs: Iterable[Path], root: Path) -> None:
    """Raise UsageError if one of the `outputs` must not be written.

    `outputs` are pairs of option and file, `inputs` the other files that the command line names. An
    older plan or report may be overwritten.
    """
    used = [*map(_real, inputs)]
    for option, path in outputs:
        if why := _refusal(path, used, _real(root)):
            raise UsageError(f"{option} cannot write {path}: {why}")
        used.append(_real(path))


def _refusal(path: Path, used: Iterable[Path], root: Path) -> str:
    """Return why a file must not be written; empty if it may."""
    try:
        atomic.check_place(path)
    except OSError as error:
        return f"{error.strerror}; expected a file"
    real = _real(path)
    if not real.parent.is_dir():
        return "expected a file in an existing directory"
    if any(_same(real, other) for other in used):
        return "the command line names this file twice; choose another"
    for part, owner in _RESERVED.items():
        if part in map(str.casefold, real.parts):
            return f"{owner}; choose a file outside {part}"
    if _is_read(real, root):
        return "devinops reads settings or entries there; choose another file"
    return ""


def _is_read(real: Path, root: Path) -> bool:
    """Return whether devinops reads this file, or would read it if it existed."""
    if any(_same(parent, root / name) for name in KINDS.directories for parent in real.parents):
        return True
    if any(_same(real, root / name) for name in (CONFIG_FILE, *KINDS.files)):
        return True
    # `paths` and `body_file` may name any other existing file below the root.
    return real.exists() and any(_same(real, root / name) for name in _names_read(root))


def _names_read(root: Path) -> Iterable[str]:
    project, _ = open_project(root)
    loaded = load(root, paths=project.paths, ignore=project.ignore)
    return (*loaded.files, *loaded.bodies)


def _real(path: Path) -> Path:
    # Path.resolve() raises for circular links.
    return Path(os.path.realpath(path))


def _same(path: Path, other: Path) -> bool:
    """Return whether two paths are the same file.

    Files that do not exist yet are the same if only the case of letters differs.
    """
    try:
        return path.samefile(other)
    except OSError:
        return str(path).casefold() == str(other).casefold()
