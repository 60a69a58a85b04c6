"""What `devinops inventory show` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from devinops.cli.handlers.inventory.answers import answer_record, find_record, parse_key
from devinops.cli.options import Options
from devinops.cli.session import open_inventory_session
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Base, Record, fingerprints
from devinops.model.objects import Live
from devinops.schema.inventory import FieldState, RecordItem


def run(options: Options, key: str) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    parsed = parse_key(key)
    with open_inventory_session(options) as session:
        record = find_record(session.store.read(), parsed, options.place)
        live = session.snapshot({record.key.kind}).by_id.get(record.object_id)
    states = _states(record, live)
    item = RecordItem.of(record).compared(states, str(live.key) if live else None)
    answer_record(session, _details(record, live, states), item)
    return ExitCode.OK


def _states(record: Record, live: Live | None) -> dict[str, FieldState]:
    current = fingerprints(live.resource) if live else {}
    return {
        name: _state(base, current.get(name), live) for name, base in sorted(record.fields.items())
    }


def _state(base: Base, current: str | None, live: Live | None) -> FieldState:
    if live is None:
        return "gone"
    if base.read is None:
        return "not shown by the API"
    return "as applied" if current == base.read else "changed outside"


def _details(record: Record, live: Live | None, states: Mapping[str, FieldState]) -> Iterator[str]:
    yield f"key       {record.key}"
    yield f"id        {record.id}"
    yield f"source    {record.source or '-'}"
    yield f"commit    {record.commit or '-'}"
    yield f"protect   {'yes' if record.protect else 'no'}"
    yield f"live      {live.key if live else 'gone'}"
    width = max(map(len, states), default=0)
    for name, state in states.items():
        yield f"  {name:{width}}  {record.fields[name].sent}  {state}"
