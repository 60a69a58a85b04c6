"""Plans, reports and problems for programs, as the documents of `devinops/schema/`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from devinops.applying.applier import Report, Result
from devinops.model.errors import ExitCode
from devinops.model.objects import Problem
from devinops.planning.drift import Findings
from devinops.planning.plan import Plan, live_hash
from devinops.render.escape import json_text
from devinops.schema.document import HEAD, Document, plain
from devinops.schema.plan import (
    ApprovalsItem,
    BlockedItem,
    ChangeItem,
    DriftDocument,
    DriftItem,
    FailureDocument,
    InventoryItem,
    PlanDocument,
    ProblemItem,
    ProblemsDocument,
    ResultItem,
    TargetItem,
    UnmanagedItem,
)


def dump(document: Document | Mapping[str, Any]) -> Iterator[str]:
    """Yield a document piece by piece: ASCII, keys in the given order, a newline at the end.

    What would be a command to a CI runner that reads the log is escaped: inside a string that means the same.
    """
    for piece in json.JSONEncoder(indent=2).iterencode(plain(document)):
        yield json_text(piece)
    yield "\n"


def plan_document(plan: Plan, exit_code: ExitCode, **more: Any) -> PlanDocument:
    """Return a plan as a document, with `more` of its members and a checksum over all of them."""
    if plan.only:
        more["only"] = plan.only
    if plan.approvals.given():
        more["approvals"] = ApprovalsItem.of(plan.approvals)
    return PlanDocument(
        **HEAD,
        target=TargetItem.of(plan.target),
        inventory=InventoryItem(plan.inventory.store, plan.owned),
        digest=plan.digest,
        complete=True,
        exit_code=exit_code,
        changes=tuple(ChangeItem.of(change, live_hash(change)) for change in plan.changes),
        blocked=tuple(map(BlockedItem.of, plan.blocked)),
        drift=tuple(map(DriftItem.of, plan.drift)),
        problems=tuple(map(ProblemItem.of, plan.problems)),
        notes=plan.notes,
        refusals=plan.refusals,
        unmanaged=dict(plan.unmanaged),
        unchanged=plan.unchanged,
        summary=plan.summary,
        checksum="",
        **more,
    ).sealed()


def report_document(report: Report) -> PlanDocument:
    """Return a plan with what apply made of it."""
    left = None
    if report.left is not None:
        left = tuple(ChangeItem.of(change, live_hash(change)) for change in report.left)
    return plan_document(
        report.plan,
        report.exit_code,
        results=tuple(map(_result, report.results)),
        left=left,
        waiting=tuple(map(BlockedItem.of, report.waiting)),
        unverified=report.unverified,
        interrupted=report.interrupted is not None,
        backup=report.backup,
        unsaved=tuple(map(str, report.unsaved)),
    )


def _result(result: Result) -> ResultItem:
    key, action = str(result.change.key), result.change.action
    return ResultItem(key, action, result.outcome, result.id, result.message, result.unclear)


def failure_document(
    error: str, problems: Iterable[Problem], exit_code: ExitCode
) -> FailureDocument:
    """Return the document of a run that failed before it had an answer."""
    return FailureDocument(
        **HEAD,
        complete=False,
        exit_code=exit_code,
        error=error,
        problems=tuple(map(ProblemItem.of, problems)),
    )


def drift_document(
    found: Findings, target: str, *, emulator: bool, exit_code: ExitCode
) -> DriftDocument:
    """Return what drift found in a target."""
    return DriftDocument(
        **HEAD,
        target=target,
        emulator=emulator,
        exit_code=exit_code,
        drift=tuple(map(DriftItem.of, found.drift)),
        unmanaged=tuple(UnmanagedItem(str(o.key), o.id) for o in found.unmanaged),
    )


def problems_document(
    problems: Iterable[Problem], *, files: int, entries: int, exit_code: ExitCode
) -> ProblemsDocument:
    """Return what validate found."""
    return ProblemsDocument(
        **HEAD,
        exit_code=exit_code,
        files=files,
        entries=entries,
        problems=tuple(map(ProblemItem.of, problems)),
    )
