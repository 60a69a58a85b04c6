"""The notes and merge requests of GitLab, on gitlab.com or self-hosted.

Source: "Notes API", "Merge requests API" and "Commits API" in GitLab's documentation. A job token
may read notes in newer versions, and may write them in none: see `lib/api/notes.rb` in its source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from devinops.api.connection import Endpoint
from devinops.api.httpx_setup import checked
from devinops.api.single_request import Call, segment
from devinops.ci.code_host import Access, Comment, MissingToken, Request, first_token
from devinops.ci.code_host_client import Rest, number_at, text_at
from devinops.ci.job import Job
from devinops.model.errors import BadResponse

TOKENS: Final = ("DEVINOPS_GITLAB_TOKEN", "GITLAB_TOKEN")
"""The variables that may hold an access token."""

JOB_TOKEN: Final = "CI_JOB_TOKEN"

_NEXT_STEP: Final = (
    "create a project access token with the role Reporter and the scope api, and store it as the "
    f"masked CI/CD variable {TOKENS[0]}"
)


class GitLab:
    """A client of one project. `is_job_token`: it can only read, and not tell who it is."""

    noun = "merge request"
    longest_comment = 1_000_000

    def __init__(self, job: Job, rest: Rest, *, is_job_token: bool) -> None:
        # The number of a merge request counts in the project that it was opened for.
        project = job.request_project or job.project
        self._path = f"/projects/{segment(project, 'project')}"
        self._page = job.request_url or job.project_url
        self._rest, self._is_job_token = rest, is_job_token

    def author(self) -> str:
        """Return the name of the token's user; for a project access token this is a bot."""
        if self._is_job_token:
            raise MissingToken(
                f"{JOB_TOKEN} does not show who comments: pass --comment-author, or {_NEXT_STEP}"
            )
        name = text_at(self._rest.get(Call("GET", "/user")), "username")
        if not name:
            raise BadResponse("GitLab: GET /user returned no username")
        return name

    def comments(self, request: int) -> Iterator[Comment]:
        """Yield all notes of people and bots on a merge request, the oldest first."""
        query = {"sort": "asc", "order_by": "created_at"}
        for item in self._rest.items(self._notes(request), query):
            if item.get("system") is not True:
                yield self._comment(request, item)

    def create(self, request: int, text: str) -> Comment:
        """Add a note."""
        return self._comment(
            request, self._rest.send(Call("POST", self._notes(request), body={"body": text}))
        )

    def edit(self, request: int, comment: int, text: str) -> Comment:
        """Replace the text of a note."""
        path = f"{self._notes(request)}/{comment}"
        return self._comment(request, self._rest.send(Call("PUT", path, body={"body": text})))

    def delete(self, request: int, comment: int) -> None:
        """Delete a note."""
        self._rest.delete(Call("DELETE", f"{self._notes(request)}/{comment}"))

    def request(self, number: int) -> Request:
        """Return a merge request."""
        return _request(self._rest.get(Call("GET", f"{self._path}/merge_requests/{number}")))

    def requests_with(self, commit: str) -> list[Request]:
        """Return the merge requests that a commit belongs to."""
        path = f"{self._path}/repository/commits/{segment(commit, 'commit')}/merge_requests"
        return [_request(item) for item in self._rest.items(path)]

    def close(self) -> None:
        """Close the connection."""
        self._rest.close()

    def _notes(self, request: int) -> str:
        return f"{self._path}/merge_requests/{request}/notes"

    def _comment(self, request: int, item: Any) -> Comment:
        id = number_at(item, "id")
        url = f"{self._page}/-/merge_requests/{request}#note_{id}"
        return Comment(id, text_at(item, "author", "username"), text_at(item, "body"), url)


def open_host(job: Job, environment: Mapping[str, str], access: Access) -> GitLab:
    """Return a client with the token in the environment. Raises MissingToken, ConfigError."""
    chosen = first_token(environment, TOKENS if access.writes else (*TOKENS, JOB_TOKEN))
    if chosen is None:
        raise MissingToken(
            f"no token that may comment on GitLab ({JOB_TOKEN} may not): {_NEXT_STEP}"
        )
    variable, token = chosen
    header = "JOB-TOKEN" if variable == JOB_TOKEN else "PRIVATE-TOKEN"
    endpoint = Endpoint(
        job.api_url,
        {header: checked(token, variable)},
        access.timeout_s,
        ca_bundle=access.ca_bundle,
        setting="CI_API_V4_URL",
    )
    rest = Rest("GitLab", endpoint, token, _hint, access.log)
    return GitLab(job, rest, is_job_token=variable == JOB_TOKEN)


def _request(item: Any) -> Request:
    commits = {text_at(item, "merge_commit_sha"), text_at(item, "squash_commit_sha")} - {""}
    head = text_at(item, "sha")
    # A merge without a merge commit and without squashing moves the target branch to the head.
    merged = (commits or {head}) if text_at(item, "state") == "merged" else ()
    base, url = text_at(item, "target_branch"), text_at(item, "web_url")
    return Request(number_at(item, "iid"), head, base, url, frozenset(merged))


def _hint(_: Call, status: int) -> str:
    if status in (401, 403):
        return f"the token lacks a permission or has expired: {_NEXT_STEP}"
    return "it does not exist, or the token may not see it" if status == 404 else ""
