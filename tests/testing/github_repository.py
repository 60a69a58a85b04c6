"""The local server like GitHub, with the Git repository behind it: it opens and merges pull requests, and starts workflows.

Sources: GitHub's documentation of its REST API, and "Events that trigger workflows" in that of Actions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.testing.code_host_api import Account
from tests.testing.github_api import BOT, GitHubApi
from tests.testing.inventories import git
from tests.testing.replies import Asked, Reply

ADA = "ghp_canary_of_ada"
MAIN = "main"
GITHUB = ("-c", "user.name=GitHub", "-c", "user.email=noreply@github.com")
"""Options with which Git commits as GitHub."""


@dataclass(frozen=True)
class Event:
    """What starts workflows; `files` are the changed ones, None if the event has none."""

    name: str
    ref: str
    sha: str
    number: int | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    files: list[str] | None = None


@dataclass
class PullRequest:
    """What a person sees at the top of a pull request."""

    title: str
    body: str
    branch: str
    author: str
    is_open: bool = True


class GitHubRepository(GitHubApi):
    """The repository acme/api on GitHub, whose branches are those of the bare repository `origin`.

    `events` has those that started no jobs yet.
    """

    def __init__(self, origin: Path) -> None:
        super().__init__()
        self.origin = origin
        self.pull_requests: dict[int, PullRequest] = {}
        self.accounts[ADA] = Account("ada")
        self.main = self.commit_of(MAIN)
        self._events: list[Event] = []

    def commit_of(self, branch: str) -> str:
        return git(self.origin, "rev-parse", f"refs/heads/{branch}")

    def take_events(self) -> list[Event]:
        """Return what happened since the last call, pushes included."""
        self._refresh()
        events, self._events = self._events, []
        return events

    def at_night(self) -> None:
        self._events.append(Event("schedule", f"refs/heads/{MAIN}", self.commit_of(MAIN)))

    # --- Git ---

    def _refresh(self) -> None:
        """Notice what was pushed."""
        main = self.commit_of(MAIN)
        if main != self.main:
            files = self._changed(self.main, main)
            self._events.append(Event("push", f"refs/heads/{MAIN}", main, files=files))
            self.main = main
        for number, pull in self.pull_requests.items():
            request = self.requests[number]
            if pull.is_open and request.head != (head := self.commit_of(pull.branch)):
                self.push(number, head)
                self._start(number)

    def _start(self, number: int) -> None:
        """Let the last commit of a pull request start workflows, on a merge with the main branch."""
        head, ref = self.requests[number].head, f"refs/pull/{number}/merge"
        merge = self._commit(head, f"Merge {head} into {self.main}", self.main, head)
        git(self.origin, "update-ref", ref, merge)
        files = self._changed(f"{MAIN}...{head}")
        self._events.append(Event("pull_request", ref, merge, number, files=files))

    def _commit(self, head: str, title: str, *parents: str) -> str:
        """Return a new commit of the files that a merge into the main branch has."""
        tree = git(self.origin, "merge-tree", "--write-tree", MAIN, head)
        above = [word for parent in parents for word in ("-p", parent)]
        return git(self.origin, *GITHUB, "commit-tree", tree, *above, "-m", title)

    def _changed(self, *commits: str) -> list[str]:
        return git(self.origin, "diff", "--name-only", *commits).splitlines()

    # --- HTTP ---

    @property
    def routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        workflow = r"/actions/workflows/(devinops\.yml)/dispatches"
        return [
            ("POST", r"/(pulls)", self._open),
            ("PATCH", r"/pulls/(\d+)", self._change),
            ("PUT", r"/pulls/(\d+)/merge", self._merge),
            ("POST", workflow, self._dispatch),
            *super().routes,
        ]

    def _open(self, _: str, asked: Asked, account: Account, __: dict[str, str]) -> Reply:
        given, number = asked.json, len(self.requests) + 1
        branch = given["head"]
        self.open(number, self.commit_of(branch))
        self.pull_requests[number] = PullRequest(
            given["title"], given["body"], branch, account.login
        )
        # What a job does with its token starts no workflows.
        if account.login != BOT:
            self._start(number)
        return Reply(201, self._shown_pull(self.requests[number]))

    def _change(self, number: str, asked: Asked, account: Account, _: dict[str, str]) -> Reply:
        pull, given = self.pull_requests[int(number)], asked.json
        pull.body = given.get("body", pull.body)
        if "state" in given:
            pull.is_open = given["state"] == "open"
            if pull.is_open and account.login != BOT:
                self._start(int(number))
        return Reply(200, self._shown_pull(self.requests[int(number)]))

    def _merge(self, number: str, asked: Asked, _: Account, __: dict[str, str]) -> Reply:
        request, pull = self.requests[int(number)], self.pull_requests[int(number)]
        assert asked.json == {"merge_method": "squash"}
        commit = self._commit(request.head, f"{pull.title} (#{number})", self.main)
        git(self.origin, "update-ref", f"refs/heads/{MAIN}", commit)
        git(self.origin, "update-ref", "-d", f"refs/heads/{pull.branch}")
        request.merge_commit, request.merged, pull.is_open = commit, True, False
        return Reply(200, {"sha": commit, "merged": True})

    def _dispatch(self, _: str, asked: Asked, __: Account, ___: dict[str, str]) -> Reply:
        given = asked.json
        ref = f"refs/heads/{given['ref']}"
        event = Event(
            "workflow_dispatch", ref, self.commit_of(given["ref"]), inputs=given["inputs"]
        )
        self._events.append(event)
        return Reply(204, b"")

    def _pulls(self, group: str, asked: Asked, account: Account, query: dict[str, str]) -> Reply:
        if query.get("state") != "open":
            return super()._pulls(group, asked, account, query)
        numbers = [
            number
            for number, pull in self.pull_requests.items()
            if pull.is_open and query["head"] == f"acme:{pull.branch}"
        ]
        return Reply(200, [self._shown_pull(self.requests[number]) for number in numbers])

    def answer(self, asked: Asked) -> Reply:
        with self._lock:
            self._refresh()
        return super().answer(asked)


def matches(path: str, patterns: list[str]) -> bool:
    """Return whether a path has one of the patterns of a filter `paths`."""
    words = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*"}
    expressions = (
        "".join(words.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*\*|\*)", pattern))
        for pattern in patterns
    )
    return any(re.fullmatch(expression, path) for expression in expressions)


def starts(event: Event, on: dict[str, Any]) -> bool:
    """Return whether an event starts a workflow with these triggers."""
    if event.name not in on:
        return False
    about = on[event.name] or {}
    branches, paths = (
        about.get(name) if isinstance(about, dict) else None for name in ("branches", "paths")
    )
    is_branch = branches is None or event.ref.removeprefix("refs/heads/") in branches
    return is_branch and (paths is None or any(matches(path, paths) for path in event.files or []))
