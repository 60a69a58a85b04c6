"""A local server that behaves like the REST API of GitHub, as far as comments and pull requests go.

Source: GitHub's documentation of its REST API, version 2022-11-28. Messages are what GitHub is known to send.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.testing.code_host_api import Account, CodeHostApi, Comment, Request, sha
from tests.testing.replies import Asked, Reply

BOT = "github-actions[bot]"
TOKEN, READ_ONLY, STRANGER = "ghs_canary_of_the_job", "ghs_canary_of_a_fork", "ghp_canary_elsewhere"
LONGEST = 65_536


class GitHubApi(CodeHostApi):
    """The repository acme/api on GitHub, or with `prefix` /api/v3 on GitHub Enterprise."""

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self.prefix = prefix
        self.knows_commits = True
        """GitHub learns only some time after a merge which commits belong to it."""
        self.accounts = {
            TOKEN: Account(BOT),
            READ_ONLY: Account(BOT, may_write=False),
            STRANGER: Account("stranger", may_read=False),
        }

    def environment(
        self,
        directory: Path,
        number: int | None = None,
        *,
        fork: bool = False,
        commit: str = "",
        token: str = TOKEN,
    ) -> dict[str, str]:
        """Return the variables of a job in a pull request, or of a push without one."""
        event: dict[str, Any] = {}
        if number is not None:
            source = "someone/api" if fork else self.project
            head = {"sha": self.requests[number].head, "repo": {"full_name": source}}
            event = {"pull_request": {"number": number, "head": head}}
        (directory / "event.json").write_text(json.dumps(event))
        (directory / "summary.md").touch()
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": "https://github.test",
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": self.project,
            "GITHUB_SHA": commit or sha("a temporary merge"),
            "GITHUB_REF": "refs/heads/main" if number is None else f"refs/pull/{number}/merge",
            "GITHUB_REF_NAME": "main" if number is None else f"{number}/merge",
            "GITHUB_REF_TYPE": "branch",
            "GITHUB_EVENT_PATH": str(directory / "event.json"),
            "GITHUB_STEP_SUMMARY": str(directory / "summary.md"),
            "GITHUB_TOKEN": token,
        }

    def merge(self, number: int, how: str = "merge") -> str:
        """Merge a pull request by `merge`, `squash` or `rebase`; return the new commit of the branch."""
        request = self.requests[number]
        request.merge_commit = sha(f"{how} of {request.head}")
        request.merged = True
        return request.merge_commit

    def _route(self, asked: Asked, path: str, query: dict[str, str]) -> Reply:
        scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
        account = self.accounts.get(token)
        if scheme != "Bearer" or account is None:
            return message(401, "Bad credentials")
        inside = path.removeprefix(f"/repos/{self.project}")
        if inside == path or not account.may_read:
            return message(404, "Not Found")
        for method, pattern, handle in self.routes:
            match = re.fullmatch(pattern, inside)
            if match and method == asked.method:
                if method != "GET" and not account.may_write:
                    return message(403, "Resource not accessible by integration")
                return handle(match[1], asked, account, query)
        return message(404, "Not Found")

    @property
    def routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        return [
            ("GET", r"/issues/(\d+)/comments", self._list),
            ("POST", r"/issues/(\d+)/comments", self._create),
            ("PATCH", r"/issues/comments/(\d+)", self._edit),
            ("DELETE", r"/issues/comments/(\d+)", self._delete),
            ("GET", r"/commits/([0-9a-f]{40})/pulls", self._pulls_of),
            ("GET", r"/pulls/(\d+)", self._pull),
            ("GET", r"/(pulls)", self._pulls),
        ]

    def _list(self, number: str, _: Asked, __: Account, query: dict[str, str]) -> Reply:
        request = self.requests.get(int(number))
        if request is None:
            return message(404, "Not Found")
        page = self.page([self._shown(request, c) for c in request.comments], query)
        # GitHub links to the repository by its number.
        link = f'<{self.url}/repositories/7/issues/{number}/comments?per_page={page.size}&page={page.number + 1}>; rel="next"'
        return Reply(
            200, page.items, {} if page.is_last else {"Link": f'<https://x>; rel="prev", {link}'}
        )

    def _create(self, number: str, asked: Asked, account: Account, _: dict[str, str]) -> Reply:
        request = self.requests.get(int(number))
        if request is None:
            return message(404, "Not Found")
        if (refusal := _refusal(asked)) is not None:
            return refusal
        comment = self.add(int(number), account.login, asked.json["body"])
        return Reply(201, self._shown(request, comment))

    def _edit(self, id: str, asked: Asked, _: Account, __: dict[str, str]) -> Reply:
        for request in self.requests.values():
            comment = self.comment(request, int(id))
            if comment:
                if (refusal := _refusal(asked)) is not None:
                    return refusal
                comment.text = asked.json["body"]
                return Reply(200, self._shown(request, comment))
        return message(404, "Not Found")

    def _delete(self, id: str, *_: Any) -> Reply:
        for request in self.requests.values():
            comment = self.comment(request, int(id))
            if comment:
                request.comments.remove(comment)
                return Reply(204, b"")
        return message(404, "Not Found")

    def _pulls_of(self, commit: str, _: Asked, __: Account, query: dict[str, str]) -> Reply:
        found = self.related(commit) if self.knows_commits else []
        if not found and commit not in {c for r in self.requests.values() for c in r.commits}:
            return (
                message(422, f"No commit found for SHA: {commit}")
                if commit == "0" * 40
                else Reply(200, [])
            )
        return Reply(200, self.page([self._shown_pull(request) for request in found], query).items)

    def _pulls(self, _: str, __: Asked, ___: Account, query: dict[str, str]) -> Reply:
        assert (query["state"], query["sort"], query["direction"]) == ("closed", "updated", "desc")
        closed = [r for r in reversed(self.requests.values()) if r.merged]
        page = self.page([self._shown_pull(request) for request in closed], query)
        following = f'<{self.url}/repositories/7/pulls?page={page.number + 1}>; rel="next"'
        return Reply(200, page.items, {} if page.is_last else {"Link": following})

    def _pull(self, number: str, *_: Any) -> Reply:
        request = self.requests.get(int(number))
        return Reply(200, self._shown_pull(request)) if request else message(404, "Not Found")

    def _shown(self, request: Request, comment: Comment) -> dict[str, Any]:
        page = f"https://github.test/{self.project}/pull/{request.number}"
        return {
            "id": comment.id,
            "body": comment.text,
            # An account that was deleted is null.
            "user": {"login": comment.author, "type": "Bot"} if comment.author else None,
            "html_url": f"{page}#issuecomment-{comment.id}",
        }

    def _shown_pull(self, request: Request) -> dict[str, Any]:
        return {
            "number": request.number,
            "state": "closed" if request.merged else "open",
            "merged_at": "2026-11-26T10:00:00Z" if request.merged else None,
            # Before the merge, it is a commit that only tests whether a merge is possible.
            "merge_commit_sha": request.merge_commit or sha(f"test merge of {request.head}"),
            "head": {"sha": request.head},
            "base": {"ref": request.base},
            "html_url": f"https://github.test/{self.project}/pull/{request.number}",
        }


def _refusal(asked: Asked) -> Reply | None:
    if len(asked.json["body"]) <= LONGEST:
        return None
    error = {"field": "data", "message": f"Body is too long (maximum is {LONGEST} characters)"}
    return Reply(422, {"message": "Validation Failed", "errors": [error]})


def message(status: int, text: str) -> Reply:
    return Reply(
        status,
        {
            "message": text,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(status),
        },
    )
