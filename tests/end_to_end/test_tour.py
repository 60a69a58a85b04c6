"""The whole story: commit, review, merge, apply, an edit in the web app, and back; `docs/tour.md` shows what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from devinops.render import comment_marker
from tests.testing.github_api import TOKEN
from tests.testing.github_repository import ADA
from tests.testing.inventories import git
from tests.testing.tour import APPLY_KEY, PAGE, PLAN_KEY, Tour, taken

JOBS = [
    ("pull_request", "plan", 0),
    ("push", "apply", 0),
    ("pull_request", "plan", 0),
    ("pull_request", "plan", 0),
    ("push", "apply", 0),
    ("push", "apply", 5),
    ("workflow_dispatch", "plan", 0),
    ("workflow_dispatch", "apply", 0),
    ("schedule", "drift", 0),
    ("pull_request", "plan", 0),
    ("push", "apply", 0),
]
HISTORY = [
    "Changed outside devinops (#3)",
    "Watch longer",
    "Say what an error looks like (#2)",
    "Pull the organization (#1)",
    "First commit",
]


@pytest.mark.matrix
@pytest.mark.nightly
def test_the_tour_is_true(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    text = PAGE.read_text(encoding="utf-8")
    with taken(text, tmp_path) as tour:
        assert [(job.event.name, job.name, job.code) for job in tour.jobs] == JOBS
        assert tour.github.take_events() == []
        check_rights(tour)
        check_comments(tour)
        check_what_was_reviewed(tour)
        check_organization(tour)
        check_branches(tour)
        check_keys(tour)
        if request.config.getoption("--rewrite-golden"):
            PAGE.write_text(tour.page, encoding="utf-8")
        assert tour.page == PAGE.read_text(encoding="utf-8")
        assert "$ devinops plan --detailed-exitcode\n" in tour.page
        assert tour.page.rpartition("$ echo $?\n")[2].startswith("0\n")


def check_rights(tour: Tour) -> None:
    """Only apply writes to the organization; only a job that may push changes a branch."""
    for job in tour.jobs:
        methods = {asked["method"] for asked in job.requests}
        assert methods <= {"GET"} or job.name == "apply", job
        assert not job.moved or job.permissions["contents"] == "write", job
    assert [job.moved for job in tour.jobs if job.name == "plan"] == [set()] * 5
    assert {ref for job in tour.jobs if job.name == "apply" for ref in job.moved} == {
        "refs/heads/devinops"
    }


def check_comments(tour: Tour) -> None:
    """Each pull request has one comment, which a second push changed."""
    assert [len(tour.github.texts(number)) for number in (1, 2, 3)] == [1, 1, 1]
    written = [line for line in tour.github.lines if "comments" in line and line[:3] != "GET"]
    comments = "/repos/acme/api/issues"
    assert written == [
        f"POST {comments}/1/comments",
        f"POST {comments}/2/comments",
        f"PATCH {comments}/comments/1002",
        f"POST {comments}/3/comments",
    ]


def check_what_was_reviewed(tour: Tour) -> None:
    """What was applied is what the last plan before the merge said, and nothing else was applied."""
    _, _, first, second, applied, unreviewed, by_hand, by_hand_applied, *_ = tour.jobs
    read = comment_marker.read(tour.github.texts(2)[0])
    assert read is not None
    assert read.digest == second.steps["Run devinops"].outputs["digest"]
    assert read.digest == applied.steps["Run devinops"].outputs["digest"]
    assert read.digest != first.steps["Run devinops"].outputs["digest"]
    assert read.commit == tour.github.requests[2].head
    assert unreviewed.steps["Find the reviewed plan"].code == 5
    assert unreviewed.steps["Run devinops"].code is None
    assert unreviewed.requests == []
    reviewed = by_hand.steps["Run devinops"].outputs["digest"]
    assert by_hand_applied.steps["Run devinops"].outputs["digest"] == reviewed


def check_organization(tour: Tour) -> None:
    """The organization has what the files say, the edit included; what was overwritten is saved."""
    deploys, errors = sorted(tour.emulator.knowledge(), key=lambda note: str(note["name"]))
    assert deploys["trigger"] == "When deploying acme/api or acme/web"
    assert deploys["body"] == "Run `make deploy`.\nWatch the error rate for an hour."
    assert "`request_id`" in errors["body"]
    (backup,) = tour.directory.glob("job-*/api/.devinops/backups/*.jsonl")
    assert "for ten minutes" in backup.read_text(encoding="utf-8")


def check_branches(tour: Tour) -> None:
    """The inventory is on its branch of the remote only; the edit came back in one commit of one file."""
    origin, clone = tour.github.origin, tour.directory / "api"
    assert git(origin, "ls-tree", "-r", "--name-only", "devinops") == "production.jsonl"
    assert "devinops" not in git(clone, "branch", "--format=%(refname:short)").split()
    assert "jsonl" not in git(origin, "ls-tree", "-r", "--name-only", "main")
    assert not list(clone.rglob("*.jsonl"))

    assert git(origin, "log", "--format=%s", "main").splitlines() == HISTORY
    drift = "origin/devinops-drift"
    assert git(clone, "diff", "--name-only", f"{drift}~", drift) == "knowledge/Backend/deploys.md"
    before = git(clone, "rev-parse", "main~")
    assert git(clone, "log", "-1", "--format=%P %an", drift) == f"{before} github-actions[bot]"
    assert git(clone, "diff", drift, "main") == ""


def check_keys(tour: Tour) -> None:
    """No key and no token is printed, commented, committed or left in a file."""
    texts = [tour.printed, tour.page, *(text for n in (1, 2, 3) for text in tour.github.texts(n))]
    texts += [git(tour.github.origin, "log", "--patch", "--all")]
    files = [path for path in tour.directory.rglob("*") if path.is_file()]
    texts += [path.read_bytes().decode("utf-8", "replace") for path in files]
    assert len(tour.printed) > 5_000
    for secret in (PLAN_KEY, APPLY_KEY, TOKEN, ADA):
        assert [text for text in texts if secret in text] == []
