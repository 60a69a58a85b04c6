"""Which files of a package import which, read from their source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from functools import cache
from pathlib import Path

Graph = Mapping[str, Set[str]]
"""Per module, by its dotted name, the modules of the same package that it imports."""


@cache
def import_graph(package: Path) -> Graph:
    """Return the imports between the files of a package, wherever in a file an import is."""
    root = _import_root(package)
    files = {_module_name(root, path): path for path in sorted(package.rglob("*.py"))}
    return {
        module: {
            imported
            for name in _imported_names(module, path)
            for imported in _as_modules(name, files)
            if imported != module
        }
        for module, path in files.items()
    }


def circles(graph: Graph) -> list[list[str]]:
    """Return each group of modules that all lead to each other, sorted; none means no circle."""
    reachable = {module: _reachable(graph, module) for module in graph}
    groups = {
        frozenset(other for other in targets if module in reachable[other])
        for module, targets in reachable.items()
        if module in targets
    }
    return sorted(sorted(group) for group in groups)


def _import_root(package: Path) -> Path:
    """Return the folder from which the package's absolute imports start."""
    folder = package.parent
    while (folder / "__init__.py").exists():
        folder = folder.parent
    return folder


def _module_name(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported_names(module: str, path: Path) -> Iterator[str]:
    """Yield what a file imports, absolute; for `from a import b` that is `a.b`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module.split("."), is_package=path.name == "__init__.py")
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _base(node: ast.ImportFrom, module: list[str], *, is_package: bool) -> str:
    """Return the absolute name of the module or package that the import is from."""
    if not node.level:
        return node.module or ""
    levels_up = node.level - 1 if is_package else node.level
    parents = module[: len(module) - levels_up]
    return ".".join([*parents, *filter(None, [node.module])])


def _as_modules(name: str, files: Mapping[str, Path]) -> Iterator[str]:
    """Yield the module that a name is or is in, if it is one of the files."""
    for candidate in (name, name.rpartition(".")[0]):
        if candidate in files:
            yield candidate
            return


def _reachable(graph: Graph, module: str) -> set[str]:
    """Return the modules that a module imports, directly or through others."""
    reached: set[str] = set()
    pending = list(graph[module])
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending.extend(graph[name])
    return reached
