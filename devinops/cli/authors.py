"""Who edited what outside, where the lists cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from devinops.model.changes import Drift, Moved
from devinops.model.client import Author, Reader
from devinops.planning.plan import Plan

AROUND_S = 60 * 60
"""So far around the times of the edits the audit log is read: clocks differ."""


def with_authors(plan: Plan, reader: Reader) -> Plan:
    """Return the plan with the authors of its outside edits, as far as the API tells them."""
    return replace(plan, drift=authored(plan.drift, reader)) if plan.drift else plan


def authored(drift: Sequence[Drift], reader: Reader) -> tuple[Drift, ...]:
    """Return outside edits with their authors, as far as the API tells them.

    Playbooks name their last editor themselves; for notes the audit log is asked.
    """
    wanted = {one.id: one.at for one in drift if _unknown(one)}
    times = [at for at in wanted.values() if at is not None]
    if not times:
        return tuple(drift)
    found = reader.authors(list(wanted), min(times) - AROUND_S, max(times) + AROUND_S)
    return tuple(_named(one, found.get(one.id)) for one in drift)


def _unknown(drift: Drift) -> bool:
    return drift.moved is Moved.EDITED and drift.by is None


def _named(drift: Drift, author: Author | None) -> Drift:
    return replace(drift, by=author.who) if author and _unknown(drift) else drift
