"""What `devinops drift` does."""

from __future__ import annotations

from devinops.api import open_reader
from devinops.cli.audit_log import with_editors
from devinops.cli.options import Options
from devinops.cli.session import Session, failures_written, open_session
from devinops.model.client import Reader
from devinops.model.exit_codes import ExitCode
from devinops.planning.drift import find_drift
from devinops.render.answers import DriftAnswer


def run(options: Options) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
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
        result = result._replace(drift=with_editors(result.drift, session.client))
    code = ExitCode.LOOK if result.drift else ExitCode.OK
    return DriftAnswer(session.client.target, inventory, result, code)
