"""What apply and rollback share: show a plan, carry it out with a backup, and report."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

import click

from devinops.api import Writer
from devinops.apply import Applier, Journal, Outcome, Report, apply
from devinops.backup import Backups
from devinops.cli.options import Options, echo_err, silence_stdout, tell
from devinops.cli.progress import Progress
from devinops.cli.run import plan_chunks
from devinops.errors import ConfigError, ExitCode, Refused, worst
from devinops.model import Snapshot
from devinops.plan import Plan


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
    """Apply a plan: progress, signals and the backup. `verify` plans again at the end."""
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
        with _interruptible(applier, options):
            report = apply(applier, verify)
    return replace(report, backup=backups.name)


@contextmanager
def _interruptible(applier: Applier, options: Options) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM finish what is in flight, and the second one stop at once."""

    def stop(number: int, _: FrameType | None) -> None:
        if applier.interrupted:
            os._exit(applier.interrupted)
        code = ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED
        if applier.finished:
            applier.interrupted = code
            raise KeyboardInterrupt
        options.say("\ninterrupted: finishing what is in flight; again to stop at once")
        applier.interrupt(code)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
        sys.stdout.flush()
    except (OSError, ConfigError) as error:
        return _tell_all_the_same(options, report, error)
    return report.exit_code


def _tell_all_the_same(options: Options, report: Report, error: Exception) -> ExitCode:
    """Put the report on stderr where its place is gone: what was written must not stay unsaid."""
    from devinops.render.text import Text

    silence_stdout()
    tell(f"devinops: the report cannot be written where it belongs ({error}); here it is:")
    for one in Text(full=options.verbose).report(report):
        echo_err(f"{one}\n")
    wrote = any(result.outcome is Outcome.DONE or result.unclear for result in report.results)
    return worst(report.exit_code, ExitCode.RUN_AGAIN if wrote else ExitCode.MEND)
