"""Selectors choose the targets of a run. Pure.

A selector is the name of a target, `all`, or labels with their values: `ring=canary,region=eu`
selects the targets that have both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from devinops.model.credentials import masked
from devinops.model.errors import UsageError
from devinops.model.keys import listed
from devinops.model.suggest import did_you_mean

ALL: Final = "all"

Targets = Mapping[str, Mapping[str, Any]]
"""Name → settings of each target, in the order of the file."""


def select(targets: Targets, selectors: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the targets that at least one selector selects, in their own order.

    Raises UsageError for a selector that selects none.
    """
    selected: set[str] = set()
    for selector in selectors:
        names = {name for name, target in targets.items() if _selects(selector, name, target)}
        if not names:
            raise UsageError(_why_none(selector, targets))
        selected |= names
    return tuple(name for name in targets if name in selected)


def pairs(target: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the labels of a target, each as `label=value`."""
    return tuple(f"{label}={value}" for label, value in (target.get("labels") or {}).items())


def _selects(selector: str, name: str, target: Mapping[str, Any]) -> bool:
    if "=" in selector:
        return set(selector.split(",")) <= set(pairs(target))
    return selector in (name, ALL)


def _why_none(selector: str, targets: Targets) -> str:
    """Return why a selector selects no target, with the nearest names and labels."""
    known = sorted({pair for target in targets.values() for pair in pairs(target)})
    selector = masked(selector)
    if "=" in selector:
        parts = selector.split(",")
        if "" in parts:
            return f'"{selector}" has a comma without a label before or after it: remove it'
        unknown = next((part for part in parts if part not in known), "")
        hint = did_you_mean(unknown, known)
        labels = f"the labels are {', '.join(_values(known))}" if known else "no target has labels"
        return f"no target has {' and '.join(parts)}{hint}; {labels}"
    if "," in selector:
        return (
            f'there is no target "{selector}": a comma stands between labels; for several '
            "targets, pass --target once for each"
        )
    hint = did_you_mean(selector, [*targets, *known])
    return f'there is no target "{selector}"{hint}; devinops.yaml declares {listed(targets)}'


def _values(known: Iterable[str]) -> Iterator[str]:
    """Yield each label with its values, such as `ring (canary, early)`."""
    values: dict[str, list[str]] = {}
    for pair in known:
        label, _, value = pair.partition("=")
        values.setdefault(label, []).append(value)
    for label, all in values.items():
        yield f"{label} ({listed(all)})"
