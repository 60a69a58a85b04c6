"""What this machine knows of an inventory without asking the remote; for suggestions only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devinops.inventory import InventorySettings
from devinops.inventory.backend import FileBackend
from devinops.inventory.branch import BranchBackend
from devinops.inventory.format import item
from devinops.model.inventory import Intent, Record


def known_items(settings: InventorySettings, root: Path, target: str) -> Iterator[Record | Intent]:
    """Yield what can be read of an inventory: of a branch, the copy that was fetched last.

    Raises InventoryError and ConfigError.
    """
    for line in (_text(settings, root, target) or "").splitlines():
        try:
            yield item(line)
        except ValueError:
            # The header, the end, or a line that only another devinops can read.
            continue


def _text(settings: InventorySettings, root: Path, target: str) -> str | None:
    if settings.store == "none":
        return None
    if settings.store == "file":
        return FileBackend(root, target).load().text
    backend = BranchBackend(root, target, settings.branch, settings.remote)
    copy = f"refs/remotes/{backend.remote}/{settings.branch}:{backend.path}"
    result = backend.git.attempt("cat-file", "blob", copy)
    return result.text if result and not result.code else None
