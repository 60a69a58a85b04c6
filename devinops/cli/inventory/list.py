"""`devinops inventory list`."""

from __future__ import annotations

import click

from devinops.cli.options import Options, common
from devinops.model.exit_codes import ExitCode

MAX_KEY_WIDTH = 60


@click.command("list", short_help="Show what is owned.")
@common(api=True)
def command(options: Options) -> ExitCode:
    """Show what is owned: key, id and the file of its entry.

    \b
      devinops inventory list
      devinops inventory list --format json
    """
    from devinops.cli.handlers.inventory.list import run

    return run(options)
