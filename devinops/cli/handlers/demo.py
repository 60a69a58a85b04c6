"""What `devinops demo` does."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devinops import signals
from devinops.cli.handlers.emulator import require_emulator
from devinops.cli.output import is_interactive, terminal_width, wants_color
from devinops.model.exit_codes import ExitCode
from devinops.render.terminal import Look, Span, Terminal

if TYPE_CHECKING:
    from devinops.emulator import Emulator


def run() -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    require_emulator()
    with signals.deferred():
        from devinops.emulator import Emulator

    with (
        resources.as_file(resources.files("devinops") / "templates" / "demo") as files,
        Emulator() as emulator,
        tempfile.TemporaryDirectory(prefix="devinops-demo-") as directory,
        _environment(emulator.url, directory),
    ):
        shutil.copytree(files, directory, dirs_exist_ok=True)
        emulator.add_folder("Backend")
        emulator.add(
            "knowledge",
            name="Office hours",
            trigger="When asked who can review today",
            body="Written in the web app, without an entry: devinops does not touch it.",
        )
        _Demo(Path(directory), emulator, pause=is_interactive()).run()
    return ExitCode.OK


@dataclass(frozen=True)
class _Demo:
    root: Path
    emulator: Emulator
    pause: bool

    def run(self) -> None:
        """Take all steps. Raises click's Exit if a command fails."""
        self._step(
            "Two notes and a playbook are files. What would change? A plan only reads.",
            "plan --out plan.json",
        )
        self._step(
            "Apply exactly the reviewed plan, or nothing if anything has moved.",
            "apply plan.json",
        )
        renamed = self.root / "knowledge/Backend/migrations.md"
        text = renamed.read_text("utf-8").replace("name: Migrations", "name: Database migrations")
        renamed.write_text(text, "utf-8")
        # Somebody edits the other note in the web app.
        note = next(n for n in self.emulator.knowledge() if n["name"] == "Error envelope")
        text = note["body"].replace("a stack trace", "a password")
        self.emulator.edit("knowledge", note["note_id"], body=text)
        self._step(
            "One note gets a new name in its file; the other is edited in the web app. "
            "The rename keeps the note's id; the edit is shown and not overwritten.",
            "apply --yes",
        )
        self._step(
            "The rename was a mistake. Every overwritten value is in a backup: restore it.",
            "rollback latest --yes",
        )
        self._say("That is how devinops works. In your own repository, start with: devinops init")

    def _step(self, why: str, arguments: str) -> None:
        from devinops.cli.main import main

        if self.pause and self.root.joinpath("plan.json").exists():
            click.echo(
                f"\nIn a browser, {self.emulator.url} shows the organization and the requests. "
                "Press any key to go on.",
                err=True,
            )
            click.getchar()
        self._say(why)
        self._print(Span(f"$ devinops {arguments}", strong=True))
        words = arguments.replace("plan.json", str(self.root / "plan.json")).split()
        code = main(words)
        if code != ExitCode.OK:
            raise click.exceptions.Exit(code)

    def _say(self, text: str) -> None:
        click.echo()
        self._print(Span(f"# {text}", Look.MOVED))

    def _print(self, span: Span) -> None:
        terminal = Terminal(wants_color(no_color=False), terminal_width(sys.stdout))
        for row in terminal.row(span):
            click.echo(row, color=terminal.color)


@contextmanager
def _environment(url: str, root: str) -> Iterator[None]:
    """Point devinops at the emulator and the files, whatever the environment configures."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("DEVIN_", "DEVINOPS_")):
            del os.environ[name]
    os.environ |= {
        "DEVIN_API_URL": url,
        "DEVIN_API_KEY": "cog_emulator",
        "DEVINOPS_ROOT": root,
    }
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
