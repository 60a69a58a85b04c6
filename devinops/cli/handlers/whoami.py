"""What `devinops whoami` does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from devinops.api import open_reader, window
from devinops.cli.options import Options
from devinops.cli.session import failures_written, open_session, read_settings, several
from devinops.config.settings import Settings, key_variable
from devinops.model.client_protocols import KeyOwner
from devinops.model.errors import DevinopsError
from devinops.model.exit_codes import ExitCode, worst
from devinops.render.answers import SimpleAnswer
from devinops.render.escape import line

if TYPE_CHECKING:
    from devinops.schema.command_outputs import WhoamiDocument


def run(options: Options) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with failures_written(options):
        if names := several(options):
            return _run_for(options, names)
        settings = read_settings(options)
        try:
            with open_session(options, open_reader, settings=settings) as session:
                client = session.client
                answer = _answer(settings, client.whoami(), client.org_id, client.emulator)
        except DevinopsError:
            if options.format == "text":
                # The cause is often a wrong key or address, so show the settings.
                for row in _settings(settings, settings.target.org_id):
                    click.echo(line(row))
            raise

    options.answer(answer)
    return ExitCode.OK


def _run_for(options: Options, names: tuple[str, ...]) -> ExitCode:
    """Show who the keys of several targets belong to; each key is asked about once, or nearly."""
    # Imported late: one target needs nothing of it.
    from devinops.cli.run import open_run
    from devinops.schema.base_document import HEAD
    from devinops.schema.command_outputs import WhoamiFleetDocument, WhoamiTargetItem

    owners: dict[str, KeyOwner] = {}
    items: dict[str, WhoamiTargetItem] = {}
    codes: list[ExitCode] = []
    with open_run(options, names, open_reader, entries=False) as opened:

        def ask(name: str) -> None:
            session = opened.session(name)
            key, client = session.settings.key, session.client
            if key not in owners:
                owners[key] = client.whoami()
            owner, variable = owners[key], key_variable(session.settings)
            facts = (client.org_id, variable, owner.principal, owner.principal_type, None)
            items[name] = WhoamiTargetItem(name, *facts)

        def failed(name: str, error: DevinopsError) -> None:
            found = opened.settings[name]
            known = found if isinstance(found, Settings) else None
            org_id = known.target.org_id if known else None
            variable = key_variable(known) if known else None
            items[name] = WhoamiTargetItem(name, org_id, variable, None, None, str(error))
            codes.append(error.exit_code)

        opened.each("asking", {name: partial(ask, name) for name in names}, failed)
    code, found = worst(*codes), tuple(items[name] for name in names)
    lines = [
        f"{item.name}: {item.error or f'{item.principal}, {item.org_id}, {item.api_key_env}'}"
        for item in found
    ]
    answer = SimpleAnswer(lines, lambda: WhoamiFleetDocument(**HEAD, exit_code=code, targets=found))
    options.answer(answer)
    return code


def _rows(settings: Settings, org_id: str | None) -> dict[str, Any]:
    """Return the name and value of each setting. `org_id` may have been looked up with the API."""
    return {
        "target": settings.target.name,
        "api_url": settings.target.api_url,
        "api_version": settings.target.api,
        "org_id": org_id or settings.target.org_id,
        "enterprise": "true" if settings.target.enterprise else "false",
        "api_key": "*** (never shown)",
        "enterprise_key_env": settings.enterprise_key_env,
        "max_delete": str(settings.policy.max_delete),
        "v3_macro": settings.policy.v3_macro,
        "prune": settings.policy.prune.value,
        "scope": ", ".join(settings.policy.scope) or None,
        "on_drift": settings.policy.on_drift.value,
        "inventory": str(settings.inventory),
        "owner": settings.owner,
        "timeout": settings.timeout_s,
        "parallelism": settings.parallelism or f"{window.START} to {window.MOST}",
        "ca_bundle": str(settings.ca_bundle) if settings.ca_bundle else None,
    }


def _settings(settings: Settings, org_id: str | None) -> Iterator[str]:
    yield f"{'root':18} {settings.root}"
    for name, value in _rows(settings, org_id).items():
        # The only float is a number of seconds.
        shown = "-" if value is None else f"{value:g} s" if isinstance(value, float) else value
        yield f"{name:18} {shown}  ({settings.sources[name]})"


def _answer(
    settings: Settings, identity: KeyOwner, org_id: str | None, emulator: bool | None
) -> SimpleAnswer:
    lines = [*_settings(settings, org_id), "", f"The API key belongs to {identity.principal}."]
    if org_id is not None:
        lines.append(f"Organization: {org_id}.")
    if settings.target.enterprise and identity.org_id:
        lines.append(
            f"It is a key of the organization {identity.org_id}, which cannot read the enterprise: "
            "use a key of the enterprise, or remove enterprise: true from the target."
        )
    if emulator:
        lines.append(f"This is the emulator at {settings.target.api_url}.")
    return SimpleAnswer(lines, lambda: _document(settings, identity, org_id, emulator))


def _document(
    settings: Settings, identity: KeyOwner, org_id: str | None, emulator: bool | None
) -> WhoamiDocument:
    from devinops.schema.base_document import HEAD
    from devinops.schema.command_outputs import SettingItem, WhoamiDocument

    return WhoamiDocument(
        **HEAD,
        root=str(settings.root),
        settings={
            name: SettingItem(value, settings.sources[name])
            for name, value in _rows(settings, org_id).items()
        },
        principal=identity.principal,
        principal_type=identity.principal_type,
        org_id=org_id,
        emulator=emulator,
    )
