"""Says what the approvals of a plan let it cost, and which approvals it still waits for. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from devinops.model.changes import Action, Change, Risk
from devinops.model.keys import Key
from devinops.model.policy import HAZARDS, RISKS, Approval, Approvals, allow
from devinops.planning.draft import last_change
from devinops.planning.plan import ShownPlan
from devinops.planning.run import Plans
from devinops.render import counted


class Danger(NamedTuple):
    """What some changes do, each with a text."""

    title: str
    items: Sequence[tuple[Change, str]]


def dangers(plan: ShownPlan) -> Iterator[Danger]:
    """Yield what an approval lets the plan cost, and what of others it overwrites.

    What is not approved is a refusal or a blocked step.
    """
    hazards = plan.approvals.hazards
    yield from dangers_of(plan.changes, plan.risks if hazards else (), hazards)


def dangers_of(
    changes: Sequence[Change], risks: Sequence[Risk], hazards: Sequence[str]
) -> Iterator[Danger]:
    """Yield what these accepted hazards let changes cost, and what of others they overwrite."""
    # An object that is deleted can have the key of another one.
    written = {change.key: change for change in changes if change.action is not Action.DELETE}
    for name in hazards:
        accepted = [risk for risk in risks if risk.approval == name and risk.key in written]
        if accepted:
            changed = counted(len(accepted), "change")
            title = f"{changed} may {HAZARDS[name].may}, accepted with {allow(name)}"
            yield Danger(title, [(written[risk.key], risk.text) for risk in accepted])
    lost = [(change, _lost(change)) for change in changes if change.overwrites]
    if lost:
        overwrite = "change overwrites" if len(lost) == 1 else "changes overwrite"
        yield Danger(f"{len(lost)} {overwrite} what was changed outside devinops", lost)


def _lost(change: Change) -> str:
    """Return what a change overwrites, and who changed the object last and when, if known."""
    live = change.live
    last = last_change(live.updated_at, live.updated_by) if live else ""
    return "; ".join(filter(None, (", ".join(change.overwrites), last)))


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


def to_approve(plans: Plans, in_root: str) -> Iterator[str]:
    """Yield sentences about what to pass or to enter for the only target of a run.

    They are those of `how_to_approve`, with commands in backticks.
    """
    blocked = [(step.key, step.approval) for step, _ in plans.blocked]
    refused = [*plans.refusals, *(refusal for refusal, _ in plans.refused)]
    needs = dict.fromkeys([*(each.approval for each in refused), *(each for _, each in blocked)])
    target = plans.targets[0].name
    yield from _sentences(
        list(filter(None, needs)),
        blocked,
        plans.approvals,
        in_root,
        target,
        lambda text: f"`{text}`",
    )


def how_to_decide(approval: Approval, command: str, given: Approvals) -> Iterator[str]:
    """Yield the command for each way to decide, or to approve, in backticks."""
    start = " ".join(map(str, [command, *given.given()]))
    if not approval.is_decision:
        yield f"to approve: `{start} {approval}`"
    for value in approval.values if approval.is_decision else ():
        yield f"{_DECIDES[value]}: `{start} {approval.option} {value}`"


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
    blocked = [(block.key, block.approval) for block in plan.blocked]
    needed, target = needed_approvals(plan), plan.target.name
    yield from _sentences(needed, blocked, plan.approvals, flags, target, code)


def _sentences(
    needed: Sequence[Approval],
    blocked: Sequence[tuple[Key, Approval | None]],
    approved: Approvals,
    in_root: str,
    target: str,
    code: Callable[[str], str],
) -> Iterator[str]:
    command = f"devinops apply{in_root} --target {shlex.quote(target)}"
    renewed = {a.option for a in needed if not a.is_decision and a not in RISKS}
    given = [approval for approval in approved.given() if approval.option not in renewed]
    if approvals := [approval for approval in needed if not approval.is_decision]:
        options = " ".join(map(str, [*given, *approvals]))
        inputs = ", ".join(map(code, _inputs([*given, *approvals])))
        yield f"To approve: {code(f'{command} {options}')}, or {_entered(inputs)}"
    command = " ".join(map(str, [command, *given]))
    for decision in needed:
        if decision.is_decision:
            ways = " or ".join(
                f"{code(f'{decision.option} {value}')} ({_WINS[value]})"
                for value in decision.values
            )
            inputs = " or ".join(code(_input(decision, value)) for value in decision.values)
            yield f"To decide: pass {ways} to {code(command)}, or {_entered(inputs)}"
            keys = [key for key, approval in blocked if approval == decision]
            if len(keys) > 1:
                for_one_key = Approval(decision.option, (f"{decision.values[0]}={keys[0]}",))
                yield f"To decide about one object only, add its key: {code(str(for_one_key))}"


def _entered(inputs: str) -> str:
    return f"enter {inputs} in a manual run of the workflow."


def _inputs(approvals: Sequence[Approval]) -> Iterator[str]:
    """Yield approvals as the inputs of a workflow, which has one for all accepted risks."""
    if risks := [RISKS[approval] for approval in approvals if approval in RISKS]:
        yield f"allow: {', '.join(risks)}"
    yield from (_input(approval) for approval in approvals if approval not in RISKS)


def _input(approval: Approval, value: str = "") -> str:
    """Return an approval as the input of a workflow."""
    shown = value or next(iter(approval.values), "true")
    return f"{approval.option.removeprefix('--').replace('-', '_')}: {shown}"
