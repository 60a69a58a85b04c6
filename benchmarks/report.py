"""Writes docs/benchmarks.md from the results."""

from __future__ import annotations

import os
import platform
import textwrap
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from benchmarks.comparison import Benchmark
from benchmarks.measure import Cost
from benchmarks.results import Check, Result, number

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

_HEAD = """\
# Benchmarks

How fast devinops is, as ratios to other programs and to a *floor*: a script that only reads
the files and sends the requests which the work needs, with the same Python and libraries. It checks
nothing and explains no error. On other machines, the ratios are about the same.

Measured with {machine}: medians of {runs} runs, in turns, on texts of
1 to 4 KB, with the server on the same machine. A number in parentheses is the most that devinops
promises.

"""
_MEANING = """
## What the numbers mean

Memory is the peak; less than about 20 MB cannot be seen. With "50 ms a request", a response leaves
50 ms after its request arrived, otherwise at once.

"""
_REPEAT = """\
## Repeat it

```bash
make benchmark                         # everything; writes this page
.venv/bin/python -m benchmarks --list  # the names, and how many minutes each takes
.venv/bin/python -m benchmarks plan-1000 --runs 11
.venv/bin/python -m benchmarks.many_targets --organizations 100  # with fewer organizations
```

The results are kept in `.benchmarks/results.json`, and `python -m benchmarks --report` writes this
page from them again. A missed bound is exit code 1.
[CONTRIBUTING](../CONTRIBUTING.md#did-it-get-slower) says how to compare two checkouts.
"""


def page(
    benchmarks: Iterable[Benchmark], results: Mapping[str, Result], versions: Mapping[str, str]
) -> str:
    """Return the page: how it was measured, all numbers, what they mean, and the versions."""
    measured = [(each, results[each.name]) for each in benchmarks if each.name in results]
    head = _HEAD.format(machine=_machine(), runs=_runs(result for _, result in measured))
    rows = (_row(*each) for each in measured)
    numbers = table(["name", "work", "time, memory", "measured (at most)"], rows)
    return "\n".join([head + numbers + _MEANING + _notes(measured), _versions(versions), _REPEAT])


def _machine() -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores and {python}"


def _runs(results: Iterable[Result]) -> str:
    return " or ".join(map(str, sorted({result.runs for result in results if result.costs})))


def _row(benchmark: Benchmark, result: Result) -> list[str]:
    checks = "<br>".join(map(_check, result.checks))
    return [benchmark.name, benchmark.work, _cost(result.costs.get(benchmark.shown)), checks]


def _cost(cost: Cost | None) -> str:
    return f"{number(cost.wall_s, ' s')}, {number(cost.peak_mb, ' MB')}" if cost else ""


def _check(check: Check) -> str:
    """Return a number with its name and bound; one that is missed is bold."""
    measured = number(check.value, check.unit)
    bound = "" if check.at_most is None else f" ({number(check.at_most, check.unit)})"
    return f"{check.what}: " + (f"**{measured}**" if check.missed else measured) + bound


def _notes(measured: Iterable[tuple[Benchmark, Result]]) -> str:
    """Return what is not obvious about the numbers; rows with the same note share it."""
    notes = []
    for about, rows in groupby(measured, key=lambda each: each[0].about):
        names = ", ".join(f"`{benchmark.name}`" for benchmark, _ in rows)
        if about:
            notes.append(f"- {names}: {about}")
    return "".join(_filled(note, indent="  ") for note in notes)


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 100, subsequent_indent=indent, break_on_hyphens=False) + "\n"


def _versions(versions: Mapping[str, str]) -> str:
    """Return the programs and libraries that were measured, each once."""
    packages = dict.fromkeys(name for names in versions.values() for name in names.split(", "))
    return _filled(f"Versions: {', '.join(packages)}.")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    head = list(head)
    return "".join(_line(row) for row in (head, ["---"] * len(head), *rows))


def _line(cells: Iterable[str]) -> str:
    return "".join(f"| {cell.replace('|', chr(92) + '|')} " for cell in cells).rstrip() + " |\n"
