"""`devinops init`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli.options import FilePath
from devinops.model.exit_codes import ExitCode


@click.command()
@click.option(
    "-C",
    "--root",
    type=FilePath(file_okay=False),
    help="Directory to set up. Default: the current directory.",
)
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "none"]),
    help="CI system to write files for. Default: gitlab if the host name of "
    "origin contains gitlab, else github.",
)
def command(**arguments: Any) -> ExitCode:
    """Set up a repository: devinops.yaml, a first note, CI and pre-commit. Never overwrites a file.

    CI and pre-commit read their files at the top of the Git repository, so they are written there.
    An existing file of CI is compared: the exit code is 4 if it has no job for a target.

    \b
      devinops init
      devinops init --ci none                no files of a CI system
      devinops validate
    """
    from devinops.cli.handlers.init import run

    return run(**arguments)
