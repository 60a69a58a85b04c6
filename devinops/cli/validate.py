"""`devinops validate`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli.options import FilePath, Options, common
from devinops.cli.paths import SKIP_UNTRACKED
from devinops.model.exit_codes import ExitCode


@click.command()
@click.argument("paths", nargs=-1, type=FilePath())
@SKIP_UNTRACKED
@common(problems=True)
def command(options: Options, **arguments: Any) -> ExitCode:
    """Check the files, offline and without a key.

    All files are read, since entries depend on each other; PATHS limit which problems are shown.

    \b
      devinops validate
      devinops validate knowledge/Backend
    """
    from devinops.cli.handlers.validate import run

    return run(options, **arguments)
