"""What apply and rollback share: show a plan, carry it out with a backup, and report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from devinops import signals
from devinops.applying.applier import Applier, apply
from devinops.applying.backup import Backups
from devinops.applying.report import Report
from devinops.cli.handover import Handover
from devinops.cli.options import Options, echo_err, tell
from devinops.cli.progress import Progress
from devinops.cli.session import NotApplied, Planned, Session
from devinops.inventory import Store, new_run
from devinops.inventory.git import Git
from devinops.model.changes import Outcome
from devinops.model.client import Writer
from devinops.model.errors import ExitCode, NotWritten, Refused, worst
from devinops.model.inventory import Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId
from devinops.planning.plan import Plan
from devinops.render import Style, render
from devinops.render.answers import PlanAnswer


def show(options: Options, plan: Plan, *, asking: bool) -> None:
    """Show the plan before anything is written.

    JSON has it in the answer at the end; whoever is asked sees it on stderr.
    """
    if options.format == "text" or asking:
        for chunk in render("text", PlanAnswer(plan, plan.exit_code()), options.style):
            click.echo(chunk, nl=False, err=options.format != "text", color=options.color or None)
        # Whoever reads this may have gone: better to learn that before the first write than after the last.
        sys.stdout.flush()


def ask(plan: Plan) -> None:
    """Ask for an approval. Raises Refused without one."""
    count = len(plan.changes)
    signals.check()
    these = "this change" if count == 1 else f"these {count} changes"
    if not click.confirm(f"Apply {these}?", err=True):
        raise Refused("not approved; nothing was written")


@dataclass(frozen=True)
class RunJournal:
    """The journal of one run in a store; `base` is the inventory that the run was planned with."""

    store: Store
    run: str
    base: Inventory

    def begin(self, intents: Sequence[Intent]) -> None:
        self.store.begin(self.run, intents, self.base)

    def settle(self, upserts: Sequence[Record], removals: Sequence[ObjectId]) -> None:
        self.store.settle(self.run, upserts, removals)

    def finish(self, unclear: Collection[Key]) -> None:
        self.store.finish(self.run, unclear)


def check_refusals(plan: Plan) -> None:
    """Raise NotApplied if a plan may not be applied at all."""
    if plan.refusals:
        refused = Refused(f"refused, nothing was written: {'; '.join(plan.refusals)}")
        raise NotApplied(plan, refused)


def _handover(plan: Plan, path: Path | None) -> Handover:
    """Return where the secrets go that the API makes. Raises NotApplied if nobody would see them."""
    try:
        return Handover(plan.changes, path)
    except (Refused, NotWritten) as error:
        raise NotApplied(plan, error) from error


def execute(
    session: Session[Writer],
    planned: Planned,
    replan: Callable[[], Planned],
    *,
    values: Mapping[str, str] | None = None,
    journal: type[RunJournal] = RunJournal,
    keep: Path | None = None,
    secrets: Path | None = None,
) -> Report:
    """Apply a plan: progress, signals and the backup. `replan` is called at the end, to see what is left.

    `values` are those of secrets, see `Applier`; `keep` is a backup that must stay; `secrets` is the
    file for secrets that the API makes. From here to the end of the
    command the first Ctrl-C or SIGTERM lets what is in flight finish and starts nothing new; only the last plan is
    broken off. So the report always comes out, and is true.
    """
    options, settings, plan = session.options, session.settings, planned.plan
    run = new_run(datetime.now(UTC))
    backups = Backups(settings.root, plan.target, run, keep=keep)
    progress = Progress(options, "applying", len(plan.changes))
    with _handover(plan, secrets) as handover, progress, backups:
        applier = Applier(
            plan,
            planned.snapshot,
            session.client,
            values=values or {},
            parallelism=settings.parallelism,
            on_result=lambda _: progress.step(),
            before_write=backups.save,
            journal=journal(session.store, run, plan.inventory),
            run_id=run,
            commit=Git(settings.root).line("rev-parse", "HEAD"),
            on_revealed=handover.hand_over,
        )
        signals.instead(_stopper(options, applier))
        report = apply(applier, lambda: _plan_left(replan))
    return replace(report, backup=backups.name)


def _stopper(options: Options, applier: Applier) -> Callable[[ExitCode], None]:
    """Return what to do with a signal during an apply."""

    def stop(code: ExitCode) -> None:
        if applier.finished:
            applier.interrupted = code
            return
        if not options.quiet:
            signals.tell("\ninterrupted: finishing what is in flight; again to stop at once")
        applier.interrupt(code)

    return stop


def _plan_left(replan: Callable[[], Planned]) -> Plan:
    with signals.interruptible():
        return replan().plan


def finish(options: Options, report: Report) -> ExitCode:
    """Write the report; return what the run exits with."""
    try:
        options.answer(report)
    except (OSError, NotWritten) as error:
        return _report_on_stderr(options, report, error)
    return report.exit_code


def _report_on_stderr(options: Options, report: Report, error: Exception) -> ExitCode:
    tell(f"devinops: the report cannot be written where it belongs ({error}); here it is:")
    for chunk in render("text", report, Style(full=options.verbose)):
        echo_err(chunk)
    wrote = any(result.outcome is Outcome.DONE or result.unclear for result in report.results)
    return worst(report.exit_code, ExitCode.RUN_AGAIN if wrote else ExitCode.FIX)
