"""Writes answers as metrics for Prometheus, in a file that a collector of text files reads.

Each is a gauge about the last run: as each run replaces the file, a counter would start again.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from devinops import run_facts, waiting
from devinops.model.changes import Outcome
from devinops.model.exit_codes import ExitCode
from devinops.model.target import TargetState
from devinops.planning.run import ChangeAt, Plans, Shared
from devinops.render import Style, answers

_SUCCESS: Final = "devinops_last_success_timestamp_seconds"
_TEXT: Final = r'"(?:[^"\\\n]|\\.)*"'
_EARLIER: Final = re.compile(
    rf"^{_SUCCESS}(\{{command={_TEXT},target={_TEXT}\}}) (\d{{1,12}})$", re.ASCII | re.MULTILINE
)
"""Labels and time of a last success in an earlier file, whatever else is in it."""
_SUCCESSFUL: Final = (ExitCode.OK, ExitCode.LOOK)

Numbers = Counter[tuple[str, str]]
"""Target and kind → number."""


def render(answer: answers.Answer, style: Style) -> Iterator[str]:
    """Yield the metrics of a run. A last success that did not change comes from `style.earlier`."""
    facts = run_facts.current()
    plan = answer.plans if isinstance(answer, answers.RunAnswer) else None
    own = {"command": facts.command}
    if plan and plan.shard:
        own["shard"] = str(plan.shard)
    run = _labels(**own)
    for name, meaning, numbers in _objects(plan) if plan else ():
        samples = {
            _labels(command=facts.command, target=target, kind=kind): number
            for (target, kind), number in sorted(numbers.items())
        }
        yield from _metric(name, meaning, samples)
    error = getattr(answer, "error", "")
    times = _successes(plan, error, style.earlier)
    yield from _metric(_SUCCESS, "When the command last ended with 0 or 2.", times)
    duration = {run: round(waiting.now() - facts.start, 3)}
    yield from _metric("devinops_run_duration_seconds", "How long the last run took.", duration)
    requests = {
        _labels(**own, status=status): number for status, number in sorted(facts.requests.items())
    }
    yield from _metric("devinops_run_requests", "Requests of the last run, by status.", requests)
    limited = {run: round(facts.limited_s, 3)}
    meaning = "How long requests of the last run waited because of limits."
    yield from _metric("devinops_run_limited_seconds", meaning, limited)


def _objects(plan: Plans) -> Iterator[tuple[str, str, Numbers]]:
    """Yield the metrics of objects: name, meaning and numbers."""
    meaning = "Changes that an apply would make, or has left."
    yield "devinops_pending_changes", meaning, _pending(plan)
    drift = _counted(plan.drift)
    yield "devinops_drifted_objects", "Objects that were changed outside devinops.", drift
    blocked = _counted((*plan.blocked, *plan.waiting))
    yield "devinops_blocked_objects", "Objects that wait for a person.", blocked


def _pending(plan: Plans) -> Numbers:
    """Return the changes that are planned, or of which an apply knows that they are left."""
    held = {target.name for target in plan.targets if target.state is TargetState.HELD}
    unknown = {target.name for target in plan.targets if target.unverified}

    def is_pending(row: ChangeAt) -> bool:
        is_unknown = row.target in unknown and row.outcome is not Outcome.DONE
        return row.target not in held and (row.outcome is None or is_unknown)

    planned = (
        shared._replace(at=tuple(row for row in shared.at if is_pending(row)))
        for shared in plan.changes
    )
    return _counted((*planned, *plan.left))


def _counted(items: Iterable[Shared[Any, Any]]) -> Numbers:
    """Return the number of rows of items with a key."""
    return Counter((row.target, shared.item.key.kind) for shared in items for row in shared.at)


def _successes(plan: Plans | None, error: str, earlier: str) -> Mapping[str, float]:
    """Return when the command last ended well in each target, as far as it is known."""
    known = {labels: int(value) for labels, value in _EARLIER.findall(earlier)}
    if plan is None:
        return known
    command, now, times = run_facts.current().command, int(time.time()), dict[str, float]()
    for target in plan.targets:
        labels = _labels(command=command, target=target.name)
        if plan.exit_code_of(target) in _SUCCESSFUL and not (error or plan.refusals):
            times[labels] = now
        elif labels in known:
            times[labels] = known[labels]
    return times


def _labels(**values: str) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in values.items())
    return f"{{{pairs}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _metric(name: str, meaning: str, samples: Mapping[str, float]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}\n# TYPE {name} gauge\n"
    for labels, value in samples.items():
        yield f"{name}{labels} {value}\n"
