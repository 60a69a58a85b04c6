"""Looks at this machine and the repository: programs, settings, inventory, hooks."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from devinops import __version__
from devinops.config.reading import open_project
from devinops.doctor.checks import note, ok, problem
from devinops.git import Git
from devinops.load.file_names import CONFIG
from devinops.model.errors import DevinopsError
from devinops.model.inventory import Inventory
from devinops.render import counted
from devinops.schema.doctor import Check

_HOOKS = ".pre-commit-config.yaml"


def of_programs(git: Git) -> Check:
    """Return the check of devinops, Python and Git."""
    version = re.search(r"\d+(\.\d+)+", git.line("--version") or "")
    python = f"devinops {__version__}, Python {platform.python_version()}"
    if version is None:
        return note(
            "programs", f"{python}, without Git", "install Git for an inventory on a branch"
        )
    return ok("programs", f"{python}, Git {version[0]}")


def of_files(root: Path) -> Check:
    """Return the check of devinops.yaml."""
    project, problems = open_project(root)
    if problems:
        found = f"has {counted(len(problems), 'problem')}"
        return problem(CONFIG, found, "devinops validate shows them")
    if project.document is None:
        return note(CONFIG, "there is none, so all settings come from the environment")
    if not project.targets:
        return ok(CONFIG, "has no targets: the environment says which organization")
    return ok(CONFIG, f"declares {counted(len(project.targets), 'target')}")


def of_inventory(store: str, read: Callable[[], Inventory]) -> Check:
    """Return the check of the inventory, which `read` returns."""
    if store == "none":
        return note("inventory", "there is none: devinops creates and updates, but never deletes")
    try:
        owned = len(read().owned)
    except DevinopsError:
        return problem("inventory", "cannot be read", "devinops inventory list says why")
    return ok("inventory", f"can be read and owns {counted(owned, 'object')}")


def of_hooks(git: Git) -> Iterator[Check]:
    """Yield the check of the hooks of pre-commit, if the repository has some of devinops."""
    top = git.line("rev-parse", "--show-toplevel")
    hook = git.line("rev-parse", "--git-path", "hooks/pre-commit")
    if not top or not hook or os.environ.get("CI"):
        return
    try:
        text = (Path(top) / _HOOKS).read_text("utf-8", "replace")
    except OSError:
        return
    if "devinops" not in text:
        return
    if (git.cwd / hook).exists():
        yield ok("hooks", "pre-commit is installed")
    else:
        yield note("hooks", "pre-commit is not installed in this checkout", "pre-commit install")
