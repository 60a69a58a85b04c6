"""The commands of a page of documentation, run in their order, in one shell, on an emulator.

A page has two kinds of blocks that a reader follows: files, which are introduced by "Save this as `PATH`:", and console
blocks, in which a line that begins with `$ ` is a command (a backslash at its end continues it) and the other lines are
what it prints. Shown is what `devinops`, `echo`, `cat`, `tail` and some commands of Git print; other commands are there
for what they do.

Two comments let a page show what happens elsewhere: `<!-- output: NAME -->` before a block fills the block, and
`<!-- meanwhile: NAME -->` shows nothing. What their names mean is up to the caller.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from devinops.emulator import Emulator
from devinops.kinds import KINDS
from devinops.load.discover import section_of
from devinops.load.file_names import CONFIG
from tests.testing import warm

URL = "http://127.0.0.1:8484"
DIRECTORY = "/home/ada/acme"
RUN = "20260312T140211Z-1a2b3c"
TIME = "2026-03-12T14:02:11+00:00"
MINUTE = "2026-03-12 14:02 UTC"

_BLOCK = re.compile(
    r"^<!-- meanwhile: (?P<event>[^>]+) -->$|"
    r"(?:^<!-- output: (?P<output>[^>]+) -->\n)?"
    r"(?:[Ss]ave\s+this\s+as\s+`(?P<file>[^`]+)`:\n\n)?"
    r"^(?P<fence>`{3,})(?P<language>\w+)\n(?P<text>.*?)^(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)$", re.MULTILINE)
_SHOWN = re.compile(
    r"(\w+=\S* )*(devinops|echo|cat|tail|git (--no-pager )?(commit|diff|log|revert|show))\b"
)
_RUN = re.compile(r"\b\d{8}T\d{6}Z-[0-9a-f]{6}\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
_MINUTE = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC")
_COMMIT = re.compile(r"\bcommit [0-9a-f]{12}\b")
_END = "--- end of the output ---"


def run_page(text: str, cwd: Path) -> str:
    """Follow the page in a new directory, and return it with what its commands print."""
    cwd.mkdir()
    with Emulator(seed(text)) as emulator, Shell(cwd, emulator.url) as shell:
        return follow(text, shell, _nowhere)


def seed(text: str) -> dict[str, Any]:
    """Return what the emulator holds at the start of a page: its `seed.yaml`."""
    files = [block for block in _BLOCK.finditer(text) if block["file"]]
    seeds = [block["text"] for block in files if Path(block["file"]).name == "seed.yaml"]
    found: dict[str, Any] = yaml.safe_load(seeds[0]) if seeds else {}
    return found


def saved(text: str) -> list[tuple[str, str]]:
    """Return path and content of the files with entries or settings that a page tells its reader to save."""
    blocks = [block for block in _BLOCK.finditer(text) if block["file"]]
    return [
        (block["file"], block["text"])
        for block in blocks
        if section_of(block["file"])[0]
        or Path(block["file"]).name in {CONFIG, *(f"{name}.yaml" for name in KINDS.sections)}
    ]


def follow(text: str, shell: Shell, elsewhere: Callable[[str], str]) -> str:
    """Return the page with what its commands print.

    `elsewhere` returns the output with a name, or what is printed by an event with a name.
    """
    # A file that a reader saves and this function does not would make all that follows untrue.
    announced = re.findall(r"save\s+this\s+as\s+`([^`]+)`", text, re.IGNORECASE)
    assert announced == [block["file"] for block in _BLOCK.finditer(text) if block["file"]]
    return _BLOCK.sub(lambda block: _follow(block, shell, elsewhere), text)


def _follow(block: re.Match[str], shell: Shell, elsewhere: Callable[[str], str]) -> str:
    if block["event"]:
        shell.shown(elsewhere(block["event"]))
        return block[0]
    if block["file"]:
        path = shell.cwd / block["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block["text"], encoding="utf-8")
    if block["output"]:
        shown = shell.shown(elsewhere(block["output"]))
    elif block["language"] == "console":
        commands = _COMMAND.findall(block["text"])
        shown = "".join(f"$ {one}\n{shell.run(one)}" for one in commands)
    else:
        return block[0]
    head, fence = block[0].partition("```")[0], block["fence"]
    return f"{head}{fence}{block['language']}\n{shown}{fence}"


def _nowhere(name: str) -> str:
    raise AssertionError(f"this page shows nothing else: {name}")


class Shell:
    """A shell whose `devinops` is this one and whose API is an emulator.

    `$DIGEST` is the digest of the last plan. What changes from run to run (the emulator's port, the directory, the names and
    times of runs) is replaced in the output.
    """

    def __init__(self, cwd: Path, url: str, variables: Mapping[str, str] | None = None) -> None:
        self.cwd, self.url = cwd, url
        self.process = subprocess.Popen(
            [shutil.which("sh") or "/bin/sh"],
            cwd=cwd,
            env={**_environment(url), **(variables or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.communicate()

    def run(self, command: str) -> str:
        """Run the command, and return what the page shows of its output."""
        shown = self.shown(self._output(command))
        return shown if _SHOWN.match(command) else ""

    def shown(self, out: str) -> str:
        """Return an output with what changes from run to run replaced; remember its digest."""
        if found := re.findall(r"^digest ([0-9a-f]+)$", out, re.MULTILINE):
            self._send(f"DIGEST={found[-1]}")
        out = (
            _COMMIT.sub("commit 1a2b3c4d5e6f", out)
            .replace(self.url, URL)
            .replace(str(self.cwd), DIRECTORY)
        )
        return _MINUTE.sub(MINUTE, _TIME.sub(TIME, _RUN.sub(RUN, out)))

    def _output(self, command: str) -> str:
        """Return all output. The command can use `$?` for the exit code of the one before it."""
        # In a pipe or a file, text is not wrapped, as for a reader at a terminal.
        columns = "unset COLUMNS" if re.search("[|>]", command) else "export COLUMNS=80"
        self._send(columns)
        self._send(f"(exit ${{code:-0}}); eval {shlex.quote(command)} </dev/null; code=$?")
        self._send(f"echo '{_END}'")
        lines: list[str] = []
        assert self.process.stdout
        for line in self.process.stdout:
            if line.endswith(f"{_END}\n"):
                return "".join(lines) + line.removesuffix(f"{_END}\n")
            lines.append(line)
        raise AssertionError(f"{command} ended the shell: {''.join(lines)}")

    def _send(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()


def _environment(url: str) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": os.pathsep.join((str(warm.program().parent), os.environ["PATH"])),
        "COLUMNS": "80",
        "DEVIN_API_URL": url,
        "DEVIN_API_KEY": "cog_emulator",
        # One after the other, or the notes would get their ids, and so the digests, in any order.
        "DEVINOPS_PARALLELISM": "1",
        **{
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"))
        },
    }
