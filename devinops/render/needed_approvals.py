"""Says which approvals a plan waits for, and what to enter for them. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import Final

from devinops.model.policy import Approval
from devinops.planning.saved import ShownPlan

_WINS: Final = {
    "git": "the files win",
    "live": "the live objects win",
    "overwrite": "the files win",
    "keep": "the live objects stay as they are",
}


def needed_approvals(plan: ShownPlan) -> list[Approval]:
    """Return each approval, once, that the plan or a part of it needs."""
    refused = [refusal.approval for refusal in plan.refusals]
    blocked = [block.approval for block in plan.blocked]
    return list(dict.fromkeys(filter(None, [*refused, *blocked])))


def how_to_approve(plan: ShownPlan, flags: str, code: Callable[[str], str]) -> Iterator[str]:
    """Yield sentences about what to pass or to enter, none if no approval is missing.

    The approvals that the plan has already are included, because a run does not remember those of
    another run. `flags` leads the command to the root, and `code` marks what people can copy.
    """
    needed = needed_approvals(plan)
    command = f"devinops apply{flags} --target {shlex.quote(plan.target.name)}"
    renewed = {approval.option for approval in needed if not approval.is_decision}
    given = [approval for approval in plan.approvals.given() if approval.option not in renewed]
    if approvals := [approval for approval in needed if not approval.is_decision]:
        options = " ".join(map(str, [*given, *approvals]))
        inputs = ", ".join(code(_input(approval)) for approval in [*given, *approvals])
        yield f"To approve: {code(f'{command} {options}')}, or {_entered(inputs)}"
    command = " ".join(map(str, [command, *given]))
    for decision in needed:
        if decision.is_decision:
            ways = _choice(
                f"{code(f'{decision.option} {value}')} ({_WINS[value]})"
                for value in decision.values
            )
            inputs = _choice(code(_input(decision, value)) for value in decision.values)
            yield f"To decide: pass {ways} to {code(command)}, or {_entered(inputs)}"
            keys = [block.key for block in plan.blocked if block.approval == decision]
            if len(keys) > 1:
                one = Approval(decision.option, (f"{decision.values[0]}={keys[0]}",))
                yield f"To decide about one object only, add its key: {code(str(one))}"


def _entered(inputs: str) -> str:
    return f"enter {inputs} in a manual run of the workflow."


def _choice(ways: Iterator[str]) -> str:
    return " or ".join(ways)


def _input(approval: Approval, value: str = "") -> str:
    """Return an approval as the input of a workflow."""
    shown = value or next(iter(approval.values), "true")
    return f"{approval.option.removeprefix('--').replace('-', '_')}: {shown}"
