"""`devinops fmt`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli.options import FilePath, Options, common
from devinops.cli.paths import SKIP_OUTSIDE
from devinops.model.exit_codes import ExitCode


@click.command()
@click.argument("paths", nargs=-1, type=FilePath())
@SKIP_OUTSIDE
@click.option("--check", is_flag=True, help="Write nothing; exit 2 if files would change.")
@click.option("--diff", is_flag=True, help="Like --check, and show the changes as a unified diff.")
@common()
def command(options: Options, **arguments: Any) -> ExitCode:
    """Write devinops.yaml and the files with entries in one canonical form.

    Order of keys, quotes, indentation, blank lines and the end of each file become the same. What
    is sent to the API never changes, and comments stay. A file that cannot be formatted is left as
    it is, and reported.

    \b
      devinops fmt
      devinops fmt --check
      devinops fmt --diff knowledge/Backend
    """
    from devinops.cli.handlers.fmt import run

    return run(options, **arguments)
