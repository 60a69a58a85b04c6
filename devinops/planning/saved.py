"""A plan that was read from a file: it can be shown and compared, and the types refuse to apply it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from devinops.model.changes import Blocked, Change, Drift
from devinops.model.inventory import Inventory
from devinops.model.objects import Problem
from devinops.model.policy import Approvals
from devinops.model.target import Target
from devinops.planning.plan import Plan


@dataclass(frozen=True)
class SavedPlan:
    """A plan as it was saved. Live objects are not in it, and of the inventory only its store and how much it owned.

    `digest` is that of the changes in the document. `edited` says in words that the document was changed after it was
    saved; empty if it was not.
    """

    target: Target
    inventory: Inventory
    owned: int
    digest: str
    edited: str
    changes: tuple[Change, ...]
    blocked: tuple[Blocked, ...]
    drift: tuple[Drift, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    refusals: tuple[str, ...]
    unmanaged: Mapping[str, int]
    unchanged: int
    only: tuple[str, ...]
    approvals: Approvals
    document: Mapping[str, Any] = field(repr=False)


ShownPlan: TypeAlias = Plan | SavedPlan
"""What is shown and compared; see `Plan` for what each member means."""
