"""`devinops apply`."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import click

from devinops.api import Writer, open_writer
from devinops.apply import Applier, Report, apply
from devinops.cli.options import Options, approvals, common, is_interactive
from devinops.cli.progress import Progress
from devinops.cli.run import Job, plan_chunks, write_failure
from devinops.errors import ConfigError, DevinopsError, ExitCode, Refused, Stale, UsageError
from devinops.model import UNSET, Action, Snapshot
from devinops.plan import Plan
from devinops.policy import Approvals


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask; for CI.")
@click.option(
    "--expect", metavar="DIGEST", help="Apply only the plan with this digest; anything else exits 5."
)
@common(api=True, only=True)
@approvals
def command(options: Options, yes: bool, expect: str | None, approvals: Approvals) -> ExitCode:
    """Make the organization what the files say: plan, show, ask, write, and plan again.

    \b
      devinops apply                         asks before it writes
      devinops apply --expect DIGEST         what was reviewed, or nothing
      devinops apply --yes                   for CI
    """
    if not (yes or expect is not None or is_interactive()):
        raise UsageError(
            "apply has no terminal to ask on: pass --expect DIGEST (from devinops plan), or --yes"
        )
    try:
        job = Job.of(options)
        with open_writer(job.connection, options.log) as writer:
            return _apply(job, writer, yes=yes, expect=expect, approvals=approvals)
    except DevinopsError as error:
        write_failure(options, error)
        raise


def _apply(job: Job, writer: Writer, *, yes: bool, expect: str | None, approvals: Approvals) -> ExitCode:
    options = job.options
    snapshot = job.snapshot(writer)
    plan = job.plan(writer, snapshot, approvals)
    approved = yes or expect is not None
    _show(options, plan, asking=not approved)
    if expect is not None and expect != plan.digest:
        raise Stale(
            f"the plan has the digest {plan.digest}, not {expect}: nothing was written; review the plan above"
        )
    if plan.refusals:
        raise Refused(f"refused, nothing was written: {'; '.join(plan.refusals)}")
    if not plan.changes:
        return _finish(options, Report(plan, ()))
    values = secret_values(plan, os.environ)
    if not approved and not click.confirm(f"Apply {_these(len(plan.changes))}?", err=True):
        raise Refused("not approved; nothing was written")
    return _finish(options, _write(job, writer, plan, snapshot, values, approvals))


def _these(count: int) -> str:
    return "this change" if count == 1 else f"these {count} changes"


def _show(options: Options, plan: Plan, *, asking: bool) -> None:
    """Show the plan before anything is written.

    JSON has it in the document at the end; whoever is asked sees it on stderr.
    """
    if options.format == "text" or asking:
        for chunk in plan_chunks(options, plan, "text", plan.exit_code()):
            click.echo(chunk, nl=False, err=options.format != "text", color=options.color or None)


def _write(
    job: Job, writer: Writer, plan: Plan, snapshot: Snapshot, values: Mapping[str, str], approvals: Approvals
) -> Report:
    with Progress(job.options, "applying", len(plan.changes)) as progress:
        applier = Applier(
            plan,
            snapshot,
            writer,
            values=values,
            parallelism=job.settings.parallelism,
            on_result=lambda _: progress.step(),
        )
        with _interruptible(applier, job.options):
            return apply(applier, lambda: job.plan(writer, job.snapshot(writer), approvals))


@contextmanager
def _interruptible(applier: Applier, options: Options) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM finish what is in flight, and the second one stop at once."""

    def stop(number: int, _: FrameType | None) -> None:
        if applier.interrupted:
            os._exit(applier.interrupted)
        code = ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED
        options.say("\ninterrupted: finishing what is in flight; again to stop at once")
        applier.interrupt(code)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def secret_values(plan: Plan, environ: Mapping[str, str]) -> dict[str, str]:
    """Find the value of every secret that will be created. Raises ConfigError naming all that are missing."""
    wanted: dict[str, str] = {}
    for change in plan.changes:
        value_from = getattr(change.declaration and change.declaration.resource, "value_from", UNSET)
        if change.action in (Action.CREATE, Action.REPLACE) and value_from is not UNSET:
            wanted[value_from["env"]] = str(change.key)
    missing = [f"{name} (for {key})" for name, key in sorted(wanted.items()) if not environ.get(name)]
    if missing:
        raise ConfigError(
            f"no value in the environment for {', '.join(missing)}: set it; nothing was written"
        )
    return {name: environ[name] for name in wanted}


def _finish(options: Options, report: Report) -> ExitCode:
    def chunks(format: str) -> Iterator[str]:
        if format == "json":
            from devinops.render import json

            yield from json.dump(json.report_document(report))
        else:
            from devinops.render.text import Text

            yield from (f"{one}\n" for one in Text(options.color, options.verbose).report(report))

    options.write(options.format, chunks)
    return report.exit_code
