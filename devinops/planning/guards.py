"""Reasons for refusing a whole run before its first write. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from devinops.kinds import KINDS
from devinops.model.changes import ENDING, Action, Change, Drift, Refusal, Risk
from devinops.model.inventory import Inventory
from devinops.model.keys import Key, listed
from devinops.model.kind import Hazard, Lifecycle, Scope
from devinops.model.objects import Declaration, Ensure
from devinops.model.policy import (
    ACCESS,
    ON_CONFLICT,
    ON_DRIFT,
    Approval,
    Approvals,
    MaxDelete,
    OnDrift,
    Policy,
    allow,
)
from devinops.planning.commands import pull_command
from devinops.planning.diff import lost_elements
from devinops.planning.draft import PlanContext

ALWAYS_ALLOWED = 3

_OVERWRITE, _KEEP = (f"{ON_DRIFT.option} {value}" for value in ON_DRIFT.values)
_AGAIN, _STAY = "those with an entry are created again", "they stay deleted"
_THEN = {
    OnDrift.KEEP: f"{_STAY}; with {_OVERWRITE}, {_AGAIN}",
    OnDrift.OVERWRITE: f"{_AGAIN}; with {_KEEP}, {_STAY}",
    OnDrift.FAIL: f"with {_OVERWRITE}, {_AGAIN}; with {_KEEP}, {_STAY}",
}
"""What happens to missing objects if a person accepts that they are missing."""


def guard(
    changes: Sequence[Change],
    drift: Sequence[Drift],
    declarations: Iterable[Declaration],
    context: PlanContext,
    kinds: Collection[str],
) -> tuple[Refusal, ...]:
    """Return why these changes must not be applied; empty if they may be.

    `changes` and `drift` come from the plan, after filters narrowed it; `kinds` are its kinds.
    """
    inventory, policy, approvals = context.inventory, context.policy, context.approvals
    owned = Counter(record.key.kind for record in inventory.owned)
    missing = Counter(
        record.key.kind
        for record in inventory.owned
        if record.key.kind in kinds and record.object_id not in context.real.by_id
    )
    deletes = [change for change in changes if change.action is Action.DELETE]
    removals = _Removals(deletes, _removed_elements(changes))
    refusals: list[Refusal] = []
    if policy.on_drift is OnDrift.FAIL:
        refusals += _drifted(drift, changes)
    refusals += hazards(changes, approvals, context.scope)
    if approvals.allow_delete is not None:
        but = f"this plan deletes {removals.total}{removals.parts}"
        refusals += exactly("delete", approvals.allow_delete, removals.total, but)
    elif removals.total:
        in_scope = filter(context.in_scope, context.real.unmanaged(inventory.by_id))
        managed = owned + Counter(live.key.kind for live in in_scope)
        refusals += _never_owned(removals, inventory)
        refusals += _never_restored(removals)
        refusals += _too_many_removals(removals, managed, declarations, policy.max_delete)
    if approvals.allow_missing is not None:
        are = "owned object is" if missing.total() == 1 else "owned objects are"
        but = f"{missing.total()} {are} missing"
        refusals += exactly("missing", approvals.allow_missing, missing.total(), but)
    elif missing:
        refusals += _too_many_missing(missing, owned, policy)
    return tuple(refusals)


def hazards(changes: Iterable[Change], approvals: Approvals, scope: Scope) -> Iterator[Refusal]:
    """Yield a refusal for each change whose risk, such as cost, is not approved.

    `scope` is that of the target.
    """
    for key, name, risk in risks(changes, scope):
        if name and name not in approvals.hazards:
            approval = allow(name)
            yield Refusal(f"{key} {risk}: if this is intended, pass {approval}", approval)


def undecided(approvals: Approvals, conflicts: Collection[Key]) -> Iterator[Refusal]:
    """Yield a refusal for each key whose conflict a person decided, but that has none."""
    for key, side in approvals.decided:
        if key not in conflicts:
            option = Approval(ON_CONFLICT.option, (f"{side}={key}",))
            yield Refusal(
                f"{option}: {key} has no conflict: check the key, or leave the option out"
            )


def hazard_notes(changes: Iterable[Change], scope: Scope) -> Iterator[str]:
    """Yield the risk of each change that needs no approval."""
    for key, approval, risk in risks(changes, scope):
        if not approval:
            yield f"{key} {risk}"


def needed(approvals: Approvals, changes: Iterable[Change], scope: Scope) -> Approvals:
    """Return the approvals without the accepted risks that no change has."""
    risky = {risk.approval for risk in risks(changes, scope)}
    return replace(approvals, hazards=tuple(name for name in approvals.hazards if name in risky))


def risks(changes: Iterable[Change], scope: Scope) -> Iterator[Risk]:
    """Yield the risks of changes, whether they are approved or not."""
    for change in changes:
        asked = list(_asked(change, scope))
        if any(hazard.approval == ACCESS for hazard in asked) and (back := _given_back(change)):
            yield Risk(change.key, ACCESS, back)
        for hazard in asked:
            before = change.live.resource if change.live else None
            after = None if change.action in ENDING else change.written()
            if risk := hazard.risk(before, after):
                doubt = f"; {change.doubt}, so there may be two" if change.doubt else ""
                yield Risk(change.key, hazard.approval, f"{risk}{doubt}")


def _given_back(change: Change) -> str:
    """Return what a change gives back that somebody may have taken away outside devinops."""
    if change.again:
        return "was taken away, perhaps outside devinops after an incident, and is given back"
    overwrites = () if change.action is Action.ADOPT else change.overwrites
    added = [
        element
        for field in change.fields
        if field.name in overwrites
        for element in lost_elements(change.kind.by_name[field.name], field.after, field.before)
    ]
    taken = "which somebody may have taken out outside devinops, perhaps after an incident"
    return f"gets {listed(added)}, {taken}" if added else ""


def _asked(change: Change, scope: Scope) -> Iterator[Hazard]:
    """Yield the hazards that a change in a target of this scope can have."""
    is_delete = change.action is Action.DELETE
    if change.action in ENDING and not is_delete:
        return
    for hazard in change.kind.hazards:
        if hazard.scope in (None, scope) and (hazard.sees_deletes or not is_delete):
            yield hazard


def _drifted(drift: Iterable[Drift], changes: Iterable[Change]) -> Iterator[Refusal]:
    """Refuse changes made outside devinops, except objects that the plan takes over."""
    adopted = {change.key for change in changes if change.action is Action.ADOPT}
    count = sum(item.key not in adopted for item in drift)
    if count:
        were, them = ("object was", "change") if count == 1 else ("objects were", "changes")
        yield Refusal(
            f"{count} {were} changed outside devinops and on_drift is fail: run {pull_command()}, "
            f"which writes the {them} into the files or says what to do, undo the {them} in the "
            f"web app, or decide for this run with {ON_DRIFT}",
            ON_DRIFT,
        )


class RemovedElements(NamedTuple):
    """How many of the `live` elements of a set a change removes."""

    change: Change
    field: str
    removed: int
    live: int


def _removed_elements(changes: Iterable[Change]) -> list[RemovedElements]:
    """Return the elements that updates remove from sets.

    A deleted object counts as one delete, whatever it contains. A change in a run of its own has
    hazards instead of a limit: it may yet be blocked.
    """
    removals = []
    for change in changes:
        for field in change.fields:
            attribute = change.kind.by_name.get(field.name)
            if attribute is None or change.live is None or change.kind.alone:
                continue
            if removed := lost_elements(attribute, field.before, field.after):
                sizes = (len(removed), len(field.before))
                removals.append(RemovedElements(change, field.name, *sizes))
    return removals


class _Removals(NamedTuple):
    """What --allow delete=N accepts: deletes, and elements that sets lose."""

    deletes: Sequence[Change]
    elements: Sequence[RemovedElements]

    @property
    def total(self) -> int:
        """The number that --allow delete=N accepts: of objects and elements together."""
        return len(self.deletes) + sum(elements.removed for elements in self.elements)

    @property
    def parts(self) -> str:
        """How many deletes are elements of lists, in parentheses; empty if none are."""
        deletes, removed = len(self.deletes), self.total - len(self.deletes)
        if not removed:
            return ""
        objects = f"{deletes} {'object' if deletes == 1 else 'objects'} and " if deletes else ""
        return f" ({objects}{removed} {'element' if removed == 1 else 'elements'} of lists)"

    def refusal(self, reason: str, otherwise: str = "") -> Refusal:
        """Return a refusal with the advice to check everything that --allow delete=N accepts."""
        check_all = f"check all {self.total} deletes of this plan{self.parts}"
        check = "check it" if self.total == 1 else check_all
        approval = allow("delete", self.total)
        return Refusal(f"{reason}: {check}, then pass {approval}{otherwise}", approval)


def _never_owned(removals: _Removals, inventory: Inventory) -> Iterator[Refusal]:
    """Refuse deletes of undeclared objects in scope that were never owned."""
    count = sum(
        not change.declaration and change.object_id not in inventory.by_id
        for change in removals.deletes
    )
    if count:
        were = "object in scope was" if count == 1 else "objects in scope were"
        yield removals.refusal(f"{count} {were} never owned")


def _never_restored(removals: _Removals) -> Iterator[Refusal]:
    """Refuse deletes of undeclared objects whose values nobody can restore, such as secrets."""
    lost = Counter(change.key.kind for change in removals.deletes if _is_lost(change))
    for noun, count in sorted(lost.items()):
        values = "its value" if count == 1 else "their values"
        yield removals.refusal(
            f"{KINDS[noun].counted(count)} without an entry would be deleted, and nobody can "
            f"restore {values}",
            "; to keep it, declare it with ensure: unmanaged",
        )


def _is_lost(change: Change) -> bool:
    """Return whether a change deletes an undeclared object whose value nobody can restore."""
    return not change.declaration and change.kind.lifecycle is Lifecycle.CONTRACT


def exactly(what: str, allowed: int, total: int, but: str) -> Iterator[Refusal]:
    """Refuse unless the accepted number equals that of the plan."""
    if allowed != total:
        approval = allow(what, total) if total else None
        check = "check it" if total == 1 else "check each one"
        step = f"{check}, then pass {approval}" if approval else "leave the option out"
        reason = f"{allow(what, allowed)} accepts exactly {allowed}, but {but}: {step}"
        yield Refusal(reason, approval)


def _too_many_removals(
    removals: _Removals,
    managed: Mapping[str, int],
    declarations: Iterable[Declaration],
    limit: MaxDelete,
) -> Iterator[Refusal]:
    """Refuse deletes of a kind above max(3, `limit` of `managed`), or without any declaration.

    The same limit holds for the elements that a set loses, as a share of its elements.
    """
    ensured = defaultdict[str, set[Ensure]](set)
    for declaration in declarations:
        ensured[declaration.key.kind].add(declaration.ensure)
    deletes = Counter(c.key.kind for c in removals.deletes if not _is_lost(c))
    reasons = [
        _too_many(kind, count, managed.get(kind, 0), limit, ensured[kind])
        for kind, count in sorted(deletes.items())
    ]
    reasons += [_too_many_elements(elements, limit) for elements in removals.elements]
    yield from map(removals.refusal, filter(None, reasons))


def _too_many_elements(elements: RemovedElements, limit: MaxDelete) -> str:
    most = max(ALWAYS_ALLOWED, limit.of(elements.live))
    if elements.removed <= most:
        return ""
    all = f"its {elements.live} {elements.field}"
    return (
        f"{elements.change.key} would lose {elements.removed} of {all}, but "
        f"{_allowed(most, limit, all)}"
    )


def _allowed(most: int, limit: MaxDelete, all: str) -> str:
    """Return how many deletes are allowed and why; `all` is what a percentage is of."""
    max_delete = f"{limit} of {all}" if limit.percent else limit
    return f"the limit is {most} (the larger of {ALWAYS_ALLOWED} and max_delete: {max_delete})"


def _too_many(
    kind: str, count: int, managed: int, limit: MaxDelete, ensured: Collection[Ensure]
) -> str:
    """Return why a number of deletes is refused; `ensured` is what the entries of the kind say."""
    most = max(ALWAYS_ALLOWED, limit.of(managed))
    if count > most:
        allowed = _allowed(most, limit, f"the {managed} owned or in scope")
        return f"{KINDS[kind].counted(count)} would be deleted, but {allowed}"
    if managed and Ensure.PRESENT not in ensured:
        left = "has ensure: present" if ensured else "is left for this target"
        return (
            f"no entry of the kind {kind} {left}, so {KINDS[kind].counted(count)} would be "
            f"deleted ({managed} owned or in scope)"
        )
    return ""


def _too_many_missing(
    missing: Counter[str], owned: Mapping[str, int], policy: Policy
) -> Iterator[Refusal]:
    """Refuse if too many owned objects are missing from the lists."""
    approval = allow("missing", missing.total())
    for kind, count in sorted(missing.items()):
        if are_too_many(count, owned[kind], policy.max_delete):
            yield Refusal(
                f"{missing_from_lists(kind, count, owned[kind])}: check that the API key belongs "
                f"to the right organization.{moved(kind, count, owned[kind])} If they were deleted "
                f"outside devinops, pass {approval}: {_THEN[policy.on_drift]}",
                approval,
            )


def are_too_many(missing: int, owned: int, limit: MaxDelete) -> bool:
    """Return whether too many owned objects of a kind are missing for people to have deleted them.

    All of several are too many, and so are more than may be deleted: the API key may belong to
    another organization, or the vendor has moved them.
    """
    return missing == owned > 1 or missing > max(ALWAYS_ALLOWED, limit.of(owned))


def missing_from_lists(kind: str, missing: int, owned: int) -> str:
    """Return how many of the owned objects of a kind the API does not list."""
    return f"the API does not list {missing} of {KINDS[kind].counted(owned)} that are owned"


def moved(kind: str, missing: int, owned: int) -> str:
    """Return that the vendor may have moved the objects of a kind, if all of them are missing."""
    moving = KINDS[kind].moving if missing == owned else ""
    return f" If it does, {moving}." if moving else ""
