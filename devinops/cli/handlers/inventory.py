"""What the commands of `devinops inventory` do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import click

from devinops.api import open_reader
from devinops.cli import write_files
from devinops.cli.declarations.options import Options
from devinops.cli.handlers.drift import if_refused
from devinops.cli.output import is_interactive
from devinops.cli.runs.run import open_run
from devinops.cli.session import Session, failures_written, needs_inventory
from devinops.config.reading import read_project, read_repository
from devinops.inventory import open_runs, open_store, started, wait_for_runs
from devinops.inventory.repair import LostRecord, find
from devinops.kinds import KINDS, parse_key
from devinops.model.client_protocols import Reader
from devinops.model.errors import InventoryError, NotFound, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import TIME, Intent, Inventory, Record, fingerprints
from devinops.model.keys import Key, ObjectId, listed
from devinops.model.kind import Lifecycle, Scope
from devinops.model.objects import Ensure, Live, Snapshot
from devinops.model.policy import Policy
from devinops.model.suggest import did_you_mean
from devinops.planning.commands import forget_command, link_command
from devinops.render import counted
from devinops.render.answers import SimpleAnswer
from devinops.schema.base_document import HEAD, Document
from devinops.schema.inventory import (
    CandidateItem,
    DeletedItem,
    FieldItem,
    FieldState,
    IntentItem,
    ListDocument,
    MissingItem,
    RecordDocument,
    RecordItem,
    RepairDocument,
    RunItem,
    UnclearItem,
    UnlockDocument,
)

MAX_KEY_WIDTH = 60


@contextmanager
def _opened(options: Options) -> Iterator[Session[Reader]]:
    """Yield a session to read with. Failures are written.

    Raises ConfigError, including if there is no inventory.
    """
    with failures_written(options), open_run(options, None, open_reader, entries=False) as run:
        session = run.session()
        needs_inventory(session.settings)
        yield session


# --- list -----------------------------------------------------------------------------------------


def list_owned(options: Options) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with _opened(options) as session:
        inventory = session.store.read()
    return _answer_list(session, inventory)


def _answer_list(session: Session[Reader], inventory: Inventory) -> ExitCode:
    runs = open_runs(inventory)
    unclear = sorted((i for i in inventory.intents if i.unclear), key=lambda intent: intent.key)
    document = ListDocument(
        **HEAD,
        target=session.settings.target.name,
        store=inventory.store,
        owned=len(inventory.owned),
        records=tuple(map(RecordItem.of, inventory.owned)),
        open_runs=tuple(
            _run_item(run, intents, inventory.jobs.get(run)) for run, intents in runs.items()
        ),
        unclear=tuple(UnclearItem(intent.run, str(intent.key)) for intent in unclear),
        deleted=tuple(DeletedItem(str(key), id, at) for key, id, at in inventory.deleted),
        taken=tuple(str(record.key) for record in inventory.records if record.taken),
    )
    return _answer(session, _listing(inventory, runs, unclear), document)


def _run_item(run: str, intents: Iterable[Intent], job: str | None) -> RunItem:
    since = started(run)
    time = since.strftime(TIME) if since else None
    return RunItem(run, tuple(map(IntentItem.of, intents)), job, time)


def _listing(
    inventory: Inventory, runs: Mapping[str, Sequence[Intent]], unclear: Iterable[Intent]
) -> Iterator[str]:
    """Yield the owned and the deleted objects, the open runs, and creates with no known result."""
    rows = [(str(record.key), record.id, record.source or "-") for record in inventory.owned]
    width = max((min(len(key), MAX_KEY_WIDTH) for key, _, _ in rows), default=0)
    ids = max((len(id) for _, id, _ in rows), default=0)
    for key, id, source in rows:
        yield f"{key:{width}}  {id:{ids}}  {source}"
    yield from _gone(inventory)
    for run, intents in runs.items():
        job = f" ({inventory.jobs[run]})" if run in inventory.jobs else ""
        yield f"open run {run}{job}: {counted(len(intents), 'write')} without a result"
    for intent in unclear:
        yield f"may have been created: {intent.key}, by the run {intent.run}"
    yield f"{len(inventory.owned)} owned ({inventory.store})"


def _gone(inventory: Inventory) -> Iterator[str]:
    """Yield what an apply deleted lately, and the access that somebody took away."""
    for gone in inventory.deleted:
        yield f"deleted {gone.at}: {gone.key}, {gone.id}"
    taken = (record for record in inventory.records if record.taken)
    yield from (f"taken away outside devinops: {record.key}, {record.id}" for record in taken)


# --- show -----------------------------------------------------------------------------------------


def show(options: Options, key: str) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    parsed = parse_key(key)
    with _opened(options) as session:
        record = _find_record(session.store.read(), parsed, options.command_flags)
        live = session.snapshot({record.key.kind}).by_id.get(record.object_id)
    item = RecordItem.of(record)
    item = item.compared(_states(item, live), str(live.key) if live else None)
    return _answer_record(session, _details(record, live, item), item)


def _states(item: RecordItem, live: Live | None) -> dict[str, FieldState]:
    current = fingerprints(live.resource) if live else {}
    return {name: _state(field, current.get(name), live) for name, field in item.fields.items()}


def _state(field: FieldItem, current: str | None, live: Live | None) -> FieldState:
    if live is None:
        return "gone"
    if field.read is None:
        return "not shown by the API"
    return "as applied" if current == field.read else "changed outside"


def _details(record: Record, live: Live | None, item: RecordItem) -> Iterator[str]:
    yield f"key       {record.key}"
    yield f"id        {record.id}"
    yield f"source    {record.source or '-'}"
    yield f"commit    {record.commit or '-'}"
    yield f"sent      {record.at or '-'}"
    yield f"protect   {'yes' if record.protect else 'no'}"
    yield f"live      {live.key if live else 'gone'}"
    width = max(map(len, item.fields), default=0)
    for name, field in item.fields.items():
        left_out = "" if field.sent else ", left out of the entry"
        yield f"  {name:{width}}  {field.sent or field.read}  {field.state}{left_out}"


# --- link -----------------------------------------------------------------------------------------


def link(options: Options, key: str, id: str) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    parsed = parse_key(key)
    with _opened(options) as session:
        record = _link(session, parsed, id)
    return _answer_record(session, [f"{parsed} is {id}"], RecordItem.of(record))


def _link(session: Session[Reader], key: Key, id: str) -> Record:
    """Link the key to a live object and return its record."""
    inventory = session.store.read()
    session.check_place(inventory)
    live = _linkable(session.snapshot({key.kind}), key, id, session.settings.target.scope)
    _check_known(session, inventory, key, live)
    before = inventory.by_key.get(key)
    owner = inventory.by_id.get(ObjectId(key.kind, id))
    if owner is not None and owner.key != key:
        forget = forget_command(owner.key, session.options.command_flags)
        raise InventoryError(f"{id} is owned as {owner.key}: run {forget} first")
    record = replace(before or Record(key, id), id=id, fields={}, left_out={}, taken=False)
    if before is None or before.id != id or before.taken:
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
        raise NotFound(
            f"there is no entry {key}{_near_keys(key, known, session.options.command_flags)}"
        )


# --- forget ---------------------------------------------------------------------------------------


def forget(options: Options, key: str | None, everything: bool, yes: bool) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    if bool(key) == everything:
        raise UsageError("name one KEY, or pass --all to stop owning all objects of the target")
    if key is None:
        return _forget_all(options, yes=yes)
    parsed = parse_key(key)
    with _opened(options) as session:
        inventory = session.store.read()
        record = _find_record(inventory, parsed, options.command_flags)
        changed = inventory.changed(removals=[record.object_id])
        session.store.write(changed, inventory, f"{parsed} forgotten")
    lines = [f"{parsed} is no longer owned; {record.id} was not touched"]
    return _answer_record(session, lines, RecordItem.of(record))


def _forget_all(options: Options, *, yes: bool) -> ExitCode:
    with _opened(options) as session:
        name = session.settings.target.name
        if not (yes or is_interactive()):
            raise UsageError("forget --all cannot ask without a terminal: pass --yes")
        if not (yes or click.confirm(_question(session, name), err=True)):
            return ExitCode.DECIDE
        session.store.clear()
        inventory = session.store.read()
    return _answer_list(session, inventory)


def _question(session: Session[Reader], target: str) -> str:
    """Return what to ask before the inventory of a target is removed, with what would be lost."""
    try:
        owned = f"all {counted(len(session.store.read().owned), 'object')}"
    except InventoryError:
        owned = "all objects"
    return f"Stop owning {owned} of {target}, and remove {session.store.label}?"


# --- migrate --------------------------------------------------------------------------------------


def migrate(options: Options) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    # Imported late, like the backends themselves.
    from devinops.inventory.elsewhere import found_elsewhere

    with _opened(options) as session:
        place, root, target = session.settings.inventory, options.root, session.client.target
        (label, found), store = found_elsewhere(place, root, target), session.store
        if not label:
            raise NotFound(f"there is nothing to move to {store.label}: no other place has records")
        other = open_store(found, root, target, options.command_flags)
        moved = wait_for_runs(other, options.lock_timeout, options.command_flags)
        store.receive(moved, f"moved from {label}")
        other.clear()
        return _answer_list(session, store.read())


# --- unlock ---------------------------------------------------------------------------------------


def unlock(options: Options, run: str) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with failures_written(options):
        options = _about_a_target_of(run, options)
    with _opened(options) as session:
        runs = open_runs(session.store.read())
        others = session.store.unlock(run)
        # A run of many targets can be done with this one.
        if run not in runs and not others:
            hint = did_you_mean(run, runs, f"; the open runs are: {', '.join(runs) or 'none'}")
            raise NotFound(f'there is no open run "{run}"{hint}')
    intents = runs.get(run, ())
    lines = [
        f"unlocked {run}: {counted(len(intents), 'write')} without a result",
        *(f"  {i.action} {i.key}{f' ({i.id})' if i.id else ''}" for i in intents),
        *([f"also unlocked for {listed(others)}"] if others else []),
        *_next_step(intents, session.settings.policy, options.command_flags),
    ]
    target, items = session.settings.target.name, tuple(map(IntentItem.of, intents))
    document = UnlockDocument(**HEAD, target=target, run=run, intents=items, other_targets=others)
    return _answer(session, lines, document)


def _about_a_target_of(run: str, options: Options) -> Options:
    """Return the options with a target in which a run is open, if none of several was chosen.

    Raises NotFound if it is open in none.
    """
    names = tuple(read_project(options.root).targets)
    if options.flags.selectors or len(names) < 2:
        return options
    with open_run(options, names, open_reader, entries=False) as opened:
        for name, store in opened.stores.items():
            if run in open_runs(store.read()):
                return options.about(name, f"the run {run}")
    raise NotFound(
        f'no target has an open run "{run}": devinops plan --target all shows the open runs'
    )


def _next_step(intents: Iterable[Intent], policy: Policy, flags: str) -> Iterator[str]:
    """Yield what to do if the run may have written an object that is owned."""
    if any(intent.id for intent in intents):
        yield (
            f"run devinops apply{flags} next: until it has recorded what the run wrote, drift "
            f"shows that as changed outside devinops{if_refused(policy, flags)}"
        )


# --- repair ---------------------------------------------------------------------------------------


def repair(options: Options, yes: bool) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with _opened(options) as session:
        inventory = session.store.read()
        lost = _lost(session, inventory)
    target, missing = session.settings.target.name, tuple(map(_missing, lost))
    links = [item for item in lost if item.link]
    code = ExitCode.DECIDE if len(links) < len(lost) else ExitCode.OK
    waits = links and not (yes or is_interactive())
    document = RepairDocument(**HEAD, target=target, missing=missing)
    proposals = _proposals(lost, options.command_flags)
    _answer(session, proposals, document, ExitCode.DECIDE if waits else code)
    if links and not _approved(options, len(links), yes=yes):
        return ExitCode.DECIDE
    if links:
        _relink(session, inventory, links)
    return code


def _lost(session: Session[Reader], inventory: Inventory) -> Sequence[LostRecord]:
    _, loaded = write_files.read(session.settings.root)
    name = session.settings.target.name
    own = (e for e in loaded.declarations if e.ensure is Ensure.PRESENT and e.concerns(name))
    declared = {key for entry in own for key in (entry.key, *entry.previously)}
    kinds = {record.key.kind for record in inventory.owned}
    return find(inventory, session.snapshot(kinds), declared) if kinds else ()


def _relink(session: Session[Reader], inventory: Inventory, links: Sequence[LostRecord]) -> None:
    gone = [link.record.object_id for link in links]
    changed = inventory.changed([link.linked for link in links], gone)
    session.store.write(changed, inventory, f"{len(links)} linked again")
    session.options.say(f"linked {counted(len(links), 'record')}")


def _approved(options: Options, count: int, *, yes: bool) -> bool:
    if yes or (is_interactive() and click.confirm(f"Link {counted(count, 'record')}?", err=True)):
        return True
    options.say("nothing was linked; pass --yes to link without being asked")
    return False


def _proposals(lost: Sequence[LostRecord], flags: str) -> Iterator[str]:
    for item in lost:
        record = item.record
        yield f"{record.key}: {record.id} is gone"
        for candidate in item.candidates:
            mark = "->" if item.link else " ?"
            live, evidence = candidate.live, ", ".join(candidate.evidence)
            created = datetime.fromtimestamp(live.created_at or 0, UTC)
            since = f", created {created:%Y-%m-%d}" if live.created_at else ""
            yield f"  {mark} {live.id}, {live.key}: {evidence}{since}"
        if not item.link:
            choice = f"{link_command(record.key, flags=flags)}, or " if item.candidates else ""
            yield f"  decide: {choice}{forget_command(record.key, flags)}"
            yield "    after forget, an entry with this key is planned as a new one"
    linked = sum(bool(item.link) for item in lost)
    yield f"{linked} to link again, {len(lost) - linked} to decide"


def _missing(item: LostRecord) -> MissingItem:
    candidates = (
        CandidateItem(live.id, str(live.key), evidence, live.created_at)
        for live, evidence in item.candidates
    )
    link = item.link.live.id if item.link else None
    return MissingItem(str(item.record.key), item.record.id, link, tuple(candidates))


# --- what they share ------------------------------------------------------------------------------


def _answer(
    session: Session[Reader],
    lines: Iterable[str],
    document: Document,
    exit_code: ExitCode = ExitCode.OK,
) -> ExitCode:
    """Write lines for people, or a document for programs; return the exit code."""
    answer = SimpleAnswer(tuple(lines), lambda: document, exit_code=exit_code)
    return session.options.answer(answer)


def _answer_record(session: Session[Reader], lines: Iterable[str], record: RecordItem) -> ExitCode:
    """Write lines for people, or the document of one record for programs."""
    target = session.settings.target.name
    return _answer(session, lines, RecordDocument(**HEAD, target=target, record=record))


def _find_record(inventory: Inventory, key: Key, flags: str) -> Record:
    """Return the record of a key. Raises NotFound if it is not owned.

    `flags` holds the options of printed commands.
    """
    record = inventory.by_key.get(key)
    if record is None:
        raise NotFound(f"{key} is not in the inventory{_near_keys(key, inventory.by_key, flags)}")
    return record


def _near_keys(key: Key, known: Iterable[Key], flags: str) -> str:
    """Return a hint to put after an unknown key; `flags` holds the options of its command."""
    otherwise = f"; devinops inventory list{flags} shows the known keys"
    return did_you_mean(key, map(str, known), otherwise)
