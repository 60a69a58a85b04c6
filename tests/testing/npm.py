"""Packages from npm that only tests use; CI installs them beside the virtual environment's own files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

DIRECTORY = Path(sys.prefix) / "npm" / "node_modules"


def installed(path: str) -> Path:
    """Return a file of an installed package; skips the test if the package is missing."""
    file = DIRECTORY / path
    if not file.exists():
        pytest.skip(f"{path} is not installed: run make npm-tools")
    return file
