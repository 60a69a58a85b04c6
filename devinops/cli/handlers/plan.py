"""What `devinops plan` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from devinops.api import open_reader
from devinops.cli.options import Options
from devinops.cli.session import failures_written, open_planning_session, targets_of_run
from devinops.model.exit_codes import ExitCode
from devinops.model.policy import Approvals
from devinops.planning.waves import DUE, Wave
from devinops.render import render
from devinops.render.answers import FleetAnswer, PlanAnswer


def run(
    options: Options,
    out: Path | None,
    detailed_exitcode: bool,
    lint_since: str | None,
    affected: str | None,
    wave: str | None,
    approvals: Approvals,
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with failures_written(options):
        lint = None
        if lint_since:
            # Imported late: no other plan needs the rules.
            from devinops.cli.handlers.lint import in_changed_entries

            lint = in_changed_entries(options, lint_since)
        chosen, removed = None, list[tuple[str, Mapping[str, Any]]]()
        if wave:
            from devinops.cli.waves import check_selection, named, startable

            check_selection(options, affected)
            is_due = wave == DUE
            chosen = startable(options, wave, approvals) if is_due else named(options, wave)
            names: tuple[str, ...] | None = (*chosen.targets, *chosen.held) if chosen else ()
        else:
            names = targets_of_run(options, affected, removed.append)
        answer: PlanAnswer | FleetAnswer
        if names is None:
            with open_planning_session(options, open_reader) as session:
                plan, _ = session.plan(replace(approvals, allow_targets=None), go_on=True)
            answer = PlanAnswer(plan, plan.exit_code(detailed=detailed_exitcode))
        else:
            answer = _of_many(options, names, detailed_exitcode, approvals, affected, chosen)
            if removed:
                from devinops.cli.affected_targets import what_stays

                notes = (*answer.plan.notes, *what_stays(options.root, removed))
                answer = answer._replace(plan=replace(answer.plan, notes=notes))
        if out is not None:
            from devinops.applying.saved_plan import save

            save(out, render("json", answer))
    options.answer(answer._replace(lint=lint))
    return answer.exit_code


def _of_many(
    options: Options,
    names: tuple[str, ...],
    detailed: bool,
    approvals: Approvals,
    affected: str | None,
    wave: Wave | None,
) -> FleetAnswer:
    # Imported late: a plan of one target needs nothing of it.
    from devinops.cli.fleet import open_fleet, plan_targets

    with open_fleet(options, names, open_reader) as fleet:
        plans = plan_targets(fleet, approvals, wave=wave, go_on=True)
    answer = fleet.answer(plans, plans.exit_code(detailed=detailed))
    return answer._replace(affected=affected, wave=wave.name if wave else None)
