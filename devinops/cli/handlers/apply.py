"""What `devinops apply` does."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from devinops.api import open_writer
from devinops.api.redact import remember_values
from devinops.applying.report import ApplyReport
from devinops.cli.approved_plan import ApprovedPlan, read_approved
from devinops.cli.execute_plan import ask, check_refusals, execute, finish, show
from devinops.cli.options import Options
from devinops.cli.output import is_interactive, why_nobody_answers
from devinops.cli.session import (
    NotApplied,
    Planned,
    Session,
    failures_written,
    open_planning_session,
)
from devinops.environment import CREDENTIALS
from devinops.model.changes import Action
from devinops.model.client_protocols import Writer
from devinops.model.errors import ConfigError, Stale, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.policy import Approvals
from devinops.planning.plan import Plan, SavedPlan


def run(
    options: Options,
    plan: Path | None,
    yes: bool,
    expect: str | None,
    webhook_secrets: Path | None,
    approvals: Approvals,
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    if not (yes or plan or expect is not None or is_interactive()):
        raise UsageError(
            f"apply cannot ask {why_nobody_answers()}: pass --yes, or --expect DIGEST from "
            "devinops plan"
        )
    with failures_written(options):
        # People paste a digest, often with a space.
        approved, options = _approved(plan, expect and expect.strip(), options)
        effective = approved.approvals(approvals) if approved else approvals
        with open_planning_session(options, open_writer) as session:
            report = _apply(session, approved, effective, yes=yes, secrets=webhook_secrets)
    return finish(options, report)


def _approved(
    path: Path | None, digest: str | None, options: Options
) -> tuple[ApprovedPlan | None, Options]:
    if path is None and digest is None:
        return None, options
    if path is None:
        return ApprovedPlan(digest or ""), options
    return read_approved(path, digest, options)


def _apply(
    session: Session[Writer],
    approved: ApprovedPlan | None,
    approvals: Approvals,
    *,
    yes: bool,
    secrets: Path | None,
) -> ApplyReport:
    if approved:
        approved.check_target(session.client.target)
    # If the objects of a saved plan's --only are gone, the plan is stale; --only has no typo.
    only_must_match = approved is None or approved.plan is None
    planned = session.plan(approvals, only_must_match=only_must_match)
    plan, asking = planned.plan, not (yes or approved)
    is_as_approved = approved is not None and approved.digest == plan.digest
    show(session.options, plan, asking=asking, approved=is_as_approved)
    _check(plan, approved, session.options)
    if not (plan.changes or plan.upserts or plan.removals):
        # Results that a run left in the local journal when it died must still be saved.
        session.store.sweep()
        return ApplyReport(plan, ())
    settings = session.settings
    values = secret_values(plan, os.environ, (settings.key, settings.enterprise_key))
    if plan.changes and asking:
        ask(plan)
        # The question may have been open for hours.
        planned = session.plan(approvals)
        _check(planned.plan, ApprovedPlan(plan.digest, plan), session.options)

    def replan() -> Planned:
        return session.plan(approvals, retry=False, only_must_match=False)

    return execute(session, planned, replan, values=values, secrets=secrets)


def _check(plan: Plan, approved: ApprovedPlan | None, options: Options) -> None:
    """Raise NotApplied if this is not the approved plan, or must not be applied at all."""
    try:
        if approved:
            approved.check(plan, options)
    except Stale as error:
        raise NotApplied(plan, error) from error
    is_saved = approved is not None and isinstance(approved.plan, SavedPlan)
    check_refusals(plan, options.command_flags, is_saved=is_saved)


def secret_values(
    plan: Plan, environ: Mapping[str, str], keys: Iterable[str | None]
) -> dict[str, str]:
    """Return variable → value of every secret to create.

    Raises ConfigError with all variables that are missing, are not UTF-8, or hold one of the `keys`
    of this run or a token of CI.
    """
    variables = dict(sorted(_secret_variables(plan)))
    values = {name: environ.get(name, "") for name in variables}
    in_use = {*keys, *(environ.get(name, "").strip() for name in CREDENTIALS)} - {""}
    missing = [name for name, value in values.items() if not value]
    _refuse(variables, missing, "no value in the environment for {}: set it; nothing was written")
    # Python decodes bytes that are not UTF-8 to surrogates, which no request can carry.
    wrong = [name for name, value in values.items() if not _is_utf8(value)]
    why = "the value in the environment is not UTF-8 for {}: set it again; nothing was written"
    _refuse(variables, wrong, why)
    leaked = [name for name, value in values.items() if value.strip() in in_use]
    why = "the value is a key of this run or a token of CI for {}: set another; nothing was written"
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


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
