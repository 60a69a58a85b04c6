"""The comments and pull requests of GitHub, including GitHub Enterprise.

Source: "REST API endpoints for issue comments", "… for pull requests" and "… for commits" in
GitHub's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from devinops.api.connection import Endpoint
from devinops.api.httpx_setup import checked
from devinops.api.single_request import Call, segment
from devinops.ci.code_host import Access, Comment, MissingToken, Request, first_token
from devinops.ci.code_host_client import Rest, number_at, text_at
from devinops.ci.job import Job
from devinops.model.errors import ConfigError

TOKENS: Final = ("GITHUB_TOKEN", "GH_TOKEN")
"""The variables that may hold the token."""

AUTHOR: Final = "github-actions[bot]"
"""Who comments with the token of a job. No endpoint tells a job who it is."""

CLOSED_LAST: Final = 100
"""Pull requests to look through for one that was merged just now: one page."""


class GitHub:
    """A client of one repository."""

    noun = "pull request"
    longest_comment = 65_536

    def __init__(self, project: str, rest: Rest) -> None:
        owner, slash, name = project.partition("/")
        if not slash:
            raise ConfigError(f'GITHUB_REPOSITORY is "{project}"; expected OWNER/NAME')
        self._path = f"/repos/{segment(owner, 'owner')}/{segment(name, 'repository')}"
        self._rest = rest

    def author(self) -> str:
        """Return the login of a job's own token."""
        return AUTHOR

    def comments(self, request: int) -> Iterator[Comment]:
        """Yield all comments on a pull request, the oldest first."""
        yield from map(_comment, self._rest.items(f"{self._path}/issues/{request}/comments"))

    def create(self, request: int, text: str) -> Comment:
        """Add a comment."""
        path = f"{self._path}/issues/{request}/comments"
        return _comment(self._rest.send(Call("POST", path, body={"body": text})))

    def edit(self, request: int, comment: int, text: str) -> Comment:
        """Replace the text of a comment."""
        path = f"{self._path}/issues/comments/{comment}"
        # It replaces the whole text, so it can be sent again.
        call = Call("PATCH", path, body={"body": text}, before_again=lambda _: None)
        return _comment(self._rest.send(call))

    def delete(self, request: int, comment: int) -> None:
        """Delete a comment."""
        self._rest.delete(Call("DELETE", f"{self._path}/issues/comments/{comment}"))

    def request(self, number: int) -> Request:
        """Return a pull request."""
        return _request(self._rest.get(Call("GET", f"{self._path}/pulls/{number}")))

    def requests_with(self, commit: str) -> list[Request]:
        """Return the merged pull request that brought a commit, or the open ones that have it.

        GitHub may list a commit only some time after the merge, so the pull requests that were
        closed last are looked through too.
        """
        path = f"{self._path}/commits/{segment(commit, 'commit')}/pulls"
        listed = [_request(item) for item in self._rest.items(path)]
        if any(commit in request.merge_commits for request in listed):
            return listed
        query = {"state": "closed", "sort": "updated", "direction": "desc"}
        closed = islice(self._rest.items(f"{self._path}/pulls", query), CLOSED_LAST)
        return [*listed, *(r for r in map(_request, closed) if commit in r.merge_commits)]

    def close(self) -> None:
        """Close the connection."""
        self._rest.close()


def open_host(job: Job, environment: Mapping[str, str], access: Access) -> GitHub:
    """Return a client with the token in the environment. Raises MissingToken, ConfigError."""
    chosen = first_token(environment, TOKENS)
    if chosen is None:
        raise MissingToken(
            "no token for GitHub: set GITHUB_TOKEN in the env of the step, to ${{ github.token }}"
        )
    variable, token = chosen
    headers = {
        "Authorization": f"Bearer {checked(token, variable)}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    endpoint = Endpoint(
        job.api_url, headers, access.timeout_s, ca_bundle=access.ca_bundle, setting="GITHUB_API_URL"
    )
    return GitHub(job.project, Rest("GitHub", endpoint, token, _hint, access.log))


def _comment(item: Any) -> Comment:
    author, url = text_at(item, "user", "login"), text_at(item, "html_url")
    return Comment(number_at(item, "id"), author, text_at(item, "body"), url)


def _request(item: Any) -> Request:
    commit = text_at(item, "merge_commit_sha") if text_at(item, "merged_at") else ""
    return Request(
        number=number_at(item, "number"),
        head=text_at(item, "head", "sha"),
        base=text_at(item, "base", "ref"),
        url=text_at(item, "html_url"),
        merge_commits=frozenset(filter(None, [commit])),
    )


def _hint(call: Call, status: int) -> str:
    access = "read" if call.method == "GET" else "write"
    needed = f"the job needs permissions: {{pull-requests: {access}}}"
    if status == 401:
        return "check GITHUB_TOKEN or GH_TOKEN"
    if status == 403:
        return needed
    return f"it does not exist, or {needed}" if status == 404 else ""
