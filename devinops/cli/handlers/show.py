"""What `devinops show` does."""

from __future__ import annotations

from pathlib import Path

from devinops.applying.saved import read_plans, read_reports
from devinops.cli.options import Options
from devinops.cli.session import failures_written
from devinops.model.errors import UnusableFile
from devinops.model.exit_codes import ExitCode
from devinops.planning.run import Plans
from devinops.render.answers import RunAnswer


def run(options: Options, plans: tuple[Path, ...]) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    plan, *others = plans
    if others:
        with failures_written(options):
            whole, code = read_reports(plans)
        options.answer(RunAnswer(whole, code, is_alone=True))
        return code
    with failures_written(options):
        saved = read_plans(plan)
    if isinstance(saved, Plans):
        options.answer(RunAnswer(saved, saved.exit_code(), is_alone=True))
        if saved.shard and (saved.is_applied or saved.is_drift):
            # The reports of other shards can be missing, and then the run did not end well.
            return read_reports(plans)[1]
        return ExitCode.OK
    options.about(saved.target.name, f"the plan {plan}").answer(saved)
    if saved.edited:
        raise UnusableFile(f"{plan}: {saved.edited}; do not trust it: plan and review again")
    return ExitCode.OK
