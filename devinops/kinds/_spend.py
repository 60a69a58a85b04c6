"""What an automation may cost, and whether a change lets it cost more. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from devinops.kinds._automation import FILTERS, MESSAGE, MONITOR, SCHEDULE, START
from devinops.kinds._nested import as_json

DAY_S, HOUR_S, MINUTE_S = 86_400, 3_600, 60


def risk(before: Any, after: Any) -> str:
    """Return what an automation may start if a change lets it start more; empty if it does not.

    `before` is None for a create. An automation that is disabled or has no trigger costs nothing.
    """
    if after.enabled is False or not after.triggers:
        return ""
    reasons = ", ".join(_reasons(before, after))
    return f"may start {budget(after)} ({reasons})" if reasons else ""


_LIMITS: Final = (
    ("limits", "max_acu_limit"),
    ("concurrency", "max_concurrent_runs"),
    ("concurrency", "max_queue_depth"),
)


def _reasons(before: Any, after: Any) -> Iterator[str]:
    if before is None:
        yield "it is new and enabled"
        return
    if before.enabled is False:
        yield "it is enabled"
    old, new = before.preflight or None, after.preflight or None
    if new != old:  # it may skip an event, or start several sessions for it
        yield f"preflight is {('changed' if old else 'new') if new else 'removed'}"
    if _more_events(before.triggers or (), after.triggers):
        yield "a trigger is new or changed"
    if _more_runs(_part(before.limits, "invocations"), _part(after.limits, "invocations")):
        yield "it may run more often"
    yield from _wider_limits(before, after)
    yield from _more_actions(before.actions or (), after.actions or ())
    yield from _longer_sessions(before, after)


# --- events ---------------------------------------------------------------------------------------


_MOST_COMPARED: Final = 100
"""How many triggers are compared one by one; of more, each change may start more."""


def _more_events(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Return whether triggers may start more than those before.

    They do not if each has its own trigger before that covers it: a maximum matching finds them.
    """
    if max(len(before), len(after)) > _MOST_COMPARED:
        return list(before) != list(after)
    fits = [[old for old, trigger in enumerate(before) if _covers(trigger, new)] for new in after]
    users: dict[int, int] = {}

    def finds_own(new: int, tried: set[int]) -> bool:
        for old in sorted(fits[new], key=users.__contains__):
            if old not in tried:
                tried.add(old)
                if old not in users or finds_own(users[old], tried):
                    users[old] = new
                    return True
        return False

    return not all(finds_own(new, set()) for new in range(len(after)))


def _covers(old: Any, new: Any) -> bool:
    """Return whether a trigger reacts to everything that a new one reacts to, in as many ways."""
    replies = set(map(as_json, old.get("replies", ())))
    return (
        old["event_type"] == new["event_type"]
        and replies.issuperset(map(as_json, new.get("replies", ())))
        and _admits(new["event_type"], _groups(old), _groups(new))
    )


_Group = tuple[tuple[str, str], ...]
"""The conditions of a group in order, each with its operator and as JSON."""


def _admits(event: str, old: Sequence[_Group], new: Sequence[_Group]) -> bool:
    """Return whether one of the old groups certainly holds whenever one of the new ones does.

    A group that only filters events may have more conditions than the old one. Any other group
    sets times, or may set them, and each could add its own: it needs an equal one.
    """
    filters = [group for group in new if _only_filters(event, group)]
    others = Counter(new) - Counter(filters)
    return (
        bool(new or not old)
        and others <= Counter(old)
        and all(any(set(group) <= set(narrower) for group in old) for narrower in filters)
    )


def _only_filters(event: str, group: _Group) -> bool:
    return event != SCHEDULE and all(operator in FILTERS for operator, _ in group)


def _groups(trigger: Any) -> list[_Group]:
    """Return the groups of conditions; without conditions, one that always holds."""
    conditions = trigger.get("conditions")
    groups = conditions["any"] if conditions else [{"all": []}]
    return [
        tuple(sorted((condition["operator"], as_json(condition)) for condition in group["all"]))
        for group in groups
    ]


# --- limits ---------------------------------------------------------------------------------------


def _wider_limits(before: Any, after: Any) -> Iterator[str]:
    for group, name in _LIMITS:
        old, new = _part(getattr(before, group), name), _part(getattr(after, group), name)
        if old is not None and (new is None or new > old):
            yield f"{group}.{name} is {'removed' if new is None else 'higher'}"
    if _queues(after) and not _queues(before) and _part(before.concurrency, "max_concurrent_runs"):
        yield "concurrency.max_queue_depth is new"


def _queues(automation: Any) -> bool:
    return _part(automation.concurrency, "max_queue_depth") is not None


def _part(group: Any, name: str) -> Any:
    return group.get(name) if group else None


def _more_runs(before: Any, after: Any) -> bool:
    """Return whether more runs may fit into a window of the old length."""
    if before is None or after is None:
        return before is not None
    windows = -(-before["window_seconds"] // after["window_seconds"])
    return bool(windows * after["max_per_window"] > before["max_per_window"])


# --- actions and sessions -------------------------------------------------------------------------


def _more_actions(before: Iterable[Any], after: Iterable[Any]) -> Iterator[str]:
    """Yield how actions start or wake more than before; prompts do not count."""
    new = Counter(map(_effect, after)) - Counter(map(_effect, before))
    yield from sorted({_EFFECTS.get(type, f"it has a new action {type}") for type, _ in new})


_EFFECTS: Final = {
    START: "its actions start more sessions",
    MONITOR: "it watches another channel",
    MESSAGE: "it messages another session",
}


def _effect(action: Any) -> tuple[str, str]:
    """Return what an action starts or wakes; the whole action if its type is unknown."""
    type = action["type"]
    if type == MESSAGE and action.get("auto_create"):
        type = START
    targets = {
        START: "",
        MESSAGE: action.get("target_devin_id"),
        MONITOR: as_json(action.get("slack_monitor_config")),
    }
    return type, str(targets.get(type, as_json(action)))


def _longer_sessions(before: Any, after: Any) -> Iterator[str]:
    """Yield how its sessions may become more expensive."""
    old, new = (_part(values.session_settings, "devin_mode") for values in (before, after))
    if old != new and _MODES.get(new, _DEAREST) >= _MODES.get(old, _MODES[None]):
        yield f"session_settings.devin_mode is {new or 'that of the organization'}"
    if _unattended(after) > _unattended(before):
        yield "its sessions no longer wait for approvals"
    for name, order in REPLY_ACCESS.items():
        if _is_wider(getattr(before, name), getattr(after, name), order):
            yield f"more people may reply to its sessions ({name})"


def _is_wider(old: Any, new: Any, order: Sequence[str]) -> bool:
    """Return whether a reply access may admit more people than another.

    An unset one is the narrowest, and one that is not in the order the widest.
    """
    old, new = old or order[0], new or order[0]
    ranks = {access: rank for rank, access in enumerate(order)}
    return old != new and ranks.get(new, len(order)) >= ranks.get(old, len(order))


_MODES: Final = {"lite": 0, None: 1, "normal": 1, "fast": 1, "fusion": 1, "ultra": 2}
"""Mode of Devin → rank of what it costs. Modes of one rank may cost more than each other."""

_DEAREST: Final = 3
"""The rank of every other mode: how they compare with these is not documented. So a change from one
counts as if it cost no more than the ordinary modes.
"""

REPLY_ACCESS: Final = {
    "slack_reply_access": ("devin_users", "slack_users", "external_slack_users"),
    "teams_reply_access": ("devin_users", "teams_users"),
}


def _unattended(automation: Any) -> int:
    """Return how many of its actions start sessions that do not wait for approvals."""
    sessions = (action.get("session") for action in automation.actions or ())
    return sum(
        bool(session.get("bypass_approval")) for session in sessions if isinstance(session, dict)
    )


# --- the budget in words --------------------------------------------------------------------------


def budget(automation: Any) -> str:
    """Return how many sessions an automation may start and what they may cost, in words."""
    invocations = _part(automation.limits, "invocations")
    acus = _part(automation.limits, "max_acu_limit")
    if invocations is None and acus is None:
        return "sessions without a limit"
    each = (
        "each without an ACU limit" if acus is None else f"each with up to {_counted(acus, 'ACU')}"
    )
    if invocations is None:
        return f"any number of sessions, {each}"
    number = invocations["max_per_window"] * max(len(automation.actions or ()), 1)
    window = _window(invocations["window_seconds"])
    total = "" if acus is None else f": up to {_counted(number * acus, 'ACU')} in {window}"
    return f"up to {_counted(number, 'session')} in {window}, {each}{total}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _window(seconds: int) -> str:
    if seconds % DAY_S == 0 and seconds > DAY_S:
        return f"{seconds // DAY_S} days"
    for length, unit in ((HOUR_S, "h"), (MINUTE_S, "min")):
        if seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
