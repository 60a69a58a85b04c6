"""Says in sentences what a run over many targets does, for every format. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from shlex import quote
from typing import Any, Final, NamedTuple

from devinops.model.changes import Action, Change, Outcome
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import SHOWN, Key
from devinops.model.objects import Source
from devinops.model.target import TargetState
from devinops.planning.commands import like_commands, pull_command, with_flags
from devinops.planning.lifecycles.required import is_missing
from devinops.planning.run import Plans
from devinops.render import NO_INVENTORY, counted
from devinops.render.approvals import dangers_of
from devinops.render.classes import ChangeClass, FleetPlan, TargetPlan, shared_text
from devinops.render.commands import named_keys
from devinops.render.signs import BLOCKED, FAILED, OUTSIDE, REFUSED, SIGNS
from devinops.render.terminal import Look, Sign
from devinops.render.text import PULLED, alike_once, drift_summary, joined

NOTICED: Final = Sign("*", Look.DIM, "for your information")
STATES: Final = {
    TargetState.FAILED: ("failed: nothing is written", FAILED),
    TargetState.STALE: ("stale: the plan is not the reviewed one, so nothing is written", BLOCKED),
    TargetState.BUSY: ("busy: another run works there", BLOCKED),
    TargetState.HELD: ("held: planned, but never written", NOTICED),
}
"""The states in which nothing is written, the most urgent first, with what each means."""


class Remark(NamedTuple):
    """A sentence about some targets, none if it is about the run, and about the object of a key.

    `word` says in one word what the sentence explains. `in_full`: `where` names all of the targets.
    """

    targets: Sequence[str]
    text: str
    key: Key | None = None
    source: Source | None = None
    word: str = ""
    in_full: bool = False


class Remarks(NamedTuple):
    """Remarks under one title. They may take a `share` of a document that has a limit."""

    title: str
    sign: Sign
    share: float
    remarks: Sequence[Remark]
    hint: str = ""


# --- names ----------------------------------------------------------------------------------------


def many(plan: FleetPlan | Plans, number: int) -> str:
    """Return a number of targets, such as `40 organizations`."""
    return counted(number, "target" if plan.in_enterprise else "organization")


def names(targets: Sequence[str], *, most: int = SHOWN, code: Callable[[str], str] = str) -> str:
    """Return the first names of targets, each marked by `code`, and the number of the others."""
    more = f" and {len(targets) - most} more" if most < len(targets) else ""
    return ", ".join(map(code, targets[:most])) + more


def where(
    plan: FleetPlan,
    targets: Sequence[str],
    *,
    most: int = SHOWN,
    code: Callable[[str], str] = str,
    in_full: bool = False,
) -> str:
    """Return in which targets something is, such as `in 12 organizations: a, b, … and 7 more`.

    `in_full`, all are named, and with their organizations.
    """
    number = f"{many(plan, len(targets))}: " if len(targets) > 1 else ""
    named = names(targets, most=most, code=code)
    return f"in {number}{with_organizations(plan, targets, code) if in_full else named}"


def with_organizations(
    plan: FleetPlan, targets: Sequence[str], code: Callable[[str], str] = str
) -> str:
    """Return the names of all these targets, each with its organization, if that is known."""
    owners = {each.name: each.target.org_id for each in plan.targets if each.target}
    known = ((name, owners.get(name)) for name in targets)
    return ", ".join(code(name) + (f" ({code(owner)})" if owner else "") for name, owner in known)


def title(plan: FleetPlan) -> str:
    """Return how many targets a plan is about; those that are held do not count."""
    return many(plan, len(plan.targets) - plan.count(TargetState.HELD))


def heading(plan: FleetPlan) -> str:
    """Return what was done with how many targets."""
    what = "Drift in" if plan.is_drift else "Apply to" if plan.is_applied else "Plan for"
    return f"{what} {title(plan)}{of_shard(plan)}"


def of_shard(plan: FleetPlan) -> str:
    """Return which shard a plan is, such as ` in shard 1 of 8`; empty if it is of all targets."""
    return f" in shard {plan.shard.number} of {plan.shard.total}" if plan.shard else ""


def facts(answer: Any) -> Iterator[str]:
    """Yield what all targets share: the API, the store of the inventory, and the keys."""
    planned = [target for target in answer.plan.targets if target.target]
    places = [target.target for target in planned if target.target]
    stores = {target.store for target in planned}
    if urls := sorted({place.api_url for place in places}):
        apis = " and ".join(sorted({place.api for place in places}))
        # A target in which no request was needed does not know whether an emulator is there.
        emulator = len(urls) == 1 and any(place.emulator for place in places)
        at = ", ".join(urls[:SHOWN])
        yield f"{'on the emulator ' if emulator else ''}at {at} (API {apis})"
    if len(stores) == 1:
        yield f"inventory: {stores.pop()}"
    if answer.keys:
        yield f"{'' if places else 'with '}API keys from {', '.join(answer.keys[:SHOWN])}"


def without_inventory(plan: FleetPlan) -> Iterator[str]:
    """Yield what it means that targets have no inventory, and which ones have none."""
    known = [target for target in plan.targets if target.target]
    without = [target.name for target in known if target.store == "none"]
    if without:
        yield f"{'' if len(without) == len(known) else f'{names(without)}: '}{NO_INVENTORY}"


# --- plans ----------------------------------------------------------------------------------------


def counts(plan: FleetPlan) -> str:
    """Return the last line of a plan or a report of many targets."""
    return f"{verdict(plan)}." if plan.is_applied else f"{heading(plan)}: {verdict(plan)}."


def verdict(plan: FleetPlan, error: str = "") -> str:
    """Return what happens to how many targets, without the numbers that are zero."""
    if plan.is_applied:
        return _applied(plan)
    planned = [target for target in plan.targets if target.state is TargetState.PLANNED]
    others = joined(
        (
            (sum(bool(target.refusals) for target in planned), "refused"),
            (sum(bool(target.blocked) for target in planned), "blocked in part"),
            (sum(bool(target.drift) for target in planned), "changed outside devinops"),
            (sum(bool(target.moves_from) for target in planned), "with an inventory to rename"),
            *((plan.count(state), state.value) for state in STATES),
        )
    )
    stopped = "refused, " if plan.refusals else "not applied, " if error else ""
    quiet = sum(not target.changes for target in planned)
    changing = _changing(plan.classes, quiet)
    if plan.is_drift:
        changing = "" if plan.drift else "none"
    return stopped + "; ".join(filter(None, (changing, others)))


def _changing(classes: Sequence[ChangeClass], quiet: int) -> str:
    """Return how many targets need which changes."""
    if not classes:
        return "nothing to change"
    first, *rest = (len(group.targets) for group in classes)
    changes = counted(len(classes[0].changes), "change")
    if first > 1:
        counts = [(first, f"need the same {changes}"), (sum(rest), _verb("differ", sum(rest)))]
    elif rest:
        counts = [(len(classes), "need changes of their own")]
    else:
        counts = [(1, f"needs {changes}")]
    return joined([*counts, (quiet, f"{_verb('need', quiet)} none")])


def _verb(verb: str, number: int) -> str:
    return f"{verb}s" if number == 1 else verb


def class_title(plan: FleetPlan, group: ChangeClass) -> str:
    """Return how many targets a class has, or the name of the only one."""
    return many(plan, len(group.targets)) if len(group.targets) > 1 else group.targets[0]


def class_counts(group: ChangeClass) -> str:
    """Return the number of changes by action, such as `2 to create, 1 to update`."""
    actions = Counter(change.action for change in group.changes)
    return joined((actions[action], f"to {SIGNS[action].meaning}") for action in Action)


def remarks(answer: Any, flags: str, *, is_alone: bool = True) -> Iterator[Remarks]:
    """Yield what a person must see besides changes, or besides what was done as planned.

    `flags` is that of `Style`, and is added to the commands in the sentences. A report that is not
    alone comes after the plan, and says nothing again.
    """
    names = like_commands(named_keys(answer._replace(plan=answer.plan.plans)))
    plan = answer.plan
    groups = _of_report(plan, is_alone=is_alone) if plan.is_applied else _of_plan(plan)
    for group in groups:
        lines = [line._replace(text=with_flags(line.text, flags, names)) for line in group.remarks]
        if lines:
            yield group._replace(remarks=lines, hint=with_flags(group.hint, flags, names))


def _of_plan(plan: FleetPlan) -> Iterator[Remarks]:
    refused = [Remark((), refusal.reason) for refusal in plan.refusals]
    yield Remarks("refused: nothing will be applied", REFUSED, 0.1, refused)
    refused = [Remark(targets, refusal.reason) for refusal, targets in plan.refused]
    hint = "to approve, select them with `--target` and pass the option"
    yield Remarks("refused: nothing will be applied in these targets", REFUSED, 0.1, refused, hint)
    for group in plan.classes:
        for title, items in dangers_of(group.changes, group.risks, plan.approvals.hazards):
            costs = [Remark(group.targets, text, change.key) for change, text in items]
            yield Remarks(title, REFUSED, 0.02, costs)
    yield from _states(plan)
    blocked = [
        Remark(targets, step.reason, step.key, step.source, str(step.by))
        for step, targets in plan.blocked
        if not is_missing(step)
    ]
    yield Remarks("blocked until a person decides", BLOCKED, 0.12, blocked)
    missing = [Remark(targets, f"{item.kind} {item.path}") for item, targets in plan.missing]
    yield Remarks("missing: create in the web app, because no API can", BLOCKED, 0.05, missing)
    drift = [
        Remark(targets, drift_summary(item), item.key, item.source)
        for item, targets in alike_once(plan.drift)
    ]
    hint = f"`{pull_command()}` {PULLED}"
    yield Remarks("changed outside devinops, kept", OUTSIDE, 0.08, drift, hint)
    notes = [Remark(targets, note) for note, targets in plan.notes]
    yield Remarks("notes", NOTICED, 0.05, notes)
    warnings = [
        Remark(targets, f"{problem.message} [{problem.code}]", source=problem.source)
        for problem, targets in plan.problems
    ]
    yield Remarks("warnings", NOTICED, 0.05, warnings)


def _states(plan: FleetPlan, *, only_new: bool = False) -> Iterator[Remarks]:
    """Yield the targets in which nothing is written, and why."""
    for state, (meaning, sign) in STATES.items():
        targets = [t for t in plan.targets if t.state is state and (t.is_new or not only_new)]
        messages = _by_text((target.name, _message(target)) for target in targets)
        yield Remarks(meaning, sign, 0.06, messages)


def _message(target: TargetPlan) -> str:
    planned = f" ({counted(target.changes, 'change')} planned)" if target.changes else ""
    return f"{target.message}{planned}"


def _by_text(texts: Iterable[tuple[str, str]]) -> Sequence[Remark]:
    """Return texts with their targets, that of the most targets first.

    A text is that of the first target, and can name its organization.
    """
    groups = defaultdict[str, list[tuple[str, str]]](list)
    for name, text in texts:
        groups[shared_text(text)].append((name, text))
    remarks = [Remark([name for name, _ in group], group[0][1]) for group in groups.values()]
    return sorted(remarks, key=lambda remark: -len(remark.targets))


def deletes(plan: FleetPlan, will: str) -> Iterator[Remarks]:
    """Yield the objects that `will` be deleted or replaced, each once with its targets."""
    writing = {target.name for target in plan.targets if target.writes}
    for action, what in ((Action.DELETE, "deleted"), (Action.REPLACE, "deleted and created again")):
        groups: dict[int, tuple[Change, list[str]]] = {}
        for group in plan.classes:
            targets = writing.intersection(group.targets)
            for change in group.changes:
                if change.action is action and targets:
                    groups.setdefault(id(change), (change, []))[1].extend(targets)
        lines = [
            Remark(sorted(targets), change.reason, change.key, change.source, in_full=True)
            for change, targets in groups.values()
        ]
        number = sum(len(line.targets) for line in lines)
        if lines:
            yield Remarks(f"{counted(number, 'object')} {will} be {what}", REFUSED, 0.15, lines)


def full_command(answer: Any, in_root: str) -> str:
    """Return a command with the options by which it applies exactly these plans."""
    plan = answer.plan
    options = [
        *([f"--wave {answer.wave}"] if answer.wave else []),
        *(f"--target {quote(selector)}" for selector in answer.selectors if not answer.wave),
        *([f"--affected {quote(answer.affected)}"] if answer.affected else []),
        *([f"--shard {plan.shard}"] if plan.shard else []),
        *(f"--only {quote(text)}" for text in plan.only),
        *map(str, plan.approvals.given()),
    ]
    start = f"devinops {answer.command}{in_root}"
    return " ".join((start, *options, f"--expect {plan.digests.digest}"))


def plan_look(plan: FleetPlan) -> Look:
    """Return what a plan or a report of many targets means for its reader."""
    if plan.is_applied:
        return {ExitCode.OK: Look.GOOD, ExitCode.DECIDE: Look.WAITING}.get(
            plan.exit_code(), Look.ERROR
        )
    if plan.refusals or plan.refused or plan.count(TargetState.FAILED):
        return Look.ERROR
    if plan.blocked or plan.count(TargetState.STALE) or plan.count(TargetState.BUSY):
        return Look.WAITING
    return Look.CHANGED if plan.classes or (plan.is_drift and plan.drift) else Look.GOOD


# --- reports --------------------------------------------------------------------------------------


def _applied(plan: FleetPlan) -> str:
    """Return in how many targets all is done of those that needed something, and the counts."""
    planned = [target for target in plan.targets if target.state is TargetState.PLANNED]
    concerned = [t for t in planned if t.changes or t.blocked or t.moves_from]
    finished = sum(map(_is_finished, concerned))
    unwritten = sum(plan.count(state) for state in STATES if state is not TargetState.HELD)
    numbers = plan.outcomes()
    numbers[Outcome.BLOCKED] += sum(target.blocked for target in planned)
    done = joined((numbers[outcome], outcome) for outcome in Outcome)
    renamed = sum(bool(t.moves_from and not t.unverified) for t in planned)
    others = joined(
        (
            (renamed, "with a renamed inventory"),
            *((plan.count(state), state.value) for state in STATES),
        )
    )
    is_interrupted = plan.exit_code() in (ExitCode.INTERRUPTED, ExitCode.TERMINATED)
    word = "Interrupted: applied" if is_interrupted else "Applied"
    details = "; ".join(filter(None, (done, others))) or "nothing to do"
    total = f"{many(plan, len(concerned) + unwritten)}{of_shard(plan)}"
    return f"{word} to {finished} of {total}: {details}"


def _is_finished(target: TargetPlan) -> bool:
    """Return whether all changes of a target are done, even if what is left was not checked."""
    numbers = Counter(target.outcomes)
    is_all_done = numbers.total() == numbers[Outcome.DONE] > 0 and not target.blocked
    return target.exit_code() is ExitCode.OK or bool(target.unverified and is_all_done)


def _of_report(plan: FleetPlan, *, is_alone: bool) -> Iterator[Remarks]:
    not_done = [
        Remark(t, r.message, r.change.key, r.change.source, f"{r.change.action} {r.outcome}")
        for r, t in plan.not_done
    ]
    yield Remarks("not done as planned", FAILED, 0.3, not_done)
    left = [Remark(t, c.reason, c.key, c.source, str(c.action)) for c, t in plan.left]
    yield Remarks("plans made afterwards still have changes", BLOCKED, 0.15, left)
    unverified = _by_text((t.name, t.unverified) for t in plan.targets if t.unverified)
    yield Remarks("what is left could not be checked", BLOCKED, 0.05, unverified)
    waiting = [
        Remark(targets, step.reason, step.key, step.source, str(step.by))
        for step, targets in (*(plan.blocked if is_alone else ()), *plan.waiting)
    ]
    yield Remarks("blocked until a person decides", BLOCKED, 0.1, waiting)
    yield from _states(plan, only_new=not is_alone)


def outcomes(plan: FleetPlan) -> Sequence[Remark]:
    """Return the number of changes by outcome, with the targets that have them."""
    texts = (
        (target.name, joined((target.outcomes[outcome], outcome) for outcome in Outcome))
        for target in plan.targets
        if target.outcomes
    )
    return _by_text((name, text) for name, text in texts if text)


def next_steps(answer: Any, flags: str) -> Iterator[str]:
    """Yield where the backups are, and what to do after a run that was only partly done."""
    plan = answer.plan
    paths = [target.backup for target in plan.targets if target.backup]
    if paths:
        path = PurePosixPath(paths[0])
        run, _, _ = path.name.partition(".")
        backups = f"Backups of {many(plan, len(paths))} are in {path.parent}"
        yield f"{backups}: `devinops rollback {run} --target all` restores them."
    again = flags if " -t " in flags else flags + _unfinished(answer)
    if plan.count(TargetState.STALE):
        yield f"To finish, run `devinops plan{again}`, and review what is left."
    elif plan.exit_code() in (ExitCode.RUN_AGAIN, ExitCode.INTERRUPTED, ExitCode.TERMINATED):
        yield f"To finish, run `devinops apply{again}` again, which plans what is left."


def _unfinished(answer: Any) -> str:
    """Return the options that choose the targets in which something is left."""
    if answer.wave:
        return f" --wave {answer.wave}"
    done = (ExitCode.OK, ExitCode.DECIDE)
    left = [target.name for target in answer.plan.targets if target.exit_code() not in done]
    return "".join(f" -t {name}" for name in left) if 0 < len(left) <= SHOWN else " -t all"
