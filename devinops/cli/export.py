"""`devinops export`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli.options import FilePath, NonEmpty, Options, OutputFile, common
from devinops.model.exit_codes import ExitCode


@click.command()
@click.option(
    "--to",
    type=click.Choice(["plugin", "json"]),
    help="plugin: skills and rules for Devin, in DIR. json: objects as the API lists them.",
)
@click.argument("directory", metavar="[DIR]", required=False, type=FilePath(file_okay=False))
@click.option(
    "--as",
    "as_",
    type=click.Choice(["skills", "rules"]),
    help="What notes become in a plugin.  [default: skills]",
)
@click.option(
    "--repository",
    type=NonEmpty(),
    metavar="OWNER/NAME",
    help="Only the notes that are pinned to this repository, always on if they are short.",
)
@click.option("--name", type=NonEmpty(), help="Name of a new plugin.  [default: the name of DIR]")
@click.option("--check", is_flag=True, help="Write nothing; exit 2 if the plugin would change.")
@click.option(
    "--force", is_flag=True, help="Also overwrite files changed by hand, and remove many."
)
@click.option("--out", type=OutputFile(), help="Write the JSON to a file instead of stdout.")
@click.option("--live", is_flag=True, help="JSON of the organization, not of the files.")
@common(api=True)
def command(options: Options, **arguments: Any) -> ExitCode:
    """Write the entries for other uses: as a plugin of skills and rules, or as JSON.

    An export overwrites only files that an earlier export wrote and nobody changed, and removes
    those whose entry is gone. Nothing is written to the organization.

    \b
      devinops export --to plugin plugin
      devinops export --to plugin plugin --check
      devinops export --to plugin ../api --repository acme/api
      devinops export --to json --live --out backup.json
    """
    from devinops.cli.handlers.export import run

    return run(options, **arguments)
