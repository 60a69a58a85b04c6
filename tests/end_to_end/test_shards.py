"""Several processes, each with its shard of the targets, do together what one would do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.emulator import Emulator
from devinops.planning.digest_list import DigestList
from devinops.schema.parts import checksum
from tests.testing.command_line import Devinops, Write
from tests.testing.documents import outcomes

pytestmark = pytest.mark.matrix  # each test runs a command once for each shard

NAMES = ("a", "b", "c", "d", "e")
OLD = {"name": "Deploys", "trigger": "When deploying", "body": "Old."}
SEED = {
    "organizations": {
        f"org-{name}": {"knowledge": [OLD | {"id": f"note-{name}"}]} for name in NAMES
    },
}
NOTE = "---\nname: Deploys\ntrigger: When deploying\n---\nRun make deploy.\n"


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(SEED) as running:
        use(running.url, "cog_enterprise")
        yield running


@pytest.fixture
def root(repository: Write) -> Path:
    config = {
        "version": 1,
        "defaults": {"inventory": {"store": "file"}, "prune": "owned"},
        "targets": {name: {"org_id": f"org-{name}"} for name in NAMES},
    }
    return repository({"devinops.yaml": yaml.safe_dump(config), "knowledge/deploys.md": NOTE})


@pytest.fixture
def answers(devinops: Devinops, root: Path, emulator: Emulator) -> Callable[..., dict[str, Any]]:
    """Run a command with JSON, expect an exit code, and return the document."""

    def run(command: str, *arguments: object, code: int = 0) -> dict[str, Any]:
        ran = devinops(command, *arguments, "-C", root, "--format", "json")
        assert ran.code == code, ran.err
        document: dict[str, Any] = json.loads(ran.out)
        return document

    return run


Answers = Callable[..., dict[str, Any]]


def names(document: dict[str, Any]) -> list[str]:
    return [target["name"] for target in document["targets"]]


ALL = ("-t", "all", "--adopt")


def test_each_shard_plans_and_writes_only_its_targets(
    emulator: Emulator, answers: Answers, devinops: Devinops, root: Path
) -> None:
    plan = answers("plan", *ALL, "--shard", "1/2")
    assert names(plan) == ["a", "c", "e"]
    assert plan["shard"] == {"number": 1, "total": 2, "selected": 5}
    report = answers("apply", *ALL, "--yes", "--shard", "0/2")
    assert (names(report), report["shard"]["number"]) == (["b", "d"], 2)
    written = {name for name in NAMES if emulator.knowledge(f"org-{name}")[0]["body"] != "Old."}
    assert written == {"b", "d"}
    text = devinops("apply", "-C", root, *ALL, "--shard", "1/2", "--expect", plan["digest"])
    assert (text.code, text.out.split("\n")[-2]) == (
        0,
        "Applied to 3 of 3 organizations in shard 1 of 2: 3 changes done.",
    )
    emulator.edit("knowledge", "note-b", body="Edited.")
    assert names(answers("drift", "-t", "all", "--shard", "2/2", code=2)) == ["b", "d"]
    assert names(answers("drift", "-t", "all", "--shard", "1/2")) == ["a", "c", "e"]


def test_a_shard_without_targets_says_so_and_ends_with_0(
    emulator: Emulator, devinops: Devinops, root: Path
) -> None:
    emulator.clear_requests()
    for command in (("plan",), ("apply", "--yes"), ("drift",)):
        ran = devinops(*command, "-C", root, "-t", "a", "-t", "b", "--shard", "3/8")
        assert ran.code == 0
        assert "nothing to do in shard 3/8: only 2 targets selected" in ran.err
    assert emulator.requests == []


def test_a_shard_of_one_target_is_still_a_shard(
    answers: Answers, devinops: Devinops, root: Path
) -> None:
    assert names(answers("plan", "-t", "b", "--adopt", "--shard", "1/2")) == ["b"]
    assert names(answers("plan", "-t", "b", "--shard", "2/2")) == []
    assert "choose one with --target" in devinops("plan", "-C", root, "--shard", "1/2").err


def test_reviewed_digests_are_shared_out(
    answers: Answers, devinops: Devinops, root: Path, tmp_path: Path
) -> None:
    saved = tmp_path / "plan.json"
    plan = answers("plan", *ALL, "--out", saved)
    digests = tmp_path / "digests"
    reviewed = {
        target["name"]: target["digest"] for target in plan["targets"] if target["name"] != "b"
    }
    digests.write_text(str(DigestList(reviewed)))
    report = answers("apply", "--adopt", "--expect", digests, "--shard", "2/2")
    assert names(report) == ["c", "e"]
    assert names(answers("apply", saved, "--shard", "2/3")) == ["b", "e"]
    answers("plan", *ALL, "--shard", "1/2", "--out", saved)
    ran = devinops("apply", saved, "-C", root, "--shard", "1/2")
    assert (
        ran.code,
        "only the plans of shard 1/2: leave out --shard" in " ".join(ran.err.split()),
    ) == (64, True)


def test_the_targets_of_all_shards_count_towards_max_targets(answers: Answers, root: Path) -> None:
    with (root / "devinops.yaml").open("a") as file:
        file.write("max_targets: 3\n")
    (refusal,) = answers("apply", *ALL, "--yes", "--shard", "1/2", code=4)["refusals"]
    assert "may write to 5 targets, but max_targets is 3" in refusal["reason"]
    report = answers("apply", *ALL, "--yes", "--shard", "1/2", "--allow", "targets=5")
    assert [*outcomes(report).values()] == ["done"] * 3


# --- reports of all shards ------------------------------------------------------------------------


@pytest.fixture
def shards(
    devinops: Devinops, root: Path, emulator: Emulator, tmp_path: Path
) -> Callable[..., list[Path]]:
    """Run a command in some shards, and return the files of their reports."""

    def run(
        command: str, *arguments: object, total: int = 2, only: Sequence[int] = ()
    ) -> list[Path]:
        paths = []
        for number in only or range(1, total + 1):
            paths.append(tmp_path / f"{command}-{number}-of-{total}.json")
            shard = ("--shard", f"{number}/{total}", "--report", f"json={paths[-1]}")
            devinops(command, "-C", root, *arguments, *shard)
        return paths

    return run


Shards = Callable[..., list[Path]]


def without_run(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without what is different in each run of the same work."""
    text = re.sub(
        r"\d{8}T\d{6}Z-[0-9a-f]{6}", "RUN", json.dumps(document | {"checksum": "", "shard": ""})
    )
    found: dict[str, Any] = json.loads(text)
    del found["shard"]
    return found


def test_the_plans_of_all_shards_are_the_plan_of_one_process(
    answers: Answers,
    devinops: Devinops,
    shards: Shards,
    emulator: Emulator,
    tmp_path: Path,
    root: Path,
) -> None:
    emulator.edit("knowledge", "note-d", body="Other.")
    arguments = ("-t", "all", "--detailed-exitcode", "--adopt")
    whole = answers("plan", *arguments, "--detailed-exitcode", code=2)
    paths = shards("plan", *arguments, total=3)
    ran = devinops(
        "show", *reversed(paths), "--format", "json", "--report", f"markdown={tmp_path / 'plan.md'}"
    )
    assert (ran.code, without_run(json.loads(ran.out))) == (2, without_run(whole))
    assert whole["digest"] in (tmp_path / "plan.md").read_text()
    merged = tmp_path / "merged.json"
    merged.write_text(ran.out)
    assert names(answers("apply", merged, "--shard", "1/4")) == ["a", "e"]
    assert devinops("show", merged, "--report", f"html={tmp_path / 'plan.html'}").code == 0


def test_the_reports_of_all_shards_are_true(
    answers: Answers, devinops: Devinops, shards: Shards, emulator: Emulator
) -> None:
    rule = {"method": "PUT", "fault": "status", "status": 400}
    emulator.faults = [rule | {"path": f"/v3/organizations/org-{name}/**"} for name in "cd"]
    paths = shards("apply", *ALL, "--yes")
    ran = devinops("show", *paths, "--format", "json")
    document = json.loads(ran.out)
    what = {"a": "done", "b": "done", "c": "failed", "d": "failed", "e": "done"}
    assert (ran.code, outcomes(document), document["exit_code"]) == (3, what, 3)
    text = devinops("show", *paths).out
    assert "Applied to 3 of 5 organizations: 3 changes done, 2 failed." in text
    assert "failed c, d: PUT" in text


@pytest.fixture
def show(devinops: Devinops) -> Callable[..., tuple[int, str]]:
    """Show reports, and return the exit code and the text without line breaks."""

    def run(*paths: Path) -> tuple[int, str]:
        ran = devinops("show", *paths)
        return ran.code, " ".join(f"{ran.out} {ran.err}".split())

    return run


Show = Callable[..., tuple[int, str]]


def test_the_report_of_one_shard_is_not_that_of_the_run(shards: Shards, show: Show) -> None:
    code, text = show(*shards("apply", *ALL, "--yes", only=[1]))
    assert (code, "Applied to 3 of 3 organizations in shard 1 of 2: 3 changes done." in text) == (
        1,
        True,
    )
    assert "the reports of all shards are needed; missing: 2/2" in text
    assert show(*shards("drift", "-t", "all", only=[1]))[0] == 1
    assert show(*shards("plan", *ALL, only=[1]))[0] == 0
    assert show(*shards("drift", "-t", "all", total=1))[0] == 0


def test_a_merged_report_says_why_nothing_was_written(
    shards: Shards, show: Show, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    wrote = shards("apply", *ALL, "--yes", only=[1])
    stale = shards("apply", *ALL, "--expect", "0" * 32, only=[2])
    code, text = show(*wrote, *stale)
    assert (code, "not 00000000000000000000000000000000: nothing was written" in text) == (3, True)
    assert "b, d: the plans have the digest" in text
    assert "Applied to 3 of 5 organizations: 3 changes done; 2 organizations failed." in text
    monkeypatch.setenv("DEVIN_API_KEY", "cog_wrong")
    assert "its key was rejected" in show(*wrote, *shards("apply", *ALL, "--yes", only=[2]))[1]
    (root / "devinops.yaml").write_text("version: 2\n")
    assert (
        "is from a run that failed before it had a plan"
        in show(*wrote, *shards("apply", *ALL, "--yes", only=[2]))[1]
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"exit_code": 99}, "99 is not a valid ExitCode"),
        ({"shard": {"number": 1, "total": 10_000, "selected": 5}}, "$.shard.total"),
    ],
)
def test_a_forged_report_is_refused(
    change: dict[str, Any], why: str, shards: Shards, show: Show
) -> None:
    paths = shards("plan", *ALL)
    document = json.loads(paths[0].read_text()) | change
    paths[0].write_text(json.dumps(document | {"checksum": checksum(document)}))
    code, text = show(*paths)
    assert (code, "is not a usable plan" in text, why in text) == (1, True, True)


def test_drift_in_all_shards_is_merged(
    devinops: Devinops, shards: Shards, emulator: Emulator
) -> None:
    shards("apply", *ALL, "--yes")
    emulator.edit("knowledge", "note-d", body="Edited.")
    ran = devinops("show", *shards("drift", "-t", "all"))
    assert (ran.code, ran.out.split("\n")[-2]) == (
        2,
        "Drift in 1 of 5 organizations: 1 object changed outside devinops.",
    )


@pytest.mark.parametrize(
    ("others", "told"),
    [
        (lambda run: run("plan", *ALL, only=[1]), "are both from shard 1/2: leave one out"),
        (lambda run: run("plan", *ALL, total=3, only=[2]), "are from different runs"),
        (lambda run: run("plan", "-t", "a", "-t", "b", only=[2]), "are from different runs"),
        (lambda run: run("plan", "-t", "all", only=[2]), "are from different runs"),
        (lambda run: run("apply", *ALL, "--yes", only=[2]), "are from different runs"),
        (lambda run: [], ""),
    ],
)
def test_only_all_shards_of_one_run_are_merged(
    others: Callable[[Shards], list[Path]], told: str, devinops: Devinops, shards: Shards
) -> None:
    paths = shards("plan", *ALL, only=[1])
    ran = devinops("show", *paths, *others(shards))
    assert (ran.code, told in " ".join(ran.err.split())) == (1 if told else 0, True)


def test_a_missing_shard_is_named(
    devinops: Devinops, shards: Shards, answers: Answers, tmp_path: Path
) -> None:
    paths = shards("plan", *ALL, total=4, only=[4, 1])
    assert "the reports of all shards are needed; missing: 2/4, 3/4" in " ".join(
        devinops("show", *paths).err.split()
    )
    saved = tmp_path / "plan.json"
    answers("plan", *ALL, "--out", saved)
    assert "merge only reports of runs with --shard" in " ".join(
        devinops("show", paths[0], saved).err.split()
    )
