"""The commands that take part: those of devinops, the floors, and the interpreter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import peers
from benchmarks.measure import Contender, nothing
from benchmarks.repositories import ORGANIZATION, write_settings
from benchmarks.results import Bound
from benchmarks.servers.client import CHECKOUT, Server

FLOORS = Path(__file__).parent / "floors"
LATENCY_MS = 50
FORM_NAMES = {
    "markdown": "Markdown",
    "commented": "Markdown with comments",
    "nested": "Markdown with a mapping",
    "large": "large files",
}
"""Form of a repository → what a benchmark that compares forms calls it."""

SCHEMA = CHECKOUT / "schemas" / "declarations.schema.json"
FRONT_MATTER = SCHEMA.with_name("knowledge.schema.json")
PROGRAM = "from devinops.__main__ import run; run()"
"""What the installed program `devinops` does."""


def ours(
    label: str,
    cwd: Path,
    *argv: str,
    server: Server | None = None,
    before: Callable[[], None] = nothing,
    codes: frozenset[int] = frozenset({0}),
) -> Contender:
    """Return a command of devinops, with the source of this checkout."""
    env = {"PYTHONPATH": str(CHECKOUT)}
    if server:
        env |= {"DEVIN_API_URL": server.url, "DEVIN_API_KEY": "cog_emulator"}
    command = (peers.python(), "-c", PROGRAM, *argv)
    return Contender(label, command, cwd, env, codes, before, server, ours=True)


def floor(
    name: str,
    cwd: Path,
    *arguments: str,
    server: Server | None = None,
    before: Callable[[], None] = nothing,
    label: str = "floor",
) -> Contender:
    """Return the script of a floor, see `floors/`; its path arguments are relative to `cwd`."""
    command = (peers.python(), str(FLOORS / f"{name}.py"), *arguments)
    return Contender(label, command, cwd, before=before, server=server)


def against_floor(most: float, form: str) -> Bound:
    """Return the bound of the CPU time for a form of the entries, against the floor of the form."""
    label = FORM_NAMES[form]
    what = f"CPU time against floor, {label}"
    return Bound("cpu_s", most, f"floor, {label}", of=label, what=what)


def interpreter(cwd: Path) -> Contender:
    return Contender("python -c pass", (peers.python(), "-c", "pass"), cwd)


def knowledge(server: Server) -> str:
    """Return the address below which the notes and folders are."""
    return f"{server.url}/v3/organizations/{ORGANIZATION}/knowledge"


def write(form: str, count: int, place: Path) -> Path:
    """Write a repository or a file with `count` entries, see `repositories`; return its path."""
    command = [sys.executable, "-m", "benchmarks.repositories", form, str(count), str(place)]
    subprocess.run(command, check=True, cwd=CHECKOUT)
    if place.is_dir():
        write_settings(place)
    return place
