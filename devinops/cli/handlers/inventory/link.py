"""What `devinops inventory link` does."""

from __future__ import annotations

from dataclasses import replace

from devinops.cli.handlers.inventory.answers import answer_record, near_keys, parse_key
from devinops.cli.options import Options
from devinops.cli.session import Session, open_inventory_session
from devinops.config import read_repository
from devinops.kinds import KINDS
from devinops.model.client_protocols import Reader
from devinops.model.errors import InventoryError, NotFound, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import Key, ObjectId
from devinops.model.kind import Lifecycle, Scope
from devinops.model.objects import Live, Snapshot
from devinops.model.suggest import did_you_mean
from devinops.planning.commands import forget_command
from devinops.schema.inventory import RecordItem


def run(options: Options, key: str, id: str) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    parsed = parse_key(key)
    with open_inventory_session(options) as session:
        record = _link(session, parsed, id)
    answer_record(session, [f"{parsed} is {id}"], RecordItem.of(record))
    return ExitCode.OK


def _link(session: Session[Reader], key: Key, id: str) -> Record:
    """Link the key to a live object and return its record."""
    inventory = session.store.read()
    live = _linkable(session.snapshot({key.kind}), key, id, session.settings.target.scope)
    _check_known(session, inventory, key, live)
    before = inventory.by_key.get(key)
    owner = inventory.by_id.get(ObjectId(key.kind, id))
    if owner is not None and owner.key != key:
        forget = forget_command(owner.key, session.options.place)
        raise InventoryError(f"{id} is owned as {owner.key}: run {forget} first")
    record = replace(before or Record(key, id), id=id, fields={})
    if before is None or before.id != id:
        session.store.write(inventory.changed([record]), inventory, f"{key} linked")
    return record


def _linkable(snapshot: Snapshot, key: Key, id: str, scope: Scope) -> Live:
    if KINDS[key.kind].lifecycle is Lifecycle.REQUIRED:
        raise UsageError(
            f"{KINDS[key.kind].with_article} is never owned: it can be created and moved only in "
            "the web app"
        )
    live = snapshot.by_id.get(ObjectId(key.kind, id))
    if live is None:
        ids = [live.id for live in snapshot.objects if live.key.kind == key.kind]
        named = " or ".join(live.id for live in snapshot.under(key))
        hint = f"; {key} has the id {named}" if named else did_you_mean(id, ids)
        raise NotFound(f"the {scope} has no {KINDS[key.kind].name} with the id {id}{hint}")
    if live.owner and not live.ours:
        raise InventoryError(
            f"{id} has the label of another owner ({live.owner}), so it cannot be owned: set "
            f"owner: {live.owner} for the target in devinops.yaml if this repository is that owner"
        )
    if not live.ours:
        raise InventoryError(
            f"{id} does not belong to the {scope} ({live.access}): it cannot be owned"
        )
    return live


def _check_known(session: Session[Reader], inventory: Inventory, key: Key, live: Live) -> None:
    """Raise NotFound for an unknown key: its record would never be compared with anything."""
    _, loaded = read_repository(session.options.root)
    target = session.settings.target.name
    declared = {entry.key for entry in loaded.declarations if entry.concerns(target)}
    known = declared | set(inventory.by_key) | {live.key}
    if key not in known:
        raise NotFound(f"there is no entry {key}{near_keys(key, known, session.options.place)}")
