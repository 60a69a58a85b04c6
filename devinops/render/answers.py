"""What a command answers, before a format is chosen. Besides these, `Report` and `SavedPlan` are answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from devinops.model.errors import ExitCode

if TYPE_CHECKING:
    from devinops.applying.report import Report
    from devinops.model.changes import Change
    from devinops.model.objects import Problem
    from devinops.model.target import Target
    from devinops.planning.drift import Findings
    from devinops.planning.plan import Plan
    from devinops.planning.saved import SavedPlan, ShownPlan
    from devinops.schema.document import Document

Answer: TypeAlias = (
    "PlanAnswer | SavedPlan | Differences | Report | Failure"
    " | ProblemsAnswer | DriftAnswer | SimpleAnswer"
)


@dataclass(frozen=True)
class PlanAnswer:
    """A plan and what the run exits with; `error` says why it was not applied, empty if it was not to be."""

    plan: Plan
    exit_code: ExitCode
    error: str = ""


@dataclass(frozen=True)
class Failure:
    """A run that came to no plan, and the problems of the files if they are the cause."""

    error: str
    exit_code: ExitCode
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class ProblemsAnswer:
    """The problems of the files. `paths` are what they were narrowed to, `elsewhere` counts those left out."""

    problems: Sequence[Problem]
    files: int
    entries: int
    exit_code: ExitCode
    paths: tuple[str, ...] = ()
    elsewhere: int = 0


@dataclass(frozen=True)
class DriftAnswer:
    """What changed outside devinops in a target."""

    target: Target
    findings: Findings
    exit_code: ExitCode


@dataclass(frozen=True)
class SimpleAnswer:
    """What any other command answers: lines for people, and for programs what makes the document.

    `document` is called only if it is needed, so that text can be written without the import of msgspec.
    """

    lines: Sequence[str]
    document: Callable[[], Document]


@dataclass(frozen=True)
class Differences:
    """How a plan differs from the reviewed one: new changes, gone ones, and pairs (as reviewed, as they are now)."""

    new: tuple[Change, ...]
    gone: tuple[Change, ...]
    differing: tuple[tuple[Change, Change], ...]

    @classmethod
    def between(cls, reviewed: ShownPlan, now: ShownPlan) -> Differences:
        """Compare two plans, change by change: the same object is known by its kind, key and id."""
        before = {_identity(change): change for change in reviewed.changes}
        after = {_identity(change): change for change in now.changes}
        return cls(
            new=tuple(change for who, change in after.items() if who not in before),
            gone=tuple(change for who, change in before.items() if who not in after),
            differing=tuple(
                (before[who], change)
                for who, change in after.items()
                if who in before and _content(before[who]) != _content(change)
            ),
        )

    def __str__(self) -> str:
        counts = (
            (len(self.new), "new"),
            (len(self.gone), "gone"),
            (len(self.differing), "different"),
        )
        summary = ", ".join(f"{count} {word}" for count, word in counts if count)
        return summary or "a live value that no entry mentions has changed"


def _identity(change: Change) -> tuple[object, ...]:
    return change.key, change.id


def _content(change: Change) -> tuple[object, ...]:
    return change.action, {field.name: (field.before, field.after) for field in change.fields}
