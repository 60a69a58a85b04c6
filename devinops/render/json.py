"""Writes answers as JSON for programs, in the documents of `devinops/schema/`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from devinops.applying.report import ApplyReport
from devinops.model.changes import Change, Result
from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Problem
from devinops.planning.classes import Shared, TargetPlan
from devinops.planning.plan import Plan, SavedPlan, live_hash
from devinops.render import Style, answers
from devinops.render.escape import json_text
from devinops.render.findings import lint_of
from devinops.schema import plan as schema
from devinops.schema.base_document import HEAD, Document, plain
from devinops.schema.fleet import ClassItem, FleetDocument, FleetTargetItem, ShardItem, SharedItem

T = TypeVar("T")


def render(answer: answers.Answer, _: Style) -> Iterator[str]:
    """Yield an answer as JSON in pieces; see `dump`."""
    return dump(_document(answer))


def _document(answer: answers.Answer) -> Document | Mapping[str, Any]:
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
        case answers.FleetAnswer():
            return fleet_document(answer)
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
    for piece in json.JSONEncoder(indent=2).iterencode(plain(document)):
        yield json_text(piece)
    yield "\n"


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


def fleet_document(answer: answers.FleetAnswer) -> FleetDocument:
    """Return the plans of many targets as a document, with the report if they were applied."""
    plan = answer.plan
    more: dict[str, Any] = {"only": plan.only} if plan.only else {}
    if plan.is_drift:
        more["is_drift"] = True
    if plan.shard:
        more["shard"] = ShardItem(*plan.shard, plan.selected)
    if plan.approvals.given():
        more["approvals"] = schema.ApprovalsItem.of(plan.approvals)
    if plan.is_applied:
        more["not_done"] = _shared(plan.not_done, _result)
        more["left"] = _shared(plan.left, _change)
        more["waiting"] = _shared(plan.waiting, schema.BlockedItem.of)
    more |= {"error": answer.error} if answer.error else {}
    more |= {"lint": _problems(answer.lint)} if answer.lint else {}
    return FleetDocument(
        **HEAD,
        digest=plan.digests.digest if plan.digests.digests else None,
        complete=True,
        exit_code=answer.exit_code,
        targets=tuple(map(_target, plan.targets)),
        classes=tuple(
            ClassItem(
                targets=group.targets,
                changes=tuple(map(_change, group.changes)),
                hazards=tuple(schema.HazardItem.of(r, plan.approvals) for r in group.risks),
            )
            for group in plan.classes
        ),
        blocked=_shared(plan.blocked, schema.BlockedItem.of),
        missing=_shared(plan.missing, lambda item: schema.MissingItem(*item)),
        drift=_shared(plan.drift, schema.DriftItem.of),
        problems=_shared(plan.problems, schema.ProblemItem.of),
        notes=_shared(plan.notes, str),
        refused=_shared(plan.refused, schema.RefusalItem.of),
        refusals=tuple(map(schema.RefusalItem.of, plan.refusals)),
        checksum="",
        **more,
    ).sealed()


def _shared(items: Iterable[Shared[T]], item_of: Callable[[T], Any]) -> tuple[SharedItem[Any], ...]:
    return tuple(SharedItem(shared.targets, item_of(shared.item)) for shared in items)


def _target(planned: TargetPlan) -> FleetTargetItem:
    facts: dict[str, Any] = planned._asdict()
    del facts["code"], facts["is_new"], facts["wrote"]
    facts["target"] = schema.TargetItem.of(planned.target) if planned.target else None
    facts["digest"] = planned.digest or None
    if planned.outcomes is None:
        del facts["outcomes"], facts["backup"]
    if not planned.unverified:
        del facts["unverified"]
    return FleetTargetItem(**facts, exit_code=planned.exit_code())


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
