"""Says how the files follow a folder that was renamed in the web app. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from devinops.ingest.pulling import Pulling
from devinops.load.entries import directory_folder
from devinops.model.keys import decode_part, listed
from devinops.model.objects import Declaration, Source
from devinops.planning.folders import RenamedFolder
from devinops.writers.file_names import directory


class _Uses(NamedTuple):
    """Where the files have a folder, and the `targets` for which they have it.

    At the `places` its path is written, and the entries `inside` have directories that say that
    they are in it.
    """

    targets: set[str]
    places: list[Source]
    inside: list[Declaration]


def how_to_follow(
    folder: RenamedFolder,
    renamed: Sequence[RenamedFolder],
    pulling: Pulling,
    where: Collection[str],
) -> str:
    """Return what to do with the files for a folder that was renamed in the targets `where`.

    `renamed` are all folders that were renamed in the target.
    """
    uses, path = _uses(folder, pulling), folder.live.key.path
    if others := uses.targets.difference(where):
        return (
            f"its path in the web app is {path}, but its entries are also for {listed(others)}, "
            "where it is not: rename it there too, or rename it back"
        )
    steps = [*_of_directories(folder, renamed, uses.inside)]
    if uses.places:
        steps.append(f"write it at {' and '.join(map(str, uses.places))}")
    todo = "; ".join(steps) or "follow the folders below it"
    return f"its path in the web app is {path}: {todo}, or rename it back"


def _uses(folder: RenamedFolder, pulling: Pulling) -> _Uses:
    old, uses = folder.declared.path, _Uses(set(), [], [])
    for entry in (part for whole in pulling.concerned for part in whole.parts):
        is_inside = f"{entry.key.folder}/".startswith(f"{old}/")
        if entry.key == folder.declared:
            uses.places.append(entry.source)
        elif not is_inside or entry.kind.lives_in != folder.declared.kind:
            continue
        elif (source := entry.sources.get(entry.kind.parent or "")) is None:
            uses.inside.append(entry)
        elif entry.key.folder == old:
            uses.places.append(source)
        uses.targets.update(pulling.declared.users(entry, None))
    return uses


def _of_directories(
    folder: RenamedFolder, renamed: Sequence[RenamedFolder], inside: Sequence[Declaration]
) -> Iterator[str]:
    """Yield what to do with the directories of the entries inside, if anything."""
    old, above = folder.declared.path, _renamed_above(folder, renamed)
    moved = above.live.key.path + old.removeprefix(above.declared.path) if above else ""
    if not _has_directory(folder):
        if own := [str(entry.source) for entry in inside if entry.key.folder == old]:
            yield (
                f"no directory can have this name, so write it as {folder.declared.kind} at "
                f"{' and '.join(own)}"
            )
    elif above and folder.live.key.path == moved:
        yield f"it moves with {above.declared}"
    elif moves := _moves(folder, above, inside):
        yield f"move {' and '.join(moves)}"


def _renamed_above(folder: RenamedFolder, renamed: Sequence[RenamedFolder]) -> RenamedFolder | None:
    """Return the closest folder above this one that was renamed too."""
    path = folder.declared.path
    inside = (other for other in renamed if path.startswith(f"{other.declared.path}/"))
    above = [other for other in inside if _has_directory(other)]
    return max(above, key=lambda other: other.declared.path, default=None)


def _moves(
    folder: RenamedFolder, above: RenamedFolder | None, inside: Iterable[Declaration]
) -> list[str]:
    """Return which files follow a folder to which new directory, after those of `above`."""
    moves = {}
    for entry in inside:
        parts = posixpath.dirname(entry.source.path).split("/")
        depth = entry.key.folder.count("/") - folder.declared.path.count("/")
        old = parts[: len(parts) - depth]
        section = old[: len(old) - len(folder.declared.path.split("/"))]
        if above:
            rest = folder.declared.path.count("/") - above.declared.path.count("/")
            old = [*section, *_directories(above), *old[len(old) - rest :]]
        moves["/".join(old)] = "/".join([*section, *_directories(folder)])
    return [f"the files of {old} to {new}" for old, new in sorted(moves.items())]


def _directories(folder: RenamedFolder) -> list[str]:
    """Return the names of the directories for the live path of a folder."""
    return [directory(decode_part(part)) for part in folder.live.key.path.split("/")]


def _has_directory(folder: RenamedFolder) -> bool:
    """Return whether directories can have names that are read as the live path."""
    return directory_folder(_directories(folder)) == folder.live.key.path
