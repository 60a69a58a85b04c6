"""`devinops show`."""

from __future__ import annotations

from pathlib import Path

import click

from devinops.applying.saved_plan import read_plan
from devinops.cli.options import FilePath, Options, common
from devinops.cli.session import failures_written
from devinops.model.errors import ExitCode, UnusableFile


@click.command()
@click.argument("plan", type=FilePath())
@common()
def command(options: Options, plan: Path) -> ExitCode:
    """Show a saved plan, offline and without a key.

    \b
      devinops plan --out plan.json
      devinops show plan.json
    """
    with failures_written(options):
        saved = read_plan(plan)
    options.answer(saved)
    if saved.edited:
        raise UnusableFile(f"{plan}: {saved.edited}; do not trust it: plan and review again")
    return ExitCode.OK
