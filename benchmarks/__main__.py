"""`python -m benchmarks [NAME…]`: measure, print each number with its bound, and write the report.

Without names, all benchmarks run, each in a process of its own, and docs/benchmarks.md is written.
Exits 1 if a bound is missed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

from benchmarks import peers, report, results
from benchmarks.comparison import Benchmark, Comparison
from benchmarks.measure import say

NAMES = {
    "startup": ("startup",),
    "validate": ("validate-1000", "validate-10000", "validate-markdown"),
    "plan": ("plan-1000", "plan-10000", "plan-forms"),
    "create": (
        "create",
        "create-adapting",
        "create-slowing",
        "rate-limit",
        "rate-limit-100",
        "rate-limit-200",
    ),
    "pull": ("pull",),
    "growth": (
        "growth-validate",
        "growth-lint",
        "growth-plan",
        "growth-apply",
        "growth-pull",
        "growth-fmt",
        "growth-markdown",
        "growth-html",
    ),
    "lint": ("lint-1000", "lint-one-file", "lint-similar"),
    "formatting": ("fmt",),
    "inventory": ("inventory", "inventory-writes"),
    "many_targets": ("many-50", "many-300"),
    "limits": ("limits",),
    "reports": ("reports",),
    "html_report": ("html-report",),
    "trace": ("trace",),
}
"""Module → its benchmarks, in the order of the report. A module is imported only to run them: a
measured process inherits the peak memory of this one."""
ALL = [name for names in NAMES.values() for name in names]


def find(name: str) -> Benchmark:
    """Return a benchmark by its name."""
    module = next(module for module, names in NAMES.items() if name in names)
    every: list[Benchmark] = import_module(f"benchmarks.{module}").BENCHMARKS
    return next(benchmark for benchmark in every if benchmark.name == name)


def main() -> int:
    options = _options()
    if options.list:
        return show()
    if options.report:
        return write_report()
    if options.against:
        return compare(options.names or ALL, options.against.resolve(), options.runs)
    if len(options.names) == 1:
        return measure(find(options.names[0]), options.runs)
    for name in options.names or ALL:
        command = [sys.executable, "-m", "benchmarks", name, "--runs", str(options.runs)]
        subprocess.run(command, check=False)
    return exit_code(options.names) if options.names else write_report()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure devinops against other programs and against the least work.",
        epilog=f"names: {', '.join(ALL)}",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure (default: all)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command (default: 5)")
    parser.add_argument("--list", action="store_true", help="list the names and what they measure")
    parser.add_argument("--report", action="store_true", help="only write docs/benchmarks.md")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="CHECKOUT",
        help="compare devinops with that of another checkout, in turns, and save nothing",
    )
    options = parser.parse_args()
    for name in options.names:
        if name not in ALL:
            parser.error(f"no benchmark {name}: expected one of {', '.join(ALL)}")
    return options


def show() -> int:
    """Print each name, what it measures, and about how long that takes with five runs."""
    for benchmark in map(find, ALL):
        print(f"{benchmark.name:<18}{benchmark.minutes:>4} min  {benchmark.work}")
    return 0


def measure(benchmark: Benchmark, runs: int) -> int:
    """Run one benchmark, print and save its result; return 1 if it misses a bound."""
    print(f"{benchmark.name}: {benchmark.work} (about {benchmark.minutes} min)", flush=True)
    results.forget(benchmark.name)
    start = time.monotonic()
    result = benchmark.measure(runs)
    results.save(result)
    print(*results.lines(result), sep="\n", flush=True)
    say(f"took {(time.monotonic() - start) / 60:.1f} min")
    return int(bool(result.missed))


def compare(names: list[str], checkout: Path, runs: int) -> int:
    """Print the ratios of this checkout to another one."""
    for benchmark in map(find, names):
        if isinstance(benchmark, Comparison):
            print(f"{benchmark.name}: {benchmark.work}, this checkout against {checkout}")
            print(*results.lines(benchmark.against(checkout, runs)), sep="\n", flush=True)
        else:
            print(f"{benchmark.name}: runs no commands in turns; measure it in each checkout")
    return 0


def write_report() -> int:
    """Write docs/benchmarks.md; return 1 if a bound is missed or something was not measured."""
    found = results.load()
    report.PAGE.write_text(report.page(map(find, ALL), found, peers.versions()), encoding="utf-8")
    print(f"wrote {report.PAGE.relative_to(report.PAGE.parents[1])}")
    return exit_code(ALL)


def exit_code(names: list[str]) -> int:
    """Return 1 if a benchmark misses a bound or has no result."""
    found = results.load()
    missed = [name for name in names if name not in found or found[name].missed]
    if missed:
        print(f"missed a bound, or not measured: {', '.join(missed)}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
