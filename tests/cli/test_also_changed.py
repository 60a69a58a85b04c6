"""What a request changes beside entries is named, because it decides who gets what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from devinops.cli.runs.affected_targets import Beside, affected_targets
from tests.testing.command_line import Write
from tests.testing.inventories import commit, git

CONFIG = "version: 1\ndefaults: {prune: owned}\ntargets: targets.yaml\nlayers: [{path: eu, where: {region: eu}}]\n"
NAMES = [f"team-{i:02}" for i in range(10)]
TARGETS = "".join(f"  {name}: {{org_id: org-{name}, labels: {{region: eu}}}}\n" for name in NAMES)
ENTRY = "knowledge: [{name: A, trigger: t, body: b}]\n"
FILES = {
    "devinops.yaml": CONFIG,
    "targets.yaml": f"targets:\n{TARGETS}",
    "eu/knowledge.yaml": ENTRY,
    ".github/workflows/devinops.yml": "on: push\n",
}


def changed(*names: str, by: tuple[str, str]) -> str:
    """Return the file of the targets with a text replaced in those named."""
    lines = TARGETS.splitlines(keepends=True)
    return "targets:\n" + "".join(
        line.replace(*by) if line.split(":")[0].strip() in names else line for line in lines
    )


@pytest.fixture
def root(repository: Write) -> Path:
    """Return a root in a directory of a repository, next to CI."""
    top = repository({f"fleet/{path}" if path[0] != "." else path: t for path, t in FILES.items()})
    git(top, "init", "-q", "-b", "main")
    git(top, "add", "-A")
    commit(top, "-m", "base")
    git(top, "switch", "-q", "-c", "topic")
    return top / "fleet"


@pytest.mark.parametrize(
    ("files", "phrases"),
    [
        ({"fleet/eu/knowledge.yaml": ENTRY.replace("b}", "new}")}, []),
        ({"fleet/targets.yaml": changed("team-01", by=("org_id", "title: New, org_id"))}, []),
        (
            {"fleet/targets.yaml": changed("team-01", "team-07", by=("region", "ring: x, region"))},
            ["labels of team-01, team-07"],
        ),
        (
            {"fleet/targets.yaml": changed(*NAMES[1:9], by=("region", "ring: x, region"))},
            ["labels of 8 of 10 (not in team-00, team-09)"],
        ),
        (
            {"fleet/targets.yaml": changed("team-05", by=("labels", "hold: audit, labels"))},
            ["hold of team-05 added"],
        ),
        (
            {
                "fleet/targets.yaml": changed(
                    "team-05", by=("labels: {region: eu}", "max_delete: 9")
                )
            },
            ["labels of team-05 removed", "max_delete of team-05 added"],
        ),
        (
            {"fleet/targets.yaml": f"targets:\n{TARGETS}  more: {{labels: {{region: eu}}}}\n"},
            ["new targets: more"],
        ),
        (
            {
                "fleet/targets.yaml": changed("team-05", by=("team-05:", "ours:")).replace(
                    "{org_id: org-team-05", "{previously: [team-05], org_id: org-team-05"
                )
            },
            ["previously of ours added"],
        ),
        (
            {
                "fleet/devinops.yaml": CONFIG.replace("owned", "scope, scope: [x/**]")
                + "rate: 5/s\nmax_targets: 900\n"
            },
            ["prune of all 10", "scope of all 10 added", "max_targets added", "rate added"],
        ),
        (
            {"fleet/devinops.yaml": CONFIG.replace("region: eu", "not: {region: us}")},
            ["layers"],
        ),
        ({".github/workflows/devinops.yml": "on: []\n"}, [".github/workflows/devinops.yml"]),
        ({"ci/Jenkinsfile": "pipeline {}\n", "Makefile": "all:\n"}, ["ci/Jenkinsfile"]),
        (
            {".gitlab-ci.yml": "{}", "action.yml": "{}", "fleet/.devinops/team-01.jsonl": "{}"},
            [".gitlab-ci.yml", "action.yml", "fleet/.devinops/team-01.jsonl"],
        ),
        (
            {f".ci/{i:02}": "" for i in range(12)},
            [*(f".ci/{i:02}" for i in range(10)), "2 more files"],
        ),
    ],
)
def test_what_is_changed_beside_entries_is_named(
    root: Path, repository: Write, files: Mapping[str, str], phrases: list[str]
) -> None:
    repository(files)
    git(root.parent, "add", "-A")
    found: list[Beside] = []
    affected_targets(root, "main", lambda text: None, found.append)
    assert found == [Beside(tuple(phrases))]


def test_files_are_named_also_if_the_settings_before_had_errors(
    root: Path, repository: Write
) -> None:
    repository({"fleet/devinops.yaml": "version: 2\n", "action.yml": "{}"})
    git(root.parent, "add", "-A")
    commit(root.parent, "-m", "wrong")
    repository({"fleet/devinops.yaml": CONFIG, "action.yml": "{a: b}"})
    found: list[Beside] = []
    affected_targets(root, "HEAD", lambda text: None, found.append)
    assert found == [Beside(("action.yml",))]
