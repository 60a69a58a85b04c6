"""`devinops drift`."""

from __future__ import annotations

import os

import click

from devinops.api import open_reader
from devinops.cli.authors import authored
from devinops.cli.options import Options, common
from devinops.cli.progress import Progress
from devinops.cli.session import connection, failures_written, with_references
from devinops.config import CONFIG_FILE, Settings, resolve
from devinops.inventory import open_store
from devinops.kinds import KINDS
from devinops.model.errors import ConfigError, ExitCode
from devinops.planning.drift import Findings, find_drift
from devinops.render.answers import DriftAnswer


@click.command()
@common(api=True)
def command(options: Options) -> ExitCode:
    """Show what was edited outside since the last apply; exit 2 where anything was.

    The organization is compared with the inventory alone, so this fits a nightly job: changes in Git that are
    not applied yet do not show. Objects that are not owned are counted and never make it exit 2.

    \b
      devinops drift
      devinops drift --format json
    """
    with failures_written(options):
        settings = resolve(options.project(), options.flags, os.environ)
        if settings.inventory.store == "none":
            raise ConfigError(
                f"the target {settings.target.name} has no inventory to compare with: turn one on with inventory: "
                f"{{store: branch}} in {CONFIG_FILE}, or use devinops plan, which compares with the files"
            )
        answer = _find(options, settings)
    options.answer(answer)
    return answer.exit_code


def _find(options: Options, settings: Settings) -> DriftAnswer:
    with open_reader(connection(settings), options.log) as reader:
        inventory = open_store(settings.inventory, settings.root, reader.target).read()
        owned = {record.key.kind for record in inventory.records}
        with Progress(options, "reading") as progress:
            snapshot = reader.snapshot(with_references(owned or KINDS), progress.at)
        found = find_drift(inventory, snapshot)
        findings = Findings(authored(found.drift, reader), found.unmanaged)
        code = ExitCode.LOOK if findings.drift else ExitCode.OK
        return DriftAnswer(reader.target, findings, code)
