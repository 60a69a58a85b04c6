"""What apply and rollback share: show a plan, carry it out with a backup, and report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace

import click

from devinops import signals
from devinops.api import Writer
from devinops.applying.applier import Applier, Journal, Outcome, Report, apply
from devinops.applying.backup import Backups
from devinops.cli.options import Options, echo_err, silence_stdout, tell
from devinops.cli.progress import Progress
from devinops.model.errors import ConfigError, ExitCode, Refused, worst
from devinops.model.objects import Snapshot
from devinops.planning.plan import Plan
from devinops.render import Style, render
from devinops.render.answers import PlanAnswer


def show(options: Options, plan: Plan, *, asking: bool) -> None:
    """Show the plan before anything is written.

    JSON has it in the document at the end; whoever is asked sees it on stderr.
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


def carry_out(
    options: Options,
    plan: Plan,
    snapshot: Snapshot,
    writer: Writer,
    backups: Backups,
    verify: Callable[[], Plan],
    *,
    values: Mapping[str, str],
    parallelism: int,
    journal: Journal | None = None,
    commit: str | None = None,
) -> Report:
    """Apply a plan: progress, signals and the backup. `verify` plans again at the end.

    From here to the end of the command the first Ctrl-C or SIGTERM lets what is in flight finish and starts nothing
    new; only the last look is broken off. So the report always comes out, and is true.
    """
    with Progress(options, "applying", len(plan.changes)) as progress, backups:
        applier = Applier(
            plan,
            snapshot,
            writer,
            values=values,
            parallelism=parallelism,
            on_result=lambda _: progress.step(),
            before_write=backups.save,
            journal=journal,
            run_id=backups.run,
            commit=commit,
        )

        def stop(code: ExitCode) -> None:
            if applier.finished:
                applier.interrupted = code
                return
            if not options.quiet:
                signals.tell("\ninterrupted: finishing what is in flight; again to stop at once")
            applier.interrupt(code)

        def last_look() -> Plan:
            with signals.interruptible():
                return verify()

        signals.instead(stop)
        report = apply(applier, last_look)
    return replace(report, backup=backups.name)


def finish(options: Options, report: Report) -> ExitCode:
    """Write the report; return what the run exits with."""
    try:
        options.answer(report)
        sys.stdout.flush()
    except (OSError, ConfigError) as error:
        return _tell_all_the_same(options, report, error)
    return report.exit_code


def _tell_all_the_same(options: Options, report: Report, error: Exception) -> ExitCode:
    """Put the report on stderr where its place is gone: what was written must not stay unsaid."""
    silence_stdout()
    tell(f"devinops: the report cannot be written where it belongs ({error}); here it is:")
    for chunk in render("text", report, Style(full=options.verbose)):
        echo_err(chunk)
    wrote = any(result.outcome is Outcome.DONE or result.unclear for result in report.results)
    return worst(report.exit_code, ExitCode.RUN_AGAIN if wrote else ExitCode.FIX)
