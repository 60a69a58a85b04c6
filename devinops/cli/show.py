"""`devinops show`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli.options import FilePath, Options, common
from devinops.model.exit_codes import ExitCode


@click.command()
@click.argument("plan", type=FilePath())
@common()
def command(options: Options, **arguments: Any) -> ExitCode:
    """Show a saved plan, offline and without a key.

    \b
      devinops plan --out plan.json
      devinops show plan.json
    """
    from devinops.cli.handlers.show import run

    return run(options, **arguments)
