"""`devinops inventory show`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli import candidates
from devinops.cli.options import NonEmpty, Options, common
from devinops.model.exit_codes import ExitCode


@click.command("show", short_help="Show one record.")
@click.argument("key", type=NonEmpty(), shell_complete=candidates.owned_keys)
@common(api=True)
def command(options: Options, **arguments: Any) -> ExitCode:
    """Show one record, and whether its live object is still as it was applied.

    \b
      devinops inventory show 'knowledge:Backend/Error envelope'
    """
    from devinops.cli.handlers.inventory.show import run

    return run(options, **arguments)
