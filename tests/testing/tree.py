"""Directories for the tests of loading, and the cases that are data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.testing.places import CASES, read_yaml


def plant(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a directory, and return it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def snapshot(root: Path) -> dict[str, bytes]:
    """Return path → content of every file of the user below a root."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.relative_to(root).parts[0].startswith(".")
    }


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (id, case): `files`, and what to expect of loading them."""
    for path in sorted((CASES / "load").glob("*.yaml")):
        for case in read_yaml(path.read_text(encoding="utf-8").replace("{LONG}", "x" * 70_000)):
            yield f"{path.stem}: {case['name']}", case


def note(name: str, trigger: str = "t", body: str = "b") -> str:
    return f"---\nname: {name}\ntrigger: {trigger}\n---\n{body}\n"
