"""The files in which a step of GitHub Actions collects its summary and its outputs.

Several programs write to one file, each appending to it. Source: "Workflow commands for GitHub
Actions" in GitHub's documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from devinops import atomic
from devinops.ci.step_summary import VARIABLE as SUMMARY

OUTPUTS: Final = "GITHUB_OUTPUT"


def is_step_file(path: Path, environment: Mapping[str, str]) -> bool:
    """Tell whether the step collects its summary or its outputs in this file."""
    files = (environment.get(name) for name in (SUMMARY, OUTPUTS))
    return path.absolute() in [Path(file) for file in files if file]


def append(path: Path, chunks: Iterable[str]) -> None:
    """Append text to a file. Raises OSError."""
    atomic.check_place(path)
    with open(path, "a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.writelines(chunks)
