"""Applies a plan: makes each change through a `Writer` and reports its outcome truthfully."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import NamedTuple, Protocol

from devinops import waiting
from devinops.applying.report import ApplyReport
from devinops.kinds import KINDS
from devinops.model.changes import DELETING, DROPPING, Action, Change, Outcome, Result
from devinops.model.client_protocols import BeforeAgain, Writer, ignore
from devinops.model.errors import TOO_MANY, ApiError, DevinopsError, Terminated, Unreachable
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import MAKING, RECOVERY_WAITS_S, Intent, Record, sent_by, time_of
from devinops.model.keys import Key, ObjectId
from devinops.model.kind import Resource, Revealed
from devinops.model.objects import Live, Snapshot, member_names
from devinops.planning.commands import link_command
from devinops.planning.diff import (
    changed_fields,
    lost_members,
    not_stored,
    not_taken,
    unsendable,
)
from devinops.planning.folders import folder_of, under_declared_paths
from devinops.planning.lifecycles.managed import bases, is_sent, left_out_fields
from devinops.planning.plan import Plan

REPLACE_ATTEMPTS = 3
"""How many times to try to create an object again after its delete."""

MAX_UNANSWERED = 3
"""The run stops after this many changes in a row without a response, or with only 429."""


class Journal(Protocol):
    """Records the writes of one run in the inventory."""

    def begin(self, intents: Sequence[Intent]) -> None:
        """Announce the writes before the first one. Raises Stale if another run makes one too."""
        ...

    def settle(self, upserts: Sequence[Record], removals: Sequence[ObjectId]) -> None:
        """Record the result of a change durably."""
        ...

    def finish(self, unclear: Collection[Key], failed: Mapping[Key, str]) -> None:
        """Save all results and remove the announcement, except creates with an unknown outcome.

        `failed` maps the key of each change that was tried in vain to what it sent; see `sent_by`.
        """
        ...


class _NotDone(Exception):
    """The change was not made, but did not fail either; the text says why."""

    outcome = Outcome.SKIPPED


class _Blocked(_NotDone):
    """The change must wait for a person."""

    outcome = Outcome.BLOCKED


class _Unclear(DevinopsError):
    """The change failed after something was written, or may have been."""


class _AlreadyWritten(Exception):
    """An attempt to update got no response, and the object now has the values that it sent."""

    def __init__(self, live: Live) -> None:
        self.live = live
        super().__init__()


FOUND_AFTERWARDS = "no response, but found afterwards"


class _NotCreated(Exception):
    """A create got no response, and the lists show no object that it could have created."""

    def __init__(self, error: ApiError) -> None:
        self.error = error
        super().__init__(str(error))


OnRevealed = Callable[[Key, Revealed], None]
"""Receives a secret that the API created, with the key of its object.

Any thread calls it. It may raise DevinopsError.
"""


class Hooks(NamedTuple):
    """What an apply calls.

    `before_write` receives each object right before it is overwritten or deleted; an error from it
    fails that change. `on_result` is called in the calling thread after each change. `on_revealed`
    receives each secret that the API creates, as soon as the response arrives. `before_deletes` is
    called once in the calling thread, after the last other write, even if nothing is deleted.
    """

    before_write: Callable[[Live], None] = ignore
    on_result: Callable[[Result], None] = ignore
    on_revealed: OnRevealed = lambda _, __: None
    before_deletes: Callable[[], None] = lambda: None


class ApplyOptions(NamedTuple):
    """How a plan is applied.

    `values` maps the names of environment variables to the values of secrets. `run_id` and `commit`
    are for the inventory.
    """

    values: Mapping[str, str] = MappingProxyType({})
    run_id: str = ""
    commit: str | None = None


class Applier:
    """Applies one plan; use it once."""

    def __init__(
        self,
        plan: Plan,
        known: Collection[ObjectId],
        writer: Writer,
        journal: Journal,
        options: ApplyOptions,
        hooks: Hooks,
    ) -> None:
        """`known` are the ids of all objects that were there when the plan was made."""
        self.plan, self.writer, self.journal = plan, writer, journal
        self.options, self.hooks = options, hooks
        self._interruption = threading.Event()
        self.interrupted: ExitCode | None = None
        self.stop_reason = ""
        self.journal_error = ""
        self.finished = False
        self._created: dict[Key, str] = {}
        self._known = {*known}
        self._lists: dict[str, Snapshot] = {}
        self._lock = threading.Lock()
        # Only one list at a time is in memory, however many creates have an unknown outcome.
        self._listing = threading.Lock()
        self._unanswered = 0
        self._not_written: set[Key] = set()
        self._lost: set[Key] = set()

    def run(self) -> tuple[Result, ...]:
        """Make every change; return the results in the order of the plan.

        Raises Stale before any write.
        """
        changes = self.plan.changes
        self.journal.begin([*self._intents()])
        upserts = [self._with_commit(record) for record in self.plan.upserts]
        removals = [change.object_id for change in changes if change.action in DROPPING]
        self.journal.settle(upserts, removals)
        order = {id(change): number for number, change in enumerate(changes)}
        results = sorted(self._results(), key=lambda result: order[id(result.change)])
        unclear = {r.change.key for r in results if r.unclear and r.change.action in MAKING}
        in_vain = (Outcome.FAILED, Outcome.BLOCKED)
        failed = {r.change.key: sent_by(r.change) for r in results if r.outcome in in_vain}
        self._try_journal(lambda: self.journal.finish(unclear, failed))
        self.finished = True
        return tuple(results)

    def _intents(self) -> Iterator[Intent]:
        """Yield what to announce: the changes, and deletes of a run that died and did them."""
        for change in self.plan.changes:
            is_dropped = change.action in DROPPING
            action = Action.DELETE if is_dropped else change.action
            if not is_dropped or change.object_id in self.plan.inventory.unrecorded:
                yield Intent(self.options.run_id, action, change.key, change.id)

    def _results(self) -> Iterator[Result]:
        """Make every change; yield the results as they arrive."""
        changes = self.plan.changes
        for result in self._record_only([change for change in changes if change.is_record_only]):
            self.hooks.on_result(result)
            yield result
        written = [change for change in changes if not change.is_record_only]
        for stage in _stages(written, self.hooks.before_deletes):
            attempts = [partial(self._attempt, change) for change in stage]
            for result in waiting.results(attempts, lambda: self.writer.parallelism):
                self._journal_result(result)
                self.hooks.on_result(result)
                yield result

    def _journal_result(self, result: Result) -> None:
        """Record the result of a change in the inventory."""
        change = result.change
        if result.outcome is not Outcome.DONE:
            self._not_written.add(change.key)
            return
        assert result.live or change.action is Action.DELETE, "only a delete leaves no object"
        live = result.live
        # Of an object that is only adopted, the API has the time of somebody's edit.
        upserts = [replace(self._record(change, live), at=time_of(live.updated_at))] if live else []
        removals = [change.object_id] if change.action in DELETING else []
        self._try_journal(lambda: self.journal.settle(upserts, removals))

    def _record_only(self, changes: Sequence[Change]) -> list[Result]:
        """Adopt objects that equal their entries: only their records are written, all at once.

        The records of those that are released or forgotten were removed before.
        """
        records = [self._record(change, change.live) for change in changes if change.live]
        if records:
            self._try_journal(lambda: self.journal.settle(records, []))
        return [Result(c, Outcome.DONE, "", c.id, live=c.live) for c in changes]

    def _try_journal(self, step: Callable[[], None]) -> None:
        """Do a step of the journal. If it fails, stop the run but still report what was written."""
        try:
            step()
        except DevinopsError as error:
            self.journal_error = self.journal_error or str(error)
            self.stop("the inventory cannot be written")

    def _record(self, change: Change, live: Live) -> Record:
        assert change.declaration
        declaration = change.declaration
        known = self.plan.inventory.by_id.get(live.object_id)
        # The next plan compares the path that the files use, so the record has that one.
        (as_declared,) = under_declared_paths([live], self.plan.renamed)
        before, seen = (known.fields, known.left_out) if known else ({}, {})
        values = declaration.resource, as_declared.resource
        fields = bases(*values, before, change.kept, change.overwrites)
        left_out = left_out_fields(*values, self.writer.api, seen, change.kept)
        record = Record(
            change.key,
            live.id,
            protect=declaration.protect,
            fields=fields,
            left_out=left_out,
            unknown=member_names(live.unknown),
        )
        if known and known.commit and not is_sent(declaration.resource, fields):
            return replace(record, source=known.source, commit=known.commit)
        return replace(record, source=declaration.source.path, commit=self.options.commit)

    def _with_commit(self, record: Record) -> Record:
        """Return a record that the plan renewed, with the commit of this run if it needs one."""
        needs_commit = not (record.memory or record.commit)
        return replace(record, commit=self.options.commit) if needs_commit else record

    def interrupt(self, code: ExitCode) -> None:
        """Finish the requests in flight and start nothing new; the run exits with `code`.

        A request in flight is not retried.
        """
        self.interrupted = code
        if not self.finished:
            self.stop("interrupted")
            self._interruption.set()
            self.writer.stop_waiting()

    def stop(self, why: str) -> None:
        """Start nothing new."""
        self.stop_reason = self.stop_reason or why

    def _attempt(self, change: Change) -> Result:
        if reason := self.stop_reason or self._why_it_stays(change):
            return Result(change, Outcome.SKIPPED, reason, change.id)
        try:
            live, message = self._write(change)
        except _NotDone as why:
            return Result(change, why.outcome, str(why), change.id)
        except _NotCreated as not_created:
            return self._failed(change, not_created.error)
        except DevinopsError as error:
            return self._failed(change, error)
        self._unanswered = 0
        id, lost = live.id if live else change.id, change.key in self._lost
        return Result(change, Outcome.DONE, message, id, live=live, lost=lost)

    def _why_it_stays(self, change: Change) -> str:
        """Return why an object must not be deleted after all; empty if it may be."""
        if change.successor in self._not_written:
            return f"it stays, because {change.successor} probably replaces it and was not written"
        if keys := ", ".join(str(key) for key in change.freed_by if key in self._not_written):
            return f"it stays, because {keys} still mentions it and was not written"
        return ""

    def _failed(self, change: Change, error: DevinopsError) -> Result:
        unclear = isinstance(error, _Unclear) or (
            isinstance(error, ApiError) and not error.answered
        )
        status = error.status if isinstance(error, ApiError) else None
        if status == 401:
            self._stop_for_key()
        if isinstance(error, Unreachable) or status == TOO_MANY:
            self._count_unanswered(limited=status == TOO_MANY)
        message = str(error)
        if (secret := change.generated_secret) and isinstance(error, ApiError) and unclear:
            message += f"; if it was written, its {secret.title} is lost: {secret.lost}"
        return Result(change, Outcome.FAILED, message, change.id, unclear)

    def _count_unanswered(self, *, limited: bool) -> None:
        with self._lock:
            self._unanswered += 1
            if self._unanswered >= MAX_UNANSWERED:
                self.stop(
                    "the API accepts no more requests" if limited else "the API does not respond"
                )

    def _stop_for_key(self) -> None:
        self.stop("the API no longer accepts the key")

    def _write(self, change: Change) -> tuple[Live | None, str]:
        """Make one change; return the object after it, None if it is gone, and a remark."""
        steps = {
            Action.CREATE: self._create,
            Action.REPLACE: self._replace,
            Action.DELETE: self._delete,
        }
        return steps.get(change.action, self._update)(change)

    def _create(self, change: Change) -> tuple[Live | None, str]:
        """Create an object. Raises _NotCreated if it is safe to try again."""
        assert change.declaration
        variable = change.declaration.value_variable
        value = self.options.values[variable] if variable else None
        ids = self._ids(change)
        same = (ObjectId(change.key.kind, id) for id in ids.values())
        if change.kind.of_principals and any(map(self._listed, same)):
            raise _Blocked("it was given outside devinops after the plan was made; plan again")
        remark = ""
        try:
            # The new object may have the id of the one that it replaces.
            taken = self._known - {change.object_id} if change.id else self._known
            live = self.writer.create(change.written(), ids, value=value, taken=taken)
        except ApiError as error:
            if error.answered:
                raise
            live, remark = self._recover(change, error), FOUND_AFTERWARDS
        self._known.add(live.object_id)
        self._created[change.key] = live.id
        loss = self._hand_over(change, live)
        self._verify_stored(change, change.written(), live)
        return live, "; ".join(filter(None, (remark, loss)))

    def _hand_over(self, change: Change, live: Live) -> str:
        """Give a secret that the API created to the user; return a remark if it is lost.

        Raises _Unclear if the API showed it but the user could not receive it.
        """
        secret = change.kind.generated_secret
        if secret is None or not (live.revealed or change.generated_secret):
            return ""
        if live.revealed is None:
            self._lost.add(change.key)
            return f"its {secret.title} was not shown and is lost: {secret.lost}"
        try:
            self.hooks.on_revealed(change.key, live.revealed)
        except DevinopsError as error:
            loss = f"it was written, but its {secret.title} is lost ({error})"
            raise _Unclear(f"{loss}: {secret.lost}") from error
        return ""

    def _replace(self, change: Change) -> tuple[Live | None, str]:
        """Delete an object and create it again, in several attempts: until then it is missing.

        The next attempt starts only if the lists show that the one before created nothing.
        """
        self._delete(change)
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._create(change)
            except _NotCreated as not_created:
                if attempt == REPLACE_ATTEMPTS:
                    raise _missing(not_created.error) from not_created
            except DevinopsError as error:
                if attempt == 1 and isinstance(error, ApiError) and error.answered:
                    raise _missing(error) from error
                raise _Unclear(
                    f"it was deleted, but devinops does not know if it was created again: {error}"
                ) from error

    def _recover(self, change: Change, error: ApiError) -> Live:
        """Return the object of a create that got no response, and never send a second create.

        Raises _NotCreated if the object is not listed, and `error` again if that is not certain.
        Stops the run if several objects could be the one.
        """
        doubt = ""
        for seconds in RECOVERY_WAITS_S:
            waiting.pause(seconds, self._interruption)
            try:
                created = self._created_by(change)
                doubt = ""
            except ApiError as failure:
                if failure.status == 401:
                    self._stop_for_key()
                created, doubt = [], f"; the API could not be searched for it: {failure}"
            if len(created) == 1:
                return created[0]
            if created:
                ids = ", ".join(live.id for live in created)
                self.stop("the outcome of a create is unknown")
                raise ApiError(
                    f"{error}; several objects could be the new one ({ids}): delete all but one"
                ) from error
            if self.interrupted:
                doubt = doubt or "; the run was interrupted before the search for it was complete"
                break
        if doubt:
            raise type(error)(f"{error}{doubt}", status=error.status) from error
        raise _NotCreated(error)

    def _created_by(self, change: Change) -> list[Live]:
        """Return the objects that a create without a response may have created. Raises ApiError."""
        with self._listing:
            snapshot = self.writer.snapshot({change.key.kind})
        key = change.kind.key(change.written())  # with the folder's path in the web app
        return [live for live in snapshot.under(key) if self._is_new(live, change)]

    def _is_new(self, live: Live, change: Change) -> bool:
        different = changed_fields(change.kind, change.written(), live.resource)
        return live.object_id not in self._known and not different

    def _update(self, change: Change) -> tuple[Live | None, str]:
        assert change.live
        assert change.declaration
        before = self._reread(change)
        if before is None:
            raise _Blocked("it was deleted after the plan was made; plan again")
        ids, saved, folder = self._ids(change), before, folder_of(change.declaration)
        if change.arrives and folder:
            # It waited in the root only until its folder existed, so a rollback leaves it there.
            saved = replace(before, ids={before.kind.parent or "": ids[folder]})
        self.hooks.before_write(saved)
        written = change.written()
        again = self._before_again(before, written)
        remark = ""
        try:
            after = self.writer.update(before, written, ids, before_again=again)
        except _AlreadyWritten as done:
            after, remark = done.live, FOUND_AFTERWARDS
        loss = self._hand_over(change, after)
        after = self._confirmed(change, before, written, after)
        self._verify_preserved(change, before, after)
        self._verify_unknown(before, after)
        self._verify_stored(change, written, after)
        return after, "; ".join(filter(None, (remark, loss)))

    def _confirmed(self, change: Change, before: Live, written: Resource, after: Live) -> Live:
        """Return an updated object; read again as long as it is shown with its values from before.

        Raises _Unclear if it stays like that.
        """
        kind, waits = change.kind, iter(RECOVERY_WAITS_S)
        while old := not_taken(kind, before.resource, written, after.resource):
            seconds = next(waits, None)
            if seconds is None:
                break
            waiting.pause(seconds, self._interruption)
            after = self._shown_now(after)
        if {*old} - {*not_stored(kind, self.writer.api, written, after.resource)}:
            raise _Unclear(
                f"not taken: the API accepted the update, but still shows the old {', '.join(old)}:"
                " run apply again"
            )
        return after

    def _shown_now(self, live: Live) -> Live:
        """Return an object as a read shows it, or a list if there is no read; as given if gone.

        Raises _Unclear if it cannot be read.
        """
        try:
            if self.writer.reads_one(live.key.kind):
                return self._read(live) or live
            with self._listing:
                return self.writer.snapshot({live.key.kind}).by_id.get(live.object_id, live)
        except ApiError as error:
            raise _Unclear(
                "devinops does not know if it was written: the response to the update is wrong, "
                f"and reading the object failed: {error}"
            ) from error

    def _verify_stored(self, change: Change, sent: Resource, after: Live) -> None:
        """Raise _Unclear if the API did not store a field that was sent."""
        names = not_stored(change.kind, self.writer.api, sent, after.resource)
        if names:
            raise _Unclear(
                f"it was written, but the API did not accept {', '.join(names)}: remove that from "
                "the entry, and set it in the web app"
            )

    def _verify_preserved(self, change: Change, before: Live, after: Live) -> None:
        """Raise _Unclear if the object lost a field that the API cannot set."""
        for name, value in unsendable(change.kind, self.writer.api, before.resource).items():
            if getattr(after.resource, name) != value:
                raise _Unclear(f"the update lost its {name} {value}: set it again in the web app")

    def _verify_unknown(self, before: Live, after: Live) -> None:
        """Raise _Unclear if the object lost a member that devinops does not know."""
        # Without a read of one object, the response may be made up from the request.
        is_doubtful = lost_members(before, after) and self.writer.reads_one(before.key.kind)
        if is_doubtful and (gone := lost_members(before, self._shown_now(after))):
            raise _Unclear(
                f"the update lost its {', '.join(gone)}, which devinops does not know: set it "
                "again in the web app"
            )

    def _ids(self, change: Change) -> dict[Key, str]:
        """Return the ids of the objects that a change refers to.

        Raises _NotDone if this run should have created one and did not.
        """
        ids = {}
        for key, known in change.references.items():
            if (id := known or self._created.get(key)) is None:
                raise _NotDone(f"it refers to {key}, which was not created")
            ids[key] = id
        return ids

    def _delete(self, change: Change) -> tuple[Live | None, str]:
        assert change.id
        before = self._reread(change)
        if before is None:
            return None, "it was gone already"
        self.hooks.before_write(before)
        try:
            again = self._before_again(before, None)
            self.writer.delete(change.key.kind, change.id, before_again=again)
        except ApiError as error:
            self._raise_unless_deleted(change, error)
            return None, "it was gone already"
        return None, ""

    def _raise_unless_deleted(self, change: Change, error: ApiError) -> None:
        """Raise the error of a delete again, unless the object is gone.

        A 404 can be false, and a 403 can mean a lack of permission, so the lists decide.
        """
        if error.status not in change.kind.apis[self.writer.api].gone:
            raise error
        try:
            with self._listing:
                snapshot = self.writer.snapshot({change.key.kind})
        except ApiError as failure:
            doubt = f"devinops could not read the lists to check if it is gone: {failure}"
        else:
            if change.object_id not in snapshot.by_id:
                return
            doubt = "but the API still lists it"
        raise type(error)(
            f"{error}; {doubt}", status=error.status, doubtful=error.doubtful
        ) from error

    def _before_again(self, before: Live, written: Resource | None) -> BeforeAgain | None:
        """Return a check that runs before a retry: people may have edited the object meanwhile.

        `written` is what an update sends, None for a delete. Returns None if the API has no single
        read.
        """
        if not self.writer.reads_one(before.key.kind):
            return None
        unclear = False

        def check(status: int | None) -> None:
            nonlocal unclear
            unclear |= status != TOO_MANY
            try:
                now = self._read(before)
            except ApiError as error:
                error.doubtful |= unclear
                raise
            if now is None and written is not None:
                raise _Blocked("it was deleted after the plan was made; plan again")
            if now is None or not _has_changed(now, before):
                return
            if written is None or not unclear:
                raise _Blocked("it was edited after the plan was made; plan again")
            if changed_fields(before.kind, written, now.resource):
                raise _Unclear(
                    "one attempt got no response, and the object has neither the old nor the new "
                    "values: somebody edited it, or the API changed the text; plan again"
                )
            raise _AlreadyWritten(now)

        return check

    def _reread(self, change: Change) -> Live | None:
        """Return the object as it is now, None if it is gone. Raises _Blocked if it has changed.

        If the API has no single read, this is the object of the snapshot: then a change made by
        somebody else during the apply goes unnoticed. What principals may do is listed once more
        before the first such write.
        """
        assert change.live
        if self.writer.reads_one(change.key.kind):
            now = self._read(change.live)
        elif change.kind.of_principals:
            now = self._listed(change.object_id)
        else:
            return change.live
        if now is not None and _has_changed(now, change.live):
            raise _Blocked("it was edited after the plan was made; plan again")
        return now

    def _listed(self, id: ObjectId) -> Live | None:
        """Return an object as its list showed it when this apply first needed the list."""
        with self._listing:
            if id.kind not in self._lists:
                self._lists[id.kind] = self.writer.snapshot({id.kind})
        return self._lists[id.kind].by_id.get(id)

    def _read(self, before: Live) -> Live | None:
        """Return an object as it is now, None if it is gone.

        If it is in the same folder, it has the path of `before`: no list may have shown the folder.
        """
        now = self.writer.read(*before.object_id)
        if now and now.folder_id and now.folder_id == before.folder_id:
            return now.put_into(before.key.folder)
        return now


def _missing(error: DevinopsError) -> _Unclear:
    return _Unclear(f"it was deleted and is MISSING now, because the create failed: {error}")


def _has_changed(now: Live, before: Live) -> bool:
    return now.resource != before.resource or now.ids != before.ids


def _stages(changes: Collection[Change], then: Callable[[], None]) -> Iterator[list[Change]]:
    """Yield the changes that can run in parallel: references first; deletes last, in reverse.

    `then` is called before the deletes.
    """
    for level in KINDS.levels:
        yield [c for c in changes if c.key.kind in level and c.action is not Action.DELETE]
    then()
    for level in reversed(KINDS.levels):
        yield [c for c in changes if c.key.kind in level and c.action is Action.DELETE]


def apply(applier: Applier, verify: Callable[[], Plan]) -> ApplyReport:
    """Run the applier, then plan again with `verify`; return the report, with what is left."""
    results, why = applier.run(), "the run was interrupted"
    try:
        if not (applier.interrupted or applier.journal_error):
            return _verified(applier.plan, results, verify())
        if not applier.interrupted:
            why = f"the inventory was not written: {applier.journal_error}"
    except DevinopsError as error:
        why = f"{error}{_meaning(error, results)}"
    except (KeyboardInterrupt, Terminated):
        # Everything is written; only the proof that nothing is left is missing.
        pass
    return ApplyReport(applier.plan, results, None, unverified=why, interrupted=applier.interrupted)


def _meaning(error: DevinopsError, results: Sequence[Result]) -> str:
    """Return what it means that the key is refused after these results; empty if nothing else."""
    if not (isinstance(error, ApiError) and error.refuses_key):
        return ""
    written = (r.change for r in results if r.wrote and not r.change.is_record_only)
    return next((f"; {each.kind.locked_out}" for each in written if each.kind.alone), "")


def _verified(plan: Plan, results: tuple[Result, ...], after: Plan) -> ApplyReport:
    """Return the report with what a plan made afterwards changes, and what only that one blocks."""
    blocked = {result.change.key for result in results if result.outcome is Outcome.BLOCKED}
    planned = {block.key for block in plan.blocked}
    unmanaged = {live.object_id for live in after.others}
    results = tuple(_as_listed(result, unmanaged) for result in results)
    waits = blocked | _waiting_alone(planned)
    left = tuple(change for change in after.changes if change.key not in waits)
    waiting = tuple(block for block in after.blocked if block.key not in blocked | planned)
    return ApplyReport(plan, results, left, waiting)


def _waiting_alone(keys: Collection[Key]) -> set[Key]:
    """Return the keys of what waits for a run of its own, in which it is the only change now."""
    return {key for key in keys if KINDS[key.kind].alone}


def _as_listed(result: Result, unmanaged: Collection[ObjectId]) -> Result:
    """Return the result of a change; a delete failed if its object is live and unmanaged now."""
    change = result.change
    is_done = result.outcome is Outcome.DONE and change.action is Action.DELETE
    if not is_done or change.object_id not in unmanaged:
        return result
    message = (
        "not taken: the API accepted the delete, but still lists it. To own it again, run "
        f"{link_command(change.key, change.object_id.id)}, then apply again"
    )
    return replace(result, outcome=Outcome.FAILED, message=message, unclear=True)
