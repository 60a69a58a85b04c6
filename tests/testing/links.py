"""The Markdown of the repository, and the links in it that lead to its files and headings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.testing.places import ROOT

DOCS = ROOT / "docs"
HIDDEN = re.compile(
    r"^(?P<fence>`{3,}|~~~).*?^(?P=fence)$|(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)",
    re.DOTALL | re.MULTILINE,
)
_LINK = re.compile(
    r"\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)|^ {0,3}\[[^]]+\]:\s*(\S+)", re.MULTILINE
)


def pages() -> list[Path]:
    """Return all Markdown of the repository, except what a user's repository would contain."""
    directories = ["docs", "examples", "tests", "benchmarks", "devinops"]
    found = [*ROOT.glob("*.md"), *(p for d in directories for p in (ROOT / d).rglob("*.md"))]
    return sorted(page for page in found if "templates" not in page.parts)


def prose(text: str) -> str:
    """Return the text without code, in which nothing is a link."""
    return HIDDEN.sub("", text)


def links(text: str) -> Iterator[str]:
    """Yield the targets of the links that lead to something in the repository."""
    yield from (target for target in _targets(text) if not urlsplit(target).scheme)


def addresses(text: str) -> Iterator[str]:
    """Yield the addresses of the links that lead to something on the web."""
    yield from (target for target in _targets(text) if urlsplit(target).scheme in ("http", "https"))


def _targets(text: str) -> Iterator[str]:
    yield from (inline or reference for inline, reference in _LINK.findall(prose(text)))


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    without_blocks = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    counts: Counter[str] = Counter()
    result = set()
    for heading in re.findall(r"^#{1,6} +(.*?)(?: +#+)?$", without_blocks, re.MULTILINE):
        shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        result.add(f"{anchor}-{counts[anchor]}" if counts[anchor] else anchor)
        counts[anchor] += 1
    return result


def broken(page: Path) -> Iterator[str]:
    """Yield the links of a page that lead nowhere."""
    for link in links(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = page.parent / unquote(path) if path else page
        if not (target.exists() and (not anchor or anchor in anchors(target.read_text("utf-8")))):
            yield link
