"""Says what a plan costs and what it overwrites, which matters most once it is approved. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from devinops.model.changes import Action, Change
from devinops.model.policy import allow
from devinops.planning.draft import last_change
from devinops.planning.saved import ShownPlan
from devinops.render import counted


class Danger(NamedTuple):
    """What some changes do, each with a text."""

    title: str
    items: Sequence[tuple[Change, str]]


def dangers(plan: ShownPlan) -> Iterator[Danger]:
    """Yield what an approval lets the plan cost, and what of others it overwrites.

    What is not approved is a refusal or a blocked step.
    """
    # An object that is deleted can have the key of another one.
    changes = {change.key: change for change in plan.changes if change.action is not Action.DELETE}
    for name in plan.approvals.hazards:
        risks = [risk for risk in plan.risks if risk.approval == name and risk.key in changes]
        if risks:
            title = f"{counted(len(risks), 'change')} may {name}, accepted with {allow(name)}"
            yield Danger(title, [(changes[risk.key], risk.text) for risk in risks])
    lost = [(change, _lost(change)) for change in plan.changes if change.overwrites]
    if lost:
        overwrite = "change overwrites" if len(lost) == 1 else "changes overwrite"
        yield Danger(f"{len(lost)} {overwrite} what was changed outside devinops", lost)


def _lost(change: Change) -> str:
    """Return what a change overwrites, and who changed the object last and when, if known."""
    live = change.live
    last = last_change(live.updated_at, live.updated_by) if live else ""
    return "; ".join(filter(None, (", ".join(change.overwrites), last)))
