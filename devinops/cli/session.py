"""The session of one command: settings, entries, a client and the inventory."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import click

from devinops import signals
from devinops.cli.declarations.options import FORMATS, Options
from devinops.cli.output import tell
from devinops.cli.progress import Progress
from devinops.cli.runs.early_reading import EarlyReading
from devinops.config.reading import open_project, read_project
from devinops.config.settings import Settings, resolve, selected_targets
from devinops.environment import ci_sign
from devinops.inventory import Store, busy, open_store, wait_for_runs
from devinops.inventory.job import job_of
from devinops.kinds import KINDS
from devinops.load import Loaded
from devinops.load.file_names import CONFIG
from devinops.model.changes import Refusal
from devinops.model.client_protocols import PageDecoder, Reader, ignore
from devinops.model.errors import (
    ConfigError,
    DevinopsError,
    InputError,
    Interrupted,
    InventoryError,
    NotWritten,
    Terminated,
    stop_on_errors,
)
from devinops.model.inventory import Inventory, MergedEdit
from devinops.model.objects import Declaration, Ensure, Problem, Snapshot
from devinops.model.selectors import ALL
from devinops.planning.capabilities import api_problems, rotation_warnings
from devinops.planning.out_of_sight import may_be_promoted
from devinops.planning.plan import Plan
from devinops.planning.selection import Selection
from devinops.render.answers import Failure, RunAnswer

C_co = TypeVar("C_co", bound=Reader, covariant=True)

PROGRAMS = frozenset(FORMATS) - {"text"}
"""The formats for programs, which also get failures; people read those on stderr."""


class Planned(NamedTuple):
    """A plan and the snapshot that it is based on."""

    plan: Plan
    snapshot: Snapshot


class Entries(NamedTuple):
    """The declarations of all files, without errors; empty for a command that does not plan.

    `own` are those that concern the target.
    """

    declarations: tuple[Declaration, ...] = ()
    own: Sequence[Declaration] = ()
    warnings: tuple[Problem, ...] = ()
    selection: Selection = Selection()
    merged: tuple[MergedEdit, ...] = ()

    def relevant(self, inventory: Inventory) -> list[Declaration]:
        """Return those of the target, and those of others that explain why an object has none."""
        keys = {record.key for record in inventory.owned} - {entry.key for entry in self.own}
        others = (entry for entry in self.declarations if entry.key in keys) if keys else ()
        return [*self.own, *others]


@dataclass(frozen=True)
class Session(Generic[C_co]):
    """What a command works with. `client` can read, or read and write.

    `shared_store` is the store of one of many targets, which they share a part of.
    """

    options: Options
    settings: Settings
    client: C_co
    entries: Entries = Entries()
    early: EarlyReading | None = None
    shared_store: Store | None = None

    @cached_property
    def store(self) -> Store:
        """Where the inventory is kept. Raises ConfigError, ApiError."""
        return self.shared_store or open_store(
            self.settings.inventory,
            self.settings.root,
            self.client.target,
            self.options.command_flags,
            self.options.lock_timeout,
            job_of(os.environ, str(self.options.shard or "")),
        )

    def read_inventory(self, *, go_on: bool = False) -> Inventory:
        """Return the inventory when no other run is active; raises Stale after --lock-timeout.

        With `go_on`, return it then as it is.
        """
        timeout_s, flags = self.options.lock_timeout, self.options.command_flags
        return wait_for_runs(self.store, timeout_s, flags, go_on=go_on)

    def busy_notes(self, inventory: Inventory) -> tuple[str, ...]:
        """Return what other runs have not finished."""
        return tuple(f"busy: {text}" for text in busy(inventory, self.options.command_flags))

    def place_notes(self, inventory: Inventory) -> Iterator[str]:
        """Yield that the inventory may be lost with the job, or have another target's name."""
        in_file = self.settings.inventory.store == "file"
        if in_file and not inventory.records and ci_sign(os.environ):
            yield (
                f"this is CI, and the checkout has no {self.store.label}: unless the job commits "
                "that file, the next job owns nothing, and creates a renamed entry again. Set "
                "inventory: {store: branch}"
            )
        if not inventory.records and (old := self.store.other_name()):
            name = self.client.target.name
            yield (
                f"the target {old} has an inventory of this organization: if {old} is now {name}, "
                f"add previously: [{old}] to {name}, which then owns what {old} owned"
            )

    def snapshot(
        self,
        kinds: Iterable[str] | None,
        *,
        verify: bool = True,
        pages: Callable[[PageDecoder], None] = ignore,
        parents: bool = True,
    ) -> Snapshot:
        """Return all objects of the kinds and of the kinds that they refer to.

        `Reader` says what None, `verify`, `pages` and `parents` mean.
        """
        if kinds is not None:
            kinds = KINDS.with_referred(kinds) if parents else self.with_needed(kinds)
        with Progress(self.options, "reading") as progress:
            return self.client.snapshot(
                kinds, progress.at, verify=verify, pages=pages, parents=parents
            )

    def with_promoted(
        self, snapshot: Snapshot, inventory: Inventory, listed: Collection[str] = KINDS
    ) -> Snapshot:
        """Return a snapshot of the `listed` kinds with what may have been promoted.

        The enterprise is asked only if an object is missing. Raises ApiError.
        """
        declared = (entry.key for entry in self.entries.own if entry.ensure is Ensure.PRESENT)
        kinds = may_be_promoted(snapshot, inventory, declared, self.client.target) & {*listed}
        return replace(snapshot, of_enterprise=self.client.of_enterprise(kinds))

    def unlisted(self, kinds: Collection[str]) -> frozenset[str]:
        """Return the kinds that a snapshot without `parents` leaves out, if the target has them."""
        left_out, target = KINDS.with_referred(kinds) - self.with_needed(kinds), self.client.target
        return frozenset(n for n in left_out if KINDS[n].is_in(target.api, target.scope))

    def with_needed(self, kinds: Iterable[str]) -> frozenset[str]:
        """Return kinds and those that have to be listed together with them."""
        return KINDS.with_needed(kinds, self.client.api)

    def misplaced(self, plan: Plan) -> Iterator[Refusal]:
        """Yield why a plan must not be applied if the target also has an inventory elsewhere."""
        if plan.changes or plan.blocked or plan.upserts:
            yield from map(Refusal, self._elsewhere())

    def check_place(self, inventory: Inventory) -> None:
        """Raise InventoryError if nothing is owned here, but the target has another inventory."""
        for reason in () if inventory.owned else self._elsewhere():
            raise InventoryError(reason)

    def _elsewhere(self) -> Iterator[str]:
        settings = self.settings
        if settings.inventory.store == "none":
            return
        # Imported late: most commands need nothing of it.
        from devinops.inventory.elsewhere import found_elsewhere

        place, _ = found_elsewhere(settings.inventory, settings.root, self.client.target)
        if place:
            yield (
                f"{place} is another inventory of the target; it belongs in {self.store.label}: "
                f"run devinops inventory migrate{self.options.command_flags} to move it, or name "
                f"its place with inventory: in {CONFIG}"
            )


# --- opening -----------------------------------------------------------------------------------


def needs_inventory(
    settings: Settings,
    instead: str = "run devinops plan, which compares the objects with the files",
) -> None:
    """Raise ConfigError if a target has no inventory; `instead` is what works without one."""
    if settings.inventory.store == "none":
        raise ConfigError(
            f"the target {settings.target.name} has no inventory: remove inventory: "
            f"{{store: none}} from it in {CONFIG}, or {instead}"
        )


def read_settings(options: Options) -> Settings:
    """Return the settings, without the entries. Raises InputError, ConfigError, UsageError."""
    return resolve(read_project(options.root), options.flags, os.environ)


def several(options: Options) -> tuple[str, ...]:
    """Return the names of the targets of a run over several; none for a run over one.

    Those of all shards are returned. Raises UsageError, and InputError for devinops.yaml.
    """
    selectors, shard = options.flags.selectors, options.shard
    is_name = len(selectors) < 2 and not any(text == ALL or "=" in text for text in selectors)
    if is_name and not shard:
        return ()
    project, problems = open_project(options.root)
    if not project.whole:
        stop_on_errors(problems)
    names = selected_targets(project, options.flags)
    return names if len(names) > 1 or shard else ()


def targets_of_run(
    options: Options, affected: str | None = None, beside: Callable[[Any], None] = ignore
) -> tuple[str, ...] | None:
    """Return the names of the targets of a run over many, of which none may be left; None for one.

    `affected` is the value of --affected; then `beside` gets what else differs from that commit.
    Raises as `several` does, and ConfigError.
    """
    names = several(options)
    if not affected:
        return names or None
    # Imported late: few runs compare commits.
    from devinops.cli.runs.affected_targets import only_affected

    selected = names or selected_targets(read_project(options.root), options.flags)
    return only_affected(options, affected, selected, beside)


def entries_of(
    loaded: Loaded, settings: Settings, own: Sequence[Declaration], selection: Selection
) -> Entries:
    """Return the entries with the warnings about those of a target, `own`. Raises InputError."""
    stop_on_errors(loaded.problems)
    target = settings.target
    problems = [*loaded.problems, *api_problems(own, target.api, target.scope)]
    if settings.inventory.store == "none":
        problems += rotation_warnings(own)
    stop_on_errors(problems)
    warnings, merged = tuple(sorted(problems)), loaded.merged_for(target.name)
    return Entries(loaded.declarations, own, warnings, selection, merged)


# --- failures ---------------------------------------------------------------------------------


class NotApplied(DevinopsError):
    """The plans of a run were made but not applied; the answer says why."""

    def __init__(self, answer: RunAnswer) -> None:
        self.answer, self.exit_code = answer, answer.exit_code
        super().__init__(answer.error)


@contextmanager
def failures_written(options: Options) -> Iterator[None]:
    """If the run fails or is interrupted, write that in each requested format for programs.

    The exception is raised again.
    """
    try:
        with signals.checked():
            yield
    except DevinopsError as error:
        _write_failure(options, error)
        raise
    except (KeyboardInterrupt, click.Abort, Terminated) as stop:
        _write_failure(options, Interrupted(stop))
        raise


def _write_failure(options: Options, error: DevinopsError) -> None:
    try:
        options.answer(_failure(options, error), PROGRAMS)
    except (OSError, NotWritten) as failure:
        # Reported in addition to the error of the run, never instead of it.
        tell(f"devinops: the output cannot be written: {failure}")


def _failure(options: Options, error: DevinopsError) -> RunAnswer | Failure:
    if isinstance(error, NotApplied):
        return error.answer
    problems: Sequence[Problem] = error.problems if isinstance(error, InputError) else ()
    return Failure(str(error), error.exit_code, tuple(problems), _target_name(options))


def _target_name(options: Options) -> str:
    """Return the name of the target of a run that failed, `all` for many; empty if unknown."""
    try:
        names = selected_targets(read_project(options.root), options.flags)
        return names[0] if len(names) == 1 else ALL
    except DevinopsError:
        return options.flags.target or ""
