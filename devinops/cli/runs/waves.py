"""Where a rollout is: a run plans the waves, or reads what another job has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from devinops import atomic
from devinops.api import open_reader
from devinops.cli.declarations.options import Options
from devinops.cli.runs.plan_entries import plan_entries
from devinops.cli.runs.run import Planning, open_run
from devinops.cli.session import Planned, Session
from devinops.config.reading import read_project
from devinops.git import Git
from devinops.model.client_protocols import Reader
from devinops.model.errors import Refused, UnusableFile, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import TIME
from devinops.model.policy import Approvals
from devinops.model.suggest import did_you_mean
from devinops.model.target import WaveState
from devinops.planning.waves import (
    DUE,
    TargetFacts,
    Wave,
    WaveStatus,
    due,
    facts_in,
    facts_of,
    has_stopped,
    rollout,
)
from devinops.render.waves import reason, verdict

if TYPE_CHECKING:
    from devinops.schema.command_outputs import RolloutDocument


class Rollout(NamedTuple):
    """The status of each wave at a commit, and when it was found."""

    statuses: tuple[WaveStatus, ...]
    commit: str
    now: datetime


def find_rollout(options: Options, waves: Sequence[Wave], approvals: Approvals) -> Rollout:
    """Plan all targets of the waves, and return where the rollout is."""
    # A part of the changes, or of the targets, does not tell whether a wave is done.
    options = replace(options, only=(), exclude=(), shard=None)
    names = tuple(name for wave in waves for name in wave.targets)
    known: dict[str, TargetFacts] = {}

    def find(session: Session[Reader], approvals: Approvals, /, **how: bool) -> Planned:
        planned = plan_entries(session, approvals, **how)
        known[planned.plan.target.name] = facts_in(planned.plan)
        return planned

    with open_run(options, names, open_reader) as run:
        facts = facts_of(Planning(run, approvals, find).plans(), known)
    now = datetime.now(UTC)
    return Rollout(rollout(waves, facts, now), _commit(options), now)


def _commit(options: Options) -> str:
    return Git(options.root).line("rev-parse", "HEAD") or ""


def waves_of(options: Options) -> tuple[Wave, ...]:
    """Return the waves of devinops.yaml. Raises UsageError if there are none, and InputError."""
    waves = read_project(options.root).waves
    if not waves:
        raise UsageError("devinops.yaml has no waves: add waves to it, or leave out --wave")
    return waves


def selected(
    options: Options,
    name: str,
    affected: str | None,
    approvals: Approvals,
    gate: Path | None = None,
    *,
    must_start: bool = True,
) -> tuple[Wave | None, tuple[str, ...]]:
    """Return the wave with a name, or `due`, and its targets, also those that are held.

    There is none if none is due. For `gate` and errors see `startable`; without `must_start`, a
    wave that has a name need not be able to start.
    """
    if options.flags.selectors or affected:
        raise UsageError("--wave selects the targets: leave out --target and --affected")
    must_start = must_start or name == DUE
    wave = startable(options, name, approvals, gate) if must_start else named(options, name)
    return wave, (*wave.targets, *wave.held) if wave else ()


def named(options: Options, name: str) -> Wave:
    """Return the wave with a name. Raises UsageError if there is none."""
    waves = {wave.name: wave for wave in waves_of(options)}
    if name not in waves:
        hint = did_you_mean(name, [*waves, DUE])
        raise UsageError(
            f'devinops.yaml has no wave "{name}"{hint}; choose one of {", ".join(waves)}, or '
            f"{DUE} for the next one that may start"
        )
    return waves[name]


def startable(
    options: Options, name: str, approvals: Approvals, gate: Path | None = None
) -> Wave | None:
    """Return the wave with a name; for `due` the next one, None if there is nothing to do yet.

    `gate` is a file with what another job has found. Raises Refused if the wave may not start, or
    if the rollout has stopped.
    """
    waves = waves_of(options)
    if name != DUE:
        # Those after it do not matter.
        waves = waves[: waves.index(named(options, name)) + 1]
    found = _read(gate, options) if gate else document(find_rollout(options, waves, approvals))
    if name == DUE and found.due is None:
        stopped = (item for item in found.waves if item.state is WaveState.STOPPED)
        if failures := [failure for item in stopped for failure in item.failed.items()]:
            first = ": ".join(failures[0])
            raise Refused(f"{found.verdict}; nothing was written ({first})")
        options.say(f"no wave is due: {found.verdict}")
        return None
    chosen = found.due or "" if name == DUE else name
    (item,) = (item for item in found.waves if item.name == chosen)
    if not item.may_start:
        raise Refused(f"the wave {chosen} may not start: it {item.reason}; nothing was written")
    return named(options, chosen)


# --- the document ---------------------------------------------------------------------------------


def document(found: Rollout) -> RolloutDocument:
    """Return where a rollout is as a document, which another job can take as its gate."""
    from devinops.schema.base_document import HEAD
    from devinops.schema.command_outputs import RolloutDocument, WaveItem

    statuses, chosen = found.statuses, due(found.statuses)
    return RolloutDocument(
        **HEAD,
        exit_code=ExitCode.OK,
        commit=found.commit,
        time=found.now.strftime(TIME),
        due=chosen.wave.name if chosen else None,
        stopped=has_stopped(statuses),
        verdict=verdict(statuses),
        waves=tuple(
            WaveItem(
                name=status.wave.name,
                state=status.state,
                targets=status.wave.targets,
                pending=status.pending,
                failed=dict(status.failed),
                alone=dict(status.alone),
                held=status.wave.held,
                max_failed=status.wave.max_failed,
                may_start=status.may_start,
                until=status.until.strftime(TIME) if status.until else None,
                reason=reason(status, statuses),
            )
            for status in statuses
        ),
    )


def _read(path: Path, options: Options) -> RolloutDocument:
    """Return the document in a file. Raises UnusableFile if it is not about this commit."""
    from devinops.schema.base_document import convert, load_object, quotable
    from devinops.schema.command_outputs import RolloutDocument

    step = "at this commit, write it with devinops targets waves --report json=FILE"
    try:
        found = convert(load_object(atomic.read(path, follow=True)), RolloutDocument)
    except OSError as error:
        raise UnusableFile(f"cannot read {path}: {atomic.reason(error)}; {step}") from error
    except ValueError as error:
        why = f"{path} is not a report of devinops targets waves: {quotable(error)}"
        raise UnusableFile(f"{why}; {step}") from None
    commit = _commit(options)
    if found.commit != commit:
        other = quotable(found.commit[:12])
        raise UnusableFile(f"{path} is about the commit {other}, not {commit[:12]}: {step}")
    known = [(wave.name, wave.targets) for wave in waves_of(options)]
    is_due_known = found.due is None or found.due in dict(known)
    if [(item.name, item.targets) for item in found.waves] != known or not is_due_known:
        raise UnusableFile(f"{path} is about other waves or targets: {step}")
    return found
