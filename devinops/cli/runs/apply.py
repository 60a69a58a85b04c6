"""Applies the plans of a run side by side, after one question, and reports on each target."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Final, NamedTuple

import click

from devinops import signals
from devinops.api import open_writer
from devinops.applying.applier import Applier, ApplyOptions, Hooks, apply
from devinops.applying.backup import Backups
from devinops.applying.report import ApplyReport
from devinops.cli.declarations.options import Options
from devinops.cli.output import echo_err, tell
from devinops.cli.progress import Progress
from devinops.cli.runs.approved_plan import ApprovedPlan, run_digest
from devinops.cli.runs.plan_entries import plan_entries
from devinops.cli.runs.run import Kept, Planner, Planning, Run, open_run
from devinops.cli.runs.secret_values import secret_values
from devinops.cli.runs.webhook_secrets import WebhookSecrets
from devinops.cli.session import NotApplied, Session
from devinops.git import Git
from devinops.inventory import Store, new_run
from devinops.model.changes import Outcome, Result
from devinops.model.client_protocols import Writer
from devinops.model.errors import ConfigError, DevinopsError, NotWritten, Refused, Stale, UsageError
from devinops.model.exit_codes import ExitCode, worst
from devinops.model.inventory import TIME, Failed, Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId, listed
from devinops.model.policy import Approvals
from devinops.model.target import TargetState
from devinops.planning.commands import like_commands, with_flags
from devinops.planning.digest_list import DigestList
from devinops.planning.many_targets import outside_waves
from devinops.planning.plan import Plan
from devinops.planning.run import Collector, Plans, RunTarget
from devinops.planning.waves import Wave, failures
from devinops.render import Style, counted, render
from devinops.render.answers import RunAnswer
from devinops.render.by_change import totals

_NOT_NEEDED: Final = "it needs none of these changes any more, for example after another run"


@dataclass(frozen=True)
class RunJournal:
    """The journal of one run in a store; `base` is the inventory that the run was planned with.

    A result gets the time when it arrives.
    """

    store: Store
    run: str
    base: Inventory

    def begin(self, intents: Sequence[Intent]) -> None:
        self.store.begin(self.run, intents, self.base)

    def settle(self, upserts: Sequence[Record], removals: Sequence[ObjectId]) -> None:
        now = datetime.now(UTC).strftime(TIME)
        dated = [record.dated(self.base.by_id.get(record.object_id), now) for record in upserts]
        self.store.settle(self.run, dated, removals, now)

    def finish(self, unclear: Collection[Key], failed: Mapping[Key, str]) -> None:
        now = datetime.now(UTC).strftime(TIME)
        self.store.finish(self.run, unclear, [Failed(*item, now) for item in failed.items()])


class ApplyRequest(NamedTuple):
    """What an apply may do.

    `approved` is what was approved before; without it and `yes`, the run asks. `secrets` is the
    file for new secrets from the API. Without a `wave`, the approvals say whether several targets
    may be written although there are waves.

    `planner` makes the plans, `journal` records what is written, and `reported` completes the
    report of each target. `keep` are backups that must not be deleted, and `backup` is the argument
    that names what is rolled back. `cannot_ask` says why the command cannot ask; empty if it can.
    """

    approvals: Approvals
    yes: bool = False
    approved: ApprovedPlan | None = None
    secrets: Path | None = None
    wave: Wave | None = None
    planner: Planner = plan_entries
    journal: type[RunJournal] = RunJournal
    reported: Callable[[ApplyReport], ApplyReport] = lambda report: report
    keep: Collection[Path] = ()
    cannot_ask: str = ""
    backup: str = ""

    @property
    def asks(self) -> bool:
        return not (self.yes or self.approved)


def apply_to(
    options: Options, names: tuple[str, ...] | None, request: ApplyRequest, *, entries: bool = True
) -> RunAnswer:
    """Plan all targets, show the plans, ask, and apply each; return the report.

    For `names` and `entries` see `open_run`. Raises NotApplied if nothing may be applied.
    """
    with open_run(options, names, open_writer, entries=entries) as run:
        if run.only_session and request.approved:
            request.approved.check_target(run.only_session.client.target)
        return _Apply(run, request).report()


@dataclass
class _Apply:
    """Shows the plans, checks them, and asks."""

    run: Run[Writer]
    request: ApplyRequest
    ready: dict[str, Kept[Writer]] = field(default_factory=dict)
    """The targets in which something is to be written, by name."""
    values: dict[str, str] = field(default_factory=dict)
    """Variable → value of each secret to create."""
    wrong: ConfigError | None = None
    """Why the plan of an only target cannot be applied, although it may be."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def report(self) -> RunAnswer:
        request, approved = self.request, self.request.approved
        # If the objects of a saved plan's --only are gone, the plan is stale; --only has no typo.
        is_saved = approved is not None and approved.path is not None
        digests = approved.digests if approved else None
        plan = self.planned(self.run, digests, filters_must_match=not is_saved)
        # What a wave has written must not wait for a wave to be rolled back.
        in_turn = request.wave or request.backup or request.approvals.out_of_wave
        if self.run.project.waves and not in_turn:
            plan = replace(plan, refusals=(*plan.refusals, *outside_waves(plan)))
        self.show(plan)
        self.check(plan, approved)
        if self.wrong:
            raise self.wrong
        if request.asks and any(kept.plan.changes for kept in self.ready.values()):
            self.ask(plan)
            plan = self.planned_again(plan)
        execution = _Execution(self.run, plan, request, self.values)
        if self.ready:
            with self.secrets(plan) as secrets:
                for name in self.run.stores.keys() - self.ready.keys():
                    self.run.stores[name].close()
                execution.apply_all(self.ready, secrets)
        report = execution.collector.applied(plan)
        return self.answer(report, report.exit_code())

    def planned(
        self, run: Run[Writer], reviewed: DigestList | None, *, filters_must_match: bool
    ) -> Plans:
        request = self.request
        return Planning(
            run,
            request.approvals,
            request.planner,
            reviewed,
            self.keep,
            request.wave,
            filters_must_match=filters_must_match,
        ).plans()

    def keep(self, kept: Kept[Writer]) -> None:
        """Take the plan of a target. Raises ConfigError if the value of a secret is missing."""
        session, plan = kept.session, kept.plan
        if not plan.is_written:
            # Results that a run left in the local journal when it died must still be saved.
            session.store.sweep()
            return
        try:
            values = secret_values(plan, os.environ, self.run.keys)
        except ConfigError as error:
            if self.run.only_session is None:
                raise
            # People see the plan of an only target first.
            values, self.wrong = {}, error
        with self.lock:
            self.values |= values
            self.ready[plan.target.name] = kept

    def show(self, plan: Plans) -> None:
        options, request = self.run.options, self.request
        if options.format == "text" or request.asks:
            is_approved = request.approved is not None and request.approved.allows(plan)
            options.show(self.answer(plan, plan.exit_code(), approved=is_approved))
            # If the reader has closed the pipe, fail before the first write and not after the last.
            sys.stdout.flush()

    def answer(
        self, plan: Plans, code: ExitCode, error: str = "", *, approved: bool = False
    ) -> RunAnswer:
        backup, wave = self.request.backup, self.request.wave
        return self.run.answer(
            plan,
            code,
            error,
            approved=approved,
            command=f"rollback {backup}" if backup else "apply",
            wave=wave.name if wave else None,
            backup_used=backup,
        )

    def check(self, plan: Plans, approved: ApprovedPlan | None) -> None:
        """Raise NotApplied if nothing may be applied."""
        try:
            if approved:
                approved.check(plan, self.run.options)
            is_saved = approved is not None and approved.path is not None and plan.by_one
            check_refusals(plan, self.run.options, self.run.named, is_saved=is_saved)
        except (Stale, Refused) as error:
            raise self.not_applied(plan, error) from error
        wave = self.request.wave
        if wave and len(failed := failures(plan)) > wave.max_failed:
            why = (
                f"the wave {wave.name} has stopped, and nothing was written: {len(failed)} of "
                f"{counted(len(wave.targets), 'target')} failed ({listed(failed)}; max_failed: "
                f"{wave.max_failed}): fix what is wrong there, or give them hold: REASON"
            )
            code = worst(plan.exit_code(), ExitCode.DECIDE)
            raise NotApplied(self.answer(plan, code, why))

    def not_applied(self, plan: Plans, error: DevinopsError) -> NotApplied:
        return NotApplied(self.answer(plan, error.exit_code, str(error)))

    def ask(self, plan: Plans) -> None:
        """Ask for approval of all plans together.

        Raises Refused if it is not given, and NotApplied if the command cannot ask.
        """
        if self.request.cannot_ask:
            how = f"review the plan, then pass --expect {run_digest(plan)}, or --yes"
            raise self.not_applied(plan, UsageError(f"{self.request.cannot_ask}: {how}"))
        what = totals(plan.summary(self.ready))
        where = counted(sum(bool(kept.plan.changes) for kept in self.ready.values()), plan.noun)
        if self.run.only_session:
            where = self.run.only_session.client.target.full_name
        signals.check()
        if not click.confirm(f"Apply {what} to {where}?", err=True):
            raise Refused("not approved; nothing was written")

    def planned_again(self, plan: Plans) -> Plans:
        """Plan again what is to be written: the question may have been open for hours."""
        again, self.ready = replace(self.run, names=tuple(self.ready)), {}
        reviewed = None if self.run.only_session else plan.digests
        planned = self.planned(again, reviewed, filters_must_match=False)
        if self.run.only_session:
            self.check(planned, ApprovedPlan(plan.digest, plan))
            return planned
        new_states = {target.name: target for target in planned.targets}
        refused = {row.target: item.reason for item, at in planned.refused for row in at}

        def now(target: RunTarget) -> RunTarget:
            new = new_states.get(target.name)
            if new is None:
                return target
            if new.state is TargetState.PLANNED and new.name not in self.ready:
                why, code = _NOT_NEEDED, ExitCode.OK
                if new.name in refused:
                    why, code = f"it is refused now: {refused[new.name]}", ExitCode.DECIDE
                new = new._replace(state=TargetState.STALE, message=why, code=code)
            return target._replace(state=new.state, message=new.message, code=new.code, is_new=True)

        return replace(plan, targets=tuple(map(now, plan.targets)))

    def secrets(self, plan: Plans) -> WebhookSecrets:
        """Return where new secrets from the API go. Raises NotApplied if no one would see them."""
        changes = [change for kept in self.ready.values() for change in kept.plan.changes]
        try:
            return WebhookSecrets(changes, self.request.secrets)
        except (Refused, NotWritten) as error:
            raise self.not_applied(plan, error) from error


def check_refusals(
    plan: Plans, options: Options, named: Collection[Key], *, is_saved: bool = False
) -> None:
    """Raise Refused if nothing may be applied, whatever was reviewed.

    `named` are the keys that the reasons can name. A saved plan holds its own options.
    """
    refusals = plan.refusals
    if plan.by_one:
        (target,) = plan.targets
        if target.state is TargetState.HELD:
            held = f"the target {target.name} is held, nothing was written: {target.message}"
            raise Refused(f"{held}; to lift this, remove `hold` there")
        refusals = tuple(shared.item for shared in plan.refused)
    if refusals:
        flags, names = options.command_flags, like_commands(named)
        reasons = "; ".join(with_flags(refusal.reason, flags, names) for refusal in refusals)
        again = "; the saved plan contains its options, so plan again to change them"
        raise Refused(f"refused, nothing was written: {reasons}{again if is_saved else ''}")


# --- writing --------------------------------------------------------------------------------------


@dataclass
class _Execution:
    """Makes the changes in all targets.

    From here to the end of the command, the first signal lets requests in flight finish and starts
    no new ones; only the plan of what is left is interrupted. So there is always a report, and it
    is accurate.
    """

    run: Run[Writer]
    plan: Plans
    request: ApplyRequest
    values: dict[str, str]
    name: str = field(default_factory=lambda: new_run(datetime.now(UTC)))
    collector: Collector = field(default_factory=Collector)
    running: list[Applier] = field(default_factory=list)
    stopped: ExitCode | None = None
    failed_targets: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def apply_all(self, ready: Mapping[str, Kept[Writer]], secrets: WebhookSecrets) -> None:
        self.failed_targets.update(failures(self.plan) if self.request.wave else ())
        self.commit = Git(self.run.options.root).line("rev-parse", "HEAD")
        signals.instead(self.stop)

        def each(names: Sequence[str], then: Callable[[], None]) -> None:
            """Apply targets, and do `then` before they delete anything, or at the end."""
            jobs = {name: partial(self.apply, ready[name], secrets, then) for name in names}
            self.run.each("applying", jobs, lambda name, error: self.failed(ready[name], error))
            then()

        enterprises = [name for name in sorted(ready) if ready[name].plan.target.enterprise]
        # What organizations are given can depend on what the enterprise has, and what is deleted
        # there on what they still have.
        rest = cache(partial(each, sorted(ready.keys() - {*enterprises}), lambda: None))
        for name in enterprises:
            rest = cache(partial(each, [name], rest))
        rest()

    def stop(self, code: ExitCode) -> None:
        """Let the requests in flight finish, in all targets, and start nothing new."""
        self.stopped = code
        is_written = self.run.only_session and all(applier.finished for applier in self.running)
        if not (is_written or self.run.options.quiet):
            again = "press again to stop at once"
            signals.tell(f"\ninterrupted: finishing the requests in flight; {again}")
        for applier in tuple(self.running):
            applier.interrupt(code)

    def apply(self, kept: Kept[Writer], secrets: WebhookSecrets, then: Callable[[], None]) -> None:
        """Apply the plan of a target, with `then` before its deletes, and plan what is left."""
        session, plan = kept.session, kept.plan
        wave = self.request.wave
        self.run.check_key(plan.target.name)
        if self.stopped:
            self.skip(kept, "interrupted")
            return
        if wave and len(self.failed_targets) > wave.max_failed:
            why = f"not started: in the wave {wave.name}, more targets failed than its max_failed"
            self.skip(kept, f"{why} of {wave.max_failed}")
            return
        name = "" if self.run.only_session else plan.target.name
        # The progress of one of several targets is not shown: its session is quiet.
        progress = Progress(session.options, "applying", len(plan.changes))
        root, keep = session.settings.root, self.request.keep
        backups = Backups(root, plan.target, self.name, keep=keep, shares_run=bool(name))
        with progress, backups:
            applier = Applier(
                plan,
                kept.known,
                session.client,
                self.request.journal(session.store, self.name, plan.inventory),
                ApplyOptions(self.values, self.name, self.commit),
                Hooks(
                    backups.save,
                    lambda _: progress.step(),
                    lambda key, secret: secrets.hand_over(key, secret, name),
                    then,
                ),
            )
            self.running.append(applier)
            if self.stopped:
                applier.interrupt(self.stopped)
            try:
                report = apply(applier, partial(self.plan_left, session))
            finally:
                self.running.remove(applier)
                session.store.close()
        self.add(self.request.reported(replace(report, backup=backups.name)))

    def plan_left(self, session: Session[Writer]) -> Plan:
        with signals.interruptible() if self.run.only_session else nullcontext():
            return self.request.planner(session, self.request.approvals, retry=False).plan

    def failed(self, kept: Kept[Writer], error: DevinopsError) -> None:
        if not isinstance(error, Stale):
            self.skip(kept, str(error))
            return
        # Another run has announced its writes since this one planned.
        name = kept.plan.target.name
        with self.lock:
            self.failed_targets.add(name)
            why, code = str(error), error.exit_code
            self.collector.add_results(
                name, (), state=TargetState.BUSY, message=why, code=code, is_new=True
            )

    def skip(self, kept: Kept[Writer], why: str) -> None:
        """Report that nothing was written in a target."""
        results = tuple(Result(c, Outcome.SKIPPED, why, c.id) for c in kept.plan.changes)
        report = ApplyReport(kept.plan, results, None, unverified=why)
        self.add(replace(report, interrupted=self.stopped))

    def add(self, report: ApplyReport) -> None:
        with self.lock:
            report.add_to(self.collector)
            if report.exit_code is not ExitCode.OK:
                self.failed_targets.add(report.plan.target.name)


def finish(options: Options, report: RunAnswer) -> ExitCode:
    """Write the report and return the exit code of the run."""
    try:
        options.answer(report)
    except (OSError, NotWritten) as error:
        tell(f"devinops: the report cannot be written ({error}); here it is:")
        style = Style(full=options.verbose, flags=options.command_flags)
        for chunk in render("text", report, style):
            echo_err(chunk)
        wrote = report.plans.wrote
        return worst(report.exit_code, ExitCode.RUN_AGAIN if wrote else ExitCode.FIX)
    return report.exit_code
