"""`devinops inventory`."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import click

from devinops.api import Reader, open_reader
from devinops.cli.options import NonEmpty, Options, common, is_interactive
from devinops.cli.progress import Progress
from devinops.cli.session import connection, failures_written, with_references
from devinops.cli.validate import read
from devinops.config import CONFIG_FILE, Settings, resolve
from devinops.inventory import Store, open_runs, open_store
from devinops.inventory.repair import Finding, find
from devinops.kinds import KINDS
from devinops.model.errors import ConfigError, ExitCode, UsageError
from devinops.model.inventory import Base, Intent, Inventory, Record, fingerprints
from devinops.model.keys import Key
from devinops.model.objects import Live, Snapshot
from devinops.render import counted
from devinops.render.answers import SimpleAnswer


@click.group()
def command() -> None:
    """Show and fix the record of which live objects this repository owns.

    No command here writes to the organization.
    """


@dataclass(frozen=True)
class _Session:
    """The inventory of one target, and the organization that it is of."""

    options: Options
    settings: Settings
    reader: Reader
    store: Store

    def snapshot(self, kinds: Iterable[str]) -> Snapshot:
        with Progress(self.options, "reading") as progress:
            return self.reader.snapshot(with_references(kinds), progress.at)

    def answer(self, text: Iterable[str], document: Mapping[str, Any]) -> None:
        """Write the answer: lines of text, or a document."""
        members = {"target": self.settings.target.name, **document}
        self.options.answer(SimpleAnswer(tuple(text), members))


@contextmanager
def _session(options: Options) -> Iterator[_Session]:
    """Open the inventory. Raises ConfigError where there is none."""
    with failures_written(options):
        settings = resolve(options.project(), options.flags, os.environ)
        if settings.inventory.store == "none":
            raise ConfigError(
                f"the target {settings.target.name} has no inventory: to turn one on, say inventory: "
                f"{{store: branch}} (or file) for it in {CONFIG_FILE}"
            )
        with open_reader(connection(settings), options.log) as reader:
            store = open_store(settings.inventory, settings.root, reader.target)
            yield _Session(options, settings, reader, store)


def _key(text: str) -> Key:
    try:
        key = Key.parse(text)
    except ValueError as error:
        raise UsageError(f"{error}: KEY is as plan and inventory list print it") from None
    if key.kind not in KINDS:
        near = difflib.get_close_matches(key.kind, KINDS, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise UsageError(f'there is no kind "{key.kind}"{hint}; known are {", ".join(KINDS)}')
    return key


def _record(inventory: Inventory, key: Key) -> Record:
    record = inventory.by_key.get(key)
    if record is None:
        raise ConfigError(f"{key} is not in the inventory{_near(key, inventory.by_key)}")
    return record


def _near(key: Key, known: Iterable[Key]) -> str:
    near = difflib.get_close_matches(str(key), map(str, known), n=1)
    return f" (did you mean {near[0]}?)" if near else "; devinops inventory list shows what is"


# --- list and show ----------------------------------------------------------------------------------------


@command.command("list")
@common(api=True)
def list_command(options: Options) -> ExitCode:
    """Show what is owned: key, id and the file that declared it.

    \b
      devinops inventory list
      devinops inventory list --format json
    """
    with _session(options) as session:
        inventory = session.store.read()
        session.answer(_listing(inventory), _document(inventory))
    return ExitCode.OK


def _listing(inventory: Inventory) -> Iterator[str]:
    shown = [(str(record.key), record.id, record.source or "-") for record in inventory.owned]
    width = max((min(len(key), 60) for key, _, _ in shown), default=0)
    ids = max((len(id) for _, id, _ in shown), default=0)
    for key, id, source in shown:
        yield f"{key:{width}}  {id:{ids}}  {source}"
    for run, intents in open_runs(inventory).items():
        yield f"open run {run}: {counted(len(intents), 'write')} not settled"
    for intent in _unclear(inventory):
        yield f"perhaps created: {intent.key}, by the run {intent.run}"
    yield f"{len(inventory.owned)} owned ({inventory.store})"


def _document(inventory: Inventory) -> dict[str, Any]:
    return {
        "store": inventory.store,
        "owned": len(inventory.owned),
        "records": [_record_document(record) for record in inventory.owned],
        "open_runs": [
            {"run": run, "intents": [_intent_document(intent) for intent in intents]}
            for run, intents in open_runs(inventory).items()
        ],
        "unclear": [{"run": intent.run, "key": str(intent.key)} for intent in _unclear(inventory)],
    }


def _unclear(inventory: Inventory) -> list[Intent]:
    """Return the creates of earlier runs of which nobody saw the end, in the order of their keys."""
    return sorted((one for one in inventory.intents if one.unclear), key=lambda intent: intent.key)


def _record_document(record: Record) -> dict[str, Any]:
    return {
        "key": str(record.key),
        "kind": record.key.kind,
        "id": record.id,
        "source": record.source,
        "commit": record.commit,
        "protect": record.protect,
        "fields": {
            n: {"sent": base.sent, "read": base.read} for n, base in sorted(record.fields.items())
        },
    }


def _intent_document(intent: Intent) -> dict[str, Any]:
    return {"action": intent.action.value, "key": str(intent.key), "id": intent.id}


@command.command()
@click.argument("key", type=NonEmpty())
@common(api=True)
def show(options: Options, key: str) -> ExitCode:
    """Show one record, and whether the live object is still as it was applied.

    \b
      devinops inventory show 'knowledge:Backend/Error envelope'
    """
    wanted = _key(key)
    with _session(options) as session:
        record = _record(session.store.read(), wanted)
        live = session.snapshot({record.key.kind}).by_id.get((record.key.kind, record.id))
        states = _states(record, live)
        document = _record_document(record)
        for name, state in states.items():
            document["fields"][name]["state"] = state
        session.answer(
            _details(record, live, states),
            {"record": document | {"live": str(live.key) if live else None}},
        )
    return ExitCode.OK


def _states(record: Record, live: Live | None) -> dict[str, str]:
    found = fingerprints(live.resource) if live else {}
    return {
        name: _state(base, found.get(name), live) for name, base in sorted(record.fields.items())
    }


def _state(base: Base, found: str | None, live: Live | None) -> str:
    if live is None:
        return "gone"
    if base.read is None:
        return "not told by the API"
    return "as applied" if found == base.read else "changed outside"


def _details(record: Record, live: Live | None, states: Mapping[str, str]) -> Iterator[str]:
    yield f"key       {record.key}"
    yield f"id        {record.id}"
    yield f"source    {record.source or '-'}"
    yield f"commit    {record.commit or '-'}"
    yield f"protect   {'yes' if record.protect else 'no'}"
    yield f"live      {live.key if live else 'gone'}"
    width = max(map(len, states), default=0)
    for name, state in states.items():
        yield f"  {name:{width}}  {record.fields[name].sent}  {state}"


# --- link, forget, unlock ---------------------------------------------------------------------------------


@command.command()
@click.argument("key", type=NonEmpty())
@click.argument("id", type=NonEmpty())
@common(api=True)
def link(options: Options, key: str, id: str) -> ExitCode:
    """Make KEY mean the live object ID: for namesakes, or an object that was made again.

    What was last applied to the object is unknown, so the next plan compares file and organization alone.

    \b
      devinops inventory link 'knowledge:Backend/Error envelope' note-0123abcd
    """
    wanted = _key(key)
    with _session(options) as session:
        inventory = session.store.read()
        live = _linkable(session.snapshot({wanted.kind}), wanted, id)
        _check_known(options, session.settings.target.name, inventory, wanted, live)
        before = inventory.by_key.get(wanted)
        owner = inventory.by_id.get((wanted.kind, id))
        if owner is not None and owner.key != wanted:
            raise ConfigError(
                f"{id} is owned as {owner.key}: devinops inventory forget {owner.key} first"
            )
        record = replace(before or Record(wanted, id), id=id, fields={})
        if before is None or before.id != id:
            _put(session.store, inventory, record, f"{wanted} linked")
        session.answer([f"{wanted} is {id}"], {"record": _record_document(record)})
    return ExitCode.OK


def _put(store: Store, inventory: Inventory, record: Record, why: str) -> None:
    store.write(inventory.changed([record]), inventory, why)


def _linkable(snapshot: Snapshot, key: Key, id: str) -> Live:
    if key.kind == "folder":
        raise UsageError(
            "folders are never owned: only a person in the web app can make or move one"
        )
    live = snapshot.by_id.get((key.kind, id))
    if live is None:
        near = difflib.get_close_matches(
            id, [o.id for o in snapshot.objects if o.key.kind == key.kind], n=1
        )
        named = ", ".join(one.id for one in snapshot.under(key))
        hint = f"; {key} is {named}" if named else f" (did you mean {near[0]}?)" if near else ""
        raise ConfigError(f"the organization has no {key.kind} with the id {id}{hint}")
    if not live.ours:
        raise ConfigError(f"{id} is not the organization's own ({live.access}): it can't be owned")
    return live


def _check_known(options: Options, target: str, inventory: Inventory, key: Key, live: Live) -> None:
    """Refuse a key that stands nowhere: it would be a record that nothing is ever compared with."""
    declared = {d.key for d in read(options).declarations if d.concerns(target)}
    known = declared | set(inventory.by_key) | {live.key}
    if key not in known:
        raise ConfigError(f"no entry is called {key}{_near(key, known)}")


@command.command()
@click.argument("key", type=NonEmpty())
@common(api=True)
def forget(options: Options, key: str) -> ExitCode:
    """Stop owning KEY. The object stays as it is, and is never pruned.

    An entry that still stands in the files takes it up again with the next apply.

    \b
      devinops inventory forget 'knowledge:Backend/Error envelope'
    """
    wanted = _key(key)
    with _session(options) as session:
        inventory = session.store.read()
        record = _record(inventory, wanted)
        changed = inventory.changed(drop=[(record.key.kind, record.id)])
        session.store.write(changed, inventory, f"{wanted} forgotten")
        session.answer(
            [f"{wanted} is not owned any more; {record.id} was not touched"],
            {"record": _record_document(record)},
        )
    return ExitCode.OK


@command.command()
@click.argument("run", type=NonEmpty())
@common(api=True)
def unlock(options: Options, run: str) -> ExitCode:
    """Take away what RUN has announced, once it is certain that it died.

    What it wrote and could not record is found by the next plan: an object equal to its entry is adopted, and what
    it may have created is looked for before it is created again.

    \b
      devinops inventory unlock 20260131T120000Z-1a2b3c
    """
    with _session(options) as session:
        runs = open_runs(session.store.read())
        if run not in runs:
            near = difflib.get_close_matches(run, runs, n=1)
            hint = (
                f" (did you mean {near[0]}?)"
                if near
                else f"; open are: {', '.join(runs) or 'none'}"
            )
            raise ConfigError(f'there is no open run "{run}"{hint}')
        session.store.unlock(run)
        session.answer(
            [
                f"unlocked {run}: {counted(len(runs[run]), 'write')} not settled",
                *_unsettled(runs[run]),
            ],
            {"run": run, "intents": [_intent_document(intent) for intent in runs[run]]},
        )
    return ExitCode.OK


def _unsettled(intents: Iterable[Intent]) -> Iterator[str]:
    yield from (
        f"  {intent.action} {intent.key}{f' ({intent.id})' if intent.id else ''}"
        for intent in intents
    )


# --- repair -----------------------------------------------------------------------------------------------


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@common(api=True)
def repair(options: Options, yes: bool) -> ExitCode:
    """Find records whose object is gone, and link them to live objects that look like it.

    \b
      devinops inventory repair              shows the evidence and asks
      devinops inventory repair --yes
    """
    with _session(options) as session:
        inventory = session.store.read()
        kinds = {record.key.kind for record in inventory.owned}
        findings = find(inventory, session.snapshot(kinds)) if kinds else ()
        links = [finding for finding in findings if finding.link]
        session.answer(
            _proposals(findings), {"missing": [_finding_document(one) for one in findings]}
        )
        if links and not _approved(options, len(links), yes=yes):
            return ExitCode.DECIDE
        if links:
            gone = [(one.record.key.kind, one.record.id) for one in links]
            changed = inventory.changed([one.linked for one in links], gone)
            session.store.write(changed, inventory, f"{len(links)} linked again")
            options.say(f"linked {counted(len(links), 'record')}")
    return ExitCode.DECIDE if len(links) < len(findings) else ExitCode.OK


def _approved(options: Options, count: int, *, yes: bool) -> bool:
    if yes or (is_interactive() and click.confirm(f"Link {counted(count, 'record')}?", err=True)):
        return True
    options.say("nothing was linked; --yes links them")
    return False


def _proposals(findings: Iterable[Finding]) -> Iterator[str]:
    linked = undecided = 0
    for finding in findings:
        record = finding.record
        linked, undecided = linked + bool(finding.link), undecided + (not finding.link)
        yield f"{record.key}: {record.id} is gone"
        for one in finding.candidates:
            mark = "->" if finding.link else " ?"
            made = f", created {_date(one.live.created_at)}" if one.live.created_at else ""
            yield f"  {mark} {one.live.id}, {one.live.key}: {', '.join(one.evidence)}{made}"
        if not finding.link:
            choice = f"devinops inventory link '{record.key}' ID, or " if finding.candidates else ""
            yield f"  decide: {choice}devinops inventory forget '{record.key}'"
    yield f"{linked} to link again, {undecided} to decide"


def _date(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "key": str(finding.record.key),
        "id": finding.record.id,
        "link": finding.link.live.id if finding.link else None,
        "candidates": [
            {
                "id": one.live.id,
                "key": str(one.live.key),
                "evidence": list(one.evidence),
                "created_at": one.live.created_at,
            }
            for one in finding.candidates
        ],
    }
