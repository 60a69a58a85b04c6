"""How many modules and functions plan and apply of one note enter.

`python -m benchmarks.trace` lists the functions, module by module. A function counts if
it is called while the command runs, in any thread. A comprehension or a lambda is part of the
function that contains it. The emulator, the bodies of modules and classes, and the methods that
`dataclass` writes do not count. A round before the measured one leaves out what happens only at the
first import.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import devinops
from benchmarks.comparison import Checks, Numbers
from devinops.cli.main import main
from devinops.emulator import Emulator

PACKAGE = Path(devinops.__file__).parent
FILES = {
    "devinops.yaml": "version: 1\ntargets: {production: {inventory: {store: file}}}\n",
    "knowledge/errors.md": "---\nname: Error envelope\ntrigger: When adding one\n---\nText.\n",
}


@contextmanager
def calls() -> Iterator[set[CodeType]]:
    """Collect the code of every function that is called inside."""
    entered: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            entered.add(frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield entered
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def by_module(entered: set[CodeType]) -> dict[str, set[str]]:
    """Return module → the qualified names of its functions."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for code in entered:
        name = Path(code.co_filename).relative_to(PACKAGE).with_suffix("").as_posix()
        found[name].add(code.co_qualname)
    return found


def trace(argv: Sequence[str]) -> set[CodeType]:
    """Run a command in this process and return the functions of devinops that it entered."""
    out = io.StringIO()
    with redirect_stdout(out), calls() as entered:
        code = main(argv)
    if code:
        raise SystemExit(f"devinops {argv[0]} exited with {code}: {out.getvalue()}")
    return {code for code in entered if _counts(code)}


def _counts(code: CodeType) -> bool:
    path, emulator = Path(code.co_filename), PACKAGE / "emulator"
    is_ours = path.is_relative_to(PACKAGE) and not path.is_relative_to(emulator)
    return is_ours and not code.co_name.startswith("<")


@contextmanager
def organization(directory: Path) -> Iterator[Sequence[str]]:
    """Write `FILES` and start an emulator; yield the arguments that lead a command there."""
    for name, text in FILES.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    with Emulator() as emulator:
        os.environ |= {"DEVIN_API_URL": emulator.url, "DEVIN_API_KEY": "cog_emulator"}
        yield ["--root", str(directory)]


def round_of_one_note() -> Iterator[tuple[str, dict[str, set[str]]]]:
    """Plan and apply one note against an emulator; yield each command with what it entered."""
    with tempfile.TemporaryDirectory() as directory, organization(Path(directory)) as root:
        for command in (["plan"], ["apply", "--yes"]):
            yield command[0], by_module(trace([*command, *root]))


def measure(check: Checks) -> None:
    """State how much each command of the round enters."""
    list(round_of_one_note())
    for command, found in round_of_one_note():
        check(f"modules that {command} enters", len(found))
        check(f"functions that {command} enters", sum(map(len, found.values())))


def show() -> None:
    """Print all functions that each command of the round enters, module by module."""
    list(round_of_one_note())
    for command, found in round_of_one_note():
        print(command)
        for module in sorted(found):
            print(f"  {module}: {', '.join(sorted(found[module]))}")


BENCHMARKS = [
    Numbers(
        "trace",
        "modules and functions that one note goes through",
        "",
        0.1,
        measure,
    )
]

if __name__ == "__main__":
    show()
