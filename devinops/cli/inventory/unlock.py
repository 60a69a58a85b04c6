"""`devinops inventory unlock`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from devinops.api import open_reader
from devinops.cli import candidates
from devinops.cli.inventory.answers import answer
from devinops.cli.options import NonEmpty, Options, common
from devinops.cli.session import failures_written, open_session
from devinops.inventory import open_runs
from devinops.model.errors import ExitCode, NotFound
from devinops.model.inventory import Intent
from devinops.model.suggest import did_you_mean
from devinops.render import counted
from devinops.schema.base_document import HEAD
from devinops.schema.inventory import IntentItem, UnlockDocument


@click.command("unlock", short_help="Release the lock of a dead run.")
@click.argument("run", type=NonEmpty(), shell_complete=candidates.open_runs)
@common(api=True)
def command(options: Options, run: str) -> ExitCode:
    """Release the lock of RUN, if you are sure that it has died.

    The next plan finds what RUN wrote but could not record: it adopts an object that matches its
    entry, and looks for what RUN may have created before it creates it again.

    \b
      devinops inventory unlock 20260131T120000Z-1a2b3c
    """
    with (
        failures_written(options),
        open_session(options, open_reader, needs_inventory=True) as session,
    ):
        runs = open_runs(session.store.read())
        if run not in runs:
            hint = did_you_mean(run, runs, f"; open are: {', '.join(runs) or 'none'}")
            raise NotFound(f'there is no open run "{run}"{hint}')
        session.store.unlock(run)
    intents = runs[run]
    lines = [
        f"unlocked {run}: {counted(len(intents), 'write')} without a result",
        *_writes(intents),
    ]
    target, items = session.settings.target.name, tuple(map(IntentItem.of, intents))
    answer(session, lines, UnlockDocument(**HEAD, target=target, run=run, intents=items))
    return ExitCode.OK


def _writes(intents: Iterable[Intent]) -> Iterator[str]:
    for intent in intents:
        id = f" ({intent.id})" if intent.id else ""
        yield f"  {intent.action} {intent.key}{id}"
