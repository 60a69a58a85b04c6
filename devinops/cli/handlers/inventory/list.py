"""What `devinops inventory list` does."""

from __future__ import annotations

from collections.abc import Iterator

from devinops.cli.handlers.inventory.answers import answer
from devinops.cli.options import Options
from devinops.cli.session import open_inventory_session
from devinops.inventory import open_runs
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Intent, Inventory
from devinops.render import counted
from devinops.schema.base_document import HEAD
from devinops.schema.inventory import (
    IntentItem,
    ListDocument,
    RecordItem,
    RunItem,
    UnclearItem,
)

MAX_KEY_WIDTH = 60


def run(options: Options) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with open_inventory_session(options) as session:
        inventory = session.store.read()
    document = _document(session.settings.target.name, inventory)
    answer(session, _listing(inventory), document)
    return ExitCode.OK


def _listing(inventory: Inventory) -> Iterator[str]:
    rows = [(str(record.key), record.id, record.source or "-") for record in inventory.owned]
    width = max((min(len(key), MAX_KEY_WIDTH) for key, _, _ in rows), default=0)
    ids = max((len(id) for _, id, _ in rows), default=0)
    for key, id, source in rows:
        yield f"{key:{width}}  {id:{ids}}  {source}"
    for run, intents in open_runs(inventory).items():
        yield f"open run {run}: {counted(len(intents), 'write')} without a result"
    for intent in _unclear(inventory):
        yield f"may have been created: {intent.key}, by the run {intent.run}"
    yield f"{len(inventory.owned)} owned ({inventory.store})"


def _document(target: str, inventory: Inventory) -> ListDocument:
    unclear = _unclear(inventory)
    return ListDocument(
        **HEAD,
        target=target,
        store=inventory.store,
        owned=len(inventory.owned),
        records=tuple(map(RecordItem.of, inventory.owned)),
        open_runs=tuple(
            RunItem(run, tuple(map(IntentItem.of, intents)))
            for run, intents in open_runs(inventory).items()
        ),
        unclear=tuple(UnclearItem(intent.run, str(intent.key)) for intent in unclear),
    )


def _unclear(inventory: Inventory) -> list[Intent]:
    """Return the creates of earlier runs whose result is not known, sorted by key."""
    unclear = (intent for intent in inventory.intents if intent.unclear)
    return sorted(unclear, key=lambda intent: intent.key)
