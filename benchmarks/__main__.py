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

from benchmarks import results
from benchmarks.comparison import Benchmark, Comparison
from benchmarks.measure import say

_MODULES = ("startup", "validate", "plan", "create", "pull")


def benchmarks() -> dict[str, Benchmark]:
    """Return name → benchmark, in the order of the report."""
    modules = [import_module(f"benchmarks.{name}") for name in _MODULES]
    return {each.name: each for module in modules for each in module.BENCHMARKS}


def main() -> int:
    known = benchmarks()
    options = _options(known)
    if options.report:
        return write_report()
    if options.against:
        return compare(known, options.names, options.against.resolve(), options.runs)
    if len(options.names) == 1:
        return measure(known[options.names[0]], options.runs)
    for name in options.names or known:
        # In a process of its own: a measured process inherits the peak memory of its parent.
        command = [sys.executable, "-m", "benchmarks", name, "--runs", str(options.runs)]
        subprocess.run(command, check=False)
    return write_report() if not options.names else exit_code(options.names)


def _options(known: dict[str, Benchmark]) -> argparse.Namespace:
    about = "\n".join(
        f"  {name:<18} {each.minutes:>4} min  {each.work}" for name, each in known.items()
    )
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure devinops against other programs and against the least work.",
        epilog=f"names, and about how long each takes with five runs:\n{about}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", choices=[*known, []], metavar="NAME")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command (default: 5)")
    parser.add_argument("--report", action="store_true", help="only write docs/benchmarks.md")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="CHECKOUT",
        help="compare devinops with that of another checkout, in turns, and save nothing",
    )
    return parser.parse_args()


def measure(benchmark: Benchmark, runs: int) -> int:
    """Run one benchmark, print and save its result; return 1 if it misses a bound."""
    print(f"{benchmark.name}: {benchmark.work} (about {benchmark.minutes} min)", flush=True)
    start = time.monotonic()
    result = benchmark.measure(runs)
    results.save(result)
    print(*results.lines(result), sep="\n", flush=True)
    say(f"took {(time.monotonic() - start) / 60:.1f} min")
    return int(bool(result.missed))


def compare(known: dict[str, Benchmark], names: list[str], checkout: Path, runs: int) -> int:
    """Print the ratios of this checkout to another one."""
    for name in names or known:
        benchmark = known[name]
        if isinstance(benchmark, Comparison):
            print(f"{name}: {benchmark.work}, this checkout against {checkout}", flush=True)
            print(*results.lines(benchmark.against(checkout, runs)), sep="\n", flush=True)
        else:
            print(f"{name}: not a comparison of commands; run it in each checkout", flush=True)
    return 0


def write_report() -> int:
    return 0


def exit_code(names: list[str]) -> int:
    """Return 1 if a benchmark misses a bound or has no result."""
    found = results.load()
    return int(any(name not in found or found[name].missed for name in names))


if __name__ == "__main__":
    sys.exit(main())
