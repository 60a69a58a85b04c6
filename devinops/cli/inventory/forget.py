"""`devinops inventory forget`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli import candidates
from devinops.cli.options import NonEmpty, Options, common
from devinops.model.exit_codes import ExitCode


@click.command("forget", short_help="Stop owning a key.")
@click.argument("key", type=NonEmpty(), shell_complete=candidates.owned_keys)
@common(api=True)
def command(options: Options, **arguments: Any) -> ExitCode:
    """Stop owning KEY. The object stays as it is and is never pruned.

    If the files still have an entry for it, the next apply adopts the object again.

    \b
      devinops inventory forget 'knowledge:Backend/Error envelope'
    """
    from devinops.cli.handlers.inventory.forget import run

    return run(options, **arguments)
