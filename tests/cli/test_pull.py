"""`devinops pull`: what it writes, what it leaves out, and what it says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from devinops.emulator import Emulator
from devinops.ingest import unmanaged
from devinops.model.objects import Declaration, Problem
from devinops.schema.all_schemas import schemas
from tests.testing.command_line import Devinops
from tests.testing.inventories import git
from tests.testing.tree import plant, snapshot

CONFIG = "version: 1\ntargets: {production: {inventory: {store: file}}}\n"
SEED: Any = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "Backend"}],
            "knowledge": [
                {"id": "note-1", "name": "A", "trigger": "t", "body": "b", "folder": "Backend"},
                {"id": "note-2", "name": "Twin", "trigger": "t", "body": "1"},
                {"id": "note-3", "name": "Twin", "trigger": "t", "body": "2"},
                {"id": "note-4", "name": "Odd", "trigger": "t", "body": "a\u202eb"},
                {"id": "note-5", "name": "Bell", "trigger": "t", "body": "a\x07b"},
            ],
            "playbooks": [{"id": "playbook-1", "title": "P", "body": "b"}],
            "secrets": [
                {"key": "TOKEN", "type": "key-value", "note": ""},
                {"key": "MINE", "type": "totp", "access_type": "personal"},
            ],
            "automations": [
                {
                    "name": "Nightly",
                    "triggers": [
                        {
                            "event_type": "schedule:recurring",
                            "conditions": {
                                "any": [
                                    {
                                        "all": [
                                            {
                                                "field": "rrule",
                                                "operator": "recurrence",
                                                "value": "FREQ=DAILY;BYHOUR=3;BYMINUTE=0",
                                            }
                                        ]
                                    }
                                ]
                            },
                        }
                    ],
                    "actions": [{"type": "start_session", "prompt": "@playbook:playbook-1 now"}],
                }
            ],
            "tags": ["nightly"],
        }
    },
    "enterprise": {"knowledge": [{"name": "Everyone", "trigger": "t", "body": "b"}]},
    "keys": {
        "cog_notes": {
            "org": "org-emulator",
            "permissions": ["ManageOrgKnowledge", "ManageKnowledge"],
        }
    },
}


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(SEED) as running:
        use(running.url)
        yield running


def names(root: Path) -> list[str]:
    files = (p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
    return sorted(path for path in files if not path.startswith(".devinops/"))


def test_an_empty_directory_is_set_up_and_filled(
    emulator: Emulator, tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = devinops("pull")
    assert ran.code == 4, "something was left out"
    assert names(tmp_path) == [
        ".github/workflows/devinops.yml",
        ".pre-commit-config.yaml",
        "automations.yaml",
        "devinops.yaml",
        "folders.yaml",
        "knowledge/Backend/a.md",
        "playbooks/p.md",
        "secrets.yaml",
    ]
    assert (
        tmp_path / "secrets.yaml"
    ).read_text() == "secrets:\n  - key: TOKEN\n    type: key-value\n"
    rows = ran.out.splitlines()
    assert "  git init && git add . && git commit -m 'Pull the organization'" in rows
    assert rows[rows.index("Next:") + 2 :][:2] == ["  devinops plan", "  devinops apply"]
    assert "The inventory will be in .devinops/, because the repository has no remote" in ran.out
    assert "inventory: {store: file}" in (tmp_path / "devinops.yaml").read_text()
    assert " left to you · production (organization org-emulator)" in ran.out
    assert all(request["method"] == "GET" for request in emulator.requests)
    plan = json.loads(devinops("plan", "--format", "json").out)
    assert ({change["action"] for change in plan["changes"]}, plan["blocked"]) == ({"adopt"}, [])
    assert plan["notes"][0]["text"] == "nothing is owned yet: 3 equal, 0 differ"
    assert "Everyone" not in ran.out
    assert "MINE" not in ran.out


@pytest.mark.sampled(3, ci=3)
@pytest.mark.parametrize("place", ["not there", "there"])
@pytest.mark.parametrize("number", range(8))
def test_a_first_pull_that_was_interrupted_is_completed_by_the_next(
    emulator: Emulator,
    tmp_path: Path,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    place: str,
) -> None:
    whole, root = tmp_path / "whole", tmp_path / "root"
    whole.mkdir()
    root.mkdir()
    devinops("pull", "--root", whole)
    replace, placed = Path.replace, list[Path]()

    def interrupted(self: Path, target: Path) -> Path:
        if target.name == ".gitignore":
            return replace(self, target)
        if len(placed) == number and place == "not there":
            raise KeyboardInterrupt
        placed.append(replace(self, target))
        if len(placed) > number:
            raise KeyboardInterrupt
        return placed[-1]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        assert devinops("pull", "--root", root).code == 130
    devinops("pull", "--root", root)
    assert snapshot(root) == snapshot(whole)
    assert names(root) == names(whole)


@pytest.mark.parametrize("target", ["default", "production"])
def test_the_next_commands_of_a_first_pull_are_about_the_target_that_it_writes(
    emulator: Emulator,
    tmp_path: Path,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = devinops("pull", "--target", target)
    assert ran.code == 4, ran
    assert "  devinops plan" in ran.out.splitlines()
    assert devinops("plan").code == 0


def test_the_first_command_also_adds_the_files_above_the_root(
    emulator: Emulator, tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "teams" / "my api").mkdir(parents=True)
    rows = devinops("pull", "-C", "teams/my api").out.splitlines()
    command = rows[rows.index("Next:") + 1].strip()
    subprocess.run(command.partition(" && ")[0], shell=True, cwd=tmp_path, check=True)
    added = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert added.stdout == ""


def test_an_automation_is_pulled_without_what_is_empty_but_with_what_is_to_be_managed(
    emulator: Emulator, tmp_path: Path, devinops: Devinops
) -> None:
    plant(tmp_path, {"devinops.yaml": CONFIG})
    assert devinops("pull", "-C", tmp_path, "--only", "automation").code == 0
    text = (tmp_path / "automations.yaml").read_text()
    assert ("enabled: true" in text, "metadata" in text, "null" in text) == (True, False, False)
    assert devinops("apply", "-C", tmp_path, "--yes").code == 0
    assert {request["method"] for request in emulator.requests} == {"GET"}
    assert devinops("plan", "-C", tmp_path, "--detailed-exitcode").code == 0


def test_what_is_left_out_is_listed_with_ids_and_what_to_do(
    emulator: Emulator, tmp_path: Path, devinops: Devinops
) -> None:
    ran = devinops("pull", "-C", tmp_path, "--check", "--format", "json")
    document = json.loads(ran.out)
    jsonschema.validate(document, schemas()["pull"])
    assert [(item["key"], item["why"], item["ids"]) for item in document["left"]] == [
        ("knowledge:Bell", "unwritable", ["note-5"]),
        ("knowledge:Odd", "suspicious", ["note-4"]),
        ("knowledge:Twin", "namesakes", ["note-2", "note-3"]),
    ]
    reasons = [item["reason"] for item in document["left"]]
    assert "U+0007" in reasons[0]
    assert reasons[1].startswith("it contains body: hidden text (U+202E)")
    assert "rename or delete all but one in the web app" in reasons[2]
    assert (document["check"], names(tmp_path)) == (True, [])
    assert document["targets"][0]["name"] == "production", (
        "as in the devinops.yaml that it would write"
    )
    assert "devinops.yaml" in document["set_up"]


def test_what_the_plan_would_not_adopt_is_left_and_the_rest_is_written(
    emulator: Emulator, tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    def problems(entries: Iterable[Declaration], *_: object) -> Iterator[Problem]:
        refused = (entry for entry in entries if entry.key.name in ("A", "Backend"))
        yield from (Problem(entry.source, "code", "the API cannot do it") for entry in refused)

    monkeypatch.setattr(unmanaged, "api_problems", problems)
    (tmp_path / "devinops.yaml").write_text("version: 1\n")
    ran = devinops("pull", "-C", tmp_path, "--format", "json")
    left = [
        (item["key"], item["reason"])
        for item in json.loads(ran.out)["left"]
        if item["why"] == "blocked"
    ]
    assert left == [
        (key, "the API cannot do it") for key in ("folder:Backend", "knowledge:Backend/A")
    ]
    assert names(tmp_path) == [
        "automations.yaml",
        "devinops.yaml",
        "playbooks/p.md",
        "secrets.yaml",
    ]


def test_check_writes_nothing_and_exits_with_2(
    emulator: Emulator, tmp_path: Path, devinops: Devinops
) -> None:
    only = ("-C", tmp_path, "--only", "playbook")
    ran = devinops("pull", "--check", *only)
    assert (ran.code, names(tmp_path)) == (2, [])
    assert ran.out.splitlines()[:4] == [
        "would write devinops.yaml",
        "would write .pre-commit-config.yaml",
        "would write .github/workflows/devinops.yml",
        "would write playbooks/p.md",
    ]
    assert "Next:" not in ran.out
    assert devinops("pull", "--check", *only, "--format", "outputs").out.startswith("exit_code=2\n")
    assert devinops("pull", *only).code == 0
    assert devinops("pull", "--check", *only).code == 0


def test_keys_and_only_narrow(emulator: Emulator, tmp_path: Path, devinops: Devinops) -> None:
    (tmp_path / "devinops.yaml").write_text("version: 1\n")
    assert devinops("pull", "-C", tmp_path, "knowledge:Backend/A").code == 0
    assert names(tmp_path) == ["devinops.yaml", "knowledge/Backend/a.md"]
    assert devinops("pull", "-C", tmp_path, "--only", "secret").code == 0
    assert names(tmp_path) == ["devinops.yaml", "knowledge/Backend/a.md", "secrets.yaml"]
    ran = devinops("pull", "-C", tmp_path, "knowledge:Nothing")
    assert (ran.code, "nothing has the key knowledge:Nothing" in ran.err) == (64, True)
    assert devinops("pull", "-C", tmp_path, "--only", "knowledge:Nothing").code == 64


def test_exclude_narrows_what_is_pulled_and_listed(
    emulator: Emulator, tmp_path: Path, devinops: Devinops
) -> None:
    (tmp_path / "devinops.yaml").write_text("version: 1\n")
    for typo in ("knowledge:Nothing", "knowlege"):
        ran = devinops("pull", "-C", tmp_path, "--exclude", typo)
        assert (ran.code, "--exclude" in ran.err, names(tmp_path)) == (64, True, ["devinops.yaml"])
    emulator.clear_requests()
    ran = devinops("pull", "-C", tmp_path, "--only", "secret", "--exclude", "secret")
    assert (ran.code, names(tmp_path)) == (0, ["devinops.yaml"]), ran
    notes, kinds = ("--exclude", "knowledge:[BOT]*"), ("--exclude", "playbook", "--exclude")
    ran = devinops("pull", "-C", tmp_path, *notes, *kinds, "automation")
    assert (ran.code, names(tmp_path)) == (0, ["devinops.yaml", "folders.yaml", "secrets.yaml"])
    listed = {request["path"].partition("?")[0].rpartition("/")[2] for request in emulator.requests}
    assert ("secrets" in listed, listed & {"playbooks", "automations"}) == (True, set())
    pulled = devinops("pull", "-C", tmp_path, "knowledge:Backend/A", "--exclude", "playbook")
    assert (pulled.code, "knowledge/Backend/a.md" in names(tmp_path)) == (0, True), pulled


def test_notes_are_not_read_without_their_folders(
    tmp_path: Path, devinops: Devinops, use: Callable[..., None]
) -> None:
    faults = [{"path": "/v3/**/folders", "fault": "status", "status": 403}]
    with Emulator(SEED, faults=faults) as emulator:
        use(emulator.url)
        ran = devinops("pull", "-C", tmp_path, "--format", "json")
    document = json.loads(ran.out)
    assert {item["kind"] for item in document["targets"][0]["not_read"]} == {"folder", "knowledge"}
    assert (ran.code, "playbooks/p.md" in names(tmp_path)) == (4, True)


def test_a_kind_that_the_key_may_not_read_is_reported(
    emulator: Emulator, tmp_path: Path, devinops: Devinops, use: Callable[..., None]
) -> None:
    use(emulator.url, "cog_notes")
    (tmp_path / "devinops.yaml").write_text("version: 1\n")
    ran = devinops("pull", "-C", tmp_path, "--format", "json")
    document = json.loads(ran.out)
    assert {item["kind"] for item in document["targets"][0]["not_read"]} >= {"playbook", "secret"}
    assert all("403" in item["reason"] for item in document["targets"][0]["not_read"])
    assert "knowledge/Backend/a.md" in names(tmp_path), document
    for options in ([], ["--check"]):
        ran = devinops("pull", "-C", tmp_path, "knowledge:Backend/A", "secret:TOKEN", *options)
        assert ran.code == 64, "TOKEN cannot be read"
        ran = devinops("pull", "-C", tmp_path, "--only", "playbook", *options)
        assert ran.code == 4
        assert ran.out.splitlines()[-1].startswith("nothing to write; 1 kind not read · ")


def test_drift_needs_no_permission_for_kinds_that_are_neither_declared_nor_owned(
    emulator: Emulator, tmp_path: Path, devinops: Devinops, use: Callable[..., None]
) -> None:
    (tmp_path / "devinops.yaml").write_text(
        "version: 1\ntargets: {production: {inventory: {store: file}}}\n"
    )
    use(emulator.url, "cog_notes")
    assert devinops("pull", "-C", tmp_path, "knowledge:Backend/A").code == 0
    assert devinops("apply", "-C", tmp_path, "--yes").code == 0
    ran = devinops("pull", "-C", tmp_path, "--drift", "--format", "json")
    assert (ran.code, json.loads(ran.out)["targets"][0]["not_read"]) == (0, [])
    ran = devinops("pull", "-C", tmp_path, "--drift", "--unmanaged", "--format", "json")
    assert (ran.code, json.loads(ran.out)["targets"][0]["not_read"] != []) == (4, True)


@pytest.mark.parametrize("options", [[], ["--check"]])
@pytest.mark.parametrize("name", ["Twin", "Odd", "Bell"])
def test_whatever_is_left_to_you_is_exit_code_4(
    emulator: Emulator, tmp_path: Path, devinops: Devinops, name: str, options: list[str]
) -> None:
    (tmp_path / "devinops.yaml").write_text("version: 1\n")
    ran = devinops("pull", "-C", tmp_path, "--only", f"knowledge:{name}", *options)
    assert (ran.code, "; 1 left to you · " in ran.out) == (4, True)


def test_settings_of_the_organization_are_pulled_with_an_enterprise_key(
    emulator: Emulator, tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVIN_ENTERPRISE_KEY", "cog_enterprise")
    (tmp_path / "devinops.yaml").write_text(
        "version: 1\ntargets: {a: {enterprise_key_env: DEVIN_ENTERPRISE_KEY}}\n"
    )
    devinops("pull", "-C", tmp_path)
    assert "nightly" in (tmp_path / "session_tags.yaml").read_text()
    assert "acu_limits.yaml" not in names(tmp_path), "there is no limit"


def test_a_setting_that_is_switched_off_is_not_read_and_the_rest_is_written(
    tmp_path: Path,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DEVIN_ENTERPRISE_KEY", "cog_enterprise")
    (tmp_path / "devinops.yaml").write_text(
        "version: 1\ntargets: {a: {enterprise_key_env: DEVIN_ENTERPRISE_KEY}}\n"
    )
    with Emulator({**SEED, "quirks": {"session_tags": "off"}}) as emulator:
        use(emulator.url)
        pulled = devinops("pull", "-C", tmp_path, "--format", "json")
    (not_read,) = json.loads(pulled.out)["targets"][0]["not_read"]
    assert (pulled.code, not_read["kind"]) == (4, "session_tags")
    assert "Session tags are not enabled" in not_read["reason"]
    assert "playbooks/p.md" in names(tmp_path)


@pytest.mark.parametrize(
    ("lists", "entry", "options"),
    [
        ("playbooks", "playbooks/mine.md", []),
        ("*", "", []),
        ("playbooks", "", ["--only", "playbook"]),
    ],
)
def test_a_list_that_is_missing_stops_a_pull(
    lists: str,
    entry: str,
    options: list[str],
    tmp_path: Path,
    devinops: Devinops,
    use: Callable[..., None],
) -> None:
    """It is the list of a declared kind, or no list shows that the organization is right."""
    if entry:
        plant(tmp_path, {entry: "---\ntitle: Mine\n---\nb\n"})
    faults = [{"path": f"/v3/organizations/*/{lists}", "fault": "status", "status": 404}]
    faults += [{"path": f"/v3/organizations/*/*/{lists}", "fault": "status", "status": 404}]
    with Emulator(SEED, faults=faults) as emulator:
        use(emulator.url)
        ran = devinops("pull", "-C", tmp_path, *options)
    assert (ran.code, names(tmp_path)) == (1, [entry] if entry else [])
    assert "returned 404" in ran.err


def test_a_key_that_may_read_nothing_sets_nothing_up(
    emulator: Emulator,
    tmp_path: Path,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be the key of another organization."""
    use(emulator.url)
    monkeypatch.setenv("DEVIN_ORG_ID", "org-another")
    ran = devinops("pull", "-C", tmp_path)
    assert (ran.code, names(tmp_path)) == (1, [])
    assert "returned 403" in ran.err


def test_a_kind_without_a_list_is_not_read_and_the_rest_is_written(
    tmp_path: Path, devinops: Devinops, use: Callable[..., None]
) -> None:
    faults = [{"path": "/v3/**/automations", "fault": "status", "status": 404}]
    with Emulator(SEED, faults=faults) as emulator:
        use(emulator.url)
        ran = devinops("pull", "-C", tmp_path)
    assert (ran.code, "playbooks/p.md" in names(tmp_path)) == (4, True)
    assert "! automation was not read: " in ran.out
    assert "/automations returned 404" in ran.out


def test_no_file_is_overwritten(emulator: Emulator, tmp_path: Path, devinops: Devinops) -> None:
    page = tmp_path / "knowledge" / "Backend" / "a.md"
    page.parent.mkdir(parents=True)
    page.write_text("---\nname: Mine\ntrigger: t\n---\nb\n")
    (tmp_path / "secrets.yaml").write_text("secrets: [{key: OTHER, type: totp}]\n")
    ran = devinops("pull", "-C", tmp_path)
    assert page.read_text() == "---\nname: Mine\ntrigger: t\n---\nb\n"
    assert "knowledge/Backend/a-2.md" in names(tmp_path)
    assert "the list under secrets is not a block list with an entry" in ran.out


def test_entries_of_one_of_several_targets_are_limited_to_it(
    emulator: Emulator, tmp_path: Path, devinops: Devinops
) -> None:
    (tmp_path / "devinops.yaml").write_text("version: 1\ntargets: {staging: {}, production: {}}\n")
    devinops("pull", "-C", tmp_path, "--target", "staging")
    assert "targets:\n  - staging\n" in (tmp_path / "knowledge/Backend/a.md").read_text()


def test_namesakes_of_a_kind_without_renames_are_deleted_only(
    use: Callable[..., None], tmp_path: Path, devinops: Devinops
) -> None:
    secrets = [{"key": "TWIN", "type": "totp"}, {"key": "TWIN", "type": "totp"}]
    with Emulator({"organizations": {"org-emulator": {"secrets": secrets}}}) as running:
        use(running.url)
        ran = devinops("pull", "-C", tmp_path, "--check", "--format", "json")
    (left,) = json.loads(ran.out)["left"]
    assert (left["key"], left["reason"]) == (
        "secret:TWIN",
        "2 live objects share this key: delete all but one in the web app, and pull again",
    )


def test_namesakes_in_two_targets_get_an_entry_each(
    emulator: Emulator, tmp_path: Path, devinops: Devinops
) -> None:
    (tmp_path / "devinops.yaml").write_text("version: 1\ntargets: {staging: {}, production: {}}\n")
    devinops("pull", "-C", tmp_path, "--target", "staging")
    again = devinops("pull", "-C", tmp_path, "--target", "production", "--format", "json")
    assert "Backend/A" not in {item["key"] for item in json.loads(again.out)["left"]}
    assert "targets:\n  - production\n" in (tmp_path / "knowledge/Backend/a-2.md").read_text()
    assert (tmp_path / "secrets.yaml").read_text().count("key: TOKEN") == 2
    for target in ("staging", "production"):
        ran = devinops("plan", "-C", tmp_path, "-t", target, "--format", "json")
        plan = json.loads(ran.out)
        assert {change["action"] for change in plan["changes"]} == {"adopt"}
        assert (plan["blocked"], plan["problems"]) == ([], [])


def test_a_link_out_of_the_root_is_not_followed(
    emulator: Emulator, tmp_path: Path, devinops: Devinops
) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "knowledge").mkdir(parents=True)
    outside.mkdir()
    (root / "devinops.yaml").write_text("version: 1\n")
    (root / "knowledge" / "Backend").symlink_to(outside)
    ran = devinops("pull", "-C", root)
    assert (ran.code, names(outside)) == (1, [])
    assert "leads outside the root" in ran.err


def test_with_a_remote_the_first_pull_sets_up_an_inventory(
    emulator: Emulator, tmp_path: Path, devinops: Devinops
) -> None:
    remote, root = tmp_path / "remote.git", tmp_path / "root"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    git(tmp_path, "clone", "-q", str(remote), str(root))
    (root / ".pre-commit-config.yaml").write_text("repos: []\n")
    check = devinops("pull", "-C", root, "--only", "playbook", "--check")
    assert "kept  .pre-commit-config.yaml, which already exists" in check.out
    ran = devinops("pull", "-C", root, "--only", "playbook")
    assert ".devinops/" not in check.out + ran.out
    assert "inventory: {store: branch}" in (root / "devinops.yaml").read_text()


@pytest.mark.parametrize("has_branch", [False, True])
def test_the_next_commands_push_first_if_the_remote_is_empty(
    emulator: Emulator,
    tmp_path: Path,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    has_branch: bool,
) -> None:
    remote, clone = tmp_path / "remote.git", tmp_path / "clone"
    subprocess.run(["git", "init", "-q", "--bare", remote], check=True)
    subprocess.run(["git", "init", "-q", clone], check=True)
    subprocess.run(["git", "remote", "add", "origin", remote], cwd=clone, check=True)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "devinops")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "devinops@localhost")
    if has_branch:
        subprocess.run(
            ["git", "commit", "-q", "--allow-empty", "-m", "Start"], cwd=clone, check=True
        )
        subprocess.run(["git", "push", "-q", remote, "HEAD"], cwd=clone, check=True)
    monkeypatch.chdir(clone)
    rows = devinops("pull", "--only", "playbook").out.splitlines()
    *commands, plan, apply = rows[rows.index("Next:") + 1 :][: 3 if has_branch else 4]
    assert (plan, apply) == ("  devinops plan", "  devinops apply")
    assert ("  git push -u origin HEAD" in commands) is not has_branch
    for command in commands:
        subprocess.run(command, shell=True, cwd=clone, check=True, capture_output=True)
    assert devinops("plan").code == 0
    assert devinops("apply", "--yes").code == 0


def test_a_first_pull_that_writes_no_entry_has_no_next_commands(
    tmp_path: Path, devinops: Devinops, use: Callable[..., None]
) -> None:
    key = {"org": "org-emulator", "permissions": ["ManageOrgSecrets"]}
    with Emulator({"keys": {"cog_secrets": key}}) as emulator:
        use(emulator.url, "cog_secrets")
        ran = devinops("pull", "-C", tmp_path)
    assert (ran.code, "nothing to write; " in ran.out) == (4, True)
    assert "Next:" not in ran.out
    assert "Before you commit, check which devinops" in ran.out


def test_a_secret_whose_type_only_a_person_can_choose_is_pulled_without_it(
    tmp_path: Path, devinops: Devinops, use: Callable[..., None]
) -> None:
    secrets = [{"key": "D", "type": "dictionary"}, {"key": "T", "type": "totp"}]
    with Emulator({"organizations": {"org-emulator": {"secrets": secrets}}}) as emulator:
        use(emulator.url, "apk_emulator")
        ran = devinops("pull", "-C", tmp_path)
        plan = json.loads(devinops("plan", "-C", tmp_path, "--format", "json").out)
    assert ran.code == 0, ran
    text = (tmp_path / "secrets.yaml").read_text()
    assert text == "secrets:\n  - key: D\n  - key: T\n    type: totp\n"
    assert (plan["changes"], plan["blocked"], plan["problems"]) == ([], [], [])


@pytest.mark.parametrize(
    ("files", "options", "rows", "more"),
    [
        (20, [], 20, []),
        (21, [], 19, ["… and 2 more files; -v lists all"]),
        (21, ["-v"], 21, []),
    ],
    ids=["twenty", "more", "verbose"],
)
def test_of_many_files_the_first_are_listed(
    use: Callable[..., None],
    tmp_path: Path,
    devinops: Devinops,
    files: int,
    options: list[str],
    rows: int,
    more: list[str],
) -> None:
    notes = [{"name": f"Note {n:02}", "trigger": "t", "body": "b"} for n in range(files)]
    plant(tmp_path, {"devinops.yaml": CONFIG})
    with Emulator({"organizations": {"org-emulator": {"knowledge": notes}}}) as emulator:
        use(emulator.url)
        printed = devinops("pull", "-C", tmp_path, *options).out.splitlines()
    listed = [line for line in printed if line.startswith("wrote knowledge/")]
    assert listed == [f"wrote knowledge/note-{n:02}.md" for n in range(rows)]
    assert [line for line in printed if line.startswith("…")] == more
