"""An organization becomes files, and the plan of these files changes nothing."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devinops.cli import write_files
from devinops.cli.declarations.options import Options
from devinops.cli.handlers import pull as pull_handler
from devinops.cli.session import Session, targets_of_run
from devinops.emulator import Emulator
from devinops.model.objects import Snapshot
from devinops.render import line_diff
from tests.testing.command_line import Devinops
from tests.testing.documents import read_one
from tests.testing.hostile_names import HUNDREDS, NAMES, organization
from tests.testing.inventories import NO_INVENTORY
from tests.testing.tree import plant, snapshot
from tests.testing.waiting import until

KEYS = {"v3": "cog_emulator", "v1": "apk_emulator"}
MANY = {
    "v3, 500 notes": [pytest.mark.matrix],
    "v1, 500 notes": [pytest.mark.matrix, pytest.mark.nightly],
}
CONFIG = "version: 1\ntargets: {production: {inventory: {store: file}}}\n"


@pytest.fixture(
    params=["v3", "v1", *(pytest.param(api, marks=marks) for api, marks in MANY.items())]
)
def pulled(
    request: pytest.FixtureRequest, tmp_path: Path, use: Callable[..., None], devinops: Devinops
) -> Iterator[tuple[Emulator, Path]]:
    """A root into which an organization with hostile names was pulled and applied."""
    names = HUNDREDS if request.param in MANY else NAMES
    with Emulator({"organizations": {"org-emulator": organization(names)}}) as emulator:
        use(emulator.url, KEYS[request.param[:2]])
        (tmp_path / "devinops.yaml").write_text(CONFIG)
        ran = devinops("pull", "-C", tmp_path, "--format", "json")
        assert ran.code == 0, ran.err
        document = json.loads(ran.out)
        assert document["left"] == []
        assert sum(len(file["keys"]) for file in document["files"]) > len(names) + 30
        yield emulator, tmp_path


def writes(emulator: Emulator) -> list[str]:
    return [r["path"] for r in emulator.requests if r["method"] != "GET"]


def plan_of(devinops: Devinops, root: Path) -> Any:
    return read_one(devinops("plan", "-C", root, "--format", "json").out)


def test_everything_is_adopted_as_it_is(pulled: tuple[Emulator, Path], devinops: Devinops) -> None:
    emulator, root = pulled
    assert all("/knowledge/notes/" not in r["path"] for r in emulator.requests), "lists only"
    plan = plan_of(devinops, root)
    assert {change["action"] for change in plan["changes"]} == {"adopt"}
    assert all(change["fields"] == {} or not change["fields"] for change in plan["changes"])
    assert (plan["blocked"], plan["drift"], plan["problems"]) == ([], [], [])
    files = snapshot(root)
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert writes(emulator) == []
    assert plan_of(devinops, root)["changes"] == []
    again = devinops("pull", "-C", root)
    assert (again.code, again.out.splitlines()[-1][:16]) == (0, "nothing to write")
    assert devinops("pull", "-C", root, "--check").code == 0
    assert snapshot(root) == files


def test_what_is_pulled_is_in_the_canonical_form(
    pulled: tuple[Emulator, Path], devinops: Devinops
) -> None:
    ran = devinops("fmt", "-C", pulled[1], "--check")
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.matrix
def test_names_are_safe_on_every_file_system(pulled: tuple[Emulator, Path]) -> None:
    _, root = pulled
    paths = list(snapshot(root))
    assert len({path.casefold() for path in paths}) == len(paths)
    for path in paths:
        for part in path.split("/"):
            assert len(part.encode()) <= 120
            assert not set(part) & set('<>:"\\|?*')
            assert part == part.strip()
            assert not part.startswith(".")
            assert part.lower().partition(".")[0] not in ("con", "aux", "nul", "com1", "lpt9")
            assert part.lower() not in ("readme.md", "agents.md", "claude.md")


def edit(emulator: Emulator, section: str, id: str, **fields: Any) -> None:
    """Change an object as a person in the web app."""
    emulator.edit(section, id, **fields)


def remove(emulator: Emulator, section: str, id: str) -> None:
    emulator.remove(section, id)


MERGED = "devinops-merged/production.jsonl"


def pull(devinops: Devinops, root: Path, *options: str) -> Any:
    ran = devinops("pull", "-C", root, "--format", "json", *options)
    assert ran.code in (0, 2, 4), ran.err
    return json.loads(ran.out)


@pytest.mark.matrix
def test_fifty_edits_change_fifty_files_in_one_field_each(
    pulled: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = pulled
    devinops("apply", "-C", root, "--yes")
    before = snapshot(root)
    notes = [note for note in emulator.knowledge() if note["body"]][:50]
    for number, note in enumerate(notes):
        field = ("body", "trigger", "pinned_repo")[number % 3]
        value = {"body": note["body"] + "\nmore", "trigger": "edited: yes", "pinned_repo": "all"}
        edit(emulator, "knowledge", note["note_id"], **{field: value[field]})
    check = pull(devinops, root, "--drift", "--check")
    assert (check["exit_code"], snapshot(root)) == (2, before)
    document = pull(devinops, root, "--drift")
    assert (document["exit_code"], document["left"]) == (0, [])
    assert len(document["files"]) == len(notes), "also those whose entries have no pin"
    assert all(len(file["fields"]) == 1 for file in document["files"])
    after = snapshot(root)
    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == {file["path"] for file in document["files"]}
    plan = plan_of(devinops, root)
    assert (plan["changes"], plan["blocked"], plan["drift"]) == ([], [], [])
    assert pull(devinops, root, "--drift")["files"] == []
    assert writes(emulator) == []


# --- one organization, several shapes of files ---

YAML_NOTES = """\
# All about the kitchen.
knowledge:
  - name: Coffee          # the best one
    trigger: 'When asked about coffee'
    body_file: ../texts/coffee.txt

  - {name: Tea, trigger: t, body: "hot", folder: Backend}   # in braces
"""
PAGE = """\
---
# who asks for this?
trigger: When deploying    # keep short
name: "Deploys"
---

# Deploys

Run make deploy.

Then watch.
"""
SEED: Any = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "Backend"}, {"path": "Other"}],
            "knowledge": [
                {"id": "coffee", "name": "Coffee", "trigger": "When asked about coffee", "body": "Third floor."},
                {"id": "tea", "name": "Tea", "trigger": "t", "body": "hot", "folder": "Backend"},
                {
                    "id": "deploys",
                    "name": "Deploys",
                    "trigger": "When deploying",
                    "body": "# Deploys\n\nRun make deploy.\n\nThen watch.",
                },
            ],
        }
    }
}  # fmt: skip


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@localhost", *arguments],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture
def applied(
    tmp_path: Path, use: Callable[..., None], devinops: Devinops
) -> Iterator[tuple[Emulator, Path]]:
    """A repository whose entries, in files of people, were applied from its first commit."""
    root = tmp_path / "root"
    (root / "knowledge").mkdir(parents=True)
    (root / "texts").mkdir()
    (root / "devinops.yaml").write_text(CONFIG)
    (root / "knowledge" / "kitchen.yaml").write_text(YAML_NOTES)
    (root / "knowledge" / "deploys.md").write_text(PAGE)
    (root / "texts" / "coffee.txt").write_text("\nThird floor.\n\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    with Emulator(SEED) as emulator:
        use(emulator.url)
        assert devinops("apply", "-C", root, "--yes").code == 0
        yield emulator, root


def diff(root: Path) -> list[str]:
    rows = git(root, "diff", "-U0").splitlines()
    return [row for row in rows if row[:1] in "+-" and row[:3] not in ("+++", "---")]


def test_each_value_goes_where_it_belongs(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    edit(emulator, "knowledge", "coffee", trigger="It's about coffee", body="Second floor.")
    edit(emulator, "knowledge", "tea", body="cold", folder="Other")
    edit(emulator, "knowledge", "deploys", name="Deployments", folder="Backend")
    document = pull(devinops, root, "--drift")
    assert (document["exit_code"], document["left"]) == (0, [])
    assert {file["path"]: file["fields"] for file in document["files"]} == {
        "knowledge/deploys.md": ["name", "folder"],
        "knowledge/kitchen.yaml": ["trigger", "folder", "body"],
        "texts/coffee.txt": ["body"],
    }
    assert diff(root) == [
        '-name: "Deploys"',
        '+name: "Deployments"',
        "+folder: Backend",
        "-    trigger: 'When asked about coffee'",
        "+    trigger: 'It''s about coffee'",
        '-  - {name: Tea, trigger: t, body: "hot", folder: Backend}   # in braces',
        "+  - {name: Tea, trigger: t, body: cold, folder: Other}   # in braces",
        "-Third floor.",
        "+Second floor.",
    ]
    plan = plan_of(devinops, root)
    assert (plan["changes"], plan["blocked"], plan["drift"]) == ([], [], [])


def test_a_value_that_entries_share_is_left_and_the_other_fields_are_written(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    page = root / "knowledge" / "kitchen.yaml"
    shared = YAML_NOTES.replace("'When asked about coffee'", "&when When asked about coffee")
    page.write_text(shared.replace("trigger: t,", "trigger: *when,"))
    assert devinops("apply", "-C", root, "--yes").code == 0
    git(root, "commit", "-q", "-a", "-m", "shared")
    for id in ("coffee", "tea"):
        edit(emulator, "knowledge", id, trigger=f"When {id}", body=f"When {id}")
    document = pull(devinops, root, "--drift")
    assert [file["fields"] for file in document["files"]] == [["body"], ["body"]]
    assert diff(root) == [
        '-  - {name: Tea, trigger: *when, body: "hot", folder: Backend}   # in braces',
        "+  - {name: Tea, trigger: *when, body: When tea, folder: Backend}   # in braces",
        "-Third floor.",
        "+When coffee",
    ]
    reasons = [(item["key"], item["reason"].partition("because ")[2]) for item in document["left"]]
    assert reasons == [
        ("knowledge:Coffee", "its value is shared with another entry by an anchor: edit it by hand"),
        ("knowledge:Backend/Tea", "its value is shared with another entry by an alias: edit it by hand"),
    ]  # fmt: skip


def test_line_ends_of_a_file_stay(applied: tuple[Emulator, Path], devinops: Devinops) -> None:
    emulator, root = applied
    page = root / "knowledge" / "deploys.md"
    raw = b"\xef\xbb\xbf" + PAGE.replace("\n", "\r\n").encode()
    page.write_bytes(raw)
    edit(emulator, "knowledge", "deploys", body="# Deploys\n\nRun it.\n\nThen watch.")
    assert pull(devinops, root, "--drift")["exit_code"] == 0
    assert page.read_bytes() == raw.replace(b"make deploy.", b"it.")


def test_a_value_that_was_left_empty_is_written(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    page = root / "knowledge" / "deploys.md"
    empty = PAGE.replace('name: "Deploys"', 'pinned_repo:\nname: "Deploys"')
    page.write_text(empty)
    assert devinops("apply", "-C", root, "--yes").code == 0
    git(root, "commit", "-q", "-a", "-m", "empty")
    edit(emulator, "knowledge", "deploys", pinned_repo="acme/api")
    document = pull(devinops, root, "--drift")
    assert (document["exit_code"], document["left"]) == (0, [])
    assert page.read_text() == empty.replace("pinned_repo:", "pinned_repo: acme/api")


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "text", ["It's about: coffee", "plain", "n", "2027-03-01", "a\nb", " lead\nb", "a, {b}", "# c", '"q"']
)  # fmt: skip
def test_a_formatted_file_stays_formatted(
    applied: tuple[Emulator, Path], devinops: Devinops, text: str
) -> None:
    emulator, root = applied
    assert devinops("fmt", "-C", root).code == 0
    git(root, "commit", "-q", "-a", "-m", "formatted")
    edit(emulator, "knowledge", "coffee", trigger=text, body=text, pinned_repo="all")
    edit(emulator, "knowledge", "tea", trigger=text, body=text, pinned_repo="all", folder="Other")
    edit(emulator, "knowledge", "deploys", trigger=text, pinned_repo="all", folder="Backend")
    assert pull(devinops, root, "--drift")["exit_code"] == 0
    ran = devinops("fmt", "-C", root, "--check")
    assert (ran.code, ran.err) == (0, "")
    plan = plan_of(devinops, root)
    assert (plan["changes"], plan["blocked"], plan["drift"]) == ([], [], [])


def test_both_sides_are_merged_from_the_commit_of_the_last_apply(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    page = root / "knowledge" / "deploys.md"
    page.write_text(PAGE.replace("Then watch.", "Then watch the graphs."))
    edit(emulator, "knowledge", "deploys", body="# Deploys\n\nRun make all.\n\nThen watch.")
    document = pull(devinops, root, "--drift")
    assert [(item["why"], document["exit_code"]) for item in document["left"]] == [("merged", 4)]
    assert page.read_text() == PAGE.replace("Then watch.", "Then watch the graphs.").replace(
        "make deploy", "make all"
    )
    (item,) = document["left"]
    assert f"commit it together with {MERGED}; the next apply writes it" in item["reason"]
    again = pull(devinops, root, "--drift")
    assert (again["files"], again["left"]) == ([], [])
    commit(root)
    (change,) = plan_of(devinops, root)["changes"]
    assert change["reason"] == (
        "body changed (overwrites what was changed outside devinops: body; pull merged its body "
        f"into the file, says {MERGED}:1)"
    )
    assert devinops("apply", "-C", root, "--yes").code == 0
    (note,) = (note for note in emulator.knowledge() if note["note_id"] == "deploys")
    assert note["body"].endswith("Run make all.\n\nThen watch the graphs.")
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0


def test_a_merge_counts_no_more_after_the_old_text_was_applied_again(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    page, theirs = root / "knowledge" / "deploys.md", "# Deploys\n\nRun all.\n\nThen watch."
    assert_both_are_merged(emulator, devinops, root, page, theirs)
    commit_and_apply(devinops, root)
    page.write_text(PAGE)
    commit_and_apply(devinops, root)
    page.write_text(PAGE.replace("make deploy", "make anew"))
    edit(emulator, "knowledge", "deploys", body=theirs)
    (blocked,) = plan_of(devinops, root)["blocked"]
    assert "body changed in Git and outside devinops" in blocked["reason"]


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "merged")


def test_a_live_object_that_was_edited_again_after_the_merge_is_in_conflict_again(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    page = root / "knowledge" / "deploys.md"
    page.write_text(PAGE.replace("make deploy", "make ours"))
    edit(emulator, "knowledge", "deploys", body="# Deploys\n\nRun make theirs.\n\nThen watch.")
    assert pull(devinops, root, "--drift")["exit_code"] == 4
    page.write_text(PAGE.replace("make deploy", "make both"))
    commit(root)
    assert len(plan_of(devinops, root)["changes"]) == 1
    edit(emulator, "knowledge", "deploys", body="# Deploys\n\nRun make it.\n\nThen watch.")
    plan = plan_of(devinops, root)
    assert (plan["changes"], [block["by"] for block in plan["blocked"]]) == ([], ["conflict"])
    assert pull(devinops, root, "--drift")["exit_code"] == 4
    page.write_text(PAGE.replace("make deploy", "make everything"))
    assert len((root / MERGED).read_text().splitlines()) == 1
    assert devinops("apply", "-C", root, "--yes").code == 0
    # The record is of no use now. The next pull that writes anything removes it.
    assert pull(devinops, root, "--drift")["files"] == []
    edit(emulator, "knowledge", "coffee", trigger="Other")
    assert {file["path"] for file in pull(devinops, root, "--drift")["files"]} > {MERGED}
    assert (root / MERGED).read_text() == ""
    assert devinops("validate", "-C", root).code == 0


def test_an_edit_that_is_made_again_after_the_apply_is_a_conflict(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    """The record of its merge is about the edit before the apply."""
    emulator, root = applied
    page = root / "knowledge" / "deploys.md"
    theirs = "# Deploys\n\nRun make all.\n\nThen watch."
    page.write_text(PAGE.replace("Then watch.", "Then watch the graphs."))
    edit(emulator, "knowledge", "deploys", body=theirs)
    pull(devinops, root, "--drift")
    assert devinops("apply", "-C", root, "--yes").code == 0
    edit(emulator, "knowledge", "deploys", body=theirs)
    page.write_text(PAGE.replace("make deploy", "make it"))
    plan = plan_of(devinops, root)
    assert (plan["changes"], [block["by"] for block in plan["blocked"]]) == ([], ["conflict"])


@pytest.mark.parametrize("recorded", [True, False], ids=["with a record", "with the first record"])
def test_of_two_pulls_at_once_each_merge_is_recorded_or_left(
    recorded: bool,
    applied: tuple[Emulator, Path],
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    emulator, root = applied
    page, kitchen = root / "knowledge" / "deploys.md", root / "knowledge" / "kitchen.yaml"
    page.write_text(PAGE.replace("make deploy", "make ours"))
    kitchen.write_text(YAML_NOTES.replace('"hot"', '"iced"'))
    edit(emulator, "knowledge", "deploys", body="# Deploys\n\nRun make theirs.\n\nThen watch.")
    edit(emulator, "knowledge", "tea", body="cold")
    if recorded:
        plant(root, {MERGED: "\r\n"})
    first = [True]

    def targets_after_another_pull(options: Options) -> tuple[str, ...] | None:
        if first and first.pop():
            pull(devinops, root, "--drift", "knowledge:Backend/Tea")
        return targets_of_run(options)

    monkeypatch.setattr(pull_handler, "targets_of_run", targets_after_another_pull)
    document = pull(devinops, root, "--drift", "knowledge:Deploys")
    assert [item["why"] for item in document["left"]] == ["saved-meanwhile"]
    assert [json.loads(line)["id"] for line in (root / MERGED).read_text().splitlines()] == ["tea"]


@pytest.mark.parametrize("stays", ["read-only", "a link"])
def test_a_merge_that_cannot_be_written_is_not_recorded(
    stays: str, applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    """Or the next apply would overwrite the live edit without an approval."""
    emulator, root = applied
    page = root / "knowledge" / "deploys.md"
    page.write_text(PAGE.replace("make deploy", "make ours"))
    if stays == "read-only":
        page.chmod(0o444)
    else:
        page.symlink_to(page.rename(root / "texts" / "deploys.txt"))
    edit(emulator, "knowledge", "deploys", body="# Deploys\n\nRun make theirs.\n\nThen watch.")
    (item,) = pull(devinops, root, "--drift")["left"]
    assert (item["why"], (root / MERGED).exists()) == ("unwritable", False)
    assert "knowledge/deploys.md is " in item["reason"]
    plan = plan_of(devinops, root)
    assert (plan["changes"], [block["by"] for block in plan["blocked"]]) == ([], ["conflict"])


def test_a_pull_of_one_key_keeps_what_is_recorded_of_others(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    page, kitchen = root / "knowledge" / "deploys.md", root / "knowledge" / "kitchen.yaml"
    page.write_text(PAGE.replace("make deploy", "make ours"))
    kitchen.write_text(YAML_NOTES.replace('"hot"', '"iced"'))
    edit(emulator, "knowledge", "deploys", body="# Deploys\n\nRun make theirs.\n\nThen watch.")
    edit(emulator, "knowledge", "tea", body="cold")
    pull(devinops, root, "--drift", "knowledge:Backend/Tea")
    kitchen.write_text(YAML_NOTES.replace('"hot"', '"lukewarm"'))
    pull(devinops, root, "--drift", "knowledge:Deploys")
    page.write_text(PAGE.replace("make deploy", "make both"))
    lines = [json.loads(line) for line in (root / MERGED).read_text().splitlines()]
    assert [(line["key"], line["field"]) for line in lines] == [
        ("knowledge:Deploys", "body"),
        ("knowledge:Backend/Tea", "body"),
    ]
    plan = plan_of(devinops, root)
    assert (len(plan["changes"]), plan["blocked"]) == (2, [])


def test_a_file_that_is_saved_during_the_pull_leaves_no_record_of_a_merge(
    applied: tuple[Emulator, Path], devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the next plan would overwrite an edit that is not in the file."""
    emulator, root = applied
    page = root / "knowledge" / "deploys.md"
    page.write_text(PAGE.replace("make deploy", "make ours"))
    edit(emulator, "knowledge", "deploys", body="# Deploys\n\nRun make theirs.\n\nThen watch.")
    finish = write_files.Writing.finish

    def save_and_finish(writing: write_files.Writing, *arguments: Any) -> None:
        page.write_text(PAGE.replace("make deploy", "make mine"))
        finish(writing, *arguments)

    monkeypatch.setattr(write_files.Writing, "finish", save_and_finish)
    assert pull(devinops, root, "--drift")["exit_code"] == 4
    assert not (root / MERGED).exists()
    assert [block["by"] for block in plan_of(devinops, root)["blocked"]] == ["conflict"]


def test_a_text_with_too_many_equal_lines_is_merged_by_a_person(
    applied: tuple[Emulator, Path], devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator, root = applied
    monkeypatch.setattr(line_diff, "MAX_COMPARED", 3)
    page = root / "knowledge" / "deploys.md"
    page.write_text(PAGE.replace("Then watch.", "Then watch the graphs."))
    before = page.read_text()
    edit(emulator, "knowledge", "deploys", body="# Deploys\n\nRun make all.\n\nThen watch.")
    document = pull(devinops, root, "--drift")
    assert (document["exit_code"], document["files"], page.read_text()) == (4, [], before)
    (left,) = document["left"]
    assert left["why"] == "conflict"
    assert left["reason"].startswith(
        "its body changed on both sides, and they have too many equal lines to be merged: compare "
    )
    assert left["reason"].endswith("--only knowledge:Deploys --on-conflict git")


def test_a_conflict_has_markers_and_is_never_applied(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    page = root / "knowledge" / "deploys.md"
    page.write_text(PAGE.replace("make deploy", "make ours").replace("When deploying", "Ours"))
    edit(emulator, "knowledge", "deploys", trigger="Theirs")
    document = pull(devinops, root, "--drift")
    assert (document["exit_code"], [item["why"] for item in document["left"]]) == (4, ["conflict"])
    assert diff(root) == [
        "-trigger: When deploying    # keep short",
        "+<<<<<<< in the files",
        "+trigger: Ours    # keep short",
        "+=======",
        "+trigger: Theirs    # keep short",
        "+>>>>>>> in the organization",
        "-Run make deploy.",
        "+Run make ours.",
    ]
    assert devinops("plan", "-C", root).code == 1
    page.write_text(PAGE.replace("make deploy", "make ours"))
    edit(emulator, "knowledge", "deploys", trigger="When deploying", body="Other\n\ntext")
    document = pull(devinops, root, "--drift")
    assert document["exit_code"] == 4
    assert "<<<<<<< in the files" in page.read_text()
    ran = devinops("validate", "-C", root)
    assert (ran.code, "merge-conflict" in ran.out) == (1, True)


def test_without_the_commit_nothing_is_merged(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    page = root / "knowledge" / "deploys.md"
    text = PAGE.replace("make deploy", "make ours")
    page.write_text(text)
    commit = git(root, "rev-parse", "HEAD").strip()
    shutil.rmtree(root / ".git")
    git(root, "init", "-q")
    edit(emulator, "knowledge", "deploys", body="theirs")
    document = pull(devinops, root, "--drift")
    assert (document["exit_code"], document["files"], page.read_text()) == (4, [], text)
    (item,) = document["left"]
    assert item["why"] == "no-base"
    assert f"git fetch origin {commit}" in item["reason"]


def test_what_was_deleted_outside(applied: tuple[Emulator, Path], devinops: Devinops) -> None:
    emulator, root = applied
    for id in ("deploys", "tea"):
        remove(emulator, "knowledge", id)
    document = pull(devinops, root, "--drift", "knowledge:Deploys", "knowledge:Backend/Tea")
    assert [(file["path"], file["change"]) for file in document["files"]] == [
        ("knowledge/deploys.md", "deleted")
    ]
    assert [(item["key"], item["why"]) for item in document["left"]] == [
        ("knowledge:Backend/Tea", "deleted")
    ]
    assert not (root / "knowledge" / "deploys.md").exists()


def test_many_missing_objects_delete_no_file(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    before = snapshot(root)
    for id in ("deploys", "tea", "coffee"):
        remove(emulator, "knowledge", id)
    document = pull(devinops, root, "--drift")
    assert (document["files"], snapshot(root)) == ([], before)
    assert {item["why"] for item in document["left"]} == {"deleted"}


@pytest.mark.parametrize("number", [0, 1])
def test_an_owned_object_without_an_entry_is_left_with_commands_that_settle_it(
    applied: tuple[Emulator, Path], devinops: Devinops, number: int
) -> None:
    emulator, root = applied
    (root / "knowledge" / "deploys.md").unlink()
    assert pull(devinops, root, "--drift")["left"] == []
    edit(emulator, "knowledge", "deploys", trigger="New", name="New name")
    notes = plan_of(devinops, root)["notes"]
    assert notes == [
        "1 owned object is no longer declared (knowledge:Deploys); it stays because prune is off"
    ]
    (left,) = pull(devinops, root, "--drift")["left"]
    assert pull(devinops, root, "--drift", "--unmanaged")["left"] == [left]
    assert (left["key"], left["why"]) == ("knowledge:Deploys", "not-declared")
    assert "its name, trigger changed outside devinops, but it has no entry" in left["reason"]
    commands = re.findall("run devinops (.*?)(?:;|$)", left["reason"])
    assert devinops(*shlex.split(commands[number])).code == 0
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert pull(devinops, root, "--drift")["left"] == []
    assert devinops("drift", "-C", root).code == 0


def test_suspicious_text_is_not_written(applied: tuple[Emulator, Path], devinops: Devinops) -> None:
    emulator, root = applied
    before = snapshot(root)
    edit(emulator, "knowledge", "deploys", body="a\u202eb")
    edit(emulator, "knowledge", "tea", body="AKIA" + "IOSFODNN7EXAMPLE")
    document = pull(devinops, root, "--drift")
    assert (document["exit_code"], document["files"], snapshot(root)) == (4, [], before)
    assert [item["why"] for item in document["left"]] == ["suspicious", "suspicious"]


@pytest.mark.parametrize(("body", "why"), [("a\u0007", "U+0007"), ("", "the body is empty")])
def test_a_value_that_no_file_can_hold_is_left_with_the_reason(
    applied: tuple[Emulator, Path], devinops: Devinops, body: str, why: str
) -> None:
    emulator, root = applied
    edit(emulator, "knowledge", "deploys", body=body)
    document = pull(devinops, root, "--drift")
    (left,) = document["left"]
    assert (document["files"], left["why"], why in left["reason"]) == ([], "unwritable", True)


def test_a_key_brings_its_entry_up_to_date_without_an_inventory(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    (root / "devinops.yaml").write_text(NO_INVENTORY["devinops.yaml"])
    edit(emulator, "knowledge", "deploys", trigger="New")
    ran = devinops("pull", "-C", root, "--drift")
    assert (ran.code, "has no inventory" in ran.err) == (1, True)
    assert pull(devinops, root, "knowledge:Deploys")["files"][0]["fields"] == ["trigger"]
    assert "trigger: New    # keep short" in (root / "knowledge" / "deploys.md").read_text()


def move_files(root: Path, reason: str) -> None:
    """Move tracked files as a sentence says."""
    for old, new in re.findall(r"the files of (.*?) to (.*?)(?= and the|;|, or rename)", reason):
        (root / new).mkdir(parents=True, exist_ok=True)
        names = (path.name for path in (root / old).iterdir())
        git(root, "mv", "-k", *(f"{old}/{name}" for name in names), new)


def test_a_renamed_folder_is_left_to_a_person(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    folder = next(f for f in emulator.folders() if f["path"] == "Backend")
    edit(emulator, "folders", folder["folder_id"], path="Platform")
    (root / "knowledge" / "Backend").mkdir()
    git(root, "mv", "knowledge/deploys.md", "knowledge/Backend/deploys.md")
    git(root, "commit", "-q", "-m", "second")
    document = pull(devinops, root, "--drift")
    assert (document["files"], [item["why"] for item in document["left"]]) == (
        [],
        ["renamed"],
    )
    reason = document["left"][0]["reason"]
    assert re.findall(r"write it at (.*?),", reason) == ["knowledge/kitchen.yaml:7:50"]
    move_files(root, reason)
    assert (root / "knowledge" / "Platform" / "deploys.md").exists()


# --- what is left to a person


def again(emulator: Emulator, body: str) -> str:
    """Delete a note in the web app and create it again; return its id."""
    emulator.remove("knowledge", "deploys")
    return emulator.add("knowledge", name="Deploys", trigger="When deploying", body=body)


@pytest.mark.parametrize(("number", "methods"), [(0, set()), (1, {"PUT"})])
def test_an_object_created_again_is_left_with_commands_that_settle_it(
    applied: tuple[Emulator, Path], devinops: Devinops, number: int, methods: set[str]
) -> None:
    emulator, root = applied
    policy = "inventory: {store: file}, on_drift: fail"
    (root / "devinops.yaml").write_text(f"version: 1\ntargets: {{production: {{{policy}}}}}\n")
    id = again(emulator, "# Deploys\n\nAsk.")
    assert devinops("apply", "-C", root, "--yes").code == 4
    document = pull(devinops, root, "--drift")
    (left,) = document["left"]
    assert (document["files"], document["exit_code"]) == ([], 4)
    assert (left["key"], left["why"], left["ids"]) == ("knowledge:Deploys", "re-created", [id])
    assert "it was deploys; differs in body: " in left["reason"]
    commands = re.findall("run devinops (.*?)(?:;|$)", left["reason"])
    start = len(emulator.requests)
    yes = ["--yes"] if number else []
    assert devinops(*shlex.split(commands[number]), *yes).code == 0
    assert devinops("apply", "-C", root, "--yes").code == 0
    written = {r["method"] for r in emulator.requests[start:]}
    assert written - {"GET"} == methods
    assert plan_of(devinops, root)["drift"] == []


def test_an_object_created_again_whose_entry_is_for_several_targets_is_written_by_hand(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    (root / "devinops.yaml").write_text(
        "version: 1\ntargets:\n  production: {inventory: {store: file}}\n  staging: {}\n"
    )
    again(emulator, "# Deploys\n\nAsk.")
    (left,) = pull(devinops, root, "--drift", "-t", "production")["left"]
    assert left["why"] == "re-created"
    assert (
        "differs in body: its entry at knowledge/deploys.md:1:1 is also for staging: edit it"
        in (left["reason"])
    )
    (command,) = re.findall("devinops (.*?)(?:;|$)", left["reason"])
    assert devinops(*shlex.split(command), "--yes").code == 0


def test_the_command_for_an_object_created_again_accepts_that_many_are_missing(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    again(emulator, "# Deploys\n\nAsk.")
    others = [note["note_id"] for note in emulator.knowledge() if note["name"] != "Deploys"]
    for other in others:
        emulator.remove("knowledge", other)
    reasons = {left["key"]: left["reason"] for left in pull(devinops, root, "--drift")["left"]}
    command = re.findall("run devinops (.*?)(?:;|$)", reasons["knowledge:Deploys"])[1]
    assert command.endswith(f" --adopt --allow missing={len(others) + 1}")
    assert devinops(*shlex.split(command), "--yes").code == 0


def test_after_one_of_several_objects_created_again_pull_prints_the_next_command(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    for note in emulator.knowledge():
        emulator.remove("knowledge", note["note_id"])
        same = {name: note[name] for name in ("name", "folder_id") if name in note}
        emulator.add("knowledge", **same, trigger="New", body="New")
    before = pull(devinops, root, "--drift")["left"]
    for count in range(len(before), 0, -1):
        left = pull(devinops, root, "--drift")["left"]
        assert [item["why"] for item in left] == ["re-created"] * count
        reason = left[0]["reason"]
        command = re.findall("run devinops (apply .*?)(?:;|$)", reason)[0]
        is_numbered = f"--allow missing={count}" in command
        assert reason.endswith("; pull again after another apply, which may change the number") == (
            is_numbered
        )
        assert is_numbered == (count == len(before))
        assert devinops(*shlex.split(command), "--yes").code == 0


def test_an_object_created_again_with_the_values_of_its_entry_needs_nothing(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    again(emulator, "# Deploys\n\nRun make deploy.\n\nThen watch.")
    assert pull(devinops, root, "--drift")["left"] == []


@pytest.mark.sampled(2)
@pytest.mark.parametrize("limit", ["", "targets: [production, staging]\n"])
@pytest.mark.parametrize("is_edit", [True, False], ids=["edited", "deleted"])
def test_an_entry_for_several_targets_is_left_to_a_person(
    applied: tuple[Emulator, Path], devinops: Devinops, limit: str, is_edit: bool
) -> None:
    emulator, root = applied
    (root / "devinops.yaml").write_text(
        "version: 1\ntargets:\n  production: {inventory: {store: file}}\n  staging: {}\n"
    )
    page = root / "knowledge" / "deploys.md"
    page.write_text(PAGE.replace("trigger:", f"{limit}trigger:"))
    git(root, "commit", "-q", "-a", "-m", "second")
    if is_edit:
        edit(emulator, "knowledge", "deploys", trigger="New")
    else:
        remove(emulator, "knowledge", "deploys")
    before = snapshot(root)
    document = pull(devinops, root, "--drift", "-t", "production")
    assert (document["exit_code"], document["files"], snapshot(root)) == (4, [], before)
    (item,) = document["left"]
    assert (item["key"], item["why"]) == ("knowledge:Deploys", "shared")
    assert "is also for staging" in item["reason"]
    page.write_text(PAGE.replace("trigger:", "targets: [production]\ntrigger:"))
    git(root, "commit", "-q", "-a", "-m", "third")
    (file,) = pull(devinops, root, "--drift", "-t", "production")["files"]
    assert file["change"] == ("changed" if is_edit else "deleted")


def _no_repository(root: Path) -> None:
    shutil.rmtree(root / ".git")


def _new_repository(root: Path) -> None:
    shutil.rmtree(root / ".git")
    git(root, "init", "-q")


def _untracked(root: Path) -> None:
    git(root, "rm", "-q", "--cached", "knowledge/deploys.md")
    git(root, "commit", "-q", "-m", "second")


def _ignored(root: Path) -> None:
    (root / ".gitignore").write_text("*.md\n")
    _untracked(root)


def _dirty(root: Path) -> None:
    (root / "knowledge" / "deploys.md").write_text(PAGE.replace("# who asks", "# who else"))


def _staged(root: Path) -> None:
    _dirty(root)
    git(root, "add", ".")


def _hidden_from_status(root: Path) -> None:
    git(root, "update-index", "--assume-unchanged", "knowledge/deploys.md")
    _dirty(root)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "prepare",
    [_no_repository, _new_repository, _untracked, _ignored, _dirty, _staged, _hidden_from_status],
)
def test_what_git_cannot_bring_back_is_not_deleted(
    applied: tuple[Emulator, Path], devinops: Devinops, prepare: Callable[[Path], None]
) -> None:
    emulator, root = applied
    prepare(root)
    remove(emulator, "knowledge", "deploys")
    before = snapshot(root)
    document = pull(devinops, root, "--drift")
    assert (document["exit_code"], document["files"], snapshot(root)) == (4, [], before)
    assert [item["why"] for item in document["left"]] == ["not-committed"]


def test_deleted_files_are_counted(applied: tuple[Emulator, Path], devinops: Devinops) -> None:
    emulator, root = applied
    remove(emulator, "knowledge", "deploys")
    edit(emulator, "knowledge", "tea", body="cold")
    check = devinops("pull", "-C", root, "--drift", "--check")
    start = "would write 1 file with 1 entry, would delete 1 file · "
    assert (check.code, check.out.splitlines()[-1].startswith(start)) == (2, True), check.out
    ran = devinops("pull", "-C", root, "--drift")
    start = "wrote 1 file with 1 entry, deleted 1 file · "
    assert (ran.code, ran.out.splitlines()[-1].startswith(start)) == (0, True), ran.out
    deleted = "deleted knowledge/deploys.md: it may have been promoted to the enterprise"
    assert deleted in ran.out.splitlines()


def test_below_the_top_of_a_repository_a_committed_file_is_deleted(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    shutil.rmtree(root / ".git")
    git(root.parent, "init", "-q")
    git(root.parent, "add", ".")
    git(root.parent, "commit", "-q", "-m", "first")
    remove(emulator, "knowledge", "deploys")
    document = pull(devinops, root, "--drift")
    assert [file["change"] for file in document["files"]] == ["deleted"], document


def _onto_an_entry(emulator: Emulator) -> dict[str, str]:
    # the object of the other entry has another name by now
    edit(emulator, "knowledge", "coffee", name="Espresso")
    return {"name": "Coffee"}


def _onto_an_entry_that_stays(emulator: Emulator) -> dict[str, str]:
    # nor can the other entry follow its object
    edit(emulator, "knowledge", "coffee", name="Tea", folder="Backend")
    return {"name": "Coffee"}


def _onto_an_object(emulator: Emulator) -> dict[str, str]:
    emulator.add("knowledge", name="New", trigger="t", body="b")
    return {"name": "New"}


def _onto_an_object_in_a_folder(emulator: Emulator) -> dict[str, str]:
    emulator.add("knowledge", name="Deploys", trigger="t", body="b", folder="Backend")
    return {"folder": "Backend"}


@pytest.mark.parametrize(
    ("prepare", "advice"),
    [
        (_onto_an_entry, "pull again when its entry has the new name"),
        (_onto_an_entry_that_stays, "rename one of them in the web app"),
        (_onto_an_object, "rename one of them in the web app"),
        (_onto_an_object_in_a_folder, "rename one of them in the web app"),
    ],
)
def test_an_entry_is_not_renamed_to_a_key_in_use(
    applied: tuple[Emulator, Path],
    devinops: Devinops,
    prepare: Callable[[Emulator], dict[str, str]],
    advice: str,
) -> None:
    emulator, root = applied
    place = prepare(emulator)
    edit(emulator, "knowledge", "deploys", body="New text.", **place)
    document = pull(devinops, root, "--drift", "--only", "knowledge:Deploys")
    assert (document["exit_code"], document["files"], diff(root)) == (4, [], [])
    (item,) = document["left"]
    assert (item["key"], item["why"]) == ("knowledge:Deploys", "namesakes")
    assert item["ids"][0] == "deploys"
    name = next(iter(place.values()))
    assert name in item["reason"]
    assert advice in item["reason"]


CHANGED_HANDS = {
    "chain": (("deploys", "Old"), ("coffee", "Deploys")),
    "chain in the order of the names": (("coffee", "A"), ("deploys", "Coffee")),
}


@pytest.mark.parametrize("renames", CHANGED_HANDS.values(), ids=CHANGED_HANDS)
def test_names_that_change_hands_are_followed_pull_by_pull(
    applied: tuple[Emulator, Path],
    devinops: Devinops,
    renames: tuple[tuple[str, str], ...],
) -> None:
    emulator, root = applied
    for id, name in renames:
        edit(emulator, "knowledge", id, name=name)
    for step in range(len(renames)):
        document = pull(devinops, root, "--drift")
        left = [item["reason"] for item in document["left"]]
        assert len(left) == len(renames) - step - 1
        assert all("pull again when its entry has the new name" in reason for reason in left)
        git(root, "commit", "-q", "-a", "-m", "pull")
    edit(emulator, "knowledge", renames[0][0], body="Edited.")
    document = pull(devinops, root, "--drift")
    assert [(f["change"], f["fields"]) for f in document["files"]] == [("changed", ["body"])]
    assert_follows(devinops, root, emulator, dict(renames))


def assert_follows(
    devinops: Devinops, root: Path, emulator: Emulator, names: dict[str, str]
) -> None:
    """Check that apply writes nothing live, and that the inventory has the new names."""
    before = emulator.knowledge()
    plan = plan_of(devinops, root)
    assert (plan["changes"], plan["blocked"], plan["drift"]) == ([], [], [])
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert emulator.knowledge() == before
    listed = devinops("inventory", "list", "-C", root).out
    for id, name in names.items():
        assert re.search(rf"^knowledge:{name} +{id} ", listed, re.MULTILINE)


def test_exchanged_names_are_exchanged_in_the_files_by_hand(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    for id, name in (("deploys", "-"), ("coffee", "Deploys"), ("deploys", "Coffee")):
        edit(emulator, "knowledge", id, name=name)
    document = pull(devinops, root, "--drift")
    assert document["files"] == []
    assert len(document["left"]) == 2
    assert all("swap them in the files too" in i["reason"] for i in document["left"])
    page, notes = root / "knowledge" / "deploys.md", root / "knowledge" / "kitchen.yaml"
    page.write_text(page.read_text().replace('name: "Deploys"', "name: Coffee"))
    notes.write_text(notes.read_text().replace("name: Coffee", "name: Deploys"))
    git(root, "commit", "-q", "-a", "-m", "exchange")
    assert pull(devinops, root, "--drift")["exit_code"] == 0
    assert_follows(devinops, root, emulator, {"deploys": "Coffee", "coffee": "Deploys"})


def test_an_object_that_may_be_that_of_another_entry_is_left_to_a_person(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    edit(emulator, "knowledge", "deploys", name="Old", body="Edited outside.")
    page = root / "knowledge" / "deploys.md"
    page.write_text(PAGE.replace("Run make deploy.", "New."))
    (root / "knowledge" / "old.md").write_text("---\nname: Old\ntrigger: t\n---\n\nOther.\n")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "second")
    (left,) = pull(devinops, root, "--drift")["left"]
    assert (left["key"], left["why"]) == ("knowledge:Deploys", "conflict")
    assert "devinops inventory link knowledge:Old deploys" in left["reason"]
    before = emulator.knowledge()
    assert devinops("apply", "-C", root, "--yes", "--on-conflict", "git").code == 4
    assert emulator.knowledge() == before


def _other_trigger(root: Path) -> None:
    page = root / "knowledge" / "deploys.md"
    page.write_text(PAGE.replace("When deploying", "Mine"))


def _other_trigger_and_commit_it(root: Path) -> None:
    _other_trigger(root)
    git(root, "commit", "-q", "-a", "-m", "second")


def _other_body(root: Path) -> None:
    page = root / "knowledge" / "deploys.md"
    page.write_text(PAGE.replace("Then watch", "Then look"))


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("prepare", "is_left"),
    [
        (_no_repository, True),
        (_new_repository, True),
        (_untracked, True),
        (_other_trigger, True),
        (_other_trigger_and_commit_it, False),
        (_dirty, False),
    ],
)
def test_without_an_inventory_only_what_git_has_is_overwritten(
    applied: tuple[Emulator, Path],
    devinops: Devinops,
    prepare: Callable[[Path], None],
    is_left: bool,
) -> None:
    emulator, root = applied
    (root / "devinops.yaml").write_text("version: 1\n")
    prepare(root)
    edit(emulator, "knowledge", "deploys", trigger="New")
    before = snapshot(root)
    document = pull(devinops, root, "knowledge:Deploys")
    if is_left:
        assert (document["exit_code"], document["files"], snapshot(root)) == (4, [], before)
        (item,) = document["left"]
        assert (item["why"], "its trigger at knowledge/deploys.md" in item["reason"]) == (
            "not-committed",
            True,
        )
    else:
        assert document["exit_code"] == 0
        assert document["files"][0]["fields"] == ["trigger"]


def test_without_an_inventory_the_text_of_a_body_file_must_be_committed(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    (root / "devinops.yaml").write_text("version: 1\n")
    edit(emulator, "knowledge", "coffee", body="Second floor.")
    text = root / "texts" / "coffee.txt"
    text.write_text("Fourth floor.\n")
    assert [i["why"] for i in pull(devinops, root, "knowledge:Coffee")["left"]] == ["not-committed"]
    git(root, "commit", "-q", "-a", "-m", "second")
    assert pull(devinops, root, "knowledge:Coffee")["exit_code"] == 0
    assert text.read_text() == "Second floor.\n"


def test_if_every_object_of_a_kind_is_missing_no_file_is_deleted(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    for id in ("deploys", "coffee", "tea"):
        remove(emulator, "knowledge", id)
    before = snapshot(root)
    document = pull(devinops, root, "--drift")
    assert (document["exit_code"], document["files"], snapshot(root)) == (4, [], before)
    (reason,) = (i["reason"] for i in document["left"] if i["key"] == "knowledge:Deploys")
    assert "the API does not list 3 of 3 notes that are owned, so no file is deleted" in reason
    assert "Devin may be moving its notes" in reason
    assert "--allow missing=3" in devinops("plan", "-C", root).out
    (file,) = pull(devinops, root, "--drift", "knowledge:Deploys")["files"]
    assert (file["path"], file["change"]) == ("knowledge/deploys.md", "deleted")


# --- the base of a merge


def commit_and_apply(devinops: Devinops, root: Path, *options: str) -> None:
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "next")
    assert devinops("apply", "-C", root, "--yes", *options).code == 0


def assert_both_are_merged(
    emulator: Emulator, devinops: Devinops, root: Path, page: Path, theirs: str
) -> None:
    """Change the end in the files and the middle outside, and pull both."""
    if "graphs" not in page.read_text():
        page.write_text(page.read_text().replace("Then watch.", "Then watch the graphs."))
    edit(emulator, "knowledge", "deploys", body=theirs)
    document = pull(devinops, root, "--drift")
    assert [item["why"] for item in document["left"]] == ["merged"], document["left"]
    assert theirs.replace("Then watch.", "Then watch the graphs.") in page.read_text()


def test_what_was_pulled_and_applied_is_the_next_base(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    edit(emulator, "knowledge", "deploys", body="# Deploys\n\nRun it.\n\nThen watch.")
    assert pull(devinops, root, "--drift")["exit_code"] == 0
    commit_and_apply(devinops, root)
    page, theirs = root / "knowledge" / "deploys.md", "# Deploys\n\nRun all.\n\nThen watch."
    assert_both_are_merged(emulator, devinops, root, page, theirs)


def test_the_base_of_a_moved_file_is_found(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    page = root / "knowledge" / "releases.md"
    (root / "knowledge" / "deploys.md").rename(page)
    commit_and_apply(devinops, root)
    theirs = "# Deploys\n\nRun all.\n\nThen watch."
    assert_both_are_merged(emulator, devinops, root, page, theirs)


@pytest.mark.parametrize(
    ("mine", "theirs", "is_key"),
    [
        ('name: "Deploys"', {"name": "Theirs"}, True),
        ("When deploying", {"trigger": "Theirs"}, False),
    ],
)
def test_a_conflict_of_a_name_or_a_value_is_resolved_by_the_text_that_is_committed(
    applied: tuple[Emulator, Path],
    devinops: Devinops,
    mine: str,
    theirs: dict[str, str],
    is_key: bool,
) -> None:
    emulator, root = applied
    page = root / "knowledge" / "deploys.md"
    page.write_text(
        PAGE.replace(mine, "name: Mine\npreviously: [{name: Deploys}]" if is_key else "Mine")
    )
    resolved = page.read_text()
    edit(emulator, "knowledge", "deploys", **theirs)
    (item,) = pull(devinops, root, "--drift")["left"]
    assert item["why"] == "conflict"
    page.write_text(resolved)
    commit(root)
    plan = plan_of(devinops, root)
    assert [change["action"] for change in plan["changes"]] == ["rename" if is_key else "update"]
    assert plan["blocked"] == []


@pytest.mark.parametrize("writes_more", [False, True])
def test_the_base_of_a_conflict_that_was_left_open_is_found(
    applied: tuple[Emulator, Path], devinops: Devinops, writes_more: bool
) -> None:
    emulator, root = applied
    page, theirs = root / "knowledge" / "deploys.md", "# Deploys\n\nRun all.\n\nThen watch."
    page.write_text(PAGE.replace("Then watch.", "Then watch the graphs."))
    if writes_more:
        page.write_text(page.read_text().replace("When deploying", "Mine"))
    edit(emulator, "knowledge", "deploys", body=theirs)
    commit_and_apply(devinops, root, "--on-conflict", "live")
    assert_both_are_merged(emulator, devinops, root, page, theirs)


def test_a_pull_of_one_key_decides_one_conflict_only(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    page, name = root / "knowledge" / "deploys.md", "It's [a] *"
    page.write_text(PAGE.replace("Then watch.", "Then watch the graphs."))
    edit(emulator, "knowledge", "tea", body="cold")
    kitchen = root / "knowledge" / "kitchen.yaml"
    kitchen.write_text(YAML_NOTES.replace('"hot"', '"iced"'))
    edit(emulator, "knowledge", "deploys", name=name, body="# Deploys\n\nRun it.\n\nThen watch.")
    (item,) = pull(devinops, root, "--drift", "knowledge:Deploys")["left"]
    assert item["why"] == "merged"
    assert devinops("apply", "-C", root, "--yes").code == 4
    bodies = {note["name"]: note["body"] for note in emulator.knowledge()}
    assert bodies[name].endswith("Run it.\n\nThen watch the graphs.")
    assert bodies["Tea"] == "cold"


# --- large organizations


@pytest.mark.matrix
def test_what_changes_between_two_readings_is_pulled_as_it_is_at_the_end(
    tmp_path: Path,
    use: Callable[..., None],
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notes = [{"name": f"N{n}", "trigger": "t", "body": f"b{n}", "id": f"n{n}"} for n in range(450)]
    notes[9]["folder"] = "A"
    organization = {"folders": [{"path": "A", "id": "folder-a"}], "knowledge": notes}
    seed: Any = {"organizations": {"org-emulator": organization}}
    with Emulator(seed) as emulator:
        use(emulator.url)
        readings: list[Snapshot] = []
        original = Session.snapshot

        def snapshot_then_edit(self: Any, *arguments: Any, **options: Any) -> Snapshot:
            readings.append(original(self, *arguments, **options))
            if len(readings) == 1:
                edit(emulator, "knowledge", "n7", body="edited")
                remove(emulator, "knowledge", "n8")
                edit(emulator, "folders", "folder-a", name="Z")
            return readings[-1]

        monkeypatch.setattr(Session, "snapshot", snapshot_then_edit)
        assert pull(devinops, tmp_path)["exit_code"] == 0
        assert len(readings) == 2
    assert (tmp_path / "knowledge" / "n7.md").read_text().endswith("edited\n")
    assert not (tmp_path / "knowledge" / "n8.md").exists()
    assert len(list((tmp_path / "knowledge").glob("**/*.md"))) == 449
    assert (tmp_path / "knowledge" / "Z" / "n9.md").exists()
    assert "path: Z" in (tmp_path / "folders.yaml").read_text()


def test_a_new_secret_is_added_to_the_file_of_the_others(
    applied: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = applied
    (root / "secrets.yaml").write_text("# For CI.\nsecrets:\n  - key: OLD   # rotated\n")
    emulator.add("secrets", key="NEW", type="cookie", note="of CI")
    document = pull(devinops, root, "--unmanaged", "--only", "secret")
    assert [(file["path"], file["change"], file["keys"]) for file in document["files"]] == [
        ("secrets.yaml", "changed", ["secret:NEW"])
    ]
    assert (root / "secrets.yaml").read_text() == (
        "# For CI.\nsecrets:\n  - key: OLD   # rotated\n  - key: NEW\n    type: cookie\n    note: of CI\n"
    )


# --- files that a person saves meanwhile


@pytest.mark.parametrize("reading", [1, 2])
def test_what_a_person_saves_during_a_pull_stays_and_the_rest_is_written(
    applied: tuple[Emulator, Path],
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    reading: int,
) -> None:
    """Lists that do not prove that they are complete are read twice."""
    emulator, root = applied
    remove(emulator, "knowledge", "deploys")
    edit(emulator, "knowledge", "coffee", body="Fourth floor.")
    edit(emulator, "knowledge", "tea", trigger="Edited")
    saved = {"knowledge/deploys.md": PAGE.replace("make", "saved"), "texts/coffee.txt": "Saved."}
    readings: list[Snapshot] = []
    original = Session.snapshot

    def read_and_save(self: Any, *arguments: Any, **options: Any) -> Snapshot:
        readings.append(original(self, *arguments, **options))
        if len(readings) == reading:
            if reading == 2:  # the changes of the first reading are prepared meanwhile
                until(lambda: list((root / ".devinops").glob("prepared-*.tmp")))
            plant(root, saved)
            return readings[-1]
        return replace(readings[-1], unverified=frozenset({"knowledge"}))

    monkeypatch.setattr(Session, "snapshot", read_and_save)
    document = pull(devinops, root, "--drift")
    assert (len(readings), document["exit_code"]) == (reading, 4)
    assert [file["path"] for file in document["files"]] == ["knowledge/kitchen.yaml"]
    assert "trigger: Edited" in (root / "knowledge" / "kitchen.yaml").read_text()
    assert {path: (root / path).read_text() for path in saved} == saved
    coffee, deploys = document["left"]
    assert (coffee["key"], coffee["why"]) == ("knowledge:Coffee", "saved-meanwhile")
    assert coffee["reason"] == (
        "texts/coffee.txt changed while devinops ran, so it was left as it is: run again"
    )
    assert deploys["key"] == "knowledge:Deploys"
    # Before the first list has arrived, nothing was decided about the file that was saved.
    assert deploys["why"] == ("not-committed" if reading == 1 else "saved-meanwhile")


def test_a_folder_that_no_file_names_alone_follows_those_below_it(
    tmp_path: Path, use: Callable[..., None], devinops: Devinops
) -> None:
    note = {"name": "N", "trigger": "t", "body": "b", "folder": "Sales/EU"}
    folders = [{"path": path} for path in ("Sales", "Sales/EU")]
    with Emulator({"organizations": {"org-emulator": {"folders": folders}}}) as e:
        use(e.url)
        plant(
            tmp_path, {"devinops.yaml": CONFIG, "knowledge.yaml": json.dumps({"knowledge": [note]})}
        )
        assert devinops("apply", "-C", tmp_path, "--yes").code == 0
        ids = {folder["path"].strip("/"): folder["folder_id"] for folder in e.folders()}
        edit(e, "folders", ids["Sales"], path="Trade")
        above, below = (item["reason"] for item in pull(devinops, tmp_path, "--drift")["left"])
    assert above == (
        "its path in the web app is Trade: follow the folders below it, or rename it back"
    )
    assert "it moves with folder:Sales; write it at knowledge.yaml:1:" in below


FOLLOWED: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    # Folder of a note → its directory in the repository; folder → its new path; `paths`
    "some below others": (
        dict.fromkeys(
            [
                "Backend",
                "Backend/APIs",
                "Backend/Queues",
                "Ops/On call",
                "Web/Pages",
                "Web/Forms/New",
            ],
            "",
        ),
        {
            "Backend": "Platform",
            "Backend/Queues": "Platform/Topics",
            "Ops/On call": "Duty/Now",
            "Web": "Site",  # only its folders have notes
            "Web/Forms": "Site/Fields",
        },
        "",
    ),
    "upside down": ({"A/B": "", "A": ""}, {"A/B": "B", "A": "B/A"}, ""),
    "into one that is renamed too": ({"D/B": "", "B": ""}, {"D/B": "D/C", "B": "D/C/B"}, ""),
    "into a directory that is there": ({"A": ""}, {"A": "Notes"}, ""),
    "in a directory of its own": ({"A": "team/"}, {"A": "N"}, "team/**"),
    "out of one that keeps its directory": ({"A/X": ""}, {"A/X": "Y", "A": "A: B"}, ""),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("notes", "renames", "paths"), FOLLOWED.values(), ids=FOLLOWED)
def test_files_moved_as_the_report_says_follow_renamed_folders(
    tmp_path: Path,
    use: Callable[..., None],
    devinops: Devinops,
    notes: dict[str, str],
    renames: dict[str, str],
    paths: str,
) -> None:
    config = CONFIG + (f"paths: ['{paths}']\n" if paths else "")
    files = {
        f"{top}knowledge/{folder}/n{number}.md": f"---\nname: N{number}\ntrigger: t\n---\nb\n"
        for number, (folder, top) in enumerate(notes.items())
    }
    plant(tmp_path, {**files, "devinops.yaml": config, "knowledge/Notes/README.md": "Read me."})
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    everywhere = {*notes, *renames, "Duty"}
    with Emulator(
        {"organizations": {"org-emulator": {"folders": _with_those_above(everywhere)}}}
    ) as e:
        use(e.url)
        assert devinops("apply", "-C", tmp_path, "--yes").code == 0
        next(tmp_path.rglob("n0.md")).with_name("README.md").touch()  # not tracked
        ids = {folder["path"].strip("/"): folder["folder_id"] for folder in e.folders()}
        for old, new in renames.items():
            edit(e, "folders", ids[old], path=new)
        left = pull(devinops, tmp_path, "--drift")["left"]
        for item in left:
            move_files(tmp_path, item["reason"])
        assert left
        assert pull(devinops, tmp_path, "--drift")["left"] == []
        plan = plan_of(devinops, tmp_path)
        assert (plan["changes"], plan["blocked"]) == ([], [])


def test_all_files_of_an_entry_of_several_layers_follow_a_renamed_folder(
    tmp_path: Path, use: Callable[..., None], devinops: Devinops
) -> None:
    files = {
        "devinops.yaml": CONFIG + "layers: [{path: 'orgs/{name}'}]\n",
        "knowledge/A/n.md": "---\nname: N\ntrigger: t\n---\nb\n",
        "orgs/production/knowledge/A/n.md": "---\nname: N\nextends: true\ntrigger: t2\n---\n",
    }
    plant(tmp_path, files)
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    with Emulator({"organizations": {"org-emulator": {"folders": [{"path": "A"}]}}}) as e:
        use(e.url)
        assert devinops("apply", "-C", tmp_path, "--yes").code == 0
        edit(e, "folders", e.folders()[0]["folder_id"], path="B")
        (left,) = pull(devinops, tmp_path, "--drift")["left"]
        move_files(tmp_path, left["reason"])
        assert plan_of(devinops, tmp_path)["changes"] == []


def _with_those_above(paths: Iterable[str]) -> list[dict[str, str]]:
    above = {path[:end] for path in paths for end in range(len(path)) if path[end] == "/"}
    return [{"path": path} for path in sorted({*paths, *above})]


def test_a_folder_that_no_directory_can_be_called_like_is_written_into_its_entries(
    tmp_path: Path, use: Callable[..., None], devinops: Devinops
) -> None:
    note = "---\nname: N\ntrigger: t\n---\nb\n"
    plant(tmp_path, {"devinops.yaml": CONFIG, "knowledge/A/n.md": note})
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    with Emulator({"organizations": {"org-emulator": {"folders": [{"path": "A"}]}}}) as e:
        use(e.url)
        assert devinops("apply", "-C", tmp_path, "--yes").code == 0
        edit(e, "folders", e.folders()[0]["folder_id"], path="A: B")
        (left,) = pull(devinops, tmp_path, "--drift")["left"]
        assert left["reason"] == (
            "its path in the web app is A: B: no directory can have this name, so write it as "
            "folder at knowledge/A/n.md:1:1, or rename it back"
        )
        plant(tmp_path, {"knowledge/A/n.md": note.replace("trigger", 'folder: "A: B"\ntrigger')})
        assert plan_of(devinops, tmp_path)["changes"] == []
