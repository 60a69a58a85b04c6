"""What apply and rollback share: show a plan, carry it out with a backup, and report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import click

from devinops import signals
from devinops.applying.applier import Applier, Journal, OnRevealed, Report, apply
from devinops.applying.backup import Backups
from devinops.cli.handover import Handover
from devinops.cli.options import Options, echo_err, tell
from devinops.cli.progress import Progress
from devinops.cli.session import NotApplied, plan_chunks
from devinops.model.changes import Outcome
from devinops.model.client import Writer
from devinops.model.errors import ConfigError, ExitCode, Refused, worst
from devinops.model.objects import Snapshot
from devinops.planning.plan import Plan


def show(options: Options, plan: Plan, *, asking: bool) -> None:
    """Show the plan before anything is written.

    JSON has it in the document at the end; whoever is asked sees it on stderr.
    """
    if options.format == "text" or asking:
        for chunk in plan_chunks(options, plan, "text", plan.exit_code()):
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


def check_refusals(plan: Plan) -> None:
    """Raise NotApplied if a plan may not be applied at all."""
    if plan.refusals:
        refused = Refused(f"refused, nothing was written: {'; '.join(plan.refusals)}")
        raise NotApplied(plan, refused)


def handover(plan: Plan, path: Path | None) -> Handover:
    """Return where the secrets go that the API makes. Raises NotApplied if nobody would see them."""
    try:
        return Handover(plan.changes, path)
    except (Refused, ConfigError) as error:
        raise NotApplied(plan, error) from error


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
    on_revealed: OnRevealed,
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
            on_revealed=on_revealed,
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

    def chunks(format: str) -> Iterator[str]:
        if format == "json":
            from devinops.render import json

            yield from json.dump(json.report_document(report))
        else:
            from devinops.render.text import Text

            yield from (f"{one}\n" for one in Text(options.color, options.verbose).report(report))

    try:
        options.write(chunks)
    except (OSError, ConfigError) as error:
        return _report_on_stderr(options, report, error)
    return report.exit_code


def _report_on_stderr(options: Options, report: Report, error: Exception) -> ExitCode:
    from devinops.render.text import Text

    tell(f"devinops: the report cannot be written where it belongs ({error}); here it is:")
    for line in Text(full=options.verbose).report(report):
        echo_err(f"{line}\n")
    wrote = any(result.outcome is Outcome.DONE or result.unclear for result in report.results)
    return worst(report.exit_code, ExitCode.RUN_AGAIN if wrote else ExitCode.FIX)
