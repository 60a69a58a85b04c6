"""`devinops inventory` and its commands."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli import candidates
from devinops.cli.groups import Group
from devinops.cli.options import NonEmpty, Options, common
from devinops.model.exit_codes import ExitCode


@click.group(cls=Group)
def command() -> None:
    """Inspect and repair the record of which live objects this repository owns.

    No command here writes to the organization.
    """


@command.command("list", short_help="Show what is owned.")
@common(api=True)
def list_owned(options: Options) -> ExitCode:
    """Show what is owned: key, id and the file of its entry.

    \b
      devinops inventory list
      devinops inventory list --format json
    """
    from devinops.cli.handlers.inventory.list import run

    return run(options)


@command.command("show", short_help="Show one record.")
@click.argument("key", type=NonEmpty(), shell_complete=candidates.owned_keys)
@common(api=True)
def show(options: Options, **arguments: Any) -> ExitCode:
    """Show one record, and whether its live object is still as it was applied.

    \b
      devinops inventory show 'knowledge:Backend/Error envelope'
    """
    from devinops.cli.handlers.inventory.show import run

    return run(options, **arguments)


@command.command("link", short_help="Link a key to a live object.")
@click.argument("key", type=NonEmpty(), shell_complete=candidates.keys)
@click.argument("id", type=NonEmpty())
@common(api=True)
def link(options: Options, **arguments: Any) -> ExitCode:
    """Link KEY to the live object ID, so that this repository owns it.

    Use it if several objects have the same name, or if the object was created again. What was last
    applied to the object is not known, so the next plan only compares the file with the
    organization.

    \b
      devinops inventory link 'knowledge:Backend/Error envelope' note-0123abcd
    """
    from devinops.cli.handlers.inventory.link import run

    return run(options, **arguments)


@command.command("forget", short_help="Stop owning a key.")
@click.argument("key", type=NonEmpty(), shell_complete=candidates.owned_keys)
@common(api=True)
def forget(options: Options, **arguments: Any) -> ExitCode:
    """Stop owning KEY. The object stays as it is and is never pruned.

    If the files still have an entry for it, the next apply adopts the object again.

    \b
      devinops inventory forget 'knowledge:Backend/Error envelope'
    """
    from devinops.cli.handlers.inventory.forget import run

    return run(options, **arguments)


@command.command("unlock", short_help="Release the lock of a dead run.")
@click.argument("run", type=NonEmpty(), shell_complete=candidates.open_runs)
@common(api=True)
def unlock(options: Options, **arguments: Any) -> ExitCode:
    """Release the lock of RUN, if you are sure that it has died.

    The next plan finds what RUN wrote but could not record: it adopts an object that matches its
    entry, and looks for what RUN may have created before it creates it again.

    \b
      devinops inventory unlock 20260131T120000Z-1a2b3c
    """
    from devinops.cli.handlers.inventory.unlock import run

    return run(options, **arguments)


@command.command("repair", short_help="Link records whose object is gone.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common(api=True)
def repair(options: Options, **arguments: Any) -> ExitCode:
    """Find records whose object is gone, and link them to similar live objects.

    \b
      devinops inventory repair              shows the evidence and asks
      devinops inventory repair --yes
    """
    from devinops.cli.handlers.inventory.repair import run

    return run(options, **arguments)
