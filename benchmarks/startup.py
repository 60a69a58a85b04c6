"""How long devinops takes to start, against the interpreter alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import peers
from benchmarks.commands import interpreter, ours
from benchmarks.comparison import Comparison
from benchmarks.measure import Contender, Cost, environment
from benchmarks.results import Bound, Check
from benchmarks.servers.client import CHECKOUT
from devinops.cli.main import COMMANDS

BARE = "python -c pass"
_UNNEEDED = ("yaml", "httpx", "jsonschema", "deepdiff", "rich")
_IMPORTS = """
import contextlib, io, sys
from devinops.cli.main import main
with contextlib.redirect_stdout(io.StringIO()):
    main(sys.argv[2:])
sys.exit(len(set(sys.argv[1].split()) & set(sys.modules)))
"""
_HELP = {f"{command} --help": (command, "--help") for command in COMMANDS}


@contextmanager
def prepare(directory: Path) -> Iterator[list[Contender]]:
    yield [
        interpreter(directory),
        ours("--version", directory, "--version"),
        ours("--help", directory, "--help"),
        *(ours(label, directory, *argv) for label, argv in _HELP.items()),
    ]


def more(costs: dict[str, Cost]) -> list[Check]:
    slowest = max(_HELP, key=lambda label: costs[label].cpu_s)
    ratio = costs[slowest].wall_s / costs[BARE].wall_s
    imported = sum(map(_unneeded_imports, (("--version",), ("--help",), *_HELP.values())))
    return [
        Check(f"{slowest} (the slowest) against {BARE}", ratio, 6, "×"),
        Check(f"imports of {', '.join(_UNNEEDED)} by any of them", imported, 0),
    ]


def _unneeded_imports(argv: tuple[str, ...]) -> int:
    command = [peers.python(), "-c", _IMPORTS, " ".join(_UNNEEDED), *argv]
    return subprocess.run(
        command, env=environment({"PYTHONPATH": str(CHECKOUT)}), check=False
    ).returncode


BENCHMARKS = [
    Comparison(
        "startup",
        "`--version`, `--help` and `COMMAND --help`",
        "Times. `python -c pass` is the least that a Python program takes.",
        1,
        prepare,
        [
            Bound("wall_s", 4, BARE, of="--version", what=f"--version against {BARE}"),
            Bound("wall_s", 4, BARE, of="--help", what=f"--help against {BARE}"),
        ],
        more,
        times=3,
    )
]
