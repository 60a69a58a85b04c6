"""Shows a plan, carries it out with a backup, and reports, for apply and rollback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from devinops import signals
from devinops.api.redact import remember_values
from devinops.applying.applier import Applier, ApplyOptions, Hooks, apply
from devinops.applying.backup import Backups
from devinops.applying.report import ApplyReport
from devinops.cli.options import Options
from devinops.cli.output import echo_err, tell
from devinops.cli.progress import Progress
from devinops.cli.session import NotApplied, Planned, Session
from devinops.cli.webhook_secrets import WebhookSecrets
from devinops.environment import is_credential
from devinops.git import Git
from devinops.inventory import Store, new_run
from devinops.model.changes import Action
from devinops.model.client_protocols import Writer
from devinops.model.errors import ConfigError, NotWritten, Refused
from devinops.model.exit_codes import ExitCode, worst
from devinops.model.inventory import TIME, Failed, Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId
from devinops.planning.commands import like_commands, with_flags
from devinops.planning.plan import Plan
from devinops.render import Style, render
from devinops.render.answers import FleetAnswer, PlanAnswer


def show(options: Options, plan: Plan, *, asking: bool, approved: bool = False) -> None:
    """Show the plan before anything is written; if it is `approved`, only its changes.

    With JSON, the plan is part of the output at the end, and is shown on stderr only before a
    question.
    """
    if options.format == "text" or asking:
        options.show(PlanAnswer(plan, plan.exit_code(), approved=approved))
        # If the reader has closed the pipe, fail before the first write and not after the last.
        sys.stdout.flush()


def ask(plan: Plan) -> None:
    """Ask for approval of the plan. Raises Refused if it is not given."""
    count = len(plan.changes)
    signals.check()
    these = "this change" if count == 1 else f"these {count} changes"
    if not click.confirm(f"Apply {these} to {plan.target.full_name}?", err=True):
        raise Refused("not approved; nothing was written")


@dataclass(frozen=True)
class RunJournal:
    """The journal of one run in a store; `base` is the inventory that the run was planned with.

    A result gets the time when it arrives.
    """

    store: Store
    run: str
    base: Inventory

    def begin(self, intents: Sequence[Intent]) -> None:
        self.store.begin(self.run, intents, self.base)

    def settle(self, upserts: Sequence[Record], removals: Sequence[ObjectId]) -> None:
        now = datetime.now(UTC).strftime(TIME)
        dated = [record.dated(self.base.by_id.get(record.object_id), now) for record in upserts]
        self.store.settle(self.run, dated, removals, now)

    def finish(self, unclear: Collection[Key], failed: Mapping[Key, str]) -> None:
        now = datetime.now(UTC).strftime(TIME)
        self.store.finish(self.run, unclear, [Failed(*item, now) for item in failed.items()])


def check_refusals(plan: Plan, flags: str, *, is_saved: bool = False) -> None:
    """Raise NotApplied if a plan must not be applied at all; a saved plan holds its own options.

    `flags` is that of `Options`.
    """
    if plan.held:
        held = f"the target {plan.target.name} is held, nothing was written: {plan.held}"
        raise NotApplied.because(plan, Refused(f"{held}; to lift this, remove `hold` there"))
    if plan.refusals:
        names = like_commands(plan.named)
        reasons = "; ".join(with_flags(refusal.reason, flags, names) for refusal in plan.refusals)
        again = "; the saved plan contains its options, so plan again to change them"
        refused = Refused(f"refused, nothing was written: {reasons}{again if is_saved else ''}")
        raise NotApplied.because(plan, refused)


def secret_values(
    plan: Plan, environ: Mapping[str, str], keys: Iterable[str | None]
) -> dict[str, str]:
    """Return variable → value of every secret to create.

    Raises ConfigError with all variables that are missing, are not UTF-8, or hold one of the `keys`
    of this run or another credential of the job.
    """
    variables = dict(sorted(_secret_variables(plan)))
    values = {name: environ.get(name, "") for name in variables}
    in_use = {*keys, *(environ[name].strip() for name in filter(is_credential, environ))} - {""}
    missing = [name for name, value in values.items() if not value]
    _refuse(variables, missing, "no value in the environment for {}: set it; nothing was written")
    # Python decodes bytes that are not UTF-8 to surrogates, which no request can carry.
    wrong = [
        name for name, value in values.items() if value.encode(errors="ignore").decode() != value
    ]
    why = "the value in the environment is not UTF-8 for {}: set it again; nothing was written"
    _refuse(variables, wrong, why)
    leaked = [name for name, value in values.items() if value.strip() in in_use]
    why = "the value is a key or token of this job for {}: set another; nothing was written"
    _refuse(variables, leaked, why)
    remember_values(values.values())
    return values


def _refuse(variables: Mapping[str, str], names: Sequence[str], why: str) -> None:
    """Raise ConfigError if there are names of variables with values that cannot be used."""
    if names:
        raise ConfigError(
            why.format(", ".join(f"{name} (for {variables[name]})" for name in names))
        )


def _secret_variables(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the variable with the value of each secret to create, and the key of the secret."""
    for change in plan.changes:
        creates = change.action in (Action.CREATE, Action.REPLACE)
        if creates and change.declaration and (variable := change.declaration.value_variable):
            yield variable, str(change.key)


def _webhook_secrets(plan: Plan, path: Path | None) -> WebhookSecrets:
    """Return where new secrets from the API go. Raises NotApplied if no one would see them."""
    try:
        return WebhookSecrets(plan.changes, path)
    except (Refused, NotWritten) as error:
        raise NotApplied.because(plan, error) from error


def execute(
    session: Session[Writer],
    planned: Planned,
    replan: Callable[[], Planned],
    *,
    values: Mapping[str, str] | None = None,
    journal: type[RunJournal] = RunJournal,
    keep: Path | None = None,
    secrets: Path | None,
) -> ApplyReport:
    """Apply a plan with progress and a backup, and return the report.

    `replan` is called at the end, to see what is left. `values` are the values of secrets, see
    `ApplyOptions`; `keep` is a backup that must not be deleted; `secrets` is the file for new
    secrets from the API. From here to the end of the command, the first signal lets requests in
    flight finish and starts no new ones; only `replan` is interrupted. So there is always a report,
    and it is accurate.
    """
    options, settings, plan = session.options, session.settings, planned.plan
    now = datetime.now(UTC)
    run, commit = new_run(now), Git(settings.root).line("rev-parse", "HEAD")
    backups = Backups(settings.root, plan.target, run, keep=keep)
    progress = Progress(options, "applying", len(plan.changes))
    with _webhook_secrets(plan, secrets) as webhook_secrets, progress, backups:
        applier = Applier(
            plan,
            planned.known,
            session.client,
            journal(session.store, run, plan.inventory),
            ApplyOptions(values or {}, run, commit),
            Hooks(backups.save, lambda _: progress.step(), webhook_secrets.hand_over),
        )
        signals.instead(_stopper(options, applier))
        report = apply(applier, lambda: _plan_left(replan))
    return replace(report, backup=backups.name)


def _stopper(options: Options, applier: Applier) -> Callable[[ExitCode], None]:
    """Return the handler for signals during an apply."""

    def stop(code: ExitCode) -> None:
        if not applier.finished:
            tell_interrupted(options)
        applier.interrupt(code)

    return stop


def tell_interrupted(options: Options) -> None:
    """Say what a signal does during an apply."""
    if not options.quiet:
        signals.tell("\ninterrupted: finishing the requests in flight; press again to stop at once")


def _plan_left(replan: Callable[[], Planned]) -> Plan:
    with signals.interruptible():
        return replan().plan


def finish(options: Options, report: ApplyReport | FleetAnswer) -> ExitCode:
    """Write the report and return the exit code of the run."""
    try:
        options.answer(report)
    except (OSError, NotWritten) as error:
        tell(f"devinops: the report cannot be written ({error}); here it is:")
        style = Style(full=options.verbose, flags=options.command_flags)
        for chunk in render("text", report, style):
            echo_err(chunk)
        wrote = report.wrote if isinstance(report, ApplyReport) else report.plan.wrote
        return worst(report.exit_code, ExitCode.RUN_AGAIN if wrote else ExitCode.FIX)
    return report.exit_code
