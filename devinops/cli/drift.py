"""`devinops drift`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

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
        found, emulator = _find(options, settings)
    code = ExitCode.LOOK if found.drift else ExitCode.OK
    options.write(lambda format: _chunks(options, settings, found, emulator, format, code))
    return code


def _find(options: Options, settings: Settings) -> tuple[Findings, bool]:
    """Return what was found, and whether an emulator answered."""
    with open_reader(connection(settings), options.log) as reader:
        inventory = open_store(settings.inventory, settings.root, reader.target).read()
        owned = {record.key.kind for record in inventory.records}
        with Progress(options, "reading") as progress:
            snapshot = reader.snapshot(with_references(owned or KINDS), progress.at)
        found = find_drift(inventory, snapshot)
        return Findings(authored(found.drift, reader), found.unmanaged), bool(reader.emulator)


def _chunks(
    options: Options,
    settings: Settings,
    found: Findings,
    emulator: bool,
    format: str,
    code: ExitCode,
) -> Iterator[str]:
    if format == "json":
        from devinops.render import json

        document: dict[str, Any] = json.head() | {
            "target": settings.target.name,
            "emulator": emulator,
            "exit_code": int(code),
            "drift": [json.drift(one) for one in found.drift],
            "unmanaged": [{"key": str(live.key), "id": live.id} for live in found.unmanaged],
        }
        yield from json.dump(document)
    else:
        from devinops.render.escape import line
        from devinops.render.text import Text

        if emulator:
            yield f"{line(f'This is the emulator at {settings.target.api_url}.')}\n"
        yield from (f"{one}\n" for one in Text(options.color, options.verbose).drift(found))
