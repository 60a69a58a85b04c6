"""Applies the plans of many targets side by side, after one question, and reports on each."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click

from devinops import signals
from devinops.api import open_writer
from devinops.applying.applier import Applier, ApplyOptions, Hooks, apply
from devinops.applying.backup import Backups
from devinops.applying.fleet_report import ReportCollector
from devinops.applying.report import ApplyReport
from devinops.cli.execute_plan import RunJournal, secret_values, tell_interrupted
from devinops.cli.fleet import Fleet, Kept, open_fleet, plan_targets
from devinops.cli.options import Options
from devinops.cli.session import NotApplied, Session
from devinops.cli.webhook_secrets import WebhookSecrets
from devinops.git import Git
from devinops.inventory import InventorySettings, new_run
from devinops.model.changes import Outcome, Result
from devinops.model.client_protocols import Writer
from devinops.model.errors import DevinopsError, NotWritten, Refused, Stale
from devinops.model.exit_codes import ExitCode, worst
from devinops.model.keys import listed
from devinops.model.policy import Approvals
from devinops.model.target import TargetState
from devinops.planning.classes import FleetPlan, TargetPlan
from devinops.planning.commands import with_flags
from devinops.planning.digest_list import DigestList
from devinops.planning.many_targets import outside_waves
from devinops.planning.plan import Plan
from devinops.planning.waves import Wave, failures
from devinops.render import counted, fleet
from devinops.render.answers import FleetAnswer


class FleetRequest(NamedTuple):
    """What an apply to many targets may do.

    `reviewed` are the digests of the plans that may be applied, target by target; `digest` is that
    of all of them, which allows only the whole. `secrets` is the file for new secrets from the API.
    Without a `wave`, but `out_of_wave`, several targets may be written although there are waves.
    """

    approvals: Approvals
    yes: bool = False
    reviewed: DigestList | None = None
    digest: str | None = None
    secrets: Path | None = None
    wave: Wave | None = None
    out_of_wave: bool = False

    @property
    def asks(self) -> bool:
        return not (self.yes or self.reviewed or self.digest)


def apply_to(options: Options, names: tuple[str, ...], request: FleetRequest) -> FleetAnswer:
    """Plan all targets, show the plans, ask, and apply each; return the report.

    Raises NotApplied if nothing of them may be applied.
    """
    with open_fleet(options, names, open_writer) as targets:
        plan = _FleetApply(targets, request).run()
        answer = targets.answer(plan, plan.exit_code())
        return answer._replace(wave=request.wave.name if request.wave else None)


@dataclass
class _FleetApply:
    targets: Fleet[Writer]
    request: FleetRequest
    ready: dict[str, Kept[Writer]] = field(default_factory=dict)
    """The targets in which something is to be written, by name."""
    values: dict[str, str] = field(default_factory=dict)
    """Variable → value of each secret to create."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> FleetPlan:
        """Return the plan with the report."""
        request = self.request
        plan = self.planned(self.targets, request.reviewed)
        if self.targets.project.waves and not (request.wave or request.out_of_wave):
            plan = replace(plan, refusals=(*plan.refusals, *outside_waves(plan)))
        self.show(plan)
        self.check(plan)
        if not self.ready:
            return replace(plan, is_applied=True)
        if request.asks and any(kept.plan.changes for kept in self.ready.values()):
            self.ask(plan)
            plan = self.planned_again(plan)
        changes = [change for kept in self.ready.values() for change in kept.plan.changes]
        try:
            secrets = WebhookSecrets(changes, request.secrets)
        except (Refused, NotWritten) as error:
            raise self.not_applied(plan, error) from error
        for name in self.targets.stores.keys() - self.ready.keys():
            self.targets.stores[name].close()
        with secrets:
            run = _FleetRun(self.targets, plan, request, self.values, secrets)
            return run.run(self.ready)

    def planned(self, targets: Fleet[Writer], reviewed: DigestList | None) -> FleetPlan:
        request = self.request
        return plan_targets(targets, request.approvals, reviewed, self.keep, wave=request.wave)

    def keep(self, kept: Kept[Writer]) -> None:
        """Take the plan of a target. Raises ConfigError if the value of a secret is missing."""
        session, plan = kept.session, kept.plan
        if not plan.is_written:
            # Results that a run left in the local journal when it died must still be saved.
            session.store.sweep()
            return
        values = secret_values(plan, os.environ, self.targets.keys)
        with self.lock:
            self.values |= values
            self.ready[plan.target.name] = kept

    def show(self, plan: FleetPlan) -> None:
        options, request = self.targets.options, self.request
        if options.format == "text" or request.asks:
            is_reviewed = request.reviewed is not None or request.digest == plan.digests.digest
            code = plan.exit_code()
            options.show(self.targets.answer(plan, code, approved=is_reviewed))
            # If the reader has closed the pipe, fail before the first write and not after the last.
            sys.stdout.flush()

    def check(self, plan: FleetPlan) -> None:
        """Raise NotApplied if nothing may be applied."""
        digest = self.request.digest
        if digest is not None and digest != plan.digests.digest:
            error = (
                f"the plans have the digest {plan.digests.digest}, not {digest}: nothing was "
                "written; review them again, or pass --expect the FILE with the digest of each "
                "target, which applies those that are as reviewed"
            )
            raise self.not_applied(plan, Stale(error))
        if plan.refusals:
            flags = self.targets.options.command_flags
            reasons = "; ".join(with_flags(refusal.reason, flags) for refusal in plan.refusals)
            raise self.not_applied(plan, Refused(f"refused, nothing was written: {reasons}"))
        wave, failed = self.request.wave, failures(plan)
        if wave and len(failed) > wave.max_failed:
            error = (
                f"the wave {wave.name} has stopped, and nothing was written: {len(failed)} of "
                f"{counted(len(wave.targets), 'target')} failed ({listed(failed)}; max_failed: "
                f"{wave.max_failed}): fix what is wrong there, or give them hold: REASON"
            )
            code = worst(plan.exit_code(), ExitCode.DECIDE)
            raise NotApplied(self.targets.answer(plan, code, error))

    def not_applied(self, plan: FleetPlan, error: DevinopsError) -> NotApplied:
        return NotApplied(self.targets.answer(plan, error.exit_code, str(error)))

    def ask(self, plan: FleetPlan) -> None:
        """Ask for approval of all plans together. Raises Refused if it is not given."""
        counts = [len(kept.plan.changes) for kept in self.ready.values() if kept.plan.changes]
        signals.check()
        where = fleet.many(plan, len(counts))
        if not click.confirm(f"Apply {counted(sum(counts), 'change')} to {where}?", err=True):
            raise Refused("not approved; nothing was written")

    def planned_again(self, plan: FleetPlan) -> FleetPlan:
        """Plan again what is to be written: the question may have been open for hours."""
        again, self.ready = replace(self.targets, names=tuple(self.ready)), {}
        later = self.planned(again, plan.digests).targets
        new = {target.name: target._replace(is_new=True) for target in later}
        return replace(plan, targets=tuple(new.get(each.name, each) for each in plan.targets))


@dataclass
class _FleetRun:
    """Makes the changes in all targets. From here on there is always a report, as in `execute`."""

    targets: Fleet[Writer]
    plan: FleetPlan
    request: FleetRequest
    values: dict[str, str]
    secrets: WebhookSecrets
    start: datetime = field(default_factory=lambda: datetime.now(UTC))
    collector: ReportCollector = field(default_factory=ReportCollector)
    running: list[Applier] = field(default_factory=list)
    stopped: ExitCode | None = None
    failed_targets: set[str] = field(default_factory=set)
    busy: dict[str, TargetPlan] = field(default_factory=dict)
    """The targets in which another run was faster, by name."""
    runs: dict[InventorySettings, str] = field(default_factory=dict)
    """The name of the run in each inventory that targets share."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, ready: dict[str, Kept[Writer]]) -> FleetPlan:
        self.failed_targets.update(failures(self.plan))
        self.commit = Git(self.targets.options.root).line("rev-parse", "HEAD")
        signals.instead(self.stop)
        jobs = {name: partial(self.apply, kept) for name, kept in sorted(ready.items())}
        self.targets.each("applying", jobs, lambda name, error: self.failed(ready[name], error))
        targets = tuple(self.busy.get(target.name, target) for target in self.plan.targets)
        return self.collector.applied(replace(self.plan, targets=targets))

    def stop(self, code: ExitCode) -> None:
        """Let the requests in flight finish, in all targets, and start nothing new."""
        self.stopped = code
        tell_interrupted(self.targets.options)
        for applier in tuple(self.running):
            applier.interrupt(code)

    def apply(self, kept: Kept[Writer]) -> None:
        """Apply the plan of a target, and plan again to see what is left."""
        session, plan = kept.session, kept.plan
        wave = self.request.wave
        if self.stopped:
            self.skip(kept, "interrupted")
            return
        if wave and len(self.failed_targets) > wave.max_failed:
            why = f"not started: in the wave {wave.name}, more targets failed than its max_failed"
            self.skip(kept, f"{why} of {wave.max_failed}")
            return
        self.targets.check_key(session.settings)
        run, name = self.name_in(session), plan.target.name
        # Each target has a backup of its own.
        with Backups(session.settings.root, plan.target, new_run(self.start)) as backups:
            applier = Applier(
                plan,
                kept.known,
                session.client,
                RunJournal(session.store, run, plan.inventory),
                ApplyOptions(self.values, run, self.commit),
                Hooks(
                    backups.save,
                    on_revealed=lambda key, secret: self.secrets.hand_over(key, secret, name),
                ),
            )
            self.running.append(applier)
            if self.stopped:
                applier.interrupt(self.stopped)
            try:
                report = apply(applier, partial(self.plan_left, kept))
            finally:
                self.running.remove(applier)
                session.store.close()
        self.add(replace(report, backup=backups.name))

    def name_in(self, session: Session[Writer]) -> str:
        """Return the name of the run in the inventory of a target; one on a branch is shared."""
        if session.shared_store is None or session.settings.inventory.store != "branch":
            return new_run(self.start)
        with self.lock:
            return self.runs.setdefault(session.settings.inventory, new_run(self.start))

    def plan_left(self, kept: Kept[Writer]) -> Plan:
        planned = kept.session.plan(self.request.approvals, retry=False, only_must_match=False)
        return planned.plan

    def failed(self, kept: Kept[Writer], error: DevinopsError) -> None:
        if not isinstance(error, Stale):
            self.skip(kept, str(error))
            return
        # Another run has announced its writes since this one planned.
        name = kept.plan.target.name
        (target,) = (target for target in self.plan.targets if target.name == name)
        self.failed_targets.add(name)
        self.busy[name] = target._replace(
            state=TargetState.BUSY, message=str(error), code=error.exit_code, digest="", is_new=True
        )

    def skip(self, kept: Kept[Writer], why: str) -> None:
        """Report that nothing was written in a target."""
        changes: Iterable[Result] = (
            Result(change, Outcome.SKIPPED, why, change.id) for change in kept.plan.changes
        )
        report = ApplyReport(kept.plan, tuple(changes), None, unverified=why)
        self.add(replace(report, interrupted=self.stopped))

    def add(self, report: ApplyReport) -> None:
        with self.lock:
            self.collector.add(report)
            if report.exit_code is not ExitCode.OK:
                self.failed_targets.add(report.plan.target.name)
