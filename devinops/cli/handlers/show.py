"""What `devinops show` does."""

from __future__ import annotations

from pathlib import Path

from devinops.applying.saved import read_plans, read_reports
from devinops.cli.declarations.options import Options
from devinops.cli.session import failures_written
from devinops.model.errors import UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import listed
from devinops.model.selectors import select
from devinops.planning.run import Plans
from devinops.render.answers import RunAnswer


def run(options: Options, plans: tuple[Path, ...]) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with failures_written(options):
        whole, code = read_reports(plans) if plans[1:] else (read_plans(plans[0]), ExitCode.OK)
        shown = _selected(whole, options)
    if shown.by_one:
        options = options.about(shown.targets[0].name, f"the plan {plans[0]}")
    shown_code = code if plans[1:] else shown.exit_code()
    options.answer(RunAnswer(shown, shown_code, is_alone=True))
    if whole.shard and (whole.is_applied or whole.is_drift):
        # The reports of other shards can be missing, and then the run did not end well.
        return read_reports(plans)[1]
    return code


def _selected(plans: Plans, options: Options) -> Plans:
    """Return the plan of the target that --target selects, or all. Raises UsageError."""
    if not options.flags.selectors:
        return plans
    targets = {target.name: {"labels": target.labels} for target in plans.targets}
    names = select(targets, options.flags.selectors)
    if len(names) > 1 and len(names) < len(targets):
        raise UsageError(f"--target selects {len(names)} targets ({listed(names)}): choose one")
    return plans.of(names[0]) if len(names) == 1 else plans
