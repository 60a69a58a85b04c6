"""`python -m benchmarks`: the cost of a plan of 10,000 entries of 4 KB against a slow emulator.

Prints, for each measurement, the number, the bound that the project promises, and whether it holds;
exits 1 if one does not. The emulator runs in a process of its own, so that its memory does not
count.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import html_report, limits, lint, reports
from benchmarks.measure import Checks, Ran, devinops

ENTRIES = 10_000
BYTES = 4_000
LATENCY_MS = 50
PAGE = 200
FOLDERS = 20
CONFIG = "devinops.yaml"


@contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """Serve an organization that has the folders; yield its URL."""
    seed = {
        "organizations": {"org-emulator": {"folders": [{"path": f"F{n}"} for n in range(FOLDERS)]}}
    }
    (folder / "seed.json").write_text(json.dumps(seed))
    command = [
        sys.executable,
        "-m",
        "devinops",
        "emulator",
        "--port",
        "0",
        "--latency",
        str(LATENCY_MS),
    ]
    with subprocess.Popen(
        [*command, "--seed", str(folder / "seed.json")], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def write_files(root: Path) -> None:
    text = "".join(
        f"Line {n} of a note that is long enough to count.\n" for n in range(BYTES // 48)
    )
    for number in range(ENTRIES):
        path = root / "knowledge" / f"F{number % FOLDERS}" / f"note-{number:05}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"---\nname: Note {number:05}\ntrigger: When number {number} comes up\n---\n"
            f"{number}\n{text}"
        )


def requests(url: str) -> list[str]:
    with urllib.request.urlopen(f"{url}/_emulator/requests") as answer:
        return [f"{one['method']} {one['path'].partition('?')[0]}" for one in json.load(answer)]


def forget(url: str) -> None:
    with urllib.request.urlopen(
        urllib.request.Request(f"{url}/_emulator/requests", method="DELETE")
    ):
        pass


def main() -> int:
    check = Checks()
    with tempfile.TemporaryDirectory() as directory, emulator(Path(directory)) as url:
        root = Path(directory) / "repository"
        write_files(root)
        os.environ |= {"DEVIN_API_URL": url, "DEVIN_API_KEY": "cog_emulator"}
        validate = devinops(root, "validate")
        print(f"      validate: {validate.cpu_s:.1f} s CPU, {validate.peak_mb:.0f} MB", flush=True)

        _formatting(root, validate, check)

        plan = devinops(root, "plan")
        assert re.match(rf"Plan: {ENTRIES} to create;", plan.last_line), plan
        check("a plan of creates, requests that are no list", _others(requests(url)), 0)
        check("a plan of creates, peak memory", plan.peak_mb, 300, " MB")

        apply = devinops(root, "apply", "--yes", "--parallelism", "32")
        assert (apply.code, apply.last_line.split(" failed")[0]) == (
            0,
            f"Applied: {ENTRIES} done, 0",
        ), apply
        print(
            f"      apply: {apply.wall_s:.0f} s, {apply.cpu_s:.0f} s CPU, {apply.peak_mb:.0f} MB",
            flush=True,
        )

        forget(url)
        again = devinops(root, "plan", "--detailed-exitcode")
        assert again.code == 0, again
        sent = requests(url)
        check("a plan of nothing, requests that are no list", _others(sent), 0)
        check("a plan of nothing, requests", len(sent), ENTRIES / PAGE + 2)
        check("a plan of nothing, peak memory", again.peak_mb, 300, " MB")
        check("a plan of nothing, CPU against validate alone", again.cpu_s / validate.cpu_s, 3, "×")

        _pull(Path(directory) / "pulled", url, check)
        _inventory(root, url, check)

        (root / CONFIG).unlink()
        os.environ["DEVIN_API_KEY"] = "apk_emulator"
        old = devinops(root, "plan", "--detailed-exitcode")
        assert old.code == 0, old
        check(
            "the same over API v1, whose list is one answer, peak memory", old.peak_mb, 300, " MB"
        )
    limits.measure(check)
    lint.measure(check)
    reports.measure(check)
    html_report.measure(check)
    return check.failed


def _pull(root: Path, url: str, check: Checks) -> None:
    """Pull everything, and compare the time with that of the list requests alone."""
    root.mkdir()
    lists = _seconds_of_lists(url)
    pull = devinops(root, "pull")
    assert pull.code == 0, pull
    print(f"      pull: {pull.wall_s:.1f} s, {pull.cpu_s:.1f} s CPU", flush=True)
    check("a first pull, time against its list requests alone", pull.wall_s / lists, 1.5, "×")
    check("the same, peak memory", pull.peak_mb, 350, " MB")


def _seconds_of_lists(url: str) -> float:
    """Return how long it takes to read the notes twice, as a list of several pages must be."""
    start = time.monotonic()
    headers = {"Authorization": "Bearer cog_emulator"}
    for _ in range(2):
        after = ""
        while after is not None:
            path = f"/v3/organizations/org-emulator/knowledge/notes?first={PAGE}{after}"
            with urllib.request.urlopen(urllib.request.Request(url + path, headers=headers)) as got:
                page = json.load(got)
            after = f"&after={page['end_cursor']}" if page["has_next_page"] else None
    return time.monotonic() - start


def _formatting(root: Path, validate: Ran, check: Checks) -> None:
    """Measure fmt of files that all change, and of files that do not."""
    first = devinops(root, "fmt")
    assert first.last_line == f"changed {ENTRIES} files, 0 unchanged", first
    again = devinops(root, "fmt", "--check")
    assert again.last_line == f"would change 0 files, {ENTRIES} unchanged", again
    for what, ran, bound in (("all files change", first, 8), ("nothing changes", again, 2)):
        ratio = ran.cpu_s / validate.cpu_s
        check(f"fmt where {what}, CPU against validate alone", ratio, bound, "×")
    check("fmt where all files change, peak memory", first.peak_mb, 300, " MB")


def _inventory(root: Path, url: str, check: Checks) -> None:
    """Own everything; compare a plan without changes with and without the inventory, in turns."""
    configured = "version: 1\ntargets: {production: {inventory: {store: file}, prune: owned}}\n"
    (root / CONFIG).write_text(configured)
    adopt = devinops(root, "apply", "--yes")
    assert adopt.code == 0, adopt
    print(
        f"      adopting {ENTRIES} objects: {adopt.wall_s:.0f} s, {adopt.peak_mb:.0f} MB",
        flush=True,
    )
    with_it, without = [], []
    for _ in range(5):
        (root / CONFIG).write_text(configured)
        with_it.append(devinops(root, "plan", "--detailed-exitcode"))
        (root / CONFIG).write_text("version: 1\n")
        without.append(devinops(root, "plan", "--detailed-exitcode"))
    assert {ran.code for ran in with_it + without} == {0}
    wall = min(ran.wall_s for ran in with_it) / min(ran.wall_s for ran in without)
    check(f"a plan of nothing, time with {ENTRIES} owned objects against none", wall, 1.1, "×")
    check("the same, peak memory", max(ran.peak_mb for ran in with_it), 300, " MB")

    (root / CONFIG).write_text(configured)
    for number in range(1000):
        path = root / "knowledge" / f"F{number % FOLDERS}" / f"note-{number:05}.md"
        path.write_text(path.read_text() + "One more line.\n")
    size = (root / ".devinops" / "production.jsonl").stat().st_size
    changed = devinops(root, "apply", "--yes", "--parallelism", "32")
    assert changed.code == 0, changed
    print(
        f"      1000 updates: {changed.wall_s:.0f} s, {changed.written_mb:.0f} MB written",
        flush=True,
    )
    check(
        "1000 changes, bytes written against the inventory's size",
        changed.written_mb * 1e6 / size,
        20,
        "×",
    )


def _others(sent: list[str]) -> int:
    lists = re.compile(
        r"GET (/v3/self|"
        r"/v3/organizations/org-emulator/(knowledge/(folders|notes)|playbooks|secrets))"
    )
    return sum(not lists.fullmatch(one) for one in sent)


if __name__ == "__main__":
    sys.exit(main())
