"""The documentation is connected: the index names every page, and every link leads somewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.testing.places import ROOT

DOCS = ROOT / "docs"
_HIDDEN = re.compile(
    r"^(`{3,}|~~~).*?^\1$|(?<!`)(`+)(?!`).+?(?<!`)\2(?!`)", re.DOTALL | re.MULTILINE
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
    return _HIDDEN.sub("", text)


def links(text: str) -> Iterator[str]:
    """Yield the targets of the links that lead to something in the repository."""
    for inline, reference in _LINK.findall(prose(text)):
        target = inline or reference
        if not urlsplit(target).scheme:
            yield target


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


@pytest.mark.parametrize("page", [str(page.relative_to(ROOT)) for page in pages()])
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: str) -> None:
    assert list(broken(ROOT / page)) == []


def test_the_index_links_every_page() -> None:
    index = DOCS / "README.md"
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in links(index.read_text("utf-8"))}
    files = {path for path in DOCS.rglob("*.md") if path != index}
    assert sorted(files - linked) == []


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# Why `--adopt`, and when?\n\n# Same\n\n# Same\n")
    page = tmp_path / "a.md"
    page.write_text(
        "[a](b.md) [a](b.md#why---adopt-and-when) [a](b.md#same-1) [a](#here) `[a](code.md)`\n"
        "[a](c.md) [a](b.md#gone)\n[a](b.md#same-2) https://example.com [a](https://example.com)\n"
        "```text\n[a](block.md)\n```\n\n````text\n```\n```\n# Code\n[a](block.md)\n````\n\n# Here\n\n[reference]: d.md\n"
    )
    assert list(broken(page)) == ["c.md", "b.md#gone", "b.md#same-2", "d.md"]
