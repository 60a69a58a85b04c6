"""What plan and apply share: read the files, the settings and the organization, and make a plan."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from devinops import signals, waiting
from devinops.api.connection import Connection
from devinops.cli.authors import with_authors
from devinops.cli.options import Options, tell
from devinops.cli.progress import Progress
from devinops.cli.validate import read
from devinops.config import Settings, resolve
from devinops.inventory import Header, Store, listed, open_store, wait_for_runs
from devinops.kinds import KINDS
from devinops.model import inventory as owned
from devinops.model.changes import Action
from devinops.model.client import Reader
from devinops.model.errors import (
    ConfigError,
    DevinopsError,
    ExitCode,
    InputError,
    Interrupted,
    Terminated,
)
from devinops.model.inventory import Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId
from devinops.model.objects import Declaration, Problem, Severity, Snapshot
from devinops.model.policy import Approvals, Prune
from devinops.model.target import Target
from devinops.planning.capabilities import api_problems, edition_problems, rotation_warnings
from devinops.planning.plan import Only, Plan, build_plan

if TYPE_CHECKING:
    from devinops.schema.document import Document


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
        wanted = [d for d in loaded.declarations if d.concerns(settings.target)]
        forgetful = settings.inventory.store == "none"
        problems = [*loaded.problems, *api_problems(wanted, settings.api)]
        problems += rotation_warnings(wanted) if forgetful else ()
        _stop_on_errors(problems)
        return cls(options, settings, loaded.declarations, tuple(sorted(problems)), only)

    @property
    def connection(self) -> Connection:
        return connection(self.settings)

    def target(self, reader: Reader) -> Target:
        settings = self.settings
        org_id = reader.org_id
        return Target(
            settings.target, settings.api_url, settings.api, org_id, emulator=bool(reader.emulator)
        )

    def store(self, reader: Reader) -> Store:
        """Return where the inventory is kept. Raises ConfigError."""
        header = Header.of(self.settings.api_url, reader.org_id, self.settings.target)
        return open_store(self.settings.inventory, self.settings.root, header)

    def kinds(self, inventory: Inventory) -> frozenset[str]:
        """The kinds to list: those of the entries and of what is owned; a key needs no right on the others."""
        found = {d.key.kind for d in self.declarations if d.concerns(self.settings.target)}
        found |= {record.key.kind for record in inventory.records}
        if self.settings.policy.prune is Prune.SCOPE:
            found |= {kind.noun for kind in KINDS.values() if kind.parent}
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
        wanted = (d for d in self.declarations if d.concerns(settings.target))
        _stop_on_errors([*edition_problems(wanted, settings.api, snapshot.unknown_fields)])
        plan = build_plan(
            self.declarations,
            snapshot,
            self.target(reader),
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

    def settle(self, upserts: Sequence[Record], removals: Sequence[ObjectId]) -> None:
        self.store.settle(self.run, upserts, removals)

    def finish(self, unclear: Collection[Key]) -> None:
        self.store.finish(self.run, unclear)


def with_references(kinds: Iterable[str]) -> frozenset[str]:
    """Return these kinds and those that they refer to."""
    found = frozenset(kinds)
    return found.union(*(KINDS[kind].references for kind in found))


def connection(settings: Settings) -> Connection:
    return Connection(
        api_url=settings.api_url,
        api=settings.api,
        key=settings.key,
        org_id=settings.org_id,
        timeout_s=settings.timeout_s,
        parallelism=settings.parallelism,
        ca_bundle=settings.ca_bundle,
        owner=settings.owner,
    )


def _stop_on_errors(problems: Sequence[Problem]) -> None:
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InputError(problems)


def plan_chunks(options: Options, plan: Plan, format: str, code: ExitCode) -> Iterator[str]:
    """Yield a plan in a format."""
    if format == "json":
        from devinops.render import json

        yield from json.dump(json.plan_document(plan, code))
    else:
        from devinops.render.text import Text

        yield from (f"{one}\n" for one in Text(options.color, options.verbose).plan(plan))


class NotApplied(DevinopsError):
    """A plan was made, and then not applied; `cause` says why and what to exit with."""

    def __init__(self, plan: Plan, cause: DevinopsError) -> None:
        self.plan, self.exit_code = plan, cause.exit_code
        super().__init__(str(cause))


@contextmanager
def failures_written(options: Options) -> Iterator[None]:
    """Write the JSON document of a failed or interrupted run, wherever JSON was asked for."""
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
    from devinops.render import json

    document: Document
    if isinstance(error, NotApplied):
        document = json.plan_document(error.plan, error.exit_code, error=str(error))
    else:
        problems = error.problems if isinstance(error, InputError) else ()
        document = json.failure_document(str(error), problems, error.exit_code)
    try:
        options.write(lambda _: json.dump(document), {"json"})
    except (OSError, ConfigError) as failure:
        # Beside the error of the run, and never instead of it.
        tell(f"devinops: the answer cannot be written: {failure}")
