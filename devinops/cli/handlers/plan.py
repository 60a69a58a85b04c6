"""What `devinops plan` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from devinops.api import open_reader
from devinops.cli.declarations.options import Options
from devinops.cli.runs.run import Planning, open_run
from devinops.cli.session import failures_written, targets_of_run
from devinops.model.exit_codes import ExitCode
from devinops.model.policy import Approvals
from devinops.render import render


def run(
    options: Options,
    out: Path | None,
    detailed_exitcode: bool,
    lint_since: str | None,
    insight: Path | None,
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
        names: tuple[str, ...] | None
        chosen, beside = None, list[Any]()
        if wave:
            from devinops.cli.runs.waves import selected

            chosen, names = selected(options, wave, affected, approvals, must_start=False)
        else:
            names = targets_of_run(options, affected, beside.append)
        with open_run(options, names, open_reader) as planned:
            plan = Planning(planned, approvals, wave=chosen, go_on=True).plans()
        for differing in beside:
            from devinops.cli.runs.affected_targets import what_stays

            notes = (*plan.notes, *what_stays(options.root, differing.removed))
            plan = replace(plan, notes=notes, also_changed=tuple(differing.also_changed))
        uses: Mapping[str, str] = {}
        if insight is not None:
            from devinops.cli.runs.note_uses import with_uses

            plan, uses = with_uses(insight, plan)
        code, name = plan.exit_code(detailed=detailed_exitcode), chosen.name if chosen else None
        answer = planned.answer(plan, code, affected=affected, wave=name)
        if out is not None:
            from devinops.applying.saved import save

            save(out, render("json", answer))
    return options.answer(answer._replace(lint=lint, uses=uses))
