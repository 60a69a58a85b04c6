"""Where a rollout is: the waves of targets, and which of them may start. Pure.

Nothing about a rollout is stored. The plans of the targets tell what is left to do, and their
inventories tell when an object was last changed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from devinops.model.changes import Blocker
from devinops.model.errors import InventoryError
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import TIME, Deleted, Inventory, Record, sent_by
from devinops.model.keys import Key, listed
from devinops.model.objects import Problem, Source
from devinops.model.target import TargetState, WaveState
from devinops.planning.layers import fits, labels_of

if TYPE_CHECKING:
    from devinops.planning.plan import Plan
    from devinops.planning.run import Plans

DUE: Final = "due"
"""What stands for the name of the next wave that may start."""
ENTERPRISE: Final = "enterprise"
"""The wave of the targets that are enterprises, which comes before those of devinops.yaml."""
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_MAX_SOAK: Final = timedelta(days=366)
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


class Wave(NamedTuple):
    """The targets that are applied together, after those of the waves before it.

    `soak` is how long the next wave waits after the last write in this one. It does not wait for
    up to `max_failed` targets that cannot be written. Those that are `held` are not among the
    targets.
    """

    name: str
    targets: tuple[str, ...]
    held: tuple[str, ...] = ()
    soak: timedelta = timedelta()
    max_failed: int = 0


# --- the waves of devinops.yaml -------------------------------------------------------------------

Targets = Mapping[str, Mapping[str, Any]]


def find_waves(
    written: Iterable[Any], targets: Targets, source_of: Callable[..., Source]
) -> tuple[list[Wave], list[Problem]]:
    """Return the waves that devinops.yaml lists, in order, and what is wrong with each of them.

    What the schema has a problem with is left out. `source_of` returns the position of a setting.
    """
    enterprises = [name for name, target in targets.items() if target.get("enterprise")]
    waves = [_wave({"name": ENTERPRISE}, enterprises, targets)] if enterprises else []
    problems: list[Problem] = []
    others = [name for name in targets if name not in enterprises]
    taken: set[str] = set()
    for number, item in enumerate(written):
        if not (isinstance(item, dict) and isinstance(item.get("name"), str)):
            continue
        names = _members(item.get("where"), others, taken, targets)
        if message := _why_unusable(item, names, waves):
            source = source_of("waves", number)
            problems.append(Problem(source, "unusable-wave", f"{item['name']}: {message}"))
        taken.update(names)
        waves.append(_wave(item, names, targets))
    return waves, problems


def _members(
    where: Any, others: Iterable[str], taken: Collection[str], targets: Targets
) -> list[str]:
    """Return the targets that `where` selects; without it, those that no earlier wave has taken."""
    if isinstance(where, dict):
        return [name for name in others if fits(where, labels_of(targets[name]))]
    return [name for name in others if where or name not in taken]


def _why_unusable(item: Mapping[str, Any], names: Collection[str], earlier: Iterable[Wave]) -> str:
    """Return what is wrong with a wave of these targets; empty if nothing is."""
    if any(wave.name == item["name"] for wave in earlier):
        return "another wave has this name: each needs its own"
    if not names:
        return "it has no targets: correct `where`, or remove the wave"
    is_long = duration(str(item.get("soak"))) > _MAX_SOAK
    return f"its soak is more than {_MAX_SOAK.days} days: shorten it" if is_long else ""


def _wave(item: Mapping[str, Any], names: Iterable[str], targets: Targets) -> Wave:
    held = tuple(name for name in names if "hold" in targets[name])
    most = item.get("max_failed")
    return Wave(
        item["name"],
        tuple(name for name in names if name not in held),
        held,
        duration(str(item.get("soak"))),
        most if isinstance(most, int) else 0,
    )


def duration(written: str) -> timedelta:
    """Return the time that a text such as `24h` means; none if the schema has a problem with it."""
    match = re.fullmatch("([0-9]{1,4})([mhd])", written)
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta()


def misplaced(
    waves: Sequence[Wave], targets: Targets, source_of: Callable[[str], Source]
) -> Iterator[Problem]:
    """Yield a problem for each target in no wave or in several, and one if inventories are missing.

    A target that is held can be in no wave. `source_of` returns the position of a target.
    """
    found = defaultdict[str, list[str]](list)
    for wave in waves:
        for name in (*wave.targets, *wave.held):
            found[name].append(wave.name)
    for name, target in targets.items():
        if len(found[name]) > 1:
            message = f"{name} is in the waves {listed(found[name])}: correct its labels or `where`"
            yield Problem(source_of(name), "several-waves", message)
        elif not found[name] and "hold" not in target:
            message = f"{name} is in no wave: correct its labels, add hold: REASON, or add a wave "
            yield Problem(source_of(name), "no-wave", f"{message}without `where` for all others")
    without = [name for name, target in targets.items() if not _is_recorded(target)]
    if without:
        message = (
            "waves need inventory: {store: branch}, which records when an object was last changed"
        )
        message = f"{message}: add it to the defaults, or to {listed(without)}"
        yield Problem(source_of(without[0]), "unusable-wave", message)


def _is_recorded(target: Mapping[str, Any]) -> bool:
    inventory = target.get("inventory")
    return isinstance(inventory, dict) and inventory.get("store") == "branch"


# --- where the rollout is -------------------------------------------------------------------------


class TargetFacts(NamedTuple):
    """What the plan and the inventory of a target say about a rollout.

    `changed` are the objects that its plan changes, or could change after a person's decision.
    `waits` says what is left to a run of its own, which no wave waits for.
    `failure` says why the target cannot become as planned, and is empty if it can. `times` tells
    when what was sent of an object last changed. `wanted` stands for what an apply would send, and
    `failed` for what one has sent in vain; see `sent_by`. `moves`: an apply renames the inventory.
    """

    changed: frozenset[Key] = frozenset()
    failure: str = ""
    times: Mapping[Key, datetime] = {}
    wanted: Mapping[Key, str] = {}
    failed: Mapping[Key, str] = {}
    moves: bool = False
    waits: str = ""

    @property
    def was_tried(self) -> bool:
        """Whether an apply could not make one of the changes, as it is now."""
        return not self.wanted.items().isdisjoint(self.failed.items())


def facts_in(plan: Plan) -> TargetFacts:
    """Return what the inventory of a target and the entries say. Raises InventoryError."""
    wanted = {change.key: sent_by(change) for change in plan.changes}
    failed = {item.key: item.sent for item in plan.inventory.failed}
    return TargetFacts(times=times_of(plan.inventory), wanted=wanted, failed=failed)


def times_of(inventory: Inventory) -> dict[Key, datetime]:
    """Return when an apply last changed or deleted each object. Raises InventoryError."""
    items: Iterable[Deleted | Record] = (*inventory.deleted, *inventory.owned)
    try:
        return {item.key: _utc(item.at) for item in items if item.at}
    except ValueError as error:
        raise InventoryError(f"the inventory has an invalid time: {error}") from None


def _utc(text: str) -> datetime:
    return datetime.strptime(text, TIME).replace(tzinfo=UTC)


def facts_of(plan: Plans, known: Mapping[str, TargetFacts]) -> dict[str, TargetFacts]:
    """Return what the plans say of each target; `known` maps names to what `facts_in` returns."""
    changed = defaultdict[str, set[Key]](set)
    failures, waits = dict[str, str](), dict[str, str]()
    for changes in plan.changes:
        for name in changes.targets:
            changed[name].add(changes.item.key)
    for step, at in plan.blocked:
        for row in at:
            if step.by is Blocker.ALONE:
                waits[row.target] = f"{step.key}: {step.reason}"
            else:
                changed[row.target].update((step.key, *step.needed_by))
                failures[row.target] = "blocked until a person decides"
    failures |= dict.fromkeys(plan.numbers("refused"), "its plan needs an approval")
    facts = {}
    for target in plan.targets:
        failure = target.message if target.state is not TargetState.PLANNED else ""
        facts[target.name] = known.get(target.name, TargetFacts())._replace(
            changed=frozenset(changed[target.name]),
            failure=failures.get(target.name, failure),
            moves=bool(target.moves_from),
            waits=waits.get(target.name, ""),
        )
    return facts


def failures(plan: Plans) -> list[str]:
    """Return the targets that cannot become as planned; those that are held do not count."""
    facts, held = facts_of(plan, {}), TargetState.HELD
    failed = [each for each in plan.targets if facts[each.name].failure and each.state != held]
    return [each.name for each in failed if each.code is not ExitCode.OK]


class WaveStatus(NamedTuple):
    """How far a rollout is with a wave.

    `pending` are the targets that need changes and can be written, and `failed` those that cannot,
    each with the reason. `until` is the end of its soak if a later wave waits for that, else None.
    `waits_for` is the earlier wave that it waits for, empty if it may start. `alone` says what
    targets leave to a run of its own.
    """

    wave: Wave
    state: WaveState
    pending: tuple[str, ...] = ()
    failed: Mapping[str, str] = {}
    until: datetime | None = None
    waits_for: str = ""
    alone: Mapping[str, str] = {}

    @property
    def may_start(self) -> bool:
        """Whether no earlier wave is in the way."""
        return not self.waits_for

    @property
    def done(self) -> int:
        """How many targets are as in the files."""
        return len(self.wave.targets) - len(self.pending) - len(self.failed)


def rollout(
    waves: Sequence[Wave], facts: Mapping[str, TargetFacts], now: datetime
) -> tuple[WaveStatus, ...]:
    """Return the status of each wave; `facts` has all their targets that are not held."""
    statuses: list[WaveStatus] = []
    soaks: dict[str, datetime] = {}
    for wave in waves:
        status = _left(wave, facts)
        changed = _changed(wave, facts)
        not_passed = [before.wave.name for before in statuses if not _passed(before, facts)]
        ends = {} if not_passed else _soaks(waves[: len(statuses)], changed, facts, now)
        if status.pending or status.failed:
            waits_for = (*not_passed, *ends, "")[0]
            for name, end in ends.items():
                soaks[name] = max(end, soaks.get(name, end))
            status = status._replace(waits_for=waits_for, state=_state(status, waits_for, facts))
        statuses.append(status)
    return tuple(
        status._replace(state=WaveState.SOAKING, until=soaks[status.wave.name])
        if status.wave.name in soaks
        else status
        for status in statuses
    )


def _changed(wave: Wave, facts: Mapping[str, TargetFacts]) -> frozenset[Key]:
    """Return what a wave may change: in a target without a plan, that may be everything."""
    members = [facts[name] for name in wave.targets]
    if any(target.failure and not target.changed for target in members):
        return frozenset(key for target in facts.values() for key in target.times)
    return frozenset[Key]().union(*(target.changed for target in members))


def _left(wave: Wave, facts: Mapping[str, TargetFacts]) -> WaveStatus:
    """Return what is left to do in a wave; its state is still to be found."""
    failed = {name: facts[name].failure for name in wave.targets if facts[name].failure}
    needing = [name for name in wave.targets if facts[name].changed or facts[name].moves]
    pending = tuple(name for name in needing if name not in failed)
    alone = {name: facts[name].waits for name in wave.targets if facts[name].waits}
    return WaveStatus(wave, WaveState.DONE, pending, failed, alone=alone)


def _state(status: WaveStatus, waits_for: str, facts: Mapping[str, TargetFacts]) -> WaveState:
    if waits_for:
        return WaveState.WAITING
    if len(status.failed) > status.wave.max_failed:
        return WaveState.STOPPED
    if _passed(status, facts):
        return WaveState.DONE
    return WaveState.READY if status.pending else WaveState.STOPPED


def _passed(status: WaveStatus, facts: Mapping[str, TargetFacts]) -> bool:
    """Return whether a wave is done, apart from its soak.

    At most `max_failed` targets may be left, if another one is done. Those that could be written
    must have been tried. An enterprise may have only deletes left: the API can refuse them as long
    as organizations of later waves have not changed.
    """
    left = len(status.pending) + len(status.failed)
    passes = left <= status.wave.max_failed and status.done > 0
    if status.wave.name == ENTERPRISE and not status.failed:
        passes |= not any(facts[n].wanted.get(k) for n in status.pending for k in facts[n].changed)
    return not left or (passes and all(facts[name].was_tried for name in status.pending))


def _soaks(
    waves: Iterable[Wave],
    changed: Iterable[Key],
    facts: Mapping[str, TargetFacts],
    now: datetime,
) -> dict[str, datetime]:
    """Return when the soak of each wave ends, of those that are not over, the last one first.

    A soak begins with the last write of an object that the next wave would change. That may be in
    the future if the clock of another machine is wrong.
    """
    ends = {}
    for wave in (wave for wave in waves if wave.soak):
        times = [
            facts[name].times[key]
            for name in wave.targets
            for key in changed
            if key in facts[name].times
        ]
        last = max(times, default=now - wave.soak)
        if now < (end := last + min(wave.soak, _LATEST - last)):
            ends[wave.name] = end
    return dict(sorted(ends.items(), key=lambda item: item[1], reverse=True))


def has_stopped(statuses: Iterable[WaveStatus]) -> bool:
    """Return whether too many targets of a wave failed."""
    return any(status.state is WaveState.STOPPED for status in statuses)


def due(statuses: Iterable[WaveStatus]) -> WaveStatus | None:
    """Return the next wave that may start; None if there is none.

    Failures that are tolerated are tried again when no other wave may start.
    """
    writable = [status for status in statuses if status.pending and status.may_start]
    ready = (status for status in writable if status.state is WaveState.READY)
    return next(ready, None) or next(
        (status for status in writable if status.state is not WaveState.STOPPED), None
    )
