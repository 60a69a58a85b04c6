"""Where a run may write its answer: never over what devinops reads or keeps, and never two answers to one file."""

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

_KEPT: Final = {
    ".git": "Git keeps its own there",
    atomic.STATE: "devinops keeps the inventory and backups there",
}


def check_outputs(outputs: Sequence[tuple[str, Path]], inputs: Iterable[Path], root: Path) -> None:
    """Raise UsageError where a file of `outputs`, pairs with their option, must not be written.

    `inputs` are the other files that the command line names. An older plan or report may be overwritten.
    """
    taken = [*map(_real, inputs)]
    for option, path in outputs:
        if why := _refusal(path, taken, _real(root)):
            raise UsageError(f"{option} cannot write {path}: {why}")
        taken.append(_real(path))


def _refusal(path: Path, taken: Iterable[Path], root: Path) -> str:
    """Return why a file must not be written, empty if it may."""
    try:
        atomic.check_place(path)
    except OSError as error:
        return f"{error.strerror}; expected a file"
    real = _real(path)
    if not real.parent.is_dir():
        return "expected a file in a directory that exists"
    if any(_same(real, other) for other in taken):
        return "the command line names this file twice; choose another one"
    for part, keeper in _KEPT.items():
        if part in map(str.casefold, real.parts):
            return f"{keeper}; choose a file outside of {part}"
    if _is_read(real, root):
        return "devinops reads settings or entries there; choose another file"
    return ""


def _is_read(real: Path, root: Path) -> bool:
    """Tell whether a file is one of settings or entries, or stands where one would be read."""
    if any(_same(parent, root / name) for name in KINDS.directories for parent in real.parents):
        return True
    if any(_same(real, root / name) for name in (CONFIG_FILE, *KINDS.files)):
        return True
    # `paths` and `body_file` may name any other file of the root, if it is there.
    return real.exists() and any(_same(real, root / name) for name in _names_read(root))


def _names_read(root: Path) -> Iterable[str]:
    project, _ = open_project(root)
    loaded = load(root, paths=project.paths, ignore=project.ignore)
    return (*loaded.files, *loaded.bodies)


def _real(path: Path) -> Path:
    # Path.resolve() raises for links in a circle.
    return Path(os.path.realpath(path))


def _same(one: Path, other: Path) -> bool:
    """Tell whether two paths are one file; of what is not there yet, also if only the case of letters differs."""
    try:
        return one.samefile(other)
    except OSError:
        return str(one).casefold() == str(other).casefold()
