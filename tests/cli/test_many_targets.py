"""Plan and apply over many targets: real HTTP, one process, one question, one report."""

from __future__ import annotations

import json
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops import signals, waiting
from devinops.api.pacing import LATE_S
from devinops.applying.backup import Backups
from devinops.cli.runs import apply
from devinops.emulator import Emulator
from devinops.model.errors import Stale
from devinops.model.objects import Live
from devinops.planning.digest_list import DigestList
from devinops.render.comment_marker import Marker, read
from tests.testing.command_line import Devinops, Ran, Write
from tests.testing.documents import outcomes
from tests.testing.inventories import commit, git
from tests.testing.waiting import Waits

ORGANIZATIONS = ("org-a", "org-b", "org-c", "org-d")
OLD = {"name": "Deploys", "trigger": "When deploying", "body": "Old."}
SEED = {
    "organizations": {org: {"knowledge": [OLD | {"id": f"note-{org}"}]} for org in ORGANIZATIONS},
}
NOTE = "---\nname: Deploys\ntrigger: When deploying\n---\nRun make deploy.\n"


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(SEED) as running:
        use(running.url, "cog_enterprise")
        yield running


@pytest.fixture
def root(repository: Write) -> Callable[..., Path]:
    """Write a repository with four targets; the arguments change their settings."""

    def write(note: str = NOTE, **targets: dict[str, Any]) -> Path:
        own: dict[str, Any] = {org[-1]: {"org_id": org} for org in ORGANIZATIONS}
        for name, settings in targets.items():
            own.setdefault(name, {"org_id": f"org-{name}"}).update(settings)
        store = {"inventory": {"store": "file"}, "prune": "owned"}
        config = {"version": 1, "defaults": store, "targets": own}
        text = yaml.safe_dump(config, sort_keys=False)
        return repository({"devinops.yaml": text, "knowledge/deploys.md": note})

    return write


Root = Callable[..., Path]


def bodies(emulator: Emulator) -> dict[str, str]:
    return {org: emulator.knowledge(org)[0]["body"] for org in ORGANIZATIONS}


def states(ran: Ran) -> dict[str, tuple[str, int]]:
    """Return name → state and exit code of each target in a JSON answer."""
    targets = json.loads(ran.out)["targets"]
    return {target["name"]: (target["state"], target["exit_code"]) for target in targets}


def digests(saved: Path) -> str:
    """Return the list of digests of saved plans, as `comment --print-digest` prints it."""
    plans = json.loads(saved.read_text())
    return str(DigestList({target["name"]: target["digest"] for target in plans["targets"]}))


def applied(devinops: Devinops, root: Path) -> None:
    assert devinops("apply", "-C", root, "-t", "all", "--adopt", "--yes").code == 0


# --- plan -----------------------------------------------------------------------------------------


def test_what_all_need_is_one_class_and_a_quiet_target_costs_one_list(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    ran = devinops("plan", "-C", place, "-t", "all", "--adopt", "--format", "json")
    (change,) = json.loads(ran.out)["changes"]
    assert (ran.code, [row["name"] for row in change["targets"]]) == (0, ["a", "b", "c", "d"])
    applied(devinops, place)
    emulator.clear_requests()
    ran = devinops("plan", "-C", place, "-t", "all", "--detailed-exitcode")
    assert ran.code == 0
    assert "nothing to change" in ran.out
    paths = sorted(request["path"] for request in emulator.requests)
    assert paths == [f"/v3/organizations/{org}/knowledge/notes?first=200" for org in ORGANIZATIONS]


def test_the_first_line_names_the_emulator_also_if_some_targets_need_no_request(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    note = NOTE.replace("---\nRun", "targets: [a]\n---\nRun")
    ran = devinops("plan", "-C", root(note), "-t", "all")
    assert f"Plan for 4 organizations: on the emulator at {emulator.url} (API v3), inv" in " ".join(
        ran.out.split()
    )


def test_a_saved_plan_of_many_shows_what_happens_in_one_as_its_own_plan_does(
    emulator: Emulator, root: Root, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = root(a={"labels": {"ring": "canary"}}, b={"hold": "audit"})
    devinops("plan", "-C", place, "-t", "all", "--adopt", "--out", place / "plans.json")
    own = {name: devinops("plan", "-C", place, "-t", name, "--adopt") for name in "ab"}
    emulator.clear_requests()
    monkeypatch.delenv("DEVIN_API_KEY")
    for selector, name in (("a", "a"), ("ring=canary", "a"), ("b", "b")):
        shown = devinops("show", place / "plans.json", "-C", place, "-t", selector)
        assert (shown.code, shown.out) == (own[name].code, own[name].out)
    whole = devinops("show", place / "plans.json", "-C", place)
    assert devinops("show", place / "plans.json", "-C", place, "-t", "all").out == whole.out
    assert emulator.requests == []
    document = json.loads(
        devinops("show", place / "plans.json", "-C", place, "-t", "a", "--format", "json").out
    )
    assert [target["name"] for target in document["targets"]] == ["a"]
    for selector, why in (("z", 'there is no target "z"'), ("ring=x", "no target has ring=x")):
        ran = devinops("show", place / "plans.json", "-C", place, "-t", selector)
        assert (ran.code, why in " ".join(ran.err.split())) == (64, True)


def test_a_label_that_selects_several_targets_of_a_saved_plan_is_a_usage_error(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    labels = {"labels": {"ring": "canary"}}
    place = root(a=labels, b=labels)
    devinops("plan", "-C", place, "-t", "all", "--adopt", "--out", place / "plans.json")
    ran = devinops("show", place / "plans.json", "-C", place, "-t", "ring=canary")
    assert (ran.code, "selects 2 targets (a, b): choose one" in ran.err) == (64, True)


def test_the_plan_of_one_target_is_as_without_the_others(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root(a={"labels": {"ring": "canary"}})
    named = devinops("plan", "-C", place, "-t", "a")
    assert (
        devinops("plan", "-C", place, "-t", "ring=canary").out.replace("ring=canary", "a")
        == named.out
    )
    assert "organization org-a" in named.out


def test_only_targets_that_a_change_affects_are_planned_and_applied(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    git(place, "init", "-q", "-b", "main")
    git(place, "add", "-A")
    commit(place, "-m", "base")
    (place / "knowledge" / "b.md").write_text(
        NOTE.replace("Deploys", "B").replace("---\nR", "targets: [b]\n---\nR")
    )
    affected = ("-C", place, "-t", "all", "--affected", "HEAD", "--adopt")
    plan = json.loads(devinops("plan", *affected, "--format", "json").out)
    assert [target["name"] for target in plan["targets"]] == ["b"]
    report = devinops("apply", *affected, "--expect", plan["digest"])
    assert (report.code, "Applied to 1 of 1 organization" in report.out) == (0, True)

    git(place, "add", "-A")
    commit(place, "-m", "change")
    emulator.clear_requests()
    for command in ("plan", "apply"):
        ran = devinops(command, *affected, *(["--yes"] if command == "apply" else []))
        assert (ran.code, "affect no target" in ran.err) == (0, True)
        assert ran.out.count("Plan for 0 organizations") == 1
    assert emulator.requests == []
    devinops("plan", "-C", place, "-t", "all", "--out", place / "plans.json")
    assert devinops("apply", place / "plans.json", *affected[:-1]).code == 64


def test_the_comment_of_many_is_updated_also_if_one_target_is_left(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    git(place, "init", "-q", "-b", "main")
    git(place, "add", "-A")
    commit(place, "-m", "base")

    def marker(*words: str) -> Marker:
        ran = devinops("plan", "-C", place, *words, "--format", "markdown")
        found = read(ran.out)
        assert found
        return found

    before = marker("-t", "all")
    (place / "knowledge" / "b.md").write_text(
        NOTE.replace("Deploys", "B").replace("---\nR", "targets: [b]\n---\nR")
    )
    left = marker("-t", "all", "--affected", "HEAD")
    assert left.target == "all"
    assert left.digest
    assert left.replaces(before)
    assert not marker("-t", "b").is_about(before)


@pytest.mark.parametrize("store", ["declared", "default"])
def test_a_plan_says_what_stays_of_a_target_that_is_removed(
    emulator: Emulator, root: Root, devinops: Devinops, store: str
) -> None:
    place = root()
    if store == "default":
        text = (place / "devinops.yaml").read_text()
        (place / "devinops.yaml").write_text(text.replace("  inventory:\n    store: file\n", ""))
    applied(devinops, place)
    (place / ".devinops" / "c.jsonl").write_text("damaged\n")
    (place / ".devinops" / "d.jsonl").unlink()
    git(place, "init", "-q", "-b", "main")
    git(place, "add", "-A")
    commit(place, "-m", "base")
    config = yaml.safe_load((place / "devinops.yaml").read_text())
    config["targets"] = {"a": {"org_id": "org-a"}, "e": {"org_id": "org-e", "previously": ["d"]}}
    (place / "devinops.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    affected = ("-C", place, "-t", "a", "--affected", "HEAD")
    saved, page = place / "plans.json", place / "plan.md"
    emulator.clear_requests()
    ran = devinops("plan", *affected, "--out", saved, "--report", f"markdown={page}")
    assert (ran.code, emulator.requests) == (0, [])
    rows = page.read_text().splitlines()
    notes = ["b is removed: 1 object stays", "c is removed: its objects stay"]
    assert [row for row in rows if row.startswith("> - ")][-3:] == [
        *(f"> - {note}" for note in notes),
        "> - `org_id` of e, previously of e added",
    ]
    assert "b is removed: 1 object stays" in ran.out
    document = json.loads(saved.read_text())
    assert document["notes"][-2:] == [{"text": note, "targets": []} for note in notes]
    assert document["also_changed"] == ["org_id of e", "previously of e added"]
    assert "also changed here\n  * org_id of e, previously of e added" in ran.out
    assert "removed: 1 object stays" in devinops("show", saved, "-C", place).out


@pytest.mark.parametrize(
    ("targets", "environment", "expected", "told"),
    [
        (
            {"d": {"org_id": "org-none"}},
            {},
            {"a": ("planned", 0), "d": ("failed", 1)},
            "returned 404",
        ),
        (
            {"b": {"hold": "waits for the audit"}},
            {},
            {"a": ("planned", 0), "b": ("held", 0)},
            "waits for the audit",
        ),
        (
            {"c": {"api_key_env": "DEVIN_KEY_OF_C"}},
            {},
            {"a": ("planned", 0), "c": ("failed", 1)},
            "set DEVIN_KEY_OF_C",
        ),
        (
            {name: {"api_key_env": "DEVIN_KEY_OLD"} for name in "abc"},
            {"DEVIN_KEY_OLD": "cog_revoked"},
            {"a": ("failed", 1), "b": ("failed", 1), "c": ("failed", 1), "d": ("planned", 0)},
            "a, b, c: "
        ),
    ],
    ids=["unknown organization", "held", "no key", "rejected key"],
)  # fmt: skip
def test_a_target_that_cannot_be_planned_does_not_stop_the_others(
    targets: dict[str, Any],
    environment: dict[str, str],
    expected: dict[str, tuple[str, int]],
    told: str,
    emulator: Emulator,
    root: Root,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    place = root(**targets)
    ran = devinops("plan", "-C", place, "-t", "all", "--adopt", "--format", "json")
    assert expected.items() <= states(ran).items()
    assert ran.code == max(code for _, code in expected.values())
    assert told in " ".join(devinops("plan", "-C", place, "-t", "all", "--adopt").out.split())


def test_a_rejected_key_is_named_by_the_variable_of_its_target(
    emulator: Emulator, root: Root, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVIN_KEY_B", "cog_wrong")
    ran = devinops("plan", "-C", root(b={"api_key_env": "DEVIN_KEY_B"}), "-t", "all")
    assert (ran.code, "check the key in DEVIN_KEY_B" in " ".join(ran.out.split())) == (1, True)
    assert "DEVIN_TOKEN" not in ran.out


@pytest.mark.parametrize("expected", ["digests.txt", "out/digests", "my-plan"])
def test_a_list_of_digests_that_does_not_exist_is_not_taken_for_a_digest(
    expected: str, emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    ran = devinops("apply", "-C", root(), "-t", "all", "--expect", expected)
    assert (
        ran.code,
        f"--expect {expected} is neither a file nor a digest" in " ".join(ran.err.split()),
    ) == (64, True)


def test_a_report_says_nothing_again_that_the_plan_has_said(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root(a={"hold": "waits for the audit"}, c={"org_id": "org-none"})
    ran = devinops("apply", "-C", place, "-t", "all", "--yes")
    assert [ran.out.count(text) for text in ("waits for the audit", "returned 404")] == [1, 1]
    assert ran.out.count("then pass --adopt") == 1
    assert "Applied to 0 of 3 organizations: 2 steps blocked; c failed, a held." in ran.out


def test_after_a_rejected_key_nothing_more_is_sent_with_it(
    emulator: Emulator, root: Root, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVIN_API_KEY", "cog_revoked")
    assert devinops("plan", "-C", root(), "-t", "all", "--parallelism", "1").code == 1
    assert [request["status"] for request in emulator.requests] == [401]


ENTERPRISE = {"enterprise": True}


@pytest.mark.parametrize(
    ("key", "first", "second", "scope"),
    [
        ("cog_emulator", {}, {}, "organization"),
        ("cog_emulator", {"org_id": "org-emulator"}, {}, "organization"),
        ("apk_emulator", {}, {}, "organization"),
        ("cog_enterprise", ENTERPRISE, ENTERPRISE, "enterprise"),
        ("cog_enterprise", ENTERPRISE, {"org_id": "org-a"}, ""),
        ("cog_emulator", {}, {"hold": "is renamed"}, ""),
    ],
    ids=["v3", "v3, one with org_id", "v1", "enterprise", "beside its enterprise", "held"],
)
def test_two_targets_of_one_key_are_refused_before_the_first_write(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    first: dict[str, Any],
    second: dict[str, Any],
    scope: str,
) -> None:
    monkeypatch.setenv("DEVIN_API_KEY", key)
    text = yaml.safe_dump({"version": 1, "targets": {"one": first, "two": second}})
    note = NOTE.replace("trigger:", "enterprise: true\ntrigger:") if scope == "enterprise" else NOTE
    root = repository({"devinops.yaml": text, "knowledge/new.md": note.replace("Deploys", "New")})
    assert devinops("validate", "-C", root).code == 0, "only the API or the key can tell"
    ran = devinops("apply", "-C", root, "-t", "all", "--yes")
    why = f"the targets one and two are the same {scope}, so one apply would create"
    assert (ran.code, why in ran.out + ran.err) == ((4, True) if scope else (ran.code, False))
    writes = {request["method"] for request in emulator.requests} - {"GET"}
    assert writes == (set() if scope else {"POST"})


def test_problems_in_files_stop_all_targets_before_any_request(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    ran = devinops("plan", "-C", root("---\nname: Deploys\n---\nText.\n"), "-t", "all")
    assert (ran.code, emulator.requests) == (1, [])
    assert "trigger" in ran.err


@pytest.mark.parametrize("target", ["all", "a"])
@pytest.mark.parametrize(("option", "code"), [("--only", 4), ("--exclude", 0)])
def test_a_filter_must_match_in_one_target_at_least(
    option: str, code: int, target: str, emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    assert devinops("plan", "-C", place, "-t", target, option, "knowledge:Dep*").code == code
    ran = devinops("plan", "-C", place, "-t", target, option, "knowledge:Typo*")
    assert ran.code == 64
    assert f'{option} "knowledge:Typo*" matches nothing' in ran.err


def test_a_typo_in_exclude_is_an_error_although_a_target_failed(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    """Otherwise, the others would get what was to be left out."""
    place, b = root(), {"path": "/v3/organizations/org-b/**", "fault": "status", "status": 400}
    emulator.faults = [b]
    words = ("apply", "-C", place, "-t", "a", "-t", "b", "--adopt", "--yes")
    ran = devinops(*words, "--exclude", "knowledge:Typo*")
    assert (ran.code, set(bodies(emulator).values())) == (64, {"Old."}), ran
    ran = devinops(*words, "--exclude", "knowledge:Dep*")
    assert (ran.code, set(bodies(emulator).values())) == (1, {"Old."}), ran
    ran = devinops(*words, "--only", "knowledge:Typo*")
    assert (ran.code, "matches nothing" in ran.err) == (1, False), ran


def test_drift_in_many_targets_is_shown_once_for_those_that_share_it(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    applied(devinops, place)
    assert devinops("drift", "-C", place, "-t", "all").out.endswith(
        "Drift in 4 organizations: none.\n"
    )
    for org in ("org-a", "org-b"):
        emulator.edit("knowledge", f"note-{org}", body="Edited.")
    config = place / "devinops.yaml"
    config.write_text(config.read_text().replace("org-d", "org-none"))
    ran = devinops("drift", "-C", place, "-t", "all")
    assert ran.code == 1
    assert "Deploys in a, b\n      knowledge/deploys.md:1: edited: body" in ran.out
    last = "Drift in 2 of 4 organizations: 2 objects changed outside devinops; d failed.\n"
    assert ran.out.endswith(last)
    ran = devinops("drift", "-C", place, "-t", "a", "-t", "c", "--format", "json")
    document = json.loads(ran.out)
    assert (ran.code, document["exit_code"], document["digest"]) == (2, 2, None)
    assert [[row["name"] for row in item["targets"]] for item in document["drift"]] == [["a"]]
    for format in ("markdown", "html", "outputs"):
        assert (
            "changed outside"
            in devinops("drift", "-C", place, "-t", "a", "-t", "c", "--format", format).out
        )


def test_whoami_tells_whose_key_each_target_has(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root(d={"api_key_env": "DEVIN_KEY_OF_D"})
    ran = devinops("whoami", "-C", place, "-t", "all")
    first, *_, last = ran.out.splitlines()
    assert ran.code == 1
    assert first == "a: Enterprise emulator, org-a, DEVIN_API_KEY"
    assert last.startswith("d: no API key: set DEVIN_KEY_OF_D")
    ran = devinops("whoami", "-C", place, "-t", "all", "--format", "json")
    document = json.loads(ran.out)
    targets = document["targets"]
    assert document["exit_code"] == 1
    assert "exit_code=1" in devinops("whoami", "-C", place, "-t", "all", "--format", "outputs").out
    assert [(target["name"], target["org_id"]) for target in targets][2:] == [
        ("c", "org-c"),
        ("d", None),
    ]
    assert [bool(target["settings"]) for target in targets] == [True, True, True, False]


# --- apply ----------------------------------------------------------------------------------------


def test_all_targets_are_written_and_each_has_a_backup_and_an_inventory(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    ran = devinops("apply", "-C", place, "-t", "all", "--adopt", "--yes", "--format", "json")
    assert set(bodies(emulator).values()) == {"Run make deploy."}
    document = json.loads(ran.out)
    assert (ran.code, outcomes(document)) == (0, dict.fromkeys("abcd", "done"))
    targets = document["targets"]
    assert len({target["backup"] for target in targets}) == 4
    assert all((place / target["backup"]).exists() for target in targets)
    assert devinops("plan", "-C", place, "-t", "all", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("fails", [False, True])
def test_an_enterprise_is_written_before_the_organizations(
    emulator: Emulator, repository: Write, devinops: Devinops, fails: bool
) -> None:
    """Its name is the last, and a failure there stops nothing else."""
    own: dict[str, Any] = {org[-1]: {"org_id": org} for org in ORGANIZATIONS}
    targets = own | {"z": {"enterprise": True}}
    config = {"version": 1, "defaults": {"inventory": {"store": "file"}}, "targets": targets}
    shared = NOTE.replace("---\nRun", "enterprise: true\n---\nRun")
    files = {"knowledge/deploys.md": NOTE, "knowledge/shared.md": shared}
    place = repository({"devinops.yaml": yaml.safe_dump(config), **files})
    path = "/v3/enterprise/knowledge/notes"
    fault = {"method": "POST", "path": path, "fault": "status", "status": 403}
    emulator.faults = [fault] if fails else []
    ran = devinops("apply", "-C", place, "-t", "all", "--adopt", "--yes", "--parallelism", "1")
    assert ran.code == (3 if fails else 0)
    writes = [each["path"] for each in emulator.requests if each["method"] != "GET"]
    assert (writes[0], len(writes)) == (path, 1 + len(ORGANIZATIONS))
    assert set(bodies(emulator).values()) == {"Run make deploy."}


# --- rollback -------------------------------------------------------------------------------------


def run_of(place: Path) -> str:
    """Return the name of the only run that has backups."""
    (run,) = {path.name.partition(".")[0] for path in (place / ".devinops/backups").glob("*.jsonl")}
    return run


@pytest.mark.parametrize("name", ["latest", "run"])
def test_a_run_over_many_targets_is_rolled_back_with_one_command(
    name: str, emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    applied(devinops, place)
    run = run_of(place)
    words = ("rollback", "-C", place, run if name == "run" else name, "-t", "all")
    shown = devinops(*words, "--dry-run", "--format", "json")
    assert (shown.code, set(bodies(emulator).values())) == (0, {"Run make deploy."})
    emulator.faults = [
        {"method": "PUT", "path": "/v3/**/note-org-b", "fault": "status", "status": 422}
    ]
    digest = json.loads(shown.out)["digest"]
    ran = devinops(*words, "--expect", digest, "--format", "json")
    assert (ran.code, states(ran)["b"], states(ran)["a"]) == (3, ("planned", 1), ("planned", 0))
    assert Counter(bodies(emulator).values()) == {"Old.": 3, "Run make deploy.": 1}
    emulator.faults = []
    again = devinops("rollback", "-C", place, run, "-t", "all", "--yes")
    assert (again.code, set(bodies(emulator).values())) == (0, {"Old."})


def test_a_rollback_takes_a_file_with_the_digests_of_many_targets(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    applied(devinops, place)
    words = ("rollback", "-C", place, "latest", "-t", "all")
    (place / "plan.json").write_text(devinops(*words, "--dry-run", "--format", "json").out)
    (place / "digests.txt").write_text(digests(place / "plan.json"))
    emulator.edit("knowledge", "note-org-b", body="Edited.")
    ran = devinops(*words, "--expect", place / "digests.txt", "--format", "json")
    assert (ran.code, states(ran)["b"], states(ran)["a"]) == (3, ("stale", 5), ("planned", 0))
    assert Counter(bodies(emulator).values()) == {"Old.": 3, "Edited.": 1}
    wrong = devinops(*words, "--expect", "digest.txt")
    assert (wrong.code, "is neither a file nor a digest" in wrong.err) == (64, True)


def test_a_run_over_many_targets_is_rolled_back_in_some_of_them(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    assert (
        devinops("apply", "-C", place, *["-t", "a", "-t", "b", "-t", "c", "--adopt", "--yes"]).code
        == 0
    )
    run = run_of(place)
    words = ("rollback", "-C", place, run, "--yes")
    none = devinops(*words)
    text = f"the run {run} has backups of several targets (a, b, c): choose with --target"
    assert (none.code, text in " ".join(none.err.split())) == (64, True)
    other = devinops(*words, "-t", "d")
    text = f"the run {run} has no backup of d, only of a, b, c"
    assert (other.code, text in " ".join(other.err.split())) == (1, True)
    assert devinops(*words, "-t", "b").code == 0
    assert bodies(emulator)["org-b"] == "Old."
    # The others that are selected have nothing to restore, or no backup.
    ran = devinops(*words, "-t", "b", "-t", "c", "-t", "d", "--format", "json")
    assert (ran.code, states(ran)) == (0, {"b": ("planned", 0), "c": ("planned", 0)})
    assert [org for org, body in bodies(emulator).items() if body != "Old."] == ["org-a"]


@pytest.mark.parametrize("selector", ["a", "all"])
def test_a_rollback_says_which_later_edits_it_overwrites(
    selector: str, emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    applied(devinops, place)
    emulator.edit("knowledge", "note-org-a", body="Edited in the web app.")
    words = ("rollback", "-C", place, run_of(place), "-t", selector, "--dry-run")
    shown = devinops(*words, "--report", f"markdown={place / 'plan.md'}")
    alert = "1 change overwrites what was changed outside devinops"
    assert (shown.code, alert in shown.out) == (0, True)
    report = (place / "plan.md").read_text()
    assert re.search(rf"\[!\w+\].*\n?.*{alert}", report)


def test_a_busy_run_is_one_row_whatever_it_writes_in_each_target(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    applied(devinops, place)
    for name in "ab":
        path = place / f".devinops/{name}.jsonl"
        intent = {
            "intent": "20260101T000000Z-abcdef",
            "action": "create",
            "key": f"knowledge:{name}",
        }
        *lines, end = path.read_text().splitlines(keepends=True)
        path.write_text("".join([*lines, json.dumps(intent), "\n", end]))
    emulator.edit("knowledge", "note-org-a", body="Old.")
    ran = devinops("apply", "-C", place, "-t", "all", "--yes")
    text = " ".join(ran.out.split())
    assert (ran.code, text.count("has not finished: wait for it")) == (5, 1)
    assert emulator.knowledge("org-a")[0]["body"] == "Old."


def test_a_damaged_backup_stops_the_rollback_of_its_target_only(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    applied(devinops, place)
    run = run_of(place)
    damaged = place / f".devinops/backups/{run}.b.jsonl"
    damaged.write_bytes(damaged.read_bytes()[:-9] + b"\n")
    ran = devinops("rollback", "-C", place, run, "-t", "all", "--yes", "--format", "json")
    assert (ran.code, states(ran)["b"], states(ran)["a"]) == (3, ("failed", 1), ("planned", 0))
    (reason,) = (each["message"] for each in json.loads(ran.out)["targets"] if "message" in each)
    assert f"{run}.b.jsonl:2" in reason
    assert "this backup is damaged, use another" in reason
    assert [org for org, body in bodies(emulator).items() if body != "Old."] == ["org-b"]
    only = devinops("rollback", "-C", place, run, "-t", "b", "--yes")
    assert (only.code, "this backup is damaged" in only.err) == (1, True)


def test_a_rollback_of_many_targets_asks_once_and_needs_an_approval_of_too_many(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    applied(devinops, place)
    config = place / "devinops.yaml"
    config.write_text(f"{config.read_text()}max_targets: 3\n")
    words = ("rollback", "-C", place, "latest", "-t", "all")
    ran = devinops(*words, "--yes")
    assert (ran.code, "pass --allow targets=4" in " ".join(ran.err.split())) == (4, True)
    nobody = devinops(*words, "--allow", "targets=4")
    assert (nobody.code, "rollback cannot ask without a terminal" in nobody.err) == (64, True)
    assert set(bodies(emulator).values()) == {"Run make deploy."}
    assert devinops(*words, "--allow", "targets=4", "--yes").code == 0
    assert set(bodies(emulator).values()) == {"Old."}


def test_the_backups_are_listed_by_run(emulator: Emulator, root: Root, devinops: Devinops) -> None:
    place = root()
    applied(devinops, place)
    run = run_of(place)
    (line,) = devinops("rollback", "-C", place).out.splitlines()
    assert line.endswith(f"  4 targets (a, b, c, d)  4 objects  {run}")
    (line,) = devinops("rollback", "-C", place, "-t", "b").out.splitlines()
    assert line.endswith(f"  b  1 object  .devinops/backups/{run}.b.jsonl")
    found = json.loads(devinops("rollback", "-C", place, "--format", "json").out)["backups"]
    assert {(each["run"], each["target"]) for each in found} == {(run, name) for name in "abcd"}


# --- reviewed plans -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["plan", "list"])
def test_reviewed_plans_are_compared_target_by_target(
    how: str, emulator: Emulator, root: Root, devinops: Devinops, tmp_path: Path
) -> None:
    place, saved = root(), tmp_path / "plans.json"
    devinops("plan", "-C", place, "-t", "a", "-t", "b", "-t", "c", "--adopt", "--out", saved)
    arguments: list[Any] = [saved]
    if how == "list":
        (tmp_path / "digests").write_text(digests(saved))
        arguments = ["--expect", tmp_path / "digests", "--adopt"]
    emulator.edit("knowledge", "note-org-b", body="Edited.")
    report = tmp_path / "report.txt"
    words = ("--format", "json", "--report", f"text={report}")
    ran = devinops("apply", "-C", place, *arguments, *words)
    assert states(ran) == {"a": ("planned", 0), "b": ("stale", 5), "c": ("planned", 0)}
    assert ran.code == 3
    after = bodies(emulator)
    assert (after["org-a"], after["org-b"], after["org-d"]) == (
        "Run make deploy.", "Edited.", "Old.",
    )  # fmt: skip
    assert " -t b, and review what is left." in " ".join(report.read_text().split())


@pytest.mark.parametrize("how", ["plan", "list"])
def test_of_reviewed_plans_only_those_of_the_selected_targets_are_applied(
    how: str, emulator: Emulator, root: Root, devinops: Devinops, tmp_path: Path
) -> None:
    place, saved = root(), tmp_path / "plans.json"
    devinops("plan", "-C", place, "-t", "a", "-t", "b", "--adopt", "--out", saved)
    (tmp_path / "digests").write_text(digests(saved))
    words = {"plan": [saved], "list": ["--expect", tmp_path / "digests", "--adopt"]}[how]
    ran = devinops("apply", "-C", place, *words, "-t", "b", "-t", "c", "--format", "json")
    assert (ran.code, states(ran)) == (0, {"b": ("planned", 0)})
    assert [org for org, body in bodies(emulator).items() if body != "Old."] == ["org-b"]
    none = devinops("apply", "-C", place, *words, "-t", "c")
    assert (none.code, "has no digest of these targets" in none.err) == (64, True)


@pytest.mark.parametrize("only", ["knowledge", "knowledge:Dep*"])
def test_reviewed_plans_of_an_only_are_applied_with_that_and_no_other(
    only: str, emulator: Emulator, root: Root, devinops: Devinops, tmp_path: Path
) -> None:
    place, saved = root(), tmp_path / "plans.json"
    devinops("plan", "-C", place, "-t", "all", "--adopt", "--only", only, "--out", saved)
    other = devinops("apply", "-C", place, saved, "--only", "playbook")
    assert (other.code, "plans.json was made with --only 'knowledge" in other.err) == (64, True)
    assert set(bodies(emulator).values()) == {"Old."}
    assert devinops("apply", "-C", place, saved, "--only", only).code == 0
    assert set(bodies(emulator).values()) == {"Run make deploy."}


@pytest.mark.parametrize("how", ["saved", "several", "list"])
def test_the_next_step_after_a_partial_apply_selects_the_same_targets(
    how: str, emulator: Emulator, root: Root, devinops: Devinops, tmp_path: Path
) -> None:
    place, saved = root(), tmp_path / "plans.json"
    emulator.faults = [
        {"method": "PUT", "path": "/v3/**/note-org-b", "fault": "status", "status": 422}
    ]
    devinops("plan", "-C", place, "-t", "all", "--adopt", "--out", saved)
    (tmp_path / "digests").write_text(digests(saved))
    arguments: list[Any] = {
        "saved": [saved],
        "several": ["-t", "a", "-t", "b", "--adopt", "--yes"],
        "list": ["--expect", tmp_path / "digests", "--adopt"],
    }[how]
    ran = devinops("apply", "-C", place, *arguments)
    assert ran.code == 3
    selected = "-t a -t b" if how == "several" else "-t b"
    assert f"{selected} again, which plans what is left" in " ".join(ran.out.split())


def test_what_an_earlier_attempt_has_written_is_not_stale(
    emulator: Emulator, root: Root, devinops: Devinops, tmp_path: Path
) -> None:
    place, saved = root(), tmp_path / "plans.json"
    devinops("plan", "-C", place, "-t", "all", "--adopt", "--out", saved)
    emulator.faults = [
        {"method": "PUT", "path": "/v3/**/note-org-b", "fault": "status", "status": 422}
    ]
    assert devinops("apply", "-C", place, saved).code == 3
    emulator.faults = []
    assert devinops("apply", "-C", place, saved).code == 0
    assert set(bodies(emulator).values()) == {"Run make deploy."}


def test_stale_targets_are_one_sentence_whose_next_step_is_to_plan_again(
    emulator: Emulator, root: Root, devinops: Devinops, tmp_path: Path
) -> None:
    place, saved = root(), tmp_path / "plans.json"
    devinops("plan", "-C", place, "-t", "all", "--adopt", "--out", saved)
    for org in ("org-b", "org-c"):
        emulator.edit("knowledge", f"note-{org}", body="Edited.")
    ran = devinops("apply", "-C", place, saved)
    text = " ".join(ran.out.split())
    assert re.search(r"b, c: [^!]* plan and review again \(1 change planned\)", text)
    assert "To finish, run devinops plan" in text


@pytest.mark.parametrize("selector", ["a", "all"])
def test_a_report_of_drift_is_no_plan_to_apply(
    selector: str, emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    saved = place / "drift.json"
    saved.write_text(devinops("drift", "-C", place, "-t", selector, "--format", "json").out)
    emulator.clear_requests()
    ran = devinops("apply", "-C", place, saved)
    assert (ran.code, emulator.requests) == (64, [])
    assert "is a report of drift: apply needs a file of devinops plan --out" in ran.err


def test_the_digest_of_all_accepts_only_the_whole(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    words = ("-C", root(), "-t", "all", "--adopt", "--format", "json")
    digest = json.loads(devinops("plan", *words).out)["digest"]
    emulator.edit("knowledge", "note-org-b", body="Edited.")
    ran = devinops("apply", *words, "--expect", digest)
    assert (ran.code, json.loads(ran.out)["exit_code"]) == (5, 5)
    assert bodies(emulator)["org-a"] == "Old."
    emulator.edit("knowledge", "note-org-b", body="Old.")
    assert devinops("apply", *words, "--expect", digest).code == 0


def test_one_question_is_for_all_and_what_changed_meanwhile_is_stale(
    emulator: Emulator, root: Root, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def confirm(text: str, **_: Any) -> bool:
        asked.append(text)
        emulator.edit("knowledge", "note-org-c", body="Edited.")
        return True

    monkeypatch.setattr("devinops.cli.handlers.apply.is_interactive", lambda: True)
    monkeypatch.setattr(apply.click, "confirm", confirm)
    ran = devinops("apply", "-C", root(), "-t", "all", "--adopt")
    assert (ran.code, asked) == (3, ["Apply 4 adoptions to 4 organizations?"])
    assert bodies(emulator) == dict.fromkeys(ORGANIZATIONS, "Run make deploy.") | {
        "org-c": "Edited."
    }


def test_what_another_run_did_while_the_question_was_open_is_stale(
    emulator: Emulator, root: Root, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = root()

    def confirm(*_: Any, **__: Any) -> bool:
        return devinops("apply", "-C", place, "-t", "c", "--adopt", "--yes").code == 0

    monkeypatch.setattr("devinops.cli.handlers.apply.is_interactive", lambda: True)
    monkeypatch.setattr(apply.click, "confirm", confirm)
    report = place / "report.json"
    words = ("-t", "b", "-t", "c", "--adopt", "--report", f"json={report}")
    ran = devinops("apply", "-C", place, *words)
    last = "Applied to 1 of 2 organizations: 1 change done; c stale."
    assert (ran.code, ran.out.splitlines()[-1]) == (0, last)
    assert "not done" not in ran.out
    assert "c: it needs none of these changes any more" in ran.out
    assert devinops("show", report).out.splitlines()[-1] == last


def test_a_target_that_is_refused_while_the_question_is_open_is_not_reported_as_done(
    emulator: Emulator, root: Root, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = root()
    (place / "knowledge/reviews.md").write_text(NOTE.replace("Deploys", "Reviews"))
    applied(devinops, place)
    (place / "knowledge/errors.md").write_text(NOTE.replace("Deploys", "Errors"))

    def confirm(*_: Any, **__: Any) -> bool:
        for note in emulator.knowledge("org-c"):
            emulator.remove("knowledge", note["note_id"])
        return True

    monkeypatch.setattr("devinops.cli.handlers.apply.is_interactive", lambda: True)
    monkeypatch.setattr(apply.click, "confirm", confirm)
    report = place / "report.md"
    ran = devinops("apply", "-C", place, "-t", "b", "-t", "c", "--report", f"markdown={report}")
    last = "Applied to 1 of 2 organizations: 1 change done; c stale."
    assert (ran.code, ran.out.splitlines()[-1]) == (4, last)
    assert "c: it is refused now: the API does not list 2 of 2" in ran.out
    assert "`knowledge:Errors` in `b` (" in report.read_text()


def test_more_targets_than_max_targets_need_an_approval(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    config = place / "devinops.yaml"
    config.write_text(config.read_text() + "max_targets: 3\n")
    words = ("-C", place, "-t", "all", "--adopt", "--yes")
    ran = devinops("apply", *words)
    assert (ran.code, set(bodies(emulator).values())) == (4, {"Old."})
    assert "--allow targets=4" in ran.err
    assert devinops("apply", *words, "--allow", "targets=5").code == 4
    assert devinops("apply", *words, "--allow", "targets=4").code == 0


def test_targets_without_a_plan_are_not_said_to_need_nothing(
    emulator: Emulator, root: Root, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVIN_API_KEY", "wrong")
    ran = devinops("plan", "-C", root(), "-t", "a", "-t", "b")
    last = "Plan for 2 organizations: 2 organizations failed."
    assert (ran.code, ran.out.splitlines()[-1]) == (1, last)


def test_saved_plans_that_are_all_held_say_what_they_hold_and_are_refused(
    emulator: Emulator, root: Root, devinops: Devinops, tmp_path: Path
) -> None:
    place, saved = root(a={"hold": "audit"}, b={"hold": "audit"}), tmp_path / "plan.json"
    planned = devinops("plan", "-C", place, "-t", "a", "-t", "b", "--adopt", "--out", saved)
    assert planned.out.splitlines()[-1] == (
        "Plan for 2 organizations: 2 adoptions not applied; 2 organizations held."
    )
    ran = devinops("apply", saved, "-C", place)
    assert (ran.code, ran.out, set(bodies(emulator).values())) == (4, "", {"Old."})
    assert f"{saved} has no plan that can be applied, and nothing was written" in ran.err


def test_a_saved_plan_of_too_many_targets_says_where_the_option_goes(
    emulator: Emulator, root: Root, devinops: Devinops, tmp_path: Path
) -> None:
    place, saved = root(), tmp_path / "plan.json"
    config = place / "devinops.yaml"
    config.write_text(config.read_text() + "max_targets: 3\n")
    plan = ("plan", "-C", place, "-t", "all", "--adopt", "--out", saved)
    apply = ("apply", saved, "-C", place)
    assert "pass --allow targets=4" in devinops(*plan).out
    ran = devinops(*apply)
    assert (ran.code, set(bodies(emulator).values())) == (4, {"Old."})
    assert ran.err.endswith(
        "was refused when it was planned, and nothing was written: this run writes to 4 targets, "
        "but max_targets is 3: check them, then pass --allow targets=4. Pass the option "
        "to devinops plan, and apply the new plan\n"
    )
    assert devinops(*plan, "--allow", "targets=4").code == 0
    # A part of the targets is another number, and so is a new limit.
    ran = devinops(*apply, "-t", "a", "-t", "b")
    assert (ran.code, set(bodies(emulator).values())) == (4, {"Old."})
    assert "this run writes to 2 targets: check each one, then pass --allow targets=2" in ran.err
    assert devinops(*apply, "-t", "a", "-t", "b", "--allow", "targets=2").code == 0
    assert Counter(bodies(emulator).values()) == {"Run make deploy.": 2, "Old.": 2}
    assert devinops(*apply, "--allow", "targets=2").code == 0
    assert set(bodies(emulator).values()) == {"Run make deploy."}


@pytest.mark.parametrize(
    ("limited", "own_key", "most"), [("d", True, 60), ("a", True, 300), ("d", False, 300)]
)
def test_a_key_that_is_limited_delays_the_others_for_a_minute_after_they_are_planned(
    root: Root,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    waits: Waits,
    limited: str,
    own_key: bool,
    most: int,
) -> None:
    """If all share the key, or if others are still to be planned, that is no reason to fail early."""
    org = f"org-{limited}"
    with Emulator({**SEED, "keys": {"cog_limited": {"org": org}}}) as emulator:
        use(emulator.url, "cog_enterprise")
        monkeypatch.setenv("DEVIN_KEY_LIMITED", "cog_limited")
        path = f"/v3/organizations/{org}/**"
        emulator.faults = [{"path": path, "fault": "rate-limit", "seconds": 20}]
        key = {"api_key_env": "DEVIN_KEY_LIMITED"} if own_key else {}
        place = root(**{limited: key})
        ran = devinops("apply", "-C", place, "-t", "all", "--adopt", "--yes", "--parallelism", 1)
        written = {org for org, body in bodies(emulator).items() if body != "Old."}
    assert (ran.code, written) == (3, {*ORGANIZATIONS} - {org})
    assert f"only 429 in {most} s of waiting" in " ".join(ran.out.split())
    assert most <= sum(waits) < most + 40


def test_all_targets_with_one_key_share_the_rate(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    config = place / "devinops.yaml"
    config.write_text(config.read_text() + "rate: 30/min\n")
    start = waiting.now()
    applied(devinops, place)
    reads_and_writes = len(emulator.requests)
    assert reads_and_writes >= 16
    assert waiting.now() - start >= 2 * (reads_and_writes - 1) - LATE_S


def test_a_held_target_is_never_written_and_a_run_of_only_those_ends_with_4(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root(a={"hold": "audit"}, b={"hold": "audit"})
    words = ("apply", "-C", place, "--adopt", "--yes")
    assert devinops(*words, "-t", "a", "-t", "b").code == 4
    assert devinops(*words, "-t", "all").code == 0
    assert bodies(emulator) == {
        "org-a": "Old.", "org-b": "Old.", "org-c": "Run make deploy.", "org-d": "Run make deploy.",
    }  # fmt: skip


SECRET = (
    "secrets:\n  - {key: TOKEN, type: key-value, value_from: {env: VALUE_OF_TOKEN}, targets: [b]}\n"
)


def test_a_target_without_the_value_of_a_secret_fails_alone(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    (place / "secrets.yaml").write_text(SECRET)
    ran = devinops("apply", "-C", place, "-t", "all", "--adopt", "--yes", "--format", "json")
    assert ran.code == 3
    assert states(ran)["b"] == ("failed", 1)
    assert bodies(emulator)["org-a"] == "Run make deploy."
    assert bodies(emulator)["org-b"] == "Old."


def test_failures_that_differ_only_in_the_organization_are_one_sentence(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    emulator.faults = [{"method": "PUT", "path": "/v3/**", "fault": "status", "status": 422}]
    ran = devinops("apply", "-C", root(), "-t", "all", "--adopt", "--yes")
    text = " ".join(ran.out.split())
    assert "PUT /v3/organizations/…/knowledge/notes/… returned 422" in text
    assert text.count("returned 422") == 1


def test_the_key_of_another_target_is_not_written_as_a_secret(
    emulator: Emulator, root: Root, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVIN_KEY_OF_C", "cog_emulator")
    monkeypatch.setenv("VALUE_OF_TOKEN", "cog_emulator")
    place = root(c={"api_key_env": "DEVIN_KEY_OF_C"})
    (place / "secrets.yaml").write_text(SECRET)
    ran = devinops("apply", "-C", place, "-t", "b", "-t", "c", "--adopt", "--yes")
    assert "a key or token of this job is the value for" in " ".join(ran.out.split())
    assert bodies(emulator)["org-b"] == "Old."


def test_a_failure_in_one_target_is_its_own(
    emulator: Emulator, root: Root, devinops: Devinops
) -> None:
    place = root()
    emulator.faults = [
        {"method": "PUT", "path": "/v3/**/note-org-c", "fault": "status", "status": 422}
    ]
    ran = devinops("apply", "-C", place, "-t", "all", "--adopt", "--yes", "--format", "json")
    assert ran.code == 3
    assert {name: code for name, (_, code) in states(ran).items()} == {
        "a": 0,
        "b": 0,
        "c": 1,
        "d": 0,
    }


def test_the_first_signal_lets_the_request_in_flight_finish_and_starts_no_other(
    emulator: Emulator,
    root: Root,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    save, page = Backups.save, tmp_path / "report.md"

    def interrupted(self: Backups, live: Live) -> None:
        save(self, live)
        signals.on_signal(signal.SIGINT)

    monkeypatch.setattr(Backups, "save", interrupted)
    words = ("-C", root(), "-t", "all", "--adopt", "--yes", "--parallelism", "1")
    ran = devinops("apply", *words, "--format", "json", "--report", f"markdown={page}")
    assert ran.code == 130
    title = "## Interrupted: applied to 1 of 4 organizations: 1 change done, 3 skipped"
    assert title in page.read_text().splitlines()
    assert Counter(bodies(emulator).values()) == {"Old.": 3, "Run make deploy.": 1}
    assert outcomes(json.loads(ran.out)) == {"a": "done", **dict.fromkeys("bcd", "skipped")}


def test_targets_in_which_another_run_was_faster_are_busy(
    emulator: Emulator, root: Root, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter("abcd")

    def outrun(*_: object) -> None:
        raise Stale(f"if it died, run devinops inventory unlock -t {next(names)} RUN")

    monkeypatch.setattr(apply.RunJournal, "begin", outrun)
    words = ("apply", "-C", root(), "-t", "all", "--adopt", "--yes", "--parallelism", "1")
    ran = devinops(*words)
    assert ran.code == 5
    # One command frees all targets of a run.
    text = "a, b, c, d: if it died, run devinops inventory unlock -t a RUN (1 change planned)"
    assert text in " ".join(ran.out.split())
    assert "Applied to 0 of 4 organizations: 4 organizations busy." in ran.out


def to_branch(place: Path, remote: Path) -> None:
    """Put a repository into Git with a new remote, where the inventories are."""
    config = place / "devinops.yaml"
    config.write_text(config.read_text().replace("store: file", "store: branch"))
    git(remote.parent, "init", "-q", "--bare", "-b", "main", str(remote))
    git(place, "init", "-q", "-b", "main")
    git(place, "remote", "add", "origin", str(remote))
    commit(place, "--allow-empty", "-m", "First")
    git(place, "push", "-q", "origin", "main")


@pytest.mark.usefixtures("really_waits")
def test_the_inventories_on_a_branch_are_saved_together(
    emulator: Emulator, root: Root, devinops: Devinops, tmp_path: Path
) -> None:
    place, remote = root(), tmp_path / "remote.git"
    to_branch(place, remote)
    applied(devinops, place)
    # One save announces the changes of all targets, one records their results.
    assert int(git(remote, "rev-list", "--count", "devinops")) == 2
    assert "nothing to change" in devinops("plan", "-C", place, "-t", "all").out


@pytest.mark.usefixtures("really_waits")
def test_inventories_that_cannot_be_saved_are_one_message(
    emulator: Emulator, root: Root, devinops: Devinops, tmp_path: Path
) -> None:
    place, remote = root(), tmp_path / "remote.git"
    to_branch(place, remote)
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\n! git rev-parse --quiet --verify devinops\n")
    hook.chmod(0o755)
    ran = devinops("apply", "-C", place, "-t", "all", "--adopt", "--yes")
    assert ran.code == 3
    assert ran.out.count("records what the run wrote to") == 1
    assert "a.journal records what the run wrote" in ran.out
    hook.unlink()
    assert "nothing to change" in devinops("plan", "-C", place, "-t", "all").out


def test_a_new_secret_of_a_webhook_is_written_with_its_target(
    emulator: Emulator, root: Root, devinops: Devinops, tmp_path: Path
) -> None:
    place, path = root(), tmp_path / "secrets"
    hook = {
        "name": "Hook",
        "triggers": [{"event_type": "webhook:incoming"}],
        "actions": [{"type": "start_session", "prompt": "Look around."}],
    }
    (place / "automations.yaml").write_text(json.dumps({"automations": [hook]}))
    argv = ("apply", "-C", place, "-t", "a", "-t", "b", "--only", "automation", "--allow", "spend")
    ran = devinops(*argv, "--yes", "--webhook-secrets", path)
    assert ran.code == 0, ran.err
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    assert sorted(line[:2] for line in lines) == [
        ["a", "automation:Hook"],
        ["b", "automation:Hook"],
    ]
    for target, _, url, secret in lines:
        (live,) = emulator.automations(f"org-{target}")
        assert live["triggers"][0]["webhook"]["url"] == url
        assert len(secret) > 20
        assert secret not in ran.out + ran.err
