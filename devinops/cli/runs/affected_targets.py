"""Which targets get other entries or settings than at another commit, from the files alone."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from devinops.api.connection import API_URL
from devinops.atomic import STATE
from devinops.cli.declarations.options import Options
from devinops.cli.runs.also_changed import also_changed
from devinops.cli.runs.changed_entries import changed_paths, merge_base
from devinops.config.project import DEFAULT_TARGET, Project
from devinops.config.reading import read_repository
from devinops.config.wrong_settings import DEFAULT_URL
from devinops.git import Git
from devinops.inventory import InventorySettings, open_store
from devinops.load import Loaded
from devinops.load.file_names import SUFFIXES, hidden_part
from devinops.model.client_protocols import ignore
from devinops.model.errors import ConfigError, DevinopsError, stop_on_errors
from devinops.model.keys import listed
from devinops.model.objects import Declaration, Source
from devinops.model.target import Target
from devinops.planning.run import At, Shared
from devinops.render import counted

_ABOUT: Final = ("title", "labels")
"""What a target has for people and selectors: of itself, it changes nothing in a plan."""

_EMPTY: Final = ("no-entries", "missing-layer")
"""Problems of files that are not read: a directory without them gives no target an entry."""


class Beside(NamedTuple):
    """What differs beside the entries of targets that are declared.

    `removed` maps the targets that are no longer declared to the settings that they had.
    """

    also_changed: tuple[str, ...] = ()
    removed: Mapping[str, Mapping[str, Any]] = {}


Receiver = Callable[[Beside], None]

_LINK: Final = "120000"
_AT_ONCE: Final = 1_000
"""How many files are held in memory."""


def affected_targets(
    root: Path, ref: str, say: Callable[[str], None], beside: Receiver = ignore
) -> tuple[str, ...]:
    """Return the targets whose entries or settings differ from the merge base of HEAD and `ref`.

    They are in the order of the file. Entries are compared as each target gets them, without what
    is never sent. An inventory that is committed counts: it decides what is deleted. `say` gets
    what a user must know, `beside` what else differs. Raises ConfigError, and InputError for the
    files as they are now.
    """
    project, loaded = read_repository(root)
    stop_on_errors(loaded.problems)
    names = tuple(project.targets) or (DEFAULT_TARGET,)
    git = Git(root)
    base = merge_base(git, ref, "which targets are affected")
    touched = changed_paths(git, base)
    files = changed_paths(git, base, "--no-relative")
    wanted = {*touched, *(_below(root, path) for path in loaded.bodies)}
    with _files_at(git, base, wanted) as before:
        old, old_loaded = read_repository(before)
    if any(item.is_error and item.code not in _EMPTY for item in old_loaded.problems):
        say(f"the files at {base[:12]} have errors, so all targets count as affected")
        beside(Beside(tuple(also_changed(project, project, files))))
        return names
    known = {name: (name, *project.targets.get(name, {}).get("previously", ())) for name in names}
    # A target takes over one inventory: its own, or else that of the first old name that has one.
    taken = {next((name for name in all if name in old.targets), "") for all in known.values()}
    if gone := old.targets.keys() - taken:
        say(f"targets no longer declared: {listed(gone)}; their objects stay as they are")
    removed = {name: old.targets[name] for name in sorted(gone)}
    beside(Beside(tuple(also_changed(project, old, files)), removed))
    now, then = _Contents(project, loaded), _Contents(old, old_loaded)
    inventories = {name: {f"{STATE}/{n}.jsonl" for n in known[name]} for name in names}
    return tuple(
        name for name in names if inventories[name] & touched or now.of(name) != then.of(name)
    )


def only_affected(
    options: Options, ref: str, names: Iterable[str], beside: Receiver = ignore
) -> tuple[str, ...]:
    """Return those of the names whose targets are affected, and say so if there are none.

    `beside` is called and errors are raised as in `affected_targets`.
    """
    affected = affected_targets(options.root, ref, options.say, beside)
    chosen = tuple(name for name in names if name in affected)
    if not chosen:
        options.say(f"the changes since {ref} affect no target")
    return chosen


def what_stays(root: Path, removed: Mapping[str, Mapping[str, Any]]) -> Iterator[Shared[str, At]]:
    """Yield a note on each removed target: its inventory, if there is one, counts its objects."""
    for name, own in removed.items():
        url = own.get("api_url", os.environ.get(API_URL, DEFAULT_URL))
        enterprise = own.get("enterprise", False)
        target = Target(name, url, "v3", own.get("org_id"), enterprise=enterprise)
        number = 0
        with suppress(DevinopsError):
            inventory = own.get("inventory") or {"store": Project(root).default_store}
            store = open_store(InventorySettings(**inventory), root, target)
            number = len(store.read().owned)
        stay = counted(number, "object stays", "objects stay") if number else "its objects stay"
        yield Shared(f"{name} is removed: {stay}", ())


class _Contents:
    """What each target has, in a form to be compared."""

    def __init__(self, project: Project, loaded: Loaded) -> None:
        self.loaded = loaded
        self.targets = project.targets or {DEFAULT_TARGET: project.defaults}
        self.entries: defaultdict[str, list[object]] = defaultdict(list)
        for entry in loaded.declarations:
            sent = _sent(entry)
            for name in self.targets if entry.names is None else entry.names:
                self.entries[name].append(sent)

    def of(self, name: str) -> object:
        """Return the settings, the entries and the merged values of a target; None without it."""
        if name not in self.targets:
            return None
        return (
            {option: value for option, value in self.targets[name].items() if option not in _ABOUT},
            self.entries[name],
            sorted(edit._replace(source=Source("")) for edit in self.loaded.merged_for(name)),
        )


def _sent(entry: Declaration) -> object:
    """Return what an entry means for a target that gets it."""
    return entry.key, entry.resource, entry.ensure, entry.protect, entry.previously


# --- the files of a commit ------------------------------------------------------------------------


@contextmanager
def _files_at(git: Git, commit: str, wanted: Collection[str]) -> Iterator[Path]:
    """Yield a directory with the files below the root at a commit that can be read.

    Those are YAML, Markdown, text, JSON Lines, links, and what is `wanted`: the texts of entries.
    """
    files = dict(_listed(git, commit, wanted))
    with tempfile.TemporaryDirectory(prefix="devinops-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        # Links come last, so that no file is written through one.
        names = iter(sorted(files, key=lambda path: (files[path][0] == _LINK, path)))
        while chunk := list(islice(names, _AT_ONCE)):
            contents = git.contents({files[path][1] for path in chunk})
            for path in chunk:
                _write(directory / path, *files[path], contents)
        yield directory


def _listed(
    git: Git, commit: str, wanted: Collection[str]
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the path, mode and object of each file."""
    for row in os.fsdecode(git.raw("ls-tree", "-r", "-z", commit)).split("\0")[:-1]:
        facts, _, path = row.partition("\t")
        mode, kind, object = facts.split(" ")
        is_named = path.lower().endswith((*SUFFIXES, ".txt", ".jsonl")) or path in wanted
        parts = path.split("/")
        is_read = is_named or mode == _LINK
        if kind == "blob" and is_read and not (hidden_part(path) or {"", ".", ".."} & {*parts}):
            yield path, (mode, object)


def _write(path: Path, mode: str, object: str, contents: Mapping[str, bytes]) -> None:
    if object not in contents:
        raise ConfigError(f"git cannot read {path.name} of an earlier commit: fetch it, and retry")
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode == _LINK:
        path.symlink_to(os.fsdecode(contents[object]))
    else:
        path.write_bytes(contents[object])


def _below(root: Path, real: str) -> str:
    return os.path.relpath(real, os.path.realpath(root)).replace(os.sep, "/")
