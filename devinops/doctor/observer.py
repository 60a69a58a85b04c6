"""Sends single requests and keeps what came back: status, headers and JSON.

An `Observer` sends nothing but GET, follows no redirect, and stops after `MOST_REQUESTS`. `Writer`,
which inherits from it and has a module of its own, also writes and has no such limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, Final, Self

from devinops import run_facts, signals, waiting
from devinops.api import failures, httpx_setup, redact
from devinops.api.connection import Connection
from devinops.api.retry import retry_after_s
from devinops.api.single_request import Call, NoResponse, Response, exchange, parse_json, segment
from devinops.api.size_limits import LARGEST_RESPONSE, ResponseBudget
from devinops.model.errors import TOO_MANY, BadResponse

MOST_REQUESTS: Final = 60
_LONGEST_WAIT_S: Final = 30.0

_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_PROXY_HEADERS: Final = frozenset({"via", "proxy-status", "x-cache", "proxy-authenticate"})


@dataclass(frozen=True)
class Observation:
    """What a request led to.

    `status` is None without a response. `failure` says why there is no JSON to look at, in words
    that never quote the server; it is empty for an error with JSON too.
    """

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    value: Any = field(default=None, repr=False)
    failure: str = ""
    is_unreachable: bool = False
    """Whether there was no response at all, so that other requests have none either."""

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300 and not self.failure

    @property
    def time(self) -> float | None:
        """When the API sent it by its own clock, in Unix seconds; None if it does not say."""
        try:
            return parsedate_to_datetime(self.headers.get("date", "")).timestamp()
        except (TypeError, ValueError, OverflowError):
            return None

    @property
    def through_proxy(self) -> bool:
        """Whether the headers say that a proxy passed the response on, or sent it."""
        return any(name in self.headers for name in _PROXY_HEADERS)


NOT_ASKED: Final = Observation(None, failure="not asked")


class Observer:
    """Sends GET requests with one key. `sent` counts them."""

    most_requests = MOST_REQUESTS

    def __init__(
        self, connection: Connection, log: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        """`log` gets a line for each request. `clock` returns Unix seconds. Raises ConfigError."""
        redact.remember_key(connection.key)
        endpoint = httpx_setup.endpoint(connection)
        self.route = httpx_setup.route(endpoint)
        self.sent = 0
        self.seen: list[tuple[Observation, float]] = []
        """Each observation with the time when it ended."""
        self._client = httpx_setup.open_client(endpoint)
        self._connection, self._log, self._clock = connection, log, clock

    def get(
        self, path: str, ids: Mapping[str, str] = _NONE, query: Mapping[str, str] = _NONE
    ) -> Observation:
        """Return what a GET leads to; `ids` has those named in the path, such as `{org_id}`.

        After a 429 it waits and asks once more.
        """
        return self._ask(Call("GET", with_ids(path, ids), query), path)

    def _ask(self, call: Call, path: str) -> Observation:
        """Return what a request leads to; `path` is for the log, without ids."""
        observation = self._send(call, path)
        if observation.status == TOO_MANY:
            asked = retry_after_s(observation.headers.get("retry-after"), self._clock())
            waiting.pause(min(asked or 1.0, _LONGEST_WAIT_S))
            observation = self._send(call, path)
        return observation

    def _send(self, call: Call, path: str) -> Observation:
        signals.check()
        if self.sent >= self.most_requests:
            return NOT_ASKED
        self.sent += 1
        start, budget = waiting.now(), ResponseBudget(LARGEST_RESPONSE)
        outcome = exchange(self._client, self._connection, call, budget)
        observation = _observation(call, outcome)
        self.seen.append((observation, self._clock()))
        run_facts.count_request(observation.status)
        result = observation.status or observation.failure
        self._log(f"{call.method} {path} {result} in {(waiting.now() - start) * 1000:.0f} ms")
        return observation

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()


def with_ids(path: str, ids: Mapping[str, str]) -> str:
    """Return a path with ids in place of their names."""
    return re.sub(r"{(\w+)}", lambda name: segment(ids[name[1]], name[1]), path)


def _observation(call: Call, outcome: Response | NoResponse) -> Observation:
    if isinstance(outcome, NoResponse):
        return Observation(None, failure=_reason(outcome), is_unreachable=not outcome.unusable)
    status, headers = outcome.status, outcome.headers
    if status == 204:  # without a body
        return Observation(status, headers)
    if 300 <= status < 400:
        return Observation(status, headers, failure="a redirect, which is not followed")
    if failures.is_web_page(outcome):
        return Observation(status, headers, failure="an HTML page instead of JSON")
    try:
        return Observation(status, headers, parse_json(call, outcome))
    except BadResponse:
        failure = "" if status >= 400 else "a response that is not JSON, or is cut off"
        return Observation(status, headers, failure=failure)


def _reason(outcome: NoResponse) -> str:
    """Return why there is no response, without the part that can name a host or quote a header."""
    if outcome.reason.startswith("the response has the encoding"):
        return "a response that is compressed, but not with gzip"
    return outcome.reason.partition(": ")[0]
