"""What the local servers that behave like GitHub and GitLab share: accounts, requests, pages, faults."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.testing.replies import Asked, Reply, Server, running

PROJECT = "acme/api"


@dataclass(frozen=True)
class Account:
    """Who a token belongs to, and what it may do with comments."""

    login: str
    may_write: bool = True
    may_read: bool = True


@dataclass
class Comment:
    id: int
    author: str
    text: str
    system: bool = False


@dataclass
class Request:
    """A pull or merge request and its comments."""

    number: int
    head: str
    commits: set[str]
    base: str = "main"
    merge_commit: str = ""
    squash_commit: str = ""
    merged: bool = False
    comments: list[Comment] = field(default_factory=list)


@dataclass
class Fault:
    """What goes wrong with the next `times` requests that match; `late`: after they were carried out."""

    method: str
    path: str
    reply: Reply
    late: bool = False
    times: int = 1


NO_ANSWER = Reply(raw=b"")


def sha(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Page:
    """One page of a list, and what comes next."""

    items: list[Any]
    number: int
    size: int
    is_last: bool


class CodeHostApi:
    """A repository on a local server. Subclasses add the routes of one host.

    `after` is called behind each request that was carried out, so that a test can do what another job would.
    """

    prefix = ""
    largest_page = 100

    def __init__(self, project: str = PROJECT) -> None:
        self.project = project
        self.accounts: dict[str, Account] = {}
        self.requests: dict[int, Request] = {}
        self.faults: list[Fault] = []
        self.after: Callable[[Asked], object] = lambda _: None
        self._ids = iter(range(1001, 10**6))
        self._lock = threading.RLock()
        self.server: Server

    @contextmanager
    def serving(self, tls: Any = None) -> Iterator[Self]:
        with running(self.answer, tls) as server:
            self.server = server
            yield self

    @property
    def url(self) -> str:
        return f"{self.server.url}{self.prefix}"

    @property
    def lines(self) -> list[str]:
        """Method and path of each request so far, without the query."""
        return [f"{asked.method} {urlsplit(asked.path).path}" for asked in self.server.asked]

    @property
    def writes(self) -> list[str]:
        return [line.split()[0] for line in self.lines if not line.startswith("GET")]

    # --- what people and other jobs do ---

    def open(self, number: int, head: str = "") -> Request:
        head = head or sha(f"head of {number}")
        request = self.requests[number] = Request(number, head, {head})
        return request

    def push(self, number: int, head: str = "") -> str:
        request = self.requests[number]
        request.head = head or sha(f"{request.head} and more")
        request.commits.add(request.head)
        return request.head

    def add(self, number: int, author: str, text: str, *, system: bool = False) -> Comment:
        comment = Comment(next(self._ids), author, text, system)
        self.requests[number].comments.append(comment)
        return comment

    def texts(self, number: int) -> list[str]:
        return [comment.text for comment in self.requests[number].comments]

    def related(self, commit: str) -> list[Request]:
        return [
            r
            for r in self.requests.values()
            if commit in r.commits | {r.merge_commit, r.squash_commit}
        ]

    # --- HTTP ---

    def answer(self, asked: Asked) -> Reply:
        url = urlsplit(asked.path)
        with self._lock:
            fault = self._fault(asked.method, url.path)
            if fault and not fault.late:
                return fault.reply
            reply = self._route(
                asked, url.path.removeprefix(self.prefix), dict(parse_qsl(url.query))
            )
        self.after(asked)
        return fault.reply if fault else reply

    def _fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.method == method and re.search(fault.path, path) and fault.times:
                fault.times -= 1
                return fault
        return None

    def _route(self, asked: Asked, path: str, query: dict[str, str]) -> Reply:
        raise NotImplementedError

    def page(self, items: list[Any], query: dict[str, str]) -> Page:
        number, asked = int(query.get("page", "1")), int(query.get("per_page", "30"))
        size = min(asked, self.largest_page)
        start = (number - 1) * size
        return Page(items[start : start + size], number, size, start + size >= len(items))

    def comment(self, request: Request, id: int) -> Comment | None:
        return next((comment for comment in request.comments if comment.id == id), None)
