"""`devinops targets --affected`: the targets whose entries or settings differ from those of a branch."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import commit, git

CONFIG = """\
version: 1
defaults: {prune: "off"}
targets: targets.yaml
layers: [{path: canary, where: {ring: canary}}]
"""
TARGETS = """\
targets:
  pay: {org_id: org-1, title: Pay, labels: {ring: canary}}
  ship: {org_id: org-2}
  audit: {org_id: org-3}
"""
LISTED = """\
knowledge:
  - {name: A, trigger: t, body_file: texts/a.txt}
  - {name: B, trigger: t, body: b, targets: [pay, ship]}
  - {name: C, trigger: t, body: c, targets: [ship], meta: {owner: us}}
"""
LAYER = "knowledge: [{name: B, trigger: t, body: of the canary, overrides: true}]\n"
FILES = {
    "devinops.yaml": CONFIG,
    "targets.yaml": TARGETS,
    "knowledge.yaml": LISTED,
    "canary/knowledge.yaml": LAYER,
    "texts/a.txt": "Ask.\n",
    "big/unread.bin": "x",
    "devinops-merged/pay.jsonl": "",
    ".devinops/ship.jsonl": "an inventory\n",
}
ONE_MORE = {"knowledge/one.md": "---\nname: One\ntrigger: t\n---\nOne.\n"}
MERGED = '{"key": "knowledge:A", "id": "n", "field": "body", "live": "%s", "base": "%s"}\n'
ALL = ["pay", "ship", "audit"]


@pytest.fixture
def root(repository: Write) -> Path:
    root = repository(FILES)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    commit(root, "-m", "base")
    git(root, "switch", "-q", "-c", "topic")
    return root


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({}, []),
        ({"knowledge.yaml": f"# Ours.\n\n{LISTED}"}, []),
        ({"knowledge.yaml": LISTED.replace("body: b", "body: new")}, ["ship"]),
        ({"canary/knowledge.yaml": LAYER.replace("of the", "by the")}, ["pay"]),
        ({"knowledge.yaml": LISTED.replace("body: c", "body: new")}, ["ship"]),
        ({"knowledge.yaml": LISTED.replace("[pay, ship]", "[pay]")}, ["ship"]),
        (
            {
                "devinops.yaml": CONFIG.replace("where: {ring", "where: {not: {ring").replace(
                    "}}]", "}}}]"
                )
            },
            ["pay", "ship", "audit"],
        ),
        ({"knowledge.yaml": LISTED.replace("owner: us", "owner: them")}, []),
        ({"knowledge.yaml": "", "knowledge/all.yaml": LISTED.replace("texts/", "../texts/")}, []),
        ({"texts/a.txt": "Ask nobody.\n"}, ALL),
        ({"devinops.yaml": CONFIG.replace('"off"', "owned, inventory: {store: file}")}, ALL),
        ({"targets.yaml": TARGETS.replace("title: Pay", "title: Payments")}, []),
        ({"targets.yaml": TARGETS.replace("ring: canary", "ring: canary, x: y")}, []),
        (
            {
                "targets.yaml": TARGETS.replace(
                    "{org_id: org-2}", "{org_id: org-2, labels: {ring: canary}}"
                )
            },
            ["ship"],
        ),
        ({"targets.yaml": TARGETS.replace("org-3", "org-3, hold: x")}, ["audit"]),
        ({"targets.yaml": f"{TARGETS}  new: {{}}\n"}, ["new"]),
        ({"devinops-merged/pay.jsonl": MERGED % ("0" * 16, "1" * 16)}, ["pay"]),
        ({".devinops/ship.jsonl": "what a record owns can be deleted\n"}, ["ship"]),
    ],
)
def test_a_target_is_affected_if_what_it_gets_differs(
    root: Path, repository: Write, devinops: Devinops, files: Mapping[str, str], names: list[str]
) -> None:
    repository(files)
    for path in [path for path, text in files.items() if not text]:
        (root / path).unlink()
    ran = devinops("targets", "--affected", "main", "--names", "-C", root)
    assert (ran.code, ran.out.split()) == (0, names)
    is_told = "the changes since main affect no target" in ran.err
    assert is_told == (not names)


def test_only_selected_targets_are_listed(
    root: Path, repository: Write, devinops: Devinops
) -> None:
    repository({"texts/a.txt": "Ask nobody.\n"})
    words = ("targets", "--affected", "main", "--names", "-C", root)
    assert devinops(*words, "-t", "ring=canary").out == "pay\n"


def test_a_target_that_is_gone_is_named(root: Path, repository: Write, devinops: Devinops) -> None:
    repository({"targets.yaml": TARGETS.replace("  audit: {org_id: org-3}\n", "")})
    ran = devinops("targets", "--affected", "main", "-C", root)
    assert "targets no longer declared: audit; their objects stay as they are" in ran.err


def test_a_target_that_is_renamed_is_not_gone(
    root: Path, repository: Write, devinops: Devinops
) -> None:
    renamed = "payments: {org_id: org-1, previously: [pay],"
    repository({"targets.yaml": TARGETS.replace("pay: {org_id: org-1,", renamed), **ONE_MORE})
    for path in ("knowledge.yaml", "canary/knowledge.yaml"):
        (root / path).unlink()
    ran = devinops("targets", "--affected", "main", "--names", "-C", root)
    assert (ran.out.split(), ran.err) == (["payments", "ship", "audit"], "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pay: {org_id: org-1,", "pay: {org_id: org-1, previously: [audit],"),
        ("pay: {org_id: org-1,", "payments: {org_id: org-1, previously: [pay, audit],"),
    ],
    ids=["the target has an inventory of its own", "it takes over that of another one"],
)
def test_an_old_name_hides_no_target_whose_inventory_nobody_takes_over(
    root: Path, repository: Write, devinops: Devinops, old: str, new: str
) -> None:
    without = TARGETS.replace("  audit: {org_id: org-3}\n", "")
    repository({"targets.yaml": without.replace(old, new), **ONE_MORE})
    for path in ("knowledge.yaml", "canary/knowledge.yaml"):
        (root / path).unlink()
    ran = devinops("targets", "--affected", "main", "-C", root)
    assert "targets no longer declared: audit; their objects stay as they are" in ran.err


def test_all_targets_count_if_the_branch_has_errors(
    root: Path, repository: Write, devinops: Devinops
) -> None:
    repository({"knowledge/x.md": "no front matter\n"})
    git(root, "add", "-A")
    commit(root, "-m", "broken")
    git(root, "branch", "-q", "broken")
    (root / "knowledge" / "x.md").unlink()
    ran = devinops("targets", "--affected", "broken", "--names", "-C", root)
    assert ran.out.split() == ALL
    assert "have errors, so all targets count as affected" in ran.err


def test_a_root_that_is_new_affects_all_its_targets(
    root: Path, repository: Write, devinops: Devinops
) -> None:
    repository({f"team/{path}": text for path, text in FILES.items()})
    ran = devinops("targets", "--affected", "main", "--names", "-C", root / "team")
    assert (ran.code, ran.out.split(), ran.err) == (0, ALL, "")


def test_links_of_the_branch_are_followed_as_usual(
    root: Path, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    (root / "knowledge").mkdir()
    (root / "knowledge" / "inside.yaml").symlink_to("../shared.yaml")
    repository({"shared.yaml": "knowledge: [{name: L, trigger: t, body: b, targets: [pay]}]\n"})
    git(root, "add", "-A")
    commit(root, "-m", "a link")
    git(root, "branch", "-q", "linked")
    assert devinops("targets", "--affected", "linked", "--names", "-C", root).out == ""
    repository({"shared.yaml": "knowledge: [{name: L, trigger: t, body: x, targets: [pay]}]\n"})
    assert devinops("targets", "--affected", "linked", "--names", "-C", root).out == "pay\n"


def test_linked_directories_and_empty_layers_of_the_branch_are_not_changes(
    root: Path, repository: Write, devinops: Devinops
) -> None:
    repository({
        "devinops.yaml": CONFIG.replace("layers: [", "layers: [{path: layers/eu}, "),
        "layers/eu/.gitkeep": "",
        "shared/one.md": ONE_MORE["knowledge/one.md"],
    })  # fmt: skip
    (root / "knowledge").mkdir()
    (root / "knowledge" / "shared").symlink_to("../shared")
    git(root, "add", "-A")
    commit(root, "-m", "a linked directory")
    git(root, "branch", "-q", "linked")
    ran = devinops("targets", "--affected", "linked", "--names", "-C", root)
    assert (ran.code, ran.out) == (0, "")


def test_a_commit_whose_paths_lead_out_of_the_root_writes_no_file_there(
    root: Path, devinops: Devinops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = git(root, "hash-object", "-w", "knowledge.yaml")
    outside = git(root, "mktree", stdin=f"100644 blob {blob}\toutside.yaml\n")
    base = git(root, "ls-tree", "main")
    tree = git(root, "mktree", stdin=f"{base}\n040000 tree {outside}\t..\n")
    author = ("-c", "user.name=P", "-c", "user.email=p@localhost")
    hostile = git(root, *author, "commit-tree", tree, "-p", "main", "-m", "hostile")
    git(root, "update-ref", "HEAD", hostile)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    ran = devinops("targets", "--affected", hostile, "--names", "-C", root)
    assert (ran.code, ran.out) == (0, "")
    assert not list(temporary.iterdir())


def test_a_commit_that_is_missing_is_an_error(root: Path, devinops: Devinops) -> None:
    ran = devinops("targets", "--affected", "nowhere", "-C", root)
    assert ran.code == 1
    assert "cannot tell which targets are affected since nowhere: this clone has no" in " ".join(
        ran.err.split()
    )
