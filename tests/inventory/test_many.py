"""Inventories of many targets on one branch: what they share, what a run holds, and who takes it over."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from devinops.emulator import Emulator
from devinops.git import Git
from devinops.inventory import InventorySettings, Job, Place, Store, open_runs, open_stores
from devinops.inventory.backend import Stored
from devinops.inventory.branch import BranchBackend
from devinops.inventory.inventory_run import BATCH, QUIET_S, WINDOW_S
from devinops.inventory.job import job_of
from devinops.inventory.journaled import JournaledStore
from devinops.inventory.merge import NO_JOB
from devinops.model.changes import Action
from devinops.model.errors import InventoryError, Stale
from devinops.model.inventory import Inventory
from devinops.model.target import Target
from tests.testing.command_line import Devinops
from tests.testing.inventories import dies, git, intent, names, record
from tests.testing.waiting import LONG_S, Waits

pytestmark = pytest.mark.matrix  # each test runs over several targets

Clone = Callable[..., Path]
together = pytest.mark.usefixtures("really_waits", "patient")
RUN, NEXT = "20260312T101500Z-1f2e3d", "20260312T111500Z-aaaaaa"
JOB = Job("GitHub acme/app, run 7, job apply", 1)


def stores_of(
    root: Path, count: int, job: Job = NO_JOB, at_once: int | None = None
) -> dict[str, Store]:
    """The stores of the targets t1, t2, … with one branch."""
    settings = InventorySettings("branch")
    targets = [
        Target(f"t{n}", "https://api.devin.ai", "v3", f"org-{n}") for n in range(1, count + 1)
    ]
    places = [Place(target, settings) for target in targets]
    return open_stores(places, root, job=job, at_once=at_once)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Targets wait until all of them can be saved together, however slow the machine is."""
    for name in ("QUIET_S", "WINDOW_S"):
        monkeypatch.setattr(f"devinops.inventory.inventory_run.{name}", LONG_S)


def begin(store: Store, run: str) -> None:
    store.begin(run, [intent(run, "a")], store.read())


def applied(store: Store, run: str) -> None:
    """A whole run that creates a note."""
    begin(store, run)
    store.settle(run, [record("a")])
    store.finish(run)
    store.close()


def side_by_side(stores: Iterable[Store], act: Callable[[Store], object]) -> list[Exception | None]:
    """Do the same with each store, each in its thread; return the errors."""

    def attempt(store: Store) -> Exception | None:
        try:
            act(store)
        except Exception as error:
            return error
        return None

    targets = list(stores)
    with ThreadPoolExecutor(len(targets)) as pool:
        return list(pool.map(attempt, targets))


def files(remote: Path) -> list[str]:
    return git(remote, "ls-tree", "-r", "--name-only", "devinops").splitlines()


def held(root: Path, count: int = 2, job: Job = NO_JOB) -> list[str]:
    """The targets that a run holds, for somebody with this clone and job."""
    return [name for name, store in stores_of(root, count, job).items() if open_runs(store.read())]


@together
@pytest.mark.parametrize("many", [BATCH])
def test_a_run_costs_as_many_git_processes_for_many_targets_as_for_one(
    clone: Clone, remote: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    calls: Counter[str] = Counter()
    run = Git.run

    def counted(self: Git, *arguments: str, **rest: object) -> object:
        calls[next(a for a in arguments if not a.startswith("-") and "=" not in a)] += 1
        return run(self, *arguments, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Git, "run", counted)
    applied(stores_of(clone("first"), 1)["t1"], "r0")
    costs = []
    for count in (1, many):
        root = clone(f"clone{count}", "--single-branch")
        calls.clear()
        stores = stores_of(root, count).values()
        act = partial(applied, run=f"r{count}")
        assert side_by_side(stores, act) == [None] * count
        assert [names(store.read()) for store in stores] == [["a"]] * count
        # From Python 3.12, threads that begin together may each ask where the repository is.
        del calls["rev-parse"]
        costs.append(dict(calls))
    assert costs[0] == costs[1]
    assert [costs[1][step] for step in ("ls-remote", "fetch", "push")] == [3, 1, 2]
    assert sum(costs[1].values()) < 40
    assert git(remote, "rev-list", "--count", "devinops") == "6"


def test_the_intents_of_a_run_are_in_one_file_until_each_target_has_finished(
    clone: Clone, remote: Path
) -> None:
    stores = stores_of(clone(), 3)
    one, two, _ = stores.values()
    side_by_side([one, two], lambda store: begin(store, RUN))
    assert files(remote) == [f".runs/{RUN}.jsonl", "t1.jsonl", "t2.jsonl"]
    text = git(remote, "show", f"devinops:.runs/{RUN}.jsonl")
    assert text.splitlines() == [
        f'{{"devinops_run": 3, "run": "{RUN}"}}',
        f'{{"intent": "{RUN}", "action": "create", "key": "knowledge:a", "target": "t1"}}',
        f'{{"intent": "{RUN}", "action": "create", "key": "knowledge:a", "target": "t2"}}',
        '{"devinops_inventory_end": true}',
    ]
    elsewhere = clone("elsewhere")
    assert held(elsewhere, 3) == ["t1", "t2"]
    one.settle(RUN, [record("a")])
    one.finish(RUN)
    assert held(elsewhere, 3) == ["t2"]
    two.finish(RUN)
    assert files(remote) == ["t1.jsonl", "t2.jsonl"]


@pytest.mark.usefixtures("really_waits")
def test_what_is_saved_while_another_target_reads_is_not_forgotten(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = stores_of(clone("work"), 2).values()
    assert side_by_side([first, second], partial(begin, run=RUN)) == [None, None]
    load = BranchBackend.load

    def slow(self: BranchBackend, files: Iterable[str]) -> Stored:
        stored = load(self, files)
        monkeypatch.setattr(BranchBackend, "load", load)
        second.settle(RUN, [record("a")])
        second.finish(RUN)
        return stored

    monkeypatch.setattr(BranchBackend, "load", slow)
    first.read()
    assert names(second.read()) == ["a"]
    assert not open_runs(second.read())


@together
def test_a_target_that_is_refused_does_not_stop_the_others(clone: Clone, remote: Path) -> None:
    begin(stores_of(clone("other"), 1)["t1"], "other")
    stores = stores_of(clone(), 3)
    base = {name: store.read() for name, store in stores.items()}
    errors = side_by_side(
        stores.values(), lambda store: store.begin(RUN, [intent(RUN, "a")], Inventory("branch"))
    )
    assert [type(error) for error in errors] == [Stale, type(None), type(None)]
    assert "the run other is changing knowledge:a" in str(errors[0])
    assert base["t2"] == Inventory("branch")
    assert held(clone("third"), 3) == ["t1", "t2", "t3"]


def test_a_damaged_file_stops_only_its_target(clone: Clone) -> None:
    root = clone()
    backend = BranchBackend(root, "devinops")
    backend.save({"t1.jsonl": "damaged\n"}, backend.load([]), "damage")
    errors = side_by_side(stores_of(root, 2).values(), lambda store: applied(store, RUN))
    assert [type(error) for error in errors] == [InventoryError, type(None)]


def test_a_damaged_file_of_a_run_stops_all_and_is_named(clone: Clone) -> None:
    root = clone()
    backend = BranchBackend(root, "devinops")
    backend.save({f".runs/{RUN}.jsonl": "damaged\n"}, backend.load([]), "damage")
    with pytest.raises(InventoryError, match=rf"^devinops:\.runs/{RUN}\.jsonl:1: "):
        stores_of(root, 2)["t1"].read()


def test_a_target_waits_for_the_next_one_but_not_for_long(
    clone: Clone, remote: Path, waits: Waits
) -> None:
    one, two = stores_of(clone(), 2).values()
    begin(one, RUN)
    assert sum(waits) == pytest.approx(QUIET_S)
    two.close()
    one.finish(RUN)
    assert sum(waits) == pytest.approx(QUIET_S), "nobody is left to wait for"


def test_a_target_does_not_wait_for_others_whose_turn_is_later(clone: Clone, waits: Waits) -> None:
    applied(stores_of(clone(), 2, at_once=1)["t1"], RUN)
    assert not waits


def test_however_many_targets_come_none_waits_for_longer_than_that(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, waits: Waits
) -> None:
    monkeypatch.setattr("devinops.inventory.inventory_run.QUIET_S", 2 * WINDOW_S)
    begin(stores_of(clone(), 2)["t1"], RUN)
    assert sum(waits) == pytest.approx(WINDOW_S)


def test_a_target_whose_wait_is_interrupted_is_not_saved_later(
    clone: Clone, remote: Path, waits: Waits
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    one, two = stores_of(clone(), 2).values()
    waits.instead = interrupted
    with pytest.raises(KeyboardInterrupt):
        begin(one, RUN)
    waits.instead = lambda _: None
    begin(two, RUN)
    assert held(clone("two")) == ["t2"]


# --- runs that died -----------------------------------------------------------------------------------------


def died(root: Path, job: Job = NO_JOB) -> None:
    """A run that announced a create and an update in two targets, settled one in t1, and was killed."""
    stores = stores_of(root, 2, job)
    for store in stores.values():
        base = store.read().changed([record("b")])
        store.write(base, store.read())

    def killed(store: Store) -> None:
        intents = [intent(RUN, "a"), intent(RUN, "b", Action.UPDATE, "note-b")]
        store.begin(RUN, intents, store.read())

    assert side_by_side(stores.values(), killed) == [None, None]
    stores["t1"].settle(RUN, [record("a")])
    dies(stores["t1"], RUN)


@pytest.mark.parametrize(
    ("job", "goes_on"),
    [
        (JOB._replace(attempt=2), True),
        (JOB, False),
        (JOB._replace(attempt=0), False),
        (JOB._replace(name="GitHub acme/app, run 8, job apply", attempt=2), False),
        (Job(), False),
    ],
)
def test_only_a_later_attempt_of_the_same_job_takes_a_run_over(
    clone: Clone, remote: Path, job: Job, goes_on: bool
) -> None:
    died(clone(), JOB)
    assert held(clone("two"), job=job) == ([] if goes_on else ["t1", "t2"])
    if not goes_on:
        return
    for store in stores_of(clone("three"), 2, job).values():
        applied(store, NEXT)
    assert files(remote) == ["t1.jsonl", "t2.jsonl"]
    assert [names(store.read()) for store in stores_of(clone("four"), 2).values()] == [
        ["a", "b"],
        ["a", "b"],
    ]


def test_a_later_attempt_without_changes_frees_the_targets(clone: Clone, remote: Path) -> None:
    died(clone(), JOB)
    for store in stores_of(clone("two"), 2, JOB._replace(attempt=2)).values():
        store.read()
        store.sweep()
        store.close()
    found = [store.read() for store in stores_of(clone("three"), 2).values()]
    assert [open_runs(inventory) for inventory in found] == [{}, {}]
    assert [inventory.unclear for inventory in found] == [{intent(RUN, "a").key}] * 2
    assert files(remote) == ["t1.jsonl", "t2.jsonl"]


def test_two_runs_without_a_job_never_take_each_other_over(clone: Clone) -> None:
    assert not Job().supersedes(Job())
    assert not Job("", 2).supersedes(Job("", 1))


def test_where_a_run_died_each_target_goes_on_with_its_own_results(
    clone: Clone, remote: Path
) -> None:
    root = clone()
    died(root)
    locks = root / ".git" / "devinops"
    one, two = stores_of(root, 2).values()
    assert names(one.read()) == ["a", "b"]
    one.sweep()
    assert sorted(path.name for path in locks.glob(f"*{RUN}*")) == [f"devinops.{RUN}.lock"]
    assert held(clone("two")) == ["t2"]
    two.sweep()
    assert list(locks.glob(f"*{RUN}*")) == []
    assert files(remote) == ["t1.jsonl", "t2.jsonl"]
    assert names(stores_of(clone("three"), 2)["t1"].read()) == ["a", "b"]


def test_unlock_frees_all_targets_of_a_run_and_remembers_its_creates(
    clone: Clone, remote: Path
) -> None:
    died(clone())
    elsewhere = clone("two")
    assert stores_of(elsewhere, 1)["t1"].unlock(RUN) == ("t2",)
    assert held(clone("three")) == []
    two = stores_of(elsewhere, 2)["t2"]
    assert two.read().unclear == {intent(RUN, "a").key}
    applied(two, NEXT)
    assert files(remote) == ["t1.jsonl", "t2.jsonl"]


def test_intents_that_an_older_devinops_put_beside_the_records_still_hold_the_target(
    clone: Clone, remote: Path
) -> None:
    root = clone()
    applied(stores_of(root, 1)["t1"], RUN)
    backend = BranchBackend(root, "devinops")
    stored = backend.load(["t1.jsonl"])
    head, *lines, end = stored.texts["t1.jsonl"].splitlines()
    old = f'{{"intent": "{RUN}", "action": "create", "key": "knowledge:z"}}'
    text = "\n".join([head.replace(": 3", ": 1", 1), *lines, old, end, ""])
    backend.save({"t1.jsonl": text}, stored, "as before")
    store = stores_of(root, 1)["t1"]
    assert list(open_runs(store.read())) == [RUN]
    begin(store, NEXT)
    now = git(remote, "show", "devinops:t1.jsonl")
    assert now.startswith('{"devinops_inventory": 3'), "an older devinops must not read on"
    assert old in now
    assert list(open_runs(store.read())) == [RUN, NEXT]


def test_a_person_sees_whose_run_holds_a_target_and_frees_all_its_targets(
    clone: Clone, emulator: Emulator, devinops: Devinops
) -> None:
    root = clone()
    organizations = {"t1": "org-emulator", "t2": "org-2"}
    targets = "".join(f"  {name}: {{org_id: {org}}}\n" for name, org in organizations.items())
    defaults = "defaults: {inventory: {store: branch}}\n"
    (root / "devinops.yaml").write_text(f"version: 1\n{defaults}targets:\n{targets}")
    (root / "knowledge.yaml").write_text("knowledge: [{name: a, trigger: t, body: b}]\n")
    places = [
        Place(Target(name, emulator.url, "v3", org), InventorySettings("branch"))
        for name, org in organizations.items()
    ]
    for store in open_stores(places, root, job=JOB).values():
        begin(store, RUN)
    run = f"{RUN} (GitHub acme/app, run 7, job apply"
    chosen = ("-t", "t1", "-C", root)
    listed = devinops("inventory", "list", *chosen).out
    assert f"open run {run}): 1 write without a result\n" in listed
    planned = devinops("plan", *chosen)
    assert planned.code == 0
    note = f"busy: the run {run}, since 2026-03-12 10:15 UTC) has not finished: wait"
    assert note in " ".join(planned.out.split())
    refused = devinops("apply", "--yes", *chosen)
    assert (refused.code, run in refused.err) == (5, True)
    assert f" -t t1 {RUN}. Nothing was written" in refused.err
    document = json.loads(devinops("inventory", "list", "--format", "json", *chosen).out)
    assert document["open_runs"][0]["job"] == JOB.name
    assert document["open_runs"][0]["since"] == "2026-03-12T10:15:00Z"
    none = devinops("inventory", "unlock", NEXT, "-C", root)
    assert (none.code, f'no target has an open run "{NEXT}"' in none.err) == (1, True)
    assert "also unlocked for t2\n" in devinops("inventory", "unlock", RUN, "-C", root).out
    assert devinops("apply", "--yes", "-t", "t1", "-C", root).code == 0


def test_a_run_is_found_by_a_target_that_it_is_done_with(
    clone: Clone, emulator: Emulator, devinops: Devinops
) -> None:
    root = clone()
    targets = "{t1: {org_id: org-emulator}, t2: {org_id: org-2}}"
    config = f"version: 1\ndefaults: {{inventory: {{store: branch}}}}\ntargets: {targets}\n"
    (root / "devinops.yaml").write_text(config)
    places = [
        Place(Target(name, emulator.url, "v3", org), InventorySettings("branch"))
        for name, org in (("t1", "org-emulator"), ("t2", "org-2"))
    ]
    stores = open_stores(places, root, job=JOB)
    for store in stores.values():
        begin(store, RUN)
    stores["t1"].settle(RUN, [record("a")])
    stores["t1"].finish(RUN)
    unlock = ("inventory", "unlock", RUN, "-t", "t1", "-C", root)
    ran = devinops(*unlock)
    assert (ran.code, ran.out.splitlines()) == (
        0,
        [f"unlocked {RUN}: 0 writes without a result", "also unlocked for t2"],
    )
    # The create whose result is not known does not make it an open run again.
    assert f'there is no open run "{RUN}"' in devinops(*unlock).err
    document = devinops("inventory", "list", "-t", "t2", "--format", "json", "-C", root).out
    assert json.loads(document)["open_runs"] == []
    assert devinops("inventory", "unlock", NEXT, "-t", "t1", "-C", root).code == 1


@together
def test_a_lock_is_held_once_for_all_targets_of_a_run(clone: Clone) -> None:
    root = clone()
    stores = stores_of(root, 3)
    side_by_side(stores.values(), lambda store: begin(store, RUN))
    locks = root / ".git" / "devinops"
    assert [path.name for path in locks.glob(f"*{RUN}*")] == [f"devinops.{RUN}.lock"]
    store = stores["t1"]
    assert isinstance(store, JournaledStore)
    side_by_side(stores.values(), lambda store: store.finish(RUN))
    assert list(locks.glob(f"*{RUN}*")) == []


@pytest.mark.parametrize(
    ("environment", "shard", "job"),
    [
        ({}, "", Job()),
        (
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_REPOSITORY": "acme/app",
                "GITHUB_RUN_ID": "7",
                "GITHUB_JOB": "apply",
                "GITHUB_RUN_ATTEMPT": "2",
            },
            "1/3",
            Job("GitHub acme/app, run 7, job apply, shard 1/3", 2),
        ),
        ({"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "7"}, "", Job()),
        (
            {
                "GITLAB_CI": "true",
                "CI_PROJECT_PATH": "acme/app",
                "CI_PIPELINE_ID": "9",
                "CI_JOB_NAME": "apply",
                "CI_JOB_ID": "41",
            },
            "",
            Job("GitLab acme/app, pipeline 9, job apply", 41),
        ),
        (
            {"DEVINOPS_JOB": "Job 8f1c", "DEVINOPS_JOB_ATTEMPT": "1", "GITLAB_CI": "true"},
            "2/8",
            Job("Job 8f1c, shard 2/8", 1),
        ),
        ({"DEVINOPS_JOB": "Job 8f1c"}, "2/8", Job()),
    ],
)
def test_a_job_is_named_by_what_stays_the_same_when_it_runs_again(
    environment: Mapping[str, str], shard: str, job: Job
) -> None:
    assert job_of(environment, shard) == job
