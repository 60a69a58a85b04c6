"""Whatever goes wrong while reading is one line that a person can act on, exit 1, and no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.testing.command_line import Devinops, Write
from tests.testing.replies import Reply, Serve

LOGIN = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>proxy</body></html>"


@pytest.fixture
def plan(
    devinops: Devinops, repository: Write, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """plan(url) runs devinops plan against an API, with hardly any patience."""
    monkeypatch.setattr("devinops.api.retry.delay_s", lambda *_: 0.001)
    monkeypatch.setenv("DEVIN_API_KEY", "cog_canary_key_0123456789")
    root = repository({"knowledge/a.md": "---\nname: A\ntrigger: t\n---\nb\n"})

    def run(url: Any, *argv: Any) -> Any:
        monkeypatch.setenv("DEVIN_API_URL", url)
        monkeypatch.setenv("DEVINOPS_TIMEOUT", "2")
        return devinops("plan", "-C", root, *argv)

    return run


def check(ran: Any, *parts: Any) -> None:
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("devinops: ")
    assert ran.err.count("\n") == 1
    for part in parts:
        assert part in ran.err
    assert "canary" not in ran.err


FAULTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a wrong key": (
        {"status": 401, "body": {"detail": "bad token"}},
        ["401: bad token", "check the key"],
    ),
    "no permission": (
        {"status": 403, "body": {"detail": "Forbidden"}},
        ["403: Forbidden", "permission"],
    ),
    "a server error": ({"status": 500, "body": {"detail": "oops"}}, ["500: oops"]),
    "a problem document": (
        {"status": 404, "body": {"title": "Not Found", "detail": "no such organization"}},
        ["404: no such organization", "org_id"],
    ),
    "a web page with 200": (
        {"body": LOGIN, "headers": {"Content-Type": "text/html"}},
        ["HTML page"],
    ),
    "a web page with 502": (
        {"status": 502, "body": LOGIN, "headers": {"Content-Type": "text/html"}},
        ["502", "HTML"],
    ),
    "a cut connection": (
        {"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"},
        ["cannot reach 127.0.0.1"],
    ),
    "a redirect": (
        {"status": 302, "headers": {"Location": "https://evil.example/"}},
        ["evil.example", "DEVIN_API_URL"],
    ),
    "half an answer": ({"body": b'{"items": ['}, ["not JSON, or is cut off"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_that_cannot_be_used(
    plan: Callable[..., Any], serve: Serve, reply: type[Reply], fault: str
) -> None:
    facts, parts = FAULTS[fault]
    check(plan(serve(reply(**facts)).url), *parts, "/v3/self")


def test_an_unreachable_host(plan: Callable[..., Any], free_port: int) -> None:
    check(
        plan(f"http://127.0.0.1:{free_port}"),
        f"cannot reach 127.0.0.1:{free_port}: the host refused the connection",
    )


@pytest.mark.parametrize(
    "proxy", ["http://user:password@127.0.0.1:{port}", "http://no-such-host.invalid:3128"]
)
def test_an_unreachable_proxy_is_named(
    plan: Callable[..., Any], free_port: int, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.format(port=free_port))
    ran = plan("https://api.devin.ai")
    check(ran, "cannot reach api.devin.ai through the proxy ")
    assert "password" not in ran.err


def test_an_untrusted_certificate(
    plan: Callable[..., Any],
    serve: Serve,
    reply: type[Reply],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import ssl

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = serve(reply(status=401, body={"detail": "bad token"}), tls=context)
    check(plan(server.url), "its certificate is not trusted", "DEVINOPS_CA_BUNDLE")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("DEVINOPS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    check(plan(server.url), "401: bad token")


def test_a_ca_bundle_that_is_none(
    plan: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVINOPS_CA_BUNDLE", str(tmp_path / "none.pem"))
    check(plan("https://127.0.0.1:1"), "DEVINOPS_CA_BUNDLE=", "none.pem")


def test_verbose_shows_each_request_and_never_the_key(
    plan: Callable[..., Any], serve: Serve, reply: type[Reply]
) -> None:
    ran = plan(serve(reply(status=500, body={"detail": "oops"})).url, "--verbose")
    assert ran.err.count("GET /v3/self 500") == 5
    assert "canary" not in ran.err
