"""What a request changes beside entries: it decides who gets what, and what runs in CI."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from devinops.config.project import Project
from devinops.render import counted
from devinops.render.where import Places

_MOST_FILES: Final = 10
_NOT_COMPARED: Final = frozenset({"targets", "defaults", "version"})
"""Members of devinops.yaml that are compared target by target, or say nothing."""
_RUN_BY_NAME: Final = frozenset(
    {
        "action.yml",
        "action.yaml",
        "azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        "CODEOWNERS",
        "Jenkinsfile",
    }
)
"""Files that decide what runs or who reviews, and are not in a hidden directory."""


def also_changed(now: Project, then: Project, paths: Iterable[str]) -> Iterator[str]:
    """Yield short phrases about settings that differ, and about files of CI.

    `paths` are those of all files of the repository that differ, from its top.
    """
    places = Places(frozenset(now.targets), {}, "target")
    options: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    added = []
    for name, own in now.targets.items():
        names = (name, *own.get("previously", ()))
        before = next((then.targets[old] for old in names if old in then.targets), None)
        if before is None:
            added.append(name)
            continue
        for option, how in _differing(own, before):
            if option != "title":
                options[option, how].append(name)
    if added:
        yield f"new targets: {places.named(added)}"
    for (option, how), concerned in sorted(options.items()):
        yield f"{option} of {places.where(concerned)}{how}"
    for option, how in _differing(now.data, then.data):
        if option not in _NOT_COMPARED:
            yield f"{option}{how}"
    files = sorted(path for path in paths if _runs(PurePosixPath(path)))
    yield from files[:_MOST_FILES]
    if more := files[_MOST_FILES:]:
        yield counted(len(more), "more file")


def _differing(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each option that differs, and how if only one side has it."""
    for option in sorted({*now, *then}):
        if now.get(option) != then.get(option):
            removed = "" if option in now else " removed"
            yield option, removed if option in then else " added"


def _runs(path: PurePosixPath) -> bool:
    """Return whether a file configures CI, hooks, reviews or the inventory."""
    return path.name in _RUN_BY_NAME or any(part.startswith(".") for part in path.parts)
