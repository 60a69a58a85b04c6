"""A saved plan is a type of its own."""

from __future__ import annotations

from devinops.planning.plan import Plan
from devinops.planning.saved import SavedPlan


def test_a_saved_plan_is_no_plan_that_could_be_applied() -> None:
    assert not issubclass(SavedPlan, Plan)
    assert {"target", "changes", "digest", "edited"} <= SavedPlan.__dataclass_fields__.keys()
