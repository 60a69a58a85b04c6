"""Runs commands in processes of their own, in turns, and returns what each cost."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from statistics import median

from benchmarks.servers.client import Server

_SAY_S = 5
"""A run that takes longer is announced on stderr, so that nobody thinks that it hangs."""

_END = 2000
"""Bytes of the output that are read."""


@dataclass(frozen=True)
class Cost:
    """What a run cost; the last four are counted by the server, and are 0 without one.

    `cpu_s` is user and system time, `written_mb` what was passed to write calls (Linux only).
    `refused` counts responses 429, `too_early` requests sent again before their Retry-After.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    written_mb: float = 0
    requests: float = 0
    lists: float = 0
    refused: float = 0
    too_early: float = 0


def nothing() -> None:
    pass


@dataclass(frozen=True)
class Contender:
    """A command to measure. `before` prepares each run; `codes` are the exit codes of success.

    `ours` marks a command of devinops, which `--against` also runs with another checkout.
    """

    label: str
    command: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    codes: frozenset[int] = frozenset({0})
    before: Callable[[], None] = nothing
    server: Server | None = None
    ours: bool = False
    most_runs: int = 99
    warm: bool = True
    """Whether a run that does not count comes first; it compiles modules and fills caches."""


def run(contender: Contender) -> Cost:
    """Run a command once, and return what it cost. Raises RuntimeError, see `run_and_read`."""
    return run_and_read(contender)[0]


def run_and_read(contender: Contender) -> tuple[Cost, str]:
    """Run a command once, and return what it cost and the end of its output.

    Raises RuntimeError, with this output, for an unexpected exit code.
    """
    contender.before()
    if contender.server:
        contender.server.counts()
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen(
            contender.command,
            cwd=contender.cwd,
            env=environment(contender.env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        cost = _wait(process, start)
        output.seek(max(0, output.seek(0, os.SEEK_END) - _END))
        text = output.read().decode(errors="replace")
        if process.returncode not in contender.codes:
            raise RuntimeError(f"{contender.label}: exit code {process.returncode}\n{text}")
    counts = contender.server.counts() if contender.server else {}
    return replace(cost, **counts), text


def _wait(process: subprocess.Popen[bytes], start: float) -> Cost:
    """Wait for the end of a process and return what the kernel counted for it."""
    written = _written_mb(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit, written)


def _written_mb(pid: int) -> float:
    """Wait for the end of a process and return what it wrote; 0 if this is not Linux."""
    if sys.platform != "linux":
        return 0
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    counts = Path(f"/proc/{pid}/io").read_text().split()
    return int(counts[counts.index("wchar:") + 1]) / 1e6


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with changes, without settings of devinops or of Python."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DEVIN", "PYTHON", "CI"))
    }
    return {**kept, **changes}


def interleave(contenders: Iterable[Contender], runs: int) -> dict[str, Cost]:
    """Run the commands in turns (ABAB…); return label → the median of what its runs cost."""
    contenders = list(contenders)
    costs: dict[str, list[Cost]] = {contender.label: [] for contender in contenders}
    for number in range(-1, runs):
        for contender in contenders:
            if (number < 0 and not contender.warm) or number >= contender.most_runs:
                continue
            cost = run(contender)
            if cost.wall_s > _SAY_S:
                say(f"{contender.label}: {cost.wall_s:.1f} s")
            if number >= 0:
                costs[contender.label].append(cost)
    return {label: middle(all_costs) for label, all_costs in costs.items()}


def middle(costs: Sequence[Cost]) -> Cost:
    """Return the median of each number."""
    names = [item.name for item in fields(Cost)]
    return Cost(**{name: median(getattr(cost, name) for cost in costs) for name in names})


def say(text: str) -> None:
    print(f"      {text}", file=sys.stderr, flush=True)
