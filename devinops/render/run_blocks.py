"""Says what a run does, and what a person must see of it, in blocks. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from shlex import quote
from typing import Any, Final

from devinops.kinds import KINDS
from devinops.model.changes import (
    Action,
    Blocked,
    Change,
    Drift,
    DriftEvent,
    Missing,
    Outcome,
    Refusal,
)
from devinops.model.exit_codes import ExitCode
from devinops.model.grouping import grouped
from devinops.model.keys import listed
from devinops.model.policy import HAZARDS, Approval, allow
from devinops.model.target import TargetState
from devinops.planning.commands import like_commands, pull_command, with_flags, with_ids
from devinops.planning.draft import last_change, names_of
from devinops.planning.lifecycles.required import is_missing
from devinops.planning.run import At, BlockedAt, ChangeAt, Plans, RunTarget, Shared
from devinops.render import Style, counted
from devinops.render.answers import RunAnswer
from devinops.render.approvals import how_to_approve, how_to_decide
from devinops.render.by_change import ByChange, by_change, change_row, new_hosts
from devinops.render.changes import lost
from devinops.render.commands import named_keys
from devinops.render.report import Block, Details, Level, Part, Row
from devinops.render.signs import BLOCKED, FAILED, NOTICED, OUTCOMES, OUTSIDE, REFUSED, SIGNS
from devinops.render.terminal import Look, Sign
from devinops.render.where import FEW, Places, names

PULLED: Final = "writes these changes into the files, or says what to do"
"""What `pull --drift` does; it may have to leave a change to a person."""
STATES: Final = {
    TargetState.FAILED: ("Failed: nothing is written", FAILED, Level.CAUTION),
    TargetState.STALE: (
        "Stale: the plan is not the reviewed one, so nothing is written",
        BLOCKED,
        Level.WARNING,
    ),
    TargetState.BUSY: ("Busy: another run works there", BLOCKED, Level.WARNING),
    TargetState.HELD: ("Held: planned, but never written", NOTICED, Level.NOTE),
}
"""The states in which nothing is written, the most urgent first, with what each means."""
OWN: Final = "…"
"""Stands in a sentence about several targets for what each has of its own: its name, or an id."""


_STYLES: Final = {
    Part.ERROR: (Level.CAUTION, Look.ERROR),
    Part.REFUSED: (Level.CAUTION, Look.ERROR),
    Part.NOT_DONE: (Level.CAUTION, Look.ERROR),
    Part.LEFT: (Level.WARNING, Look.WAITING),
    Part.DELETES: (Level.CAUTION, Look.REMOVED),
    Part.LOSSES: (Level.CAUTION, Look.REMOVED),
    Part.DANGERS: (Level.CAUTION, Look.REMOVED),
    Part.ADDRESSES: (Level.WARNING, Look.MOVED),
    Part.BLOCKED: (Level.WARNING, Look.WAITING),
    Part.WAITING: (Level.WARNING, Look.WAITING),
    Part.MISSING: (Level.WARNING, Look.WAITING),
    Part.DRIFT: (Level.WARNING, Look.MOVED),
    Part.NOTES: (Level.NOTE, Look.DIM),
    Part.DONE: (None, Look.GOOD),
    Part.WARNINGS: (None, Look.WARNING),
}
"""How much a block stands out, and what it means for its reader."""


@dataclass(frozen=True)
class RunBlocks:
    """Makes the blocks of a run. If it is about one target, they do not say where."""

    answer: RunAnswer
    style: Style

    @property
    def plans(self) -> Plans:
        return self.answer.plans

    @cached_property
    def one(self) -> RunTarget | None:
        """The only target, if the run was selected as one."""
        return self.plans.targets[0] if self.plans.by_one else None

    @cached_property
    def places(self) -> Places:
        """The targets that the run can write to."""
        labels = {target.name: target.labels for target in self.plans.targets}
        return Places(self.plans.writable, labels, self.plans.noun)

    @cached_property
    def refused(self) -> tuple[str, ...]:
        """The targets of which nothing may be applied, although others can."""
        return tuple(sorted(self.plans.numbers("refused")))

    @cached_property
    def stopped(self) -> str:
        """Why nothing of the run is applied, in a word or two; empty if it is."""
        if self.plans.refusals or (self.one and self.refused):
            return "refused"
        if self.answer.error:
            return "not applied"
        return "held" if self.one and self.one.state is TargetState.HELD else ""

    @property
    def interrupted(self) -> bool:
        """Whether a person or the machine stopped the run."""
        codes = {target.code for target in self.plans.targets}
        return bool(codes & {ExitCode.INTERRUPTED, ExitCode.TERMINATED})

    @cached_property
    def counts(self) -> Counter[Outcome]:
        """The number of changes by outcome, in all targets."""
        return sum(self.plans.outcomes.values(), Counter[Outcome]())

    @cached_property
    def blocked_in(self) -> Counter[str]:
        """Name of a target → number of its blocked steps."""
        return Counter(row.target for _, at in self.each("blocked") for row in at)

    @cached_property
    def _left_in(self) -> frozenset[str]:
        return frozenset(self.plans.numbers("left") | self.plans.numbers("waiting"))

    def is_finished(self, target: RunTarget) -> bool:
        """Return whether all changes of a target are done, even if that was not checked later."""
        numbers = Counter(self.plans.outcomes.get(target.name, {}))
        has_work = numbers or (target.moves_from and not target.unverified)
        waits = self.blocked_in[target.name] or target.name in self._left_in
        return bool(has_work) and numbers.total() == numbers[Outcome.DONE] and not waits

    @property
    def will(self) -> str:
        return "would" if self.stopped else "will"

    def said(self, text: str, at: Iterable[Any] = ()) -> str:
        """Return a sentence of a plan, whose commands lead to the root and the targets."""
        return with_flags(text, self._flags(targets_of(at)), self._names)

    @cached_property
    def _names(self) -> list[str]:
        return like_commands(named_keys(self.answer))

    def _flags(self, targets: Sequence[str]) -> str:
        if self.one or not targets:
            return self.style.flags
        return f"{self.style.flags.partition(' -t ')[0]}{select(targets) or ' -t NAME'}"

    def each(self, part: str, also: Iterable[str] = ()) -> Iterator[tuple[Any, Sequence[Any]]]:
        """Yield each item of a part with its rows; of one target, each object with its row.

        Of many, those that the run can write to, and `also` these.
        """
        if self.one:
            pairs = [(item, [row]) for item, at in self.plans[part] for row in at]
            pairs += [(item, []) for item, at in self.plans[part] if not at]
            if part == "changes":
                pairs.sort(key=lambda pair: (pair[0].key, pair[1][0].id or ""))
            yield from pairs
        else:
            yield from self.within(part, self.places.targets.union(also))

    def within(self, part: str, targets: Collection[str]) -> Iterator[Shared[Any, Any]]:
        """Yield the items of a part with their rows in these targets.

        What is about the run has no rows.
        """
        for item, at in self.plans[part]:
            own = tuple(row for row in at if row.target in targets)
            if own or not at:
                yield Shared(item, own)

    def at(self, row: Row, at: Sequence[Any]) -> Row:
        """Return a row that says in exactly which targets it is true."""
        targets = targets_of(at)
        return row._replace(where="" if self.one else self.places.exactly(targets), targets=targets)

    # --- changes ----------------------------------------------------------------------------------

    @cached_property
    def by_change(self) -> ByChange:
        """The changes that the run can make in many targets."""
        return self._by_change(self.places)

    def _by_change(self, places: Places) -> ByChange:
        waiting = grouped((item.key, row.target) for item, at in self.plans.blocked for row in at)
        changes = self.within("changes", places.targets)
        return by_change(changes, places, waiting, self._message)

    def _message(self, row: ChangeAt) -> str:
        """Return why a change is not done, without what is different in each target."""
        return self._shared(row.message, row.target, filter(None, (row.id, row.new_id)))

    def _shared(self, text: str, name: str, ids: Iterable[str] = ()) -> str:
        """Return a sentence about one of many targets without its own name, files and ids."""
        target = self._targets[name].target
        own = [f"-t {quote(name)}", f"{name}.jsonl", f"{name}.journal", *ids]
        own += [target.org_id] if target and target.org_id else []
        for word in own:
            text = re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w-])", OWN, text)
        return text

    @cached_property
    def _targets(self) -> Mapping[str, RunTarget]:
        return {target.name: target for target in self.plans.targets}

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rows of the changes in one target, with their names for links."""
        return tuple(
            change_row(item, at)._replace(id=f"change-{number}")
            for number, (item, at) in enumerate(self.each("changes"), 1)
        )

    def changes(self) -> Iterator[Block]:
        """Yield the list of changes: of one target by kind, of many by reach."""
        if self.one:
            for kind, rows in groupby(self.rows, key=lambda row: row.key.kind if row.key else ""):
                of_kind = tuple(rows)
                yield Block(Part.CHANGES, counted(len(of_kind), "change"), kind, rows=of_kind)
            return
        yield from block(Part.CHANGES, "Changes", self.by_change.others)
        apart = self._by_change(self.places._replace(targets=frozenset(self.refused)))
        rows = (row._replace(number="") for row in (*apart.deletes, *apart.others))
        yield from block(Part.CHANGES, f"Not applied, refused in {names(self.refused)}", rows)

    # --- what a person must see -------------------------------------------------------------------

    def attention(self) -> Iterator[Block]:
        """Yield what a reader must see besides the changes, the most urgent first."""
        if self.answer.error:
            rows = [Row(text=self.answer.error, sign=FAILED)]
            yield from block(Part.ERROR, "Nothing was applied", rows)
        if self.one and not self.answer.error:
            yield from self.states()
        yield from self._refused()
        yield from self._deletes()
        yield from self._addresses()
        yield from self.dangers()
        yield from self.blocked("blocked")
        yield from self._missing()
        if not self.one:
            yield from self.states()
        yield from self.drift()
        yield from self._notes()

    def _refused(self) -> Iterator[Block]:
        where = "" if self.one else f" in {names(self.refused)}"
        of_run = [(refusal, ()) for refusal in self.plans.refusals]
        for items, place in ((of_run, ""), (self.plans.refused, where)):
            rows = [self._refusal(item, at) for item, at in items]
            title = f"Refused: nothing will be applied{place}"
            yield from block(Part.REFUSED, title, rows, self._to_approve())

    def _refusal(self, item: Refusal, at: Sequence[At]) -> Row:
        text, hints = self.said(item.reason, at), self._ways(item.approval, at)
        return self.at(Row(text=text, sign=REFUSED, stays=True, hints=hints), at)

    def _to_approve(self) -> str:
        """Return what to pass or to enter, for one target; empty if no approval is missing."""
        return " ".join(how_to_approve(self.plans, self.style.in_root)) if self.one else ""

    def _ways(self, approval: Approval | None, at: Sequence[Any]) -> tuple[str, ...]:
        """Return the commands that approve something in some of many targets."""
        if approval is None or self.one or not at:
            return ()
        targets = select(targets_of(at)) or " -t NAME"
        command = " ".join((f"devinops apply{self.style.in_root}{targets}", *self.plans.filters))
        return tuple(how_to_decide(approval, command, self.plans.approvals))

    def _deletes(self) -> Iterator[Block]:
        """Yield what is deleted or replaced, and which sets lose elements."""
        deleting = (
            [row._replace(id="", to=row.id, details=None) for row in self.rows]
            if self.one
            else self.by_change.deletes
        )
        for action, what in (
            (Action.DELETE, "deleted"),
            (Action.REPLACE, "deleted and created again"),
        ):
            rows = [row for row in deleting if row.action == action]
            # A target can have several objects of one name.
            number = sum(max(-(-len(row.ids) // len(row.targets)), 1) for row in rows)
            title = f"{objects(rows, number)} {self.will} be {what}{self._in_all(rows)}"
            yield from block(Part.DELETES, title, rows, style=(Level.CAUTION, SIGNS[action].look))
        losses = []
        for number, (change, at) in enumerate(self.each("changes"), 1):
            for field in change.fields:
                if removed := lost(change.key.kind, field):
                    text = f"{field.name} loses {counted(len(removed), 'element')}"
                    losses.append(self._pointer(number, change, text, SIGNS[Action.DELETE], at))
        title = f"{counted(len(losses), 'list')} {self.will} lose elements"
        yield from block(Part.LOSSES, title, losses)

    def _in_all(self, rows: Iterable[Row]) -> str:
        """Return in how many targets any of some rows is true; empty for one target."""
        targets = {name for row in rows for name in row.targets}
        where = names(targets) if len(targets) <= FEW else self.places.many(len(targets))
        return "" if self.one else f" in {where}"

    def _pointer(self, number: int, change: Change, text: str, sign: Any, at: Any) -> Row:
        """Return a row about the change with this number, of one target with a link to it."""
        row = Row(change.key, text, sign, source=change.source, stays=True)
        return self.at(row, at)._replace(to=f"change-{number}" if self.one else "")

    def _addresses(self) -> Iterator[Block]:
        """Yield the hosts that texts name for the first time, for an agent can go there."""
        changes = self.each("changes")
        added = grouped((host, (each.key, at)) for each, at in changes for host in new_hosts(each))
        rows = []
        for host, pairs in sorted(added.items()):
            row = Row(text=f"{host} in {listed({str(key) for key, _ in pairs})}", sign=NOTICED)
            rows.append(self.at(row, [each for _, at in pairs for each in at]))
        title = f"{counted(len(rows), 'new address', 'new addresses')} in the texts"
        yield from block(Part.ADDRESSES, title, rows)

    def dangers(self) -> Iterator[Block]:
        """Yield what a plan costs and overwrites, with the approvals that it has."""
        changes = list(enumerate(self.each("changes"), 1))
        # An object that is deleted can have the key of another one, which then counts.
        in_order = sorted(changes, key=lambda each: each[1][0].action is not Action.DELETE)
        written = {change.key: (number, change) for number, (change, _) in in_order}
        risks = [(risk, at) for risk, at in self.each("risks") if risk.key in written]
        for name in self.plans.approvals.hazards:
            accepted = [(risk, at) for risk, at in risks if risk.approval == name]
            rows = [
                self._pointer(*written[risk.key], risk.text, REFUSED, at) for risk, at in accepted
            ]
            number = counted(sum(len(at) for _, at in accepted), "change")
            title = f"{number} may {HAZARDS[name].may}, accepted with {allow(name)}"
            yield from block(Part.DANGERS, title, rows)
        yield from self._overwrites()

    def _overwrites(self) -> Iterator[Block]:
        rows, number = [], 0
        for place, (change, at) in enumerate(self.each("changes"), 1):
            if change.overwrites:
                number += len(at)
                lost = "; ".join(filter(None, (", ".join(change.overwrites), _last(at))))
                rows.append(self._pointer(place, change, lost, REFUSED, at))
        overwrite = "change overwrites" if number == 1 else "changes overwrite"
        title = f"{number} {overwrite} what was changed outside devinops"
        yield from block(Part.DANGERS, title, rows)

    def blocked(self, part: str) -> Iterator[Block]:
        """Yield the steps that wait for a person, with both sides of a conflict."""
        rows: list[Row] = []
        # Whoever approves what is refused there has to decide on these too.
        for step, at in self.each(part, self.refused):
            if is_missing(step) and not self.plans.is_applied:
                continue
            row = self._blocked_row(step, at)._replace(id=f"{part}-{len(rows) + 1}")
            # Rows that are decided alike say how once, below the last of them.
            if rows and rows[-1].hints == row.hints:
                rows[-1] = rows[-1]._replace(hints=())
            rows.append(row)
        title = f"A plan made afterwards blocks {counted(len(rows), 'object')}"
        if part == "blocked":
            title = self._blocked_title(rows)
        is_said = self.stopped == "refused" and not self.plans.is_applied
        approve = "" if is_said else self._to_approve()
        heading = "" if part == "waiting" else "blocked"
        yield from block(Part(part), title, rows, approve, heading)

    def _blocked_title(self, rows: Sequence[Row]) -> str:
        if self.one:
            return f"{counted(len(rows), 'step')} blocked until a person decides"
        number = len({row.key for row in rows})
        waits = "waits" if number == 1 else "wait"
        applies = self.plans.writing and not (self.stopped or self.plans.is_applied)
        rest = "; the rest applies" if applies else ""
        return f"{objects(rows, number)} {waits} for a decision{self._in_all(rows)}{rest}"

    def _blocked_row(self, step: Blocked, at: Sequence[Any]) -> Row:
        sides = "- live, + files"
        row = Row(
            key=step.key,
            text=self.said(_blocked_text(step, at), at),
            sign=BLOCKED,
            word=str(step.by),
            source=step.source,
            layers=tuple(map(str, step.overridden)),
            ids=tuple(id for row in at for id in row.ids),
            needed_by=step.needed_by,
            action="blocked",
            details=Details(step.key.kind, step.fields, sides) if step.fields else None,
            rows=() if len(at) == 1 else self._last_changes(at),
            hints=self._ways(step.approval, at),
        )
        return self.at(row, at)

    def _last_changes(self, at: Sequence[Any]) -> tuple[Row, ...]:
        """Return which objects of one name there are, and who last changed one when, by target."""
        texts: defaultdict[str, list[str]] = defaultdict(list)
        for row in at:
            ids = getattr(row, "ids", ())
            parts = ", ".join(ids) if len(ids) > 1 else "", last_change(row.at, row.by)
            if text := "; ".join(filter(None, parts)):
                texts[text].append(row.target)
        return tuple(
            Row(text=text, where=names(targets), targets=tuple(targets), is_folded=len(texts) > FEW)
            for text, targets in texts.items()
        )

    def _missing(self) -> Iterator[Block]:
        steps = {
            (step.key.kind, str(step.key.path)): step.needed_by
            for step, _ in self.plans.blocked
            if is_missing(step)
        }
        missing = self.each("missing", self.refused)
        for kind, group in groupby(missing, key=lambda pair: pair[0].kind):
            rows = []
            for item, at in group:
                sign = BLOCKED if item.in_root < max(item.entries, 1) else None
                needed_by = steps.get((kind, item.path), ())
                row = Row(text=item.path, aside=_needed(item), sign=sign, needed_by=needed_by)
                rows.append(self.at(row, at))
            objects, remedy = KINDS[kind].counted(len(rows)), KINDS[kind].remedy
            title = f"{objects} missing: {remedy}"
            if KINDS[kind].is_declared:
                where = "in the web app, because no API can"
                title, remedy = f"Create {objects} {where}", f"create them {where}"
            heading = f"missing {KINDS[kind].plural}: {remedy}"
            yield from block(Part.MISSING, title, rows, heading=heading)

    def states(self, *, only_new: bool = False) -> Iterator[Block]:
        """Yield the targets in which nothing is written, and why."""
        for state, (title, sign, level) in STATES.items():
            texts = (
                (self._state(target), target.name)
                for target in self.plans.targets
                if target.state is state and (target.is_new or not only_new)
            )
            rows = self._by_text(texts, sign)
            if self.one and state is TargetState.HELD:
                rows = [Row(text=self.one.message, sign=BLOCKED) for _ in rows]
                title, sign, level = "Held: nothing will be applied", BLOCKED, Level.WARNING
            yield from block(Part.STATES, title, rows, style=(level, sign.look))

    def _by_text(self, texts: Iterable[tuple[str, str]], sign: Sign) -> list[Row]:
        """Return a row for each text about a target that several share, that of most first.

        A text is that of the first target, and can name its organization.
        """
        same = grouped((self._shared(*pair), pair) for pair in texts)
        rows = []
        for group in sorted(same.values(), key=len, reverse=True):
            targets = tuple(name for _, name in group)
            where = "" if self.one else names(targets)
            rows.append(Row(text=self.said(group[0][0]), sign=sign, where=where, targets=targets))
        return rows

    def _state(self, target: RunTarget) -> str:
        number = sum(self.plans.by_action.get(target.name, {}).values())
        planned = f" ({counted(number, 'change')} planned)" if number else ""
        if target.state is TargetState.HELD:
            return f"nothing is applied until its hold is removed{planned}: {target.message}"
        return f"{target.message}{planned}"

    def drift(self) -> Iterator[Block]:
        """Yield what was changed outside devinops and stays."""
        rows: list[Row] = []
        sides = "- last apply, + live" if self.plans.is_drift else "- files, + live"
        pairs = ((self._drifted(item, at), at) for item, at in self.each("drift"))
        for item, at in pairs if self.style.full else alike_once(pairs):
            row = Row(
                key=item.key,
                text=self.said(drift_summary(item), at),
                sign=OUTSIDE,
                word=str(item.moved),
                source=item.source,
                ids=tuple(row.id for row in at),
                action="outside",
                details=Details(item.key.kind, item.fields, sides) if item.fields else None,
                rows=() if self.one or item.at else self._last_changes(at),
                id=f"outside-{len(rows) + 1}",
            )
            rows.append(self.at(row, at))
        rows = [*self._together(rows)]
        number = sum(len(at) for _, at in self.each("drift"))
        kept, and_kept = ("", "") if self.plans.is_drift else (", kept", ", and kept")
        title = f"{counted(number, 'object')} changed outside devinops{and_kept}"
        heading = f"changed outside devinops{kept}"
        level = Level.WARNING if self.one or self.plans.is_drift else Level.NOTE
        flags = self.style.flags
        chosen = "" if self.one or " -t " in flags else " -t all"
        hint = f"`{pull_command(f'{flags}{chosen}')}` {PULLED}"
        yield from block(Part.DRIFT, title, rows, hint, heading, (level, Look.MOVED))

    def _together(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows of many targets by key: those with other texts stand below the key."""
        for _, group in groupby(rows, key=lambda row: row.id if self.one else row.key):
            first, *others = below = tuple(group)
            if others:
                targets = tuple(dict.fromkeys(name for row in below for name in row.targets))
                first = first._replace(
                    text=f"{len(below)} different edits",
                    details=None,
                    ids=(),
                    rows=tuple(
                        row._replace(key=None, sign=None, word="", source=None, id="")
                        for row in below
                    ),
                    targets=targets,
                    where=self.places.exactly(targets),
                )
            yield first

    def _drifted(self, item: Drift, at: Sequence[Any]) -> Drift:
        """Return drift with the time and the author, if they are those of each row."""
        last = {(row.at, row.by) for row in at}
        when, who = last.pop() if len(last) == 1 else (None, None)
        return replace(item, at=when, by=who, again=at[0].again if len(at) == 1 else ())

    def _notes(self) -> Iterator[Block]:
        rows = [
            self.at(Row(text=self.said(note, at), sign=NOTICED), at)
            for note, at in self.each("notes")
        ]
        title = counted(len(rows), "note") if self.one else "Notes"
        yield from block(Part.NOTES, title, rows)
        if also := self.plans.also_changed:
            start = "also changed here: " if self.one else ""
            rows = [Row(text=f"{start}{', '.join(also)}", sign=NOTICED)]
            is_ci = any(text.startswith((".github/", ".gitlab")) for text in also)
            style = (Level.WARNING if is_ci else Level.NOTE, Look.DIM)
            yield from block(Part.NOTES, "Also changed here", rows, style=style)

    # --- lists ------------------------------------------------------------------------------------

    def unmanaged(self) -> Iterator[Block]:
        """Yield the live objects that are not owned, if they were asked for."""
        drift = " (not drift)" if self.plans.is_drift else ""
        for is_foreign, title in (
            (False, f"Unmanaged{drift}"),
            (True, "With the label of another owner"),
        ):
            rows = []
            for key, at in self.each("others"):
                own = [row for row in at if bool(row.owner) is is_foreign]
                ids = [f"{row.id} of {row.owner}" if is_foreign else row.id for row in own]
                row = Row(key, aside=", ".join(ids), ids=tuple(row.id for row in own))
                rows += [self.at(row, own)] if own else []
            yield from block(Part.UNMANAGED, title, rows)

    def warnings(self) -> Iterator[Block]:
        """Yield the problems in the files that do not stop a run."""
        rows = [
            self.at(Row(text=problem.message, source=problem.source, problem=problem), at)
            for problem, at in self.each("problems")
        ]
        yield from block(Part.WARNINGS, "Warnings", rows)

    # --- reports ----------------------------------------------------------------------------------

    def results(self) -> Iterator[Block]:
        """Yield what became of the changes, first of those that are not done."""
        if self.one:
            made = zip(self.rows, self.each("changes"), strict=True)
            rows = [self._result(number, row, at) for number, (row, (_, at)) in enumerate(made, 1)]
            rows.sort(key=lambda row: [*OUTCOMES].index(Outcome(row.outcome)))
        else:
            rows = [*self.by_change.deletes, *self.by_change.others]
        failed = [row for row in rows if row.outcome != Outcome.DONE]
        done = [row for row in rows if row.outcome == Outcome.DONE]
        not_done = self.counts.total() - self.counts[Outcome.DONE]
        number = counted(not_done or len(failed), "change")
        title = f"{number} not applied" if self.one else f"{number} not done as planned"
        look = Look.ERROR if self.counts[Outcome.FAILED] else Look.WAITING
        yield from block(Part.NOT_DONE, title, failed, style=(Level.CAUTION, look))
        yield from self._left()
        yield from self.blocked("waiting")
        yield from block(Part.DONE, f"Done: {len(done)}", done, heading="done")

    def _result(self, number: int, row: Row, at: Sequence[ChangeAt]) -> Row:
        outcome = at[0].outcome or Outcome.SKIPPED
        return row._replace(
            text=self.said(at[0].message),
            sign=OUTCOMES[outcome],
            word=f"{row.word} {outcome}",
            outcome=str(outcome),
            id=f"result-{number}",
        )

    def _left(self) -> Iterator[Block]:
        """Yield what plans made afterwards still have, and why that is not known of some."""
        rows = [
            self.at(change_row(item, at), at)._replace(id=f"left-{number}", stays=False)
            for number, (item, at) in enumerate(self.each("left"), 1)
        ]
        title = f"A plan made afterwards still has {counted(len(rows), 'change')}"
        if not self.one:
            title = "Plans made afterwards still have changes"
        yield from block(Part.LEFT, title, rows)
        unverified = ((each.unverified, each.name) for each in self.plans.targets)
        rows = self._by_text((pair for pair in unverified if pair[0]), BLOCKED)
        title = "What is left could not be checked"
        yield from block(Part.LEFT, title, rows, style=(Level.WARNING, Look.ERROR))


# --- helpers --------------------------------------------------------------------------------------


def block(
    part: Part,
    title: str,
    rows: Iterable[Row],
    hint: str = "",
    heading: str = "",
    style: tuple[Level | None, Look] | None = None,
) -> Iterator[Block]:
    """Yield a block if it has rows. Its heading is its title, unless that is too long for one."""
    level, look = style or _STYLES.get(part, (None, Look.PLAIN))
    if written := tuple(rows):
        yield Block(part, title, heading or title, level, written, hint, look)


def targets_of(at: Iterable[Any]) -> tuple[str, ...]:
    """Return the targets of some rows, each once."""
    return tuple(dict.fromkeys(row.target for row in at))


def select(targets: Sequence[str]) -> str:
    """Return the options that select a few targets; empty if they are many."""
    return "".join(f" -t {quote(name)}" for name in targets) if len(targets) <= FEW else ""


def objects(rows: Sequence[Row], number: int) -> str:
    """Return the number of the objects of some rows, as notes if they all are."""
    kinds = {row.key.kind for row in rows if row.key}
    if len(kinds) != 1:
        return counted(number, "object")
    return KINDS[kinds.pop()].counted(number)


def _last(at: Sequence[Any]) -> str:
    """Return when and by whom the objects of some rows were last changed, the first if several."""
    return last_change(at[0].at, at[0].by) if len(at) == 1 else ""


def _blocked_text(step: Blocked, at: Sequence[BlockedAt]) -> str:
    """Return why a step is blocked; of one target with its objects and the last change."""
    if len(at) > 1:
        return step.reason
    (_, ids, when, who) = at[0]
    return with_ids(step.reason, ids, last_change(when, who))


def _needed(item: Missing) -> str:
    """Return how many entries need a missing object, and how many are in the root until then."""
    if not item.entries:
        return ""
    needed_by = f"needed by {counted(item.entries, 'entry', 'entries')}"
    if not item.in_root:
        return needed_by
    count = "" if item.in_root == item.entries else f"{item.in_root} of them "
    return f"{needed_by}, {count}in the root until then"


def drift_summary(drift: Drift) -> str:
    """Return what happened, and when and by whom the object was last changed, if that is known."""
    reason = drift.reason or names_of(drift.fields)
    reason += f" ({', '.join(drift.again)})" if drift.again else ""
    what = f"{drift.moved}: {reason}" if reason else str(drift.moved)
    return "; ".join(filter(None, (what, last_change(drift.at, drift.by))))


def alike_once(
    drift: Iterable[tuple[Drift, Sequence[Any]]],
) -> Iterator[tuple[Drift, Sequence[Any]]]:
    """Yield drift with its rows, so that objects that look alike in the same targets come once."""
    for (first, at), *rest in grouped((_look(*pair), pair) for pair in drift).values():
        if rest:
            others = listed(str(item.key) for item, _ in rest)
            reason = f"{names_of(first.fields)}, also of {others}; each user may see another value"
            first = replace(first, reason=reason, fields=(), at=None, by=None)
        yield first, at


def _look(drift: Drift, at: Sequence[Any]) -> object:
    """Return what is equal for objects that look alike.

    Objects of a kind do if they differ only in what each user may see differently: somebody may
    have changed none of them.
    """
    per_user = {a.name for a in KINDS[drift.key.kind].attributes if a.per_user}
    names = tuple(field.name for field in drift.fields)
    is_alike = drift.moved is DriftEvent.EDITED and names and per_user.issuperset(names)
    return (drift.key.kind, names, targets_of(at)) if is_alike else object()
