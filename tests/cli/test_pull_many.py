"""Pull from many targets: real HTTP, one run, and files whose plan is empty everywhere."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from devinops.emulator import Emulator
from devinops.schema.all_schemas import schemas
from devinops.schema.findings import validator
from tests.testing import inventories
from tests.testing.command_line import Devinops, Write, run_quietly
from tests.testing.inventories import git
from tests.testing.tree import note, plant, snapshot

pytestmark = pytest.mark.matrix  # each test runs over several targets

ORGANIZATIONS = ("org-a", "org-b", "org-c")
LAYERS = [{"path": "layers/eu", "where": {"region": "eu"}}, {"path": "orgs/{name}"}]


def item(name: str, body: str = "b", org: str = "", **more: str) -> dict[str, str]:
    own_id = {"id": f"{name}-{org}"} if org else {}
    return {"name": name, "trigger": "t", "body": body, **own_id, **more}


def seed(**notes: list[dict[str, str]]) -> dict[str, Any]:
    return {"organizations": {f"org-{name}": {"knowledge": own} for name, own in notes.items()}}


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    """Every organization has All, a and b share Both, each has Own, and only c has Alone."""
    own = {
        name: [
            item("All", org=name),
            item("Own", body=f"Of {name}.", org=name),
            *([item("Alone", org=name)] if name == "c" else [item("Both", org=name)]),
        ]
        for name in "abc"
    }
    with Emulator(seed(**own)) as running:
        use(running.url, "cog_enterprise")
        yield running


def config(layers: list[dict[str, Any]] = LAYERS, **more: dict[str, Any]) -> str:
    targets: dict[str, Any] = {
        org[-1]: {"org_id": org, "labels": {"region": "us" if org == "org-c" else "eu"}}
        for org in ORGANIZATIONS
    }
    document = {
        "version": 1,
        "defaults": {"inventory": {"store": "file"}, "prune": "owned"},
        "layers": layers,
        "targets": targets | more,
    }
    return yaml.safe_dump(document, sort_keys=False)


@pytest.fixture
def root(repository: Write) -> Path:
    return repository({"devinops.yaml": config(), "layers/eu/.gitkeep": ""})


@pytest.fixture
def applied(root: Path, emulator: Emulator, devinops: Devinops) -> Path:
    """The files of all organizations, pulled, committed and applied."""
    git(root, "init", "--quiet")
    assert devinops("pull", "-C", root, "-t", "all").code == 0
    commit(root)
    assert devinops("apply", "-C", root, "-t", "all", "--yes").code == 0
    emulator.clear_requests()
    return root


def commit(root: Path) -> None:
    git(root, "add", "-A")
    inventories.commit(root, "-m", "x")


def files(root: Path) -> set[str]:
    return {path for path in snapshot(root) if path.endswith((".md", ".yaml"))} - {"devinops.yaml"}


def assert_canonical(devinops: Devinops, root: Path) -> None:
    paths = [root / path for path in sorted(files(root))]
    ran = devinops("fmt", "-C", root, "--check", *paths)
    assert ran.code == 0, ran
    assert devinops("validate", "-C", root).code == 0


def assert_nothing_to_do(devinops: Devinops, root: Path) -> None:
    ran = devinops("plan", "-C", root, "-t", "all", "--detailed-exitcode")
    assert (ran.code, "nothing to change.\n" in ran.out[-80:]) == (0, True), ran.out


# --- new files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (
            LAYERS,
            {
                "knowledge/all.md": None,
                "layers/eu/knowledge/both.md": None,
                "orgs/a/knowledge/own.md": None,
                "orgs/b/knowledge/own.md": None,
                "orgs/c/knowledge/own.md": None,
                "orgs/c/knowledge/alone.md": None,
            },
        ),
        (
            [*LAYERS[1:], {"path": "layers/eu", "where": {"region": "us"}}],
            {
                "knowledge/all.md": None,
                "orgs/a/knowledge/both.md": None,
                "orgs/b/knowledge/both.md": None,
                "orgs/a/knowledge/own.md": None,
                "orgs/b/knowledge/own.md": None,
                "orgs/c/knowledge/own.md": None,
                "orgs/c/knowledge/alone.md": None,
            },
        ),
        (
            [],
            {
                "knowledge/all.md": None,
                "knowledge/both.md": ["a", "b"],
                "knowledge/own.md": ["a"],
                "knowledge/own-2.md": ["b"],
                "knowledge/own-3.md": ["c"],
                "knowledge/alone.md": ["c"],
            },
        ),
    ],
    ids=["layers", "a-label-of-one-target", "no-layers"],
)
def test_each_entry_is_written_once_for_exactly_the_targets_that_have_it(
    repository: Write,
    emulator: Emulator,
    devinops: Devinops,
    layers: list[dict[str, Any]],
    expected: dict[str, Any],
) -> None:
    root = repository({"devinops.yaml": config(layers)})
    if layers is not LAYERS:
        repository({"layers/eu/.gitkeep": ""})  # nothing is written into it
    check = devinops("pull", "-C", root, "-t", "all", "--check")
    assert (check.code, files(root)) == (2, set())
    ran = devinops("pull", "-C", root, "-t", "all")
    assert (ran.code, ran.err) == (0, "")
    number = len(expected)
    assert ran.out.endswith(f"wrote {number} files with {number} entries · 3 organizations\n")
    assert files(root) == {*expected}
    for path, targets in expected.items():
        front = yaml.safe_load((root / path).read_text().split("---")[1])
        assert front.get("targets") == targets
    assert_canonical(devinops, root)
    assert devinops("apply", "-C", root, "-t", "all", "--yes").code == 0
    assert_nothing_to_do(devinops, root)
    again = devinops("pull", "-C", root, "-t", "all", "--unmanaged", "--drift")
    assert (again.code, again.out) == (0, "nothing to write · 3 organizations\n")


def test_what_two_organizations_share_is_for_all_even_if_a_layer_is_for_both(
    repository: Write, emulator: Emulator, devinops: Devinops
) -> None:
    two = yaml.safe_load(config())
    del two["targets"]["c"]
    root = repository({"devinops.yaml": yaml.safe_dump(two), "layers/eu/.gitkeep": ""})
    assert devinops("pull", "-C", root, "-t", "all").code == 0
    shared = {f"knowledge/{name}.md" for name in ("all", "both")}
    assert files(root) == {*shared, "orgs/a/knowledge/own.md", "orgs/b/knowledge/own.md"}


@pytest.mark.parametrize("target", ["all", "c"])
def test_only_pull_may_lack_the_directory_of_a_layer(
    repository: Write, emulator: Emulator, devinops: Devinops, target: str
) -> None:
    layers = [LAYERS[0], {"path": "deep/us", "where": {"region": "us"}}]
    root = repository({"devinops.yaml": config(layers), "knowledge/mine.md": note("Mine")})
    missing = "error: layers/eu: this directory does not exist: create it, or remove the layer"
    for command in (
        "validate",
        "plan -t all",
        f"import {root}/devinops.yaml",
        "inventory repair -t c",
    ):
        ran = devinops(*command.split(), "-C", root)
        assert (ran.code, missing in ran.out + ran.err) == (1, True), (command, ran)
    assert devinops("pull", "-C", root, "-t", target).code == 0
    assert (root / "deep/us/knowledge/alone.md").is_file()
    assert (root / "layers/eu").is_dir() == (target == "all")
    assert (devinops("validate", "-C", root).code == 0) == (target == "all")


@pytest.mark.parametrize("what", ["file", "link", "link above", "link to nothing"])
def test_what_is_in_the_place_of_a_layer_stays(
    repository: Write, emulator: Emulator, devinops: Devinops, what: str
) -> None:
    root = repository({"devinops.yaml": config(), "elsewhere/eu/.gitkeep": ""})
    place = root / "layers" if what == "link above" else root / "layers/eu"
    place.parent.mkdir(exist_ok=True)
    if what == "file":
        place.write_text("")
    else:
        place.symlink_to(root / {"link": "elsewhere/eu", "link above": "elsewhere"}.get(what, "x"))
    ran = devinops("pull", "-C", root, "-t", "all")
    why = "this is a file: expected a" if what == "file" else "a symbolic link cannot be a layer or"
    assert (ran.code, f"layers/eu: {why}" in ran.err) == (1, True), ran
    assert files(root) == set()


def test_what_one_target_has_goes_to_no_other(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    assert devinops("pull", "-C", root, "-t", "a").code == 0
    assert files(root) == {f"orgs/a/knowledge/{name}.md" for name in ("all", "both", "own")}
    assert devinops("pull", "-C", root, "-t", "region=eu").code == 0
    assert "layers/eu/knowledge/all.md" not in files(root)
    assert {path for path in files(root) if not path.startswith("orgs/")} == set()


def test_an_enterprise_does_not_count_as_an_organization(
    repository: Write, emulator: Emulator, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": config([], everyone={"enterprise": True})})
    ran = devinops("pull", "-C", root, "-t", "all")
    assert "targets:" not in (root / "knowledge/all.md").read_text()
    assert ran.out.endswith("· 4 targets\n")


def test_a_key_is_pulled_from_the_targets_that_have_it(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    ran = devinops("pull", "-C", root, "-t", "all", "knowledge:Alone")
    assert (ran.code, files(root)) == (0, {"orgs/c/knowledge/alone.md"})
    ran = devinops("pull", "-C", root, "-t", "all", "knowledge:Nobody")
    assert (ran.code, "nothing has the key knowledge:Nobody" in ran.err) == (64, True)


def test_what_all_have_refers_to_what_each_has_its_own(
    tmp_path: Path, repository: Write, use: Callable[..., None], devinops: Devinops
) -> None:
    start = {"type": "start_session", "prompt": 'Do @playbook:"Triage" now.'}
    automation = {
        "name": "Triage pushes",
        "triggers": [{"event_type": "github:push"}],
        "actions": [start],
    }
    declared = repository(
        {
            "devinops.yaml": config([{"path": "orgs/{name}"}]),
            "automations.yaml": yaml.safe_dump({"automations": [automation]}),
        }
        | {f"orgs/{n}/playbooks/t.md": f"---\ntitle: Triage\n---\nOf {n}.\n" for n in "abc"}
    )
    with Emulator(seed(a=[], b=[], c=[])) as running:
        use(running.url, "cog_enterprise")
        assert devinops("apply", "-C", declared, "-t", "all", "--yes", "--allow", "spend").code == 0
        root = plant(tmp_path / "new", {"devinops.yaml": config([{"path": "orgs/{name}"}])})
        ran = devinops("pull", "-C", root, "-t", "all")
        assert (ran.code, files(root)) == (
            0,
            {"automations.yaml", *(f"orgs/{name}/playbooks/triage.md" for name in "abc")},
        ), ran
        assert '@playbook:"Triage"' in (root / "automations.yaml").read_text()
        plan = json.loads(devinops("plan", "-C", root, "-t", "all", "--format", "json").out)
        assert {change["action"] for change in plan["changes"]} == {"adopt"}


# --- targets that cannot be read ------------------------------------------------------------------


def test_what_may_be_equal_everywhere_waits_for_a_target_that_cannot_be_read(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    emulator.faults = [{"path": "/v3/organizations/org-b/**", "fault": "status", "status": 404}]
    ran = devinops("pull", "-C", root, "-t", "all", "--format", "json")
    document = json.loads(ran.out)
    assert not list(validator(schemas()["pull"]).iter_errors(document))
    assert (ran.code, document["exit_code"]) == (3, 3)
    assert {item["name"]: item["exit_code"] for item in document["targets"]} == {
        "a": 4,
        "b": 1,
        "c": 4,
    }
    assert files(root) == {
        "orgs/a/knowledge/both.md",
        "orgs/a/knowledge/own.md",
        "orgs/c/knowledge/own.md",
        "orgs/c/knowledge/alone.md",
    }
    assert {(item["key"], item["why"], item["target"]) for item in document["left"]} == {
        ("knowledge:All", "not-read", None)
    }
    ran = devinops("pull", "-C", root, "-t", "all")
    words = " ".join(ran.out.split())
    assert ran.code == 1  # nothing was written this time
    assert "! could not read b: " in words
    assert (
        "! knowledge:All not-read: it is equal in all organizations that were read, but not "
        "written to the root, because b could not be read: pull again when that works" in words
    )
    assert words.endswith("nothing to write; 1 left to you; 1 target not read · 3 organizations")

    emulator.faults = []
    assert devinops("pull", "-C", root, "-t", "all").code == 0
    assert {"knowledge/all.md", "orgs/b/knowledge/both.md"} <= files(root)


def test_a_kind_that_one_key_may_not_read_is_written_for_nobody_else(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    emulator.faults = [
        {"path": "/v3/organizations/org-b/playbooks", "fault": "status", "status": 403}
    ]
    for org in ORGANIZATIONS[::2]:
        emulator.add("playbooks", org=org, title="Release", body="Tag it.")
    ran = devinops("pull", "-C", root, "-t", "all")
    assert ran.code == 4
    assert "! playbook was not read in b: " in " ".join(ran.out.split())
    assert "! playbook:Release not-read: " in ran.out
    assert "playbooks/release.md" not in files(root)


# --- drift ----------------------------------------------------------------------------------------


def test_an_edit_of_all_changes_the_entry_and_an_edit_of_some_the_layers_of_these(
    applied: Path, emulator: Emulator, devinops: Devinops
) -> None:
    for name in "abc":
        emulator.edit("knowledge", f"All-{name}", body="For all.")
    emulator.edit("knowledge", "All-c", trigger="When in c")
    emulator.edit("knowledge", "Both-a", body="Only a.")
    ran = devinops("pull", "-C", applied, "-t", "all", "--drift")
    assert (ran.code, ran.out) == (
        0,
        (
            "changed knowledge/all.md: body\n"
            "wrote orgs/a/knowledge/both.md\n"
            "wrote orgs/c/knowledge/all.md\n"
            "wrote 3 files with 3 entries · 3 organizations\n"
        ),
    )
    assert (applied / "knowledge/all.md").read_text().endswith("\n\nFor all.\n")
    assert (applied / "orgs/c/knowledge/all.md").read_text() == (
        "---\nname: All\ntrigger: When in c\nextends: true\n---\n"
    )
    assert_canonical(devinops, applied)
    assert_nothing_to_do(devinops, applied)


def test_one_target_alone_never_changes_the_entry_of_others(
    applied: Path, emulator: Emulator, devinops: Devinops
) -> None:
    for name in "abc":
        emulator.edit("knowledge", f"All-{name}", body="For all.")
    assert devinops("pull", "-C", applied, "-t", "a", "--drift").code == 0
    assert (applied / "knowledge/all.md").read_text().endswith("\n\nb\n")
    assert (applied / "orgs/a/knowledge/all.md").read_text().endswith("\n\nFor all.\n")


def test_an_edit_waits_for_a_target_that_cannot_be_read(
    applied: Path, emulator: Emulator, devinops: Devinops
) -> None:
    for name in "abc":
        emulator.edit("knowledge", f"All-{name}", body="For all.")
    emulator.faults = [{"path": "/v3/organizations/org-b/**", "fault": "status", "status": 404}]
    before = snapshot(applied)
    ran = devinops("pull", "-C", applied, "-t", "all", "--drift")
    assert (ran.code, snapshot(applied)) == (1, before)
    assert "is also for b, which could not be read: pull again" in " ".join(ran.out.split())


def test_without_a_layer_of_its_own_the_edit_of_one_is_left_to_a_person(
    applied: Path, emulator: Emulator, devinops: Devinops
) -> None:
    (applied / "devinops.yaml").write_text(config(LAYERS[:1]))
    shutil.rmtree(applied / "orgs")
    extends = "---\nname: All\ntrigger: In the EU\nextends: true\n---\n"
    (applied / "layers/eu/knowledge/all.md").write_text(extends)
    for name in "ac":
        emulator.edit("knowledge", f"All-{name}", body=f"Only {name}.")
    ran = devinops("pull", "-C", applied, "-t", "all", "--drift", "--only", "knowledge:All")
    assert (ran.code, "nothing to write" in ran.out) == (4, True)
    assert "in c, but its entry at knowledge/all.md:1:1 is also for a, b: " in " ".join(
        ran.out.split()
    )
    assert (
        "! knowledge:All (All-a) shared in a: changed outside devinops in a, but its entry at "
        "knowledge/all.md:1:1 is also for b, c: " in " ".join(ran.out.split())
    )


def test_what_both_sides_changed_is_merged_if_it_is_the_same_everywhere(
    applied: Path, emulator: Emulator, devinops: Devinops
) -> None:
    note = applied / "knowledge/all.md"
    long = "One.\n\nTwo.\n\nThree."
    note.write_text(note.read_text().replace("\nb\n", f"\n{long}\n"))
    commit(applied)
    assert devinops("apply", "-C", applied, "-t", "all", "--yes").code == 0
    note.write_text(note.read_text().replace("One.", "One, in Git."))
    for name in "abc":
        emulator.edit("knowledge", f"All-{name}", body=long.replace("Three.", "Three, there."))
    ran = devinops("pull", "-C", applied, "-t", "all", "--drift")
    assert ran.code == 4
    assert note.read_text().endswith("\n\nOne, in Git.\n\nTwo.\n\nThree, there.\n")
    assert (
        "! knowledge:All (All-a) merged in a: its body has the changes of both sides now"
        in " ".join(ran.out.split())
    )
    commit(applied)
    assert devinops("apply", "-C", applied, "-t", "all", "--yes").code == 0
    assert_nothing_to_do(devinops, applied)


def test_a_file_is_deleted_if_its_object_was_deleted_in_all_its_targets(
    applied: Path, emulator: Emulator, devinops: Devinops
) -> None:
    for name in ("Both-a", "Both-b", "All-a", "Own-c"):
        emulator.remove("knowledge", name)
    ran = devinops("pull", "-C", applied, "-t", "all", "--drift", "--only", "knowledge:[BO]*")
    assert (ran.code, "deleted 2 files" in ran.out) == (0, True), ran
    assert not (applied / "layers/eu/knowledge/both.md").exists()
    ran = devinops("pull", "-C", applied, "-t", "all", "--drift")
    assert (ran.code, (applied / "knowledge/all.md").exists()) == (4, True)
    assert "! knowledge:All (All-a) shared in a: deleted outside" in " ".join(ran.out.split())


def test_a_rename_is_written_only_if_it_is_possible_in_all_targets(
    applied: Path, emulator: Emulator, devinops: Devinops
) -> None:
    for name in "abc":
        emulator.edit("knowledge", f"All-{name}", name="Alone")
    before = snapshot(applied)
    ran = devinops("pull", "-C", applied, "-t", "all", "--drift")
    assert (ran.code, snapshot(applied)) == (4, before)
    words = " ".join(ran.out.split())
    assert "! knowledge:All (All-c, Alone-c) namesakes in c: it was renamed to " in words
    assert "knowledge/all.md:1:1 is also for b, c: make the same change there, or undo it" in words

    emulator.edit("knowledge", "Alone-c", name="Lonely")
    assert devinops("pull", "-C", applied, "-t", "all", "--drift").code == 4
    assert devinops("pull", "-C", applied, "-t", "all", "--drift").code == 0
    assert "name: Alone" in (applied / "knowledge/all.md").read_text()
    assert_nothing_to_do(devinops, applied)


@pytest.mark.parametrize("how", ["overrides: true\ntrigger: t", "extends: true", "ensure: absent"])
def test_an_entry_that_a_later_layer_changes_is_not_renamed_below_it(
    applied: Path, emulator: Emulator, devinops: Devinops, how: str
) -> None:
    body = "" if "absent" in how else "\nb\n"
    note = applied / "orgs/c/knowledge/all.md"
    note.write_text(f"---\nname: All\n{how}\n---\n{body}")
    if not body:
        emulator.remove("knowledge", "All-c")
    for name in "ab":
        emulator.edit("knowledge", f"All-{name}", name="New")
    ran = devinops("pull", "-C", applied, "-t", "all", "--drift")
    assert (ran.code, "name: All" in (applied / "knowledge/all.md").read_text()) == (4, True)
    assert "for b, c: make the same change there, or undo it" in " ".join(ran.out.split())
    ran = devinops("plan", "-C", applied, "-t", "all")
    # The note of c that is gone for its entry and in the web app is still in the inventory.
    changes = "nothing to change" if body else "1 forgotten record; 2 need nothing"
    assert (ran.code, f"{changes}; 2 changed outside" in ran.out) == (0, True), ran


def test_files_follow_a_folder_that_was_renamed_in_all_their_targets(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    for org in ORGANIZATIONS:
        emulator.add("folders", org=org, id=f"folder-{org}", path="Ops")
        emulator.add("knowledge", org=org, name="N", trigger="t", body="b", folder="Ops")
    assert devinops("pull", "-C", root, "-t", "all").code == 0
    assert devinops("apply", "-C", root, "-t", "all", "--yes").code == 0
    emulator.edit("folders", "folder-org-a", name="Run")
    ran = devinops("pull", "-C", root, "-t", "all", "--drift")
    assert (ran.code, "move the files" in ran.out) == (4, False)
    assert (
        "in a: its path in the web app is Run, but its entries are also for b, c, where it is not: "
        "rename it there too, or rename it back" in " ".join(ran.out.split())
    )
    for org in ORGANIZATIONS[1:]:
        emulator.edit("folders", f"folder-{org}", name="Run")
    ran = devinops("pull", "-C", root, "-t", "all", "--drift")
    assert "move the files of knowledge/Ops to knowledge/Run;" in " ".join(ran.out.split())


def test_what_is_left_says_where_a_target_can_differ(
    applied: Path, emulator: Emulator, devinops: Devinops
) -> None:
    emulator.remove("knowledge", "All-a")
    ran = devinops("pull", "-C", applied, "-t", "all", "--drift")
    assert "or write `ensure: absent` for it into orgs/a" in " ".join(ran.out.split())
    (applied / "orgs/a/knowledge/all.md").write_text("---\nname: All\nensure: absent\n---\n")
    assert (
        "1 of 3 organizations: 1 forgotten record;"
        in devinops("plan", "-C", applied, "-t", "all").out
    )

    for name in "bc":
        emulator.remove("knowledge", f"All-{name}")
    (applied / "orgs/a/knowledge/all.md").unlink()
    (applied / "knowledge/all.md").write_text("---\nname: All\ntrigger: t\n---\n\nb\n\n")
    ran = devinops("pull", "-C", applied, "-t", "all", "--drift")
    assert "! knowledge:All not-committed in a, b, c: deleted outside" in " ".join(ran.out.split())


def test_each_file_that_had_to_stay_is_named(
    applied: Path, emulator: Emulator, devinops: Devinops
) -> None:
    paths = [f"orgs/{name}/knowledge/own.md" for name in "ab"]
    for name in "abc":
        emulator.edit("knowledge", f"Own-{name}", body="New.")
    for path in paths:
        (applied / path).chmod(0o444)
    ran = devinops("pull", "-C", applied, "-t", "all", "--drift")
    assert (ran.code, ran.out.splitlines()[0]) == (4, "changed orgs/c/knowledge/own.md: body")
    for path in paths:
        assert f"! knowledge:Own unwritable: {path} is read-only, so it was left" in ran.out


def test_what_is_left_for_the_same_reason_is_one_row(applied: Path, devinops: Devinops) -> None:
    (applied / "knowledge/all.md").unlink()
    ran = devinops("pull", "-C", applied, "-t", "all")
    (row,) = [row for row in ran.out.splitlines() if row.startswith("!")]
    assert row.startswith("! knowledge:All not-declared in a, b, c: it is owned, but its entry was")
    assert row.endswith(" -t a knowledge:All")


# --- any organizations ----------------------------------------------------------------------------

NAMES = st.sampled_from(["Deploys", "Logs", "deploys", "Café"])
NOTES = st.lists(
    st.builds(
        item,
        NAMES,
        st.sampled_from(["b", "One.\n\nTwo."]),
        folder=st.sampled_from(["", "Backend/APIs"]),
    ),
    unique_by=lambda note: (note["name"], note["folder"]),
)
OTHERS = st.fixed_dictionaries(
    {
        "folders": st.sampled_from([[{"path": "Backend/APIs"}]]),
        "knowledge": NOTES,
        "playbooks": st.lists(
            st.fixed_dictionaries(
                {
                    "title": st.sampled_from(["Release", "Triage"]),
                    "body": st.sampled_from(["Tag it.", "Read.\n\nAct."]),
                }
            ),
            unique_by=lambda playbook: playbook["title"],
        ),
        "secrets": st.lists(
            st.fixed_dictionaries(
                {
                    "key": st.sampled_from(["NPM_TOKEN", "PYPI"]),
                    "type": st.just("key-value"),
                    "note": st.sampled_from(["", "For CI"]),
                }
            ),
            unique_by=lambda secret: secret["key"],
        ),
    }
)


@settings(max_examples=6)
@given(
    organizations=st.lists(OTHERS, min_size=2, max_size=3),
    layers=st.sampled_from([[], LAYERS[1:]]),
    edits=st.lists(st.tuples(st.integers(0, 2), NAMES), max_size=3),
)
def test_after_a_pull_of_any_organizations_no_plan_changes_anything(
    organizations: list[dict[str, Any]],
    layers: list[dict[str, Any]],
    edits: list[tuple[int, str]],
) -> None:
    orgs = {f"org-{n}": own for n, own in enumerate(organizations)}
    document = {
        "version": 1,
        "defaults": {"inventory": {"store": "file"}, "prune": "owned"},
        "layers": layers,
        "targets": {org: {"org_id": org} for org in orgs},
    }
    with Emulator({"organizations": orgs}) as emulator, tempfile.TemporaryDirectory() as path:
        root = plant(Path(path), {"devinops.yaml": yaml.safe_dump(document)})
        environ = {"DEVIN_API_URL": emulator.url, "DEVIN_API_KEY": "cog_enterprise"}

        def run(*words: str) -> str:
            code, out, err = run_quietly([words[0], "-C", path, "-t", "all", *words[1:]], environ)
            assert code == 0, (out, err)
            return out

        run("pull")
        assert b"previously" not in b"".join(snapshot(root).values())
        if any(any(own.values()) for own in organizations):
            plan = json.loads(run("plan", "--format", "json"))
            actions = {change["action"] for change in plan["changes"]}
            assert actions <= {"adopt"}
            run("apply", "--yes")
            for number, name in edits:
                for live in emulator.knowledge(f"org-{number % len(orgs)}"):
                    if live["name"] == name:
                        emulator.edit("knowledge", live["note_id"], body="Edited.")
            if layers:
                run("pull", "--drift")
                assert "changed outside" not in run("plan")
            run("plan", "--detailed-exitcode")
        assert run("pull").startswith("nothing to write")
