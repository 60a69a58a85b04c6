"""What `devinops whoami` does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import click

from devinops.api import open_reader, window
from devinops.cli.declarations.options import Options
from devinops.cli.runs.run import open_run
from devinops.cli.session import failures_written, read_settings, several
from devinops.config.settings import Settings, key_variable
from devinops.model.client_protocols import KeyOwner
from devinops.model.errors import DevinopsError
from devinops.model.exit_codes import ExitCode, worst
from devinops.model.key_expiry import REPLACE, expiry
from devinops.render.answers import SimpleAnswer
from devinops.render.escape import line


def run(options: Options) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with failures_written(options):
        if names := several(options):
            return _run_for(options, names)
        settings = read_settings(options)
        try:
            with open_run(options, None, open_reader, entries=False) as opened:
                client = opened.session().client
                answer = _answer(settings, client.whoami(), client.org_id, client.emulator)
        except DevinopsError:
            if options.format == "text":
                # The cause is often a wrong key or address, so show the settings.
                for row in _settings(settings, settings.target.org_id):
                    click.echo(line(row))
            raise

    return options.answer(answer)


def _run_for(options: Options, names: tuple[str, ...]) -> ExitCode:
    """Show who the keys of several targets belong to; each key is asked about once, or nearly."""
    owners: dict[str, KeyOwner] = {}
    items: dict[str, dict[str, Any]] = {}
    codes: list[ExitCode] = []
    with open_run(options, names, open_reader, entries=False) as opened:

        def ask(name: str) -> None:
            session = opened.session(name)
            key, client = session.settings.connection.key, session.client
            if key not in owners:
                owners[key] = client.whoami()
            items[name] = _item(session.settings, client.org_id, owners[key], client.emulator)

        def failed(name: str, error: DevinopsError) -> None:
            found = opened.settings[name]
            known = found if isinstance(found, Settings) else None
            items[name] = _item(known, None, error=str(error), name=name)
            codes.append(error.exit_code)

        opened.each("asking", {name: partial(ask, name) for name in names}, failed)
    code, found = worst(*codes), [items[name] for name in names]
    facts = ("principal", "org_id", "api_key_env")
    lines = [
        f"{item['name']}: {item['error'] or ', '.join(str(item[fact]) for fact in facts)}"
        for item in found
    ]
    for owner in owners.values():
        lines += _expiry(owner)
    return options.answer(SimpleAnswer(lines, lambda: {"targets": found}, exit_code=code))


def _rows(settings: Settings, org_id: str | None) -> dict[str, Any]:
    """Return the name and value of each setting. `org_id` may have been looked up with the API."""
    has_inventory, connection = settings.inventory.store != "none", settings.connection
    return {
        "target": settings.target.name,
        "api_url": settings.target.api_url,
        "api_version": settings.target.api,
        "org_id": org_id or settings.target.org_id,
        "enterprise": "true" if settings.target.enterprise else "false",
        "api_key": "*** (never shown)",
        "enterprise_key_env": connection.enterprise_key_env,
        "max_delete": str(settings.policy.max_delete),
        "v3_macro": settings.policy.v3_macro,
        "prune": settings.policy.prune.value,
        "scope": ", ".join(settings.policy.scope) or None,
        "on_drift": settings.policy.on_drift.value,
        "missing_folders": settings.policy.missing_folders.value if has_inventory else "block",
        "inventory": str(settings.inventory),
        "owner": connection.owner,
        "timeout": connection.timeout_s,
        "parallelism": connection.parallelism or f"{window.START} to {window.MOST}",
        "ca_bundle": str(connection.ca_bundle) if connection.ca_bundle else None,
    }


def _settings(settings: Settings, org_id: str | None) -> Iterator[str]:
    yield f"{'root':18} {settings.root}"
    for name, value in _rows(settings, org_id).items():
        # The only float is a number of seconds.
        shown = "-" if value is None else f"{value:g} s" if isinstance(value, float) else value
        yield f"{name:18} {shown}  ({settings.sources[name]})"


def _answer(
    settings: Settings, owner: KeyOwner, org_id: str | None, emulator: bool | None
) -> SimpleAnswer:
    lines = [*_settings(settings, org_id), "", f"The API key belongs to {owner.principal}."]
    if org_id is not None:
        lines.append(f"Organization: {org_id}.")
    lines += _expiry(owner)
    if settings.target.enterprise and owner.org_id:
        lines.append(
            f"It is a key of the organization {owner.org_id}, which cannot read the enterprise: "
            "use a key of the enterprise, or remove enterprise: true from the target."
        )
    if emulator:
        lines.append(f"This is the emulator at {settings.target.api_url}.")
    item = _item(settings, org_id, owner, emulator)
    return SimpleAnswer(lines, lambda: {"targets": [item]})


def _expiry(owner: KeyOwner) -> Iterator[str]:
    """Yield when a key expires, with a warning if that is soon."""
    if owner.expires_at is not None:
        text, is_soon = expiry(owner.expires_at, time.time())
        yield f"The API key of {owner.principal} {text}{f': {REPLACE}' if is_soon else '.'}"


def _item(
    settings: Settings | None,
    org_id: str | None,
    owner: KeyOwner | None = None,
    emulator: bool | None = None,
    *,
    error: str | None = None,
    name: str = "",
) -> dict[str, Any]:
    """Return what programs read of a target; without its settings, it has a `name`."""
    rows = _rows(settings, org_id) if settings else {}
    sources = settings.sources if settings else {}
    return {
        "name": settings.target.name if settings else name,
        "org_id": rows.get("org_id"),
        "api_key_env": key_variable(settings) if settings else None,
        "settings": {row: {"value": rows[row], "source": sources[row]} for row in rows},
        "principal": owner.principal if owner else None,
        "principal_type": owner.principal_type if owner else None,
        "expires_at": owner.expires_at if owner else None,
        "emulator": emulator,
        "error": error,
    }
