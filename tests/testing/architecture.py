"""The picture in docs/architecture.md: the packages of devinops, lowest last, and what each imports.

`python -m tests.testing.architecture` writes it again; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.testing.import_graph import Graph, import_graph
from tests.testing.places import ROOT

PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- packages: begin -->", "<!-- packages: end -->"
WIDTH = 11


def picture(package: Path = ROOT / "devinops") -> str:
    """Return the picture as Markdown: a line for each package, those that import it above it."""
    imports = package_imports(import_graph(package))
    rows = [_row(name, imports) for name in in_layers(imports)]
    return "\n".join(["```text", *rows, "```"])


def package_imports(graph: Graph) -> dict[str, frozenset[str]]:
    """Return package or single module → the packages and single modules that it imports."""
    imports: dict[str, set[str]] = {}
    for module, imported in graph.items():
        importer = _top(module)
        if importer:
            others = {_top(name) for name in imported} - {importer, ""}
            imports.setdefault(importer, set()).update(others)
    return {name: frozenset(others) for name, others in imports.items()}


def in_layers(imports: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the packages so that each is above everything that it imports."""
    heights: dict[str, int] = {}

    def height(name: str) -> int:
        if name not in heights:
            heights[name] = 1 + max((height(other) for other in imports[name]), default=0)
        return heights[name]

    return sorted(imports, key=lambda name: (-height(name), name))


def _row(name: str, imports: Mapping[str, frozenset[str]]) -> str:
    below = [other for other in in_layers(imports) if other in imports[name]]
    return f"{name:<{WIDTH}}→ {', '.join(below)}" if below else name


def _top(module: str) -> str:
    """Return the package or single module below devinops that a module is in; empty for devinops itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] != "__main__" else ""


def with_picture(page: str) -> str:
    """Return the page with the picture of today between its markers."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{picture()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_picture(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
