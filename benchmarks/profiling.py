"""`python -m benchmarks.profiling COMMAND…`: where a command of devinops spends its time.

Runs the command in this process on a generated repository and an emulator that has the same notes,
or none for an apply; a pull starts without files. Prints the own time of each package, the
functions of devinops with the largest own time, and what is imported at the start. Own time is
without what a function calls. All threads count, so the sum can be more than the time that passed.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import os
import pstats
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import devinops
from benchmarks import peers
from benchmarks.commands import PROGRAM, write
from benchmarks.measure import environment
from benchmarks.servers.client import CHECKOUT, server
from devinops.cli.main import main

Function = tuple[str, int, str]
"""Path of the file, line and name."""
Times = tuple[int, int, float, float, Any]
"""Primitive calls, calls, own time, cumulative time, callers."""
_PACKAGE = Path(devinops.__file__).parent
_LIBRARY = re.compile(r".*/(?:site-packages|python3\.\d+)/(\w+)")
_IMPORT = re.compile(r"import time: +(\d+) \| +\d+ \| +(\S+)")
_BUILT_IN = "~"
"""What the profiler writes instead of a path."""
_ROWS = 25
_PACKAGES = 12


def run() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "repository"
        root.mkdir()
        command = options.command[0]
        if command != "pull":
            write("markdown", options.entries, root)
        live = 0 if command == "apply" else options.entries
        seed = write("seed", live, Path(directory) / "seed.json")
        with server("devin", str(seed), latency_ms=options.latency) as devin:
            os.environ |= {
                "DEVIN_API_URL": devin.url,
                "DEVIN_API_KEY": "cog_emulator",
                "DEVIN_ORG_ID": "org-emulator",
            }
            code, seconds, stats = profile([*options.command, "--root", str(root)])
    print(f"devinops {' '.join(options.command)}: exit code {code}, {seconds:.2f} s with profiler")
    lines = (*by_package(stats), *built_in(stats), *by_function(stats), *imports(command))
    print(*lines, sep="\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.profiling")
    parser.add_argument("--entries", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0, metavar="MS")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    options = parser.parse_args()
    options.command = options.command or ["plan"]
    if options.command == ["apply"]:
        options.command.append("--yes")
    return options


def profile(argv: Sequence[str]) -> tuple[int, float, pstats.Stats]:
    """Run a command; return its exit code, the seconds that passed, and what each thread did."""
    start = time.perf_counter()
    with redirect_stdout(io.StringIO()), profiled() as profiles:
        code = main(argv)
    seconds = time.perf_counter() - start
    stats = pstats.Stats(profiles[0])
    for other in profiles[1:]:
        stats.add(other)
    return code, seconds, stats


@contextmanager
def profiled() -> Iterator[list[cProfile.Profile]]:
    """Profile this thread and each thread that starts in the block."""
    profiles = [cProfile.Profile()]

    def begin(*_: Any) -> None:
        # Replaces itself: from now on the profiler gets the events of the thread.
        profiles.append(cProfile.Profile())
        profiles[-1].enable()

    # From Python 3.12 on, one profiler gets the events of all threads, and a second one is refused.
    if sys.version_info < (3, 12):
        threading.setprofile(begin)
    profiles[0].enable()
    try:
        yield profiles
    finally:
        profiles[0].disable()
        threading.setprofile(None)


def by_package(stats: pstats.Stats) -> Iterator[str]:
    """Yield lines with the own time of devinops and of each library."""
    own: defaultdict[str, float] = defaultdict(float)
    for function, (_, _, seconds, _, _) in _functions(stats):
        own[package(function[0])] += seconds
    yield from ("", "own time by package")
    yield from (f"{seconds:9.3f} s  {name}" for name, seconds in _largest(own))


def package(path: str) -> str:
    """Return the name of the package that a file belongs to."""
    if Path(path).is_relative_to(_PACKAGE):
        return "devinops"
    found = _LIBRARY.match(path)
    return found[1] if found else "built-in functions, and waiting"


def built_in(stats: pstats.Stats) -> Iterator[str]:
    """Yield lines with the built-in functions that take longest; locks and sockets wait."""
    own = {name: times[2] for (path, _, name), times in _functions(stats) if path == _BUILT_IN}
    yield from ("", "built-in functions, and waiting")
    yield from (f"{seconds:9.3f} s  {name}" for name, seconds in _largest(own))


def by_function(stats: pstats.Stats) -> Iterator[str]:
    """Yield lines with the functions of devinops, those with the largest own time first."""
    rows = [
        (own, total, calls, f"{Path(path).relative_to(_PACKAGE)}:{line} {name}")
        for (path, line, name), (_, calls, own, total, _) in _functions(stats)
        if Path(path).is_relative_to(_PACKAGE)
    ]
    yield from ("", "functions of devinops", "      own  cumulative    calls  function")
    for own, total, calls, name in sorted(rows, reverse=True)[:_ROWS]:
        yield f"{own:9.3f}  {total:10.3f}  {calls:7}  {name}"


def _functions(stats: pstats.Stats) -> Iterable[tuple[Function, Times]]:
    return stats.stats.items()  # type: ignore[attr-defined, no-any-return]


def _largest(numbers: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(numbers.items(), key=lambda pair: -pair[1])[:_PACKAGES]


def imports(command: str) -> Iterator[str]:
    """Yield lines with the packages that `COMMAND --help` imports, and how long each takes."""
    argv = [peers.python(), "-X", "importtime", "-c", PROGRAM, command, "--help"]
    done = subprocess.run(
        argv,
        env=environment({"PYTHONPATH": str(CHECKOUT)}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    own: defaultdict[str, float] = defaultdict(float)
    for microseconds, module in _IMPORT.findall(done.stderr):
        own[module.partition(".")[0]] += float(microseconds)
    total = sum(own.values()) / 1000
    yield from ("", f"imports of devinops {command} --help: {total:.0f} ms, by package")
    yield from (f"{microseconds / 1000:8.1f} ms  {name}" for name, microseconds in _largest(own))


if __name__ == "__main__":
    sys.exit(run())
