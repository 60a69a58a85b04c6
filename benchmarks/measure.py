"""One command in a process of its own, what it cost, and the bounds that this is held to."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_MEASURED = """
import resource, sys, time
from devinops.cli import main
start = time.process_time()
code = main(sys.argv[1:])
io = open("/proc/self/io").read().split() if sys.platform == "linux" else ["wchar:", "0"]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
written = int(io[io.index("wchar:") + 1]) / 1e6
print(code, time.process_time() - start, peak, written, file=sys.stderr)
"""


@dataclass(frozen=True)
class Ran:
    code: int
    cpu_s: float
    wall_s: float
    peak_mb: float
    written_mb: float
    text: str
    error: str

    @property
    def last_line(self) -> str:
        return self.text.splitlines()[-1] if self.text else ""


def devinops(root: Path, *argv: str) -> Ran:
    """Run a command in a fresh process; return what it cost."""
    start = time.monotonic()
    command = [sys.executable, "-c", _MEASURED, *argv, "--root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    wall = time.monotonic() - start
    code, cpu, peak, written = done.stderr.split()[-4:]
    return Ran(
        int(code),
        float(cpu),
        wall,
        float(peak),
        float(written),
        done.stdout,
        "".join(done.stderr.splitlines(keepends=True)[:-1]),
    )


class Checks:
    """Prints each measurement with its bound and remembers whether all hold."""

    failed = False

    def __call__(self, what: str, value: float, bound: float, unit: str = "") -> None:
        holds = value <= bound
        self.failed |= not holds
        print(
            f"{'ok  ' if holds else 'FAIL'}  {what}: {value:.4g}{unit} (at most {bound:.4g}{unit})",
            flush=True,
        )
