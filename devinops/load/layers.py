"""Find the directories of layers, and the targets that get the entries in each."""

# ruff: noqa: PTH112, PTH118, PTH208
# Paths are strings, as in `discover`.

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from devinops.kinds import KINDS
from devinops.load.discover import SourceOf, directories_above
from devinops.load.file_names import CONFIG
from devinops.load.merge_records import DIRECTORY as MERGED
from devinops.load.problems import problem
from devinops.model.objects import Source
from devinops.model.suggest import did_you_mean
from devinops.planning.layers import Layer, Layers, fits, labels_of
from devinops.schema.files import LAYER

NAME: Final = "{name}"
"""What stands for the name of a target in the path of a layer."""

_MISSING: Final = "this directory does not exist: create it, or remove the layer"

_USUAL: Final = frozenset({"layers", "orgs"})
"""Directories in which entries are looked for although no layer is there."""


def find_layers(
    root: Path,
    written: Iterable[Any],
    targets: Mapping[str, Mapping[str, Any]],
    source_of: SourceOf,
) -> Layers:
    """Return the directories of the layers that devinops.yaml lists; its values may be wrong.

    `source_of` returns the position of a layer.
    """
    found = Layers(targets)
    top = os.path.realpath(root)
    paths: list[str] = []
    for number, layer in enumerate(written):
        path, where = _parts(layer)
        if path is None:
            continue
        names = frozenset(n for n, target in targets.items() if fits(where, labels_of(target)))
        message = _overlap(path, paths) or ("" if names else "no target has the labels of `where`")
        paths.append(path)
        if not message:
            message = _add(found, top, Layer(path, number + 1, names))
        if message:
            code = "missing-layer" if message == _MISSING else "unusable-layer"
            source = source_of("layers", number)
            found.problems.append(problem(source, code, f"{path}: {message}"))
    _find_unused(found, top, paths)
    return found


def _parts(layer: Any) -> tuple[str | None, Mapping[str, Any]]:
    """Return path and `where` of a layer; no path if the schema has a problem with them."""
    written = layer if isinstance(layer, dict) else {}
    path, where = written.get("path"), written.get("where")
    is_path = isinstance(path, str) and re.search(LAYER, path)
    return (path if is_path else None), (where if isinstance(where, dict) else {})


def _overlap(path: str, earlier: Iterable[str]) -> str:
    """Return what else reads the files of a layer; empty if nothing does."""
    names = path.split("/")
    for name in names:
        if name in (*KINDS.directories, MERGED):
            return f"a directory named {name} cannot be a layer or above one: rename it"
    for other in earlier:
        pairs = zip(names, other.split("/"), strict=False)
        if all(mine == its or NAME in (mine, its) for mine, its in pairs):
            return f"it overlaps with the layer {other}: move one of them"
    return ""


def _unreadable(top: str, path: str) -> str:
    """Return why the directory of a layer cannot be read; empty if it can."""
    real = os.path.join(top, path)
    if os.path.realpath(real) != real:
        return "a symbolic link cannot be a layer or above one: use a directory"
    if not os.path.lexists(real):
        return _MISSING
    return "" if os.path.isdir(real) else "this is a file: expected a directory"


def _add(found: Layers, top: str, layer: Layer) -> str:
    """Add the directories of a layer; return why its own cannot be read, empty if it can."""
    parent, _, last = layer.path.rpartition("/")
    if last == NAME:
        _add_named(found, top, parent, layer.rank, layer.targets)
        return ""
    message = _unreadable(top, layer.path)
    if not message:
        found.directories[layer.path] = layer
    if message in ("", _MISSING):
        # What only one target has goes into the layer that no other can get.
        found.exact.setdefault(layer.targets, layer)
    return message


def _add_named(found: Layers, top: str, parent: str, rank: int, names: frozenset[str]) -> None:
    """Add the directories that have the name of a target, or may get it."""
    layers = {n: Layer(f"{parent}/{n}", rank, frozenset({n}), is_named=True) for n in names}
    above = os.path.join(top, parent)
    if os.path.realpath(above) == above:
        found.exact |= {layer.targets: layer for layer in layers.values()}
    for name in _directories(top, parent):
        path = f"{parent}/{name}"
        if name in names:
            why, code = _unreadable(top, path), "unusable-layer"
            if not why:
                found.directories[path] = layers[name]
        elif name in found.targets:
            why = f"`where` of the layer {parent}/{NAME} does not select the target {name}: remove "
            why += "this directory, or correct `where`"
            code = "unused-layer"
        else:
            why = f"there is no target {name}{did_you_mean(name, found.targets)}, so nobody gets "
            why += f"these entries: rename the directory, or list it under `ignore` in {CONFIG}"
            code = "unused-layer"
        if why:
            found.unused[path] = problem(Source(path), code, why)


def _find_unused(found: Layers, top: str, paths: Iterable[str]) -> None:
    """Add each directory beside a layer of these paths that has entries but is not a layer."""
    parents = sorted(_USUAL.union(path.rpartition("/")[0] for path in paths) - {""})
    beside = [f"{parent}/{name}" for parent in parents for name in _directories(top, parent)]
    layers = {path for layer in found.directories for path in (layer, *directories_above(layer))}
    for path in sorted({*beside} - found.unused.keys() - layers):
        inside = set(_names(os.path.join(top, path)))
        if CONFIG not in inside and not inside.isdisjoint((*KINDS.directories, *KINDS.files)):
            message = (
                f"no target gets these entries: list {path} under `layers` in {CONFIG}, or under "
                "`ignore`"
            )
            found.unused[path] = problem(Source(path), "unused-layer", message)


def _directories(top: str, parent: str) -> list[str]:
    """Return the names of the visible directories in one; none if it cannot be read."""
    above = os.path.join(top, parent)
    names = (name for name in _names(above) if not name.startswith("."))
    return [name for name in names if os.path.isdir(os.path.join(above, name))]


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
