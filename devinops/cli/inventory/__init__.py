"""`devinops inventory`: each command is a module with its name."""

from __future__ import annotations

import click

from devinops.cli.groups import Group
from devinops.cli.inventory.forget import command as forget_command
from devinops.cli.inventory.link import command as link_command
from devinops.cli.inventory.list import command as list_command
from devinops.cli.inventory.repair import command as repair_command
from devinops.cli.inventory.show import command as show_command
from devinops.cli.inventory.unlock import command as unlock_command


@click.group(cls=Group)
def command() -> None:
    """Inspect and repair the record of which live objects this repository owns.

    No command here writes to the organization.
    """


for _subcommand in (
    list_command,
    show_command,
    link_command,
    forget_command,
    unlock_command,
    repair_command,
):
    command.add_command(_subcommand)
