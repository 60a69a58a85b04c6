"""Says in sentences where a rollout is, and why a wave waits. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from devinops.model.keys import listed
from devinops.model.target import WaveState
from devinops.planning.waves import WaveStatus, due
from devinops.render import counted, terminal

_TITLES = ("WAVE", "STATE", "TARGETS", "DONE", "TO DO", "FAILED", "HELD")


def moment(time: datetime) -> str:
    """Return a time for people."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def reason(status: WaveStatus, statuses: Sequence[WaveStatus]) -> str:
    """Return why a wave is not done, as what follows its name; empty if it is, or may start."""
    wave = status.wave
    match status.state:
        case WaveState.SOAKING if status.until:
            return f"soaks until {moment(status.until)}"
        case WaveState.WAITING:
            (cause,) = (each for each in statuses if each.wave.name == status.waits_for)
            why = reason(cause, statuses) or f"has {counted(len(cause.pending), 'target')} to do"
            return f"waits for {cause.wave.name}, which {why}"
        case WaveState.STOPPED:
            failed = f"{len(status.failed)} of {counted(len(wave.targets), 'target')} failed"
            if len(status.failed) <= wave.max_failed:
                return f"has stopped: {failed}, and at least one must be done"
            return f"has stopped: {failed}, and its max_failed is {wave.max_failed}"
    return ""


def verdict(statuses: Sequence[WaveStatus]) -> str:
    """Return in one sentence where the rollout is."""
    chosen = due(statuses)
    number = counted(len(chosen.pending), "target") if chosen else ""
    if chosen and chosen.state is WaveState.READY:
        return f"{chosen.wave.name} may start, with {number} to do"
    told = (f"{each.wave.name} {why}" for each in statuses if (why := reason(each, statuses)))
    summary = next(told, "all waves are done")
    return f"{summary}; {number} of {chosen.wave.name} can be tried again" if chosen else summary


def lines(
    statuses: Sequence[WaveStatus], commit: str, holds: Mapping[str, str], flags: str
) -> Iterator[str]:
    """Yield a table of the waves, what failed or is held, and what to do next.

    `holds` maps the targets that are held to the reasons. `flags` is added to commands.
    """
    summary = verdict(statuses)
    yield f"Rollout of commit {commit[:12]}: {summary}"
    yield ""
    rows = [_TITLES, *map(_row, statuses)]
    sizes = [max(map(terminal.columns, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        names = (f"{cell:{size}}" for cell, size in zip(row[:2], sizes, strict=False))
        numbers = (f"{cell:>{size}}" for cell, size in zip(row[2:], sizes[2:], strict=True))
        yield "  ".join((*names, *numbers)).rstrip()
    yield ""
    for status in statuses:
        why = reason(status, statuses).partition(", which ")[0]
        if why and not summary.startswith(f"{status.wave.name} {why}"):
            yield f"{status.wave.name} {why}"
        yield from (f"! failed in {status.wave.name}: {text}" for text in failures(status))
        for name in status.wave.held:
            yield f"* held in {status.wave.name}: {name}: {holds[name]}"
    yield from steps(statuses, flags)


def failures(status: WaveStatus) -> Iterator[str]:
    """Yield each reason why targets of a wave cannot be written, after their names."""
    for failure in dict.fromkeys(status.failed.values()):
        failed = [name for name, why in status.failed.items() if why == failure]
        yield f"{listed(failed)}: {failure}"


def steps(statuses: Sequence[WaveStatus], flags: str) -> Iterator[str]:
    """Yield what a person can do next; `flags` is added to commands."""
    if any(status.failed for status in statuses):
        yield f"To see why a target failed: devinops plan{flags} -t NAME"
    for status in statuses:
        yield from (f"Left in {name}: {why}" for name, why in status.alone.items())
        if status.state is WaveState.STOPPED:
            how = "approve or repair what failed, hold those targets, or raise its max_failed"
            yield f"To let {status.wave.name} go on: {how}"
    yield "To keep a target out: add hold: REASON to its settings; remove it to let it in"
    if due(statuses):
        yield f"To go on: devinops apply{flags} --wave due"


def _row(status: WaveStatus) -> tuple[str, ...]:
    wave = status.wave
    numbers = (len(wave.targets), status.done, len(status.pending), len(status.failed))
    return (wave.name, status.state, *map(str, (*numbers, len(wave.held))))
