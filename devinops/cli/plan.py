"""`devinops plan`."""

from __future__ import annotations

from pathlib import Path

import click

from devinops.api import open_reader
from devinops.cli.approval_options import approvals
from devinops.cli.options import Options, OutputFile, common
from devinops.cli.session import failures_written, open_session
from devinops.model.errors import ExitCode
from devinops.model.policy import Approvals
from devinops.render import render
from devinops.render.answers import PlanAnswer


@click.command()
@click.option("--out", type=OutputFile(), metavar="FILE", help="Save the plan for show and apply.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if changes are pending.")
@common(api=True, only=True, lock=True, problems=True)
@approvals
def command(
    options: Options, out: Path | None, detailed_exitcode: bool, approvals: Approvals
) -> ExitCode:
    """Show what apply would change; never writes.

    \b
      devinops plan
      devinops plan --detailed-exitcode      exit 2: changes are pending
      devinops plan --out plan.json          then devinops apply plan.json
    """
    with failures_written(options):
        with open_session(options, open_reader, entries=True) as session:
            plan, _ = session.plan(approvals)
        answer = PlanAnswer(plan, plan.exit_code(detailed=detailed_exitcode))
        if out is not None:
            from devinops.applying.saved_plan import save

            save(out, render("json", answer))
    options.answer(answer)
    return answer.exit_code
