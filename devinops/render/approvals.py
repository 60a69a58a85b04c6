"""Says which approvals a plan waits for, and how to give them. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from devinops.model.policy import ALLOW, Approval, Approvals, allow
from devinops.planning.run import Plans

# --- what is missing ----------------------------------------------------------------------------

_WINS: Final = {
    "git": "the files win",
    "live": "the live objects win",
    "overwrite": "the files win",
    "keep": "the live objects stay as they are",
}
_DECIDES: Final = {
    "git": "overwrite the web edit",
    "live": "keep the web edit",
    "overwrite": "overwrite the web edit",
    "keep": "keep the web edit",
}


def needed_approvals(plans: Plans) -> list[Approval]:
    """Return each approval, once, that the plans or a part of them need."""
    refused = [each.approval for each in (*plans.refusals, *(item for item, _ in plans.refused))]
    blocked = [step.approval for step, _ in plans.blocked]
    return list(dict.fromkeys(filter(None, [*refused, *blocked])))


def how_to_approve(plans: Plans, in_root: str) -> Iterator[str]:
    """Yield sentences about what to pass or to enter, for the only target of a run.

    What people can copy is in backticks. The approvals that the plan has already are included,
    because a run does not remember those of another run.
    """
    needed = needed_approvals(plans)
    start = f"devinops apply{in_root} --target {shlex.quote(plans.targets[0].name)}"
    command = " ".join((start, *plans.filters))
    renewed = {each.subject for each in needed if not each.is_decision}
    given = [each for each in plans.approvals.given() if each.subject not in renewed]
    if approvals := [approval for approval in needed if not approval.is_decision]:
        options = " ".join(map(str, [*given, *approvals]))
        inputs = ", ".join(f"`{text}`" for text in _inputs([*given, *approvals]))
        yield f"To approve: `{command} {options}`, or {_entered(inputs)}"
    command = " ".join(map(str, [command, *given]))
    for decision in needed:
        if decision.is_decision:
            ways = [f"`{decision.option} {value}` ({_WINS[value]})" for value in decision.values]
            inputs = " or ".join(f"`{_input(decision, value)}`" for value in decision.values)
            yield f"To decide: pass {' or '.join(ways)} to `{command}`, or {_entered(inputs)}"
            keys = [step.key for step, _ in plans.blocked if step.approval == decision]
            if len(keys) > 1:
                for_one_key = Approval(decision.option, (f"{decision.values[0]}={keys[0]}",))
                yield f"To decide about one object only, add its key: `{for_one_key}`"


def how_to_decide(approval: Approval, command: str, given: Approvals) -> Iterator[str]:
    """Yield the command for each way to decide, or to approve, in backticks."""
    renewed = (allow("targets").subject, () if approval.is_decision else approval.subject)
    start = " ".join(map(str, [command, *(g for g in given.given() if g.subject not in renewed)]))
    if not approval.is_decision:
        yield f"to approve: `{start} {approval}`"
    for value in approval.values if approval.is_decision else ():
        yield f"{_DECIDES[value]}: `{start} {approval.option} {value}`"


def _entered(inputs: str) -> str:
    return f"enter {inputs} in a manual run of the workflow."


def _inputs(approvals: Sequence[Approval]) -> Iterator[str]:
    """Yield approvals as the inputs of a workflow, which has one for all that is allowed."""
    if allowed := [value for each in approvals if each.option == ALLOW for value in each.values]:
        yield f"allow: {', '.join(allowed)}"
    yield from (_input(approval) for approval in approvals if approval.option != ALLOW)


def _input(approval: Approval, value: str = "") -> str:
    """Return an approval as the input of a workflow."""
    shown = value or next(iter(approval.values), "true")
    return f"{approval.option.removeprefix('--').replace('-', '_')}: {shown}"
