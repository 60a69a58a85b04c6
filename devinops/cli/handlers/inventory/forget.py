"""What `devinops inventory forget` does."""

from __future__ import annotations

from devinops.cli.handlers.inventory.answers import answer_record, find_record, parse_key
from devinops.cli.options import Options
from devinops.cli.session import open_inventory_session
from devinops.model.exit_codes import ExitCode
from devinops.schema.inventory import RecordItem


def run(options: Options, key: str) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    parsed = parse_key(key)
    with open_inventory_session(options) as session:
        inventory = session.store.read()
        record = find_record(inventory, parsed, options.place)
        changed = inventory.changed(removals=[record.object_id])
        session.store.write(changed, inventory, f"{parsed} forgotten")
    lines = [f"{parsed} is no longer owned; {record.id} was not touched"]
    answer_record(session, lines, RecordItem.of(record))
    return ExitCode.OK
