"""action.yml, the action for GitHub, is what GitHub accepts, and offers what the command line does."""

from __future__ import annotations

import re
from typing import Any

from devinops.cli.setup.ci_files import ACTIONS
from devinops.model.policy import ALLOWED
from tests.testing.linters import schema_errors, shellcheck, zizmor
from tests.testing.places import ROOT
from tests.testing.workflows import read_workflow

ACTION = read_workflow(ROOT / "action.yml")
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]


def test_github_accepts_the_action() -> None:
    assert schema_errors("github-actions", ACTION) == []
    assert [error for step in STEPS if (error := shellcheck(step.get("run", "")))] == []


def test_zizmor_finds_nothing_in_the_action() -> None:
    assert zizmor(ROOT / "action.yml") == []


def test_every_approval_is_an_input() -> None:
    assert {"adopt", "on-conflict", "on-drift", "allow"} <= set(ACTION["inputs"])
    shown = ACTION["inputs"]["allow"]["description"]
    assert [name for name in ALLOWED if name not in shown] == ["out-of-wave"]


def test_an_input_never_becomes_code() -> None:
    assert [step["run"] for step in STEPS if "${{" in step.get("run", "")] == []


def test_the_key_is_only_in_the_step_that_needs_it() -> None:
    keyed = [step["name"] for step in STEPS if "inputs.api-key }}" in str(step)]
    assert keyed == ["Run devinops"]


def test_the_actions_that_it_uses_are_pinned() -> None:
    used = re.findall(r"uses: (.*)", (ROOT / "action.yml").read_text())
    assert set(used) <= set(ACTIONS.values())


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
