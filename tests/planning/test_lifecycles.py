"""Every lifecycle has a class that plans it, and every kind has a lifecycle."""

from __future__ import annotations

import pytest

from devinops.kinds import KINDS
from devinops.model.kind import Kind
from devinops.planning.lifecycles import planner
from devinops.planning.lifecycles.contract import Contract
from devinops.planning.lifecycles.managed import Managed
from devinops.planning.lifecycles.required import Required


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_planned(kind: Kind) -> None:
    planned = planner(kind)
    assert all(callable(getattr(planned, name)) for name in ("plan", "orphan", "rollback"))


@pytest.mark.parametrize(
    ("noun", "expected"),
    [("knowledge", Managed), ("playbook", Managed), ("folder", Required), ("secret", Contract)],
)
def test_a_kind_is_planned_by_its_lifecycle(noun: str, expected: type[object]) -> None:
    assert type(planner(KINDS[noun])) is expected
