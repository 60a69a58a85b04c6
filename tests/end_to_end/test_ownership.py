"""Ownership over real HTTP: reviewed digests, rotation, drift, conflicts, and an inventory on a branch."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from devinops.inventory.journaled import JournaledStore
from tests.testing.command_line import Devinops, Write
from tests.testing.documents import read_one
from tests.testing.inventories import NO_INVENTORY, commit, dies

CONFIG = "version: 1\ntargets:\n  production:\n    inventory: {store: file}\n    prune: owned\n"


def note(name: str, body: str, **fields: str) -> str:
    more = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return f"---\nname: {name}\ntrigger: t\n{more}---\n{body}\n"


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator({"organizations": {"org-emulator": {"folders": [{"path": "F"}]}}}) as running:
        use(running.url)
        yield running


def names(emulator: Emulator) -> dict[str, str]:
    return {found["name"]: found["note_id"] for found in emulator.knowledge()}


def document(devinops: Devinops, *argv: str | Path) -> dict[str, Any]:
    found = read_one(devinops(*argv, "--format", "json").out)
    assert isinstance(found, dict)
    return found


def test_a_reviewed_plan_that_would_undo_another_pull_request_is_refused(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    """Two branches from one commit: the second was planned before the first was merged and applied."""
    base = {
        "devinops.yaml": CONFIG,
        "knowledge/a.md": note("A", "old"),
        "knowledge/b.md": note("B", "old"),
    }
    root = repository(base)
    assert devinops("apply", "-C", root, "--yes").code == 0
    repository({"knowledge/b.md": note("B", "by the second")})
    second = tmp_path / "second.json"
    assert devinops("plan", "-C", root, "--out", second).code == 0
    # The first one, merged and applied: A changes.
    repository({"knowledge/a.md": note("A", "by the first"), "knowledge/b.md": note("B", "old")})
    assert devinops("apply", "-C", root, "--yes").code == 0
    before = emulator.knowledge()
    # The second one's branch still has the old A, so applying it would take the first one's change back.
    repository({"knowledge/a.md": note("A", "old"), "knowledge/b.md": note("B", "by the second")})
    refused = devinops("apply", second, "-C", root)
    assert (refused.code, emulator.knowledge()) == (5, before)
    assert "knowledge:A" in refused.out
    # Rebased on the first one it is what was reviewed.
    repository({"knowledge/a.md": note("A", "by the first")})
    assert devinops("apply", second, "-C", root).code == 0
    assert {n["name"]: n["body"] for n in emulator.knowledge()} == {
        "A": "by the first",
        "B": "by the second",
    }


def test_a_saved_plan_remembers_what_was_approved(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    emulator.add("knowledge", name="A", trigger="t", body="theirs")
    root, path = (
        repository({"devinops.yaml": CONFIG, "knowledge/a.md": note("A", "ours")}),
        tmp_path / "plan.json",
    )
    assert devinops("plan", "-C", root).code == 4
    assert devinops("plan", "-C", root, "--adopt", "--out", path).code == 0
    assert devinops("apply", path, "-C", root, "--on-conflict", "git").code == 64
    assert devinops("apply", path, "-C", root).code == 0
    assert emulator.knowledge()[0]["body"] == "ours"


def test_on_drift_holds_for_one_run_and_is_part_of_what_was_reviewed(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    """Somebody deletes all notes of a target that keeps drift; one run creates them again."""
    files = {f"knowledge/{name}.md": note(name, "text") for name in ("a", "b")}
    root = repository({"devinops.yaml": CONFIG, **files})
    assert devinops("apply", "-C", root, "--yes").code == 0
    for id in names(emulator).values():
        emulator.remove("knowledge", id)
    refused = devinops("plan", "-C", root)
    assert (
        "pass --allow missing=2: they stay deleted; with --on-drift overwrite, those with an"
        in (" ".join(refused.out.split()))
    )
    kept = devinops("apply", "-C", root, "--yes", "--allow", "missing=2")
    assert (kept.code, emulator.knowledge()) == (0, [])
    options = ["--allow", "missing=2", "--on-drift", "overwrite"]
    plan = document(devinops, "plan", "-C", root, "--out", tmp_path / "plan.json", *options)
    assert plan["approvals"] == {"allow_missing": 2, "on_drift": "overwrite"}
    digest = ["--expect", plan["digest"]]
    assert devinops("apply", "-C", root, "--allow", "missing=2", *digest).code == 5
    assert devinops("apply", tmp_path / "plan.json", "-C", root).code == 0
    assert names(emulator).keys() == {"a", "b"}


def test_an_edited_plan_file_is_not_what_was_reviewed(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    """Whoever reviews a file must not be shown less than what its digest stands for."""
    root, path = (
        repository(
            {
                "devinops.yaml": CONFIG,
                "knowledge/a.md": note("A", "a"),
                "knowledge/b.md": note("B", "b"),
            }
        ),
        tmp_path / "p.json",
    )
    devinops("plan", "-C", root, "--out", path)
    document = json.loads(path.read_text())
    document["changes"].pop()
    path.write_text(json.dumps(document))
    ran = devinops("apply", path, "-C", root)
    assert (ran.code, emulator.knowledge()) == (1, [])
    assert "it was changed after it was saved" in ran.err


def test_backups_stay_out_of_git_whatever_else_is_ignored(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(
        {
            "devinops.yaml": CONFIG,
            "knowledge/a.md": note("A", "a"),
            ".devinops/.gitignore": "*.tmp\n",
        }
    )
    git(root, "init", "--quiet")
    devinops("apply", "-C", root, "--yes")
    repository({"knowledge/a.md": note("A", "b")})
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert list((root / ".devinops" / "backups").glob("*.jsonl"))
    assert "backups" not in git(root, "status", "--porcelain", "--untracked-files=all")


def test_an_object_that_went_to_others_is_the_same_to_plan_and_drift(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(
        {
            "devinops.yaml": CONFIG,
            "knowledge/a.md": note("A", "a"),
            "knowledge/b.md": note("B", "b"),
        }
    )
    devinops("apply", "-C", root, "--yes")
    emulator.edit("knowledge", names(emulator)["A"], access_type="enterprise")
    for command in ("plan", "drift"):
        assert "it now belongs to somebody else" in devinops(command, "-C", root).out
    (root / "knowledge" / "a.md").unlink()
    emulator.clear_requests()
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert {request["method"] for request in emulator.requests} == {"GET"}


def test_an_empty_list_that_the_folders_contradict_is_not_believed(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"knowledge/F/a.md": note("A", "a")})
    assert devinops("apply", "-C", root, "--yes").code == 0
    emulator.faults = [{"path": "/v3/**/notes", "method": "GET", "fault": "empty-list"}]
    ran = devinops("apply", "-C", root, "--yes")
    assert (ran.code, len(emulator.knowledge())) == (1, 1)
    assert "cannot be proved complete" in ran.err


def test_drift_tells_what_moved_and_when_nothing_did(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(
        {"devinops.yaml": CONFIG}
        | {f"knowledge/F/{n}.md": note(n, n) for n in ("Same", "Edited", "Gone", "Again")}
    )
    assert devinops("apply", "-C", root, "--yes").code == 0
    emulator.add("knowledge", name="Theirs", trigger="t", body="b")
    quiet = devinops("drift", "-C", root)
    assert (quiet.code, quiet.out.splitlines()[-1]) == (
        0,
        "Drift in production (organization org-emulator): none; 1 unmanaged (-v lists them).",
    )
    for command in ("drift", "plan"):
        assert "  knowledge:Theirs  note-" in devinops(command, "-C", root, "-v").out
    ids = names(emulator)
    emulator.edit("knowledge", ids["Edited"], body="edited", is_enabled=False)
    emulator.remove("knowledge", ids["Gone"])
    emulator.remove("knowledge", ids["Again"])
    emulator.add("knowledge", name="Again", trigger="t", body="again", folder="F")
    # What Git has and nobody applied is no drift.
    repository({"knowledge/F/Same.md": note("Same", "new in Git")})
    found = document(devinops, "drift", "-C", root)
    assert found["exit_code"] == 2
    assert {d["key"]: d["moved"] for d in found["drift"]} == {
        "knowledge:F/Again": "re-created",
        "knowledge:F/Edited": "edited",
        "knowledge:F/Gone": "deleted",
    }
    assert {r["method"] for r in emulator.requests[-6:]} == {"GET"}


def test_drift_names_the_line_of_the_entry(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    entries = "".join(f"  - {{name: {name}, trigger: t, body: b}}\n" for name in "AB")
    root = repository({"devinops.yaml": CONFIG, "knowledge.yaml": f"knowledge:\n{entries}"})
    assert devinops("apply", "-C", root, "--yes").code == 0
    emulator.edit("knowledge", names(emulator)["B"], body="other")
    (drift,) = document(devinops, "drift", "-C", root)["drift"]
    assert (drift["source"]["file"], drift["source"]["line"]) == ("knowledge.yaml", 3)


def test_drift_shows_the_change_against_what_was_applied_although_the_files_moved_on(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    files = {"devinops.yaml": CONFIG, "team/knowledge/F/A.md": note("A", "one\ntwo")}
    root = repository(files)
    git(root, "init", "-q")
    git(root, "add", ".")
    commit(root, "-m", "applied")
    (root / "devinops.yaml").rename(root / "team" / "devinops.yaml")
    assert devinops("apply", "-C", root / "team", "--yes").code == 0
    emulator.edit("knowledge", names(emulator)["A"], body="one\ntoken: abc123def456")
    repository({"team/knowledge/F/A.md": note("A", "new in Git")})
    (drift,) = document(devinops, "drift", "-C", root / "team")["drift"]
    assert drift["fields"] == {"body": {"before": "one\ntwo", "after": "one\ntoken: ************"}}
    shown = {
        "text": "        - two\n        + token: ************\n",
        "markdown": "- two\n+ token: ************\n",
        "html": "token: ************",
    }
    for format, lines in shown.items():
        assert lines in devinops("drift", "-C", root / "team", "--format", format).out
    # A conflict in a plan shows the live text too.
    assert "abc123def456" not in devinops("plan", "-C", root / "team", "-v").out


def test_what_an_approval_overwrites_and_what_a_delete_loses_is_said_before_the_changes(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root = repository(
        {"devinops.yaml": CONFIG} | {f"knowledge/{n}.md": note(n, "old") for n in "AB"}
    )
    assert devinops("apply", "-C", root, "--yes").code == 0
    emulator.edit("knowledge", names(emulator)["A"], body="by hand")
    (root / "knowledge" / "B.md").unlink()
    repository({"knowledge/A.md": note("A", "in Git")})
    saved = tmp_path / "plan.json"
    plan = ("plan", "-C", root, "--on-conflict", "git")
    for ran in (devinops(*plan, "--out", saved), devinops("show", saved)):
        assert (
            "1 change overwrites what was changed outside devinops\n  ! knowledge:A: body"
            in ran.out
        )
    update, delete = document(devinops, *plan)["changes"]
    assert (update["overwrites"], delete["overwrites"]) == (["body"], [])
    assert set(delete["fields"]) == {"name", "trigger", "body", "folder"}, "only what was declared"
    for format in ("markdown", "html"):
        shown = devinops(*plan, "--format", format).out
        assert "1 change overwrites what was changed outside devinops" in shown


def test_drift_without_an_inventory_names_the_alternative(
    repository: Write, devinops: Devinops, emulator: Emulator
) -> None:
    ran = devinops("drift", "-C", repository({**NO_INVENTORY, "knowledge/a.md": note("A", "a")}))
    assert ran.code == 1
    assert "devinops plan" in ran.err


def test_a_folder_renamed_in_the_web_app_is_one_outside_edit(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(
        {
            "devinops.yaml": CONFIG,
            "knowledge/F/a.md": note("A", "a"),
            "knowledge/F/b.md": note("B", "b"),
        }
    )
    assert devinops("apply", "-C", root, "--yes").code == 0
    (folder,) = emulator.folders()
    emulator.edit("folder", folder["folder_id"], name="Platform")
    ids = names(emulator)
    for command in ("plan", "drift"):
        found = document(devinops, command, "-C", root)
        assert [(d["moved"], d["key"]) for d in found["drift"]] == [("renamed", "folder:F")], (
            command
        )
    repository({"knowledge/F/a.md": note("A", "changed all the same")})
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert {n["folder_path"] for n in emulator.knowledge()} == {"Platform"}
    (root / "knowledge" / "F").rename(root / "knowledge" / "Platform")
    found = document(devinops, "plan", "-C", root)
    assert (found["changes"], found["drift"], found["blocked"], names(emulator)) == (
        [],
        [],
        [],
        ids,
    )


@pytest.mark.sampled(3)
@pytest.mark.parametrize("key", ["cog_emulator", "apk_emulator"])
@pytest.mark.parametrize("change", ["edited", "renamed", "adopted"])
def test_a_write_into_a_renamed_folder_remembers_the_folder_that_the_files_mean(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    key: str,
    change: str,
) -> None:
    """Or the note would be taken for one that belongs where it is once there is a folder of the old name again."""
    use(emulator.url, key)
    files = {f"knowledge/F/{name}.md": note(name, f"text of {name}") for name in ("a", "c")}
    root = repository({"devinops.yaml": CONFIG} | files)
    assert devinops("apply", "-C", root, "--yes").code == 0
    (folder,) = emulator.folders()
    emulator.edit("folder", folder["folder_id"], name="M")
    if change == "renamed":
        repository({"knowledge/F/a.md": note("b", "text of a")})
    else:
        repository({"knowledge/F/a.md": note("a", "another text")})
    if change == "adopted":
        assert devinops("inventory", "forget", "knowledge:F/a", "-C", root).code == 0
    assert devinops("apply", "-C", root, "--yes", "--adopt").code == 0
    (renamed,) = document(devinops, "drift", "-C", root)["drift"]
    assert (renamed["moved"], renamed["key"]) == ("renamed", "folder:F")
    emulator.add_folder("F")
    for command in ("plan", "drift"):
        found = document(devinops, command, "-C", root)["drift"]
        name = "b" if change == "renamed" else "a"
        assert {d["key"] for d in found} == {f"knowledge:F/{name}", "knowledge:F/c"}, command


def test_an_entry_taken_away_or_renamed(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(
        {"devinops.yaml": CONFIG}
        | {f"knowledge/{n}.md": note(n, f"the body of {n}") for n in "ABC"}
    )
    assert devinops("apply", "-C", root, "--yes").code == 0
    ids = names(emulator)
    (root / "knowledge" / "A.md").unlink()
    (root / "knowledge" / "B.md").rename(root / "knowledge" / "other-file.md")
    repository({"knowledge/C.md": note("Renamed", "the body of C")})
    plan = document(devinops, "plan", "-C", root)
    assert {c["key"]: c["action"] for c in plan["changes"]} == {
        "knowledge:A": "delete",
        "knowledge:Renamed": "rename",
    }
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert names(emulator) == {"B": ids["B"], "Renamed": ids["C"]}


SECRET = (
    "secrets:\n  - {key: TOKEN, type: key-value, version: '%s', value_from: {env: THE_VALUE}}\n"
)


def test_a_changed_version_rotates_a_secret(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_VALUE", "first-value")
    root = repository({"devinops.yaml": CONFIG, "secrets.yaml": SECRET % 1})
    assert devinops("apply", "-C", root, "--yes").code == 0
    (before,) = emulator.secrets()
    monkeypatch.setenv("THE_VALUE", "second-value")
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0
    repository({"secrets.yaml": SECRET % 2})
    ran = devinops("apply", "-C", root, "--yes")
    assert ran.code == 0, ran
    (after,) = emulator.secrets()
    assert before["secret_id"] != after["secret_id"]
    assert emulator.store.secret_matches("org-emulator", "TOKEN", "second-value")
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0
    kept = "".join(path.read_text() for path in (root / ".devinops").rglob("*.jsonl"))
    assert "-value" not in kept.replace("key-value", "") + ran.out + ran.err


GONE = {"secrets.yaml": "secrets: [{key: OTHER, type: key-value, ensure: absent}]\n"}


def test_a_secret_whose_entry_goes_is_deleted_only_with_an_approval_of_its_own(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_VALUE", "first-value")
    root = repository({"devinops.yaml": CONFIG, "secrets.yaml": SECRET % 1})
    assert devinops("apply", "-C", root, "--yes").code == 0
    repository(GONE)
    refused = devinops("apply", "-C", root, "--yes")
    assert (refused.code, len(emulator.secrets())) == (4, 1)
    assert "nobody can restore its value: check it, then pass --allow delete=1" in refused.out
    repository({"devinops.yaml": CONFIG.replace("owned", "'off'")} | GONE)
    kept = devinops("apply", "-C", root, "--yes")
    assert (kept.code, len(emulator.secrets())) == (0, 1)
    assert "1 owned object is no longer declared (secret:TOKEN); it stays" in kept.out
    repository({"devinops.yaml": CONFIG})
    ran = devinops("apply", "-C", root, "--yes", "--allow", "delete=1")
    assert (ran.code, emulator.secrets()) == (0, [])
    assert "cannot restore the value of a secret" in ran.out


def test_a_secret_that_people_manage_is_released_and_stays(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_VALUE", "first-value")
    root = repository({"devinops.yaml": CONFIG, "secrets.yaml": SECRET % 1})
    assert devinops("apply", "-C", root, "--yes").code == 0
    digest = document(devinops, "plan", "-C", root)["digest"]
    repository({"secrets.yaml": "secrets: [{key: TOKEN, type: key-value}]\n"})
    plan = document(devinops, "plan", "-C", root)
    assert [(c["action"], c["key"]) for c in plan["changes"]] == [("release", "secret:TOKEN")]
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 2
    assert devinops("apply", "-C", root, "--expect", digest).code == 5
    assert devinops("apply", "-C", root, "--expect", plan["digest"]).code == 0
    repository(GONE)
    after = document(devinops, "plan", "-C", root)
    assert (after["changes"], after["inventory"]["owned"]) == ([], 0)
    assert (len(emulator.secrets()), after["unmanaged"]) == (1, {"secret": 1})


def test_a_rotation_that_fails_half_way_names_the_missing_secret(
    repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch, use: Callable[..., None]
) -> None:
    monkeypatch.setenv("THE_VALUE", "a-value")
    seed = {
        "organizations": {"org-emulator": {}},
        "keys": {"cog_deletes": {"org": "org-emulator", "permissions": ["ManageOrgSecrets"]}},
    }
    with Emulator(seed) as emulator:
        use(emulator.url)
        root = repository({"devinops.yaml": CONFIG, "secrets.yaml": SECRET % 1})
        assert devinops("apply", "-C", root, "--yes").code == 0
        repository({"secrets.yaml": SECRET % 2})
        from devinops.api.client import WritingClient
        from devinops.model.errors import ApiError

        def refuse(*_: object, **__: object) -> None:
            raise ApiError("POST answered 422: no", status=422)

        with monkeypatch.context() as patched:
            patched.setattr(WritingClient, "create", refuse)
            ran = devinops("apply", "-C", root, "--yes")
        assert (ran.code, emulator.secrets()) == (3, [])
        assert "secret:TOKEN failed: it was deleted and is MISSING now" in ran.out
        assert "+ secret:TOKEN: no longer in the organization" in ran.out
        assert ran.out.splitlines()[-1].startswith("Not fully applied to production")
        drift = devinops("drift", "-C", root)
        assert (drift.code, drift.out) == (5, "")
        assert re.search(
            r"the run \S+ did not finish replacing secret:TOKEN: run .* apply", drift.err
        )
        for targets in (CONFIG, f"{CONFIG}  staging: {{}}\n"):
            repository({"devinops.yaml": targets})
            (left,) = document(devinops, "pull", "--drift", "-C", root, "-t", "production")["left"]
            assert left["why"] == "deleted"
            assert re.fullmatch(
                r"the run \S+ did not finish replacing it: run devinops apply -C .* -t production",
                left["reason"],
            )
        repository({"devinops.yaml": CONFIG})
        assert devinops("apply", "-C", root, "--yes").code == 0
        assert devinops("drift", "-C", root).code == 0
        assert [s["key"] for s in emulator.secrets()] == ["TOKEN"]


@pytest.mark.parametrize(("flag", "body"), [("git", "by Git"), ("live", "by hand")])
def test_a_conflict_waits_for_a_decision(
    emulator: Emulator, repository: Write, devinops: Devinops, flag: str, body: str
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge/a.md": note("A", "old")})
    devinops("apply", "-C", root, "--yes")
    emulator.edit("knowledge", names(emulator)["A"], body="by hand")
    repository({"knowledge/a.md": note("A", "by Git")})
    held = devinops("apply", "-C", root, "--yes")
    assert (held.code, emulator.knowledge()[0]["body"]) == (4, "by hand")
    for part in ("body changed in Git and outside devinops", "- by hand", "+ by Git"):
        assert part in held.out
    assert devinops("apply", "-C", root, "--yes", "--on-conflict", flag).code == 0
    assert emulator.knowledge()[0]["body"] == body


def test_who_edited_a_note_is_shown_to_an_enterprise_key(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    config = CONFIG.replace("    prune", "    org_id: org-emulator\n    prune")
    root = repository({"devinops.yaml": config, "knowledge/a.md": note("A", "old")})
    with Emulator() as emulator:
        use(emulator.url)
        devinops("apply", "-C", root, "--yes")
        emulator.edit("knowledge", names(emulator)["A"], body="by hand")
        assert " UTC by " not in devinops("plan", "-C", root).out
        use(emulator.url, "cog_enterprise")
        assert " UTC by " in devinops("plan", "-C", root).out


def test_prune_scope_takes_what_is_not_declared_with_the_exact_number(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    config = CONFIG.replace("prune: owned", "prune: scope\n    scope: [F/**]")
    root = repository({"devinops.yaml": config, "knowledge/F/a.md": note("A", "a")})
    emulator.add("knowledge", name="In scope", trigger="t", body="b", folder="F")
    emulator.add("knowledge", name="Elsewhere", trigger="t", body="b")
    assert devinops("apply", "-C", root, "--yes").code == 4
    assert set(names(emulator)) == {"In scope", "Elsewhere"}
    assert devinops("apply", "-C", root, "--yes", "--allow", "delete=1").code == 0
    assert set(names(emulator)) == {"A", "Elsewhere"}


def test_only_can_delete_the_last_object_that_it_takes(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": CONFIG} | {f"knowledge/{n}.md": note(n, n) for n in "AB"})
    assert devinops("apply", "-C", root, "--yes").code == 0
    (root / "knowledge" / "A.md").unlink()
    ran = devinops("apply", "-C", root, "--yes", "--only", "knowledge:A")
    assert (ran.code, ran.out.splitlines()[-1]) == (
        0,
        "Applied to production (organization org-emulator): 1 done.",
    )
    assert set(names(emulator)) == {"B"}
    assert devinops("apply", "-C", root, "--yes", "--only", "knowledge:A").code == 64


def test_what_is_excluded_is_neither_created_updated_nor_deleted(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    emulator.add("folder", path="Out")
    files = {f"knowledge/Out/{n}.md": note(n, "old") for n in "AB"}
    root = repository({"devinops.yaml": CONFIG, "knowledge/in.md": note("In", "old")} | files)
    assert devinops("apply", "-C", root, "--yes").code == 0
    (root / "knowledge" / "Out" / "B.md").unlink()
    new = {"knowledge/Out/A.md": "A", "knowledge/Out/C.md": "C", "knowledge/in.md": "In"}
    repository({path: note(name, "new") for path, name in new.items()})
    repository({"playbooks/p.md": "---\ntitle: P\n---\ntext\n"})
    emulator.clear_requests()

    ran = devinops(
        "apply", "-C", root, "--yes", "--exclude", "knowledge:Out/*", "--exclude", "playbook"
    )
    assert ran.code == 0, ran
    assert [r["method"] for r in emulator.requests if r["method"] != "GET"] == ["PUT"]
    assert not [r for r in emulator.requests if "playbooks" in r["path"]]
    texts = {n["name"]: n["body"].strip() for n in emulator.knowledge()}
    assert texts == {"A": "old", "B": "old", "In": "new"}

    plan = json.loads(devinops("plan", "-C", root, "--format", "json").out)
    assert [f"{c['action']} {c['key']}" for c in plan["changes"]] == [
        "update knowledge:Out/A",
        "delete knowledge:Out/B",
        "create knowledge:Out/C",
        "create playbook:P",
    ]


def test_only_and_scope_are_allowed_with_the_number_of_the_narrowed_plan(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    config = CONFIG.replace("prune: owned", "prune: scope\n    scope: [/, F]")
    root = repository({"devinops.yaml": config, "knowledge/F/a.md": note("A", "a")})
    emulator.add("knowledge", name="In F", trigger="t", body="b", folder="F")
    emulator.add("knowledge", name="In the root", trigger="t", body="b")
    only = ("-C", root, "--only", "knowledge:F/*")
    refused = devinops("apply", "--yes", *only)
    assert (refused.code, "pass --allow delete=1" in refused.err) == (4, True)
    assert devinops("apply", "--yes", *only, "--allow", "delete=1").code == 0
    assert set(names(emulator)) == {"A", "In the root"}


def test_a_move_with_an_edit_into_a_missing_folder_keeps_the_old_note(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    files = {f"knowledge/{n}.md": note(n, f"The text of {n}.") for n in "AB"}
    root = repository({"devinops.yaml": CONFIG} | files)
    assert devinops("apply", "-C", root, "--yes").code == 0
    (root / "knowledge" / "A.md").unlink()
    repository({"knowledge/Missing/A.md": note("A", "The text of A, edited.")})
    ran = devinops("apply", "-C", root, "--yes")
    assert (ran.code, set(names(emulator))) == (4, {"A", "B"})
    emulator.add("folder", path="Missing")
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert sorted(n["folder_path"] for n in emulator.knowledge()) == ["", "Missing"]


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_the_inventory_on_a_branch_is_shared_by_clones(
    emulator: Emulator, devinops: Devinops, tmp_path: Path
) -> None:
    """What one clone applied, another one knows: a rename there keeps the id."""
    origin, first, second = (tmp_path / name for name in ("origin.git", "first", "second"))
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", str(origin))
    git(tmp_path, "clone", "--quiet", str(origin), str(first))
    (first / "knowledge").mkdir()
    (first / "devinops.yaml").write_text(CONFIG.replace("store: file", "store: branch"))
    (first / "knowledge" / "a.md").write_text(note("A", "the body"))
    git(first, "add", "--all")
    git(
        first,
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@localhost",
        "commit",
        "--quiet",
        "-m",
        "init",
    )
    git(first, "push", "--quiet", "origin", "HEAD:main")
    assert devinops("apply", "-C", first, "--yes").code == 0
    ids = names(emulator)
    git(
        tmp_path,
        "clone",
        "--quiet",
        "--depth",
        "1",
        "--branch",
        "main",
        f"file://{origin}",
        str(second),
    )
    (second / "knowledge" / "a.md").write_text(note("B", "the body"))
    head = git(second, "rev-parse", "HEAD")
    plan = devinops("plan", "-C", second)
    assert "inventory: branch, 1 owned" in plan.out
    assert "1 to rename" in plan.out
    assert devinops("apply", "-C", second, "--yes").code == 0
    assert names(emulator) == {"B": ids["A"]}
    assert (git(second, "rev-parse", "HEAD"), git(second, "branch", "--list", "devinops")) == (
        head,
        "",
    )
    assert "knowledge:B" in devinops("inventory", "list", "-C", first).out


EARLIER = """\
{"key": "schedule:Nightly", "id": "schedule-1", "source": "schedules.yaml", "fields": {"name": "0011223344556677"}}
{"deleted": "schedule:Old", "id": "schedule-2", "at": "2099-01-01T00:00:00Z"}
"""


@pytest.mark.parametrize("store", ["file", "branch"])
def test_a_record_of_a_kind_that_was_dropped_is_forgotten_with_a_note(
    store: str, emulator: Emulator, devinops: Devinops, tmp_path: Path
) -> None:
    """An earlier devinops owned a schedule: the plan is empty but for the note."""
    origin, root, other = (tmp_path / name for name in ("origin.git", "root", "other"))
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", str(origin))
    git(tmp_path, "clone", "--quiet", str(origin), str(root))
    commit(root, "--allow-empty", "-m", "init")
    git(root, "push", "--quiet", "origin", "HEAD")
    (root / "knowledge").mkdir()
    (root / "devinops.yaml").write_text(CONFIG.replace("store: file", f"store: {store}"))
    (root / "knowledge" / "a.md").write_text(note("A", "the body"))
    assert devinops("apply", "-C", root, "--yes").code == 0
    path = root / ".devinops" / "production.jsonl"
    if store == "branch":
        git(tmp_path, "clone", "--quiet", "--branch", "devinops", str(origin), str(other))
        path = other / "production.jsonl"
    new = path.read_text()
    header, rest = new.split("\n", 1)
    path.write_text(f"{header}\n{EARLIER}{rest}")
    if store == "branch":
        commit(other, "--all", "-m", "by an earlier devinops")
        git(other, "push", "--quiet")

    for command in ("drift", "inventory list", "plan --detailed-exitcode"):
        ran = devinops(*command.split(), "-C", root)
        assert ran.code == 0
    shown = " ".join(ran.out.split())
    assert "schedule:Nightly: apply forgets its record, and the object stays as it is" in shown
    assert "automations have taken the place of schedules" in shown
    assert "nothing to change; 1 unchanged" in shown
    before = len(emulator.requests)
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert {request["method"] for request in emulator.requests[before:]} == {"GET"}
    if store == "branch":
        git(other, "pull", "--quiet")
    assert path.read_text() == new
    again = devinops("plan", "-C", root)
    assert (again.code, "schedule" in again.out) == (0, False)


def test_unsettled_intents_of_another_run_stop_the_next_one(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": CONFIG})
    for body in ("first", "a"):
        repository({"knowledge/a.md": note("A", body)})
        assert devinops("apply", "-C", root, "--yes").code == 0
    path = root / ".devinops" / "production.jsonl"
    intent = {
        "intent": "20260101T000000Z-abcdef",
        "action": "update",
        "key": "knowledge:A",
        "id": names(emulator)["A"],
    }
    *lines, end = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, json.dumps(intent), "\n", end]))
    repository({"knowledge/a.md": note("A", "b")})
    for command in ("plan", "drift", "drift --lock-timeout 0.1"):
        ran = devinops(*command.split(), "-C", root)
        assert ran.code == 0
        busy = "busy: the run 20260101T000000Z-abcdef (since 2026-01-01 00:00 UTC) has not finished"
        assert busy in " ".join(ran.out.split())
    emulator.edit("knowledge", names(emulator)["A"], body="a")
    assert "1 to update" in devinops("plan", "-C", root).out
    commands = (
        "apply --yes",
        "apply --yes --lock-timeout 0.1",
        "rollback latest --yes --lock-timeout 0.1",
    )
    for command in commands:
        ran = devinops(*command.split(), "-C", root)
        assert ran.code == 5
        assert "20260101T000000Z-abcdef" in ran.err
    assert emulator.knowledge()[0]["body"] == "a"
    assert devinops("inventory", "unlock", "20260101T000000Z-abcdef", "-C", root).code == 0
    assert devinops("apply", "-C", root, "--yes").code == 0


def test_what_a_run_wrote_that_died_is_not_drift(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository({"devinops.yaml": CONFIG})
    repository({"knowledge/a.md": note("A", "a"), "knowledge/b.md": note("B", "b")})
    assert devinops("apply", "-C", root, "--yes").code == 0
    repository({"knowledge/a.md": note("A", "new")})
    with monkeypatch.context() as killed:
        # The write arrives, and then nothing is recorded, as after SIGKILL.
        killed.setattr(JournaledStore, "settle", lambda *_: None)
        killed.setattr(JournaledStore, "finish", lambda self, run, *_: dies(self, run))
        devinops("apply", "-C", root, "--yes")
    assert "new" in [n["body"] for n in emulator.knowledge()]
    emulator.edit("knowledge", names(emulator)["B"], body="edited in the web app")
    ran = devinops("drift", "-C", root)
    assert (ran.code, ran.out) == (5, "")
    assert "a run died before it recorded what it wrote to knowledge:A: run devinops app" in ran.err
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert [d["key"] for d in document(devinops, "drift", "-C", root)["drift"]] == ["knowledge:B"]


def test_drift_after_a_run_that_died_leads_to_an_apply_that_is_not_refused(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository({"devinops.yaml": f"{CONFIG}    on_drift: fail\n"})
    repository({"knowledge/a.md": note("A", "a"), "knowledge/b.md": note("B", "b")})
    assert devinops("apply", "-C", root, "--yes").code == 0
    repository({"knowledge/a.md": note("A", "new")})
    with monkeypatch.context() as killed:
        killed.setattr(JournaledStore, "settle", lambda *_: None)
        killed.setattr(JournaledStore, "finish", lambda self, run, *_: dies(self, run))
        devinops("apply", "-C", root, "--yes")
    emulator.edit("knowledge", names(emulator)["B"], body="edited in the web app")
    message = devinops("drift", "-C", root).err
    assert devinops("apply", "-C", root, "--yes").code == 4
    (first,) = re.findall(
        r"if on_drift: fail refuses that apply, run devinops (.*) before", message
    )
    (second,) = re.findall(r"run devinops (apply .*), which finishes", message)
    devinops(*shlex.split(first))
    assert devinops(*shlex.split(second), "--yes").code == 0
    assert devinops("drift", "-C", root).code == 0


def test_a_plan_in_ci_says_that_a_new_file_is_lost_with_the_job(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge/a.md": note("A", "a")})

    def warns(*argv: str) -> bool:
        words = (
            "this is CI, and the checkout has no .devinops/production.jsonl: unless the job commits"
        )
        return words in " ".join(devinops(*argv, "-C", root).out.split())

    assert not warns("plan")
    monkeypatch.setenv("CI", "true")
    assert warns("apply", "--yes")
    assert not warns("plan")
    (root / ".devinops" / "production.jsonl").unlink()
    repository({"knowledge/a.md": note("B", "a")})
    assert warns("apply", "--yes")
    assert sorted(names(emulator)) == ["A", "B"], "what the note warns of"
