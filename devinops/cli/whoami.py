"""`devinops whoami`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import click

from devinops.api import open_reader
from devinops.cli.options import Options, common
from devinops.cli.session import connection, failures_written
from devinops.config import Settings, resolve
from devinops.model.client import Identity
from devinops.model.errors import DevinopsError, ExitCode


@click.command()
@common(api=True)
def command(options: Options) -> ExitCode:
    """Show the effective settings, where each comes from, and who the key belongs to.

    \b
      devinops whoami
      devinops whoami --target production
    """
    with failures_written(options):
        settings = resolve(options.project(), options.flags, os.environ)
        try:
            with open_reader(connection(settings), options.log) as reader:
                identity, org_id, emulator = reader.whoami(), reader.org_id, reader.emulator
        except DevinopsError:
            if options.format == "text":
                # where the key or the address is wrong, they are what to look at
                click.echo("\n".join(_settings(settings)))
            raise

    from devinops.render.escape import line

    def chunks(format: str) -> Iterator[str]:
        if format == "json":
            yield from _json(settings, identity, org_id, emulator)
        else:
            yield from (f"{one}\n" for one in (*_settings(settings), *_identity(identity, org_id)))
            if emulator:
                yield f"{line(f'This is the emulator at {settings.api_url}.')}\n"

    options.write(chunks)
    return ExitCode.OK


def _rows(settings: Settings) -> dict[str, Any]:
    return {
        "target": settings.target,
        "api_url": settings.api_url,
        "api_version": settings.api,
        "org_id": settings.org_id,
        "api_key": "*** (never shown)",
        "max_delete": str(settings.policy.max_delete),
        "v3_macro": settings.policy.v3_macro,
        "prune": settings.policy.prune.value,
        "scope": ", ".join(settings.policy.scope) or None,
        "on_drift": settings.policy.on_drift.value,
        "inventory": str(settings.inventory),
        "owner": settings.owner,
        "timeout": settings.timeout_s,
        "parallelism": settings.parallelism,
        "ca_bundle": str(settings.ca_bundle) if settings.ca_bundle else None,
    }


def _settings(settings: Settings) -> Iterator[str]:
    from devinops.render.escape import line

    yield line(f"root          {settings.root}")
    for name, value in _rows(settings).items():
        shown = "-" if value is None else f"{value:g}" if isinstance(value, float) else value
        yield line(f"{name:13} {shown}  ({settings.sources[name]})")


def _identity(identity: Identity, org_id: str | None) -> Iterator[str]:
    from devinops.render.escape import line

    yield ""
    yield line(f"The key belongs to {identity.principal}.")
    if org_id is not None:
        yield line(f"Organization: {org_id}.")


def _json(
    settings: Settings, identity: Identity, org_id: str | None, emulator: bool | None
) -> Iterator[str]:
    from devinops.render import json
    from devinops.schema.document import HEAD
    from devinops.schema.whoami import SettingItem, WhoamiDocument

    yield from json.dump(
        WhoamiDocument(
            **HEAD,
            root=str(settings.root),
            settings={
                name: SettingItem(value, settings.sources[name])
                for name, value in _rows(settings).items()
            },
            principal=identity.principal,
            principal_type=identity.principal_type,
            org_id=org_id,
            emulator=emulator,
        )
    )
