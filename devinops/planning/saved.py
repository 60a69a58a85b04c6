"""A plan that was read from a file. It can be shown and compared, but not applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from devinops.model.changes import Blocked, Change, Drift, Missing, Refusal, Risk
from devinops.model.inventory import Inventory
from devinops.model.objects import Live, Problem
from devinops.model.policy import Approvals
from devinops.model.target import Target
from devinops.planning.plan import Plan


@dataclass(frozen=True)
class SavedPlan:
    """A plan as it was saved, without live objects.

    Of the inventory it has only the store and the number of owned objects, and of what is unmanaged
    only the numbers.

    `digest` is the fingerprint of the changes in the document. `edited` says that the document was
    changed after it was saved; empty if it was not.
    """

    target: Target
    inventory: Inventory
    owned: int
    digest: str
    edited: str
    changes: tuple[Change, ...]
    blocked: tuple[Blocked, ...]
    missing: tuple[Missing, ...]
    drift: tuple[Drift, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    unmanaged: Mapping[str, int]
    unchanged: int
    only: tuple[str, ...]
    approvals: Approvals
    risks: tuple[Risk, ...]
    document: Mapping[str, Any] = field(repr=False)
    others: tuple[Live, ...] = ()


ShownPlan: TypeAlias = Plan | SavedPlan
"""What is shown and compared; see `Plan` for what each member means."""
