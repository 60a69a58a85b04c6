"""Writes answers as JSON for programs, in the documents of `devinops/schema/`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from devinops.applying.report import ApplyReport
from devinops.model.changes import Change, Result
from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Problem
from devinops.planning.plan import Plan, SavedPlan, live_hash
from devinops.planning.run import At, Plans, RunTarget, Shared
from devinops.render import Style, answers
from devinops.render.escape import json_text
from devinops.render.findings import lint_of
from devinops.schema import plan as schema
from devinops.schema import run
from devinops.schema.base_document import HEAD, Document, plain
from devinops.schema.run import RunDocument

T = TypeVar("T")
R = TypeVar("R")


def render(answer: answers.Answer | answers.RunAnswer, _: Style) -> Iterator[str]:
    """Yield an answer as JSON in pieces; see `dump`."""
    return dump(_document(answer))


def _document(answer: answers.Answer | answers.RunAnswer) -> Document | Mapping[str, Any]:
    match answer:
        case answers.PlanAnswer(plan, exit_code, error, lint=lint):
            more: dict[str, Any] = {"error": error} if error else {}
            if lint:
                more["lint"] = _problems(lint)
            return plan_document(plan, exit_code, **more)
        case SavedPlan():
            return saved_document(answer)
        case ApplyReport():
            return report_document(answer)
        case answers.RunAnswer():
            return run_document(answer.plans, answer.exit_code, answer.error, answer.lint)
        case answers.ProblemsAnswer():
            return problems_document(answer)
        case answers.DriftAnswer():
            return drift_document(answer)
        case answers.Failure(error, exit_code, problems):
            return failure_document(error, problems, exit_code)
        case answers.Differences():
            return differences_document(answer)
        case answers.SimpleAnswer() | answers.RolloutAnswer():
            return answer.document()


def dump(document: Document | Mapping[str, Any]) -> Iterator[str]:
    """Yield a document in pieces: ASCII, its keys in their order, a newline at the end.

    Escapes, which do not change the meaning of a string, break commands to a CI runner that reads
    the log.
    """
    yield from map(json_text, _written(plain(document)))
    yield "\n"


def _written(value: Any, indent: str = "") -> Iterator[str]:
    """Yield a value with an indent, but what is short in a list, such as a target, in one line."""
    inside = f"{indent}  "
    match value:
        case {} if value:
            for number, (name, member) in enumerate(value.items()):
                yield f"{',' if number else '{'}\n{inside}{json.dumps(name)}: "
                yield from _written(member, inside)
            yield f"\n{indent}}}"
        case [_, *_]:
            for number, member in enumerate(value):
                yield f"{',' if number else '['}\n{inside}"
                yield from _written(member, inside) if _is_long(member) else [json.dumps(member)]
            yield f"\n{indent}]"
        case _:
            yield json.dumps(value)


def _is_long(member: Any) -> bool:
    return isinstance(member, dict) and any(
        isinstance(each, dict | list) for each in member.values()
    )


def plan_document(plan: Plan, exit_code: ExitCode, **more: Any) -> schema.PlanDocument:
    """Return a plan as a document, with `more` members and a checksum of all of them."""
    if plan.only:
        more["only"] = plan.only
    if plan.approvals.given():
        more["approvals"] = schema.ApprovalsItem.of(plan.approvals)
    if plan.held:
        more["held"] = plan.held
    return schema.PlanDocument(
        **HEAD,
        target=schema.TargetItem.of(plan.target),
        inventory=schema.InventoryItem(plan.inventory.store, plan.owned, plan.inventory.moves_from),
        digest=plan.digest,
        complete=True,
        exit_code=exit_code,
        changes=tuple(map(_change, plan.changes)),
        blocked=tuple(map(schema.BlockedItem.of, plan.blocked)),
        missing=tuple(schema.MissingItem(*item) for item in plan.missing),
        drift=tuple(map(schema.DriftItem.of, plan.drift)),
        problems=tuple(map(schema.ProblemItem.of, plan.problems)),
        notes=plan.notes,
        refusals=tuple(map(schema.RefusalItem.of, plan.refusals)),
        hazards=[schema.HazardItem.of(risk, plan.approvals) for risk in plan.risks],
        unmanaged=dict(plan.unmanaged),
        unchanged=plan.unchanged,
        summary=plan.summary,
        checksum="",
        **more,
    ).sealed()


def saved_document(plan: SavedPlan) -> Mapping[str, Any]:
    """Return the document in the file of a saved plan.

    If the file was edited, a note says so, and the digest is that of its changes.
    """
    if not plan.edited:
        return plan.document
    notes = [*plan.notes, plan.edited]
    return {**plan.document, "digest": plan.digest, "exit_code": ExitCode.FIX, "notes": notes}


def report_document(report: ApplyReport) -> schema.PlanDocument:
    """Return a plan as a document, with the results of its apply."""
    left = None
    if report.left is not None:
        left = tuple(map(_change, report.left))
    return plan_document(
        report.plan,
        report.exit_code,
        results=tuple(map(_result, report.results)),
        left=left,
        waiting=tuple(map(schema.BlockedItem.of, report.waiting)),
        unverified=report.unverified,
        interrupted=report.interrupted is not None,
        backup=report.backup,
        unsaved=tuple(map(str, report.unsaved)),
    )


def run_document(
    plans: Plans, exit_code: ExitCode, error: str = "", lint: answers.ProblemsAnswer | None = None
) -> RunDocument:
    """Return the plans of a run as a document, with the report if they were applied."""
    more: dict[str, Any] = {"is_drift": True} if plans.is_drift else {}
    if plans.others:
        more["unmanaged"] = _shared(plans.others, run.RunOther.of)
    if plans.shard:
        more["shard"] = run.ShardItem(*plans.shard, plans.selected)
    if plans.approvals.given():
        more["approvals"] = schema.ApprovalsItem.of(plans.approvals)
    if plans.is_applied:
        more["left"] = _shared(plans.left, run.RunChange.of)
        more["waiting"] = _shared(plans.waiting, run.RunBlocked.of)
    if lint:
        more["lint"] = _problems(lint)
    given = (("only", plans.only), ("also_changed", plans.also_changed), ("error", error))
    more |= {name: value for name, value in given if value}
    return RunDocument(
        **HEAD,
        digest=plans.digest or None,
        complete=True,
        exit_code=exit_code,
        by_one=plans.by_one,
        targets=tuple(_target(plans, target) for target in plans.targets),
        changes=_shared(plans.changes, run.RunChange.of),
        blocked=_shared(plans.blocked, run.RunBlocked.of),
        missing=_named(plans.missing, run.RunMissing, lambda item: schema.MissingItem(*item)),
        drift=_shared(plans.drift, run.RunDrift.of),
        problems=_named(plans.problems, run.RunProblem, schema.ProblemItem.of),
        notes=tuple(run.RunNote(note.item, note.targets) for note in plans.notes),
        refused=_named(plans.refused, run.RunRefusal, schema.RefusalItem.of),
        refusals=tuple(map(schema.RefusalItem.of, plans.refusals)),
        hazards=_named(
            plans.risks, run.RunHazard, lambda risk: schema.HazardItem.of(risk, plans.approvals)
        ),
        checksum="",
        **more,
    ).sealed()


def _shared(
    items: Iterable[Shared[T, Any]], item_of: Callable[[T, Iterable[Any]], R]
) -> tuple[R, ...]:
    return tuple(item_of(*shared) for shared in items)


def _named(
    items: Iterable[Shared[T, At]], cls: type[R], item_of: Callable[[T], Any]
) -> tuple[R, ...]:
    return tuple(run.of_targets(cls, item_of(shared.item), shared.targets) for shared in items)


def _target(plans: Plans, target: RunTarget) -> run.RunTargetItem:
    facts = target._asdict()
    del facts["code"], facts["is_new"]
    facts["target"] = schema.TargetItem.of(target.target) if target.target else None
    facts["digest"] = target.digest or None
    facts["unsaved"], facts["final"] = (
        list(map(str, keys)) for keys in (target.unsaved, target.final)
    )
    return run.RunTargetItem(**facts, exit_code=plans.exit_code_of(target))


def _result(result: Result) -> schema.ResultItem:
    key, action = str(result.change.key), result.change.action
    return schema.ResultItem(key, action, result.outcome, result.id, result.message, result.unclear)


def failure_document(
    error: str, problems: Iterable[Problem], exit_code: ExitCode
) -> schema.FailureDocument:
    """Return the document of a run that failed."""
    return schema.FailureDocument(
        **HEAD,
        complete=False,
        exit_code=exit_code,
        error=error,
        problems=tuple(map(schema.ProblemItem.of, problems)),
    )


def drift_document(answer: answers.DriftAnswer) -> schema.DriftDocument:
    """Return the document of the drift in a target."""
    findings = answer.findings
    return schema.DriftDocument(
        **HEAD,
        target=schema.TargetItem.of(answer.target),
        exit_code=answer.exit_code,
        drift=tuple(map(schema.DriftItem.of, findings.drift)),
        unmanaged=tuple(
            schema.UnmanagedItem(str(live.key), live.id) for live in findings.unmanaged
        ),
        foreign=tuple(
            schema.ForeignItem(str(live.key), live.id, live.owner or "")
            for live in findings.foreign
        ),
        notes=answer.notes,
    )


def problems_document(answer: answers.ProblemsAnswer) -> schema.ProblemsDocument:
    """Return the document of the problems in the files."""
    lint = lint_of(answer)
    return schema.ProblemsDocument(
        **HEAD,
        exit_code=answer.exit_code,
        files=answer.files,
        entries=answer.entries,
        problems=tuple(
            schema.ProblemItem.of(problem, problem not in lint.informing if lint.since else None)
            for problem in answer.problems
        ),
    )


def differences_document(differences: answers.Differences) -> schema.DifferencesDocument:
    """Return the document of how a plan differs from the one that was reviewed."""
    return schema.DifferencesDocument(
        **HEAD,
        new=tuple(map(_change, differences.new)),
        held=tuple(map(_change, differences.held)),
        gone=tuple(map(_change, differences.gone)),
        differing=tuple(
            schema.DifferentItem(_change(before), _change(after))
            for before, after in differences.differing
        ),
    )


def _problems(lint: answers.ProblemsAnswer) -> tuple[schema.ProblemItem, ...]:
    return tuple(map(schema.ProblemItem.of, lint.problems))


def _change(change: Change) -> schema.ChangeItem:
    return schema.ChangeItem.of(change, live_hash(change))
