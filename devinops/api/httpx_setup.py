"""Sets up httpx for an endpoint: address, proxy and trusted certificates."""

from __future__ import annotations

import os
import ssl
import urllib.request
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httpx

from devinops import __version__
from devinops.api import window
from devinops.api.connection import Connection, Endpoint
from devinops.api.error_messages import clean
from devinops.api.single_request import NOT_A_URL
from devinops.model.errors import ConfigError
from devinops.model.target import is_loopback

_PROXIES: Final = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")


class Route(NamedTuple):
    """Where requests go, for messages: host and port, and the proxy, which is empty for none."""

    host: str
    proxy: str

    def __str__(self) -> str:
        return f"{self.host} through the proxy {self.proxy}" if self.proxy else self.host


def endpoint(connection: Connection) -> Endpoint:
    """Return the endpoint of a connection. Raises ConfigError if its key cannot be sent."""
    return Endpoint(
        connection.target.api_url,
        {"Authorization": f"Bearer {checked(connection.key, 'the API key')}"},
        connection.timeout_s,
        connection.parallelism or window.MOST,
        connection.ca_bundle,
    )


def checked(credential: str, name: str) -> str:
    """Return a credential that a header can hold. Raises ConfigError, which does not show it."""
    if credential and credential.isascii() and credential.isprintable() and " " not in credential:
        return credential
    raise ConfigError(f"{name} is empty or contains a space, a line break or a non-ASCII character")


def route(endpoint: Endpoint) -> Route:
    """Return the route to the API. Raises ConfigError if no credential may be sent there."""
    try:
        url = urlsplit(endpoint.url)
        host, port = url.hostname, url.port
    except ValueError:
        raise ConfigError(f"{endpoint.setting} {NOT_A_URL}") from None
    more = url.username is not None or url.query or url.fragment
    if url.scheme not in ("https", "http") or not host or more:
        raise ConfigError(f"{endpoint.setting} {NOT_A_URL}")
    if url.scheme == "http" and not is_loopback(host):
        raise ConfigError(
            f"{endpoint.setting}: {clean(host, 100)} needs https; http is allowed only for loopback"
        )
    return Route(_host(host, port), _proxy(url.scheme, host))


def open_client(endpoint: Endpoint) -> httpx.Client:
    """Return a client that sends the credential with each request. Raises ConfigError."""
    url = urlsplit(endpoint.url)
    verify = _trust(endpoint.ca_bundle, encrypted=url.scheme == "https")
    try:
        return httpx.Client(
            verify=verify,
            # Requests to loopback are not encrypted, so a proxy would see the credential.
            trust_env=not is_loopback(url.hostname or ""),
            headers={
                "User-Agent": f"devinops/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                **endpoint.headers,
            },
            timeout=httpx.Timeout(endpoint.timeout_s, pool=None),
            limits=httpx.Limits(
                max_connections=endpoint.connections, max_keepalive_connections=endpoint.connections
            ),
            # No API needs cookies, and a server could set any number of them.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        # The text of the error could include the password of a proxy.
        raise ConfigError(_bad_proxy(error)) from None


def _host(host: str, port: int | None) -> str:
    return clean(host, 100) + (f":{port}" if port else "")


def _proxy(scheme: str, host: str) -> str:
    """Return host and port of the proxy for a host, without its password; empty for none."""
    if is_loopback(host) or urllib.request.proxy_bypass(host):
        return ""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    try:
        url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        return _host(url.hostname or "", url.port)
    except ValueError:
        return ""


def _trust(ca_bundle: Path | None, *, encrypted: bool) -> ssl.SSLContext:
    if ca_bundle is None:
        # Loading certificates takes a third of a short command's time. A context without any
        # refuses every server, so no https request can slip through unchecked.
        return _default_trust() if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return ssl.create_default_context(cafile=str(ca_bundle))
    except (OSError, ssl.SSLError, ValueError) as error:
        reason = clean(getattr(error, "strerror", None) or "not readable", 100)
        raise ConfigError(
            f"DEVINOPS_CA_BUNDLE={ca_bundle}: no certificates in PEM format ({reason})"
        ) from None


def _default_trust() -> ssl.SSLContext:
    """Return a context that trusts httpx's certificates, SSL_CERT_FILE and SSL_CERT_DIR."""
    try:
        return httpx.create_ssl_context()
    except (OSError, ssl.SSLError, ValueError):
        raise ConfigError(
            "SSL_CERT_FILE or SSL_CERT_DIR does not name certificates in PEM format"
        ) from None


def _bad_proxy(error: Exception) -> str:
    names = [name for name in _PROXIES if os.environ.get(name) or os.environ.get(name.lower())]
    setting = " or ".join(names) or "the proxy setting"
    if isinstance(error, ImportError):
        return f"{setting}: a SOCKS proxy needs the package socksio (pip install 'httpx[socks]')"
    return f"{setting}: not the address of a proxy, such as http://proxy.example:3128"
