"""What `devinops demo` does."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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

FILES = {
    "devinops.yaml": "version: 1\ntargets:\n  production:\n    inventory: {store: file}\n",
    "knowledge/Backend/errors.md": """\
---
name: Error envelope
trigger: When adding or changing an HTTP endpoint in acme/api
---
Every error is an object with `code`, `message` and `request_id`.
Never put a stack trace into a response.
""",
    "knowledge/Backend/migrations.md": """\
---
name: Migrations
trigger: When changing a table in acme/api
---
A migration runs while the old code still serves.
""",
    "playbooks/triage.md": """\
---
title: Triage an incident
---
1. Read the alert and name the service.
2. If a deploy is younger than the alert, propose a rollback.
""",
}

SEED = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "Backend"}],
            "knowledge": [
                {
                    "name": "Office hours",
                    "trigger": "When asked who can review today",
                    "body": "Written in the web app, without an entry: devinops does not touch it.",
                }
            ],
        }
    }
}


def run() -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    require_emulator()
    with signals.deferred():
        from devinops.emulator import Emulator

    with (
        Emulator(SEED) as emulator,
        tempfile.TemporaryDirectory(prefix="devinops-demo-") as directory,
        _environment(emulator.url, directory),
    ):
        _Demo(Path(directory), emulator, pause=is_interactive()).run()
    return ExitCode.OK


@dataclass(frozen=True)
class _Demo:
    root: Path
    emulator: Emulator
    pause: bool

    def run(self) -> None:
        """Take all steps. Raises click's Exit if a command fails."""
        for name, text in FILES.items():
            self._write(name, text)
        self._step(
            "Two notes and a playbook are files. What would change? A plan only reads.",
            "plan --out plan.json",
        )
        self._step(
            "Apply exactly the reviewed plan, or nothing if anything has moved.",
            "apply plan.json",
        )
        name = "knowledge/Backend/migrations.md"
        self._write(name, FILES[name].replace("name: Migrations", "name: Database migrations"))
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

    def _write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

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
