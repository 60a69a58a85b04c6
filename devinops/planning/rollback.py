"""Saved objects and a snapshot become a `Plan` that brings the objects back. Pure.

Here an object is known by its id first: what is still live is updated, whatever it is called by now. What is
gone can only be created again, under a new id. Nothing is ever deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from devinops.kinds import KINDS
from devinops.model.changes import Action, Blocked, Blocker, Change, FieldChange
from devinops.model.keys import FolderPath, Key
from devinops.model.kind import Kind
from devinops.model.objects import UNSET, Declaration, Live, Resource, Snapshot, Source
from devinops.model.policy import Policy
from devinops.model.target import Target
from devinops.planning.diff import changed_fields, lost
from devinops.planning.match import folder_key, in_its_folder
from devinops.planning.plan import Plan

AGAIN = "gone since; created again under a new id"


@dataclass(frozen=True, slots=True)
class Saved:
    """An object as it was before a run, and where that is written."""

    live: Live
    source: Source


def rollback_plan(
    saved: Sequence[Saved], snapshot: Snapshot, target: Target, *, policy: Policy, run: str
) -> Plan:
    """Return the plan that brings saved objects back to what they were before the run."""
    builder = _Builder(saved, snapshot, target, policy, run)
    for one in saved:
        builder.take(one)
    return Plan(
        target=target,
        changes=tuple(sorted(builder.changes, key=lambda change: (change.key, change.id or ""))),
        blocked=tuple(sorted(builder.all_held(), key=lambda held: (held.key, held.by))),
        notes=tuple(sorted(builder.notes)),
        unchanged=builder.unchanged,
    )


class _Builder:
    """Collects what each saved object asks for. One use."""

    def __init__(
        self, saved: Sequence[Saved], snapshot: Snapshot, target: Target, policy: Policy, run: str
    ) -> None:
        self.snapshot, self.target, self.policy, self.run = snapshot, target, policy, run
        self.changes: list[Change] = []
        self.held: list[Blocked] = []
        self.waiting: defaultdict[Key, list[Saved]] = defaultdict(list)
        self.notes: list[str] = []
        self.unchanged = 0
        self.placed = {(one.live.key.kind, one.live.id): self._placed(one) for one in saved}

    def take(self, one: Saved) -> None:
        placed = self.placed[one.live.key.kind, one.live.id]
        live = self.snapshot.by_id.get((one.live.key.kind, one.live.id))
        if live is not None and not live.ours:
            self._hold(Blocker.CONFLICT, one, "it is no longer the organization's own", live)
        elif one.live.key.kind == "secret":
            self._secret(one, live)
        elif live is None:
            self._gone(placed)
        else:
            self._there(placed, live)

    def all_held(self) -> Iterable[Blocked]:
        yield from self.held
        for key, waiting in self.waiting.items():
            yield self._folder_hold(key, waiting)

    def _placed(self, one: Saved) -> Saved:
        """Return an object under the path that its folder has now: the folder is the same, whatever its name."""
        saved = one.live
        folder = self.snapshot.by_id.get(("folder", saved.folder_id)) if saved.folder_id else None
        if folder is None or not KINDS[saved.key.kind].foldered:
            return one
        path = FolderPath(folder.key.place)
        resource: Any = saved.resource
        moved = replace(
            saved, key=replace(saved.key, folder=path), resource=replace(resource, folder=path)
        )
        return replace(one, live=moved)

    def _hold(self, hold: Blocker, one: Saved, reason: str, *lives: Live) -> None:
        ids = tuple(live.id for live in lives)
        self.held.append(Blocked(hold, one.live.key, reason, one.source, ids))

    # --- secrets ------------------------------------------------------------------------------------------

    def _secret(self, one: Saved, live: Live | None) -> None:
        if live is not None:
            self.unchanged += 1
            return
        if self.snapshot.under(one.live.key):
            self.notes.append(
                f"{one.live.key} was deleted and created again since, and its value from before the run {self.run} was "
                "never saved: to change the value, change version of its entry and apply"
            )
            return
        reason = (
            "it was deleted, and nobody can read a value to save it: add it in the web app, or declare it with "
            "value_from and apply"
        )
        self._hold(Blocker.REQUIREMENT, one, reason)

    # --- what is still there ------------------------------------------------------------------------------

    def _there(self, one: Saved, live: Live) -> None:
        kind = KINDS[live.key.kind]
        fields, out_of_reach = self._differences(kind, one.live.resource, live.resource)
        if out_of_reach:
            self._out_of_reach(one, out_of_reach, live)
        if not fields:
            self.unchanged += not out_of_reach
        elif at_risk := self._at_risk(kind, live.resource):
            reason = f"an update might lose its {at_risk}: edit it in the web app, or set v3_macro: verify"
            self._hold(Blocker.APPROVAL, one, reason, live)
        elif one.live.key != live.key and (others := self._in_the_way(one)):
            self._taken(one, others)
        else:
            action = Action.UPDATE if one.live.key == live.key else Action.RENAME
            names = ", ".join(change.name for change in fields)
            self._file(
                self._change(action, one, f"{names} as before the run {self.run}", live, fields),
                one,
            )

    def _differences(
        self, kind: Kind, want: Resource, have: Resource
    ) -> tuple[tuple[FieldChange, ...], tuple[FieldChange, ...]]:
        """Return the fields that differ: those that the API can write, and those that it cannot."""
        found = changed_fields(kind, want, have)
        writable = self._writable(kind)
        return tuple(c for c in found if c.name in writable), tuple(
            c for c in found if c.name not in writable
        )

    def _writable(self, kind: Kind) -> frozenset[str]:
        wires = (
            (attribute.name, attribute.wires.get(self.target.api)) for attribute in kind.attributes
        )
        return frozenset(
            name for name, wire in wires if wire is not None and wire.write is not None
        )

    def _at_risk(self, kind: Kind, live: Resource) -> str:
        if self.policy.v3_macro != "hold":
            return ""
        return ", ".join(f"{name} {value}" for name, value in lost(kind, self.target.api, live))

    # --- what is gone -------------------------------------------------------------------------------------

    def _gone(self, one: Saved) -> None:
        """Create an object again, unless one of its name is there: then only an equal one is what was wanted."""
        kind, others = KINDS[one.live.key.kind], self._in_the_way(one)
        if others:
            equal = len(others) == 1 and not changed_fields(
                kind, one.live.resource, others[0].resource
            )
            self.unchanged += equal
            if not equal:
                self._taken(one, others)
            return
        writable = self._writable(kind)
        said = dict(one.live.resource.items())
        missing = tuple(
            FieldChange(name, UNSET, value)
            for name, value in said.items()
            if name not in writable and value
        )
        if missing:
            self._out_of_reach(one, missing)
        resource = kind.resource(
            **{name: value for name, value in said.items() if name in writable}
        )
        fields = tuple(FieldChange(name, UNSET, value) for name, value in resource.items())
        created = replace(one, live=replace(one.live, resource=resource))
        self._file(self._change(Action.CREATE, created, AGAIN, None, fields), created)

    # --- what both share ----------------------------------------------------------------------------------

    def _in_the_way(self, one: Saved) -> tuple[Live, ...]:
        """Return the other objects under a key, without those that this plan brings back to another name."""
        key = one.live.key
        others = (live for live in self.snapshot.under(key) if live.id != one.live.id)
        back = ((live, self.placed.get((key.kind, live.id))) for live in others)
        return tuple(live for live, saved in back if saved is None or saved.live.key == key)

    def _taken(self, one: Saved, others: Sequence[Live]) -> None:
        ids = ", ".join(live.id for live in others)
        reason = f"another object is called so by now ({ids}): rename or delete it, then run rollback again"
        self._hold(Blocker.CONFLICT, one, reason, *others)

    def _out_of_reach(self, one: Saved, fields: Sequence[FieldChange], *lives: Live) -> None:
        words = ", ".join(f"{c.name} {'(none)' if c.after is None else c.after}" for c in fields)
        reason = f"API {self.target.api} cannot set its {words}: set it in the web app"
        self._hold(Blocker.REQUIREMENT, one, reason, *lives)

    def _change(
        self,
        action: Action,
        one: Saved,
        reason: str,
        live: Live | None,
        fields: tuple[FieldChange, ...],
    ) -> Change:
        declaration = Declaration(one.live.key, one.live.resource, one.source)
        id = live.id if live else None
        return Change(action, one.live.key, reason, id, declaration, live, fields)

    def _file(self, change: Change, one: Saved) -> None:
        """Add a change if the folder that it needs is there; otherwise let it wait for the folder."""
        known = one.live.folder_id
        if change.moves and ("folder", known) in self.snapshot.by_id:
            self.changes.append(replace(change, folder_id=known))
        elif placed := in_its_folder(change, self.snapshot):
            self.changes.append(placed)
        else:
            self.waiting[folder_key(change.key.folder)].append(one)

    def _folder_hold(self, key: Key, waiting: Sequence[Saved]) -> Blocked:
        lives = self.snapshot.under(key)
        ids = tuple(live.id for live in lives)
        reason = f'there is no folder "{key.place}": create it in the web app (no API can), then run rollback again'
        if lives:
            reason = f"{len(lives)} folders share this path ({', '.join(ids)}): rename all but one in the web app"
        hold = Blocker.CONFLICT if lives else Blocker.REQUIREMENT
        needed_by = tuple(sorted(one.live.key for one in waiting))
        return Blocked(hold, key, reason, waiting[0].source, ids, needed_by)
