"""Writes the key facts of an answer as `name=value`, for the next steps of a CI job.

One form serves GitHub (`$GITHUB_OUTPUT`) and GitLab (`artifacts: reports: dotenv`): each value is
one line, so that no name or message from a file or the API can add an output of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from devinops.model.changes import Action
from devinops.model.objects import Severity
from devinops.model.selectors import ALL
from devinops.model.target import TargetState
from devinops.planning.run import Plans
from devinops.planning.waves import WaveStatus, due, has_stopped
from devinops.render import Style, answers
from devinops.render import render as rendered
from devinops.render.escape import line
from devinops.render.findings import lint_of, severity_of
from devinops.render.problem_text import checked, problem_counts
from devinops.render.run_report import report_of
from devinops.render.waves import verdict

_LONGEST = 500
"""GitLab accepts 5 KB in all."""

_Value = str | int | bool


def render(answer: answers.Answer, style: Style) -> Iterator[str]:
    """Yield a line for each output; `exit_code` and `summary` are always there."""
    facts = {"exit_code": int(answer.exit_code), **_facts(answer), "summary": _summary(answer)}
    for name, value in facts.items():
        shown = str(value).lower() if isinstance(value, bool) else line(str(value), _LONGEST)
        yield f"{name}={shown}\n"


def _facts(answer: answers.Answer) -> Mapping[str, _Value]:
    match answer:
        case answers.RunAnswer():
            return _run(answer.plans)
        case answers.ProblemsAnswer():
            lint = lint_of(answer)
            severities = [severity_of(problem, lint) for problem in answer.problems]
            return {
                "errors": severities.count(Severity.ERROR),
                "warnings": severities.count(Severity.WARNING),
            }
        case answers.RolloutAnswer(statuses):
            return _rollout(statuses)
        case _:
            return {}


def _rollout(statuses: Sequence[WaveStatus]) -> Mapping[str, _Value]:
    """Return the wave that may start, and the number of its targets that need changes."""
    chosen = due(statuses)
    return {
        "due": chosen.wave.name if chosen else "",
        "to_do": len(chosen.pending) if chosen else 0,
        "stopped": has_stopped(statuses),
    }


def _run(plan: Plans) -> Mapping[str, _Value]:
    """Return the outputs of the plans of a run; numbers are those of all targets together.

    There is no digest if nothing can be applied.
    """
    planned = {t.name for t in plan.targets if plan.by_one or t.state is TargetState.PLANNED}
    moves = any(target.moves_from for target in plan.targets)
    actions = plan.summary(planned)
    pending = actions if plan.by_one else plan.writing
    blocked, drift = (
        sum(number for name, number in plan.numbers(part).items() if name in planned)
        for part in ("blocked", "drift")
    )
    return {
        "target": plan.targets[0].name if plan.by_one else ALL,
        **({} if plan.by_one else {"targets": len(plan.targets)}),
        "has_changes": bool(drift if plan.is_drift else pending or moves),
        "changes": actions.total(),
        "deletes": actions[Action.DELETE],
        "blocked": blocked,
        "drift": drift,
        **({} if plan.by_one else {"failed": plan.count(TargetState.FAILED)}),
        "digest": plan.digest if plan.digests.digests else "",
    }


def _summary(answer: answers.Answer) -> str:
    """Return the error of the run, or the line with the counts that people read last."""
    match answer:
        case answers.RunAnswer():
            return answer.error or report_of(answer, Style()).sentence
        case answers.Failure(error, problems=problems):
            return problem_counts(problems) if problems else error
        case answers.ProblemsAnswer():
            return checked(answer)[0]
        case answers.RolloutAnswer(statuses):
            return verdict(statuses)
        case _:
            return "".join(deque(rendered("text", answer, Style()), maxlen=1)).strip()
