"""`devinops apply`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from devinops.api import open_writer
from devinops.api.redact import remember_values
from devinops.applying.applier import Report
from devinops.applying.backup import Backups
from devinops.cli.approval import Reviewed
from devinops.cli.execute import ask, carry_out, check_refusals, finish, handover, show
from devinops.cli.options import (
    WEBHOOK_SECRETS,
    FilePath,
    NonEmpty,
    Options,
    approvals,
    common,
    is_interactive,
)
from devinops.cli.session import Job, NotApplied, RunJournal, failures_written
from devinops.inventory import new_run
from devinops.inventory.git import Git
from devinops.model.changes import Action
from devinops.model.client import Writer
from devinops.model.errors import ConfigError, ExitCode, Stale, UsageError
from devinops.model.kind import Role
from devinops.model.policy import Approvals
from devinops.model.values import UNSET
from devinops.planning.plan import Plan


@click.command()
@click.argument("plan", required=False, type=FilePath())
@click.option("--yes", is_flag=True, help="Do not ask; for CI.")
@click.option(
    "--expect",
    type=NonEmpty(),
    metavar="DIGEST",
    help="Apply only the plan with this digest; anything else exits 5.",
)
@WEBHOOK_SECRETS
@common(api=True, only=True, lock=True)
@approvals
def command(
    options: Options,
    plan: Path | None,
    yes: bool,
    expect: str | None,
    webhook_secrets: Path | None,
    approvals: Approvals,
) -> ExitCode:
    """Make the organization what the files say: plan, show, ask, write, and plan again.

    PLAN is a file of devinops plan --out: it is applied unasked if it still is what would be done.

    \b
      devinops apply                         asks before it writes
      devinops apply plan.json               what was reviewed, or nothing
      devinops apply --expect DIGEST         what was reviewed, or nothing
      devinops apply --yes                   for CI
    """
    if not (yes or plan or expect is not None or is_interactive()):
        raise UsageError(
            "apply has no terminal to ask on: pass --expect DIGEST (from devinops plan), or --yes"
        )
    with failures_written(options):
        reviewed, options = Reviewed.of(plan, expect, options)
        job = Job.of(options)
        with open_writer(job.connection, options.log) as writer:
            report = _apply(
                job,
                writer,
                reviewed,
                yes=yes,
                approvals=reviewed.approvals(approvals),
                secrets=webhook_secrets,
            )
    return finish(options, report)


def _apply(
    job: Job,
    writer: Writer,
    reviewed: Reviewed,
    *,
    yes: bool,
    approvals: Approvals,
    secrets: Path | None,
) -> Report:
    options = job.options
    reviewed.check_place(job.target(writer))
    # A saved plan may have been made with an --only whose objects are gone since: that is a stale plan, not a typo.
    plan, snapshot = job.look(writer, approvals, only_must_match=reviewed.plan is None)
    approved = yes or reviewed.expect is not None
    show(options, plan, asking=not approved)
    _check(plan, reviewed, options)
    if not (plan.changes or plan.upserts or plan.removals):
        # What a run that died here has left must reach the others all the same.
        job.store(writer).sweep()
        return Report(plan, ())
    values = secret_values(plan, os.environ)
    if plan.changes and not approved:
        ask(plan)
        # The question may have been open for hours.
        shown, (plan, snapshot) = plan, job.look(writer, approvals)
        _check(plan, Reviewed(shown.digest, shown), options)
    run = new_run(datetime.now(UTC))
    with handover(plan, secrets) as handing:
        return carry_out(
            options,
            plan,
            snapshot,
            writer,
            Backups(job.settings.root, plan.target, run),
            lambda: job.look(writer, approvals, patient=False, only_must_match=False)[0],
            values=values,
            parallelism=job.settings.parallelism,
            journal=RunJournal(job.store(writer), run, plan.inventory),
            commit=Git(job.settings.root).line("rev-parse", "HEAD"),
            on_revealed=handing.hand_over,
        )


def _check(plan: Plan, reviewed: Reviewed, options: Options) -> None:
    """Raise NotApplied if this is not the plan that was reviewed, or may not be applied at all."""
    try:
        reviewed.check(plan, options)
    except Stale as error:
        raise NotApplied(plan, error) from error
    check_refusals(plan)


def secret_values(plan: Plan, environ: Mapping[str, str]) -> dict[str, str]:
    """Find the value of every secret that will be created. Raises ConfigError naming all that are missing."""
    wanted: dict[str, str] = {}
    for change in plan.changes:
        source = change.kind.role(Role.VALUE_SOURCE)
        place = (
            getattr(change.declaration and change.declaration.resource, source.name)
            if source
            else UNSET
        )
        if change.action in (Action.CREATE, Action.REPLACE) and place is not UNSET:
            wanted[place["env"]] = str(change.key)
    missing = [
        f"{name} (for {key})" for name, key in sorted(wanted.items()) if not environ.get(name)
    ]
    if missing:
        raise ConfigError(
            f"no value in the environment for {', '.join(missing)}: set it; nothing was written"
        )
    # Bytes that are not UTF-8 reach Python as half characters, which no request can carry.
    broken = [
        f"{name} (for {key})" for name, key in sorted(wanted.items()) if not _is_utf8(environ[name])
    ]
    if broken:
        raise ConfigError(
            f"the value in the environment is not UTF-8 for {', '.join(broken)}: set it again; nothing was written"
        )
    remember_values(environ[name] for name in wanted)
    return {name: environ[name] for name in wanted}


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
