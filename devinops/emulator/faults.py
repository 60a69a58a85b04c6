"""The layer that carries out a fault script.

`fault_rules` describes scripts. Counts, late objects and revoked keys last until the script is
replaced or rewound.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from devinops.emulator import response_sending
from devinops.emulator.fault_actions import FAULTS
from devinops.emulator.fault_context import NO_REPLY, Context, ScriptRun
from devinops.emulator.fault_rules import Rule, Script
from devinops.emulator.middleware import Call, Next
from devinops.emulator.records import InvalidObject, JsonObject
from devinops.emulator.response_sending import Reply
from devinops.emulator.store import Store


class Faults:
    """The layer. Its script may be replaced from any thread."""

    def __init__(self, store: Store, script: Script | None = None) -> None:
        self.store = store
        self._run = ScriptRun(script or Script())

    def use(self, script: Script) -> None:
        """Replace the script; what the previous one hid or revoked is visible and valid again."""
        self._run = ScriptRun(script)

    def rewind(self) -> None:
        """Start the script from its beginning."""
        self._run = ScriptRun(self._run.script)

    def show(self) -> JsonObject:
        """Return the script as written and, per rule, how many requests matched and went wrong."""
        run = self._run
        return {
            "seed": run.script.seed,
            "faults": [dict(rule.given) for rule in run.script.rules],
            "counts": [
                {"matched": progress.matched, "faulted": progress.faulted}
                for progress in run.progress
            ],
        }

    async def __call__(self, call: Call, ask: Next) -> Reply:
        run = self._run
        context = Context(self.store, run, call, ask, {})
        if call.connection is not None and call.connection.broken:
            return replace(NO_REPLY, send=response_sending.send_nothing(), fault="stale-connection")
        if call.key in run.revoked:
            return replace(context.unauthorized(), fault="revoke-key")
        if not run.progress:
            return await ask(call)
        context = replace(context, ask=partial(run.ask, run.hidden_ids(call), ask))
        rule = run.choose(call, partial(_applies, context))
        if rule is None:
            return await context.carry_out()
        return replace(await _apply(rule, context), fault=rule.fault)


def _applies(context: Context, rule: Rule) -> bool:
    return FAULTS[rule.fault].applies(context)


async def _apply(rule: Rule, context: Context) -> Reply:
    try:
        return await FAULTS[rule.fault].carry_out(replace(context, parameters=rule.parameters))
    except InvalidObject as error:
        detail = f"The fault {rule.fault} cannot be applied to this object: {error}"
        return context.refuse(500, detail)
