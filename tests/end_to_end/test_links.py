"""The documentation is connected: the index names every page, and every link leads somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.testing.links import DOCS, broken, links, pages
from tests.testing.places import ROOT


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
