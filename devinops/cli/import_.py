"""`devinops import`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli.options import FilePath, NonEmpty, Options, common
from devinops.model.exit_codes import ExitCode


@click.command("import")
@click.argument("sources", nargs=-1, required=True, type=FilePath(exists=True))
@click.option("--split", is_flag=True, help="Make one note from each section of a long text.")
@click.option(
    "--repo",
    type=NonEmpty(),
    metavar="OWNER/NAME",
    help="Repository of the rules: those that always apply are pinned to it.",
)
@click.option("--folder", type=NonEmpty(), help="Folder to put the notes in, such as Backend/APIs.")
@click.option(
    "--org-id", type=NonEmpty(), help="Organization to take from a Terraform state with several."
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, but write nothing.")
@click.option("--force", is_flag=True, help="Overwrite entries with the same key.")
@common()
def command(options: Options, **arguments: Any) -> ExitCode:
    """Turn the files of other tools into entries, and report what each became; calls no API.

    SOURCE is a file or a directory: .mdc, AGENTS.md, CLAUDE.md, .cursorrules, .windsurfrules,
    .rules, Copilot instructions, .devin/rules, SKILL.md, a plugin, .devin.md, other Markdown, JSON
    from the API, or a Terraform state.

    \b
      devinops import --dry-run .cursor/rules
      devinops import --repo acme/api --split AGENTS.md
      terraform state pull > /tmp/devin.tfstate && devinops import /tmp/devin.tfstate
    """
    from devinops.cli.handlers.import_ import run

    return run(options, **arguments)


command.params[0].metavar = "SOURCE..."
