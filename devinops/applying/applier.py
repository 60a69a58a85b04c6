"""A plan becomes a report: each change is made through a `Writer`, and what became of it is told truthfully."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from devinops import waiting
from devinops.applying.report import Report, Result
from devinops.kinds import KINDS
from devinops.model.changes import Action, Change, Outcome
from devinops.model.client import BeforeAgain, Writer
from devinops.model.errors import (
    TOO_MANY,
    ApiError,
    DevinopsError,
    ExitCode,
    Terminated,
    Unreachable,
)
from devinops.model.inventory import MAKING, RECOVERY_WAITS_S, Intent, Record
from devinops.model.keys import Key, ObjectId
from devinops.model.kind import Resource, Revealed, Role
from devinops.model.objects import Declaration, Live, Snapshot
from devinops.model.values import UNSET
from devinops.planning.diff import changed_fields, not_taken, unsendable
from devinops.planning.managed import bases
from devinops.planning.match import under_declared_paths
from devinops.planning.plan import Plan

REPLACE_ATTEMPTS = 3
"""How often a secret that is deleted already is created again before giving up."""

SILENCES = 3
"""After so many changes in a row without an answer, or with nothing but 429, nothing new is started."""


class Journal(Protocol):
    """Where the inventory learns what is about to be done and what was done, one run long."""

    def begin(self, intents: Sequence[Intent]) -> None:
        """Announce the writes before the first one. Raises Stale where another run is at the same objects."""
        ...

    def settle(self, upserts: Sequence[Record], removals: Sequence[ObjectId]) -> None:
        """Note durably what one change made of the inventory."""
        ...

    def finish(self, unclear: Collection[Key]) -> None:
        """Write everything where it belongs, and take the announcement back, but for creates with an unclear end."""
        ...


class NoJournal:
    """What an apply without an inventory writes: nothing."""

    def begin(self, intents: Sequence[Intent]) -> None:
        pass

    def settle(self, upserts: Sequence[Record], removals: Sequence[ObjectId]) -> None:
        pass

    def finish(self, unclear: Collection[Key]) -> None:
        pass


class _Blocked(Exception):
    """This change must wait for a person; the text says why."""


class _NotThere(Exception):
    """What this change refers to was not created; the text says what."""


class _Unclear(DevinopsError):
    """It failed when something had been written, or may have been."""


class _NotMade(Exception):
    """A create was not answered, and afterwards nothing was listed that it could have made."""

    def __init__(self, error: ApiError) -> None:
        self.error = error
        super().__init__(str(error))


OnRevealed = Callable[[Key, Revealed], None]
"""Gets a secret that the API made, with the key of its object. Any thread calls it; may raise DevinopsError."""


class Applier:
    """Carries out one plan. One use.

    `values` maps the names of environment variables to secret values, all resolved before. `before_write` gets
    an object as it is right before it is overwritten or deleted; what it raises fails that change. `on_result`
    is called from the calling thread after each change. `on_revealed` gets each secret that the API made, as soon as
    it is there. `run_id` and `commit` are for the inventory.
    """

    def __init__(
        self,
        plan: Plan,
        snapshot: Snapshot,
        writer: Writer,
        *,
        values: Mapping[str, str],
        parallelism: int = 8,
        on_result: Callable[[Result], None] = lambda _: None,
        before_write: Callable[[Live], None] = lambda _: None,
        journal: Journal | None = None,
        run_id: str = "",
        commit: str | None = None,
        pause: Callable[[float], object] | None = None,
        on_revealed: OnRevealed = lambda _, __: None,
    ) -> None:
        self.plan, self.writer, self.values = plan, writer, values
        self.parallelism, self.on_result, self.before_write = parallelism, on_result, before_write
        self.on_revealed = on_revealed
        self.journal, self.run_id, self.commit = journal or NoJournal(), run_id, commit
        self._no_waiting = threading.Event()
        self.pause = pause or (lambda seconds: waiting.pause(seconds, self._no_waiting))
        self.interrupted: ExitCode | None = None
        self.why_stopped = ""
        self.unsaved = ""
        self.finished = False
        self._made: dict[Key, str] = {}
        self._known = {live.id for live in snapshot.objects}
        self._lock = threading.Lock()
        # One list in memory at a time, however many creates have an unclear end.
        self._looking = threading.Lock()
        self._silences = 0
        self._not_written: set[Key] = set()

    def run(self) -> tuple[Result, ...]:
        """Make every change; return their results in the order of the plan. Raises Stale before any write."""
        changes = self.plan.changes
        self.journal.begin([Intent(self.run_id, c.action, c.key, c.id) for c in changes])
        self.journal.settle(self.plan.upserts, self.plan.removals)
        results: dict[int, Result] = {}
        order = {id(change): place for place, change in enumerate(self.plan.changes)}
        for result in self._adopt([change for change in changes if _is_record(change)]):
            results[order[id(result.change)]] = result
            self.on_result(result)
        for stage in _stages([change for change in changes if not _is_record(change)]):
            for result in self._run_stage(stage):
                results[order[id(result.change)]] = result
                self._note(result)
                self.on_result(result)
        unclear = {
            one.change.key
            for one in results.values()
            if one.unclear and one.change.action in MAKING
        }
        self._keep(lambda: self.journal.finish(unclear))
        self.finished = True
        return tuple(results[place] for place in sorted(results))

    def _note(self, result: Result) -> None:
        """Tell the inventory what became of a change."""
        change = result.change
        if result.outcome is not Outcome.DONE:
            self._not_written.add(change.key)
            return
        if change.action is Action.DELETE:
            self._keep(lambda: self.journal.settle([], [change.object_id]))
        else:
            assert result.live, "whatever is no delete leaves an object"
            removals = [change.object_id] if change.action is Action.REPLACE else []
            record = self._record(change, result.live)
            self._keep(lambda: self.journal.settle([record], removals))

    def _adopt(self, changes: Sequence[Change]) -> list[Result]:
        """Adopt what is equal already: records alone, all noted in one go."""
        pairs = [(change, change.live) for change in changes if change.live]
        if pairs:
            records = [self._record(change, live) for change, live in pairs]
            self._keep(lambda: self.journal.settle(records, []))
        return [Result(change, Outcome.DONE, "", live.id, live=live) for change, live in pairs]

    def _keep(self, step: Callable[[], None]) -> None:
        """Do a step of the inventory. After the first write a failure there must not cost the report."""
        try:
            step()
        except DevinopsError as error:
            self.unsaved = self.unsaved or str(error)
            self.stop("the inventory cannot be written")

    def _record(self, change: Change, live: Live) -> Record:
        assert change.declaration
        declaration = change.declaration
        known = self.plan.inventory.by_id.get(live.object_id)
        # The next plan compares it under the path that the files use, so that is what to keep.
        (as_declared,) = under_declared_paths([live], self.plan.renamed)
        before = known.fields if known else {}
        fields = bases(declaration.resource, as_declared.resource, before, change.kept)
        source, protect = declaration.source.path, declaration.protect
        return Record(change.key, live.id, source, self.commit, protect, fields)

    def interrupt(self, code: ExitCode) -> None:
        """Finish what is in flight and start nothing new; `code` is what the run exits with.

        A request in flight is awaited, and not sent again.
        """
        self.interrupted = code
        self.stop("interrupted")
        self._no_waiting.set()
        self.writer.stop_waiting()

    def stop(self, why: str) -> None:
        """Start nothing new."""
        self.why_stopped = self.why_stopped or why

    def _run_stage(self, stage: list[Change]) -> Iterator[Result]:
        with ThreadPoolExecutor(max_workers=self.parallelism, thread_name_prefix="apply") as pool:
            yield from waiting.results([pool.submit(self._settle, change) for change in stage])

    def _settle(self, change: Change) -> Result:
        if self.why_stopped:
            return Result(change, Outcome.SKIPPED, self.why_stopped, change.id)
        if change.successor in self._not_written:
            reason = f"{change.successor} probably replaces it and was not written, so it stays"
            return Result(change, Outcome.SKIPPED, reason, change.id)
        try:
            live, message = self._make(change)
        except _Blocked as blocked:
            return Result(change, Outcome.BLOCKED, str(blocked), change.id)
        except _NotThere as missing:
            return Result(change, Outcome.SKIPPED, str(missing), change.id)
        except DevinopsError as error:
            return self._failed(change, error)
        self._silences = 0
        return Result(change, Outcome.DONE, message, live.id if live else change.id, live=live)

    def _failed(self, change: Change, error: DevinopsError) -> Result:
        unclear = isinstance(error, _Unclear) or (
            isinstance(error, ApiError) and not error.answered
        )
        status = error.status if isinstance(error, ApiError) else None
        if status == 401:
            self._stop_without_key()
        if isinstance(error, Unreachable) or status == TOO_MANY:
            with self._lock:
                self._silences += 1
                if self._silences >= SILENCES:
                    limited = status == TOO_MANY
                    self.stop(
                        "the API takes no more requests" if limited else "the API does not answer"
                    )
        return Result(change, Outcome.FAILED, str(error), change.id, unclear)

    def _stop_without_key(self) -> None:
        self.stop("the API no longer takes the key")

    def _make(self, change: Change) -> tuple[Live | None, str]:
        """Make one change; return the object as it is then, None where it is gone, and a remark."""
        make = {
            Action.CREATE: self._create,
            Action.UPDATE: self._update,
            Action.RENAME: self._update,
            Action.ADOPT: self._update,
            Action.REPLACE: self._replace,
            Action.DELETE: self._delete,
        }
        return make[change.action](change)

    def _create(self, change: Change) -> tuple[Live | None, str]:
        try:
            return self._create_once(change)
        except _NotMade as nothing:
            raise nothing.error from None

    def _create_once(self, change: Change) -> tuple[Live | None, str]:
        """Create an object. Raises _NotMade where it can be tried again."""
        assert change.declaration
        value = self._value(change.declaration)
        ids = self._ids(change)
        remark = ""
        try:
            live = self.writer.create(change.written(), ids, value=value)
        except ApiError as error:
            if error.answered:
                raise
            live, remark = self._recover(change, error), "not answered, but found afterwards"
        self._known.add(live.id)
        self._made[change.key] = live.id
        lost = self._hand_over(change, live)
        self._verify_taken(change, change.written(), live)
        return live, "; ".join(filter(None, (remark, lost)))

    def _hand_over(self, change: Change, live: Live) -> str:
        """Give a secret that the API made to the user; return a remark if it is lost.

        Raises _Unclear if it was made and could not be given to anybody.
        """
        minting = change.kind.minting
        if minting is None or not (live.revealed or change.mints):
            return ""
        if live.revealed is None:
            return f"its {minting.title} was not shown and is lost: {minting.lost}"
        try:
            self.on_revealed(change.key, live.revealed)
        except DevinopsError as error:
            what = f"it was written, and its {minting.title} is lost ({error})"
            raise _Unclear(f"{what}: {minting.lost}") from error
        return ""

    def _value(self, declaration: Declaration) -> str | None:
        """Return the value to create something with, if its entry says where that is."""
        source = declaration.kind.role(Role.VALUE_SOURCE)
        place = getattr(declaration.resource, source.name) if source else UNSET
        return self.values[place["env"]] if place is not UNSET else None

    def _replace(self, change: Change) -> tuple[Live | None, str]:
        """Delete and create again. From the delete on the object is missing, so the create is tried hard.

        Another attempt is made only after lists have shown that the one before made nothing.
        """
        self._delete(change)
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._create_once(change)
            except _NotMade as nothing:
                if attempt == REPLACE_ATTEMPTS:
                    raise _missing(nothing.error) from nothing
            except DevinopsError as error:
                if attempt == 1 and isinstance(error, ApiError) and error.answered:
                    raise _missing(error) from error
                raise _Unclear(
                    f"it was deleted, and whether it was created again is not known: {error}"
                ) from error

    def _recover(self, change: Change, error: ApiError) -> Live:
        """Look for the object of a create that was not answered: never send a second one.

        Raises _NotMade where it does not appear, and the error again where that is not certain. Stops the run where
        several objects could be it.
        """
        doubt = ""
        for seconds in RECOVERY_WAITS_S:
            self.pause(seconds)
            try:
                found = self._made_by(change)
                doubt = ""
            except ApiError as failure:
                if failure.status == 401:
                    self._stop_without_key()
                found, doubt = [], f"; it could not be looked for: {failure}"
            if len(found) == 1:
                return found[0]
            if found:
                ids = ", ".join(live.id for live in found)
                self.stop("a create has an unclear outcome")
                raise ApiError(
                    f"{error}; afterwards several objects could be it ({ids}): delete all but one"
                ) from error
            if self.interrupted:
                doubt = (
                    doubt or "; the run was interrupted before it could be looked for long enough"
                )
                break
        if doubt:
            raise type(error)(f"{error}{doubt}", status=error.status) from error
        raise _NotMade(error)

    def _made_by(self, change: Change) -> list[Live]:
        """Return the objects that a create without an answer can have made. Raises ApiError."""
        with self._looking:
            snapshot = self.writer.snapshot({change.key.kind})
        key = change.kind.key(change.written())  # by the folder's path in the web app
        return [live for live in snapshot.under(key) if self._is_new(live, change)]

    def _is_new(self, live: Live, change: Change) -> bool:
        assert change.declaration
        written = change.written()
        return live.id not in self._known and not changed_fields(
            change.kind, written, live.resource
        )

    def _update(self, change: Change) -> tuple[Live | None, str]:
        assert change.live
        before = self._current(change)
        if before is None:
            raise _Blocked("it was deleted after the plan was made; plan again")
        self.before_write(before)
        written = change.written()
        again = self._before_again(before, written)
        ids = self._ids(change)
        answer = self.writer.update(before, written, ids, before_again=again)
        lost = self._hand_over(change, answer)
        self._verify_kept(change, before, answer)
        self._verify_taken(change, written, answer)
        return answer, lost

    def _verify_taken(self, change: Change, sent: Resource, answer: Live) -> None:
        if names := not_taken(change.kind, self.writer.api, sent, answer.resource):
            raise _Unclear(
                f"it was written, but without {', '.join(names)}, which the API did not take: remove that from the "
                "entry, and set it in the web app"
            )

    def _verify_kept(self, change: Change, before: Live, answer: Live) -> None:
        for name, value in unsendable(change.kind, self.writer.api, before.resource).items():
            if getattr(answer.resource, name) != value:
                raise _Unclear(f"the update lost its {name} {value}: set it again in the web app")

    def _ids(self, change: Change) -> dict[Key, str]:
        """Return the ids of what a change refers to. Raises _NotThere for what this run did not create."""
        ids = {key: id or self._made.get(key) for key, id in change.references.items()}
        for key, id in ids.items():
            if id is None:
                raise _NotThere(f"it refers to {key}, which was not created")
        return {key: id for key, id in ids.items() if id is not None}

    def _delete(self, change: Change) -> tuple[Live | None, str]:
        kind = change.key.kind
        assert change.id
        before = self._current(change)
        if before is None:
            return None, "it was gone already"
        self.before_write(before)
        try:
            self.writer.delete(kind, change.id, before_again=self._before_again(before, None))
        except ApiError as error:
            if not self._is_gone(change, error):
                raise
            return None, "it was gone already"
        return None, ""

    def _is_gone(self, change: Change, error: ApiError) -> bool:
        """Tell whether what a delete was refused for is gone; only the list can tell where a status has two senses."""
        kind = change.key.kind
        if error.status not in change.kind.apis[self.writer.api].gone:
            return False
        try:
            with self._looking:
                return change.object_id not in self.writer.snapshot({kind}).by_id
        except ApiError as failure:
            raise type(error)(
                f"{error}; whether it is gone could not be looked up: {failure}",
                status=error.status,
                doubtful=error.doubtful,
            ) from error

    def _before_again(self, before: Live, written: Resource | None) -> BeforeAgain | None:
        """Return what looks at an object again before a write is repeated: people may have edited it meanwhile.

        `written` is what an update sends. None where the API has no single read.
        """
        if not self.writer.reads_one(before.key.kind):
            return None
        unclear = False

        def check(status: int | None) -> None:
            nonlocal unclear
            unclear = unclear or status != TOO_MANY
            try:
                now = self.writer.read(*before.object_id)
            except ApiError as error:
                error.doubtful = error.doubtful or unclear
                raise
            if now is None and written is not None:
                raise _Blocked("it was deleted after the plan was made; plan again")
            if now is None or not _is_moved(now, before):
                return
            if written is None or not unclear:
                raise _Blocked("it was edited after the plan was made; plan again")
            if changed_fields(before.kind, written, now.resource):
                raise _Unclear(
                    "an attempt was not answered, and now it is neither as it was nor as it was written: somebody "
                    "edited it, or the API changed the text; plan again"
                )

        return check

    def _current(self, change: Change) -> Live | None:
        """Return the object as it is now; None where it is gone. Blocked where it moved since the plan.

        Where the API has no single read, that is the object of the snapshot: the race lasts as long as the
        apply.
        """
        assert change.live
        if not self.writer.reads_one(change.key.kind):
            return change.live
        now = self.writer.read(change.key.kind, change.live.id)
        if now is not None and _is_moved(now, change.live):
            raise _Blocked("it was edited after the plan was made; plan again")
        return now


def _missing(error: DevinopsError) -> _Unclear:
    return _Unclear(f"it was deleted and is MISSING now, since creating it again failed: {error}")


def _is_moved(now: Live, before: Live) -> bool:
    return now.resource != before.resource or now.ids != before.ids


def _is_record(change: Change) -> bool:
    """Tell whether a change only teaches the inventory something."""
    return change.action is Action.ADOPT and not change.fields


def _stages(changes: Collection[Change]) -> Iterator[list[Change]]:
    """Yield the changes that may be made side by side: references first, then deletes in reverse."""
    for level in KINDS.levels:
        yield [c for c in changes if c.key.kind in level and c.action is not Action.DELETE]
    for level in reversed(KINDS.levels):
        yield [c for c in changes if c.key.kind in level and c.action is Action.DELETE]


def apply(applier: Applier, verify: Callable[[], Plan]) -> Report:
    """Run the applier, then plan again with `verify` and report what is left."""
    results = applier.run()
    if applier.interrupted:
        return _unverified(applier, results, "the run was interrupted")
    if applier.unsaved:
        return _unverified(applier, results, f"the inventory was not written: {applier.unsaved}")
    try:
        after = verify()
    except DevinopsError as error:
        return _unverified(applier, results, str(error))
    except (KeyboardInterrupt, Terminated):
        # Everything is written by now; what is lost is the proof that nothing is left.
        return _unverified(applier, results, "the run was interrupted")
    held = {result.change.key for result in results if result.outcome is Outcome.BLOCKED}
    known = held | {one.key for one in applier.plan.blocked}
    return Report(
        applier.plan,
        results,
        tuple(change for change in after.changes if change.key not in held),
        tuple(one for one in after.blocked if one.key not in known),
    )


def _unverified(applier: Applier, results: tuple[Result, ...], why: str) -> Report:
    return Report(applier.plan, results, None, unverified=why, interrupted=applier.interrupted)
