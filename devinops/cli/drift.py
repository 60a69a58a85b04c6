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
    """Show what was changed outside devinops since the last apply; exit 2 if anything was.

    The organization is compared only with the inventory, which suits a nightly job: changes in Git
    that are not applied yet are not shown. Unmanaged objects are counted, but do not cause exit 2.

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
    result = find_drift(inventory, session.snapshot(owned or None))
    if result.drift:
        result = replace(result, drift=with_editors(result.drift, session.client))
    code = ExitCode.LOOK if result.drift else ExitCode.OK
    return DriftAnswer(session.client.target, inventory, result, code)
