"""`devinops inventory link`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli import candidates
from devinops.cli.options import NonEmpty, Options, common
from devinops.model.exit_codes import ExitCode


@click.command("link", short_help="Link a key to a live object.")
@click.argument("key", type=NonEmpty(), shell_complete=candidates.keys)
@click.argument("id", type=NonEmpty())
@common(api=True)
def command(options: Options, **arguments: Any) -> ExitCode:
    """Link KEY to the live object ID, so that this repository owns it.

    Use it if several objects have the same name, or if the object was created again. What was last
    applied to the object is not known, so the next plan only compares the file with the
    organization.

    \b
      devinops inventory link 'knowledge:Backend/Error envelope' note-0123abcd
    """
    from devinops.cli.handlers.inventory.link import run

    return run(options, **arguments)
