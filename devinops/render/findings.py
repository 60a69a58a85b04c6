"""What the formats for problems show of an answer: the problems, or the error of the run."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from devinops.model.objects import Problem, Severity
from devinops.render.answers import Answer, Failure, LintDetails, ProblemsAnswer, RunAnswer

_POSITION = re.compile(r":\d+:\d+")


def problems_of(answer: Answer) -> Sequence[Problem]:
    """Return the problems in files that an answer holds; a plan holds only warnings."""
    match answer:
        case ProblemsAnswer() | Failure():
            return answer.problems
        case RunAnswer():
            return [shared.item for shared in answer.plans.problems]
        case _:
            return ()


def error_of(answer: Answer) -> str:
    """Return the error of a run; empty if there is none, or if the problems say what it is."""
    match answer:
        case Failure():
            return "" if answer.problems else answer.error
        case RunAnswer():
            return answer.error
        case _:
            return ""


NO_LINT: Final = LintDetails({})
"""What lint knows of the problems that it did not find."""


def lint_of(answer: Answer | None) -> LintDetails:
    """Return what lint knows about the problems of an answer."""
    return (answer.lint or NO_LINT) if isinstance(answer, ProblemsAnswer) else NO_LINT


def title_of(problem: Problem, lint: LintDetails) -> str:
    """Return the code of a problem, with the name of its lint rule."""
    rule = lint.rules.get(problem.code)
    return f"{problem.code} {rule.name}" if rule else problem.code


def severity_of(problem: Problem, lint: LintDetails) -> Severity:
    """Return how severe a problem is for a CI system, which stops a request for an error."""
    return Severity.INFO if problem in lint.informing else problem.severity


def with_fingerprints(
    problems: Iterable[Problem], lint: LintDetails = NO_LINT
) -> Iterator[tuple[Problem, str]]:
    """Yield each problem with a fingerprint that no other problem has.

    A fingerprint stays the same when lines are added above the problem, so that a CI system can
    tell old problems from new ones.
    """
    seen: Counter[str] = Counter()
    for problem in problems:
        if problem in lint.fingerprints:
            yield problem, lint.fingerprints[problem]
            continue
        message = _POSITION.sub("", problem.message)
        content = "\0".join((problem.source.path, problem.code, message))
        digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        seen[digest] += 1
        yield problem, f"{digest}:{seen[digest]}"
