"""Writes docs/benchmarks.md from the results."""

from __future__ import annotations

import os
import platform
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks.comparison import Benchmark
from benchmarks.measure import Cost
from benchmarks.results import Check, Result, number

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

_HEAD = """\
# Benchmarks

How fast devinops is, compared with programs that people use today and with the least work that the
same job needs. `make benchmark` measures everything and writes this page.

- A ratio compares two commands that ran in turns (ABAB…) in one run on one machine. It is the ratio
  of the medians of {runs} runs; a command that takes long runs less often, if its section says so.
  Seconds and megabytes are different on every machine; the ratios are about the same.
- An entry is a note of 1 to 4 KB, 2 KB on average. Every program gets as many entries with the same
  texts.
- A server runs on the same machine in a process of its own. Each response leaves 50 ms after its
  request arrived, if the heading says so, and at once if not. The server counts the requests.
- CPU is user and system time. Peak memory is what the kernel reports for the process; less than the
  measuring process has, about 20 MB, cannot be seen.
- The *floor* is a minimal script that only reads the files and sends the requests which the work
  needs, with the same Python and the same libraries. It checks nothing, and explains no error.

Measured with {machine}.
"""
_REPEAT = """\
## Repeat it

```bash
make benchmark                                    # everything; writes this page
.venv/bin/python -m benchmarks --list             # the names, and about how long each takes
.venv/bin/python -m benchmarks validate-1000      # one benchmark
.venv/bin/python -m benchmarks plan-1000 --runs 11
.venv/bin/python -m benchmarks --against ../other-checkout plan-1000
make profile COMMAND=plan ENTRIES=10000 LATENCY=50
```

The results are kept in `.benchmarks/results.json`, and `python -m benchmarks --report` writes this
page from them again. A missed bound is exit code 1.
[CONTRIBUTING](../CONTRIBUTING.md#did-it-get-slower) says how to compare two checkouts.
"""


def page(
    benchmarks: Iterable[Benchmark], results: Mapping[str, Result], versions: Mapping[str, str]
) -> str:
    """Return the page: how it was measured, all promises, each benchmark, and the versions."""
    measured = [(each, results[each.name]) for each in benchmarks if each.name in results]
    head = _HEAD.format(machine=_machine(), runs=_runs(result for _, result in measured))
    sections = [head, _promises(measured), *_sections(measured)]
    return "\n".join([*sections, _versions(versions), _REPEAT])


def _machine() -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores and {python}"


def _runs(results: Iterable[Result]) -> str:
    return " or ".join(map(str, sorted({result.runs for result in results if result.costs})))


def _promises(measured: Iterable[tuple[Benchmark, Result]]) -> str:
    rows = (row for each, result in measured for row in _bounds(each.work, result.checks))
    return "## Promises\n\n" + table(["work", "number", "at most", "measured", "promise"], rows)


def _bounds(work: str, checks: Iterable[Check]) -> Iterator[list[str]]:
    """Yield a row for each number that has a bound; only the first one names the work."""
    for check in checks:
        if check.at_most is not None:
            at_most = number(check.at_most, check.unit)
            yield [work, check.what, at_most, _measured(check), _verdict(check)]
            work = ""


def _measured(check: Check) -> str:
    text = number(check.value, check.unit)
    return f"**{text}**" if check.missed else text


def _verdict(check: Check) -> str:
    if check.value is None:
        return "not measured"
    return "**missed**" if check.missed else "holds"


def _sections(measured: Iterable[tuple[Benchmark, Result]]) -> Iterator[str]:
    """Yield a section for each benchmark; the same explanation stands once."""
    about = ""
    for benchmark, result in measured:
        yield _section(benchmark, result, "" if benchmark.about == about else benchmark.about)
        about = benchmark.about


def _section(benchmark: Benchmark, result: Result, about: str) -> str:
    parts = [f"## {_title(benchmark.work)}\n", *([_paragraph(about)] if about else [])]
    if result.costs:
        head = ["command", "time", "CPU", "peak memory", "requests"]
        parts.append(table(head, (_cost(*pair) for pair in result.costs.items())))
    parts.append(table(["number", "measured"], ([c.what, _measured(c)] for c in result.checks)))
    return "\n".join(parts)


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 100, break_on_hyphens=False) + "\n"


def _title(work: str) -> str:
    return work[0].upper() + work[1:]


def _cost(label: str, cost: Cost) -> list[str]:
    seconds = (number(value, " s") for value in (cost.wall_s, cost.cpu_s))
    requests = f"{cost.requests:,.0f}" if cost.requests else ""
    return [label, *seconds, number(cost.peak_mb, " MB"), requests]


def _versions(versions: Mapping[str, str]) -> str:
    return "## Versions\n\n" + table(["program", "version"], versions.items())


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    head = list(head)
    return "".join(_row(row) for row in (head, ["---"] * len(head), *rows))


def _row(cells: Iterable[str]) -> str:
    return "".join(f"| {cell.replace('|', chr(92) + '|')} " for cell in cells).rstrip() + " |\n"
