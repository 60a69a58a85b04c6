"""`--only` and `--exclude`: narrow a plan to some keys, after all declarations were matched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple, TypeVar

from devinops.kinds import KINDS, why_unknown
from devinops.model.changes import Blocked, Blocker, Change, Drift
from devinops.model.errors import UsageError
from devinops.model.inventory import Record
from devinops.model.keys import Key
from devinops.model.objects import Declaration
from devinops.planning.draft import PlanDraft

T = TypeVar("T", Change, Declaration, Drift, Record)


class Filter(NamedTuple):
    """A filter `KIND[:PATTERN]`.

    The pattern matches the key without its kind; `*` crosses folders.
    """

    kind: str
    glob: str = "*"

    @classmethod
    def parse(cls, text: str, option: str = "only") -> Filter:
        """Parse KIND[:PATTERN]. Raises UsageError for an unknown kind and an empty pattern."""
        kind, colon, glob = text.partition(":")
        if kind not in KINDS.declared:
            raise UsageError(f"--{option} takes KIND[:PATTERN]; {why_unknown(kind)}")
        if colon and not glob:
            raise UsageError(
                f'--{option} "{text}" has no pattern after the colon; for the whole kind write '
                f'"{kind}"'
            )
        return cls(kind, glob or "*")

    def selects(self, key: Key) -> bool:
        return key.kind == self.kind and fnmatchcase(key.path, self.glob)

    def __str__(self) -> str:
        return f"{self.kind}:{self.glob}"


class Selection(NamedTuple):
    """What a run is about: what a filter of `only` selects, or everything, without `exclude`."""

    only: tuple[Filter, ...] = ()
    exclude: tuple[Filter, ...] = ()

    @classmethod
    def parse(cls, only: Iterable[str] = (), exclude: Iterable[str] = ()) -> Selection:
        """Parse the values of both options; their order does not matter. Raises UsageError."""
        own = {Filter.parse(text) for text in only}
        others = {Filter.parse(text, "exclude") for text in exclude}
        return cls(tuple(sorted(own)), tuple(sorted(others)))

    def __bool__(self) -> bool:
        return bool(self.only or self.exclude)

    @property
    def texts(self) -> Mapping[str, tuple[str, ...]]:
        """The name of each option → its filters."""
        return {name: tuple(map(str, filters)) for name, filters in self._asdict().items()}

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of which something can be selected."""
        kinds = {filter.kind for filter in self.only} or {*KINDS}
        return frozenset(kinds.difference(f.kind for f in self.exclude if f.glob == "*"))

    def selects(self, key: Key) -> bool:
        """Return whether a key is selected."""
        if self.only and not any(filter.selects(key) for filter in self.only):
            return False
        return not any(filter.selects(key) for filter in self.exclude)

    def check(self, keys: Collection[Key]) -> None:
        """Raise UsageError for a filter that matches none of the keys.

        A whole kind is accepted even without objects.
        """
        for option, filters in self._asdict().items():
            for filter in filters:
                if filter.glob != "*" and not any(map(filter.selects, keys)):
                    raise UsageError(
                        f'--{option} "{filter}" matches nothing that is declared or live; check it '
                        "for a typo"
                    )


def narrow(draft: PlanDraft, selection: Selection, declared: Collection[Key] = ()) -> PlanDraft:
    """Return the draft narrowed by the filters. A change that needs one left out is blocked.

    `declared` are the keys of the entries.
    """
    if not selection:
        return draft
    changes = _selected(draft.changes, selection)
    left_out = {change.key for change in draft.changes} - {change.key for change in changes}
    changes, incomplete = _complete(changes, left_out)
    return replace(
        draft,
        changes=changes,
        blocked=[*_selected_steps(draft.blocked, selection, declared), *incomplete],
        drift=_selected(draft.drift, selection),
        in_root=_selected(draft.in_root, selection),
        upserts=_selected(draft.upserts, selection),
        dropped=_selected(draft.dropped, selection),
    )


def _complete(changes: list[Change], left_out: set[Key]) -> tuple[list[Change], list[Blocked]]:
    """Return the changes that need nothing that is left out, and the blocked others."""
    blocked: list[Blocked] = []
    while incomplete := [change for change in changes if _needs(change) & left_out]:
        blocked += (_incomplete(change, left_out) for change in incomplete)
        left_out = left_out | {change.key for change in incomplete}
        changes = [change for change in changes if change not in incomplete]
    return changes, blocked


def _selected(items: Iterable[T], selection: Selection) -> list[T]:
    return [item for item in items if selection.selects(item.key)]


def _selected_steps(
    steps: Iterable[Blocked], selection: Selection, declared: Collection[Key]
) -> Iterator[Blocked]:
    """Yield the blocked steps that the filters select, or that a selected step waits for."""
    for step in steps:
        needed_by = tuple(key for key in step.needed_by if selection.selects(key))
        # What only excluded entries need, such as their folder, is left out with them.
        own = selection.only or not step.needed_by or step.key in declared
        if needed_by or (own and selection.selects(step.key)):
            yield replace(step, needed_by=needed_by)


def _needs(change: Change) -> set[Key]:
    """Return the keys of the changes that must be written before this one."""
    created = {key for key, id in change.references.items() if id is None}
    return created | set(change.freed_by) | ({change.successor} if change.successor else set())


def _incomplete(change: Change, left_out: set[Key]) -> Blocked:
    ids = (change.id,) if change.id else ()
    other = min(_needs(change) & left_out)
    why = "is created by the same plan"
    if other == change.successor:
        why = "probably replaces this object"
    elif other in change.freed_by:
        why = "mentions this object until it is written"
    reason = f"--only or --exclude leaves out {other}, which {why}: include both, or neither"
    return Blocked(Blocker.CONFLICT, change.key, reason, change.source, ids)
