"""Requests that fail, are repeated, and are explained."""

from __future__ import annotations

import contextlib
import inspect
import json
import re
import signal
import ssl
import threading
import time
from base64 import b64encode
from email.utils import formatdate
from types import SimpleNamespace

import httpx
import pytest
import trustme

from devinops import __version__
from devinops.api import SharedHttp, httpx_setup, redact, retry, single_request
from devinops.api.connection import Connection, Endpoint
from devinops.api.http_client import Call, Getter, Sender, segment
from devinops.model.errors import ApiError, BadResponse, ConfigError, DevinopsError, Unreachable
from devinops.model.target import Target
from tests.testing.waiting import LONG_S

GET = Call("GET", "/v3/things")
OK = {"fine": True}


@pytest.fixture
def send(connect):
    """send(url, call, **changes) sends one call through a fresh client and returns the JSON."""

    def run(url, call=GET, log=lambda _: None, **changes):
        with contextlib.closing(Sender(connect(url, **changes), log)) as client:
            if call.method == "GET":
                return client.get(call)
            return client.delete(call) if call.method == "DELETE" else client.send(call)

    return run


@pytest.mark.parametrize(
    ("call", "parallelism"),
    [
        (Call("POST", "/v3/things", body={}), 9),
        (Call("PUT", "/v3/things/1", body={}, of_object=True), 9),
        (Call("GET", "/v3/things/1", of_object=True), 9),
        (Call("GET", "/v3/things"), 8),
    ],
    ids=["create", "update", "read", "list"],
)
def test_more_requests_may_be_in_flight_after_quick_responses_until_a_429(
    serve, reply, connect, call, parallelism
):
    server = serve([*[reply(body=OK)] * 116, reply(429), reply(body=OK)])
    with contextlib.closing(Sender(connect(server.url), lambda _: None)) as client:
        send = client.get if call.method == "GET" else client.send
        for _ in range(116):
            send(call)
        assert client.parallelism == parallelism
        send(call)
        assert client.parallelism == 8


def test_each_target_that_is_read_has_its_share_of_the_requests_in_flight(connect):
    shared = SharedHttp()
    with contextlib.closing(shared):
        client = shared.http(Getter, connect("http://127.0.0.1", parallelism=12), lambda _: None)
        with shared.used():
            assert client.parallelism == 12
            with shared.used(), shared.used():
                assert client.parallelism == 4
        assert client.parallelism == 12


def test_a_request_says_who_asks_and_as_whom(serve, reply, send):
    server = serve(reply(body=OK))
    assert send(server.url) == OK
    headers = server.asked[0].headers
    assert headers["Authorization"] == "Bearer cog_canary_key_0123456789"
    assert headers["User-Agent"] == f"devinops/{__version__}"


def test_a_client_made_for_reading_cannot_write(serve, reply, connect):
    server = serve(reply(body=OK))
    with contextlib.closing(Getter(connect(server.url), print)) as client:
        assert not hasattr(client, "send")
        assert not hasattr(client, "delete")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            with pytest.raises(AssertionError):
                client.get(Call(method, "/v3/things"))
    assert server.asked == []


# --- asking again -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_can_be_repeated_is_repeated(serve, reply, send, method, status):
    server = serve([reply(status), reply(status), reply(body=OK)])
    assert send(server.url, Call(method, "/v3/things", body={})) == (
        None if method == "DELETE" else OK
    )
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_refusal_is_final(serve, reply, send, status):
    server = serve(reply(status, {"detail": "no"}))
    with pytest.raises(ApiError) as caught:
        send(server.url)
    assert caught.value.status == status
    assert caught.value.answered
    assert len(server.asked) == 1


def test_four_retries_and_then_it_is_over(serve, reply, send):
    server = serve(reply(500, {"detail": "broken"}))
    with pytest.raises(ApiError, match="GET /v3/things returned 500: broken") as caught:
        send(server.url)
    assert len(server.asked) == 5
    assert not caught.value.answered


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_post_and_a_patch_are_repeated_on_429_alone(serve, reply, send, method):
    call = Call(method, "/v3/things", body={"name": "x"})
    server = serve([reply(429), reply(429), reply(body=OK)])
    assert send(server.url, call) == OK
    assert [asked.json for asked in server.asked] == [{"name": "x"}] * 3

    for bad in (reply(500), reply(503), reply(raw=b"")):
        server = serve(bad)
        with pytest.raises(ApiError) as caught:
            send(server.url, call)
        assert not caught.value.answered
        assert len(server.asked) == 1


def test_a_patch_whose_object_is_read_before_each_retry_is_repeated(serve, reply, send):
    statuses = []
    call = Call("PATCH", "/v3/things/1", body={"name": "x"}, before_again=statuses.append)
    server = serve([reply(503), reply(raw=b""), reply(body=OK)])
    assert send(server.url, call) == OK
    assert [asked.json for asked in server.asked] == [{"name": "x"}] * 3
    assert statuses == [503, None]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Type: app",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"not http at all\r\n\r\n",
    ],
)
def test_a_cut_connection_is_tried_again_and_then_explained(serve, reply, send, raw):
    server = serve([reply(raw=raw), reply(body=OK)])
    assert send(server.url) == OK

    server = serve(reply(raw=raw))
    with pytest.raises(
        Unreachable, match=r"cannot reach 127\.0\.0\.1:\d+: .*cut.*5 attempts"
    ) as caught:
        send(server.url)
    assert caught.value.status is None
    assert len(server.asked) == 5


def test_a_refusal_whose_text_is_cut_off_is_still_a_refusal(serve, reply, send):
    server = serve(reply(raw=b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{"))
    with pytest.raises(ApiError) as caught:
        send(server.url)
    assert caught.value.status == 403
    assert len(server.asked) == 1


def test_a_port_on_which_nobody_listens_is_reported(free_port, send):
    with pytest.raises(Unreachable, match="refused the connection, 5 attempts"):
        send(f"http://127.0.0.1:{free_port}")


def test_a_name_that_does_not_resolve_is_reported(send):
    with pytest.raises(
        Unreachable, match=r"cannot reach nowhere\.invalid: the host name cannot be resolved"
    ):
        send("https://nowhere.invalid", retries=0)


def test_a_hanging_server_is_given_up(serve, reply, send):
    release = threading.Event()
    server = serve(lambda _: release.wait(LONG_S) and reply(body=OK))
    try:
        with pytest.raises(Unreachable, match=r"timed out after 0\.05 s, 2 attempts"):
            send(server.url, timeout_s=0.05, retries=1)
    finally:
        release.set()


# A server that sends something now and then, for longer than an attempt may take; then it hangs up, and where that is
# what ends the attempt, the message says so.


def slowly(pieces):
    for piece in pieces:
        time.sleep(0.02)
        yield piece


def test_a_trickle_does_not_outlive_the_time_of_an_attempt(serve, reply, send):
    pieces = [b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", *[b" "] * 100]
    server = serve(lambda _: reply(raw=slowly(pieces)))
    with pytest.raises(Unreachable, match=r"timed out after 0\.1 s"):
        send(server.url, timeout_s=0.1, retries=0)


def test_each_attempt_has_its_own_time(serve, reply, connect, monkeypatch):
    """Together they take longer than one may; the clock goes on with each response, and not in between."""
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], time=time.time)
    monkeypatch.setattr(single_request, "time", clock)

    def answer(_):
        now[0] += 250
        return reply(body=OK)

    server = serve(answer)
    with contextlib.closing(Getter(connect(server.url, timeout_s=800, retries=0), print)) as client:
        assert [client.get(GET) for _ in range(4)] == [OK] * 4


# --- waiting ----------------------------------------------------------------------------------------------

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 7 ", 7),
        ("60", 60),
        ("3600", 60),
        ("9" * 400, 60),
        (formatdate(NOW + 20, usegmt=True), 20),
        (formatdate(NOW + 9000, usegmt=True), 60),
        (formatdate(NOW - 20, usegmt=True), 0),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Thu, 99 Foo 2026 99:99:99 GMT", None),
        ("1e3", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_more_than_a_minute(header, seconds):
    assert retry.retry_after_s(header, NOW) == seconds


def test_waits_double_and_are_never_shorter_than_asked():
    waits = [retry.delay_s(attempt, 0.5, None, None) for attempt in range(4)]
    assert all(2**n / 4 <= wait <= 2**n / 2 for n, wait in enumerate(waits))
    assert retry.delay_s(0, 1, 503, 30) == 30
    assert retry.delay_s(20, 1, 500, None) == 60


def test_after_a_429_all_threads_wait(serve, reply, connect, waits):
    """The second thread asks while the first one waits, and both waits end together."""
    waiting, together = threading.Event(), threading.Barrier(2, timeout=LONG_S)

    def instead(_):
        if len(waits) <= 2:
            waiting.set()
            together.wait()

    waits.instead = instead
    server = serve([reply(429, headers={"Retry-After": "1"}), reply(body=OK)])
    with contextlib.closing(Getter(connect(server.url), print)) as client:
        first = threading.Thread(target=client.get, args=(GET,))
        first.start()
        assert waiting.wait(LONG_S)
        assert client.get(GET) == OK
        first.join()
    assert waits[:2] == [1, 1]
    assert len(server.asked) == 3


def test_ctrl_c_ends_a_wait_at_once(serve, reply, connect, really_waits):
    """The alarm rings again and again: the first time it may do so in the moment before the wait."""
    server = serve(reply(429, headers={"Retry-After": "60"}))
    pressed: list[int] = []

    def press(number, _):
        if really_waits.is_set() and not pressed:
            pressed.append(number)
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, press)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        with (
            contextlib.closing(Getter(connect(server.url), print)) as client,
            pytest.raises(KeyboardInterrupt),
        ):
            client.get(GET)
        assert len(server.asked) == 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_closing_wakes_a_thread_that_waits(serve, reply, connect, really_waits):
    server = serve(reply(503, headers={"Retry-After": "60"}))
    client = Getter(connect(server.url), lambda _: None)
    errors: list[Exception] = []

    def work():
        try:
            client.get(GET)
        except DevinopsError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert really_waits.wait(LONG_S)
    client.close()
    thread.join()
    assert str(errors[0]).endswith("not retried: the run was interrupted")
    assert len(server.asked) == 1
    with pytest.raises(Unreachable, match="interrupted before it was sent"):
        client.get(GET)


@pytest.mark.parametrize("status", [429, 503])
def test_after_stop_waiting_nothing_is_retried_and_nothing_waits(
    serve, reply, connect, status, really_waits
):
    server = serve([reply(status, headers={"Retry-After": "60"}), reply(body=OK)])
    errors: list[ApiError] = []

    def work():
        try:
            client.send(Call("PUT", "/v3/things/1", body={}))
        except ApiError as error:
            errors.append(error)

    with contextlib.closing(Sender(connect(server.url), lambda _: None)) as client:
        thread = threading.Thread(target=work)
        thread.start()
        assert really_waits.wait(LONG_S)
        client.stop_waiting()
        thread.join()
        assert client.get(GET) == OK
    assert [error.status for error in errors] == [status]
    assert str(errors[0]).endswith("not retried: the run was interrupted")
    assert errors[0].answered == (status == 429)
    assert server.lines == ["PUT /v3/things/1", "GET /v3/things"]


def test_after_stop_waiting_a_request_is_tried_once(serve, reply, connect):
    server = serve(reply(503))
    with contextlib.closing(Sender(connect(server.url), lambda _: None)) as client:
        client.stop_waiting()
        with pytest.raises(ApiError, match="interrupted"):
            client.get(GET)
    assert len(server.asked) == 1


def test_before_another_attempt_is_asked_with_what_came_of_the_last(serve, reply, send):
    server = serve([reply(503), reply(429), reply(raw=b""), reply(body=OK)])
    statuses: list[int | None] = []
    assert (
        send(server.url, Call("PUT", "/v3/things/1", body={}, before_again=statuses.append)) == OK
    )
    assert statuses == [503, 429, None]


def test_another_attempt_can_be_forbidden(serve, reply, send):
    server = serve(reply(503))

    def forbid(status):
        raise LookupError(status)

    with pytest.raises(LookupError, match="503"):
        send(server.url, Call("DELETE", "/v3/things/1", before_again=forbid))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("method", "first", "answered"),
    [
        ("PUT", 503, False),
        ("DELETE", 503, False),
        ("PUT", 429, True),
        ("GET", 503, True),
        ("POST", 429, True),
        ("PATCH", 429, True),
    ],
)
@pytest.mark.parametrize("last", [403, 302])
def test_a_refusal_after_a_failure_leaves_open_what_the_failure_did(
    serve, reply, send, method, first, answered, last
):
    server = serve([reply(first), reply(last)])
    with pytest.raises(ApiError) as caught:
        send(
            server.url, Call(method, "/v3/things", body=None if method in ("GET", "DELETE") else {})
        )
    assert (caught.value.status, caught.value.answered) == (last, answered)
    assert ("an earlier attempt may have been carried out" in str(caught.value)) == (not answered)


# --- answers that are no use ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": 1',
        b"nonsense",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_not_json_is_refused_and_names_the_request(serve, reply, send, body):
    server = serve(reply(body=body))
    with pytest.raises(BadResponse, match=r"^GET /v3/things: ") as caught:
        send(server.url)
    assert "\n" not in str(caught.value)
    assert not caught.value.answered
    assert len(server.asked) == 1


PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "text/html"}, {"Content-Type": "application/json"}]
)
@pytest.mark.parametrize("status", [200, 404, 403])
def test_a_web_page_is_recognised(serve, reply, send, headers, status):
    server = serve(reply(status, PAGE, headers))
    with pytest.raises(ApiError, match="an HTML page instead of JSON") as caught:
        send(server.url)
    assert "Please log in" not in str(caught.value)
    # 404 from a proxy must not be taken for "the object is gone"
    assert isinstance(caught.value, BadResponse) == (status != 403)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_names_the_host(serve, reply, send, status):
    other = serve(reply(body=OK))
    server = serve(reply(status, headers={"Location": other.url.replace("127.0.0.1", "localhost")}))
    with pytest.raises(ApiError, match=r"a redirect to localhost.*DEVIN_API_URL") as caught:
        send(server.url)
    assert caught.value.status == status
    assert other.asked == []


def test_a_redirect_to_a_host_that_is_the_value_does_not_show_it(serve, reply, send):
    redact.remember_values(["canary-value-77"])
    server = serve(reply(302, headers={"Location": "https://canary-value-77.example/"}))
    with pytest.raises(ApiError, match=r"a redirect to \*\*\*\.example"):
        send(server.url)


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("", "302, a redirect, which is not followed"),
        ("/login", "302, a redirect, which is not followed"),
        ("http://[::1", "cannot reach 127"),
        ("\x1b[31m", "cannot reach 127"),
    ],
)
def test_a_redirect_to_nonsense_is_an_error_too(serve, reply, send, location, text):
    server = serve(reply(302, headers={"Location": location}))
    with pytest.raises(ApiError, match=text):
        send(server.url)


def test_an_answer_that_cannot_be_unpacked_is_refused(serve, reply, send):
    server = serve(reply(body=b"not gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(BadResponse, match="cannot be decompressed"):
        send(server.url)


def test_a_delete_does_not_look_at_what_comes_back(serve, reply, send):
    for answer in (reply(204, b""), reply(200, b"gone"), reply(200, b'{"half": ')):
        assert send(serve(answer).url, Call("DELETE", "/v3/things/1")) is None


def test_a_web_page_is_no_proof_of_a_delete(serve, reply, send):
    with pytest.raises(BadResponse, match=r"^DELETE /v3/things/1: ") as caught:
        send(serve(reply(200, PAGE)).url, Call("DELETE", "/v3/things/1"))
    assert not caught.value.answered


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_a_value_json_does_not_have_is_never_sent(serve, reply, send, value):
    server = serve(reply(body=OK))
    with pytest.raises(ApiError, match="cannot be written as JSON"):
        send(server.url, Call("PUT", "/v3/things/1", body={"schema": {"default": value}}))
    assert server.asked == []


# --- hints ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "api", "key", "hint"),
    [
        (401, "v3", "cog_x", "DEVIN_API_KEY"),
        (401, "v3", "cog_x", "api_key_env"),
        (403, "v3", "cog_x", "for another organization, or lacks the permission ManageOrgThings"),
        (403, "v1", "cog_x", "begins with cog_ does not work with API v1"),
        (401, "v3", "apk_x", "begins with apk_ does not work with API v3"),
        (404, "v3", "cog_x", "DEVIN_ORG_ID"),
        (404, "v3", "cog_x", "or the feature is switched off"),
    ],
)
def test_a_refusal_says_what_to_look_at(serve, reply, send, status, api, key, hint):
    server = serve(reply(status, {"detail": "No."}))
    with pytest.raises(ApiError, match=hint):
        send(server.url, Call("GET", "/v3/things", permission="ManageOrgThings"), api=api, key=key)


# --- every failure of the layer below ---------------------------------------------------------------------

REQUEST = httpx.Request("GET", "https://api.devin.ai/v3/self")


def _instances():
    for name, found in sorted(vars(httpx).items()):
        if inspect.isclass(found) and issubclass(found, Exception):
            if issubclass(found, httpx.HTTPStatusError):
                yield (
                    name,
                    found("no", request=REQUEST, response=httpx.Response(500, request=REQUEST)),
                )
            elif issubclass(found, httpx.StreamError) and found is not httpx.StreamError:
                yield name, found()
            else:
                yield name, found("no")


@pytest.mark.parametrize("error", [pytest.param(error, id=name) for name, error in _instances()])
def test_every_exception_of_httpx_becomes_ours(error, connect, monkeypatch):
    client = Getter(connect("http://127.0.0.1:1", retries=1), lambda _: None)

    def fail(*_, **__):
        raise error

    with contextlib.closing(client):
        monkeypatch.setattr(client._client, "stream", fail)
        with pytest.raises(ApiError) as caught:
            client.get(GET)
    assert "\n" not in str(caught.value)
    assert caught.value.status is None


@pytest.mark.parametrize(
    "error", [httpx.InvalidURL("x"), httpx.UnsupportedProtocol("x"), ssl.SSLCertVerificationError()]
)
def test_what_cannot_get_better_is_not_repeated(error):
    assert not single_request.explain(error).retryable


@pytest.mark.parametrize("message", [None, "", "it has expired"])
def test_a_certificate_error_says_what_it_knows(message):
    error = ssl.SSLCertVerificationError()
    if message is not None:
        error.verify_message = message
    why = f": {message}" if message else ""
    reason = single_request.explain(error).reason
    assert reason.startswith(f"its certificate is not trusted{why} (set DEVINOPS_CA_BUNDLE")


# --- setting up -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_a_certificate_nobody_vouches_for_is_refused_once(serve, reply, send, tls):
    server = serve(reply(body=OK), tls)
    lines: list[str] = []
    why = (
        "certificate is not trusted: unable to get local issuer certificate (set DEVINOPS_CA_BUNDLE"
    )
    with pytest.raises(Unreachable, match=re.escape(why)):
        send(server.url, log=lines.append)
    assert server.asked == []
    assert len(lines) == 1


def test_a_ca_bundle_is_trusted(serve, reply, send, tls, authority, tmp_path):
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    assert send(serve(reply(body=OK), tls).url, ca_bundle=bundle) == OK


@pytest.mark.parametrize("url", ["https://api.devin.ai", "http://127.0.0.1:1"])
@pytest.mark.parametrize(
    "content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nxx\n"]
)
def test_a_ca_bundle_without_certificates_is_an_error(connect, tmp_path, content, url):
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(ConfigError, match=f"DEVINOPS_CA_BUNDLE={re.escape(str(bundle))}"):
        Getter(connect(url, ca_bundle=bundle), print)


def test_no_certificates_are_loaded_for_http(serve, reply, send, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    assert send(serve(reply(body=OK)).url) == OK


def test_a_broken_ssl_cert_file_is_an_error(connect, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
        Getter(connect("https://api.devin.ai"), print)


@pytest.mark.parametrize(
    "proxy", ["socks5://user:hunter2@proxy:1080", "nonsense://x", "http://h:99x"]
)
def test_a_proxy_that_cannot_be_used_is_an_error_without_its_password(connect, monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigError, match="HTTPS_PROXY") as caught:
        Getter(connect("https://api.devin.ai"), print)
    assert "hunter2" not in str(caught.value)


def test_loopback_never_goes_through_a_proxy(serve, reply, send, monkeypatch):
    proxy, server = serve(reply(500)), serve(reply(body=OK))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv(name.lower(), proxy.url)
    assert send(server.url) == OK
    assert proxy.asked == []


def test_other_hosts_go_through_the_proxy_of_the_environment(serve, reply, send, monkeypatch):
    proxy = serve(reply(body=OK))
    proxy_seen: list[str] = []
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(Unreachable):
        send("https://api.devin.ai", retries=0, log=proxy_seen.append)
    # CONNECT is not a method that the server knows: what matters is that it was asked, and not the host
    assert "proxy" in proxy_seen[0] or "501" in proxy_seen[0]


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("http://user:hunter2@proxy.test:3128", "api.devin.ai through the proxy proxy.test:3128"),
        ("user:hunter2@proxy.test", "api.devin.ai through the proxy proxy.test"),
        ("proxy.test:99x", "api.devin.ai"),
        ("", "api.devin.ai"),
    ],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_messages_name_the_proxy_without_its_password(monkeypatch, name, setting, shown):
    monkeypatch.setenv(name, setting)
    assert str(httpx_setup.route(Endpoint("https://api.devin.ai", {}, 60))) == shown


@pytest.mark.parametrize(
    "url",
    ["http://api.devin.ai", "ftp://api.devin.ai", "api.devin.ai", "", "https://", "https://a:b@c"],
)
def test_no_key_goes_to_an_address_that_is_not_safe(connect, url):
    with pytest.raises(ConfigError, match="DEVIN_API_URL") as caught:
        Getter(connect(url), print)
    assert "a:b" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "cog_x\n", "cog_x y", "cog_\x00", "„cog_x“"])
def test_a_key_that_no_header_can_hold_is_an_error_that_does_not_show_it(connect, key):
    with pytest.raises(ConfigError, match="API key") as caught:
        Getter(connect("https://api.devin.ai", key=key), print)
    assert "cog_" not in str(caught.value)


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_an_id_that_would_change_the_path_is_refused(text):
    with pytest.raises(ConfigError, match="the id"):
        segment(text, "the id")


def test_an_id_stays_one_segment_of_the_path(serve, reply, send):
    server = serve(reply(body=OK))
    send(server.url, Call("GET", f"/v3/{segment('a/../b?c#d%2F é', 'the id')}"))
    assert server.asked[0].path == "/v3/a%2F..%2Fb%3Fc%23d%252F%20%C3%A9"


# --- nothing secret gets out ------------------------------------------------------------------------------

KEY = "cog_canary_key_0123456789"
VALUE = 'hunter2-is "a" long\nsecret & more'
SECRET = Call("POST", "/v3/secrets", body={"key": "K", "value": VALUE}, has_secret=True)


@pytest.mark.parametrize(
    "echo",
    [
        lambda value, key: {"detail": f"bad value {value} with {key}"},
        lambda value, key: {
            "detail": [{"loc": ["body", "value"], "msg": "too long", "input": value, "ctx": key}]
        },
        lambda value, key: {"unheard": {"of": value, "and": key}},
        lambda value, key: f"text {value} {key}".encode(),
        lambda value, key: f"not {{JSON {json.dumps({'value': value})} {key}".encode(),
    ],
)
@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize(
    "call", [SECRET, Call("GET", "/v3/secrets")], ids=["its own request", "another"]
)
def test_neither_key_nor_value_is_in_an_error_or_the_log(serve, reply, send, echo, status, call):
    redact.remember_values([VALUE])
    assert_hidden(serve(reply(status, echo(VALUE, KEY))).url, call, send)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 422, "body": {"title": f"no {VALUE[:12]}…"}},
        {"status": 422, "body": {"detail": [{"loc": ["body", VALUE], "msg": VALUE[:9]}]}},
        {"status": 400, "body": repr(VALUE).encode()},
        {"status": 500, "body": b64encode(VALUE.encode())},
        {"status": 302, "headers": {"Location": "https://hunter2-is.example/"}},
        {"status": 302, "headers": {"Location": "http://[hunter2-is"}},
        {"raw": b"hunter2-is no status line\r\n\r\n"},
        {"body": b'{"value": "hunter2-is'},
    ],
)
def test_of_a_response_to_a_secret_no_text_is_shown_in_whatever_form(serve, reply, send, answer):
    message = assert_hidden(serve(reply(**answer)).url, SECRET, send)
    assert b64encode(VALUE.encode()).decode() not in message


def test_an_error_about_a_secret_names_the_fields_of_the_request(serve, reply, send):
    errors = [{"loc": ["body", "value"], "msg": "hunter2-is bad"}, {"loc": ["body", "hunter2"]}]
    message = assert_hidden(serve(reply(422, {"detail": errors})).url, SECRET, send)
    assert message.endswith("422: rejected fields: value")


def assert_hidden(url, call, send):
    """Send a call that fails; return the message, once neither it nor the log shows key or value."""
    lines: list[str] = []
    with pytest.raises(ApiError) as caught:
        send(url, call, log=lines.append)
    shown = f"{caught.value} {caught.value!r} {lines} {SECRET!r} {SECRET}"
    assert "hunter2" not in shown
    assert "canary" not in shown
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_a_connection_does_not_show_its_key():
    assert "cog_x" not in repr(
        Connection(Target("default", "https://api.devin.ai", "v3", None), "cog_x")
    )


def test_the_log_has_a_line_for_each_attempt(serve, reply, send):
    server = serve([reply(500), reply(body=OK)])
    lines: list[str] = []
    send(server.url, Call("GET", "/v3/things", {"first": "200"}), log=lines.append)
    assert re.fullmatch(r"GET /v3/things\?first=200 500 in \d+ ms", lines[0])
    assert re.fullmatch(r"trying again in \d\.\d s", lines[1])
    assert re.fullmatch(r"GET /v3/things\?first=200 200 in \d+ ms", lines[2])
