"""The REST client of the code hosts: pages, and rate limits that a 403 tells."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from devinops.api import failures, retry, size_limits
from devinops.api.connection import Connection, Endpoint
from devinops.api.error_messages import error_text
from devinops.api.http_client import Sender
from devinops.api.single_request import Call, HttpOutcome, Response
from devinops.api.size_limits import ResponseBudget
from devinops.model.errors import TOO_MANY, ApiError, BadResponse
from devinops.model.target import Target

SECONDARY_WAIT_S: Final = 60.0
"""What GitHub asks for after a secondary rate limit that does not say how long to wait."""

MAX_PAGES: Final = 1000
"""Pages in one list; a page has up to 100 comments."""

_NEXT: Final = re.compile(r'<([^>]*)>[^,]*;\s*rel="?next"?')

Hint = Callable[[Call, int], str]
"""Returns what to do about a status, empty if nothing is known."""


class Rest(Sender):
    """Sends requests to one host. `host` is its name for messages."""

    def __init__(
        self, host: str, endpoint: Endpoint, token: str, hint: Hint, log: Callable[[str], None]
    ) -> None:
        target = Target(host, endpoint.url, "v3", None)
        connection = Connection(target, token, endpoint.timeout_s, parallelism=1)
        super().__init__(connection, log, endpoint=endpoint)
        self._host, self._hint, self._setting = host, hint, endpoint.setting

    def items(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, page after page. Raises ApiError."""
        budget = ResponseBudget(size_limits.LARGEST_LIST, "list")
        call = Call("GET", path, {"per_page": "100", **(query or {})})
        for _ in range(MAX_PAGES):
            response = self._send(call, budget)
            items = failures.json_of(call, response)
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise BadResponse(f"{call}: the response is not a list of objects")
            yield from items
            following = next_page(call.query, response.headers)
            if following is None:
                return
            call = Call("GET", path, following)
        raise BadResponse(f"{self._host}: GET {path} has more than {MAX_PAGES} pages")

    def delete(self, call: Call) -> None:
        """Send a DELETE. What does not exist counts as deleted. Raises ApiError."""
        try:
            super().delete(call)
        except ApiError as error:
            if error.status != 404:
                raise

    def _timed(self, call: Call, budget: ResponseBudget) -> HttpOutcome:
        """Send a call; a rate limit that ends soon becomes a 429, whatever the host calls it."""
        outcome = super()._timed(call, budget)
        if isinstance(outcome, Response):
            wait_s = rate_limit_wait_s(outcome, time.time())
            if wait_s is not None and wait_s <= retry.MAX_WAIT_S:
                headers = {**outcome.headers, "retry-after": f"{math.ceil(wait_s)}"}
                return replace(outcome, status=TOO_MANY, headers=headers)
        return outcome

    def _refused(self, call: Call, response: Response, note: str, *, doubtful: bool) -> ApiError:
        text = error_text(response.body, response.content_type)
        wait_s = rate_limit_wait_s(response, time.time())
        hint = self._hint(call, response.status)
        if 300 <= response.status < 400:
            hint = f"a redirect, which is not followed: check {self._setting}"
        if wait_s is not None:
            hint = f"a rate limit; run again in {max(1, round(wait_s / 60))} min"
        message = f"{self._host}: {call} returned {response.status}"
        message += f": {text}" if text else ""
        message += f" ({hint})" if hint else ""
        # A rate limit of GitHub may be a 403, but no permission is missing.
        status = response.status if wait_s is None else TOO_MANY
        return ApiError(message + note, status=status, doubtful=doubtful)


def rate_limit_wait_s(response: Response, now: float) -> float | None:
    """Return how long a rate limit asks to wait; None if the response is about something else.

    Source: "Rate limits for the REST API" in GitHub's documentation. GitLab sends 429 with
    Retry-After.
    """
    if response.status not in (403, TOO_MANY):
        return None
    headers = response.headers
    asked_s = retry.retry_after_s(headers.get("retry-after"), now)
    if asked_s is not None:
        return asked_s
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and re.fullmatch("[0-9]{1,12}", reset):
        return max(float(reset) - now, 0.0)
    is_secondary = b"secondary rate limit" in bytes(response.body).lower()
    return SECONDARY_WAIT_S if is_secondary or response.status == TOO_MANY else None


# --- pages and shapes -------------------------------------------------------------------------


def next_page(query: Mapping[str, str], headers: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return the query of the next page, None after the last one.

    Only the query of a link is used: its host could be another one, which must not get the token.
    GitLab also sends `x-next-page`, for proxies that drop the long `Link`.
    """
    if link := _NEXT.search(headers.get("link", "")):
        following = dict(parse_qsl(urlsplit(link[1]).query))
    elif page := headers.get("x-next-page", "").strip():
        following = {**query, "page": page}
    else:
        return None
    if following == query:
        raise BadResponse("a page of a list links to itself")
    return following


def text_at(item: Any, *path: str) -> str:
    """Return the text of a field inside an object; empty if there is none."""
    for name in path:
        item = item.get(name) if isinstance(item, dict) else None
    return item if isinstance(item, str) else ""


def number_at(item: Any, name: str) -> int:
    """Return a positive number in an object. Raises BadResponse."""
    value = item.get(name) if isinstance(item, dict) else None
    if type(value) is not int or value < 1:
        raise BadResponse(f"the response of the code host has no {name}")
    return value
