"""action.yml, the action for GitHub, is what GitHub accepts, and offers what the command line does."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.testing.linters import schema_errors, shellcheck, zizmor
from tests.testing.places import ROOT
from tests.testing.workflows import Runner, condition, read_workflow

ACTION = read_workflow(ROOT / "action.yml")
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
SCRIPTS = sorted(ROOT.glob("action/*.sh"))
SOURCE = re.compile(r'\. "\$GITHUB_ACTION_PATH/action/(\w+\.sh)"')


def test_github_accepts_the_action() -> None:
    assert schema_errors("github-actions", ACTION) == []
    assert [error for step in STEPS if (error := shellcheck(step.get("run", "")))] == []


def test_zizmor_finds_nothing_in_the_action() -> None:
    assert zizmor(ROOT / "action.yml") == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing_in_a_step(script: Path) -> None:
    text = SOURCE.sub(r". \1", script.read_text("utf-8"))
    assert shellcheck(text, sources=ROOT / "action") == ""


def test_every_step_is_used() -> None:
    run = "".join(step.get("run", "") for step in STEPS)
    sourced = "".join(path.read_text("utf-8") for path in SCRIPTS)
    used = re.findall(r"GITHUB_ACTION_PATH/action/(\w+\.sh)", run + sourced)
    assert {*used} == {path.name for path in SCRIPTS}


def test_an_input_never_becomes_code() -> None:
    assert [step["run"] for step in STEPS if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("name", ["api-key", "secrets"])
def test_the_keys_are_only_in_the_steps_that_run_devinops_with_them(name: str) -> None:
    keyed = [step["name"] for step in STEPS if f"inputs.{name} }}" in str(step)]
    assert keyed == ["Prepare", "Run devinops"]


def test_a_step_has_a_token_only_if_it_asks_the_server() -> None:
    asks = re.compile(r"access\.sh|devinops comment")
    for step in STEPS:
        script = re.search(r"action/(\w+\.sh)", step.get("run", ""))
        text = (ROOT / "action" / script[1]).read_text("utf-8") if script else step.get("run", "")
        assert bool(asks.search(text)) is ("GITHUB_TOKEN" in step.get("env", {}))
    (install,) = (step for step in STEPS if step.get("id") == "install")
    assert install["env"]["GITHUB_TOKEN"] == "${{ inputs.source-token }}"


def test_git_gets_the_token_of_the_step_and_only_for_this_server() -> None:
    script = f'. "{ROOT}/action/access.sh"; git credential fill'
    server = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_TOKEN": "canary"}
    for url, is_given in (("https://github.com", True), ("https://other", False)):
        ran = subprocess.run(
            ["bash", "-c", script],
            input=f"url={url}/acme/api.git\n\n",
            env={**os.environ, **server, "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            text=True,
        )
        assert ("password=canary" in ran.stdout) is is_given


@pytest.mark.parametrize(
    ("outcome", "is_kept"),
    # Before the apply, the checkout has only what the branch brought along.
    [("success", True), ("failure", True), ("skipped", False)],
)
def test_backups_are_kept_after_every_apply(outcome: str, is_kept: bool) -> None:
    (upload,) = (s for s in STEPS if "devinops-backups" in str(s.get("with", {}).get("name")))
    (collect,) = (s for s in STEPS if s.get("name") == "Collect the backups")
    context = {
        "failed": outcome != "success",
        "steps": {"run": {"outcome": outcome}},
        "inputs": {"command": "apply"},
    }
    assert condition(upload["if"], context) is condition(collect["if"], context) is is_kept


@pytest.mark.parametrize(
    ("event", "server", "is_kept"),
    [
        ("true", "", True),
        ("false", "", False),
        # A schedule, whose event does not tell.
        ("", "true", True),
        ("", "false", False),
    ],
)
def test_backups_are_kept_only_of_a_private_repository(
    tmp_path: Path, event: str, server: str, is_kept: bool
) -> None:
    root = tmp_path / "- [a] $b"
    (root / ".devinops" / "backups").mkdir(parents=True)
    (root / ".devinops" / "backups" / "1.jsonl").touch()
    runner = Runner(tmp_path / "runner", tmp_path, {})
    runner.program("gh", f'[ "$2" = repos/acme/api ] && echo {server}')
    environment = {
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_SERVER_URL": "https://github.test",
        "GITHUB_REPOSITORY": "acme/api",
        "GITHUB_TOKEN": "t",
        "RUNNER_TEMP": str(tmp_path),
        "ROOT": root.name,
        "PRIVATE": event,
    }
    code, log = runner.bash(f'bash "{ROOT}/action/keep.sh"', environment)
    assert code == 0, log
    assert (tmp_path / "devinops-backups" / "1.jsonl").exists() is is_kept


def test_the_actions_that_it_uses_are_pinned() -> None:
    used = re.findall(r"uses: (.*)", (ROOT / "action.yml").read_text())
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", one) for one in used)


def test_every_input_is_used_and_documented() -> None:
    text = str(ACTION["runs"])
    page = (ROOT / "docs" / "how-to" / "ci-github.md").read_text("utf-8")
    for name in ACTION["inputs"]:
        assert f"inputs.{name}" in text
        assert f"| `{name}` |" in page
    for name in ACTION["outputs"]:
        assert f"`{name}`" in page


def test_the_action_tells_its_build_which_commit_it_is() -> None:
    (install,) = (step for step in STEPS if step.get("id") == "install")
    assert install["env"]["COMMIT_OF_DEVINOPS"] == "${{ github.action_ref }}"
