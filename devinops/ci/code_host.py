"""Code hosts: what devinops asks GitHub and GitLab, in the same words for both.

A *request* is a pull request of GitHub or a merge request of GitLab. Importing this module is
cheap, because httpx is imported only when a host is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol

from devinops import signals
from devinops.ci.job import Job, System
from devinops.model.errors import ApiError, ConfigError, DevinopsError


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a request; `author` is a login, empty if the account was deleted."""

    id: int
    author: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `head` is its last commit, `base` its target branch, and `url` its web page.

    `merge_commits` are the commits to which its target branch was moved by the merge; empty if it
    is not merged.
    """

    number: int
    head: str
    base: str
    url: str
    merge_commits: frozenset[str] = frozenset()


class CodeHost(Protocol):
    """A client of one repository. All methods that send requests raise ApiError.

    `noun` is what the host calls a request, and `longest_comment` counts characters.
    """

    noun: str
    longest_comment: int

    def author(self) -> str:
        """Return the login under which this client comments, as far as it can be known before."""
        ...

    def comments(self, request: int) -> Iterator[Comment]:
        """Yield all comments on a request, the oldest first."""
        ...

    def create(self, request: int, text: str) -> Comment:
        """Add a comment. It is sent again only if the host certainly did nothing."""
        ...

    def edit(self, request: int, comment: int, text: str) -> Comment:
        """Replace the text of a comment."""
        ...

    def delete(self, request: int, comment: int) -> None:
        """Delete a comment; one that does not exist counts as deleted."""
        ...

    def request(self, number: int) -> Request:
        """Return a request."""
        ...

    def requests_with(self, commit: str) -> Sequence[Request]:
        """Return the requests that a commit belongs to, open or merged."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the host, and whether the client `writes`."""

    writes: bool
    timeout_s: float = 60
    ca_bundle: Path | None = None
    log: Callable[[str], None] = lambda _: None


HOSTS: Final[Mapping[System, str]] = {
    System.GITHUB: "devinops.ci.github",
    System.GITLAB: "devinops.ci.gitlab",
}
"""CI system → the module with its `open_host`."""


class MissingToken(ConfigError):
    """The environment has no token that can do what was asked."""


def open_host(job: Job, environment: Mapping[str, str], access: Access) -> CodeHost:
    """Return a client of the job's repository. Raises MissingToken, ConfigError."""
    with signals.deferred():
        module = import_module(HOSTS[job.system])
    host: CodeHost = module.open_host(job, environment, access)
    return host


def first_token(environment: Mapping[str, str], variables: Sequence[str]) -> tuple[str, str] | None:
    """Return the first of the variables that is not empty, and its value."""
    for variable in variables:
        if token := environment.get(variable, "").strip():
            return variable, token
    return None


def is_denied(error: DevinopsError) -> bool:
    """Return whether the token is missing or lacks a permission. 404 hides what it may not see."""
    return isinstance(error, MissingToken) or (
        isinstance(error, ApiError) and error.status in (401, 403, 404)
    )
