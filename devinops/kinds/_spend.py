"""What an automation may cost, and whether a change lets it cost more. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from devinops.kinds._automation import MESSAGE, MONITOR, START
from devinops.kinds._nested import as_json

DAY_S, HOUR_S, MINUTE_S = 86_400, 3_600, 60


def risk(before: Any, after: Any) -> str:
    """Return what an automation may start if a change lets it start more; empty if it does not.

    `before` is None for a create. An automation that is disabled or has no trigger costs nothing.
    """
    if not _is_active(after):
        return ""
    reasons = ", ".join(_reasons(before, after))
    return f"may start {budget(after)} ({reasons})" if reasons else ""


def _is_active(automation: Any) -> bool:
    return automation.enabled is not False and bool(automation.triggers)


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
    if _more_events(before.triggers or (), after.triggers):
        yield "a trigger is new or changed"
    yield from _wider_limits(before, after)
    yield from _more_actions(before.actions or (), after.actions or ())
    yield from _longer_sessions(before, after)


# --- events ---------------------------------------------------------------------------------------


def _more_events(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Return whether triggers may start more than those before."""
    if len(after) > len(before):
        return True
    return not all(any(_covers(old, new) for old in before) for new in after)


def _covers(old: Any, new: Any) -> bool:
    """Return whether a trigger reacts to everything that a new one reacts to, in as many ways."""
    replies = set(map(as_json, old.get("replies", ())))
    return (
        old["event_type"] == new["event_type"]
        and replies.issuperset(map(as_json, new.get("replies", ())))
        and _admits(old.get("conditions"), new.get("conditions"))
    )


def _admits(old: Any, new: Any) -> bool:
    """Return whether conditions certainly hold if the new ones do; None always holds.

    One of the groups must hold, and all conditions of it: fewer groups and more conditions narrow.
    """
    if old is None or old == new:
        return True
    groups = _groups(new)
    return bool(groups) and all(any(one <= group for one in _groups(old)) for group in groups)


def _groups(conditions: Any) -> list[set[str]]:
    groups = conditions["any"] if conditions else ()
    return [set(map(as_json, group["all"])) for group in groups]


# --- limits ---------------------------------------------------------------------------------------


def _wider_limits(before: Any, after: Any) -> Iterator[str]:
    if _more_runs(_part(before.limits, "invocations"), _part(after.limits, "invocations")):
        yield "it may run more often"
    yield from _relaxed_limits(before, after)


def _relaxed_limits(before: Any, after: Any) -> Iterator[str]:
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
    if before is None or after is None:
        return before is not None
    more = after["max_per_window"] > before["max_per_window"]
    return more or _rate(after) > _rate(before)


def _rate(invocations: Any) -> float:
    return float(invocations["max_per_window"] / invocations["window_seconds"])


# --- actions and sessions -------------------------------------------------------------------------


def _more_actions(before: Iterable[Any], after: Iterable[Any]) -> Iterator[str]:
    """Yield how actions start or wake more than before; prompts do not count."""
    new = Counter(filter(None, map(_effect, after))) - Counter(filter(None, map(_effect, before)))
    yield from sorted(_EFFECTS[type] for type in {type for type, _ in new})


_EFFECTS: Final = {
    START: "its actions start more sessions",
    MONITOR: "it watches another channel",
    MESSAGE: "it messages another session",
}


def _effect(action: Any) -> tuple[str, str] | None:
    """Return what an action starts or wakes; None for an action of an unknown type."""
    type = action["type"]
    if type == MESSAGE and action.get("auto_create"):
        type = START
    targets = {
        START: "",
        MESSAGE: action.get("target_devin_id"),
        MONITOR: as_json(action.get("slack_monitor_config")),
    }
    return (type, str(targets[type])) if type in targets else None


def _longer_sessions(before: Any, after: Any) -> Iterator[str]:
    """Yield how its sessions may become more expensive."""
    old, new = (_part(one.session_settings, "devin_mode") for one in (before, after))
    if old != new and new != CHEAPEST and old != DEAREST:
        yield f"session_settings.devin_mode is {new or 'that of the organization'}"
    if _unattended(after) > _unattended(before):
        yield "its sessions no longer wait for approvals"
    for name in REPLY_ACCESS:
        if _people(after, name) > _people(before, name):
            yield f"more people may reply to its sessions ({name})"


def _people(automation: Any, name: str) -> int:
    """Return how wide a reply access is; 0 for the narrowest one and for an unknown value."""
    access, order = getattr(automation, name), REPLY_ACCESS[name]
    return order.index(access) if access in order else 0


CHEAPEST, DEAREST = "lite", "ultra"
"""The modes of Devin at both ends; how the others compare is not documented."""

REPLY_ACCESS: Final = {
    "slack_reply_access": ("devin_users", "slack_users", "external_slack_users"),
    "teams_reply_access": ("devin_users", "teams_users"),
}


def _unattended(automation: Any) -> int:
    """Return how many of its actions start sessions that do not wait for approvals."""
    sessions = (action.get("session") or {} for action in automation.actions or ())
    return sum(bool(session.get("bypass_approval")) for session in sessions)


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
