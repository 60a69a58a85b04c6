"""The links of the documentation that lead to other sites: `make external-links`, and with FETCH=1 whether they work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import httpx

from devinops.home import REPOSITORY, SITE
from tests.testing import site
from tests.testing.links import addresses

TIMEOUT_S = 20


def external_links() -> dict[str, list[str]]:
    """Return address → the pages that link to it."""
    found: dict[str, list[str]] = {}
    for page in site.pages():
        for address in addresses(page.read_text(encoding="utf-8")):
            if urlsplit(address).hostname != "127.0.0.1" and not address.startswith(
                (SITE, REPOSITORY)
            ):
                found.setdefault(address, []).append(page.name)
    return dict(sorted(found.items()))


def fetch(address: str) -> str:
    """Ask for a page, and return why it is not there; empty if it is. The only place that needs a network."""
    try:
        response = httpx.get(address, follow_redirects=True, timeout=TIMEOUT_S)
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: {error}"
    return "" if response.is_success else f"status {response.status_code}"


def report(links: Iterable[str], check: Callable[[str], str] | None) -> tuple[str, bool]:
    """Return a line for each link, and whether all of them work, as far as they are checked."""
    results = {address: check(address) if check else "" for address in links}
    lines = [f"{address}: {why}" if why else address for address, why in results.items()]
    return "\n".join(lines), not any(results.values())


if __name__ == "__main__":
    text, works = report(external_links(), fetch if "--fetch" in sys.argv[1:] else None)
    print(text)
    sys.exit(0 if works else 1)
