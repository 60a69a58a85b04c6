"""`devinops inventory repair`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli.options import Options, common
from devinops.model.exit_codes import ExitCode


@click.command("repair", short_help="Link records whose object is gone.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common(api=True)
def command(options: Options, **arguments: Any) -> ExitCode:
    """Find records whose object is gone, and link them to similar live objects.

    \b
      devinops inventory repair              shows the evidence and asks
      devinops inventory repair --yes
    """
    from devinops.cli.handlers.inventory.repair import run

    return run(options, **arguments)
