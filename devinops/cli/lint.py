"""`devinops lint`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli import candidates
from devinops.cli.options import FilePath, NonEmpty, Options, common
from devinops.cli.paths import SKIP_OUTSIDE, SKIP_UNTRACKED
from devinops.model.exit_codes import ExitCode


@click.command()
@click.argument("paths", nargs=-1, type=FilePath())
@SKIP_OUTSIDE
@SKIP_UNTRACKED
@click.option(
    "--select",
    type=NonEmpty(),
    multiple=True,
    metavar="RULE",
    shell_complete=candidates.rules,
    help="Run only these rules: an id, a name, the beginning of an id (DV1), entry-rules or "
    "repository-rules; repeatable.",
)
@click.option(
    "--ignore",
    type=NonEmpty(),
    multiple=True,
    metavar="RULE",
    shell_complete=candidates.rules,
    help="Do not run these rules; repeatable.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info"]),
    help="Lowest severity that makes the exit code 1.  [default: warning; with --changed-since: "
    "error]",
)
@click.option(
    "--changed-since",
    type=NonEmpty(),
    metavar="REF",
    help="Fail only for entries that differ from the merge base of HEAD and REF.",
)
@click.option("--fix", is_flag=True, help="Fix what can be fixed without changing the meaning.")
@click.option(
    "--baseline",
    "baseline_file",
    type=FilePath(),
    metavar="FILE",
    help="Hide the findings that this file lists.",
)
@click.option(
    "--write-baseline", is_flag=True, help="Write all findings but secrets into the baseline."
)
@click.option("--list-rules", is_flag=True, help="List the rules and exit.")
@click.option(
    "--explain",
    metavar="RULE",
    type=NonEmpty(),
    shell_complete=candidates.rules,
    help="Show the page of a rule and exit.",
)
@common(problems=True)
def command(options: Options, **arguments: Any) -> ExitCode:
    """Check what the entries teach Devin, offline and without a key.

    PATHS limit which findings are shown. Rules that compare entries still see all of them; with
    --select entry-rules only PATHS are read. What validate calls an error is an error here too.

    \b
      devinops lint
      devinops lint knowledge/Backend --fail-on error
      devinops lint --changed-since origin/main
      devinops lint --explain trigger-too-short
    """
    from devinops.cli.handlers.lint import run

    return run(options, **arguments)
