"""Paths and links for others start at the checkout, wherever the root lies in it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from devinops.cli.checkout import below_checkout, job_links, untracked
from devinops.emulator import Emulator
from devinops.render.comment_marker import Marker, read
from tests.testing.actions import commands
from tests.testing.command_line import Devinops, run_quietly


@pytest.fixture
def below(tmp_path: Path) -> Path:
    root = tmp_path / "team" / "x"
    (root / "knowledge").mkdir(parents=True)
    (root / "knowledge" / "a.md").write_text("no front matter\n")
    return root


def test_the_checkout_is_that_of_git(tmp_path: Path, below: Path) -> None:
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    assert below_checkout(below, {}) == PurePosixPath("team/x")
    assert below_checkout(tmp_path, {}) == PurePosixPath()


def test_without_git_it_is_that_of_the_job(tmp_path: Path, below: Path) -> None:
    assert below_checkout(below, {}) is None
    job = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path)}
    assert below_checkout(below, job) == PurePosixPath("team/x")
    elsewhere = {**job, "GITHUB_WORKSPACE": str(tmp_path / "elsewhere")}
    assert below_checkout(below, elsewhere) is None


def test_an_annotation_is_at_the_path_that_the_checkout_has(
    tmp_path: Path, below: Path, devinops: Devinops
) -> None:
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    ran = devinops("validate", "-C", below, "--format", "github")
    assert ran.code == 1
    assert [c.properties["file"] for c in commands(ran.out)] == ["team/x/knowledge/a.md"]


@pytest.mark.parametrize("command", ["drift", "pull", "whoami"])
def test_a_format_for_problems_is_refused_where_no_answer_holds_any(
    command: str, tmp_path: Path, devinops: Devinops
) -> None:
    assert devinops(command, "-C", tmp_path, "--format", "sarif").code == 64
    ran = devinops(command, "-C", tmp_path, "--report", f"junit={tmp_path / 'x'}")
    assert ran.code == 64
    assert "--report must be FORMAT=FILE" in ran.err
    assert not (tmp_path / "x").exists()


def test_untracked_files_are_those_that_are_not_even_staged(tmp_path: Path, below: Path) -> None:
    told: list[str] = []
    assert untracked(below, told.append) == frozenset()
    assert "not a git repository" in told.pop()
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    (tmp_path / "outside.md").write_text("")
    (below / "knowledge" / "é\n.md").write_text("")
    assert untracked(below, told.append) == {"."}
    assert untracked(tmp_path, told.append) == {"outside.md", "team"}
    subprocess.run(["git", "-C", str(below), "add", "knowledge/a.md"], check=True)
    assert untracked(below, told.append) == {"knowledge/é\n.md"}
    assert told == []
    (below / "devinops.yaml").write_text("version: 1")
    assert "devinops.yaml" in untracked(below, told.append)
    assert told == ["devinops.yaml is not read, because Git does not track it"]


# --- links to the files of a job -----------------------------------------------------------------

COMMIT = "4f2c1d0b9a8e7f6d5c4b3a29181706f5e4d3c2b1"
BLOB = f"https://github.com/acme/devin/blob/{COMMIT}"


def job(checkout: Path) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "acme/devin",
        "GITHUB_SHA": COMMIT,
        "GITHUB_RUN_ID": "7",
        "GITHUB_WORKSPACE": str(checkout),
    }


def url(root: Path, checkout: Path) -> str:
    links = job_links(root, job(checkout))
    assert links
    return links.source_url("knowledge/a b.md", 3, False)


def test_outside_ci_there_are_no_links(tmp_path: Path) -> None:
    assert job_links(tmp_path, {}) is None


def test_a_path_starts_at_the_repository_which_may_lie_below_the_workspace(tmp_path: Path) -> None:
    root = tmp_path / "checkout" / "devin"
    root.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(tmp_path / "checkout")], check=True)
    assert url(root, tmp_path) == f"{BLOB}/devin/knowledge/a%20b.md#L3"
    assert url(root.parent, tmp_path) == f"{BLOB}/knowledge/a%20b.md#L3"


@pytest.mark.parametrize(("below", "expected"), [("", ""), ("devin", "devin/")])
def test_without_git_the_workspace_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str, expected: str
) -> None:
    monkeypatch.setenv("PATH", "")
    (tmp_path / "devin").mkdir()
    assert url(tmp_path / below, tmp_path) == f"{BLOB}/{expected}knowledge/a%20b.md#L3"


def test_a_root_elsewhere_has_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert url(tmp_path, tmp_path / "elsewhere") == ""


# --- reports of whole runs ----------------------------------------------------------------------


def test_a_plan_in_a_pull_request(tmp_path: Path) -> None:
    (tmp_path / "knowledge.yaml").write_text("knowledge: [{name: A, trigger: t, body: b}]\n")
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 5}}))
    report = tmp_path / "report.md"
    with Emulator() as emulator:
        environ = job(tmp_path) | {
            "DEVIN_API_URL": emulator.url,
            "DEVIN_API_KEY": "cog_emulator",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        }
        code, _, err = run_quietly(
            ["plan", "-C", str(tmp_path), "--report", f"markdown={report}"], environ
        )
    assert code == 0, err
    text = report.read_text()
    marker = read(text)
    assert marker
    assert (marker.target, marker.organization, marker.commit) == (
        "default",
        "org-emulator",
        COMMIT,
    )
    assert marker.digest in text.splitlines()[-1]
    assert f"[`knowledge.yaml:1`]({BLOB}/knowledge.yaml#L1)" in text
    assert "Merge to apply this plan" in text


@pytest.mark.parametrize(
    ("config", "arguments", "target"),
    [
        ("version: 1\ntargets: {production: {}}\n", [], "production"),
        ("version: 1\ntargets: {staging: {}, production: {}}\n", ["-t", "staging"], "staging"),
        ("version: 1\ntargets: {staging: {}, production: {}}\n", [], None),
        ("version: 2\n", ["-t", "staging"], "staging"),
        ("version: 2\n", [], None),
    ],
)
def test_a_failure_names_its_target_if_it_is_known(
    tmp_path: Path, config: str, arguments: list[str], target: str | None
) -> None:
    (tmp_path / "devinops.yaml").write_text(config)
    (tmp_path / "knowledge.yaml").write_text("knowledge: [{nam: A}]\n")
    command = ["plan", "-C", str(tmp_path), "--format", "markdown", *arguments]
    code, out, _ = run_quietly(command, {"DEVIN_API_KEY": "cog_emulator"})
    assert code in (1, 64)
    assert read(out) == Marker(target)
    assert "## Failed" in out or code == 64
