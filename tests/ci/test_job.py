"""The CI job of a run, from the variables that GitHub and GitLab document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devinops.ci.job import Job, System, current_job

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_REPOSITORY": "acme/api",
    "GITHUB_SHA": "aaaa",
    "GITHUB_RUN_ID": "77",
    "GITHUB_WORKSPACE": "/work",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://git.acme.test/api/v4",
    "CI_PROJECT_PATH": "acme/sub/api",
    "CI_PROJECT_URL": "https://git.acme.test/acme/sub/api",
    "CI_COMMIT_SHA": "bbbb",
    "CI_JOB_URL": "https://git.acme.test/acme/sub/api/-/jobs/9",
    "CI_PROJECT_DIR": "/builds/api",
}


def test_there_is_no_job_outside_of_ci() -> None:
    assert current_job({}) is None
    assert current_job({"CI": "true"}) is None


def test_push_on_github() -> None:
    assert current_job(GITHUB) == Job(
        system=System.GITHUB,
        api_url="https://api.github.com",
        project="acme/api",
        project_url="https://github.com/acme/api",
        commit="aaaa",
        job_url="https://github.com/acme/api/actions/runs/77",
        directory=Path("/work"),
    )


def pull_request(source: object) -> dict[str, object]:
    return {"pull_request": {"number": 12, "head": {"sha": "cccc", "repo": source}}}


@pytest.mark.parametrize(
    ("source", "is_fork"),
    [({"full_name": "acme/api"}, False), ({"full_name": "someone/api"}, True), (None, True)],
)
def test_pull_request_on_github(tmp_path: Path, source: object, is_fork: bool) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(pull_request(source)))
    job = current_job({**GITHUB, "GITHUB_EVENT_PATH": str(event)})
    assert job is not None
    assert (job.request, job.commit, job.is_fork) == (12, "cccc", is_fork)


@pytest.mark.parametrize(
    ("event", "base"),
    [
        ({"pull_request": {"number": 1, "base": {"sha": "bbbb"}}}, "bbbb"),
        ({"before": "eeee"}, "eeee"),
        ({"before": "0" * 40}, ""),
        ({}, ""),
    ],
    ids=["request", "push", "new branch", "by hand"],
)
def test_a_deleted_file_is_linked_at_the_base(
    tmp_path: Path, event: dict[str, object], base: str
) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    job = current_job({**GITHUB, "GITHUB_EVENT_PATH": str(path)})
    assert job
    address = f"https://github.com/acme/api/blob/{base}/a.md#L1"
    assert job.source_url("a.md", 1, gone=True) == (address if base else "")
    on_gitlab = current_job({**GITLAB, "CI_MERGE_REQUEST_DIFF_BASE_SHA": base})
    assert on_gitlab
    assert on_gitlab.base == base


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"pull_request": 3}', '{"pull_request": {"head": 1}}']
)
def test_event_that_cannot_be_read_is_no_request(tmp_path: Path, text: str) -> None:
    event = tmp_path / "event.json"
    event.write_text(text)
    job = current_job({**GITHUB, "GITHUB_EVENT_PATH": str(event)})
    assert job is not None
    assert (job.request, job.commit) == (None, "aaaa")


def test_branch_on_gitlab() -> None:
    assert current_job(GITLAB) == Job(
        system=System.GITLAB,
        api_url="https://git.acme.test/api/v4",
        project="acme/sub/api",
        project_url="https://git.acme.test/acme/sub/api",
        commit="bbbb",
        job_url="https://git.acme.test/acme/sub/api/-/jobs/9",
        directory=Path("/builds/api"),
    )


@pytest.mark.parametrize(("source", "is_fork"), [("acme/sub/api", False), ("someone/api", True)])
def test_merge_request_on_gitlab(source: str, is_fork: bool) -> None:
    request = {"CI_MERGE_REQUEST_IID": "5", "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": source}
    job = current_job({**GITLAB, **request})
    assert job is not None
    assert (job.request, job.is_fork) == (5, is_fork)


def test_job_in_a_fork_on_gitlab_runs_in_the_fork() -> None:
    fork = {
        "CI_MERGE_REQUEST_IID": "5",
        "CI_PROJECT_PATH": "someone/api",
        "CI_MERGE_REQUEST_PROJECT_PATH": "acme/sub/api",
        "CI_MERGE_REQUEST_PROJECT_URL": "https://git.acme.test/acme/sub/api",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "someone/api",
    }
    job = current_job({**GITLAB, **fork})
    assert job is not None
    assert (job.project, job.is_fork) == ("someone/api", True)
    assert job.request_project == "acme/sub/api"
    assert job.request_url == "https://git.acme.test/acme/sub/api"


def test_commit_of_a_pipeline_for_merged_results_is_the_one_that_people_see() -> None:
    job = current_job({**GITLAB, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "dddd"})
    assert job is not None
    assert job.commit == "dddd"


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        (GITHUB, "https://github.com/acme/api/blob/aaaa/knowledge/A%20%23b.md#L3"),
        (GITLAB, "https://git.acme.test/acme/sub/api/-/blob/bbbb/knowledge/A%20%23b.md#L3"),
    ],
)
def test_address_of_a_file(environment: dict[str, str], url: str) -> None:
    job = current_job(environment)
    assert job is not None
    assert job.source_url("knowledge/A #b.md", 3) == url
