"""`devinops pull`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli import candidates
from devinops.cli.options import Options, common
from devinops.model.exit_codes import ExitCode


@click.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...", shell_complete=candidates.keys)
@click.option("--unmanaged", is_flag=True, help="Write new files for what no entry declares.")
@click.option(
    "--drift",
    is_flag=True,
    help="Write what changed outside devinops into its file; may delete files.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; exit 2 if files would change, 4 if something is left to you.",
)
@common(api=True, only=True, lock=True)
def command(options: Options, **arguments: Any) -> ExitCode:
    """Write live objects into files. Nothing is written to the organization.

    Without an option, each live object that no entry declares gets a new file; a directory with
    neither devinops.yaml nor entries is set up first, as by devinops init. With --drift only what
    changed outside devinops is written, each value into the file and field that has it; the file of
    an object that was deleted is deleted, if Git has it. KEYs limit this to the named objects;
    without an option, these may have an entry or not.

    \b
      devinops pull
      devinops pull --drift
      devinops pull --drift --unmanaged --check
      devinops pull 'knowledge:Backend/Error envelope'
    """
    from devinops.cli.handlers.pull import run

    return run(options, **arguments)
