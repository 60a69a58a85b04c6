"""`devinops inventory forget`."""

from __future__ import annotations

import click

from devinops.api import open_reader
from devinops.cli import candidates
from devinops.cli.inventory.answers import answer_record, find_record, parse_key
from devinops.cli.options import NonEmpty, Options, common
from devinops.cli.session import failures_written, open_session
from devinops.model.errors import ExitCode
from devinops.schema.inventory import RecordItem


@click.command("forget", short_help="Stop owning a key.")
@click.argument("key", type=NonEmpty(), shell_complete=candidates.owned_keys)
@common(api=True)
def command(options: Options, key: str) -> ExitCode:
    """Stop owning KEY. The object stays as it is and is never pruned.

    If the files still have an entry for it, the next apply adopts the object again.

    \b
      devinops inventory forget 'knowledge:Backend/Error envelope'
    """
    parsed = parse_key(key)
    with (
        failures_written(options),
        open_session(options, open_reader, needs_inventory=True) as session,
    ):
        inventory = session.store.read()
        record = find_record(inventory, parsed)
        changed = inventory.changed(removals=[record.object_id])
        session.store.write(changed, inventory, f"{parsed} forgotten")
    lines = [f"{parsed} is no longer owned; {record.id} was not touched"]
    answer_record(session, lines, RecordItem.of(record))
    return ExitCode.OK
