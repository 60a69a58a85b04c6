"""The approvals of hazards, and the kinds that have them."""

from devinops.kinds import KINDS
from devinops.model.policy import HAZARDS


def test_every_hazard_has_its_approval_and_every_approval_a_hazard() -> None:
    approvals = {hazard.approval for kind in KINDS.values() for hazard in kind.hazards}
    assert approvals - {""} == set(HAZARDS)
