"""What `devinops inventory unlock` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from devinops.cli.handlers.drift import if_refused
from devinops.cli.handlers.inventory.answers import answer
from devinops.cli.options import Options
from devinops.cli.session import open_inventory_session
from devinops.inventory import open_runs
from devinops.model.errors import NotFound
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Intent
from devinops.model.policy import Policy
from devinops.model.suggest import did_you_mean
from devinops.render import counted
from devinops.schema.base_document import HEAD
from devinops.schema.inventory import IntentItem, UnlockDocument


def run(options: Options, run: str) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with open_inventory_session(options) as session:
        runs = open_runs(session.store.read())
        if run not in runs:
            hint = did_you_mean(run, runs, f"; the open runs are: {', '.join(runs) or 'none'}")
            raise NotFound(f'there is no open run "{run}"{hint}')
        session.store.unlock(run)
    intents = runs[run]
    lines = [
        f"unlocked {run}: {counted(len(intents), 'write')} without a result",
        *_writes(intents),
        *_next_step(intents, session.settings.policy, options.place),
    ]
    target, items = session.settings.target.name, tuple(map(IntentItem.of, intents))
    answer(session, lines, UnlockDocument(**HEAD, target=target, run=run, intents=items))
    return ExitCode.OK


def _next_step(intents: Iterable[Intent], policy: Policy, place: str) -> Iterator[str]:
    """Yield what to do if the run may have written an object that is owned."""
    if any(intent.id for intent in intents):
        yield (
            "drift shows what the run wrote to these objects as changed outside devinops, until "
            f"an apply has recorded it: run devinops apply{place} next{if_refused(policy, place)}"
        )


def _writes(intents: Iterable[Intent]) -> Iterator[str]:
    for intent in intents:
        id = f" ({intent.id})" if intent.id else ""
        yield f"  {intent.action} {intent.key}{id}"
