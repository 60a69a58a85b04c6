"""The page of a rollout: each wave as a bar of what is done, to do, failed and held. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from devinops.model.changes import Action, Outcome
from devinops.model.target import WaveState
from devinops.planning.waves import WaveStatus, due, has_stopped
from devinops.render import waves
from devinops.render.answers import RolloutAnswer
from devinops.render.html import table
from devinops.render.html.markup import Html, joined, prose, tag, text
from devinops.render.html.page import HtmlPage, bullets, notice
from devinops.render.report import TargetRow
from devinops.render.signs import FAILED, NOTICED, OUTCOMES, SIGNS
from devinops.render.terminal import Look, Sign

DONE: Final = OUTCOMES[Outcome.DONE]
TO_DO: Final = SIGNS[Action.UPDATE]._replace(meaning="to do")
HELD: Final = NOTICED._replace(meaning="held")
_LOOKS: Final = {
    WaveState.DONE: Look.GOOD,
    WaveState.SOAKING: Look.WAITING,
    WaveState.READY: Look.CHANGED,
    WaveState.WAITING: Look.DIM,
    WaveState.STOPPED: Look.ERROR,
}


def rollout_page(answer: RolloutAnswer, flags: str) -> HtmlPage:
    """Return the page of a rollout; `flags` is that of `Style`."""
    statuses, commit, time, holds, *_ = answer
    verdict = waves.verdict(statuses)
    steps = [prose(step) for step in waves.steps(statuses, flags)]
    rows = [row for status in statuses for row in _rows(status, holds)]
    rows.sort(key=lambda row: row.state.look is not Look.ERROR)
    return HtmlPage(
        title=f"Rollout: {verdict}",
        about=joined(tag("strong", "Rollout"), f" of commit {commit[:12]}"),
        verdict=text(verdict),
        look=_look(statuses),
        facts=[("At", waves.moment(time))],
        notices=[
            *(_wave(status, statuses) for status in statuses),
            notice("What to do", [bullets(steps)], Look.DIM),
        ],
        facets=[table.state_facet(rows)],
        targets=[row.name for row in rows],
        sections=[table.section(rows)],
    )


def _look(statuses: Sequence[WaveStatus]) -> Look:
    if has_stopped(statuses):
        return Look.ERROR
    if due(statuses):
        return Look.CHANGED
    is_done = all(status.state is WaveState.DONE for status in statuses)
    return Look.GOOD if is_done else Look.WAITING


def _wave(status: WaveStatus, statuses: Sequence[WaveStatus]) -> Html:
    """Return a wave: its state, a bar with its numbers, and why it is not done."""
    to_do = TO_DO if status.may_start else TO_DO._replace(look=Look.PLAIN)
    counts = (
        (DONE, status.done),
        (to_do, len(status.pending)),
        (FAILED, len(status.failed)),
        (HELD, len(status.wave.held)),
    )
    numbers = ", ".join(f"{number:,} {sign.meaning}" for sign, number in counts if number)
    why = waves.reason(status, statuses)
    failures = [prose(f"failed: {line}") for line in waves.failures(status)]
    return tag(
        "section",
        tag("h2", status.wave.name, tag("small", f" {status.state}")),
        _bar(counts, numbers),
        tag("p", f"{numbers}; it {why}" if why else numbers),
        *([bullets(failures)] if failures else []),
        class_=f"notice {_LOOKS[status.state].name.lower()}",
    )


def _bar(counts: Sequence[tuple[Sign, int]], numbers: str) -> Html:
    """Return a bar with a part for each number. The policy of the page permits no style in it."""
    start, parts = 0, []
    for sign, number in counts:
        look = sign.look.name.lower()
        parts.append(tag("rect", x=start, width=number, height=1, class_=look))
        start += number
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {start} 1",
        preserveAspectRatio="none",
        role="img",
        aria_label=numbers,
        class_="bar",
    )


def _rows(status: WaveStatus, holds: Mapping[str, str]) -> Iterator[TargetRow]:
    """Yield the targets of a wave, with its name beside theirs."""
    pending, wave = set(status.pending), status.wave
    for name in wave.targets:
        failure = status.failed.get(name, "")
        state = FAILED if failure else TO_DO if name in pending else DONE
        yield TargetRow(name, state, wave.name, failure or status.alone.get(name, ""))
    for name in wave.held:
        yield TargetRow(name, HELD, wave.name, holds.get(name, ""))
