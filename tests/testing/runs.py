"""Plans of many targets, made of changes that say in which targets they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from devinops.model.changes import Action, Change, FieldChange
from devinops.model.keys import FolderPath, Key
from devinops.model.objects import Source
from devinops.model.target import Target, TargetState
from devinops.model.values import UNSET
from devinops.planning.run import ChangeAt, Plans, RunTarget, Shared

TEAMS: Final = tuple(f"team-{number:02}" for number in range(40))
LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    name: {"region": "eu" if number % 4 == 0 else "us"} for number, name in enumerate(TEAMS)
}


def body(before: Any, after: Any, name: str = "body") -> FieldChange:
    return FieldChange(name, before, after)


def changed(
    name: str, action: Action = Action.UPDATE, *fields: FieldChange, path: str = "", **facts: Any
) -> Change:
    """Return a change of a note; without fields, one that is usual for the action."""
    usual = {
        Action.CREATE: (body(UNSET, "New text.\n"),),
        Action.DELETE: (body("Old text.\n", UNSET),),
        Action.UPDATE: (body("Old text.\n", "New text.\n"),),
    }
    source = Source(path or f"knowledge/Ops/{name}.md", 1)
    key = Key("knowledge", FolderPath("Ops"), name)
    reason = facts.pop("reason", f"{action} it")
    return Change(
        action, key, reason, fields=fields or usual.get(action, ()), declared_at=source, **facts
    )


def shared(change: Change, targets: Iterable[str], **facts: Any) -> Shared[Change, ChangeAt]:
    return Shared(change, tuple(ChangeAt(name, f"id-{name}", **facts) for name in targets))


def plans(
    *changes: Shared[Change, ChangeAt],
    states: Mapping[str, tuple[TargetState, str]] | None = None,
    teams: Iterable[str] = TEAMS,
    **facts: Any,
) -> Plans:
    """Return the plans of targets; `states` are those of targets that are not planned."""
    targets = []
    for name in teams:
        place = Target(name, "https://api.devin.ai", "v3", f"org-{name}")
        state, message = (states or {}).get(name, (TargetState.PLANNED, ""))
        targets.append(
            RunTarget(
                name, state, message, target=place, labels=LABELS.get(name, {}), store="branch"
            )
        )
    return Plans(tuple(targets), tuple(changes), **facts)
