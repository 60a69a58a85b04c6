"""What `devinops plan` does."""

from __future__ import annotations

from pathlib import Path

from devinops.api import open_reader
from devinops.cli.options import Options
from devinops.cli.session import failures_written, open_planning_session
from devinops.model.exit_codes import ExitCode
from devinops.model.policy import Approvals
from devinops.render import render
from devinops.render.answers import PlanAnswer


def run(
    options: Options,
    out: Path | None,
    detailed_exitcode: bool,
    lint_since: str | None,
    approvals: Approvals,
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with failures_written(options):
        lint = None
        if lint_since:
            # Imported late: no other plan needs the rules.
            from devinops.cli.handlers.lint import in_changed_entries

            lint = in_changed_entries(options, lint_since)
        with open_planning_session(options, open_reader) as session:
            plan, _ = session.plan(approvals, go_on=True)
        answer = PlanAnswer(plan, plan.exit_code(detailed=detailed_exitcode))
        if out is not None:
            from devinops.applying.saved_plan import save

            save(out, render("json", answer))
    options.answer(answer._replace(lint=lint))
    return answer.exit_code
