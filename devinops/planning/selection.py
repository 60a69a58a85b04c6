"""`--only`: narrows a plan to some kinds or keys, after all declarations were matched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple, TypeVar

from devinops.kinds import KINDS
from devinops.model.changes import Blocked, Blocker, Change, Drift
from devinops.model.errors import UsageError
from devinops.model.inventory import Record
from devinops.model.keys import Key
from devinops.model.objects import Declaration
from devinops.model.suggest import did_you_mean
from devinops.planning.draft import PlanDraft

T = TypeVar("T", Change, Declaration, Drift, Record)


class Only(NamedTuple):
    """A filter `KIND[:PATTERN]`.

    The pattern matches the key without its kind; `*` crosses folders.
    """

    kind: str
    glob: str = "*"

    @classmethod
    def parse(cls, text: str) -> Only:
        """Parse KIND[:PATTERN]. Raises UsageError for an unknown kind and an empty pattern."""
        kind, colon, glob = text.partition(":")
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS)
            raise UsageError(
                f'--only takes KIND[:PATTERN]; "{kind}" is not a kind{hint}: {", ".join(KINDS)}'
            )
        if colon and not glob:
            raise UsageError(
                f'--only "{text}" has no pattern after the colon; for the whole kind write "{kind}"'
            )
        return cls(kind, glob or "*")

    def selects(self, key: Key) -> bool:
        return key.kind == self.kind and fnmatchcase(key.path, self.glob)

    def __str__(self) -> str:
        return f"{self.kind}:{self.glob}"


def check_only(only: Iterable[Only], keys: Collection[Key]) -> None:
    """Raise UsageError for a filter that matches none of the keys.

    A whole kind is accepted even without objects.
    """
    for filter in only:
        if filter.glob != "*" and not any(filter.selects(key) for key in keys):
            raise UsageError(
                f'--only "{filter}" matches nothing that is declared or live; check it for a typo'
            )


def kinds_of(only: Iterable[Only]) -> frozenset[str]:
    """Return the kinds that the filters select something of; all without a filter."""
    return frozenset(filter.kind for filter in only) or frozenset(KINDS)


def narrow(draft: PlanDraft, only: Sequence[Only]) -> PlanDraft:
    """Return the draft narrowed by the filters. A change that needs one left out is blocked."""
    changes = _selected(draft.changes, only)
    left_out = {change.key for change in draft.changes} - {change.key for change in changes}
    changes, incomplete = _complete(changes, left_out)
    return replace(
        draft,
        changes=changes,
        blocked=[*_selected_steps(draft.blocked, only), *incomplete],
        drift=_selected(draft.drift, only),
        in_root=_selected(draft.in_root, only),
        upserts=_selected(draft.upserts, only),
        dropped=_selected(draft.dropped, only),
    )


def _complete(changes: list[Change], left_out: set[Key]) -> tuple[list[Change], list[Blocked]]:
    """Return the changes that need nothing that is left out, and the blocked others."""
    blocked: list[Blocked] = []
    while incomplete := [change for change in changes if _needs(change) & left_out]:
        blocked += (_incomplete(change, left_out) for change in incomplete)
        left_out = left_out | {change.key for change in incomplete}
        changes = [change for change in changes if change not in incomplete]
    return changes, blocked


def _selects(only: Iterable[Only], key: Key) -> bool:
    return any(filter.selects(key) for filter in only)


def _selected(items: Iterable[T], only: Sequence[Only]) -> list[T]:
    return [item for item in items if _selects(only, item.key)]


def _selected_steps(steps: Iterable[Blocked], only: Sequence[Only]) -> Iterator[Blocked]:
    """Yield the blocked steps that the filters select, or that a selected step waits for."""
    for step in steps:
        needed_by = tuple(key for key in step.needed_by if _selects(only, key))
        if needed_by or _selects(only, step.key):
            yield replace(step, needed_by=needed_by)


def _needs(change: Change) -> set[Key]:
    """Return the keys of the changes that must be written before this one."""
    created = {key for key, id in change.references.items() if id is None}
    return created | set(change.freed_by) | ({change.successor} if change.successor else set())


def _incomplete(change: Change, left_out: set[Key]) -> Blocked:
    ids = (change.id,) if change.id else ()
    other = min(_needs(change) & left_out)
    why = _why(change, other)
    reason = f"--only leaves out {other}, which {why}: include both, or neither"
    return Blocked(Blocker.CONFLICT, change.key, reason, change.source, ids)


def _why(change: Change, other: Key) -> str:
    """Return why a change needs the one with the key `other`, as the end of a clause."""
    if other == change.successor:
        return "probably replaces this object"
    return (
        "mentions this object until it is written"
        if other in change.freed_by
        else "is created by the same plan"
    )
