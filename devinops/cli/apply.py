"""`devinops apply`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli.approval_options import approvals
from devinops.cli.options import (
    WEBHOOK_SECRETS,
    FilePath,
    NonEmpty,
    Options,
    common,
)
from devinops.model.exit_codes import ExitCode


@click.command()
@click.argument("plan", required=False, type=FilePath())
@click.option("--yes", is_flag=True, help="Do not ask; for CI.")
@click.option(
    "--expect",
    type=NonEmpty(),
    metavar="DIGEST",
    help="Apply only the plan with this digest; exit 5 if the plan is different.",
)
@WEBHOOK_SECRETS
@common(api=True, only=True, lock=True, problems=True)
@approvals
def command(options: Options, **arguments: Any) -> ExitCode:
    """Make the organization match the files: plan, show, ask, write, and plan again.

    PLAN is a file saved by devinops plan --out. It is applied without asking if nothing changed.

    \b
      devinops apply                         asks before it writes
      devinops apply plan.json               what was reviewed, or nothing
      devinops apply --expect DIGEST         what was reviewed, or nothing
      devinops apply --yes                   for CI
    """
    from devinops.cli.handlers.apply import run

    return run(options, **arguments)
