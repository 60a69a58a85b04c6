"""`devinops demo`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from devinops import signals
from devinops.cli.emulator import require_emulator
from devinops.model.errors import ExitCode

FILES = {
    "knowledge/Backend/APIs/errors.md": """\
---
name: Error envelope
trigger: When adding or changing an HTTP endpoint in acme/api
pinned_repo: acme/api
---
Every error is an object with `code`, `message` and `request_id`.

- `code` is stable: clients switch on it.
- `message` is for people and may change.
- Never put a stack trace into a response.
""",
    "knowledge/Backend/migrations.md": """\
---
name: Database migrations
trigger: When changing a table in acme/api
---
A migration is one step forward and one step back, and it runs while the old code still serves.
""",
    "playbooks/triage.md": """\
---
title: Triage an incident
macro: "!triage"
---
1. Read the alert and name the service.
2. Find the last deploy; if it is younger than the alert, propose a rollback.
3. Write down what you know, what you do not, and who decides.
""",
    "secrets.yaml": """\
secrets:
  - key: NPM_TOKEN
    type: key-value
    note: read-only, for installing packages
""",
}

SEED = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "Backend"}, {"path": "Backend/APIs"}],
            "knowledge": [
                {
                    "name": "Office hours",
                    "trigger": "When asked who can review today",
                    "body": "Written in the web app, without an entry: devinops does not touch it.",
                }
            ],
            "secrets": [
                {
                    "key": "NPM_TOKEN",
                    "type": "key-value",
                    "note": "read-only, for installing packages",
                }
            ],
        }
    }
}


@click.command()
def command() -> ExitCode:
    """Walk through plan and apply on a local emulator, including an edit in the web app.

    Needs no key, and uses only a temporary directory and the loopback address of this machine.
    """
    require_emulator()
    with signals.deferred():
        from devinops.emulator import Emulator

    with (
        Emulator(SEED) as emulator,
        tempfile.TemporaryDirectory(prefix="devinops-demo-") as directory,
    ):
        root = Path(directory)
        for name, text in FILES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        with _environment(emulator.url):
            _say(f"An organization on {emulator.url}, and a directory with {len(FILES)} files:")
            for name in FILES:
                click.echo(f"  {name}")
            _run(root, ["plan"], "What would change? A plan only reads.")
            _run(root, ["apply", "--yes"], "Apply the plan.")
            _run(root, ["plan", "--detailed-exitcode"], "Plan again: nothing is left to do.")
            note = next(note for note in emulator.knowledge() if note["name"] == "Error envelope")
            emulator.edit(
                "knowledge", note["note_id"], body=note["body"].replace("stack trace", "password")
            )
            _say("Now someone edits that note in the web app, unreviewed. The next plan shows it:")
            _run(root, ["plan"])
            _run(root, ["apply", "--yes"], "Apply restores what the files say.")
    _say("That is how devinops works. In your own repository, start with: devinops init")
    return ExitCode.OK


def _run(root: Path, arguments: Sequence[str], why: str | None = None) -> None:
    from devinops.cli import main

    if why:
        _say(why)
    click.secho(f"$ devinops {' '.join(arguments)}", bold=True)
    code = main([*arguments, "--root", str(root)])
    if code != ExitCode.OK:
        raise click.exceptions.Exit(code)


def _say(text: str) -> None:
    click.echo()
    click.secho(f"# {text}", fg="cyan")


@contextmanager
def _environment(url: str) -> Iterator[None]:
    """Point devinops at the emulator, whatever the environment configures."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("DEVIN_", "DEVINOPS_")):
            del os.environ[name]
    os.environ |= {"DEVIN_API_URL": url, "DEVIN_API_KEY": "cog_emulator"}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
