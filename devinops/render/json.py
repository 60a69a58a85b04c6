"""Plans, reports and problems for programs. Keys and their meaning: `PLAN_SCHEMA`, `PROBLEMS_SCHEMA`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from devinops import __version__
from devinops.applying.applier import Report, Result
from devinops.applying.saved_plan import SavedPlan
from devinops.model.changes import Blocked, Change, Drift, FieldChange
from devinops.model.errors import ExitCode
from devinops.model.objects import UNSET, Problem, Source
from devinops.planning.drift import Findings
from devinops.planning.plan import Plan, live_hash
from devinops.render import Style
from devinops.render.answers import (
    Answer,
    Differences,
    DriftAnswer,
    Failure,
    PlanAnswer,
    ProblemsAnswer,
    SimpleAnswer,
)
from devinops.render.escape import json_text
from devinops.schema.plan import CHECKSUM, checksum

FORMAT_VERSION = "1.0"


def render(answer: Answer, _: Style) -> Iterator[str]:
    """Yield an answer as JSON, see `dump`."""
    return dump(_data(answer))


def _data(answer: Answer) -> Mapping[str, Any]:
    match answer:
        case PlanAnswer(plan, exit_code, error):
            return plan_document(plan, exit_code, **({"error": error} if error else {}))
        case SavedPlan():
            return saved_document(answer)
        case Report():
            return report_document(answer)
        case ProblemsAnswer(problems, files, entries, exit_code):
            return problems_document(problems, files=files, entries=entries, exit_code=exit_code)
        case DriftAnswer():
            return drift_document(
                answer.findings,
                answer.target.name,
                emulator=answer.target.emulator,
                exit_code=answer.exit_code,
            )
        case Failure(error, exit_code, problems):
            return failure_document(error, problems, exit_code)
        case Differences():
            return differences_document(answer)
        case SimpleAnswer():
            return head() | dict(answer.members)


def dump(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a document piece by piece: ASCII, keys in the given order, a newline at the end.

    What would be a command to a CI runner that reads the log is escaped: inside a string that means the same.
    """
    for piece in json.JSONEncoder(indent=2).iterencode(document):
        yield json_text(piece)
    yield "\n"


def plan_document(plan: Plan, exit_code: ExitCode, **more: Any) -> dict[str, Any]:
    """Return a plan as JSON data, with `more` members and a checksum over all of them."""
    target = plan.target
    document = {
        **head(),
        "target": {
            "name": target.name,
            "org_id": target.org_id,
            "api_url": target.api_url,
            "api_version": target.api,
            "emulator": target.emulator,
        },
        "inventory": {"store": plan.inventory.store, "owned": plan.owned},
        "digest": plan.digest,
        "complete": True,
        "exit_code": int(exit_code),
        "changes": [change(one) for one in plan.changes],
        "blocked": [blocked(one) for one in plan.blocked],
        "drift": [drift(one) for one in plan.drift],
        "problems": [problem(one) for one in plan.problems],
        "notes": list(plan.notes),
        "refusals": list(plan.refusals),
        "unmanaged": dict(plan.unmanaged),
        "unchanged": plan.unchanged,
        "summary": plan.summary,
        **({"only": list(plan.only)} if plan.only else {}),
        **({"approvals": given} if (given := plan.approvals.given()) else {}),
        **more,
    }
    return document | {CHECKSUM: checksum(document)}


def saved_document(plan: SavedPlan) -> Mapping[str, Any]:
    """Return a saved plan as it is in its file; if that was edited, with the digest of its changes and a note."""
    if not plan.edited:
        return plan.document
    edits = {"digest": plan.digest, "exit_code": 1, "notes": [*plan.notes, plan.edited]}
    return {**plan.document, **edits}


def report_document(report: Report) -> dict[str, Any]:
    """Return a plan with what apply made of it."""
    return plan_document(
        report.plan,
        report.exit_code,
        results=[_result(result) for result in report.results],
        left=None if report.left is None else [change(one) for one in report.left],
        waiting=[blocked(one) for one in report.waiting],
        unverified=report.unverified,
        interrupted=report.interrupted is not None,
        backup=report.backup,
        unsaved=[str(key) for key in report.unsaved],
    )


def _result(result: Result) -> dict[str, Any]:
    return {
        "key": str(result.change.key),
        "action": result.change.action.value,
        "outcome": result.outcome.value,
        "id": result.id,
        "message": result.message,
        "unclear": result.unclear,
    }


def failure_document(
    error: str, problems: Iterable[Problem], exit_code: ExitCode
) -> dict[str, Any]:
    """Return the document of a run that came to no plan."""
    return {
        **head(),
        "complete": False,
        "exit_code": int(exit_code),
        "error": error,
        "problems": [problem(one) for one in problems],
    }


def problems_document(
    problems: Iterable[Problem], *, files: int, entries: int, exit_code: ExitCode
) -> dict[str, Any]:
    """Return what validate found."""
    return {
        **head(),
        "exit_code": int(exit_code),
        "files": files,
        "entries": entries,
        "problems": [problem(one) for one in problems],
    }


def drift_document(
    found: Findings, target: str, *, emulator: bool, exit_code: ExitCode
) -> dict[str, Any]:
    """Return what `devinops drift` found in a target."""
    return {
        **head(),
        "target": target,
        "emulator": emulator,
        "exit_code": int(exit_code),
        "drift": [drift(edit) for edit in found.drift],
        "unmanaged": [{"key": str(live.key), "id": live.id} for live in found.unmanaged],
    }


def differences_document(found: Differences) -> dict[str, Any]:
    """Return how a plan differs from the one that was reviewed."""
    return {
        **head(),
        "new": [change(one) for one in found.new],
        "gone": [change(one) for one in found.gone],
        "differing": [{"before": change(b), "after": change(a)} for b, a in found.differing],
    }


def head() -> dict[str, Any]:
    """Return what every document begins with."""
    return {"format_version": FORMAT_VERSION, "tool_version": __version__}


def change(change: Change) -> dict[str, Any]:
    return {
        "key": str(change.key),
        "kind": change.key.kind,
        "id": change.id,
        "action": change.action.value,
        "reason": change.reason,
        "source": _source(change.source),
        "live_hash": live_hash(change),
        "fields": {field.name: _field(field) for field in change.fields},
    }


def _field(field: FieldChange) -> dict[str, Any]:
    sides = {"before": field.before, "after": field.after}
    return {side: value for side, value in sides.items() if value is not UNSET}


def blocked(held: Blocked) -> dict[str, Any]:
    return {
        "key": str(held.key),
        "kind": held.key.kind,
        "by": held.by.value,
        "reason": held.reason,
        "source": _source(held.source),
        "ids": list(held.ids),
        "needed_by": [str(key) for key in held.needed_by],
        "fields": {field.name: _field(field) for field in held.fields},
    }


def drift(drift: Drift) -> dict[str, Any]:
    return {
        "key": str(drift.key),
        "kind": drift.key.kind,
        "id": drift.id,
        "moved": drift.moved.value,
        "reason": drift.reason,
        "source": _source(drift.source),
        "fields": {field.name: _field(field) for field in drift.fields},
        "at": drift.at,
        "by": drift.by,
    }


def problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.source.path,
        "line": problem.source.line,
        "column": problem.source.column,
        "severity": problem.severity.value,
        "code": problem.code,
        "message": problem.message,
    }


def _source(source: Source | None) -> dict[str, Any] | None:
    return {"file": source.path, "line": source.line, "column": source.column} if source else None
