"""A push that the host refuses is told once, with what to do on that host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devinops.emulator import Emulator
from devinops.inventory.push_refusals import advice
from tests.testing.command_line import Devinops
from tests.testing.inventories import git

GITHUB_RULES = "In GitHub, exempt this branch from the rules"
GITHUB_TOKEN = "In GitHub Actions, give the job permissions: {contents: write}"
GITLAB_RULES = "In GitLab, allow the user or token of this job to push to this branch"
GITLAB_TOKEN = "In GitLab, select Allow Git push requests to the repository"
ANY_HOST = "The job needs permission to push to this branch"

FORBIDDEN = "fatal: unable to access 'https://h/r.git/': The requested URL returned error: 403"
DECLINED = "!\tabc:refs/heads/devinops\t[remote rejected] (pre-receive hook declined)"
REFUSALS = [
    (
        [
            "remote: error: GH006: Protected branch update failed for refs/heads/devinops.",
            "remote: error: Changes must be made through a pull request.",
            "!\tabc:refs/heads/devinops\t[remote rejected] (protected branch hook declined)",
        ],
        GITHUB_RULES,
    ),
    (
        [
            "remote: error: GH013: Repository rule violations found for refs/heads/devinops.",
            "remote: - Cannot create ref due to creations being restricted.",
            "!\ta:b\t[remote rejected] (push declined due to repository rule violations)",
        ],
        GITHUB_RULES,
    ),
    (["remote: Write access to repository not granted.", FORBIDDEN], GITHUB_TOKEN),
    (
        ["remote: Permission to acme/api.git denied to github-actions[bot].", FORBIDDEN],
        GITHUB_TOKEN,
    ),
    (["ERROR: Permission to acme/api.git denied to deploy key"], GITHUB_TOKEN),
    (
        [
            "remote: GitLab: You are not allowed to push code to protected branches on this project.",
            DECLINED,
        ],
        GITLAB_RULES,
    ),
    (
        ["remote: GitLab: You are not allowed to create protected branches on this project."],
        GITLAB_RULES,
    ),
    (
        ["remote: GitLab: You are not allowed to force push code to a protected branch."],
        GITLAB_RULES,
    ),
    (["remote: GitLab: You are not allowed to push code to this project."], GITLAB_TOKEN),
    (["remote: You are not allowed to upload code.", FORBIDDEN], GITLAB_TOKEN),
    (["remote: error: not today", DECLINED], ANY_HOST),
    ([DECLINED], ANY_HOST),
    ([FORBIDDEN], ANY_HOST),
]


@pytest.mark.parametrize(("error", "begins"), REFUSALS, ids=str)
def test_the_advice_is_that_for_the_host(error: list[str], begins: str) -> None:
    assert advice("\n".join(error)).startswith(begins)


HOOKS = [(error, begins) for error, begins in REFUSALS if error[0].startswith("remote:")]


@pytest.mark.matrix
@pytest.mark.parametrize(("error", "begins"), HOOKS, ids=str)
@pytest.mark.parametrize("exists", [False, True], ids=["new branch", "existing branch"])
def test_a_remote_that_refuses_is_reported_once_and_nothing_is_written(
    clone: Callable[..., Path],
    remote: Path,
    emulator: Emulator,
    devinops: Devinops,
    error: list[str],
    begins: str,
    exists: bool,
) -> None:
    root = clone()
    (root / "knowledge").mkdir()
    note = root / "knowledge" / "a.md"
    note.write_text("---\nname: A\ntrigger: t\n---\nb\n")
    (root / "devinops.yaml").write_text(
        "version: 1\ntargets: {production: {inventory: {store: branch}}}\n"
    )
    if exists:
        assert devinops("apply", "--yes", "-C", root).code == 0
        note.write_text("---\nname: A\ntrigger: t\n---\nc\n")
    told = [line.removeprefix("remote: ") for line in error if line.startswith("remote: ")]
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\n" + "".join(f"echo '{line}' >&2\n" for line in told) + "exit 1\n")
    hook.chmod(0o755)
    emulator.clear_requests()
    ran = devinops("apply", "--yes", "-q", "-C", root)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith("devinops: the inventory cannot be pushed to devinops on origin: ")
    assert begins in ran.err
    for line in told:
        assert ran.err.count(line.removeprefix("error: ").rstrip(".")) == 1
    assert {request["method"] for request in emulator.requests} <= {"GET"}


def test_a_remote_that_hangs_up_is_reported_with_the_end_of_what_git_says(
    clone: Callable[..., Path], remote: Path, emulator: Emulator, devinops: Devinops
) -> None:
    root = clone()
    (root / "knowledge.yaml").write_text("knowledge: [{name: A, trigger: t, body: b}]\n")
    (root / "devinops.yaml").write_text(
        "version: 1\ntargets: {production: {inventory: {store: branch}}}\n"
    )
    git(root, "config", "remote.origin.receivepack", "false")
    emulator.clear_requests()
    ran = devinops("apply", "--yes", "-q", "-C", root)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "cannot be pushed to devinops on origin: fatal: " in ran.err
    assert {request["method"] for request in emulator.requests} <= {"GET"}
