"""Many targets: listed, selected, held, and compared with the organizations of the enterprise."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.api.organizations import Organization
from devinops.cli.handlers.discover_targets import LONGEST_NAME, compare
from devinops.config.reading import read_project
from devinops.emulator import Emulator
from devinops.render.terminal import columns
from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import commit, git

pytestmark = pytest.mark.matrix  # each test runs over several targets

SEED = {
    "organizations": {
        "org-1": {"name": "Payments"},
        "org-2": {"name": "Shipping EU"},
        "org-3": {"name": "shipping (eu)"},
    },
    "keys": {
        "cog_lists": {"org": None, "permissions": ["ManageOrganizations"]},
        "cog_reads": {"org": None, "permissions": ["ManageAccountKnowledge"]},
    },
}
CONFIG = """\
version: 1
defaults: {inventory: {store: file}, prune: owned}
targets: fleet/targets.yaml
"""
TARGETS = """\
# Reviewed by platform.
targets:
  pay:
    title: Payments  # the first one
    org_id: org-1
    labels: {ring: canary, region: eu}
  ship:
    org_id: org-2
    labels: {ring: early}
    api_key_env: DEVIN_KEY_SHIP
    hold: waits for the audit

  everyone: {enterprise: true}
"""
NOTE = "---\nname: A\ntrigger: When deploying\n---\nRun make.\n"


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(SEED) as running:
        use(running.url, "cog_enterprise")
        yield running


@pytest.fixture
def root(repository: Write) -> Path:
    return repository(
        {"devinops.yaml": CONFIG, "fleet/targets.yaml": TARGETS, "knowledge/a.md": NOTE}
    )


def document(devinops: Devinops, *words: Any) -> Any:
    return json.loads(devinops(*words, "--format", "json").out)


# --- the list -------------------------------------------------------------------------------------


def test_the_targets_are_listed_in_the_order_of_the_file(root: Path, devinops: Devinops) -> None:
    assert devinops("targets", "-C", root).out == (
        "NAME      TITLE     ORGANIZATION  LABELS                 KEY VARIABLE\n"
        "pay       Payments  org-1         ring=canary region=eu  DEVIN_API_KEY\n"
        "ship      -         org-2         ring=early             DEVIN_KEY_SHIP\n"
        "    held: waits for the audit\n"
        "everyone  -         (enterprise)  -                      DEVIN_API_KEY\n"
        "3 targets, 1 held\n"
    )
    assert devinops("targets", "-C", root, "--names", "-t", "ring=early", "-t", "pay").out == (
        "pay\nship\n"
    )
    (ship,) = document(devinops, "targets", "-C", root, "-t", "ship")["targets"]
    assert ship == {
        "name": "ship",
        "title": None,
        "org_id": "org-2",
        "enterprise": False,
        "labels": {"ring": "early"},
        "layers": [],
        "hold": "waits for the audit",
        "api_key_env": "DEVIN_KEY_SHIP",
        "source": {"file": "fleet/targets.yaml", "line": 7, "column": 3},
    }


def test_the_layers_of_a_target_are_listed_in_their_order(
    root: Path, repository: Write, devinops: Devinops
) -> None:
    layers = 'layers: [{path: "orgs/{name}"}, {path: eu, where: {region: eu}}]\n'
    entry = "knowledge: [{name: X, trigger: t, body: b, overrides: true}]\n"
    files = {"orgs/pay/knowledge.yaml": entry, "eu/knowledge.yaml": entry}
    repository({"devinops.yaml": CONFIG + layers, **files})
    listed = devinops("targets", "-C", root, "-t", "pay", "-t", "ship").out
    assert "  orgs/pay eu  DEVIN_API_KEY\n" in listed
    pay, ship = document(devinops, "targets", "-C", root, "-t", "pay", "-t", "ship")["targets"]
    assert (pay["layers"], ship["layers"]) == (["orgs/pay", "eu"], [])


@pytest.mark.parametrize("number", [2, 40])
def test_the_list_fits_eighty_columns_and_has_every_word(
    repository: Write, devinops: Devinops, number: int
) -> None:
    targets = {
        f"team-with-a-long-name-{i:02}": {
            "title": "支付团队 " * i if i % 2 else "Payments",
            "org_id": f"org-{i:032x}",
            "labels": {f"label-{label}": f"value-{label}-of-{i}" for label in range(i % 7)},
            **({"hold": "waits for the audit of " + "all papers, " * 9} if i % 10 == 1 else {}),
        }
        for i in range(number)
    }
    layers = [{"path": "eu", "where": {"label-0": "value-0-of-1"}}, {"path": "orgs/{name}"}]
    config = {"version": 1, "targets": targets, "layers": layers}
    entry = "knowledge: [{name: X, trigger: t, body: b, overrides: true}]\n"
    files = {f"orgs/{name}/knowledge.yaml": entry for name in targets} | {
        "eu/knowledge.yaml": entry
    }
    root = repository({"devinops.yaml": yaml.safe_dump(config, sort_keys=False), **files})
    listed = devinops("targets", "-C", root).out
    assert max(map(columns, listed.splitlines())) <= 80
    for target in targets.values():
        words = [*target["title"].split(), target["org_id"], *target.get("hold", "").split()]
        words += [f"{label}={value}" for label, value in target["labels"].items()]
        assert not [word for word in words if word not in listed]
    assert listed.endswith(
        "Each also has a layer of its own, which comes last\n"
        "API keys from DEVIN_API_KEY\n"
        f"{number} targets, {len(range(1, number, 10))} held\n"
    )
    assert "orgs/" not in listed
    assert re.search("(  |layers: )eu$", listed, re.MULTILINE)


def test_without_targets_the_list_is_empty(repository: Write, devinops: Devinops) -> None:
    assert devinops("targets", "-C", repository({})).out == "0 targets\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--check"], "The option --check cannot come before the command"),
        (["discover", "--names"], "There is no option --names."),
        (["discover", "--affected", "main"], "There is no option --affected."),
        (["-t", "ring=x"], "no target has ring=x"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(
    root: Path, devinops: Devinops, words: list[str], message: str
) -> None:
    ran = devinops("targets", *words, "-C", root)
    assert (ran.code, ran.out) == (64, "")
    assert message in " ".join(ran.err.split())


# --- selecting ------------------------------------------------------------------------------------


def test_several_targets_are_never_reduced_to_one_in_silence(
    root: Path, devinops: Devinops, emulator: Emulator
) -> None:
    ran = devinops("pull", "-C", root)
    assert ran.code == 64
    assert (
        "plan, apply, drift, rollback, pull and insight also take several, such as --target all"
        in " ".join(ran.err.split())
    )
    ran = devinops("inventory", "list", "-C", root, "-t", "all")
    assert ran.code == 64
    assert "but this command works on one at a time: choose one" in " ".join(ran.err.split())
    assert emulator.requests == []


def test_a_selector_of_one_target_works_in_every_command(
    root: Path, devinops: Devinops, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert devinops("plan", "-C", root, "-t", "ring=canary").out.endswith(
        "Plan for pay (organization org-1): 1 to create.\n"
    )
    assert devinops("inventory", "list", "-C", root, "-t", "ring=canary").code == 0
    monkeypatch.setenv("DEVINOPS_TARGET", "all")
    assert "--target selects 3 targets" in devinops("inventory", "list", "-C", root).err


# --- hold -----------------------------------------------------------------------------------------


@pytest.fixture
def held(repository: Write) -> Path:
    target = "targets: {ship: {org_id: org-2, inventory: {store: file}, hold: waits for the audit}}"
    return repository({"devinops.yaml": f"version: 1\n{target}\n", "knowledge/a.md": NOTE})


def test_a_held_target_is_planned_and_never_written(
    held: Path, devinops: Devinops, emulator: Emulator, tmp_path: Path
) -> None:
    why = "waits for the audit (devinops.yaml:2:65)"
    reports = [f"--report={name}={tmp_path / name}" for name in ("markdown", "html", "outputs")]
    ran = devinops("plan", "-C", held, "--detailed-exitcode", *reports)
    assert ran.code == 0
    assert f"! held, nothing will be applied: {why}\n" in ran.out
    assert ran.out.endswith("Plan for ship (organization org-2): held, 1 to create.\n")
    markdown = (tmp_path / "markdown").read_text()
    assert "**Held: nothing will be applied**" in markdown
    assert "waits for the audit" in markdown
    assert "Held: nothing will be applied" in (tmp_path / "html").read_text()
    assert "digest=\n" in (tmp_path / "outputs").read_text()
    assert document(devinops, "plan", "-C", held)["targets"][0]["message"] == why

    ran = devinops("apply", "-C", held, "--yes")
    assert ran.code == 4
    assert f"the target ship is held, nothing was written: {why}; to lift this, remove `hold`" in (
        " ".join(ran.err.split())
    )
    assert [r for r in emulator.requests if r["method"] != "GET"] == []


def test_a_saved_plan_of_a_held_target_says_so_and_is_not_applied(
    held: Path, devinops: Devinops, emulator: Emulator, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    devinops("plan", "-C", held, "--out", plan)
    assert "! held, nothing will be applied: waits" in devinops("show", plan).out
    assert devinops("apply", plan, "-C", held).code == 4


def test_a_rollback_of_a_held_target_writes_nothing(
    held: Path, devinops: Devinops, emulator: Emulator
) -> None:
    config = held / "devinops.yaml"
    config.write_text(config.read_text().replace(", hold: waits for the audit", ""))
    assert devinops("apply", "-C", held, "--yes").code == 0
    (held / "knowledge" / "a.md").write_text(NOTE.replace("make", "just"))
    assert devinops("apply", "-C", held, "--yes").code == 0
    config.write_text(config.read_text().replace("org-2", "org-2, hold: x"))
    ran = devinops("rollback", "latest", "-C", held, "--yes")
    assert (ran.code, "the target ship is held" in ran.err) == (4, True)


# --- renamed targets ------------------------------------------------------------------------------


RENAMED = "version: 1\ntargets: {%s: {org_id: org-1, inventory: {store: %s}%s}}\n"


def billing(repository: Write, devinops: Devinops, tmp_path: Path, store: str) -> Path:
    """Return a repository that was applied to its only target, billing."""
    root = repository({"devinops.yaml": RENAMED % ("billing", store, ""), "knowledge/a.md": NOTE})
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(root, "init", "-q", "-b", "main")
    git(root, "remote", "add", "origin", "../remote.git")
    commit(root, "--allow-empty", "-m", "x")
    git(root, "push", "-q", "origin", "main")
    assert devinops("apply", "-C", root, "--yes").code == 0
    return root


STORES = pytest.mark.parametrize(
    "store", ["file", pytest.param("branch", marks=pytest.mark.nightly)]
)


@pytest.mark.parametrize("store", ["file", "branch"])
def test_an_inventory_of_the_same_organization_suggests_the_old_name(
    repository: Write, devinops: Devinops, emulator: Emulator, tmp_path: Path, store: str
) -> None:
    root = billing(repository, devinops, tmp_path, store)
    suggestion = "if billing is now pay, add previously: [billing] to pay, which then owns what"

    def suggests(name: str, more: str = "", *options: str) -> bool:
        (root / "devinops.yaml").write_text(RENAMED % (name, store, more))
        ran = devinops("plan", "-C", root, *options)
        assert ran.code == 0, ran
        return suggestion in " ".join(ran.out.split())

    assert suggests("pay")
    assert suggests("pay", "}, other: {org_id: org-2", "-t", "all")
    assert not suggests("billing")
    assert not suggests("pay", ", previously: [billing]")
    (root / "devinops.yaml").write_text((RENAMED % ("pay", store, "")).replace("org-1", "org-2"))
    assert "previously" not in devinops("plan", "-C", root).out
    if store == "file":
        (root / ".devinops" / "a.jsonl").write_text("damaged")
        assert suggests("pay")
        (root / ".devinops" / "b.jsonl").write_bytes(b"\xff")
        assert not suggests("pay")
        (root / ".devinops" / "b.jsonl").unlink()
    assert suggests("pay")
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert not suggests("pay")


@STORES
def test_a_renamed_target_keeps_its_inventory(
    repository: Write, devinops: Devinops, emulator: Emulator, tmp_path: Path, store: str
) -> None:
    root = billing(repository, devinops, tmp_path, store)
    (root / "devinops.yaml").write_text(RENAMED % ("pay", store, ", previously: [x, billing]"))
    assert ", 1 owned\n" in " ".join(
        devinops("plan", "-C", root).out.partition("\nS")[0].split(" ")
    )
    (root / "knowledge" / "a.md").write_text(NOTE.replace("name: A", "name: B"))
    ran = devinops("apply", "-C", root, "--yes")
    assert ran.out.endswith("Applied to pay (organization org-1): 1 done.\n")
    assert [note["name"] for note in emulator.knowledge("org-1")] == ["B"]
    if store == "file":
        names = {path.name for path in (root / ".devinops").glob("*.jsonl")}
    else:
        names = {*git(tmp_path / "remote.git", "ls-tree", "--name-only", "devinops").split()}
    assert names == {"pay.jsonl"}


@STORES
def test_the_inventory_of_a_renamed_target_moves_although_nothing_else_changes(
    repository: Write, devinops: Devinops, emulator: Emulator, tmp_path: Path, store: str
) -> None:
    """Otherwise the objects would no longer be owned once `previously` is removed."""
    config = "version: 1\ntargets: {%s: {org_id: org-1, prune: owned, inventory: {store: %s}%s}}\n"
    files = {"devinops.yaml": config % ("billing", store, ""), "knowledge/a.md": NOTE}
    root = repository(files | {"knowledge/b.md": NOTE.replace("name: A", "name: B")})
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(root, "init", "-q", "-b", "main")
    git(root, "remote", "add", "origin", "../remote.git")
    commit(root, "--allow-empty", "-m", "x")
    git(root, "push", "-q", "origin", "main")
    assert devinops("apply", "-C", root, "--yes").code == 0
    settings = root / "devinops.yaml"
    settings.write_text(config % ("pay", store, ", previously: [billing]"))
    plan = tmp_path / "plan.json"
    planned = devinops("plan", "-C", root, "--detailed-exitcode", "--out", plan)
    assert planned.code == 2
    assert "still has the old name billing of this target: apply renames it" in planned.out
    assert "nothing to change; the inventory to rename; 2 unchanged." in planned.out
    settings.write_text(config % ("pay", store, ""))
    assert devinops("apply", plan, "-C", root).code == 5
    settings.write_text(config % ("pay", store, ", previously: [billing]"))
    ran = devinops("apply", plan, "-C", root)
    assert (ran.code, ran.out.splitlines()[-1]) == (
        0,
        "Applied to pay (organization org-1): the inventory renamed.",
    )
    settings.write_text(config % ("pay", store, ""))
    (root / "knowledge" / "b.md").unlink()
    after = devinops("plan", "-C", root, "--detailed-exitcode")
    assert (after.code, "- knowledge:B" in after.out) == (2, True)


def test_a_rollback_with_nothing_to_restore_does_not_announce_the_new_name(
    repository: Write, devinops: Devinops, emulator: Emulator
) -> None:
    """It writes nothing, so the inventory keeps its old name."""
    config = "version: 1\ntargets: {%s: {org_id: org-1, inventory: {store: file}%s}}\n"
    root = repository({"devinops.yaml": config % ("billing", ""), "knowledge/a.md": NOTE})
    assert devinops("apply", "-C", root, "--yes").code == 0
    (root / "knowledge" / "a.md").write_text(NOTE.replace("make", "just"))
    assert devinops("apply", "-C", root, "--yes").code == 0
    (saved,) = (root / ".devinops" / "backups").glob("*.jsonl")
    assert devinops("rollback", saved, "-C", root, "--yes").code == 0
    (root / "devinops.yaml").write_text(config % ("pay", ", previously: [billing]"))
    ran = devinops("rollback", saved, "-C", root, "--yes")
    assert (ran.code, "rename" in ran.out) == (0, False)
    assert ran.out.endswith("Applied to pay (organization org-1): nothing to do.\n")
    assert [path.name for path in (root / ".devinops").glob("*.jsonl")] == ["billing.jsonl"]


def test_the_inventories_of_several_renamed_targets_move_together(
    repository: Write, devinops: Devinops, emulator: Emulator
) -> None:
    config = (
        "version: 1\ndefaults: {inventory: {store: file}}\n"
        "targets: {%s: {org_id: org-1%s}, %s: {org_id: org-2%s}}\n"
    )
    root = repository({"devinops.yaml": config % ("a", "", "b", ""), "knowledge/a.md": NOTE})
    assert devinops("apply", "-C", root, "-t", "all", "--yes").code == 0
    previously = (", previously: [a]", ", previously: [b]")
    settings = config % ("pay", previously[0], "ship", previously[1])
    (root / "devinops.yaml").write_text(settings)
    planned = devinops("plan", "-C", root, "-t", "all", "--detailed-exitcode")
    assert planned.code == 2
    assert planned.out.splitlines()[-1] == (
        "Plan for 2 organizations: nothing to change; 2 inventories to rename."
    )
    ran = devinops("apply", "-C", root, "-t", "all", "--yes")
    assert (ran.code, ran.out.splitlines()[-1]) == (
        0,
        "Applied to 2 of 2 organizations: 2 inventories renamed.",
    )
    assert {path.name for path in (root / ".devinops").glob("*.jsonl")} == {
        "pay.jsonl", "ship.jsonl",
    }  # fmt: skip


# --- discovering ----------------------------------------------------------------------------------


def test_an_empty_directory_becomes_one_of_many_targets(
    repository: Write,
    devinops: Devinops,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = repository({})
    monkeypatch.chdir(root)
    ran = devinops("targets", "discover")
    assert (ran.code, ran.out.partition("The inventory will be in .devinops/")[0]) == (
        0,
        (
            "+ payments: Payments (org-1)\n"
            "+ shipping-eu: Shipping EU (org-2)\n"
            "+ org-emulator: org-emulator (org-emulator)\n"
            "+ shipping-eu-2: shipping (eu) (org-3)\n"
            "4 organizations: 4 new; wrote targets.yaml, devinops.yaml\n"
            "Next: write entries, or begin with what the organizations have (devinops pull --target "
            "all). Then run devinops plan --target all.\n"
        ),
    )
    text = (
        "version: 1\ndefaults:\n  inventory: {store: file}\n  prune: owned\ntargets: targets.yaml\n"
    )
    assert (root / "devinops.yaml").read_text() == text
    assert list(read_project(root).targets)[:2] == ["payments", "shipping-eu"]
    again = devinops("targets", "discover", "--check", "-C", root)
    assert (again.code, again.out) == (0, "4 organizations: no difference\n")


def test_the_difference_is_written_and_everything_else_stays(
    root: Path, devinops: Devinops, emulator: Emulator
) -> None:
    file = root / "fleet" / "targets.yaml"
    file.write_text(TARGETS.replace("title: Payments", "title: Pay") + "  gone: {org_id: org-9}\n")
    before = file.read_text()
    checked = document(devinops, "targets", "discover", "--check", "-C", root)
    assert (checked["exit_code"], checked["gone"], file.read_text()) == (2, ["gone"], before)

    ran = devinops("targets", "discover", "-C", root)
    assert ran.code == 4
    assert "! gone: its organization org-9 is not in the list: give it hold: REASON" in ran.out
    assert "~ pay: Pay is now Payments\n" in ran.out
    after = file.read_text()
    assert after.startswith(TARGETS)
    added = yaml.safe_load(after)["targets"]["shipping-eu"]
    assert added == {"title": "shipping (eu)", "org_id": "org-3"}

    file.write_text(after.replace("{org_id: org-9}", "{org_id: org-9, hold: closed}"))
    assert devinops("targets", "discover", "--check", "-C", root).code == 0


def test_an_ignored_organization_gets_no_target_but_keeps_one(
    repository: Write, devinops: Devinops, emulator: Emulator
) -> None:
    ignoring = "version: 1\nignore_organizations: [org-1, org-2, org-emulator, org-9]\ntargets:\n"
    root = repository({"devinops.yaml": f"{ignoring}  pay: {{org_id: org-1, title: Pay}}\n"})
    ran = devinops("targets", "discover", "-C", root)
    assert (ran.code, ran.out.splitlines()[-1]) == (
        0,
        "4 organizations: 1 new, 1 with another title, 2 ignored; wrote devinops.yaml",
    )
    assert {target["org_id"] for target in read_project(root).targets.values()} == {
        "org-1",
        "org-3",
    }
    again = document(devinops, "targets", "discover", "--check", "-C", root)
    assert (again["exit_code"], again["ignored"], again["new"]) == (0, 2, [])
    ran = devinops("targets", "discover", "-C", root)
    assert (ran.code, ran.out) == (0, "4 organizations: 2 ignored\n")


@pytest.mark.parametrize(("rest", "hold"), [("", "new"), (", {name: rest}", None)])
def test_a_new_organization_that_no_wave_takes_is_held(
    emulator: Emulator, repository: Write, devinops: Devinops, rest: str, hold: str | None
) -> None:
    config = f"""\
version: 1
defaults: {{inventory: {{store: branch}}}}
waves: [{{name: canary, where: {{ring: canary}}}}{rest}]
targets:
  pay: {{org_id: org-1, labels: {{ring: canary}}}}
  ship: {{org_id: org-2}}
"""
    root = repository({"devinops.yaml": config if rest else config.rpartition("  ship")[0]})
    assert devinops("targets", "discover", "-C", root).code == 0
    assert read_project(root).targets["shipping-eu"].get("hold") == hold


def test_new_targets_go_where_the_targets_are(
    repository: Write, devinops: Devinops, emulator: Emulator
) -> None:
    config = "version: 1\ntargets:\n  pay: {org_id: org-1}\n# the end\n"
    root = repository({"devinops.yaml": config})
    assert devinops("targets", "discover", "-C", root).code == 0
    text = (root / "devinops.yaml").read_text()
    assert text.startswith(config.replace("# the end\n", "  shipping-eu:\n    org_id: org-2\n"))
    assert text.endswith("\n# the end\n")
    # ... and into a file that is named, but does not exist yet
    root = repository({"devinops.yaml": CONFIG})
    assert devinops("targets", "discover", "-C", root).code == 0
    assert len(read_project(root).targets) == 4


@pytest.mark.parametrize(
    ("files", "key", "message"),
    [
        ({}, "cog_reads", "lacks the permission ManageOrganizations"),
        ({}, "apk_emulator", "only API v3 can list the organizations"),
        (
            {"targets.yaml": "x"},
            "cog_lists",
            "targets.yaml exists, but devinops.yaml does not name",
        ),
        (
            {"devinops.yaml": "version: 1\ntargets: {pay: {}}\n"},
            "cog_lists",
            "devinops.yaml:2:11: the target pay has no org_id",
        ),
        (
            {"devinops.yaml": "version: 1\ntargets: {pay: {org_id: org-1}}\n"},
            "cog_lists",
            "give each target lines of its own",
        ),
    ],
)
def test_what_prevents_discovering_is_said_and_nothing_is_written(
    repository: Write, devinops: Devinops, emulator: Emulator, use: Callable[..., None],
    files: dict[str, str], key: str, message: str,
) -> None:  # fmt: skip
    use(emulator.url, key)
    root = repository(files)
    ran = devinops("targets", "discover", "-C", root)
    assert (ran.code, ran.out) == (1, "")
    assert message in " ".join(ran.err.split())
    assert {path.name: path.read_text() for path in root.iterdir()} == files


def test_a_name_of_an_organization_cannot_break_the_file_or_the_terminal(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    name = " Pay\x1b[31m\u202e\nand\tship\ud800 "
    with Emulator({"organizations": {"org-1": {"name": name}}}) as running:
        use(running.url, "cog_enterprise")
        root = repository({"devinops.yaml": CONFIG})
        assert devinops("targets", "discover", "-C", root).code == 0
    targets = read_project(root).targets.values()
    assert {target["title"] for target in targets} >= {"Pay [31m and ship"}


def test_names_of_new_targets_are_safe_and_their_own() -> None:
    titles = ["Pay", "con", "All!", "決済", "x" * 60, "x" * 60, ""]
    listed = [Organization(f"org-{number}", title) for number, title in enumerate(titles)]
    targets = {"pay": {"org_id": "org-99", "previously": ["con-2"]}}
    difference = compare(targets, {"org-99": "pay"}, listed, hold=True)
    assert list(difference.new) == [
        "pay-2",
        "con-3",
        "all-2",
        "org-3",
        "x" * LONGEST_NAME,
        "x" * (LONGEST_NAME - 2) + "-2",
        "org-6",
    ]
    assert difference.new["org-6"] == {"org_id": "org-6", "hold": "new"}
    assert difference.gone == ("pay",)
