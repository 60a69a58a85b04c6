"""The summary of a step of GitHub Actions, which its run's page shows as Markdown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from devinops import atomic
from devinops.model.errors import NotWritten

VARIABLE: Final = "GITHUB_STEP_SUMMARY"
"""Holds the path of a file; what a step appends to it is shown."""

LARGEST: Final = 1024 * 1024
"""Bytes of the summary of one step. GitHub shows nothing of a larger one."""


def budget(environment: Mapping[str, str]) -> int:
    """Return the bytes that the summary of this step still holds; 0 outside GitHub Actions."""
    path = _path(environment)
    if path is None:
        return 0
    try:
        used = path.stat().st_size
    except OSError:
        used = 0
    return max(0, LARGEST - used - 1)


def append(environment: Mapping[str, str], text: str) -> bool:
    """Append Markdown to the summary of this step; return False if it cannot hold the text.

    It cannot outside GitHub Actions, and if the text is too long. Raises NotWritten.
    """
    path, data = _path(environment), text.rstrip("\n").encode("utf-8", "replace") + b"\n"
    if path is None or len(data) > budget(environment):
        return False
    try:
        with path.open("ab") as file:
            # Earlier text may lack a line end, and a table or heading must begin a line.
            file.write(b"\n" + data if os.fstat(file.fileno()).st_size else data)
    except OSError as error:
        raise NotWritten(f"{VARIABLE} cannot write {path}: {atomic.reason(error)}") from error
    return True


def _path(environment: Mapping[str, str]) -> Path | None:
    name = environment.get(VARIABLE, "")
    return Path(name) if name else None
