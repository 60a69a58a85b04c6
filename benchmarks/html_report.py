"""`python -m benchmarks.html_report`: what a page of 10,000 changes costs to write and to read.

Writing is measured in a process of its own: its time as a share of the time that the apply of these
changes takes at 50 ms a request, and its memory beyond that of the plan. Reading is measured in
headless Chromium, if there is one: the time until the page is shown and complete, and until a
search has filtered the list. These times depend on the machine, so they have no bound.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
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
LATENCY_S = 0.05
PARALLELISM = 8
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


def write(path: Path) -> dict[str, float]:
    """Write the page; return the seconds of CPU and the bytes of memory that this took."""
    answer = PlanAnswer(large(CHANGES, LINES), ExitCode.OK)
    before, start = _peak_mb(), time.process_time()
    with path.open("w", encoding="utf-8") as file:
        file.writelines(render("html", answer))
    return {"cpu_s": time.process_time() - start, "mb": _peak_mb() - before}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(check: Checks) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "report.html"
        command = [sys.executable, "-m", "benchmarks.html_report", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        cost = json.loads(done.stdout)
        apply_s = CHANGES * LATENCY_S / PARALLELISM
        share = cost["cpu_s"] / apply_s
        check("an HTML report, CPU against the requests of the apply", share, 0.1, "×")
        check("an HTML report, memory beyond the plan", cost["mb"], 30, " MB")
        size = path.stat().st_size / 1e6
        check("an HTML report, size", size, 60, " MB")
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
    if len(sys.argv) > 1:
        print(json.dumps(write(Path(sys.argv[1]))))
    else:
        checks = Checks()
        measure(checks)
        sys.exit(checks.failed)
