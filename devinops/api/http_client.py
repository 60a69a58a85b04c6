"""The HTTP client: sends calls, retries those that may be sent again, and explains failures.

There are two classes, so that a client for reading cannot write: `Getter` sends only GET, `Sender`
also sends writes. Each failure is raised as a DevinopsError whose message is one line without the
key or the value of a secret.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from devinops import run_facts, signals, waiting
from devinops.api import failures, httpx_setup, redact, retry, size_limits
from devinops.api.connection import Connection, Endpoint
from devinops.api.once import Once
from devinops.api.single_request import (
    Call,
    HttpOutcome,
    NoResponse,
    Response,
    exchange,
    segment,
    status_of,
)
from devinops.api.size_limits import ResponseBudget
from devinops.model.errors import TOO_MANY, ApiError, Unreachable

__all__ = ["Call", "Getter", "Sender", "segment"]

_INTERRUPTED: Final = "; not retried: the run was interrupted"


@dataclass(slots=True)
class _Tries:
    """The attempts of one call so far.

    `outcome` is that of the last attempt. `doubtful`: an earlier one may have changed something.
    `not_retried` says why no retry followed, empty if none would have helped. `failed` are the
    attempts that ended in another way than with 429.
    """

    outcome: HttpOutcome
    attempts: int = 1
    failed: int = 0
    doubtful: bool = False
    not_retried: str = ""


class Getter:
    """Sends only GET. Threads may share it.

    `emulator` tells whether the last response came from an emulator; it is None before the first
    response. `rejected` says how the API rejected the key, and is empty if it did not.
    """

    methods: ClassVar[frozenset[str]] = frozenset({"GET"})

    def __init__(
        self,
        connection: Connection,
        log: Callable[[str], None],
        sharing: Callable[[], int] | None = None,
        is_last: Callable[[], bool] = lambda: False,
        endpoint: Endpoint | None = None,
    ) -> None:
        """`sharing` returns how many targets share this, if several can; `is_last` is that of
        `RateLimiter`. Another API than Devin's has an `endpoint` of its own.
        """
        redact.remember_key(connection.key)
        self._connection = connection
        self._log = log
        self._log_lock = threading.Lock()
        self._sharing = sharing
        self._limiter = retry.RateLimiter(
            connection.parallelism,
            many=sharing is not None,
            shards=connection.shards,
            rate=connection.rate,
            is_last=is_last,
        )
        self._retries = retry.RetryBudget()
        endpoint = endpoint or httpx_setup.endpoint(connection)
        self._route = httpx_setup.route(endpoint)
        self._client = httpx_setup.open_client(endpoint)
        self.shared = Once[Any]()
        """What all clients with this key read once."""
        self.emulator: bool | None = None
        self.rejected = ""

    def get(self, call: Call, budget: ResponseBudget | None = None) -> Any:
        """Return the JSON of a response that fits the budget. Raises ApiError."""
        return failures.json_of(call, self._send(call, budget))

    def stop_waiting(self) -> None:
        """From now on, send first attempts at once and no retries. Safe in a signal handler."""
        self._limiter.stop_waiting()

    def close(self) -> None:
        """Wake all waiting threads, which then fail, and close the connections."""
        self._limiter.stop()
        self._client.close()

    @property
    def parallelism(self) -> int:
        """How many requests may be in flight now; for one of many targets, its share of them."""
        targets = self._sharing() if self._sharing else 1
        return max(self._limiter.parallelism // max(targets, 1), 1)

    # --- attempts ---

    def _send(self, call: Call, budget: ResponseBudget | None = None) -> Response:
        """Return a 2xx response, after as many attempts as the policy allows. Raises ApiError."""
        if call.method not in self.methods:
            raise AssertionError(f"this client cannot send {call.method}")
        signals.check()
        budget = budget or ResponseBudget(size_limits.LARGEST_RESPONSE)
        self._retries.count_request()
        outcome = self._attempt(call, budget)
        if outcome is None:
            raise Unreachable(f"{call}: interrupted before it was sent")
        tries = _Tries(outcome)
        self._retry(call, budget, tries)
        last, connection, note = tries.outcome, self._connection, tries.not_retried
        if not isinstance(last, Response):
            raise failures.no_response(call, last, connection, self._route, tries.attempts, note)
        if not last.succeeded:
            error = self._refused(call, last, note, doubtful=tries.doubtful)
            if last.status == 401:
                self.rejected = self.rejected or str(error)
            raise error
        return last

    def _refused(self, call: Call, response: Response, note: str, *, doubtful: bool) -> ApiError:
        """Return what the response means here; a code host means something else by it."""
        return failures.refused(call, response, self._connection, note, doubtful=doubtful)

    def _retry(self, call: Call, budget: ResponseBudget, tries: _Tries) -> None:
        """Send a call again as often as its outcomes and the policy allow.

        A 429 does not count: under a limit that others share, one call can be refused often.
        """
        while _is_retryable(call, tries.outcome):
            status = status_of(tries.outcome)
            if status != TOO_MANY:
                tries.failed += 1
            if tries.failed > self._connection.retries:
                return
            tries.not_retried = self._why_no_retry(status)
            if tries.not_retried:
                return
            if status != TOO_MANY:
                seconds = self._delay_s(tries.outcome, tries.failed - 1)
                self._say(f"trying again in {seconds:.1f} s")
                self._limiter.pause(seconds)
            if call.before_again:
                call.before_again(status)
            following = self._attempt(call, budget, retry=True)
            if following is None:
                tries.not_retried = _INTERRUPTED
                return
            # The attempt before may have changed something.
            tries.doubtful = tries.doubtful or (call.method != "GET" and status != TOO_MANY)
            tries.outcome, tries.attempts = following, tries.attempts + 1

    def _why_no_retry(self, status: int | None) -> str:
        """Return why a retry after this status, which could help, is not made.

        If one is made, count it and return an empty text.
        """
        if self._limiter.waiting_stopped:
            return _INTERRUPTED
        if status == TOO_MANY:
            if self._limiter.gave_up:
                return f"; not retried: only 429 in {self._limiter.patience_s:g} s of waiting"
        elif not self._retries.spend():
            return f"; not retried: this run has used its {self._retries.limit} retries"
        return ""

    def _hold(self, outcome: HttpOutcome) -> None:
        """Let all calls wait after a 429, even if this one is not sent again."""
        seconds = self._delay_s(outcome, self._limiter.waits)
        self._limiter.hold(seconds)
        rate = self._limiter.rate
        self._say(f"waiting {seconds:.1f} s, and then at most {rate:.1f} requests a second")

    def _delay_s(self, outcome: HttpOutcome, attempt: int) -> float:
        header = outcome.headers.get("retry-after") if isinstance(outcome, Response) else None
        asked_s = retry.retry_after_s(header, time.time())
        return retry.delay_s(attempt, self._connection.backoff_s, status_of(outcome), asked_s)

    def _attempt(
        self, call: Call, budget: ResponseBudget, *, retry: bool = False
    ) -> HttpOutcome | None:
        """Send a call when the rate limiter allows it; return None if it must not be sent."""
        if not self._limiter.enter(retry=retry):
            return None
        status, start = None, waiting.now()
        try:
            outcome = self._timed(call, budget)
            status = status_of(outcome)
        finally:
            self._limiter.leave(status, waiting.now() - start, self._sort(call))
            run_facts.count_request(status)
        if status == TOO_MANY:
            self._hold(outcome)
        return outcome

    def _timed(self, call: Call, budget: ResponseBudget) -> HttpOutcome:
        """Send a call and log how long it took."""
        start = time.monotonic()
        outcome = exchange(self._client, self._connection, call, budget)
        took = f"in {(time.monotonic() - start) * 1000:.0f} ms"
        if isinstance(outcome, Response):
            self.emulator = outcome.from_emulator
            self._say(f"{call.method} {call.target} {outcome.status} {took}")
        else:
            self._say(f"{call.method} {call.target} {failures.reason(call, outcome)} {took}")
        return outcome

    def _sort(self, call: Call) -> str:
        """Return which calls usually take about as long.

        Empty for a list, which can have any size; but of many targets, most are of about one size.
        """
        if call.of_object or call.method != "GET":
            return call.method
        return call.path.rpartition("/")[2] if self._sharing else ""

    def _say(self, line: str) -> None:
        with self._log_lock:
            self._log(redact.redact(line))


class Sender(Getter):
    """Sends reads and writes."""

    methods = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})

    def send(self, call: Call) -> Any:
        """Send a POST, PUT or PATCH; return the JSON of the response, None if it is empty.

        Raises ApiError.
        """
        response = self._send(call)
        return failures.json_of(call, response) if response.body.strip() else None

    def delete(self, call: Call) -> None:
        """Send a DELETE. Any 2xx that is not a web page is a success. Raises ApiError."""
        failures.refuse_web_page(call, self._send(call))


def _is_retryable(call: Call, outcome: HttpOutcome) -> bool:
    if isinstance(outcome, NoResponse) and not outcome.retryable:
        return False
    checked = call.before_again is not None
    return retry.is_retryable(call.method, status_of(outcome), checked=checked)
