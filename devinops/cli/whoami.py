"""`devinops whoami`."""

from __future__ import annotations

import click

from devinops.cli.options import Options, common
from devinops.model.exit_codes import ExitCode


@click.command()
@common(api=True)
def command(options: Options) -> ExitCode:
    """Show the effective settings, the source of each, and who the API key belongs to.

    \b
      devinops whoami
      devinops whoami --target production
    """
    from devinops.cli.handlers.whoami import run

    return run(options)
