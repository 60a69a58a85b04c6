"""`devinops demo`."""

from __future__ import annotations

from typing import Any

import click

from devinops.model.exit_codes import ExitCode


@click.command()
@click.option("--no-pause", is_flag=True, help="Do not wait for a key between the steps.")
def command(**arguments: Any) -> ExitCode:
    """Walk through a review, a rename, an edit in the web app and a rollback, on the emulator.

    Needs no key, and uses only a temporary directory and the loopback address of this machine.
    """
    from devinops.cli.handlers.demo import run

    return run(**arguments)
