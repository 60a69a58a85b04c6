"""Finds the approvals that a plan waits for, so that people are told what to enter. Pure."""

from __future__ import annotations

import re
from typing import Final

from devinops.model.changes import Blocker
from devinops.planning.saved import ShownPlan

_REFUSAL: Final = re.compile(r"pass (--allow-[a-z-]+)(?: (\d+))?$")
_STEPS: Final = (
    (Blocker.APPROVAL, "pass --adopt to take it over", "--adopt", ""),
    (Blocker.CONFLICT, "--on-conflict git or --on-conflict live", "--on-conflict", "git|live"),
)
"""What a step is blocked by, how its reason ends, and the option that it waits for."""


def needed_approvals(plan: ShownPlan) -> dict[str, str]:
    """Return option → value of each approval without which the plan or a part of it stops.

    The value is empty for an option without one, and `git|live` for that choice.
    """
    matches = filter(None, map(_REFUSAL.search, plan.refusals))
    options = {match[1]: match[2] or "" for match in matches}
    waiting = {
        (block.by, end)
        for block in plan.blocked
        for _, end, _, _ in _STEPS
        if block.reason.endswith(end)
    }
    return options | {option: value for by, end, option, value in _STEPS if (by, end) in waiting}
