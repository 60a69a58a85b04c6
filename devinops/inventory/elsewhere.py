"""Finds an inventory in another place: in a file if it belongs on a branch, or the reverse."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from devinops.inventory import BRANCH, InventorySettings
from devinops.inventory.backend import FileBackend, Stored
from devinops.inventory.branch import BranchBackend
from devinops.inventory.inventory_run import files_of
from devinops.model.errors import DevinopsError
from devinops.model.target import Target

_FILE: Final = InventorySettings("file")
_DEFAULT: Final = InventorySettings("branch")


def found_elsewhere(
    settings: InventorySettings, root: Path, target: Target
) -> tuple[str, InventorySettings]:
    """Return the label of a target's inventory in another place, and the settings of that place.

    The label is empty if there is none. The places are the file and the default branch. If the
    target has an inventory where it belongs, that branch counts only if this clone has fetched it;
    if not, the remote is asked. If that cannot be read, what was fetched last counts.
    """
    names, file, branch = files_of(target), FileBackend(root), BranchBackend(root, BRANCH)
    own, on_branch, where = file.load(names), Stored(), ""
    if settings.store == "branch" and (own.texts or settings == _DEFAULT):
        return next(map(file.label, own.texts), ""), _FILE
    with suppress(DevinopsError):
        if settings.store == "branch":
            chosen = BranchBackend(root, settings.branch, settings.remote)
            if (chosen.remote, chosen.branch) == (branch.remote, BRANCH):
                return "", _DEFAULT
            own, where = chosen.fetched(names), f" of the remote {branch.remote}"
        on_branch = branch.fetched(names)
        if on_branch.texts or not own.texts:
            on_branch = branch.load(names)
    found = (f"{branch.label(name)}{where}" for name in names if name in on_branch.texts)
    return next(found, ""), _DEFAULT
