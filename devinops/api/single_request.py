"""Sends one request through httpx and reads the response within its limits."""

from __future__ import annotations

import json
import math
import socket
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard
from urllib.parse import quote

import httpx

from devinops.api import size_limits
from devinops.api.connection import Connection
from devinops.api.error_messages import clean
from devinops.api.size_limits import BudgetExceeded, ResponseBudget
from devinops.model.client_protocols import BeforeAgain
from devinops.model.errors import ApiError, BadResponse, ConfigError

_EMULATOR: Final = "Devinops-Emulator"
"""The header that identifies the emulator. Only messages depend on it."""

_ENCODINGS: Final = (["gzip"], ["x-gzip"], ["deflate"])
"""What a body may be compressed with. Only gzip is asked for."""

_ANY_HEADER: Final = 32
"""Lets zlib tell gzip from deflate by the header. Source: zlib's documentation of windowBits."""

_PIECE: Final = 64 * 1024
"""Bytes that are decompressed at once."""

NOT_A_URL: Final = "is not the URL of an API, such as https://HOST"
"""What is wrong with the setting that holds the address."""


@dataclass(frozen=True)
class Call:
    """One request.

    `path` begins with `/` and is quoted. If the API returns 403, `permission` is what the key may
    lack, and `of_object` tells that the path is that of one object, which may be gone. If
    `has_secret`, the body holds a secret's value, so no text of the server is shown. Before each
    retry, `before_again` is called with the status of the last attempt, or None if there was no
    response. An exception that it raises ends the call.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    permission: str = ""
    of_object: bool = False
    has_secret: bool = False
    before_again: BeforeAgain | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.method} {clean(self.path)}"

    @property
    def target(self) -> str:
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in self.query.items())
        return f"{self.path}?{query}" if query else self.path


def can_be_segment(value: object) -> TypeGuard[str]:
    """Return whether a value from outside can be one segment of a path."""
    return isinstance(value, str) and value not in ("", ".", "..")


def segment(text: str, what: str) -> str:
    """Return an id quoted as one segment of a path. Raises ConfigError if that is impossible."""
    if not can_be_segment(text):
        raise ConfigError(f"{what} {text!r} cannot be part of a URL: choose another")
    return quote(text.encode("utf-8", "replace"), safe="")


@dataclass(frozen=True)
class Response:
    """A response of any status, read to its end, or up to `LARGEST_ERROR` if it is an error."""

    status: int
    body: bytes | bytearray = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def from_emulator(self) -> bool:
        return _EMULATOR in self.headers


@dataclass(frozen=True)
class NoResponse:
    """Why there is no response, or none that can be read (`unusable`).

    `detail` can quote the server.
    """

    reason: str
    detail: str = ""
    retryable: bool = True
    timed_out: bool = False
    unusable: bool = False


HttpOutcome = Response | NoResponse


def status_of(outcome: HttpOutcome) -> int | None:
    return outcome.status if isinstance(outcome, Response) else None


def exchange(
    client: httpx.Client, connection: Connection, call: Call, budget: ResponseBudget
) -> HttpOutcome:
    """Send a call once. Raises ApiError only if its body cannot be written as JSON."""
    content = None if call.body is None else _content(call)
    headers = {} if content is None else {"Content-Type": "application/json"}
    url = connection.target.api_url.rstrip("/") + call.target
    end = time.monotonic() + connection.timeout_s
    try:
        with client.stream(call.method, url, content=content, headers=headers) as response:
            return Response(response.status_code, _body(response, end, budget), response.headers)
    except BudgetExceeded as error:
        return NoResponse(str(error), retryable=False, unusable=True)
    except (
        httpx.HTTPError,
        httpx.InvalidURL,
        httpx.StreamError,
        httpx.CookieConflict,
        OSError,
    ) as error:
        return explain(error)


def _content(call: Call) -> bytes:
    try:
        return json.dumps(call.body, allow_nan=False).encode("ascii")
    except (TypeError, ValueError):
        # The reason would quote the value.
        raise ApiError(
            f"{call}: a value cannot be written as JSON (a date or NaN from YAML?)"
        ) from None


def _body(response: httpx.Response, end: float, budget: ResponseBudget) -> bytearray:
    """Return the body, read before `end` (monotonic). Raises BudgetExceeded, httpx.HTTPError."""
    body = bytearray()
    try:
        for piece in _decoded(response):
            body += piece
            if time.monotonic() > end:
                raise httpx.ReadTimeout("the response took too long")
            if response.is_success:
                budget.check(len(body))
            elif len(body) >= size_limits.LARGEST_ERROR:
                return body
    except httpx.HTTPError as error:
        is_unreadable = isinstance(error, httpx.DecodingError) and not response.is_success
        if response.is_client_error or is_unreadable:
            return bytearray()  # the status is enough: the request was refused
        raise
    budget.spend(len(body) if response.is_success else 0)
    return body


def _decoded(response: httpx.Response) -> Iterator[bytes]:
    """Yield the body in pieces, decompressed. Raises httpx.HTTPError.

    httpx itself would decompress a whole piece of the network at once, a thousand times its size
    for each of any number of encodings.
    """
    named = response.headers.get("content-encoding", "").lower().split(",")
    encodings = [name for name in map(str.strip, named) if name not in ("", "identity")]
    if not encodings:
        yield from response.iter_raw()
        return
    if encodings not in _ENCODINGS:
        listed = clean(", ".join(encodings), 100)
        raise httpx.DecodingError(f"the response has the encoding {listed}, not gzip")
    decoder = zlib.decompressobj(zlib.MAX_WBITS | _ANY_HEADER)
    try:
        for packed in response.iter_raw():
            while packed:
                yield decoder.decompress(packed, _PIECE)
                packed = decoder.unconsumed_tail
            if decoder.unused_data:
                raise zlib.error("more data after the end")
        yield decoder.flush()
    except zlib.error:
        raise httpx.DecodingError("the response cannot be decompressed") from None


def parse_json(call: Call, response: Response) -> Any:
    """Return the JSON of a response. Raises BadResponse; then a write may have happened or not."""
    try:
        text = response.body.decode()
        value = json.loads(text, parse_constant=_finite, parse_float=_finite)
        size_limits.check_depth(value)
    except BudgetExceeded as error:
        raise BadResponse(f"{call}: {error}") from None
    except json.JSONDecodeError as error:
        position = f"line {error.lineno}, column {error.colno}"
        raise BadResponse(f"{call}: the response is not JSON, or is cut off: {position}") from None
    except RecursionError:
        raise BadResponse(f"{call}: the response is nested too deeply") from None
    except ValueError:
        raise BadResponse(f"{call}: the response has text or a number that JSON forbids") from None
    return value


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(number)
    return value


# --- no response ------------------------------------------------------------------------------

_NO_ADDRESS: Final = NoResponse(f"the address {NOT_A_URL}", retryable=False)
_FAILURES: Final[tuple[tuple[type[Exception], NoResponse], ...]] = (
    (httpx.TimeoutException, NoResponse("timed out", timed_out=True)),
    (socket.gaierror, NoResponse("the host name cannot be resolved")),
    (ConnectionRefusedError, NoResponse("the host refused the connection")),
    (httpx.InvalidURL, _NO_ADDRESS),
    (httpx.UnsupportedProtocol, _NO_ADDRESS),
)
"""What an exception of httpx, or one of its causes, means; the first match applies."""


def explain(error: Exception) -> NoResponse:
    """Return what an exception of httpx means."""
    if isinstance(error, httpx.DecodingError):
        return NoResponse(str(error), retryable=False, unusable=True)
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = getattr(cause, "verify_message", "")
            reason = f"its certificate is not trusted: {why}".removesuffix(": ")
            step = "set DEVINOPS_CA_BUNDLE to trust another CA"
            return NoResponse(f"{reason} ({step})", retryable=False)
    for known, failure in _FAILURES:
        if any(isinstance(cause, known) for cause in causes):
            return failure
    if isinstance(error, httpx.ProxyError):
        return NoResponse("the proxy refused the request", str(error))
    name = type(error).__name__
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError | OSError):
        return NoResponse("the connection failed or was cut", str(error) or name)
    return NoResponse(f"the request could not be sent: {name}", retryable=False)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
