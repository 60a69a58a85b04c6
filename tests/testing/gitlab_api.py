"""A local server that behaves like the REST API of GitLab, as far as notes and merge requests go.

Source: GitLab's documentation of its Notes, Merge requests and Commits APIs, and of job tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.testing.code_host_api import Account, CodeHostApi, Comment, Request, sha
from tests.testing.replies import Asked, Reply

BOT = "project_7_bot_0a1b2c"
TOKEN, READ_ONLY, JOB_TOKEN = (
    "glpat-canary-of-the-bot",
    "glpat-canary-read-only",
    "glcbt-canary-of-the-job",
)
PROJECT = "acme/tools/api"


class GitLabApi(CodeHostApi):
    """The project acme/tools/api. `job_token_reads` tells whether it is as in GitLab 18."""

    prefix = "/api/v4"

    def __init__(self, *, job_token_reads: bool = True) -> None:
        super().__init__(PROJECT)
        self.job_token_reads = job_token_reads
        self.accounts = {TOKEN: Account(BOT), READ_ONLY: Account(BOT, may_write=False)}
        self.sends_link = True

    def environment(
        self,
        directory: Path,
        number: int | None = None,
        *,
        fork: bool = False,
        commit: str = "",
        token: str = TOKEN,
    ) -> dict[str, str]:
        """Return the variables of a job in a merge request, or of a branch. `fork`: it runs in the fork."""
        del directory
        project = "someone/api" if fork else self.project
        environment = {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_API_V4_URL": self.url,
            "CI_PROJECT_PATH": project,
            "CI_PROJECT_URL": f"https://gitlab.test/{project}",
            "CI_COMMIT_SHA": commit or sha("something else"),
            "CI_JOB_TOKEN": JOB_TOKEN,
        }
        if number is None:
            environment["CI_COMMIT_BRANCH"] = "main"
        else:
            environment["CI_MERGE_REQUEST_IID"] = str(number)
            environment["CI_MERGE_REQUEST_PROJECT_PATH"] = self.project
            environment["CI_MERGE_REQUEST_PROJECT_URL"] = f"https://gitlab.test/{self.project}"
            environment["CI_MERGE_REQUEST_SOURCE_PROJECT_PATH"] = project
            environment["CI_COMMIT_SHA"] = commit or self.requests[number].head
        if token:
            environment["DEVINOPS_GITLAB_TOKEN"] = token
        return environment

    def merge(self, number: int, how: str = "merge") -> str:
        """Merge by `merge`, `squash`, `squash and merge` or `fast-forward`; return the branch's new commit."""
        request = self.requests[number]
        request.merged = True
        if "squash" in how:
            request.squash_commit = sha(f"squash of {request.head}")
        if "merge" in how:
            request.merge_commit = sha(f"merge of {request.head}")
        return request.merge_commit or request.squash_commit or request.head

    def _route(self, asked: Asked, path: str, query: dict[str, str]) -> Reply:
        is_job = asked.headers.get("Job-Token", asked.headers.get("JOB-TOKEN")) == JOB_TOKEN
        token = asked.headers.get("Private-Token", asked.headers.get("PRIVATE-TOKEN", ""))
        account = self.accounts.get(token)
        if is_job and self.job_token_reads and asked.method == "GET" and path != "/user":
            account = Account("person", may_write=False)
        if account is None:
            return Reply(401, {"message": "401 Unauthorized"})
        if path == "/user":
            return Reply(200, {"id": 7, "username": account.login})
        inside = path.removeprefix(f"/projects/{quote(self.project, safe='')}")
        routes: list[tuple[str, str, Callable[..., Reply]]] = [
            ("GET", r"/merge_requests/(\d+)/notes", self._list),
            ("POST", r"/merge_requests/(\d+)/notes", self._create),
            ("PUT", r"/merge_requests/(\d+)/notes/(\d+)", self._edit),
            ("DELETE", r"/merge_requests/(\d+)/notes/(\d+)", self._delete),
            ("GET", r"/repository/commits/([0-9a-f]{40})/merge_requests", self._requests_of),
            ("GET", r"/merge_requests/(\d+)", self._request),
        ]
        for method, pattern, handle in routes:
            match = re.fullmatch(pattern, inside)
            if match and method == asked.method and inside != path:
                if method != "GET" and not account.may_write:
                    return Reply(403, {"message": "403 Forbidden"})
                return handle(match.groups(), asked, account, query)
        return Reply(404, {"message": "404 Project Not Found"})

    def _list(self, ids: tuple[str], asked: Asked, _: Account, query: dict[str, str]) -> Reply:
        request = self.requests.get(int(ids[0]))
        if request is None:
            return _not_found()
        assert (query["sort"], query["order_by"]) == ("asc", "created_at")
        page = self.page([_shown(comment) for comment in request.comments], query)
        headers = {"x-next-page": "" if page.is_last else str(page.number + 1)}
        if self.sends_link and not page.is_last:
            path = asked.path.partition("?")[0]
            following = (
                f"{path}?order_by=created_at&page={page.number + 1}&per_page={page.size}&sort=asc"
            )
            headers["Link"] = (
                f'<https://inside.test{following}>; rel="next", <https://inside.test{path}>; rel="first"'
            )
        return Reply(200, page.items, headers)

    def _create(self, ids: tuple[str], asked: Asked, account: Account, _: dict[str, str]) -> Reply:
        if int(ids[0]) not in self.requests:
            return _not_found()
        # GitLab stores the text without white space around it.
        return Reply(201, _shown(self.add(int(ids[0]), account.login, asked.json["body"].strip())))

    def _edit(self, ids: tuple[str, str], asked: Asked, _: Account, __: dict[str, str]) -> Reply:
        comment = self._find(ids)
        if comment is None:
            return _not_found()
        comment.text = asked.json["body"].strip()
        return Reply(200, _shown(comment))

    def _delete(self, ids: tuple[str, str], *_: Any) -> Reply:
        comment = self._find(ids)
        if comment is None:
            return _not_found()
        self.requests[int(ids[0])].comments.remove(comment)
        return Reply(204, b"")

    def _find(self, ids: tuple[str, str]) -> Comment | None:
        request = self.requests.get(int(ids[0]))
        return self.comment(request, int(ids[1])) if request else None

    def _requests_of(self, ids: tuple[str], _: Asked, __: Account, query: dict[str, str]) -> Reply:
        return Reply(
            200, self.page([self._shown_request(r) for r in self.related(ids[0])], query).items
        )

    def _request(self, ids: tuple[str], *_: Any) -> Reply:
        request = self.requests.get(int(ids[0]))
        return Reply(200, self._shown_request(request)) if request else _not_found()

    def _shown_request(self, request: Request) -> dict[str, Any]:
        return {
            "iid": request.number,
            "state": "merged" if request.merged else "opened",
            "sha": request.head,
            "target_branch": request.base,
            "merge_commit_sha": request.merge_commit or None,
            "squash_commit_sha": request.squash_commit or None,
            "web_url": f"https://gitlab.test/{self.project}/-/merge_requests/{request.number}",
        }


def _shown(comment: Comment) -> dict[str, Any]:
    author = {"username": comment.author}
    return {"id": comment.id, "body": comment.text, "author": author, "system": comment.system}


def _not_found() -> Reply:
    return Reply(404, {"message": "404 Not found"})
