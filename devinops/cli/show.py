"""`devinops show`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from devinops.applying.saved_plan import read_plan
from devinops.cli.options import FilePath, Options, common
from devinops.model.errors import ConfigError, ExitCode


@click.command()
@click.argument("plan", type=FilePath())
@common()
def command(options: Options, plan: Path) -> ExitCode:
    """Show a saved plan, offline and without a key.

    \b
      devinops plan --out plan.json
      devinops show plan.json
    """
    saved = read_plan(plan)
    edits = (
        {"digest": saved.digest, "exit_code": 1, "notes": [*saved.notes, saved.edited]}
        if saved.edited
        else {}
    )

    def chunks(format: str) -> Iterator[str]:
        if format == "json":
            from devinops.render import json

            yield from json.dump({**saved.document, **edits})
        else:
            from devinops.render.text import Text

            yield from (f"{one}\n" for one in Text(options.color, options.verbose).plan(saved))

    options.write(chunks)
    if saved.edited:
        raise ConfigError(f"{plan}: {saved.edited}; do not trust it: plan and review again")
    return ExitCode.OK
