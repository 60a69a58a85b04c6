"""What `devinops inventory unlock` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from devinops.api import open_reader
from devinops.cli.handlers.inventory.answers import answer
from devinops.cli.options import Options
from devinops.cli.session import failures_written, open_session
from devinops.inventory import open_runs
from devinops.model.errors import NotFound
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Intent
from devinops.model.suggest import did_you_mean
from devinops.render import counted
from devinops.schema.base_document import HEAD
from devinops.schema.inventory import IntentItem, UnlockDocument


def run(options: Options, run: str) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with (
        failures_written(options),
        open_session(options, open_reader, needs_inventory=True) as session,
    ):
        runs = open_runs(session.store.read())
        if run not in runs:
            hint = did_you_mean(run, runs, f"; the open runs are: {', '.join(runs) or 'none'}")
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
