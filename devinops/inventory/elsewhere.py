"""Finds an inventory in the other place: in a file if it belongs on a branch, or the reverse."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from devinops.inventory import BRANCH, InventorySettings
from devinops.inventory.backend import FileBackend, Stored
from devinops.inventory.branch import BranchBackend
from devinops.inventory.inventory_run import files_of
from devinops.model.errors import DevinopsError
from devinops.model.target import Target


def other_place(settings: InventorySettings) -> InventorySettings:
    """Return the settings of the other place, for those of a branch or a file."""
    return InventorySettings("branch" if settings.store == "file" else "file")


def found_elsewhere(settings: InventorySettings, root: Path, target: Target) -> str:
    """Return the label of a target's inventory in the other place; empty if there is none.

    Without an inventory in a file, the remote is asked for a branch; with one, only if this clone
    has fetched such a branch. If the remote cannot be read, what was fetched last counts.
    """
    names, file, branch = files_of(target), FileBackend(root), BranchBackend(root, BRANCH)
    in_file, on_branch = file.load(names), Stored()
    if settings.store == "branch":
        return file.label(next(iter(in_file.texts))) if in_file.texts else ""
    with suppress(DevinopsError):
        on_branch = branch.fetched(names)
        if on_branch.texts or not in_file.texts:
            on_branch = branch.load(names)
    return next((branch.label(name) for name in names if name in on_branch.texts), "")
