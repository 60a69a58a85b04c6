"""What `devinops drift` does."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from devinops.api import open_reader
from devinops.api.audit import with_editors
from devinops.cli.declarations.options import Options
from devinops.cli.runs.run import Planning, open_run
from devinops.cli.session import Planned, Session, failures_written, needs_inventory, targets_of_run
from devinops.config.reading import read_repository
from devinops.git import Git
from devinops.ingest.last_applied import with_applied
from devinops.load import Loaded
from devinops.model.changes import Drift, DriftEvent
from devinops.model.client_protocols import Reader
from devinops.model.errors import Stale
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory
from devinops.model.keys import ObjectId, listed
from devinops.model.objects import Snapshot
from devinops.model.policy import Approvals, OnDrift, Policy
from devinops.planning.commands import pull_command
from devinops.planning.drift import find_drift, moves, replacing_run, without_secrets
from devinops.planning.folders import is_in_root, with_folders, with_seen_folders
from devinops.planning.plan import Plan, PlanRequest


def run(options: Options) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    lock = threading.Lock()
    # The files are only read if something has drifted, or waits in the root.
    read = cache(lambda: read_repository(options.root)[1])

    def entries() -> Loaded:
        with lock:
            return read()

    def find(session: Session[Reader], _: Approvals, /, **__: bool) -> Planned:
        needs_inventory(session.settings)
        return _find(session, entries)

    with failures_written(options):
        names = targets_of_run(options)
        with open_run(options, names, open_reader, entries=False) as drifting:
            plan = Planning(drifting, Approvals(), find, with_others=True).plans()
    drift = replace(plan, is_drift=True, refusals=())
    answer = drifting.answer(drift, drift.exit_code())
    options.answer(answer)
    return answer.exit_code


def _find(session: Session[Reader], entries: Callable[[], Loaded]) -> Planned:
    """Return the drift in a target as a plan without changes."""
    inventory = session.read_inventory(go_on=True)
    session.check_place(inventory)
    snapshot = _listed(session, inventory, verify=False)
    result = find_drift(inventory, snapshot)
    if snapshot.unverified and result.drift:
        # An object that seems to be missing may have moved from one page to another.
        snapshot = _listed(session, inventory, verify=True)
    if result.drift:
        snapshot = session.with_promoted(snapshot, inventory)
        result = find_drift(inventory, snapshot, session.client.target.scope)
    # What looks like drift may be what the run is writing.
    idle = tuple(item for item in result.drift if not _is_busy(item, inventory))
    result = result._replace(drift=idle)
    _check_recorded(result.drift, inventory, session)
    notes = session.busy_notes(inventory)
    if any(map(is_in_root, inventory.owned)):
        notes += tuple(_moves(session, entries(), inventory, snapshot))
    if result.drift:
        root, target = session.settings.root, session.client.target.name
        declared = [entry for entry in entries().declarations if entry.concerns(target)]
        # The inventory has the file of an entry, but not the line.
        lines = {entry.key: entry.source for entry in declared}
        found = [replace(item, source=lines.get(item.key, item.source)) for item in result.drift]
        drift = with_applied(found, inventory, declared, Git(root).contents)
        drift, _ = with_editors(drift, (), session.client)
        result = result._replace(drift=without_secrets(drift))
    plan = Plan(
        session.client.target,
        (),
        drift=tuple(result.drift),
        notes=notes,
        inventory=inventory,
        unmanaged=Counter(live.key.kind for live in result.unmanaged),
        others=(*result.unmanaged, *result.foreign),
    )
    return Planned(plan, snapshot)


def _moves(
    session: Session[Reader], loaded: Loaded, inventory: Inventory, snapshot: Snapshot
) -> Iterator[str]:
    """Yield what the next apply moves out of the root: nothing if the files have errors."""
    if any(problem.is_error for problem in loaded.problems):
        return
    target, today = session.client.target, datetime.now(UTC).date()
    request = PlanRequest(target, session.settings.policy, today, inventory)
    request = request._replace(merged=loaded.merged_for(target.name))
    yield from moves(loaded.declarations, snapshot, request)


def _is_busy(drift: Drift, inventory: Inventory) -> bool:
    """Return whether a run has announced a write of an object and not settled it."""
    open_intents = [intent for intent in inventory.intents if not intent.unclear]
    return any(drift.key == intent.key or drift.id == intent.id for intent in open_intents)


def _listed(session: Session[Reader], inventory: Inventory, *, verify: bool) -> Snapshot:
    """Return the objects of all owned kinds; their folders are listed only if necessary."""
    kinds = {r.key.kind for r in inventory.owned or inventory.records if not r.taken}
    snapshot = session.snapshot(kinds or None, verify=verify, parents=False)
    unlisted = session.unlisted(kinds)
    if not unlisted:
        return snapshot
    used = {record.key for record in inventory.records if record.memory}
    is_any_in_root = any(map(is_in_root, inventory.owned))
    seen = None if is_any_in_root else with_seen_folders(snapshot, used, inventory)
    return seen or with_folders(snapshot, session.snapshot(unlisted, verify=False))


def if_refused(policy: Policy, flags: str) -> str:
    """Return what to do if `on_drift: fail` refuses the apply that a sentence names; it may not."""
    if policy.on_drift is not OnDrift.FAIL:
        return ""
    return f"; if on_drift: fail refuses that apply, run {pull_command(flags)} before it"


def _check_recorded(drift: Sequence[Drift], inventory: Inventory, session: Session[Reader]) -> None:
    """Raise Stale if what looks like drift may have been written by a run that did not finish."""
    keys = [
        str(item.key)
        for item in drift
        if item.id and ObjectId(item.key.kind, item.id) in inventory.unrecorded
    ]
    gone = [item.key for item in drift if item.moved is not DriftEvent.EDITED]
    replacing = {key: run for key in gone if (run := replacing_run(key, inventory))}
    why = ""
    if keys:
        why = f"a run died before it recorded what it wrote to {listed(keys)}"
    elif replacing:
        runs = sorted(set(replacing.values()))
        run = "the run" if len(runs) == 1 else "the runs"
        why = f"{run} {listed(runs)} did not finish replacing {listed(map(str, replacing))}"
    if why:
        flags = session.options.command_flags
        refused = if_refused(session.settings.policy, flags)
        raise Stale(
            f"{why}: run devinops apply{flags}, which finishes and records it, and then drift "
            f"again{refused}. Nothing was written"
        )
