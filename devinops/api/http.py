"""HTTP: the only module that knows httpx. Sends one call at a time, again where that is safe, and explains.

Two classes, so that a client made for reading cannot write: `Getter` has GET, `Sender` the rest as well.
Every failure leaves as a DevinopsError whose message is one line and holds neither the key nor a secret's value.
"""

from __future__ import annotations

import json
import math
import os
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, ClassVar, Final, NoReturn
from urllib.parse import quote, urlsplit

import httpx

from devinops import __version__, signals
from devinops.api import Connection, bounds, is_loopback, masks, retry, words
from devinops.api.bounds import Full, Room
from devinops.api.deadline import Deadline, bind
from devinops.model.client import BeforeAgain
from devinops.model.errors import TOO_MANY, ApiError, BadAnswer, ConfigError, Unreachable

MOST_DIGITS: Final = 100
"""Digits of a whole number in an answer."""

LONGEST_HEADER: Final = 200
"""Characters of a header that are looked at."""

_EMULATOR: Final = "Devinops-Emulator"
"""The header by which the emulator says what it is. Nothing but words depends on it."""

_PACKINGS: Final = frozenset({"", "identity", "gzip", "deflate"})
"""Content-Encodings that are unpacked. The 64 KiB that are read at a time become a thousand times that at the most;
packed twice, which httpx would unpack as well, a million times."""

_INTERRUPTED: Final = "; not tried again: the run was interrupted"

_PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")


@dataclass(frozen=True)
class Call:
    """One request. `path` begins with `/` and is quoted already; `permission` is what a 403 may be about.

    `before_again` is called with the status of the last attempt, None for no answer, before another one; what it raises
    ends the call.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    permission: str = ""
    before_again: BeforeAgain | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.method} {words.clean(self.path)}"

    @property
    def target(self) -> str:
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in self.query.items())
        return f"{self.path}?{query}" if query else self.path


@dataclass(frozen=True)
class _Answer:
    status: int
    content_type: str
    body: bytes | bytearray = field(repr=False)
    location: str | None = None
    retry_after: str | None = None


@dataclass(frozen=True)
class _Failure:
    """Why there is no answer. `again`: the same request could fare better later."""

    reason: str
    again: bool = True
    timed_out: bool = False
    broken: bool = False
    """There was an answer, but it cannot be read."""


def segment(text: str, what: str) -> str:
    """Return an opaque id quoted as one segment of a path. Raises ConfigError for what no path can hold."""
    if text in ("", ".", ".."):
        raise ConfigError(f"{what} {text!r} cannot be part of an address")
    return quote(text.encode("utf-8", "replace"), safe="")


class Getter:
    """Sends GET and nothing else. Threads may share it.

    `emulator` tells whether the last answer was that of an emulator, None before there was one.
    """

    methods: ClassVar[frozenset[str]] = frozenset({"GET"})

    def __init__(self, connection: Connection, log: Callable[[str], None]) -> None:
        masks.remember([connection.key])
        self._connection = connection
        self._log = log
        self._log_lock = threading.Lock()
        self._gate = retry.Gate(connection.parallelism)
        self._budget = retry.Budget()
        self._host = _host(connection)
        self._proxy = _proxy(connection)
        self._client = _client(connection)
        self.emulator: bool | None = None
        self._deadline = Deadline()
        bind(self._client, self._deadline)

    def get(self, call: Call, room: Room | None = None) -> Any:
        """Return the JSON of an answer, for which there must be room. Raises ApiError."""
        room = room or Room(bounds.LARGEST_ANSWER)
        return self._json(call, self._send(call, room), room)

    def hurry(self) -> None:
        """Wait no more: what was not sent yet is sent at once, and nothing is sent again."""
        self._gate.hurry()

    def close(self) -> None:
        """Wake all waiting threads, which then fail, and drop the connections."""
        self._gate.stop()
        self._client.close()

    # --- asking again ---

    def _send(self, call: Call, room: Room) -> _Answer:
        """Return an answer of 2xx, after as many attempts as the policy allows. Raises ApiError."""
        if call.method not in self.methods:
            raise AssertionError(
                f"{call.method} through a client for {', '.join(sorted(self.methods))}"
            )
        signals.check()
        self._budget.begin()
        outcome = self._admitted(call, room)
        if outcome is None:
            raise Unreachable(f"{call}: interrupted before it was sent")
        attempts, limited, doubtful, note = 1, 0, False, ""
        while attempts <= self._connection.retries and _again(call, outcome):
            if note := self._why_not_again(outcome):
                break
            limited += _status(outcome) == TOO_MANY
            self._wait(outcome, attempts - 1)
            if call.before_again:
                call.before_again(_status(outcome))
            following = self._admitted(call, room, again=True)
            if following is None:
                note = _INTERRUPTED
                break
            doubtful = doubtful or _leaves_doubt(call, outcome)
            outcome, attempts = following, attempts + 1
        if not _is_answer(outcome):
            self._budget.charge(limited)
        return self._settled(call, outcome, attempts, note, doubtful=doubtful)

    def _why_not_again(self, outcome: _Answer | _Failure) -> str:
        """Say why there is no other attempt although it could help; empty where there is one, which is paid then.

        One after a 429 is paid only where it leads to no answer.
        """
        if self._gate.hurried:
            return _INTERRUPTED
        limited = _status(outcome) == TOO_MANY
        if limited and self._gate.pace.is_dry:
            return f"; not tried again: nothing but 429 came in {retry.LONGEST_DROUGHT_S:g} s of waiting"
        if not (self._budget.is_open() if limited else self._budget.take()):
            return f"; not tried again: all {self._budget.allowed} retries of this run are used up"
        return ""

    def _admitted(
        self, call: Call, room: Room, *, again: bool = False
    ) -> _Answer | _Failure | None:
        """Make one attempt as soon as the pace that all threads share lets it start; None where it must not."""
        era = self._gate.enter(again=again)
        if era is None:
            return None
        status = None
        try:
            outcome = self._attempt(call, room)
            status = _status(outcome)
        finally:
            self._gate.leave(era, status)
        return outcome

    def _wait(self, outcome: _Answer | _Failure, attempt: int) -> None:
        header = outcome.retry_after if isinstance(outcome, _Answer) else None
        asked = retry.retry_after_s(header, time.time())
        seconds = retry.delay_s(attempt, self._connection.backoff_s, asked)
        self._say(f"trying again in {seconds:.1f} s")
        if _status(outcome) == TOO_MANY:
            self._say(
                f"requests at a time: {self._gate.pace.limit} of {self._connection.parallelism}"
            )
            self._gate.hold(seconds)
        else:
            self._gate.pause(seconds)

    def _settled(
        self, call: Call, outcome: _Answer | _Failure, attempts: int, note: str, *, doubtful: bool
    ) -> _Answer:
        if isinstance(outcome, _Failure):
            self._give_up(call, outcome, attempts, note)
        if not 200 <= outcome.status < 300:
            self._complain(call, outcome, note, doubtful=doubtful)
        return outcome

    # --- one attempt ---

    def _attempt(self, call: Call, room: Room) -> _Answer | _Failure:
        start = time.monotonic()
        try:
            with self._deadline.within(self._connection.timeout_s):
                outcome: _Answer | _Failure = self._exchange(call, start, room)
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            httpx.StreamError,
            httpx.CookieConflict,
            OSError,
        ) as error:
            outcome = explain(error)
        took = f"in {(time.monotonic() - start) * 1000:.0f} ms"
        said = outcome.status if isinstance(outcome, _Answer) else _masked(outcome.reason)
        self._say(f"{call.method} {call.target} {said} {took}")
        return outcome

    def _exchange(self, call: Call, start: float, room: Room) -> _Answer | _Failure:
        content = None if call.body is None else _content(call)
        headers = {} if content is None else {"Content-Type": "application/json"}
        url = self._connection.target.api_url.rstrip("/") + call.target
        with self._client.stream(call.method, url, content=content, headers=headers) as response:
            self.emulator = _EMULATOR in response.headers
            try:
                body = self._body(response, start, room)
            except Full as full:
                return _Failure(f"{full}{room.then}", again=False, broken=True)
            except httpx.HTTPError:
                if not 400 <= response.status_code < 500:
                    raise
                # the status says enough: the request was turned down
                body = bytearray()
            return _Answer(
                response.status_code,
                response.headers.get("content-type", "")[:LONGEST_HEADER],
                body,
                response.extensions.get("location"),
                response.headers.get("retry-after", "")[:LONGEST_HEADER],
            )

    def _body(self, response: httpx.Response, start: float, room: Room) -> bytearray:
        """Read an answer within the time of the attempt; of an error only the beginning.

        Raises Full, httpx.HTTPError.
        """
        if response.headers.get("content-encoding", "").strip().lower() not in _PACKINGS:
            raise httpx.DecodingError("not packed as it was asked for")
        body = bytearray()
        fine, taken = 200 <= response.status_code < 300, 0
        try:
            for piece in response.iter_bytes():
                if fine:
                    room.take_bytes(len(piece))
                    taken += len(piece)
                body += piece
                if not fine and len(body) >= bounds.LARGEST_COMPLAINT:
                    break
                if time.monotonic() - start > self._connection.timeout_s:
                    raise httpx.ReadTimeout("the answer took too long")
        except BaseException:
            room.give_back(taken)
            raise
        return body

    # --- saying what happened ---

    def _json(self, call: Call, answer: _Answer, room: Room) -> Any:
        """Parse an answer. BadAnswer leaves `status` open: whether a write happened is not known."""
        _refuse_web_page(call, answer)
        try:
            room.check_values(answer.body)
            text = answer.body.decode("utf-8")
            found = json.loads(
                text,
                parse_constant=_refuse,
                parse_float=_finite,
                parse_int=_whole,
                object_pairs_hook=_without_repeats,
            )
            room.take_values(found)
            if "\\ud" in text or "\\uD" in text:
                _check_texts(found)
        except Full as full:
            raise BadAnswer(f"{call}: {full}{room.then}") from None
        except UnicodeError:
            raise BadAnswer(f"{call}: the answer holds text that is not Unicode") from None
        except _Repeated:
            raise BadAnswer(f"{call}: a name stands twice in one object of the answer") from None
        except (ValueError, RecursionError) as error:
            raise BadAnswer(
                f"{call}: the answer is not JSON, or broke off: {_position(error)}"
            ) from None
        return found

    def _give_up(self, call: Call, failure: _Failure, attempts: int, note: str) -> NoReturn:
        reason = _masked(failure.reason)
        if failure.broken:
            raise BadAnswer(f"{call}: {reason}")
        if failure.timed_out:
            reason = f"timed out after {self._connection.timeout_s:g} s"
        times = f", {attempts} attempts" if attempts > 1 else ""
        open_end = "" if call.method == "GET" else "; whether it was carried out is not known"
        way = f"{self._host} through the proxy {self._proxy}" if self._proxy else self._host
        raise Unreachable(f"cannot reach {way}: {reason}{times} ({call}){open_end}{note}")

    def _complain(self, call: Call, answer: _Answer, note: str, *, doubtful: bool) -> NoReturn:
        if doubtful and answer.status < 500:
            note = f"; whether an earlier attempt was carried out is not known{note}"
        if 300 <= answer.status < 400:
            raise ApiError(
                f"{self._redirected(call, answer)}{note}", status=answer.status, doubtful=doubtful
            )
        said = words.server_words(answer.body, answer.content_type, masks.known())
        parts = (f"{call} answered {answer.status}", said)
        hint = self._hint(call, answer.status)
        message = ": ".join(filter(None, parts)) + (f" ({hint})" if hint else "") + note
        html = words.looks_like_html(answer.body, answer.content_type)
        # a web page with 404 says that the address is wrong, not that an object is gone
        error = BadAnswer if html and answer.status == 404 else ApiError
        raise error(message, status=answer.status, doubtful=doubtful)

    def _redirected(self, call: Call, answer: _Answer) -> str:
        try:
            host = urlsplit(answer.location or "").hostname or self._host
        except ValueError:
            host = "an address that cannot be read"
        return (
            f"{call} answered {answer.status}, a redirect to {_masked(host)[:100]}, which is not followed: "
            "check DEVIN_API_URL"
        )

    def _hint(self, call: Call, status: int) -> str:
        key, api = self._connection.key, self._connection.target.api
        if status in (401, 403) and key.startswith("cog_" if api == "v1" else "apk_"):
            return f"a key that begins with {key[:4]} does not work with API {api}"
        if status == 401:
            return "check the key: DEVIN_API_KEY, DEVIN_TOKEN or DEVIN_API_TOKEN, or the target's api_key_env"
        if status == 403:
            lacking = call.permission or "for this"
            return f"the key probably lacks the permission {lacking}"
        if status == 404 and call.method == "GET" and api == "v3":
            return "check org_id or DEVIN_ORG_ID, and DEVIN_API_URL"
        return ""

    def _say(self, line: str) -> None:
        with self._log_lock:
            self._log(words.mask(line, masks.known()))


class Sender(Getter):
    """Sends the writes as well."""

    methods = frozenset({"GET", "POST", "PUT", "DELETE"})

    def send(self, call: Call) -> Any:
        """Send a POST or PUT and return the JSON of the answer, None when it is empty. Raises ApiError."""
        room = Room(bounds.LARGEST_ANSWER)
        answer = self._send(call, room)
        return self._json(call, answer, room) if answer.body.strip() else None

    def delete(self, call: Call) -> None:
        """Send a DELETE. Raises ApiError.

        A web page with 2xx came from something between here and the API. What else is answered does not matter.
        """
        _refuse_web_page(call, self._send(call, Room(bounds.LARGEST_ANSWER)))


# --- setting up -------------------------------------------------------------------------------------------


def _host(connection: Connection) -> str:
    """Return host, and port where one is named. Raises ConfigError for an address no key may be sent to."""
    try:
        url = urlsplit(connection.target.api_url)
        host, port = url.hostname, url.port
    except ValueError:
        raise ConfigError("DEVIN_API_URL is not an address such as https://api.devin.ai") from None
    if (
        url.scheme not in ("https", "http")
        or not host
        or url.username is not None
        or url.query
        or url.fragment
    ):
        raise ConfigError("DEVIN_API_URL is not an address such as https://api.devin.ai")
    if url.scheme == "http" and not is_loopback(host):
        raise ConfigError(
            f"DEVIN_API_URL: {words.clean(host, 100)} needs https; plain http is for loopback only"
        )
    return words.clean(host, 100) + (f":{port}" if port else "")


def _proxy(connection: Connection) -> str:
    """Return the host of the proxy that requests go through, without its password; empty for none."""
    url = urlsplit(connection.target.api_url)
    host = url.hostname or ""
    if is_loopback(host) or urllib.request.proxy_bypass(host):
        return ""
    proxies = urllib.request.getproxies()
    chosen = proxies.get(url.scheme) or proxies.get("all") or ""
    try:
        parts = urlsplit(chosen if "://" in chosen else f"http://{chosen}")
        return words.clean(
            f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or "", 100
        )
    except ValueError:
        return ""


def _client(connection: Connection) -> httpx.Client:
    loopback = is_loopback(urlsplit(connection.target.api_url).hostname or "")
    verify = _trust(connection)
    try:
        return httpx.Client(
            verify=verify,
            # in clear on this machine: a proxy would see the key
            trust_env=not loopback,
            headers={
                "Authorization": f"Bearer {_key(connection)}",
                "User-Agent": f"devinops/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
            timeout=httpx.Timeout(connection.timeout_s, pool=None),
            limits=httpx.Limits(
                max_connections=connection.parallelism,
                max_keepalive_connections=connection.parallelism,
            ),
            # none is needed, and a server could hand out new ones for ever
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,
            event_hooks={"response": [_set_location_aside]},
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        # the text could hold the password of a proxy
        raise ConfigError(_bad_proxy(error)) from None


def _key(connection: Connection) -> str:
    key = connection.key
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(
            "the API key is empty or holds a space, a line break or a sign that no key has"
        )
    return key


def _trust(connection: Connection) -> ssl.SSLContext | bool:
    if connection.ca_bundle is None:
        return _environment_trust()
    try:
        return ssl.create_default_context(cafile=str(connection.ca_bundle))
    except (OSError, ssl.SSLError, ValueError) as error:
        reason = words.clean(getattr(error, "strerror", None) or "not readable", 100)
        raise ConfigError(
            f"--ca-bundle {connection.ca_bundle}: no certificates in PEM form ({reason})"
        ) from None


def _environment_trust() -> ssl.SSLContext | bool:
    """Return httpx's own choice, with SSL_CERT_FILE and SSL_CERT_DIR checked: its own error has no name."""
    try:
        return httpx.create_ssl_context()
    except (OSError, ssl.SSLError, ValueError):
        raise ConfigError(
            "SSL_CERT_FILE or SSL_CERT_DIR names no certificates in PEM form"
        ) from None


def _bad_proxy(error: Exception) -> str:
    said = [name for name in _PROXIES if os.environ.get(name) or os.environ.get(name.lower())]
    where = " or ".join(said) or "the proxy setting"
    if isinstance(error, ImportError):
        return f"{where}: a SOCKS proxy needs the package socksio (pip install 'httpx[socks]')"
    return f"{where}: not the address of a proxy, such as http://proxy.example:3128"


def _set_location_aside(response: httpx.Response) -> None:
    """Hide where a redirect leads from httpx, which would parse it and call nonsense a broken connection."""
    response.extensions["location"] = response.headers.pop("location", None)


# --- small parts ------------------------------------------------------------------------------------------


def _masked(text: str) -> str:
    return words.clean(words.mask(text, masks.known()))


def _status(outcome: _Answer | _Failure) -> int | None:
    return outcome.status if isinstance(outcome, _Answer) else None


def _is_answer(outcome: _Answer | _Failure) -> bool:
    """Tell whether the server works and said something, be it a refusal."""
    status = _status(outcome)
    return status is not None and status < 500 and status != TOO_MANY


def _again(call: Call, outcome: _Answer | _Failure) -> bool:
    if isinstance(outcome, _Failure):
        return outcome.again and retry.worth_repeating(call.method, None)
    return retry.worth_repeating(call.method, outcome.status)


def _leaves_doubt(call: Call, outcome: _Answer | _Failure) -> bool:
    """Tell whether an attempt may have changed something without saying so."""
    return call.method != "GET" and _status(outcome) != TOO_MANY


def _content(call: Call) -> bytes:
    try:
        return json.dumps(call.body, allow_nan=False).encode("ascii")
    except (TypeError, ValueError):
        # without the reason, which would quote the value
        raise ApiError(
            f"{call}: a value cannot be written as JSON (a date or NaN from YAML?)"
        ) from None


def _refuse_web_page(call: Call, answer: _Answer) -> None:
    if words.looks_like_html(answer.body, answer.content_type):
        raise BadAnswer(f"{call}: {words.server_words(answer.body, answer.content_type)}")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


class _Repeated(Exception):
    """One of two members of one name would have to be left out."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Repeated
    return found


def _finite(number: str) -> float:
    """Read a number; 1e999 would be one that JSON cannot say again."""
    found = float(number)
    return found if math.isfinite(found) else _refuse(number)


def _whole(number: str) -> int:
    """Read a whole number, such as a time or a count; with thousands of digits it could not be written again."""
    return int(number) if len(number) <= MOST_DIGITS else _refuse(number)


def _check_texts(found: Any) -> None:
    """Raises UnicodeError where a text holds half a sign."""
    waiting = [found]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            one.encode("utf-8")
        elif isinstance(one, dict):
            waiting += (*one, *one.values())
        elif isinstance(one, list):
            waiting += one


def _position(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}"
    return (
        "nested too deeply"
        if isinstance(error, RecursionError)
        else "a number that JSON does not have, or that is too large"
    )


def explain(error: Exception) -> _Failure:
    """Say why there is no answer, for every exception of httpx."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        found = next(cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError))
        why = getattr(found, "verify_message", "") or "verification failed"
        return _Failure(
            f"its certificate is not trusted: {why} (--ca-bundle names other authorities)",
            again=False,
        )
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return _Failure("DEVIN_API_URL is not an address such as https://api.devin.ai", again=False)
    if isinstance(error, httpx.DecodingError):
        return _Failure("the answer cannot be unpacked", again=False, broken=True)
    if isinstance(error, httpx.TimeoutException):
        return _Failure("timed out", timed_out=True)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return _Failure("its name does not resolve")
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return _Failure("it refused the connection")
    if isinstance(error, httpx.ProxyError):
        return _Failure(f"the proxy refused: {error}")
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError | OSError):
        return _Failure(f"the connection failed or was cut: {str(error) or type(error).__name__}")
    return _Failure(f"the request could not be sent: {type(error).__name__}", again=False)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
