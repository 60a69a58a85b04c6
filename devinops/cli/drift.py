"""`devinops drift`."""

from __future__ import annotations

import click

from devinops.cli.options import Options, common
from devinops.model.exit_codes import ExitCode


@click.command()
@common(api=True, lock=True)
def command(options: Options) -> ExitCode:
    """Show what was changed outside devinops since the last apply; exit 2 if anything was.

    The organization is compared only with the inventory, which suits a nightly job: changes in Git
    that are not applied yet are not shown. The text before an edit comes from the files, or from
    Git at the commit of the last apply. Unmanaged objects are counted, but do not cause exit 2.

    \b
      devinops drift
      devinops drift --format json
    """
    from devinops.cli.handlers.drift import run

    return run(options)
