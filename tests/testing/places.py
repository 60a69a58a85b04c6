"""Where the repository, the cases and the goldens lie, wherever a test file lies itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
GOLDEN = ROOT / "tests" / "golden"


def read_yaml(text: str) -> Any:
    """Read YAML with the loader of C; with that of Python, the cases would take seconds in each run."""
    return yaml.load(text, Loader=yaml.CSafeLoader)


def read_cases(name: str) -> Any:
    """Read `tests/cases/NAME`."""
    return read_yaml((CASES / name).read_text(encoding="utf-8"))
