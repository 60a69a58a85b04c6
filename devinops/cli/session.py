"""One run against one organization: its settings, its entries, a client and the inventory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

import click

from devinops import signals, waiting
from devinops.api.connection import Connection
from devinops.cli.options import FORMATS, Options, tell
from devinops.cli.progress import Progress
from devinops.config import CONFIG_FILE, Settings, read_project, read_repository, resolve
from devinops.inventory import Store, listed, open_store, wait_for_runs
from devinops.kinds import KINDS
from devinops.model import inventory as owned
from devinops.model.changes import Action
from devinops.model.client import Reader
from devinops.model.errors import (
    ConfigError,
    DevinopsError,
    InputError,
    Interrupted,
    NotWritten,
    Terminated,
)
from devinops.model.inventory import Inventory
from devinops.model.objects import Declaration, Problem, Severity, Snapshot
from devinops.model.policy import Approvals, Prune
from devinops.planning.capabilities import api_problems, edition_problems, rotation_warnings
from devinops.planning.only import Only
from devinops.planning.plan import Plan, build_plan
from devinops.render.answers import Failure, PlanAnswer

C_co = TypeVar("C_co", bound=Reader, covariant=True)

PROGRAMS = frozenset(FORMATS) - {"text"}
"""The formats for programs: a failure is an answer there, and a line on stderr for people."""


class Planned(NamedTuple):
    """A plan and the snapshot that it was made from."""

    plan: Plan
    snapshot: Snapshot


@dataclass(frozen=True)
class Entries:
    """What the files declare, free of errors, for a command that plans; empty for any other."""

    declarations: tuple[Declaration, ...] = ()
    warnings: tuple[Problem, ...] = ()
    only: tuple[Only, ...] = ()

    def of(self, target: str) -> list[Declaration]:
        """Return those that concern a target."""
        return [entry for entry in self.declarations if entry.concerns(target)]


@dataclass(frozen=True)
class Session(Generic[C_co]):
    """What a command works with. `client` reads, or writes as well; see `open_session`."""

    options: Options
    settings: Settings
    client: C_co
    entries: Entries = Entries()

    @cached_property
    def store(self) -> Store:
        """Where the inventory is kept. Raises ConfigError, ApiError."""
        return open_store(self.settings.inventory, self.settings.root, self.client.target)

    def read_inventory(self) -> Inventory:
        """Return the inventory once no other run is at work; raises Stale after --lock-timeout."""
        return wait_for_runs(self.store, self.options.lock_timeout)

    def snapshot(self, kinds: Iterable[str] | None, *, sure: bool = True) -> Snapshot:
        """Read all objects of the kinds and of those that they refer to; for None and `sure` see `Reader`."""
        wanted = None if kinds is None else frozenset(kinds)
        if wanted is not None:
            wanted = wanted.union(*(KINDS[kind].references for kind in wanted))
        with Progress(self.options, "reading") as progress:
            return self.client.snapshot(wanted, progress.at, sure=sure)

    def plan(
        self, approvals: Approvals, *, retry: bool = True, only_must_match: bool = True
    ) -> Planned:
        """Read the inventory and the organization, and compare them with the entries.

        With `retry` see `retry_until_listed`. Raises ApiError, InventoryError, Stale, UsageError.
        """
        # First the inventory, then what is live: the other way round a run that ends in between would make what it
        # has just created look deleted outside.
        inventory = self.read_inventory()

        def attempt() -> Planned:
            planned = self._compare(inventory, approvals, only_must_match, sure=False)
            if planned.snapshot.unproved and not planned.plan.is_quiet:
                # What seems to be missing may have slipped between two pages.
                planned = self._compare(inventory, approvals, only_must_match, sure=True)
            return planned

        plan, snapshot = (
            retry_until_listed(self.options, inventory, attempt) if retry else attempt()
        )
        if plan.drift:
            from devinops.cli.audit_log import with_editors

            plan = replace(plan, drift=with_editors(plan.drift, self.client))
        return Planned(plan, snapshot)

    def _compare(
        self, inventory: Inventory, approvals: Approvals, only_must_match: bool, *, sure: bool
    ) -> Planned:
        snapshot = self.snapshot(self._kinds(inventory), sure=sure)
        target = self.client.target
        entries = self.entries.of(target.name)
        _stop_on_errors(edition_problems(entries, target.api, snapshot.unknown_fields))
        plan = build_plan(
            self.entries.declarations,
            snapshot,
            target,
            policy=self.settings.policy,
            today=datetime.now(UTC).date(),
            inventory=inventory,
            only=self.entries.only,
            approvals=approvals,
            warnings=self.entries.warnings,
            only_must_match=only_must_match,
        )
        return Planned(plan, snapshot)

    def _kinds(self, inventory: Inventory) -> set[str]:
        """The kinds to list: those of the entries and of what is owned; a key needs no right on the others."""
        found = {entry.key.kind for entry in self.entries.of(self.settings.target.name)}
        found |= {record.key.kind for record in inventory.records}
        if self.settings.policy.prune is Prune.SCOPE:
            found |= {kind.noun for kind in KINDS.values() if kind.parent}
        return found


# --- opening one ------------------------------------------------------------------------------


@contextmanager
def open_session(
    options: Options,
    connect: Callable[[Connection, Callable[[str], None]], C_co],
    *,
    settings: Settings | None = None,
    entries: bool = False,
    needs_inventory: bool = False,
) -> Iterator[Session[C_co]]:
    """Read the settings if they are not given, with `entries` every entry, and connect.

    `connect` is `open_reader` or `open_writer`. Raises InputError with the problems of all files, ConfigError and
    UsageError.
    """
    declared = Entries()
    if entries:
        declared, settings = _read_entries(options)
    settings = settings or read_settings(options)
    if needs_inventory and settings.inventory.store == "none":
        raise ConfigError(
            f"the target {settings.target.name} has no inventory: to turn one on, say inventory: "
            f"{{store: branch}} (or file) for it in {CONFIG_FILE}; without one, devinops plan compares with the files"
        )
    with connect(connection(settings), options.log) as client:
        yield Session(options, settings, client, declared)


def read_settings(options: Options) -> Settings:
    """Return the settings of a run that reads no entries. Raises InputError, ConfigError, UsageError."""
    return resolve(read_project(options.root), options.flags, os.environ)


def connection(settings: Settings) -> Connection:
    return Connection(
        target=settings.target,
        key=settings.key,
        timeout_s=settings.timeout_s,
        parallelism=settings.parallelism,
        ca_bundle=settings.ca_bundle,
        owner=settings.owner,
        enterprise_key=settings.enterprise_key,
        enterprise_key_env=settings.enterprise_key_env,
    )


def _read_entries(options: Options) -> tuple[Entries, Settings]:
    only = tuple(map(Only.parse, options.only))
    project, loaded = read_repository(options.root)
    _stop_on_errors(loaded.problems)
    settings = resolve(project, options.flags, os.environ)
    entries = Entries(loaded.declarations, only=only)
    wanted = entries.of(settings.target.name)
    problems = [*loaded.problems, *api_problems(wanted, settings.target.api, settings.target.scope)]
    if settings.inventory.store == "none":
        problems += rotation_warnings(wanted)
    _stop_on_errors(problems)
    return replace(entries, warnings=tuple(sorted(problems))), settings


def _stop_on_errors(problems: Iterable[Problem]) -> None:
    problems = tuple(problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InputError(problems)


# --- waiting for what an earlier run created --------------------------------------------------


def retry_until_listed(
    options: Options, inventory: Inventory, plan: Callable[[], Planned]
) -> Planned:
    """Plan, and plan again after a while if the plan creates what an earlier run may have created.

    A list can show a new object late, and creating it again would make a second one.
    """
    planned = plan()
    for seconds in owned.RECOVERY_WAITS_S:
        unlisted = _unlisted(planned.plan, inventory)
        if not unlisted:
            break
        options.say(
            f"an earlier run may have created {listed(unlisted)}, but the API does not list it yet; checking again "
            f"in {seconds:g} s"
        )
        waiting.pause(seconds)
        planned = plan()
    return planned


def _unlisted(plan: Plan, inventory: Inventory) -> list[str]:
    creates = (change.key for change in plan.changes if change.action is Action.CREATE)
    return [str(key) for key in creates if key in inventory.unclear]


# --- failures ---------------------------------------------------------------------------------


class NotApplied(DevinopsError):
    """A plan was made, and then not applied; `cause` says why and what to exit with."""

    def __init__(self, plan: Plan, cause: DevinopsError) -> None:
        self.plan, self.exit_code = plan, cause.exit_code
        super().__init__(str(cause))


@contextmanager
def failures_written(options: Options) -> Iterator[None]:
    """Write the answer of a run that fails or is interrupted, in each format for programs that was asked for."""
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
        options.answer(_failure(error), PROGRAMS)
    except (OSError, NotWritten) as failure:
        # Beside the error of the run, and never instead of it.
        tell(f"devinops: the answer cannot be written: {failure}")


def _failure(error: DevinopsError) -> PlanAnswer | Failure:
    if isinstance(error, NotApplied):
        return PlanAnswer(error.plan, error.exit_code, str(error))
    problems: Sequence[Problem] = error.problems if isinstance(error, InputError) else ()
    return Failure(str(error), error.exit_code, tuple(problems))
