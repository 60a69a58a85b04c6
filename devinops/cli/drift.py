"""`devinops drift`."""

from __future__ import annotations

from dataclasses import replace

import click

from devinops.api import open_reader
from devinops.cli.audit_log import with_editors
from devinops.cli.options import Options, common
from devinops.cli.session import Session, failures_written, open_session
from devinops.model.client import Reader
from devinops.model.errors import ExitCode
from devinops.planning.drift import find_drift
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
    with (
        failures_written(options),
        open_session(options, open_reader, needs_inventory=True) as session,
    ):
        answer = _find(session)
    options.answer(answer)
    return answer.exit_code


def _find(session: Session[Reader]) -> DriftAnswer:
    inventory = session.store.read()
    owned = {record.key.kind for record in inventory.records}
    found = find_drift(inventory, session.snapshot(owned or None))
    if found.drift:
        found = replace(found, drift=with_editors(found.drift, session.client))
    code = ExitCode.LOOK if found.drift else ExitCode.OK
    return DriftAnswer(session.client.target, found, code)
