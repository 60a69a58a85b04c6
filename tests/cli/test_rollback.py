"""Rolling back over real HTTP: the way there and back, and every refusal on it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.documents import fits, of_one, read_one
from tests.testing.inventories import own

SEED = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "Backend", "id": "folder-1"}],
            "knowledge": [
                {
                    "id": "note-1",
                    "name": "Edited",
                    "folder": "Backend",
                    "trigger": "t",
                    "body": "old\ntext",
                    "pinned_repo": "all",
                },
                {"id": "note-2", "name": "Old name", "trigger": "t", "body": "b"},
                {"id": "note-3", "name": "Gone", "trigger": "t", "body": "b", "is_enabled": False},
            ],
            "playbooks": [
                {
                    "id": "playbook-1",
                    "title": "Triage",
                    "body": "old",
                    "structured_output_schema": {"type": "object"},
                }
            ],
            "secrets": [{"id": "secret-1", "key": "TOKEN", "type": "key-value"}],
        }
    }
}


FILES = {
    "knowledge/Backend/a.md": "---\nname: Edited\ntrigger: t\n---\nnew\ntext\n",
    "knowledge.yaml": "knowledge:\n  - {name: New name, previously: [{name: Old name}], trigger: t, body: b}\n"
    "  - {name: Gone, ensure: absent}\n  - {name: Created, trigger: t, body: b}\n",
    "playbooks/a.md": "---\ntitle: Triage\n---\nnew\n",
    "secrets.yaml": "secrets:\n  - {key: TOKEN, ensure: absent}\n",
}

DELETES = ("--allow", "delete=2")


@pytest.fixture
def applied(
    use: Callable[..., None], repository: Write, devinops: Devinops
) -> Iterator[tuple[Emulator, Path]]:
    """An organization after a run that edits, renames, deletes and creates."""
    with Emulator(SEED) as running:
        use(running.url)
        root = repository(FILES)
        own(root, running)
        # one after the other, or the lines of the backup would stand in any order
        assert devinops("apply", "-C", root, "--yes", *DELETES, "--parallelism", "1").code == 0
        yield running, root


def state(emulator: Emulator) -> dict[str, Any]:
    notes = {
        n["name"]: {
            k: n[k] for k in ("trigger", "body", "folder_path", "pinned_repo", "is_enabled")
        }
        for n in emulator.knowledge()
    }
    return notes | {
        p["title"]: (p["body"], p["structured_output_schema"]) for p in emulator.playbooks()
    }


@pytest.mark.parametrize("key", ["cog_emulator", "apk_emulator"])
def test_everything_but_the_secret_comes_back(
    key: str, use: Callable[..., None], repository: Write, devinops: Devinops
) -> None:
    with Emulator(SEED) as emulator:
        use(emulator.url, key)
        root = repository(FILES)
        own(root, emulator, key=key)
        before = state(emulator)
        assert devinops("apply", "-C", root, "--yes", *DELETES).code == 0
        after = state(emulator)
        (first,) = (root / ".devinops/backups").glob("*.jsonl")
        ran = devinops("rollback", "latest", "-C", root, "--yes")
        assert ran.code == 4, ran
        created = after.pop("Created")
        now = state(emulator)
        assert now.pop("Created") == created
        if key == "apk_emulator":
            for notes in (now, before):
                notes["Gone"].pop("is_enabled")  # v1 does not know it
        assert now == before
        assert "secret:TOKEN" in ran.out
        assert "created again with a new id: " in ran.out
        ids = {note["name"]: note["note_id"] for note in emulator.knowledge()}
        assert ids["Edited"].endswith("1")
        # the run after finds nothing left to do
        again = devinops("rollback", first.stem, "-C", root, "--yes")
        assert "nothing to change" in again.out


def test_a_rollback_can_be_rolled_back(applied: tuple[Emulator, Path], devinops: Devinops) -> None:
    emulator, root = applied
    after = state(emulator)
    devinops("rollback", "latest", "-C", root, "--yes")
    assert state(emulator) != after
    assert devinops("rollback", "latest", "-C", root, "--yes").code == 0
    now = state(emulator)
    now.pop("Gone")  # created by the rollback, and a rollback deletes nothing
    assert now == after


def test_the_only_target_of_the_settings_is_not_repeated_in_the_hint(
    use: Callable[..., None], repository: Write, devinops: Devinops
) -> None:
    with Emulator(SEED) as running:
        use(running.url)
        root = repository({**FILES, "devinops.yaml": "version: 1\ntargets: {main: {}}\n"})
        own(root, running, "main")
        for command in (["apply", *DELETES], ["rollback", "latest"]):
            ran = devinops(*command, "-C", root, "--yes")
            assert "to restore: devinops rollback " in ran.out
            assert " -t " not in ran.out


def test_the_plan_in_text(
    applied: tuple[Emulator, Path],
    devinops: Devinops,
    golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    emulator, root = applied
    monkeypatch.chdir(root)
    ran = devinops("rollback", "latest", "--yes")
    runs = [path.stem for path in (root / ".devinops/backups").glob("*.jsonl")]
    text = ran.out.replace(emulator.url, "http://127.0.0.1:8484")
    for run in sorted(runs):
        text = text.replace(run, "RUN")
    ids = {note["name"]: note["note_id"] for note in emulator.knowledge()}
    golden("rollback.txt", text.replace(ids["Gone"], "note-ID"))


def test_in_json_it_is_a_plan_document(applied: tuple[Emulator, Path], devinops: Devinops) -> None:
    _, root = applied
    ran = devinops("rollback", "latest", "-C", root, "--yes", "--format", "json")
    document = of_one(fits("run", ran.out))
    assert (root / document["backup"]).is_file()


def test_expect_rolls_back_what_was_seen_or_nothing(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    emulator.clear_requests()
    stale = devinops("rollback", "latest", "-C", root, "--expect", "0" * 32)
    assert (stale.code, {r["method"] for r in emulator.requests}) == (5, {"GET"})
    digest = next(line.split()[1] for line in stale.out.splitlines() if line.startswith("digest"))
    assert devinops("rollback", "latest", "-C", root, "--expect", digest).code == 4


@pytest.mark.sampled(2)
@pytest.mark.parametrize("others", [False, True], ids=["alone", "with a note"])
@pytest.mark.parametrize("key", ["cog_emulator", "apk_emulator"])
def test_a_rotation_promises_no_way_back(
    use: Callable[..., None],
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    others: bool,
) -> None:
    def entries(version: str, body: str) -> dict[str, str]:
        secret = f"secrets: [{{key: TOKEN, type: key-value, value_from: {{env: TOKEN}}, version: '{version}'}}]\n"
        return {
            "secrets.yaml": secret,
            "knowledge/a.md": f"---\nname: A\ntrigger: t\n---\n{body}\n",
        }

    with Emulator() as emulator:
        use(emulator.url, key)
        monkeypatch.setenv("TOKEN", "a-value-of-the-token")
        settings = "version: 1\ntargets: {a: {inventory: {store: file}}}\n"
        root = repository({"devinops.yaml": settings} | entries("1", "old"))
        monkeypatch.chdir(root)
        first = devinops("apply", "-C", root, "--yes", "--format", "json")
        assert (first.code, read_one(first.out)["unsaved"]) == (0, [])
        repository(entries("2", "new" if others else "old"))
        report = root.parent / "report.json"
        ran = devinops("apply", "-C", root, "--yes", "--report", f"json={report}")
        assert ran.code == 0
        document = of_one(fits("run", report.read_text()))
        assert document["unsaved"] == ["secret:TOKEN"]
        rows = ran.out.splitlines()
        number = next(n for n, row in enumerate(rows) if row.startswith("Backup: "))
        run = Path(rows[number]).stem
        way = f"to restore: devinops rollback {run}, which" if others else "devinops rollback"
        assert rows[number + 1] == (
            f"  {way} cannot restore the value of a secret, which no backup can hold: secret:TOKEN"
        )
        back = devinops("rollback", run, "-C", root, "--yes", "--report", f"json={report}")
        assert back.code == 0
        assert "\nsecret:TOKEN was deleted and created again since then" in back.out
        document = read_one(report.read_text())
        # Besides the note about the secret, one asks to revert the commit if anything is restored.
        assert (len(document["notes"]), document["unchanged"], len(document["changes"])) == (
            1 + int(others),
            0,
            int(others),
        )


def test_without_a_name_the_backups_are_listed_without_a_key(
    applied: tuple[Emulator, Path], devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, root = applied
    monkeypatch.delenv("DEVIN_API_KEY")
    (path,) = (root / ".devinops/backups").glob("*.jsonl")
    (root / ".devinops/backups" / path.name.replace("-", "-0")).write_text("broken\n")
    ran = devinops("rollback", "-C", root)
    first, second = ran.out.splitlines()
    assert ran.code == 0
    assert "  default  5 objects  .devinops/backups/" in first + second
    assert "unreadable: " in first + second
    rows = json.loads(devinops("rollback", "-C", root, "--format", "json").out)["backups"]
    assert sorted(row.get("objects", 0) for row in rows) == [0, 5]


def test_the_backups_of_a_target_are_listed_also_under_its_old_name(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    _, root = applied
    targets = "{pay: {org_id: org-emulator, previously: [default]}, web: {org_id: org-web}}"
    (root / "devinops.yaml").write_text(f"version: 1\ntargets: {targets}\n")

    def rows(*target: str) -> list[str]:
        document = devinops("rollback", "-C", root, *target, "--format", "json").out
        return [row["target"] for row in json.loads(document)["backups"]]

    assert rows() == rows("-t", "pay") == rows("-t", "all") == ["default"]
    assert rows("-t", "web") == []
    assert devinops("rollback", "-C", root, "-t", "web").out.startswith("no backups of web: ")
    ran = devinops("rollback", "-C", root, "-t", "wep")
    assert (ran.code, 'did you mean "web"?' in ran.err) == (64, True)


def test_no_backups_are_no_error(tmp_path: Path, devinops: Devinops) -> None:
    ran = devinops("rollback", "-C", tmp_path)
    assert (ran.code, ran.out.startswith("no backups")) == (0, True)


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("org_id", "org-other"),
        ("api_url", "https://api.devin.ai"),
        ("api", "v1"),
    ],
)
def test_a_backup_of_another_target_is_refused(
    applied: tuple[Emulator, Path], devinops: Devinops, fact: str, value: str
) -> None:
    emulator, root = applied
    (path,) = (root / ".devinops/backups").glob("*.jsonl")
    header, rest = path.read_text().split("\n", 1)
    path.write_text(json.dumps(json.loads(header) | {fact: value}) + "\n" + rest)
    emulator.clear_requests()
    ran = devinops("rollback", path, "-C", root, "--yes")
    assert ran.code == 1
    assert value.removeprefix("https://") in ran.err
    assert {r["method"] for r in emulator.requests} <= {"GET"}


@pytest.mark.parametrize("key", ["cog_emulator", "apk_emulator"])
def test_a_backup_of_a_renamed_target_is_one_of_its_organization_if_that_is_known(
    key: str, use: Callable[..., None], repository: Write, devinops: Devinops
) -> None:
    names = "version: 1\ntargets: {%s: {}, other: {api_version: v1}}\n"
    with Emulator(SEED) as emulator:
        use(emulator.url, key)
        root = repository(FILES | {"devinops.yaml": names % "old"})
        own(root, emulator, "old", key)
        assert devinops("apply", "-C", root, "-t", "old", "--yes", *DELETES).code == 0
        (path,) = (root / ".devinops/backups").glob("*.jsonl")
        repository({"devinops.yaml": names % "new"})
        latest = devinops("rollback", "latest", "-C", root, "-t", "new", "--yes")
        assert (
            f"if old was renamed to new, run devinops rollback -C {os.path.relpath(root)} -t new {path.stem}\n"
            in latest.err
        )
        unsaid = devinops("rollback", path.stem, "-C", root, "--yes")
        assert (unsaid.code, "choose one with --target" in unsaid.err) == (64, True)
        ran = devinops("rollback", path.stem, "-C", root, "-t", "new", "--yes")
        if key == "cog_emulator":
            assert ran.code == 4, ran
            assert "4 done, 1 blocked" in ran.out
        else:
            assert ran.code == 1
            assert "if the target was renamed, name it old in devinops.yaml" in ran.err


def test_a_backup_names_its_target(
    use: Callable[..., None], repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = "version: 1\ntargets: {one: {}, two: {}}\n"
    with Emulator(SEED) as emulator:
        use(emulator.url)
        root = repository(FILES | {"devinops.yaml": targets})
        own(root, emulator, "one")
        monkeypatch.chdir(root.parent)
        ran = devinops("apply", "-C", root, "-t", "one", "--yes", *DELETES)
        (path,) = (root / ".devinops/backups").glob("*.jsonl")
        assert f"to restore: devinops rollback -C {root.name} -t one {path.stem}" in ran.out
        assert "4 done" in devinops("rollback", path.stem, "-C", root, "--yes").out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("latest", "no backup of the target"),
        ("20260312T101500Z-00000f", "; devinops rollback {} lists the backups"),
        ("nope.jsonl", "cannot read"),
    ],
)
def test_a_backup_that_is_not_there_is_one_line(
    repository: Write,
    use: Callable[..., None],
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    words: str,
) -> None:
    use("http://127.0.0.1:1")
    root = repository({})
    monkeypatch.chdir(root.parent)
    ran = devinops("rollback", name, "-C", root.name, "--yes")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert words.format(f"-C {root.name}") in ran.err


@pytest.mark.parametrize("way", [[], ["--dry-run"]], ids=["no terminal", "dry run"])
def test_without_an_approval_the_plan_is_shown_and_nothing_is_written(
    applied: tuple[Emulator, Path], devinops: Devinops, way: list[str]
) -> None:
    emulator, root = applied
    before = sorted(path.name for path in root.rglob("*"))
    emulator.clear_requests()
    ran = devinops("rollback", "latest", "-C", root, *way)
    assert {request["method"] for request in emulator.requests} == {"GET"}
    assert sorted(path.name for path in root.rglob("*")) == before
    digest = next(line.split()[1] for line in ran.out.splitlines() if line.startswith("digest"))
    if way:
        assert (ran.code, ran.err) == (4, "")
    else:
        assert (ran.code, ran.err.count("\n")) == (64, 1)
        assert f"then pass --expect {digest}, or --yes" in ran.err
    # what was shown can be carried out
    assert devinops("rollback", "latest", "-C", root, "--expect", digest).code == 4


@pytest.mark.parametrize(("way", "code"), [([], 64), (["--dry-run"], 4)], ids=str)
def test_a_plan_that_is_only_shown_is_a_document(
    applied: tuple[Emulator, Path], devinops: Devinops, way: list[str], code: int
) -> None:
    _, root = applied
    ran = devinops("rollback", "latest", "-C", root, "--format", "json", *way)
    document = fits("run", ran.out)
    assert (ran.code, document["exit_code"]) == (code, code)
    assert "left" not in document
    assert ("error" in document) is (not way)


def test_with_nothing_to_restore_there_is_nothing_to_approve(
    use: Callable[..., None], repository: Write, devinops: Devinops
) -> None:
    with Emulator() as emulator:
        use(emulator.url)
        root = repository({"knowledge/a.md": "---\nname: A\ntrigger: t\n---\none\n"})
        assert devinops("apply", "-C", root, "--yes").code == 0
        repository({"knowledge/a.md": "---\nname: A\ntrigger: t\n---\ntwo\n"})
        assert devinops("apply", "-C", root, "--yes").code == 0
        repository({"knowledge/a.md": "---\nname: A\ntrigger: t\n---\none\n"})
        assert devinops("apply", "-C", root, "--yes").code == 0
        (first, _) = sorted((root / ".devinops/backups").glob("*.jsonl"), key=_body)
        for way in ([], ["--dry-run"], ["--yes"]):
            ran = devinops("rollback", first, "-C", root, *way)
            assert (ran.code, "nothing to change" in ran.out) == (0, True), ran


def _body(path: Path) -> str:
    return str(json.loads(path.read_text().splitlines()[1])["fields"]["body"])


@pytest.mark.parametrize("approval", [["--yes"], ["--expect", "0" * 32]], ids=str)
def test_a_dry_run_cannot_be_approved(
    applied: tuple[Emulator, Path], devinops: Devinops, approval: list[str]
) -> None:
    emulator, root = applied
    emulator.clear_requests()
    ran = devinops("rollback", "latest", "-C", root, "--dry-run", *approval)
    assert (ran.code, ran.out, emulator.requests) == (64, "", [])
    assert "leave out --yes and --expect" in ran.err


@pytest.mark.parametrize("way", [[], ["--yes"], ["--dry-run"], ["--dry-run", "--yes"]], ids=str)
@pytest.mark.parametrize("name", ["latest", "20260312T101500Z-00000f", "nope.jsonl"])
def test_a_backup_that_is_missing_is_reported_before_anything_else(
    repository: Write, devinops: Devinops, name: str, way: list[str]
) -> None:
    ran = devinops("rollback", name, "-C", repository({}), *way)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "backup" in ran.err
    assert "DEVIN_API_KEY" not in ran.err


def test_a_torn_last_line_is_reported_and_left_out(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    _, root = applied
    (path,) = (root / ".devinops/backups").glob("*.jsonl")
    path.write_text(path.read_text() + '{"kind": "knowl')
    ran = devinops("rollback", "latest", "-C", root, "--yes")
    assert ran.code == 4
    assert "last line of the backup is incomplete" in ran.out


def test_a_plan_names_what_it_does_not_restore_because_its_kind_was_dropped(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    _, root = applied
    (path,) = (root / ".devinops/backups").glob("*.jsonl")
    saved = {**json.loads(path.read_text().splitlines()[1]), "kind": "schedule"}
    path.write_text(f"{path.read_text()}{json.dumps({**saved, 'key': 'schedule:Nightly'})}\n")
    ran = devinops("rollback", "latest", "-C", root, "--yes")
    assert ran.code == 4
    assert 'not restored: "schedule:Nightly" is of a kind that was dropped' in ran.out


def test_with_an_inventory_a_rollback_is_an_outside_edit_until_the_files_follow(
    use: Callable[..., None], repository: Write, devinops: Devinops
) -> None:
    note = "---\nname: A\ntrigger: t\n---\n{}\n"
    config = "version: 1\ntargets: {default: {inventory: {store: file}}}\n"
    with Emulator() as emulator:
        use(emulator.url)
        root = repository({"knowledge/a.md": note.format("one"), "devinops.yaml": config})
        assert devinops("apply", "-C", root, "--yes").code == 0
        repository({"knowledge/a.md": note.format("two")})
        assert devinops("apply", "-C", root, "--yes").code == 0
        rolled = devinops("rollback", "latest", "-C", root, "--yes")
        assert rolled.code == 0, rolled
        assert [n["body"] for n in emulator.knowledge()] == ["one"]
        plan = devinops("plan", "-C", root)
        assert "1 changed outside devinops" in plan.out
        repository({"knowledge/a.md": note.format("one")})
        settled = devinops("apply", "-C", root, "--yes")
        assert settled.code == 0, settled
        assert "outside" not in devinops("plan", "-C", root, "--detailed-exitcode").out


KEPT = (
    "devinops keeps what this restores, and shows it as changed outside devinops, or as unmanaged"
)
OWNED = "inventory: {store: file}, prune: owned"


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("settings", "note", "plan"),
    [
        ("inventory: {store: none}", "can overwrite or delete what this restores", "1 to update"),
        (f"{OWNED}", KEPT, "1 changed outside devinops (kept), 1 unmanaged"),
        (f"{OWNED}, on_drift: overwrite", "can overwrite or delete", "1 to update; 1 unmanaged"),
        (
            'inventory: {store: file}, prune: scope, scope: ["/"]',
            "can overwrite or delete what this restores",
            "1 to delete; 1 changed outside devinops (kept)",
        ),
    ],
)
def test_what_happens_to_the_restored_until_the_files_follow_is_reported(
    use: Callable[..., None],
    repository: Write,
    devinops: Devinops,
    settings: str,
    note: str,
    plan: str,
) -> None:
    text = "---\nname: {}\ntrigger: t\n---\n{}\n"
    config = f"version: 1\ntargets: {{default: {{{settings}}}}}\n"
    with Emulator() as emulator:
        use(emulator.url)
        files = {f"knowledge/{name}.md": text.format(name, name) for name in ("Kept", "Gone")}
        root = repository({"devinops.yaml": config} | files)
        assert devinops("apply", "-C", root, "--yes").code == 0
        repository({"knowledge/Kept.md": text.format("Kept", "new")})
        if "none" in settings:
            tombstone = "knowledge: [{name: Gone, ensure: absent}]\n"
            repository({"knowledge.yaml": tombstone})
        (root / "knowledge/Gone.md").unlink()
        assert devinops("apply", "-C", root, "--yes").code == 0
        rolled = devinops("rollback", "latest", "-C", root, "--yes")
        assert rolled.code == 0, rolled
        assert "revert the commit as well: until the files follow, " in rolled.out
        assert note in rolled.out
        assert plan in devinops("plan", "-C", root).out
