"""`python -m benchmarks.html_report`: what it takes to read a page of 10,000 changes in a browser.

Prints the time until headless Chromium shows the page and until it is complete, and the time until
a search has filtered the list. They depend on the machine, so only the size has a bound. What it
takes to write the page is in `benchmarks.reports`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Checks
from devinops.model.errors import ExitCode
from devinops.render import render
from devinops.render.answers import PlanAnswer
from tests.testing.browser import PROGRAMS
from tests.testing.reports import large

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHANGES = 10_000
LINES = 80
"""About 4 KB a text."""
SEARCHES = ("l", "line 40 of", "note 04217", "nothing like this", "")
_SEARCH = """async (words) => {
  const search = document.querySelector("#search");
  const start = performance.now();
  search.value = words;
  search.dispatchEvent(new Event("input"));
  while ("busy" in document.documentElement.dataset) await new Promise((done) => setTimeout(done));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return [Math.round(performance.now() - start), document.querySelector("#count").textContent];
}"""
_TIMES = """() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const page = performance.getEntriesByType("navigation")[0];
  return [Math.round(paint.startTime), Math.round(page.domContentLoadedEventEnd)];
}"""


def measure(check: Checks) -> None:
    """Check the size of the page, and print how long a browser needs for it, if there is one."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "report.html"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(render("html", PlanAnswer(large(CHANGES, LINES), ExitCode.OK)))
        check("an HTML report of 10,000 changes, size", path.stat().st_size / 1e6, 60, " MB")
        if program := next(filter(None, map(shutil.which, PROGRAMS)), None):
            for line in read(path, program):
                print(f"      {line}", flush=True)


def read(path: Path, program: str) -> Iterator[str]:
    """Open the page and search in it; yield how long each took."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, chromium_sandbox=False)
        page = browser.new_page()
        page.goto(path.as_uri(), timeout=300_000)
        yield from _times(page)
        browser.close()


def _times(page: Page) -> Iterator[str]:
    paint, complete = page.evaluate(_TIMES)
    yield f"Chromium shows the page after {paint} ms; it is complete after {complete} ms"
    for words in SEARCHES:
        ms, shown = page.evaluate(_SEARCH, words)
        yield f"a search for {words!r}: {ms} ms ({shown})"


if __name__ == "__main__":
    checks = Checks()
    measure(checks)
    sys.exit(checks.failed)
