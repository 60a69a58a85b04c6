"""`devinops inventory unlock`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli import candidates
from devinops.cli.options import NonEmpty, Options, common
from devinops.model.exit_codes import ExitCode


@click.command("unlock", short_help="Release the lock of a dead run.")
@click.argument("run", type=NonEmpty(), shell_complete=candidates.open_runs)
@common(api=True)
def command(options: Options, **arguments: Any) -> ExitCode:
    """Release the lock of RUN, if you are sure that it has died.

    The next plan finds what RUN wrote but could not record: it adopts an object that matches its
    entry, and looks for what RUN may have created before it creates it again.

    \b
      devinops inventory unlock 20260131T120000Z-1a2b3c
    """
    from devinops.cli.handlers.inventory.unlock import run

    return run(options, **arguments)
