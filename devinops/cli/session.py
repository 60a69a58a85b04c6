"""What plan and apply share: read the files, the settings and the organization, and make a plan."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from devinops import atomic, signals, waiting
from devinops.api import Connection, Reader
from devinops.cli.authors import with_authors
from devinops.cli.options import FORMATS, NotWritten, Options, silence_stdout, tell
from devinops.cli.progress import Progress
from devinops.cli.validate import read
from devinops.config import Settings, resolve
from devinops.inventory import Store, listed, open_store, wait_for_runs
from devinops.kinds import KINDS
from devinops.model import inventory as owned
from devinops.model.changes import Action
from devinops.model.errors import (
    DevinopsError,
    ExitCode,
    InputError,
    Interrupted,
    Terminated,
    worst,
)
from devinops.model.inventory import Intent, Inventory, Record
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Problem, Severity, Snapshot
from devinops.model.policy import Approvals, Prune
from devinops.planning.capabilities import api_problems, edition_problems, secret_version_warnings
from devinops.planning.plan import Only, Plan, build_plan
from devinops.render import render
from devinops.render.answers import Failure, PlanAnswer


@dataclass(frozen=True)
class Job:
    """The files and settings of one run, free of problems."""

    options: Options
    settings: Settings
    declarations: tuple[Declaration, ...]
    warnings: tuple[Problem, ...]
    only: tuple[Only, ...]

    @classmethod
    def of(cls, options: Options) -> Job:
        """Raises InputError with the problems of all files, ConfigError, UsageError."""
        only = tuple(map(Only.parse, options.only))
        loaded = read(options)
        _stop_on_errors(loaded.problems)
        settings = resolve(options.project(), options.flags, os.environ)
        wanted = [d for d in loaded.declarations if d.concerns(settings.target.name)]
        forgetful = settings.inventory.store == "none"
        problems = [*loaded.problems, *api_problems(wanted, settings.target.api)]
        problems += secret_version_warnings(wanted) if forgetful else ()
        _stop_on_errors(problems)
        return cls(options, settings, loaded.declarations, tuple(sorted(problems)), only)

    @property
    def connection(self) -> Connection:
        return connection(self.settings)

    def store(self, reader: Reader) -> Store:
        """Return where the inventory is kept. Raises ConfigError."""
        return open_store(self.settings.inventory, self.settings.root, reader.target)

    def kinds(self, inventory: Inventory) -> frozenset[str]:
        """The kinds to list: those of the entries and of what is owned; a key needs no right on the others."""
        found = {d.key.kind for d in self.declarations if d.concerns(self.settings.target.name)}
        found |= {record.key.kind for record in inventory.records}
        if self.settings.policy.prune is Prune.SCOPE:
            found.add("knowledge")
        return with_references(found)

    def look(
        self,
        reader: Reader,
        approvals: Approvals,
        *,
        patient: bool = True,
        only_must_match: bool = True,
    ) -> tuple[Plan, Snapshot]:
        """Read the inventory and the organization, and plan. Raises ApiError, InventoryError, Stale, UsageError.

        If the plan creates what an earlier run may have created, a patient look is repeated for a while.
        """
        # First the inventory, then what is live: the other way round a run that ends in between would make what it
        # has just created look deleted outside.
        inventory = wait_for_runs(self.store(reader), self.options.lock_timeout)

        def once() -> tuple[Plan, Snapshot]:
            return self._look_once(reader, approvals, inventory, only_must_match)

        plan, snapshot = look_patiently(self.options, inventory, once) if patient else once()
        return with_authors(plan, reader), snapshot

    def _look_once(
        self, reader: Reader, approvals: Approvals, inventory: Inventory, only_must_match: bool
    ) -> tuple[Plan, Snapshot]:
        plan, snapshot = self._plan(reader, approvals, inventory, only_must_match, sure=False)
        if snapshot.unproved and not plan.is_quiet:
            # What seems to be missing may have slipped between two pages.
            plan, snapshot = self._plan(reader, approvals, inventory, only_must_match, sure=True)
        return plan, snapshot

    def _plan(
        self,
        reader: Reader,
        approvals: Approvals,
        inventory: Inventory,
        only_must_match: bool,
        *,
        sure: bool,
    ) -> tuple[Plan, Snapshot]:
        settings = self.settings
        with Progress(self.options, "reading") as progress:
            snapshot = reader.snapshot(self.kinds(inventory), progress.at, sure=sure)
        wanted = (d for d in self.declarations if d.concerns(settings.target.name))
        _stop_on_errors([*edition_problems(wanted, settings.target.api, snapshot.unknown_fields)])
        plan = build_plan(
            self.declarations,
            snapshot,
            reader.target,
            policy=settings.policy,
            today=datetime.now(UTC).date(),
            inventory=inventory,
            only=self.only,
            approvals=approvals,
            warnings=self.warnings,
            only_must_match=only_must_match,
        )
        return plan, snapshot


def look_patiently(
    options: Options, inventory: Inventory, look: Callable[[], tuple[Plan, Snapshot]]
) -> tuple[Plan, Snapshot]:
    """Plan with `look`, again after a while where the plan creates what a run before may have created.

    A list can show a new object late, and creating it again would make a second one.
    """
    plan, snapshot = look()
    for seconds in owned.RECOVERY_WAITS_S:
        unseen = [
            str(c.key)
            for c in plan.changes
            if c.action is Action.CREATE and c.key in inventory.unclear
        ]
        if not unseen:
            break
        options.say(
            f"a run before may have created {listed(unseen)}, and it is not listed: looking again in {seconds:g} s"
        )
        waiting.pause(seconds)
        plan, snapshot = look()
    return plan, snapshot


@dataclass(frozen=True)
class RunJournal:
    """One run's way to the inventory, which was `base` when the run was planned."""

    store: Store
    run: str
    base: Inventory

    def begin(self, intents: Sequence[Intent]) -> None:
        self.store.begin(self.run, intents, self.base)

    def settle(self, put: Sequence[Record], drop: Sequence[tuple[str, str]]) -> None:
        self.store.settle(self.run, put, drop)

    def finish(self, unclear: Collection[Key]) -> None:
        self.store.finish(self.run, unclear)


def with_references(kinds: Iterable[str]) -> frozenset[str]:
    """Return these kinds and those that they refer to."""
    found = frozenset(kinds)
    return found.union(*(KINDS[kind].references for kind in found))


def connection(settings: Settings) -> Connection:
    return Connection(
        target=settings.target,
        key=settings.key,
        timeout_s=settings.timeout_s,
        parallelism=settings.parallelism,
        ca_bundle=settings.ca_bundle,
    )


def _stop_on_errors(problems: Sequence[Problem]) -> None:
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InputError(problems)


class NotApplied(DevinopsError):
    """A plan was made, and then not applied; `cause` says why and what to exit with."""

    def __init__(self, plan: Plan, cause: DevinopsError) -> None:
        self.plan, self.exit_code = plan, cause.exit_code
        super().__init__(str(cause))


@contextmanager
def failures_written(options: Options) -> Iterator[None]:
    """Write the JSON document of a run that fails or is interrupted, wherever JSON was asked for.

    Where that fails too it is told beside the error, and never instead of it.
    """
    try:
        with signals.checked():
            yield
    except NotWritten:
        raise
    except DevinopsError as error:
        error.exit_code = worst(error.exit_code, _write_failure(options, error))
        raise
    except (KeyboardInterrupt, click.Abort, Terminated) as stop:
        _write_failure(options, Interrupted(stop))
        raise


PROGRAMS = frozenset(FORMATS) - {"text"}
"""The formats for programs: a failure is a document there, and a line on stderr for people."""


def _failure(error: DevinopsError) -> PlanAnswer | Failure:
    if isinstance(error, NotApplied):
        return PlanAnswer(error.plan, error.exit_code, str(error))
    problems = error.problems if isinstance(error, InputError) else ()
    return Failure(str(error), error.exit_code, problems)


def _write_failure(options: Options, error: DevinopsError) -> ExitCode:
    """Return what it adds to the exit code that not every document could be written."""
    document = _failure(error)
    code = ExitCode.OK
    for failure in options.attempts(lambda format: render(format, document), PROGRAMS):
        if isinstance(failure, NotWritten):
            said = str(failure)
        else:
            silence_stdout()
            if isinstance(failure, BrokenPipeError):
                continue
            said = f"the answer cannot be written: {atomic.reason(failure)}"
        tell(f"devinops: {said}")
        code = worst(code, ExitCode.FIX)
    return code
