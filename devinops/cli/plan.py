"""`devinops plan`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli.approval_options import approvals
from devinops.cli.options import NonEmpty, Options, OutputFile, common
from devinops.model.exit_codes import ExitCode


@click.command()
@click.option("--out", type=OutputFile(), metavar="FILE", help="Save the plan for show and apply.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if changes are pending.")
@click.option(
    "--lint-since",
    type=NonEmpty(),
    metavar="REF",
    help="Also show what lint finds in the entries that changed since the merge base with REF.",
)
@common(api=True, only=True, lock=True, problems=True)
@approvals
def command(options: Options, **arguments: Any) -> ExitCode:
    """Show what apply would change; never writes.

    \b
      devinops plan
      devinops plan --detailed-exitcode      exit 2: changes are pending
      devinops plan --out plan.json          then devinops apply plan.json
    """
    from devinops.cli.handlers.plan import run

    return run(options, **arguments)
