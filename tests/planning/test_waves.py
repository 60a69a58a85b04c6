"""A rollout goes from wave to wave: tests/cases/waves.yaml says when each may start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.model.changes import Blocked, Blocker
from devinops.model.errors import InventoryError
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Deleted, Failed, Inventory, Record, sent_by
from devinops.model.keys import FolderPath, Key
from devinops.model.objects import Source
from devinops.model.target import TargetState, WaveState
from devinops.planning.run import Collector
from devinops.planning.waves import (
    TargetFacts,
    Wave,
    WaveStatus,
    due,
    duration,
    facts_in,
    facts_of,
    failures,
    find_waves,
    has_stopped,
    misplaced,
    rollout,
    times_of,
)
from tests.testing.many_targets import planned_in, plans_of, update
from tests.testing.places import read_cases
from tests.testing.reports import conflict, deletes, empty

CASES: dict[str, dict[str, Any]] = {case["name"]: case for case in read_cases("waves.yaml")}
NOW = datetime(2026, 3, 12, 12, tzinfo=UTC)


def key(name: str) -> Key:
    return Key("knowledge", FolderPath("Backend"), name)


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


# --- the waves of devinops.yaml -------------------------------------------------------------------


def sources(*path: Any) -> Source:
    return Source(".".join(map(str, path)))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "waves" in case])
def test_each_target_is_in_one_wave(name: str) -> None:
    case = CASES[name]
    store = {"inventory": {"store": "branch"}}
    targets = {name: {**store, **(own or {})} for name, own in case["targets"].items()}
    waves, problems = find_waves(case["waves"], targets, sources)
    problems += misplaced(waves, targets, sources)
    found = {wave.name: [*wave.targets, *(f"({name})" for name in wave.held)] for wave in waves}
    if "gives" in case:
        assert found == case["gives"]
    shown = [f"{problem.source.path} {problem.code} {problem.message}" for problem in problems]
    assert len(shown) == len(case.get("problems", ())), shown
    for text, expected in zip(shown, case.get("problems", ()), strict=True):
        assert expected in text


def test_a_wave_says_how_long_it_soaks_and_how_many_failures_it_tolerates() -> None:
    written = [
        {"name": "canary", "soak": "36h", "max_failed": 2, "where": {"ring": "canary"}},
        {"name": "rest", "soak": 3, "max_failed": "all"},
        "damaged",
    ]
    targets = {"a": {"labels": {"ring": "canary"}}, "b": {}}
    canary, rest = find_waves(written, targets, sources)[0]
    assert canary == Wave("canary", ("a",), (), timedelta(hours=36), 2)
    assert rest == Wave("rest", ("b",))
    assert (duration("90m"), duration("2d")) == (timedelta(minutes=90), timedelta(days=2))
    assert duration("soon") == timedelta()


# --- what is known of each target -----------------------------------------------------------------


def test_the_time_of_an_object_is_that_of_its_last_write_or_of_its_deletion() -> None:
    records = (
        Record(key("a"), "1", at="2026-03-12T10:00:00Z"),
        Record(key("b"), "2"),
        Record(Key("folder", FolderPath(""), "Backend"), "3", memory=True),
    )
    deleted = (
        Deleted(key("c"), "4", "2026-03-11T12:00:00Z"),
        Deleted(key("a"), "5", "2026-03-12T11:00:00Z"),
    )
    times = times_of(Inventory("branch", records, deleted=deleted))
    assert times == {key("a"): ago(2), key("c"): ago(24)}
    with pytest.raises(InventoryError, match="yesterday"):
        times_of(Inventory("branch", (Record(key("a"), "1", at="yesterday"),)))


def test_what_is_blocked_refused_or_not_planned_has_failed() -> None:
    collector = Collector()
    collector.add(update("good"))
    collector.add(planned_in("waits", conflict()))
    collector.add(planned_in("many", deletes()))
    collector.add_without_plan("gone", "404: no such organization", ExitCode.FIX)
    collector.add(replace(update("later"), held="waits for the audit"))
    collector.add(update("moved"), state=TargetState.STALE, message="not as reviewed")
    known = TargetFacts(times={key("Deploys"): ago(1)})
    facts = facts_of(collector.plans(), {"good": known})
    assert facts.pop("good") == known._replace(changed=frozenset({key("Deploys")}))
    collector.add(update("written"), state=TargetState.STALE, message="m", code=ExitCode.OK)
    assert failures(collector.plans()) == ["gone", "many", "moved", "waits"]
    assert facts["many"].changed
    assert facts["waits"].changed >= {step.key for step in conflict().blocked}
    assert {name: fact.failure for name, fact in facts.items()} == {
        "many": "its plan needs an approval",
        "later": "waits for the audit",
        "gone": "404: no such organization",
        "moved": "not as reviewed",
        "waits": "blocked until a person decides",
    }


def test_what_waits_for_a_run_of_its_own_holds_up_no_wave() -> None:
    alone = Blocked(Blocker.ALONE, key("lone"), "run it alone", needed_by=(key("other"),))
    only = facts_of(plans_of([planned_in("a", replace(empty(), blocked=(alone,)))]), {})
    assert only == {"a": TargetFacts(waits="knowledge:Backend/lone: run it alone")}
    statuses = rollout([Wave("canary", ("a",))], only, NOW)
    assert [(each.state, each.failed, each.alone) for each in statuses] == [
        ("done", {}, {"a": "knowledge:Backend/lone: run it alone"})
    ]
    both = replace(conflict(), blocked=(*conflict().blocked, alone))
    (found,) = facts_of(plans_of([planned_in("a", both)]), {}).values()
    assert (found.failure, bool(found.waits)) == ("blocked until a person decides", True)
    assert key("lone") not in found.changed


# --- where the rollout is -------------------------------------------------------------------------


def facts(written: Mapping[str, Any]) -> TargetFacts:
    wanted = {key(name): "version 2" for name in written.get("changes", ())}
    wanted |= {key(name): "" for name in written.get("deletes", ())}
    changed = frozenset(wanted)
    wanted |= {key(name): "version 2" for name in written.get("alone", ())}
    return TargetFacts(
        changed,
        written.get("failure", ""),
        {key(name): ago(hours) for name, hours in written.get("hours", {}).items()},
        wanted,
        {
            key(name): f"version {version}" if version else ""
            for name, version in written.get("tried", {}).items()
        },
    )


def test_what_an_apply_sent_in_vain_is_compared_with_what_the_next_one_would_send() -> None:
    """A delete is compared with a delete."""
    for plan in (update("b"), deletes()):
        tried = tuple(
            Failed(change.key, sent_by(change), "2026-03-12T11:00:00Z") for change in plan.changes
        )
        inventory = Inventory("branch", failed=tried)
        found = facts_in(replace(plan, inventory=inventory))
        assert found.failed == found.wanted
        assert found.was_tried
    assert set(found.wanted.values()) == {""}
    assert facts_in(update("b", after="Newer.")).wanted != facts_in(update("b")).wanted
    assert not facts_in(update("b")).was_tried


def test_a_wave_is_not_done_while_an_inventory_has_an_old_name() -> None:
    old_name = Inventory("branch", moves_from="old")
    plan = plans_of([planned_in("a", empty(), inventory=old_name), planned_in("b", empty())])
    statuses = rollout([Wave("canary", ("a",)), Wave("rest", ("b",))], facts_of(plan, {}), NOW)
    assert [(each.state, each.pending) for each in statuses] == [("ready", ("a",)), ("done", ())]


def shown(status: WaveStatus) -> str:
    """Return the state of a wave with what it waits for, and when its soak ends in hours."""
    until = f" {(status.until - NOW) / timedelta(hours=1):g}" if status.until else ""
    waits_for = f" {status.waits_for}" if status.waits_for else ""
    return f"{status.state}{waits_for}{until}"


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "rollout" in case])
def test_each_wave_starts_in_time(name: str) -> None:
    case = CASES[name]
    waves, known = [], {}
    for wave, written in case["rollout"].items():
        settings = {"soak": timedelta(hours=written.get("soak", 0))}
        targets = tuple(written["targets"])
        waves.append(Wave(wave, targets, (), settings["soak"], written.get("max_failed", 0)))
        known |= {name: facts(own or {}) for name, own in written["targets"].items()}
    statuses = rollout(waves, known, NOW)
    assert {status.wave.name: shown(status) for status in statuses} == case["states"]
    assert all(0 <= status.done <= len(status.wave.targets) for status in statuses)
    chosen = due(statuses)
    assert (chosen.wave.name if chosen else None) == case["due"]
    assert has_stopped(statuses) == any("stopped" in state for state in case["states"].values())


def test_a_soak_can_end_on_the_last_day_of_the_calendar() -> None:
    waves = (Wave("canary", ("a",), soak=timedelta(days=1)), Wave("rest", ("b",)))
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    known = {"a": TargetFacts(times={key("n"): last}), "b": TargetFacts(frozenset({key("n")}))}
    (canary, rest) = rollout(waves, known, NOW)
    assert (canary.state, rest.state) == (WaveState.SOAKING, WaveState.WAITING)
    assert canary.until
    assert canary.until >= last


# --- histories ------------------------------------------------------------------------------------

Step = tuple[str, int, int]
"""What happens, in which target, and a number that it needs."""

SIZES = (2, 3, 4)


class World:
    """Organizations with an object each, and what happens to them in a rollout of three waves."""

    def __init__(self, soak: int, max_failed: int) -> None:
        self.now, self.soak, self.max_failed = NOW, timedelta(hours=soak), max_failed
        self.committed = 0
        total = sum(SIZES)
        self.applied = [(0, NOW)] * total  # the version, and when it was written
        self.held: set[int] = set()
        self.broken: set[int] = set()
        self.refusing: set[int] = set()
        self.tried: dict[int, int] = {}  # the version that could not be written

    def waves(self) -> list[Wave]:
        waves, first = [], 0
        for number, size in enumerate(SIZES):
            names = [str(n) for n in range(first, first + size) if n not in self.held]
            waves.append(Wave(f"wave-{number}", tuple(names), (), self.soak, self.max_failed))
            first += size
        return waves

    def rollout(self) -> tuple[WaveStatus, ...]:
        facts = {}
        for number, (version, at) in enumerate(self.applied):
            failure = "unreachable" if number in self.broken else ""
            changes = {key("n")} if version != self.committed and not failure else ()
            facts[str(number)] = TargetFacts(
                frozenset(changes),
                failure,
                {key("n"): at},
                dict.fromkeys(changes, str(self.committed)),
                {key("n"): str(self.tried[number])} if number in self.tried else {},
            )
        return rollout(self.waves(), facts, self.now)

    def write(self, number: int) -> None:
        if number in self.broken | self.held or self.applied[number][0] == self.committed:
            return
        if number in self.refusing:
            self.tried[number] = self.committed
        else:
            self.applied[number] = (self.committed, self.now)

    def step(self, what: str, number: int, hours: int) -> None:
        if what == "commit":
            self.committed += 1
        elif what == "hotfix":
            self.write(number)
        elif what == "hold":
            self.held ^= {number}
        elif what == "break":
            self.broken ^= {number}
        elif what == "refuse":
            self.refusing ^= {number}
        elif what == "wait":
            self.now += timedelta(hours=hours)
        elif (chosen := due(self.rollout())) is not None:
            self.check_start(chosen.wave)
            for name in chosen.wave.targets:
                self.write(int(name))

    def check_start(self, wave: Wave) -> None:
        """Check that a wave does not start early: a second statement of the rule, in other words."""
        for before in self.waves():
            if before == wave:
                return
            members = [int(name) for name in before.targets]
            behind = [
                n for n in members if self.applied[n][0] != self.committed or n in self.broken
            ]
            assert len(behind) <= self.max_failed
            assert all(n in self.broken or self.tried.get(n) == self.committed for n in behind)
            current = [self.applied[n][1] for n in members if n not in behind]
            assert not members or current or not behind
            changes = any(self.applied[int(name)][0] != self.committed for name in wave.targets)
            assert not changes or all(self.now >= at + self.soak for at in current)

    def check_reason(self) -> None:
        """Check that something that is left to do can be done, or says what it waits for."""
        statuses = self.rollout()
        by_name = {status.wave.name: status for status in statuses}
        if any(status.pending for status in statuses) and due(statuses) is None:
            reasons = [status for status in statuses if status.state is WaveState.STOPPED]
            reasons += [status for status in statuses if status.until and status.until > self.now]
            assert reasons
        for status in statuses:
            if status.state is WaveState.WAITING:
                cause = by_name[status.waits_for]
                assert cause.state is not WaveState.DONE
            assert (status.state is WaveState.SOAKING) == (status.until is not None)


STEPS = st.tuples(
    st.sampled_from(
        ["apply", "apply", "apply", "wait", "wait", "commit", "hotfix", "hold", "break", "refuse"]
    ),
    st.integers(0, sum(SIZES) - 1),
    st.integers(1, 30),
)


@given(st.lists(STEPS, max_size=40), st.sampled_from([0, 24]), st.integers(0, 2))
def test_no_wave_starts_early_and_none_waits_without_a_reason(
    steps: list[Step], soak: int, max_failed: int
) -> None:
    world = World(soak, max_failed)
    for step in steps:
        world.step(*step)
        world.check_reason()
    # When nothing more goes wrong, the rollout reaches all.
    world.broken, world.held, world.refusing = set(), set(), set()
    for _ in SIZES:
        world.step("apply", 0, 0)
        world.step("apply", 0, 0)
        world.step("wait", 0, 24)
    assert {version for version, _ in world.applied} == {world.committed}
