"""The CI job that this run is part of, read from the variables that GitHub and GitLab set.

Sources: "Variables reference" in GitHub's documentation of Actions, and "Predefined CI/CD
variables" in GitLab's.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple


class System(Enum):
    """A CI system."""

    GITHUB = "github"
    GITLAB = "gitlab"


class Job(NamedTuple):
    """The CI job of this run.

    `api_url` is the root of the system's REST API, `project` the path of the repository such as
    `acme/api`, and `project_url` its web page. `commit` is the commit that people see: in a pull
    request of GitHub its head, and not the merge commit that is checked out. `request` is the
    number of the pull or merge request, None outside of one. `is_fork` tells whether the request
    comes from another repository; on GitLab, such a job usually runs in that repository, which is
    then the `project`. `request_project` is the one whose request it is, if that is another, and
    `request_url` its web page. `directory` is the checkout, in which paths start. `branch` is the
    one that the job runs for, empty if it runs for a tag or a request. `base` is the commit before
    the changes of the request or push; empty if it is not known.
    """

    system: System
    api_url: str
    project: str
    project_url: str
    commit: str
    job_url: str
    request: int | None = None
    is_fork: bool = False
    request_project: str = ""
    request_url: str = ""
    directory: Path | None = None
    branch: str = ""
    base: str = ""

    def source_url(self, path: str, line: int, *, gone: bool = False) -> str:
        """Return the address of a file at the job's commit; `path` starts at the checkout.

        If the file may be `gone`, the address is at the base; empty if that is not known.
        """
        commit = self.base if gone else self.commit
        if not commit:
            return ""
        from urllib.parse import quote

        blob = "blob" if self.system is System.GITHUB else "-/blob"
        return f"{self.project_url}/{blob}/{commit}/{quote(path)}#L{line}"


def current_job(environment: Mapping[str, str]) -> Job | None:
    """Return the job that the environment describes; None outside GitHub Actions and GitLab CI."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return _github(environment)
    if environment.get("GITLAB_CI") == "true":
        return _gitlab(environment)
    return None


def _github(environment: Mapping[str, str]) -> Job:
    server = environment.get("GITHUB_SERVER_URL") or "https://github.com"
    project = environment.get("GITHUB_REPOSITORY", "")
    event = _event(environment)
    request = _object(event.get("pull_request"))
    base, head = _object(request.get("base")), _object(request.get("head"))
    source = _object(head.get("repo"))  # null if the fork was deleted
    number = request.get("number")
    # A pull request has a ref of its own, whose type is branch too.
    is_request = environment.get("GITHUB_REF", "").startswith("refs/pull/")
    is_branch = environment.get("GITHUB_REF_TYPE") == "branch" and not is_request
    return Job(
        system=System.GITHUB,
        api_url=environment.get("GITHUB_API_URL") or "https://api.github.com",
        project=project,
        project_url=f"{server}/{project}",
        commit=_text(head.get("sha")) or environment.get("GITHUB_SHA", ""),
        job_url=f"{server}/{project}/actions/runs/{environment.get('GITHUB_RUN_ID', '')}",
        request=number if isinstance(number, int) else None,
        is_fork=bool(request) and source.get("full_name") != project,
        directory=_directory(environment.get("GITHUB_WORKSPACE")),
        branch=environment.get("GITHUB_REF_NAME", "") if is_branch else "",
        base=_commit(base.get("sha") if request else event.get("before")),
    )


def _event(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the event that started the workflow; empty if its file cannot be read."""
    import json

    try:
        event = json.loads(Path(environment.get("GITHUB_EVENT_PATH", "")).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return _object(event)


def _gitlab(environment: Mapping[str, str]) -> Job:
    number = environment.get("CI_MERGE_REQUEST_IID", "")
    source = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "")
    project = environment.get("CI_PROJECT_PATH", "")
    requested = environment.get("CI_MERGE_REQUEST_PROJECT_PATH") or project
    # In a pipeline for merged results, CI_COMMIT_SHA is a temporary merge commit.
    head = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")
    return Job(
        system=System.GITLAB,
        api_url=environment.get("CI_API_V4_URL") or "https://gitlab.com/api/v4",
        project=project,
        project_url=environment.get("CI_PROJECT_URL", ""),
        commit=head or environment.get("CI_COMMIT_SHA", ""),
        job_url=environment.get("CI_JOB_URL", ""),
        request=int(number) if number.isdecimal() else None,
        is_fork=bool(source) and source != requested,
        request_project=requested if requested != project else "",
        request_url=environment.get("CI_MERGE_REQUEST_PROJECT_URL", ""),
        directory=_directory(environment.get("CI_PROJECT_DIR")),
        branch=environment.get("CI_COMMIT_BRANCH", ""),
        base=_commit(
            environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
            or environment.get("CI_COMMIT_BEFORE_SHA")
        ),
    )


def _directory(path: str | None) -> Path | None:
    return Path(path) if path else None


def _commit(value: object) -> str:
    """Return a commit; empty for the zeros that stand for none."""
    commit = _text(value)
    return commit if commit.strip("0") else ""


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
