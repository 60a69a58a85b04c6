"""Contexts and entries for the tests of single planning modules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from devinops.model.inventory import Inventory
from devinops.model.kind import Resource
from devinops.model.objects import Declaration, Live, Snapshot, Source
from devinops.model.policy import Approvals, Policy
from devinops.planning.draft import PlanContext


def context(
    lives: Iterable[Live] = (), *, inventory: Inventory | None = None, **policy: Any
) -> PlanContext:
    """Return what a plan is made of on v3, with nothing approved and no folder renamed."""
    snapshot = Snapshot.of(lives)
    return PlanContext(
        "v3",
        Policy(**policy),
        Approvals(),
        date(2026, 1, 1),
        inventory or Inventory(),
        snapshot,
        snapshot,
    )


def entry(resource: Resource, **facts: Any) -> Declaration:
    """Return an entry with these values."""
    return Declaration(resource.kind.key(resource), resource, Source("a.yaml"), **facts)
