"""`devinops show`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from devinops.cli.options import Options, common
from devinops.errors import ExitCode
from devinops.saved import read_plan


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@common()
def command(options: Options, plan: Path) -> ExitCode:
    """Show a saved plan, offline and without a key.

    \b
      devinops plan --out plan.json
      devinops show plan.json
    """
    saved = read_plan(plan)

    def chunks(format: str) -> Iterator[str]:
        if format == "json":
            from devinops.render import json

            yield from json.dump(saved.document)
        else:
            from devinops.render.text import Text

            yield from (f"{one}\n" for one in Text(options.color, options.verbose).plan(saved))

    options.write(chunks)
    return ExitCode.OK
