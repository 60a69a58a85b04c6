"""The session of one command: settings, entries, a client and the inventory."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import click

from devinops import signals, waiting
from devinops.api import open_reader
from devinops.api.connection import Connection
from devinops.api.parallel import overlapping
from devinops.cli.early_reading import EarlyReading, EarlyResult
from devinops.cli.options import FORMATS, Options
from devinops.cli.output import tell
from devinops.cli.progress import Progress
from devinops.config.reading import open_project, read_entries, read_project
from devinops.config.settings import Settings, resolve, selected_targets
from devinops.environment import ci_sign
from devinops.inventory import Store, busy, open_store, wait_for_runs
from devinops.inventory.job import job_of
from devinops.kinds import KINDS
from devinops.load import Loaded
from devinops.load.file_names import CONFIG
from devinops.model import inventory as owned
from devinops.model.changes import Action, Refusal
from devinops.model.client_protocols import PageDecoder, Reader, ignore
from devinops.model.errors import (
    FORBIDDEN,
    ApiError,
    ConfigError,
    DevinopsError,
    InputError,
    Interrupted,
    InventoryError,
    NotWritten,
    Terminated,
    UsageError,
    stop_on_errors,
)
from devinops.model.inventory import Inventory, MergedEdit
from devinops.model.keys import listed
from devinops.model.objects import Declaration, Ensure, Problem, Snapshot
from devinops.model.policy import Approvals, MissingFolders, Prune
from devinops.model.selectors import ALL
from devinops.planning.capabilities import api_problems, edition_problems, rotation_warnings
from devinops.planning.drift import without_secrets
from devinops.planning.folders import (
    needs_all_folders,
    used_folders,
    with_folders,
    with_seen_folders,
)
from devinops.planning.mentions import mention_problems, mentioning_kinds, unchecked
from devinops.planning.out_of_sight import may_be_promoted
from devinops.planning.plan import Plan, PlanRequest, build_plan
from devinops.planning.selection import Only
from devinops.render.answers import Failure, FleetAnswer, PlanAnswer

C_co = TypeVar("C_co", bound=Reader, covariant=True)

Connect = Callable[[Connection, Callable[[str], None]], C_co]

PROGRAMS = frozenset(FORMATS) - {"text"}
"""The formats for programs, which also get failures; people read those on stderr."""


class Planned(NamedTuple):
    """A plan and the snapshot that it is based on."""

    plan: Plan
    snapshot: Snapshot

    @property
    def known(self) -> frozenset[str]:
        """The ids of all objects that were listed."""
        return frozenset(live.id for live in self.snapshot.objects)


class Entries(NamedTuple):
    """The declarations of all files, without errors; empty for a command that does not plan.

    `own` are those that concern the target.
    """

    declarations: tuple[Declaration, ...] = ()
    own: Sequence[Declaration] = ()
    warnings: tuple[Problem, ...] = ()
    only: tuple[Only, ...] = ()
    merged: tuple[MergedEdit, ...] = ()

    def relevant(self, inventory: Inventory) -> list[Declaration]:
        """Return those of the target, and those of others that explain why an object has none."""
        keys = {record.key for record in inventory.owned} - {entry.key for entry in self.own}
        others = (entry for entry in self.declarations if entry.key in keys) if keys else ()
        return [*self.own, *others]


@dataclass(frozen=True)
class Session(Generic[C_co]):
    """What a command works with. `client` can read, or read and write: see `open_session`.

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
                f"this is CI, and the checkout has no {self.store.label}: if the job does not "
                "commit that file, the next one owns nothing, and creates an entry with a new name "
                "a second time: set inventory: {store: branch}"
            )
        if not inventory.records and (old := self.store.other_name()):
            name = self.client.target.name
            yield (
                f"the inventory of the target {old} is of this organization: if {old} is now "
                f"{name}, add previously: [{old}] to {name}, so that {name} owns what {old} owned"
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
            kinds = KINDS.with_referred(kinds) if parents else self._with_needed(kinds)
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
        left_out, target = KINDS.with_referred(kinds) - self._with_needed(kinds), self.client.target
        return frozenset(n for n in left_out if KINDS[n].is_in(target.api, target.scope))

    def _with_needed(self, kinds: Iterable[str]) -> frozenset[str]:
        return KINDS.with_needed(kinds, self.client.api)

    def early_reading(self) -> EarlyReading:
        """Begin to read what a plan needs, although the entries are not known yet."""
        progress = Progress(self.options, "reading")

        def snapshot(kinds: Collection[str], pages: Callable[[PageDecoder], None]) -> Snapshot:
            return self.client.snapshot(
                kinds, progress.at, verify=False, pages=pages, parents=False
            )

        fetch, with_needed = lambda: self.store.fetch(), self._with_needed
        return EarlyReading(fetch, self._kinds, snapshot, progress, with_needed)

    def plan(
        self,
        approvals: Approvals,
        *,
        retry: bool = True,
        only_must_match: bool = True,
        go_on: bool = False,
    ) -> Planned:
        """Return the plan that results from the inventory, the organization and the entries.

        For `retry` see `retry_until_listed`, for `go_on` see `read_inventory`. Raises ApiError,
        InventoryError, Stale, UsageError.
        """
        if approvals.folders == MissingFolders.ROOT and self.settings.inventory.store == "none":
            raise UsageError(
                "--folders root needs an inventory, which knows what to move later: remove "
                f"inventory: {{store: none}} from the target in {CONFIG}"
            )
        # The inventory is read first: otherwise, objects created by a run that ends in between
        # would look as if they had been deleted outside devinops.
        early = self.early.take() if self.early else None
        inventory = early.inventory if early else self.read_inventory(go_on=go_on)

        def attempt() -> Planned:
            nonlocal early
            before, early = early, None
            planned = self._compare(inventory, approvals, only_must_match, before)
            if planned.snapshot.unverified and not planned.plan.is_quiet:
                # An object that seems to be missing may have moved from one page to another.
                planned = self._compare(inventory, approvals, only_must_match, verify=True)
            return planned

        plan, snapshot = (
            retry_until_listed(self.options, inventory, attempt) if retry else attempt()
        )
        if plan.drift or plan.blocked:
            from devinops.api.audit import with_editors

            drift = with_editors(without_secrets(plan.drift), self.client)
            plan = replace(plan, drift=drift, blocked=without_secrets(plan.blocked))
        if any(change.action is Action.REPLACE for change in plan.changes):
            from devinops.git import Git
            from devinops.ingest.last_applied import with_versions

            changes = with_versions(plan.changes, inventory, Git(self.settings.root).contents)
            plan = replace(plan, changes=changes)
        notes = (*self.busy_notes(inventory), *self.place_notes(inventory), *plan.notes)
        plan = replace(plan, notes=notes, refusals=(*self.misplaced(plan), *plan.refusals))
        return Planned(plan, snapshot)

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
                f"{place} is an inventory of the target too, but it belongs in {self.store.label}: "
                f"run devinops inventory migrate{self.options.command_flags} to move it, or name "
                f"its place with inventory: in {CONFIG}"
            )

    def _compare(
        self,
        inventory: Inventory,
        approvals: Approvals,
        only_must_match: bool,
        early: EarlyResult | None = None,
        *,
        verify: bool = False,
    ) -> Planned:
        kinds = self._kinds(inventory)
        if early:
            snapshot = self._completed(early, kinds)
        else:
            snapshot = self.snapshot(kinds, verify=verify, parents=False)
        if not snapshot.unverified:
            snapshot = self.with_promoted(snapshot, inventory)
        target = self.client.target
        entries = self.entries.own
        problems = [
            *edition_problems(entries, target.api, snapshot.unknown_fields),
            *mention_problems(entries, snapshot),
        ]
        stop_on_errors(problems)

        def build(snapshot: Snapshot) -> Plan:
            return self._build(snapshot, inventory, approvals, only_must_match, problems)

        plan, snapshot = self._plan_with_folders(snapshot, self.unlisted(kinds), inventory, build)
        unlisted = mentioning_kinds(plan.changes, target.api, target.scope) - kinds
        if not unlisted:
            return Planned(plan, snapshot)
        refused: dict[str, ApiError] = {}
        for kind in sorted(unlisted):
            try:
                more = self.client.snapshot({kind}, verify=verify)
            except ApiError as error:
                if error.status != FORBIDDEN and not error.is_missing:
                    raise
                refused[kind] = error
            else:
                snapshot = snapshot.with_more(more)
        plan = build(snapshot)
        absent = {kind for kind, error in refused.items() if error.is_missing}
        notes = unchecked(plan.changes, refused.keys(), target.api, absent=absent)
        return Planned(replace(plan, notes=(*plan.notes, *notes)), snapshot)

    def _completed(self, early: EarlyResult, kinds: Collection[str]) -> Snapshot:
        """Return a snapshot of the kinds without parents; some of them were listed already."""
        missing = self._with_needed(kinds) - early.kinds
        if not missing:
            return early.snapshot
        return early.snapshot.with_more(self.snapshot(missing, verify=False, parents=False))

    def _plan_with_folders(
        self,
        snapshot: Snapshot,
        folders: Collection[str],
        inventory: Inventory,
        build: Callable[[Snapshot], Plan],
    ) -> Planned:
        """Return the plan of a snapshot that lacks the kinds `folders`; list them if necessary."""
        if not folders:
            return Planned(build(snapshot), snapshot)
        used = used_folders(self.entries.own)
        seen = None if self.entries.only else with_seen_folders(snapshot, used, inventory)
        if seen:
            plan = build(seen)
            # After a list that is not verified, all of this is done again unless the plan is quiet.
            is_final = plan.is_quiet or seen.unverified
            if is_final or not needs_all_folders(plan.changes, seen, inventory):
                return Planned(plan, seen)
        snapshot = with_folders(snapshot, self.snapshot(folders, verify=False))
        return Planned(build(snapshot), snapshot)

    def _build(
        self,
        snapshot: Snapshot,
        inventory: Inventory,
        approvals: Approvals,
        only_must_match: bool,
        warnings: Sequence[Problem],
    ) -> Plan:
        request = PlanRequest(
            self.client.target,
            self.settings.policy,
            datetime.now(UTC).date(),
            inventory,
            approvals,
            self.entries.merged,
            self.entries.only,
        )
        return build_plan(
            self.entries.relevant(inventory),
            snapshot,
            request,
            warnings=(*self.entries.warnings, *warnings),
            only_must_match=only_must_match,
        )

    def _kinds(self, inventory: Inventory) -> set[str]:
        """Return the kinds to list: the kinds of the entries and of the owned objects.

        So the key needs no permission for the others.
        """
        kinds = {entry.key.kind for entry in self.entries.own}
        kinds |= {record.key.kind for record in inventory.owned}
        if self.settings.policy.prune is Prune.SCOPE:
            # The folders of all objects decide what is in scope.
            kinds |= KINDS.with_referred(kind.noun for kind in KINDS.values() if kind.parent)
        return kinds


# --- opening -----------------------------------------------------------------------------------


@contextmanager
def open_session(
    options: Options,
    connect: Connect[C_co],
    *,
    settings: Settings | None = None,
) -> Iterator[Session[C_co]]:
    """Yield a session without entries, with the `settings`, by default those of the repository.

    `connect` is `open_reader` or `open_writer`. Raises InputError, ConfigError and UsageError.
    """
    settings = settings or read_settings(options)
    with connect(connection(settings), options.log) as client:
        yield Session(options, settings, client)


@contextmanager
def open_inventory_session(options: Options) -> Iterator[Session[Reader]]:
    """Yield a session to read with, for a command about the inventory. Failures are written.

    Raises ConfigError, including if there is no inventory.
    """
    with failures_written(options):
        settings = read_settings(options)
        needs_inventory(settings)
        with open_session(options, open_reader, settings=settings) as session:
            yield session


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


@contextmanager
def open_planning_session(options: Options, connect: Connect[C_co]) -> Iterator[Session[C_co]]:
    """Yield a session with all entries. What they declare is listed while they are read.

    `connect` is `open_reader` or `open_writer`. Raises InputError with the problems of all files,
    ConfigError and UsageError.
    """
    only = tuple(map(Only.parse, options.only))
    project, problems = open_project(options.root)
    try:
        stop_on_errors(problems)
        settings = resolve(project, options.flags, os.environ)
        client = connect(connection(settings), options.log)
    except DevinopsError:
        # Problems in files come first.
        stop_on_errors(read_entries(project, problems).problems)
        raise
    with client:
        session = Session(options, settings, client)
        with session.early_reading() as early:

            def seen(entry: Declaration) -> None:
                if entry.concerns(settings.target.name):
                    early.count_entry(entry.key.kind)

            with overlapping():
                loaded = read_entries(project, problems, seen)
            entries = entries_of(loaded, settings)._replace(only=only)
            yield replace(session, entries=entries, early=early)


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
    options: Options, affected: str | None, removed: Callable[[Any], None] = ignore
) -> tuple[str, ...] | None:
    """Return the names of the targets of a run over many, of which none may be left; None for one.

    `affected` is the value of --affected; then `removed` gets name and settings of each target that
    is no longer declared. Raises as `several` does, and ConfigError.
    """
    names = several(options)
    if not affected:
        return names or None
    # Imported late: few runs compare commits.
    from devinops.cli.affected_targets import only_affected

    selected = names or selected_targets(read_project(options.root), options.flags)
    return only_affected(options, affected, selected, removed)


def connection(settings: Settings) -> Connection:
    return Connection(
        target=settings.target,
        key=settings.key,
        timeout_s=settings.timeout_s,
        rate=settings.rate,
        parallelism=settings.parallelism,
        ca_bundle=settings.ca_bundle,
        owner=settings.owner,
        enterprise_key=settings.enterprise_key,
        enterprise_key_env=settings.enterprise_key_env,
        key_env=settings.key_env,
    )


def entries_of(
    loaded: Loaded, settings: Settings, own: Sequence[Declaration] | None = None
) -> Entries:
    """Return the entries with the warnings about those of a target. Raises InputError.

    `own` are those that concern it, if they are known.
    """
    stop_on_errors(loaded.problems)
    target = settings.target
    if own is None:
        own = [entry for entry in loaded.declarations if entry.concerns(target.name)]
    problems = [*loaded.problems, *api_problems(own, target.api, target.scope)]
    if settings.inventory.store == "none":
        problems += rotation_warnings(own)
    stop_on_errors(problems)
    warnings, merged = tuple(sorted(problems)), loaded.merged_for(target.name)
    return Entries(loaded.declarations, own, warnings, merged=merged)


# --- waiting for what an earlier run created --------------------------------------------------


def retry_until_listed(
    options: Options, inventory: Inventory, plan: Callable[[], Planned]
) -> Planned:
    """Plan, and plan again later if the plan creates what an earlier run may have created.

    A list may show a new object with a delay, and creating it again would duplicate it.
    """
    planned = plan()
    for seconds in owned.RECOVERY_WAITS_S:
        creates = (c.key for c in planned.plan.changes if c.action is Action.CREATE)
        unlisted = [str(key) for key in creates if key in inventory.unclear]
        if not unlisted:
            break
        options.say(
            f"an earlier run may have created {listed(unlisted)}, but the API does not list it "
            f"yet; checking again in {seconds:g} s"
        )
        waiting.pause(seconds)
        planned = plan()
    return planned


# --- failures ---------------------------------------------------------------------------------


class NotApplied(DevinopsError):
    """A plan, or those of many targets, were made but not applied; the answer says why."""

    def __init__(self, answer: PlanAnswer | FleetAnswer) -> None:
        self.answer, self.exit_code = answer, answer.exit_code
        super().__init__(answer.error)

    @classmethod
    def because(cls, plan: Plan, cause: DevinopsError) -> NotApplied:
        """Return the error for the plan of one target."""
        return cls(PlanAnswer(plan, cause.exit_code, str(cause)))


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


def _failure(options: Options, error: DevinopsError) -> PlanAnswer | FleetAnswer | Failure:
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
