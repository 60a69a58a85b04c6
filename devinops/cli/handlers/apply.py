"""What `devinops apply` does."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from devinops.api import open_writer
from devinops.applying.report import ApplyReport
from devinops.cli.approved_plan import ApprovedPlan, read_approved, read_reviewed
from devinops.cli.execute_plan import (
    ask,
    check_refusals,
    execute,
    finish,
    secret_values,
    show,
)
from devinops.cli.options import Options
from devinops.cli.output import is_interactive, why_nobody_answers
from devinops.cli.session import (
    NotApplied,
    Planned,
    Session,
    failures_written,
    open_planning_session,
    targets_of_run,
)
from devinops.model.client_protocols import Writer
from devinops.model.errors import Stale, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.policy import Approvals
from devinops.planning.plan import Plan, SavedPlan
from devinops.render.answers import FleetAnswer


def run(
    options: Options,
    plan: Path | None,
    yes: bool,
    expect: str | None,
    affected: str | None,
    wave: str | None,
    gate: Path | None,
    out_of_wave: bool,
    webhook_secrets: Path | None,
    approvals: Approvals,
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    if not (yes or plan or expect is not None or is_interactive()):
        raise UsageError(
            f"apply cannot ask {why_nobody_answers()}: pass --yes, or --expect DIGEST from "
            "devinops plan"
        )
    if (gate and not wave) or (out_of_wave and wave):
        raise UsageError("--gate is for --wave, and --out-of-wave for a run without it")
    with failures_written(options):
        # People paste a digest, often with a space.
        expect = expect and expect.strip()
        reviewed = read_reviewed(plan, expect, options.shard)
        if affected and plan:
            raise UsageError("leave out --affected: a saved plan says for which targets it is")
        chosen = None
        if wave:
            from devinops.cli.waves import check_selection, startable

            check_selection(options, affected)
            chosen = startable(options, wave, approvals, gate)
            names: tuple[str, ...] | None = (*chosen.targets, *chosen.held) if chosen else ()
        elif reviewed and not affected:
            names = reviewed.targets(options)
        else:
            names = targets_of_run(options, affected)
            # A target outside the list may need changes that nobody has reviewed.
            names = reviewed.targets(options, names or ()) if reviewed else names
        if names is not None:
            # Imported late: an apply to one target needs nothing of it.
            from devinops.cli.fleet_apply import FleetRequest, apply_to

            if plan and not reviewed:
                raise UsageError(f"{plan} is the plan of one target: choose only that one")
            if reviewed:
                options, approvals = reviewed.of_flags(options, approvals)
                expect = None
            digests = reviewed.digests if reviewed else None
            request = FleetRequest(
                approvals, yes, digests, expect, webhook_secrets, chosen, out_of_wave=out_of_wave
            )
            report: ApplyReport | FleetAnswer = apply_to(options, names, request)
        else:
            approved, options = _approved(plan, expect, options)
            approvals = replace(approvals, allow_targets=None)
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
    if not plan.is_written:
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
        raise NotApplied.because(plan, error) from error
    is_saved = approved is not None and isinstance(approved.plan, SavedPlan)
    check_refusals(plan, options.command_flags, is_saved=is_saved)
