"""`devinops rollback`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli import candidates
from devinops.cli.approval_options import accepts_hazards
from devinops.cli.options import (
    WEBHOOK_SECRETS,
    FilePath,
    NonEmpty,
    Options,
    common,
)
from devinops.model.exit_codes import ExitCode


@click.command()
@click.argument("backup", required=False, type=FilePath(), shell_complete=candidates.backups)
@click.option("--dry-run", is_flag=True, help="Only show the plan; never writes.")
@click.option("--yes", is_flag=True, help="Do not ask; for CI.")
@click.option(
    "--expect",
    type=NonEmpty(),
    metavar="DIGEST",
    help="Apply only the plan with this digest; exit 5 if the plan is different.",
)
@WEBHOOK_SECRETS
@common(api=True, lock=True)
@accepts_hazards
def command(options: Options, **arguments: Any) -> ExitCode:
    """Restore what a run overwrote or deleted: plan, show, ask, write.

    BACKUP is a file, the name of a run, or latest (of the target). Without it, the backups are
    listed. What the run created stays, and the value of a secret cannot be restored.

    \b
      devinops rollback
      devinops rollback latest --dry-run
      devinops rollback latest
      devinops rollback 20260312T101500Z-1f2e3d --yes
    """
    from devinops.cli.handlers.rollback import run

    return run(options, **arguments)
