"""The files in which a step of GitHub Actions collects its summary and its outputs.

Several programs write to one file, each appending to it. The page of the run shows the summary.
Source: "Workflow commands for GitHub Actions" in GitHub's documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from devinops import atomic

SUMMARY: Final = "GITHUB_STEP_SUMMARY"
OUTPUTS: Final = "GITHUB_OUTPUT"

LARGEST_SUMMARY: Final = 1024 * 1024
"""Bytes of the summary of one step. GitHub shows nothing of a larger one."""


def is_step_file(path: Path, environment: Mapping[str, str]) -> bool:
    """Return whether the step collects its summary or its outputs in this file."""
    files = (environment.get(name) for name in (SUMMARY, OUTPUTS))
    return path.absolute() in [Path(file) for file in files if file]


def is_summary(path: Path, environment: Mapping[str, str]) -> bool:
    """Return whether the step collects its summary in this file."""
    name = environment.get(SUMMARY)
    return bool(name) and path.absolute() == Path(str(name))


def append(path: Path, chunks: Iterable[str]) -> None:
    """Append text to a file. Raises OSError."""
    atomic.check_place(path)
    with open(path, "a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.writelines(chunks)


def append_summary(environment: Mapping[str, str], text: str) -> bool:
    """Append Markdown to the summary of this step; return False if it cannot hold the text.

    It cannot outside GitHub Actions, and if it would become too large. Raises OSError.
    """
    name = environment.get(SUMMARY)
    if not name:
        return False
    path = Path(name)
    used = path.stat().st_size if path.exists() else 0
    # Earlier text may lack a line end, and a heading must begin a line.
    added = ("\n" if used else "") + text
    if used + len(added.encode("utf-8", "backslashreplace")) > LARGEST_SUMMARY:
        return False
    append(path, [added])
    return True
