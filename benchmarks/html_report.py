"""What it takes to read a page of 10,000 changes in a browser.

Measures the time until headless Chromium shows the page and until it is complete, and the time
until a search has filtered the list. They depend on the machine, so only the size has a bound. What
it takes to write the page is in `benchmarks.reports`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.comparison import Checks, Numbers
from devinops.render import render
from tests.testing.browser import PROGRAMS
from tests.testing.reports import large, of_one

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHANGES = 10_000
LINES = 80
"""About 4 KB a text."""
SEARCHES = ("l", "note 04217", "nothing like this", "")
_SEARCH = """async (words) => {
  const search = document.querySelector("#search");
  const start = performance.now();
  search.value = words;
  search.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return Math.round(performance.now() - start);
}"""
_TIMES = """() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const page = performance.getEntriesByType("navigation")[0];
  return [Math.round(paint.startTime), Math.round(page.domContentLoadedEventEnd)];
}"""


def measure(check: Checks) -> None:
    """Check the size of the page, and how long a browser needs for it, if there is one."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "report.html"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(render("html", of_one(large(CHANGES, LINES))))
        check("size", path.stat().st_size / 1e6, 60, " MB")
        if program := next(filter(None, map(shutil.which, PROGRAMS)), None):
            for what, milliseconds in read(path, program):
                check(what, milliseconds, None, " ms")


def read(path: Path, program: str) -> Iterator[tuple[str, float]]:
    """Open the page and search in it; yield what was done, and how many milliseconds it took."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, chromium_sandbox=False)
        page = browser.new_page()
        page.goto(path.as_uri(), timeout=300_000)
        yield from _times(page)
        browser.close()


def _times(page: Page) -> Iterator[tuple[str, float]]:
    paint, complete = page.evaluate(_TIMES)
    yield "until it is shown", paint
    yield "until it is complete", complete
    for words in SEARCHES:
        ms = page.evaluate(_SEARCH, words)
        yield f'search for "{words}"', ms


BENCHMARKS = [
    Numbers(
        "html-report",
        "read a page of 10,000 changes in a browser",
        "In headless Chromium.",
        0.3,
        measure,
    )
]
