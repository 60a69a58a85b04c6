"""Makes the report of a run. Only this knows that one target is special. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from shlex import quote
from typing import Final

from devinops.model.changes import Action, Blocked, Blocker, Outcome
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import SHOWN
from devinops.model.target import Target, TargetState
from devinops.planning.digest_list import DigestList
from devinops.planning.run import Plans, RunTarget
from devinops.render import NO_INVENTORY, Style, counted, joined
from devinops.render.answers import RunAnswer
from devinops.render.by_change import totals
from devinops.render.commands import named_keys
from devinops.render.escape import line
from devinops.render.problem_report import lint_blocks
from devinops.render.report import Block, Part, Report, Row, TargetRow
from devinops.render.run_blocks import STATES, RunBlocks, block, objects, select
from devinops.render.signs import BLOCKED, OUTCOMES, REFUSED, SIGNS
from devinops.render.terminal import Look, Sign
from devinops.render.where import names, ranges

MERGE: Final = "Merge to apply this plan. If the plan is different then, nothing is applied."
MERGE_MANY: Final = (
    "Merge to apply this plan. In an organization whose plan is different then, nothing is applied."
)
CANNOT_APPLY: Final = "This plan cannot be applied: see the top for what to fix or to approve."
_NO_VALUE: Final = "the value of a secret, which no backup can hold"
_CHANGED: Final = Sign("~", Look.CHANGED, "to change")
_QUIET: Final = Sign("=", Look.DIM, "nothing to change")
_UNFINISHED_CODES: Final = (ExitCode.RUN_AGAIN, ExitCode.INTERRUPTED, ExitCode.TERMINATED)


def report_of(answer: RunAnswer, style: Style) -> Report:
    """Return what a run says to people, about one target or many."""
    run = RunBlocks(answer, style)
    plans, one = answer.plans, run.one
    untouched = _untouched(plans) if one else ""
    verdict = _verdict(run)
    applies = not (run.stopped or plans.is_applied or plans.is_drift)
    moves = any(target.moves_from for target in plans.targets)
    planned, can_apply = bool(plans.by_action or moves), applies and bool(plans.writing or moves)
    subject, blocks = _subject(run), tuple(_with_uses(each, answer.uses) for each in _blocks(run))
    return Report(
        subject=subject,
        show=show_command(style.flags),
        title=subject.removeprefix("Plan for ") if not one else subject,
        verdict=verdict,
        sentence=_sentence(run, subject, _verdict(run, untouched)),
        look=_look(run, blocks),
        blocks=blocks,
        untouched=untouched,
        about=tuple(_about(run)),
        without_inventory=tuple(_without_inventory(plans)),
        targets=() if one else tuple(_targets(run)),
        command=_command(run) if can_apply else "",
        stop=CANNOT_APPLY if planned and not (can_apply or plans.is_applied) else "",
        merge=_merge(run) if can_apply else "",
        target=one.target if one else None,
        digest=plans.digest if applies else "",
        plan_digest="" if plans.is_applied or plans.is_drift else plans.digest,
        digests=plans.digests if applies and not one else DigestList({}),
        next=tuple(_next(run)),
        backup=_backup(run),
        filters=tuple(
            each for each in (("only", plans.only), ("without", plans.exclude)) if each[1]
        ),
        approved=tuple(map(str, plans.approvals.given())),
        keys=frozenset(line(str(key)) for key in named_keys(answer)),
        lint=answer.lint,
        is_brief=answer.approved,
        is_applied=plans.is_applied,
        is_drift=plans.is_drift,
    )


def _with_uses(shown: Block, uses: Mapping[str, str]) -> Block:
    """Return the block; what changes has beside it how often sessions used it."""
    if not uses or shown.part not in (Part.CHANGES, Part.DELETES):
        return shown
    rows = (row._replace(uses=uses.get(str(row.was or row.key), "")) for row in shown.rows)
    return shown._replace(rows=tuple(rows))


def show_command(flags: str) -> str:
    """Return the command that shows all of a plan; `flags` is that of `Style`."""
    return f"devinops plan{flags} -v"


def _blocks(run: RunBlocks) -> Iterator[Block]:
    plans = run.plans
    if plans.is_applied:
        yield from run.results()
        if run.answer.is_alone:
            yield from run.blocked("blocked")
            yield from run.dangers() if run.one else ()
            yield from run.drift() if run.one else ()
        if not run.one:
            yield from run.states(only_new=not run.answer.is_alone)
        return
    yield from run.attention()
    yield from run.changes()
    yield from run.unmanaged()
    yield from run.warnings()
    if run.answer.lint:
        yield from lint_blocks(run.answer.lint)
    if not run.one:
        yield from _by_target(run)


def _by_target(run: RunBlocks) -> Iterator[Block]:
    """Yield which changes concern which targets, unless they are the same for all."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for target in run.plans.targets:
        changes, blocked = _numbers(run, target.name), run.blocked_in[target.name]
        parts = (
            changes and f"{'change' if changes.isdecimal() else 'changes'} {changes}",
            f"{blocked} blocked" if blocked else "",
            "" if target.state is TargetState.PLANNED else str(target.state),
        )
        groups[", ".join(filter(None, parts))].append(target.name)
    rows = []
    for what, targets in groups.items():
        if what:
            text, where = f"{what} ({len(targets):,})", run.places.named(targets)
            rows.append(Row(text=text, where=where, targets=tuple(targets)))
    yield from block(Part.TARGETS, f"By {run.places.noun}", rows if len(rows) > 1 else ())


def _numbers(run: RunBlocks, name: str) -> str:
    """Return the numbers of the changes of a target, such as `1–4 and its own`."""
    shared, own = run.by_change.by_target.get(name, ((), 0))
    return " and ".join(filter(None, (", ".join(ranges(shared, "–")), "its own" if own else "")))


# --- what it is about -----------------------------------------------------------------------------


def _subject(run: RunBlocks) -> str:
    """Return what a report is about: a target, or how many targets of how many."""
    plans = run.plans
    what = "Drift in" if plans.is_drift else _done(run) if plans.is_applied else "Plan for"
    if run.one:
        return f"{what} {run.one.name}"
    counting, every = _concerned(plans), [*plans.targets]
    if plans.is_applied:
        number, total = sum(map(run.is_finished, counting)), len(counting) + len(_unwritten(plans))
        if not total:
            return "Nothing to apply"
    else:
        number, total = len(counting) or len(every), len(every)
    of = f"{number:,} of " if number != total or plans.is_applied else ""
    shard = f" in shard {plans.shard.number} of {plans.shard.total}" if plans.shard else ""
    return f"{what} {of}{run.places.many(total)}{shard}"


def _concerned(plans: Plans) -> list[RunTarget]:
    """Return the targets in which something happens; in drift, in which something was changed."""
    if plans.is_drift:
        names = set(plans.numbers("drift"))
    elif plans.is_applied:
        names = {*plans.by_action, *plans.numbers("blocked")}
    else:
        names = set(plans.writing)
    planned = (each for each in plans.targets if each.state is TargetState.PLANNED)
    return [each for each in planned if each.name in names or each.moves_from]


def _unwritten(plans: Plans) -> list[RunTarget]:
    """Return the targets in which a run could not write, although it should."""
    ready = (TargetState.PLANNED, TargetState.HELD)
    return [target for target in plans.targets if target.state not in ready]


def _about(run: RunBlocks) -> Iterator[str]:
    """Yield whose objects a report is about, and what all targets share."""
    places = [each.target for each in run.plans.targets if each.target]
    if places:
        yield f"{f'{places[0].owner} ' if run.one else ''}{_api(places)}"
    stores = {each.store for each in run.plans.targets if each.target}
    if len(stores) == 1:
        owned = run.one and run.one.store != "none" and not run.plans.is_applied
        number = f", {run.one.owned} owned" if owned and run.one else ""
        yield f"inventory: {stores.pop()}{number}"
    if run.answer.keys and not run.one:
        start = "" if places else "with "
        yield f"{start}API keys from {', '.join(run.answer.keys[:SHOWN])}"


def _api(places: Sequence[Target]) -> str:
    urls, apis = {place.api_url for place in places}, {place.api for place in places}
    # A target in which no request was needed does not know whether an emulator is there.
    emulator = len(urls) == 1 and any(place.emulator for place in places)
    at = f"at {', '.join(sorted(urls)[:SHOWN])} (API {' and '.join(sorted(apis))})"
    return f"{'on the emulator ' if emulator else ''}{at}"


def _without_inventory(plans: Plans) -> Iterator[str]:
    """Yield what it means that targets have no inventory, and which ones have none."""
    known = [target for target in plans.targets if target.target]
    without = [target.name for target in known if target.store == "none"]
    if without:
        yield f"{'' if len(without) == len(known) else f'{names(without)}: '}{NO_INVENTORY}"


def _untouched(plans: Plans) -> str:
    unchanged = sum(target.unchanged for target in plans.targets)
    unmanaged = sum(sum(target.unmanaged.values()) for target in plans.targets)
    others = [bool(row.owner) for _, at in plans.others for row in at]
    foreign = sum(others) if plans.is_drift else 0
    unmanaged = unmanaged or len(others) - sum(others)
    counts = (unchanged, "unchanged"), (unmanaged, "unmanaged"), (foreign, "of other owners")
    return joined(counts)


# --- what happens ---------------------------------------------------------------------------------


def _sentence(run: RunBlocks, subject: str, verdict: str) -> str:
    """Return the last line in a terminal."""
    if run.one and run.one.target:
        subject = subject.removesuffix(run.one.name) + run.one.target.full_name
    return f"{subject}: {verdict}."


def _verdict(run: RunBlocks, untouched: str = "") -> str:
    """Return what is done, whether it is refused or not applied, and what is not done."""
    plans, one = run.plans, run.one
    if plans.is_applied:
        return _outcomes(run)
    if plans.is_drift:
        number = sum(plans.numbers("drift").values())
        changed = f"{counted(number, 'object')} changed outside devinops" if number else "none"
        listed = f"{untouched} (-v lists them)" if untouched and not run.style.full else untouched
        return _parts(changed, *_states(run), listed)
    stopped = run.stopped and f"{run.stopped}, "
    if one:
        actions = plans.summary()
        changes = joined((actions[action], f"to {SIGNS[action].meaning}") for action in Action)
    else:
        planned = totals(plans.summary())
        changes = totals(plans.summary(plans.writing)) or (planned and f"{planned} not applied")
    renaming = sum(bool(target.moves_from) for target in plans.targets)
    inventory = "the inventory" if one else counted(renaming, "inventory", "inventories")
    moves = f"{inventory} to rename" if renaming else ""
    states = "" if one else ", ".join(_states(run))
    waiting = ", ".join(filter(None, (*_waiting(run), untouched)))
    nothing = "nothing to change" if plans.writable or not states else ""
    return stopped + _parts(changes or nothing, moves, states, waiting)


def _parts(*texts: str) -> str:
    return "; ".join(filter(None, texts))


def _waiting(run: RunBlocks) -> Iterator[str]:
    """Yield how many steps are blocked, and how many objects were changed outside and stay."""
    blocked = [(step, at) for step, at in run.each("blocked")]
    if number := sum(len(at) for _, at in blocked):
        needed_by = _needed_by([step for step, _ in blocked])
        where = f" in {run.places.exactly(run.blocked_in)}"
        yield f"{number} blocked{needed_by if run.one else where}"
    if number := sum(len(at) for _, at in run.each("drift")):
        yield f"{number} changed outside devinops (kept)"


def _needed_by(blocked: Sequence[Blocked]) -> str:
    """Return what entries need that is missing or blocked, and how many need it; empty if none."""
    needed = [step for step in blocked if step.needed_by]
    if not needed:
        return ""
    # An entry may need several of them.
    entries = len({key for step in needed for key in step.needed_by})
    is_missing = {step.by for step in needed} == {Blocker.REQUIREMENT}
    what = objects([Row(step.key) for step in needed], len(needed)) + " missing" * is_missing
    return f" ({what}, needed by {counted(entries, 'entry', 'entries')})"


def _states(run: RunBlocks) -> Iterator[str]:
    """Yield the targets in which nothing is written, by their state, and how many need nothing."""
    plans = run.plans
    if run.refused and not plans.refusals:
        yield f"{_few(run, run.refused)} refused"
    for state in STATES:
        if targets := [each.name for each in plans.targets if each.state is state]:
            yield f"{_few(run, targets)} {state}"
    quiet = len(plans.writable) - len(plans.writing)
    if plans.writing and quiet and not plans.is_applied:
        yield f"{counted(quiet, 'needs', 'need')} nothing"


def _few(run: RunBlocks, targets: Sequence[str]) -> str:
    return targets[0] if len(targets) == 1 else run.places.many(len(targets))


def _done(run: RunBlocks) -> str:
    """Return in one word or a few whether a run did all that it should do."""
    plans = run.plans
    if not run.one:
        return "Interrupted: applied to" if run.interrupted else "Applied to"
    if run.interrupted:
        return "Interrupted in"
    if (run.counts or plans.blocked) and not run.counts[Outcome.DONE]:
        return "Not fully applied to" if plans.wrote else "Nothing was applied to"
    partly = run.counts[Outcome.FAILED] or run.counts[Outcome.SKIPPED]
    return "Partly applied to" if partly else "Applied to"


def _outcomes(run: RunBlocks) -> str:
    """Return the number of changes and steps by outcome, and the targets by state."""
    counts = Counter(run.counts)
    blocked = sum(len(at) for _, at in run.each("blocked"))
    if run.one:
        counts[Outcome.BLOCKED] += blocked
    numbers = joined((counts[outcome], outcome) for outcome in Outcome)
    if run.one:
        return numbers or ("the inventory renamed" if run.one.moves_from else "nothing to do")
    changes = "change" if numbers.startswith("1 ") else "changes"
    parts = [numbers.replace(" ", f" {changes} ", 1)]
    renamed = sum(bool(each.moves_from and not each.unverified) for each in _concerned(run.plans))
    parts += [f"{counted(blocked, 'step')} blocked"] if blocked else []
    parts += [f"{counted(renamed, 'inventory', 'inventories')} renamed"] if renamed else []
    return _parts(*parts, ", ".join(_states(run))) or "nothing to do"


def _look(run: RunBlocks, blocks: Sequence[Block]) -> Look:
    """Return what a report means for its reader: the most urgent of what its blocks do."""
    plans, looks = run.plans, {block.look for block in blocks if block.level}
    if Look.ERROR in looks or (plans.is_applied and (run.interrupted or _unwritten(plans))):
        return Look.ERROR
    if Look.WAITING in looks or plans.blocked:
        return Look.WAITING
    return Look.CHANGED if plans.writing or (plans.is_drift and plans.drift) else Look.GOOD


# --- what to do -----------------------------------------------------------------------------------


def _command(run: RunBlocks) -> str:
    """Return the command with the options by which it applies exactly these plans."""
    answer, plans = run.answer, run.plans
    if run.one:
        options = [f"--target {quote(run.one.name)}"]
    else:
        options = [
            *([f"--wave {answer.wave}"] if answer.wave else []),
            *(f"--target {quote(selector)}" for selector in answer.selectors if not answer.wave),
            *([f"--affected {quote(answer.affected)}"] if answer.affected else []),
            *([f"--shard {plans.shard}"] if plans.shard else []),
        ]
    options += plans.filters
    options += [str(approval) for approval in plans.approvals.given()]
    start = f"devinops {answer.command}{run.style.in_root}"
    return " ".join((start, *options, f"--expect {plans.digest}"))


def _merge(run: RunBlocks) -> str:
    """Return what applies a plan, before the command that does the same by hand."""
    job, plans = run.style.job, run.plans
    stays = "What is blocked stays as it is. " if plans.blocked and run.one else ""
    if not (job and job.in_request and not plans.filters):
        what = "this plan" if run.one else "these plans"
        return f"{stays}This applies exactly {what}, or nothing:"
    return f"{MERGE if run.one else MERGE_MANY} {stays}By hand:"


def _next(run: RunBlocks) -> Iterator[str]:
    """Yield what to do after a run that was only partly done."""
    answer, plans, flags = run.answer, run.plans, run.style.flags
    if not plans.is_applied or plans.exit_code() not in _UNFINISHED_CODES:
        return
    if answer.backup_used:
        # By name: `latest` is now the backup of this rollback.
        yield f"To finish, run `devinops rollback{flags} {answer.backup_used}` again."
        return
    again = flags if run.one or " -t " in flags else f"{flags}{_left(run)}"
    if plans.count(TargetState.STALE):
        yield f"To finish, run `devinops plan{again}`, and review what is left."
    else:
        yield f"To finish, run `devinops apply{again}` again, which plans what is left."


def _left(run: RunBlocks) -> str:
    """Return the options that choose the targets in which something is left."""
    if run.answer.wave:
        return f" --wave {run.answer.wave}"
    done = (ExitCode.OK, ExitCode.DECIDE)
    left = [each.name for each in run.plans.targets if run.plans.exit_code_of(each) not in done]
    return select(left) or " -t all"


def _backup(run: RunBlocks) -> tuple[str, str]:
    """Return where the objects are that were overwritten or deleted, and how to restore them."""
    saved = [target for target in run.plans.targets if target.backup]
    if not saved:
        return "", ""
    path = PurePosixPath(saved[0].backup or "")
    lost = ", ".join(dict.fromkeys(str(key) for target in saved for key in target.unsaved))
    limits = f"cannot restore {_NO_VALUE}: {lost}"
    if not any(target.restorable for target in saved) and lost:
        return str(path), f"`devinops rollback` {limits}"
    name, _, _ = path.name.partition(".")
    if run.one:
        restore, where = f"`devinops rollback{run.style.flags} {name}`", str(path)
    else:
        restore = f"`devinops rollback{run.style.in_root} {name} --target all`"
        where = f"{path.parent}, of {run.places.many(len(saved))}"
    return where, f"to restore: {restore}{f', which {limits}' if lost else ''}"


# --- targets --------------------------------------------------------------------------------------


def _targets(run: RunBlocks) -> Iterator[TargetRow]:
    """Yield a row for each target, those that failed first."""
    plans = run.plans
    outside = plans.numbers("drift")
    rows = []
    for target in plans.targets:
        outcomes = plans.outcomes.get(target.name) or Counter[Outcome]()
        numbers = {str(outcome): outcomes[outcome] for outcome in Outcome}
        if not plans.is_applied:
            numbers = {
                "changes": sum(plans.by_action.get(target.name, {}).values()),
                "changed outside": outside[target.name],
            }
        numbers["blocked"] = numbers.get("blocked", 0) + run.blocked_in[target.name]
        rows.append(
            TargetRow(
                target.name,
                _state(run, target),
                target.target.owner if target.target else "",
                target.unverified or target.message,
                {name: number for name, number in numbers.items() if number},
                _numbers(run, target.name),
            )
        )
    yield from sorted(rows, key=lambda row: row.state.look is not Look.ERROR)


def _state(run: RunBlocks, target: RunTarget) -> Sign:
    """Return the state of a target, after an apply that of the first change that is not done."""
    plans = run.plans
    if target.state is not TargetState.PLANNED:
        return STATES[target.state][1]._replace(meaning=str(target.state))
    if target.name in run.refused:
        return REFUSED
    if plans.is_applied and target.name in plans.outcomes:
        if run.is_finished(target):
            return OUTCOMES[Outcome.DONE]
        found = plans.outcomes[target.name]
        return OUTCOMES[next((each for each in OUTCOMES if found[each]), Outcome.FAILED)]
    if target.name in plans.by_action:
        return _CHANGED
    return BLOCKED if run.blocked_in[target.name] else _QUIET
