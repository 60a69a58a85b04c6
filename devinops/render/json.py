"""Writes answers as JSON for programs, in the documents of `devinops/schema/`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from devinops.planning.run import At, Shared
from devinops.render import Style, answers
from devinops.render.escape import json_text
from devinops.render.findings import lint_of
from devinops.schema import parts, run
from devinops.schema.base_document import HEAD, Document, plain
from devinops.schema.run import RunDocument

T = TypeVar("T")
R = TypeVar("R")


def render(answer: answers.Answer, _: Style) -> Iterator[str]:
    """Yield an answer as JSON in pieces; see `dump`."""
    return dump(_document(answer))


def _document(answer: answers.Answer) -> Document | Mapping[str, Any]:
    match answer:
        case answers.RunAnswer():
            return run_document(answer)
        case answers.ProblemsAnswer():
            return problems_document(answer)
        case answers.Failure():
            return failure_document(answer)
        case answers.SimpleAnswer() | answers.RolloutAnswer() | answers.ReportAnswer():
            document = answer.document()
            if isinstance(document, Document):
                return document
            return {"exit_code": answer.exit_code, **document}


def dump(document: Document | Mapping[str, Any]) -> Iterator[str]:
    """Yield a document in pieces: ASCII, its keys in their order, a newline at the end.

    Escapes, which do not change the meaning of a string, break commands to a CI runner that reads
    the log.
    """
    plain_values = plain(document) if isinstance(document, Document) else document
    yield from map(json_text, _written(plain_values))
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


def run_document(answer: answers.RunAnswer) -> RunDocument:
    """Return the plans of a run as a document, with the report if they were applied."""
    plans = answer.plans
    more: dict[str, Any] = {"is_drift": True} if plans.is_drift else {}
    if plans.others:
        more["unmanaged"] = _shared(plans.others, run.RunOther.of)
    if plans.shard:
        more["shard"] = run.ShardItem(*plans.shard, plans.selected)
    if plans.approvals.given():
        more["approvals"] = parts.ApprovalsItem.of(plans.approvals)
    if plans.is_applied:
        more["left"] = _shared(plans.left, run.RunChange.of)
        more["waiting"] = _shared(plans.waiting, run.RunBlocked.of)
    if answer.lint:
        more["lint"] = tuple(map(parts.ProblemItem.of, answer.lint.problems))
    given = {name: getattr(plans, name) for name in ("only", "exclude", "also_changed")}
    more |= {name: value for name, value in (given | {"error": answer.error}).items() if value}
    return RunDocument(
        **HEAD,
        digest=plans.digest or None,
        complete=True,
        exit_code=answer.exit_code,
        by_one=plans.by_one,
        targets=tuple(
            run.RunTargetItem.of(target, plans.exit_code_of(target)) for target in plans.targets
        ),
        changes=_shared(plans.changes, run.RunChange.of),
        blocked=_shared(plans.blocked, run.RunBlocked.of),
        missing=_named(plans.missing, run.RunMissing, lambda item: parts.MissingItem(*item)),
        drift=_shared(plans.drift, run.RunDrift.of),
        problems=_named(plans.problems, run.RunProblem, parts.ProblemItem.of),
        notes=tuple(run.RunNote(note.item, note.targets) for note in plans.notes),
        refused=_named(plans.refused, run.RunRefusal, parts.RefusalItem.of),
        refusals=tuple(map(parts.RefusalItem.of, plans.refusals)),
        hazards=_named(
            plans.risks, run.RunHazard, lambda risk: parts.HazardItem.of(risk, plans.approvals)
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


def failure_document(failure: answers.Failure) -> run.FailureDocument:
    """Return the document of a run that failed."""
    return run.FailureDocument(
        **HEAD,
        complete=False,
        exit_code=failure.exit_code,
        error=failure.error,
        problems=tuple(map(parts.ProblemItem.of, failure.problems)),
    )


def problems_document(answer: answers.ProblemsAnswer) -> run.ProblemsDocument:
    """Return the document of the problems in the files."""
    lint = lint_of(answer)
    return run.ProblemsDocument(
        **HEAD,
        exit_code=answer.exit_code,
        files=answer.files,
        entries=answer.entries,
        problems=tuple(
            parts.ProblemItem.of(problem, problem not in lint.informing if lint.since else None)
            for problem in answer.problems
        ),
    )
