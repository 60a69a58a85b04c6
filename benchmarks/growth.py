"""How time and memory grow from 100 to 50,000 entries: 1 is linear, 2 would be quadratic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from benchmarks.commands import ours, write
from benchmarks.comparison import Comparison
from benchmarks.measure import Contender, Cost, nothing
from benchmarks.repositories import put_aside, write_settings
from benchmarks.results import Check, exponent
from benchmarks.servers.client import Server, server

SIZES = (100, 1_000, 10_000, 50_000)
SMALLER = (1_000, 10_000)
_MOST_RUNS = {100: 5, 1_000: 5, 10_000: 3, 50_000: 1}
_MOST = 1.15
"""The exponent that is still called linear; caches of the processor make some difference."""
_FROM = 1_000
"""Below, the start of the process outweighs the work."""
_ABOUT = (
    "With an exponent of 1, ten times the entries take ten times the CPU time. Time and memory are "
    "those of the largest size; 50,000 entries are measured once."
)

One = Callable[[Path, int, ExitStack], Contender]
"""From an empty directory, prepares one command for a number of entries."""


def growth(name: str, command: str, sizes: tuple[int, ...], minutes: float, of: One) -> Comparison:
    @contextmanager
    def prepare(directory: Path) -> Iterator[list[Contender]]:
        with ExitStack() as stack:
            yield [of(directory / str(size), size, stack) for size in sizes]

    return Comparison(
        f"growth-{name}",
        f"{command}, up to {_label(sizes[-1])}",
        _ABOUT,
        minutes,
        prepare,
        more=_exponents,
        shown=_label(sizes[-1]),
    )


def _label(size: int) -> str:
    return f"{size:,} entries"


def _exponents(costs: dict[str, Cost]) -> list[Check]:
    """Check how the CPU time grows between neighbors."""
    by_size = {int(label.split()[0].replace(",", "")): cost for label, cost in costs.items()}
    return [
        Check(
            f"exponent to {larger:,}",
            exponent(size, by_size[size].cpu_s, larger, by_size[larger].cpu_s),
            _MOST,
        )
        for size, larger in pairwise(by_size)
        if size >= _FROM
    ]


def _offline(form: str, *argv: str) -> One:
    def of(directory: Path, size: int, _: ExitStack) -> Contender:
        root = write(form, size, directory)
        return _sized(size, root, *argv)

    return of


def _sized(
    size: int,
    root: Path,
    *argv: str,
    server: Server | None = None,
    before: Callable[[], None] = nothing,
) -> Contender:
    contender = ours(_label(size), root, *argv, server=server, before=before)
    return replace(contender, most_runs=_MOST_RUNS[size], warm=size <= _FROM)


def _plan(directory: Path, size: int, stack: ExitStack) -> Contender:
    """Plan with nothing to do."""
    directory.mkdir()
    root = write("markdown", size, directory / "repository")
    seed = write("seed", size, directory / "seed.json")
    devin = stack.enter_context(server("devin", str(seed)))
    return _sized(size, root, "plan", "--detailed-exitcode", server=devin)


def _apply(directory: Path, size: int, stack: ExitStack) -> Contender:
    """Create everything."""
    directory.mkdir()
    root = write("markdown", size, directory / "repository")
    seed = write("seed", 0, directory / "seed.json")
    devin = stack.enter_context(server("devin", str(seed)))
    return _sized(size, root, "apply", "--yes", server=devin, before=devin.reset)


def _pull(directory: Path, size: int, stack: ExitStack) -> Contender:
    """Pull everything into an empty repository."""
    directory.mkdir()
    seed = write("seed", size, directory / "seed.json")
    root = directory / "repository"
    devin = stack.enter_context(server("devin", str(seed)))

    def empty() -> None:
        put_aside(root)
        write_settings(root)

    return _sized(size, root, "pull", server=devin, before=empty)


def _report(format: str) -> One:
    """Plan the creation of everything, and write it in a format."""

    def of(directory: Path, size: int, stack: ExitStack) -> Contender:
        directory.mkdir()
        root = write("markdown", size, directory / "repository")
        seed = write("seed", 0, directory / "seed.json")
        devin = stack.enter_context(server("devin", str(seed)))
        report = f"{format}={directory / 'report'}"
        return _sized(size, root, "plan", "--report", report, server=devin)

    return of


BENCHMARKS = [
    growth("validate", "validate YAML files", SIZES, 0.6, _offline("yaml", "validate")),
    growth("lint", "lint Markdown files", SIZES, 1.5, _offline("markdown", "lint")),
    growth("plan", "plan with nothing to do", SIZES, 1, _plan),
    growth("apply", "apply that creates everything", SIZES, 2.5, _apply),
    growth("pull", "pull into an empty repository", SIZES, 1.3, _pull),
    growth(
        "fmt",
        "check the format of Markdown files",
        SMALLER,
        0.3,
        _offline("markdown", "fmt", "--check"),
    ),
    growth("markdown", "Markdown report of a plan", SMALLER, 0.5, _report("markdown")),
    growth("html", "HTML report of a plan", SMALLER, 0.5, _report("html")),
]
