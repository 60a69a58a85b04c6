"""What an automation may cost, and whether a change lets it cost more. Pure."""

from __future__ import annotations

from collections.abc import Iterator
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
    known = set(map(as_json, before.triggers or ()))
    if not known.issuperset(map(as_json, after.triggers)):
        yield "a trigger is new or changed"
    if _more_runs(_part(before.limits, "invocations"), _part(after.limits, "invocations")):
        yield "it may run more often"
    yield from _relaxed_limits(before, after)
    if _starting(after) - _starting(before):
        yield "its actions start sessions"


def _relaxed_limits(before: Any, after: Any) -> Iterator[str]:
    for group, name in _LIMITS:
        old, new = _part(getattr(before, group), name), _part(getattr(after, group), name)
        if old is not None and (new is None or new > old):
            yield f"{group}.{name} is {'removed' if new is None else 'higher'}"


def _part(group: Any, name: str) -> Any:
    return group.get(name) if group else None


def _more_runs(before: Any, after: Any) -> bool:
    if before is None or after is None:
        return before is not None
    more = after["max_per_window"] > before["max_per_window"]
    return more or _rate(after) > _rate(before)


def _rate(invocations: Any) -> float:
    return float(invocations["max_per_window"] / invocations["window_seconds"])


def _starting(automation: Any) -> set[str]:
    """Return the types of the actions that start sessions."""
    return {
        action["type"]
        for action in automation.actions or ()
        if action["type"] in (START, MONITOR)
        or (action["type"] == MESSAGE and action.get("auto_create"))
    }


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
