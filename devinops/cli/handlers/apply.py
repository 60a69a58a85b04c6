"""What `devinops apply` does."""

from __future__ import annotations

from pathlib import Path

from devinops.cli.declarations.options import Options
from devinops.cli.output import is_interactive, why_nobody_answers
from devinops.cli.runs.apply import ApplyRequest, apply_to, finish
from devinops.cli.runs.approved_plan import read_approved
from devinops.cli.session import failures_written, targets_of_run
from devinops.model.errors import UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.policy import OUT_OF_WAVE, Approvals


def run(
    options: Options,
    plan: Path | None,
    yes: bool,
    expect: str | None,
    affected: str | None,
    wave: str | None,
    gate: Path | None,
    webhook_secrets: Path | None,
    approvals: Approvals,
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    if not (yes or plan or expect is not None or is_interactive()):
        raise UsageError(
            f"apply cannot ask {why_nobody_answers()}: pass --yes, or --expect DIGEST from "
            "devinops plan"
        )
    if (gate and not wave) or (approvals.out_of_wave and wave):
        raise UsageError(f"--gate is for --wave, and {OUT_OF_WAVE} for a run without it")
    with failures_written(options):
        # People paste a digest, often with a space.
        expect = expect and expect.strip()
        approved = read_approved(plan, expect, options.shard)
        if affected and plan:
            raise UsageError("leave out --affected: a saved plan says for which targets it is")
        names: tuple[str, ...] | None
        chosen = None
        if wave:
            from devinops.cli.runs.waves import selected

            chosen, names = selected(options, wave, affected, approvals, gate)
        elif approved and approved.digests:
            # A target outside the list may need changes that nobody has reviewed.
            others = targets_of_run(options, affected) if affected else ()
            names = approved.targets(options, others or ())
        else:
            names = targets_of_run(options, affected)
        if approved:
            if plan and not approved.digests and names is not None:
                raise UsageError(f"{plan} is the plan of one target: choose only that one")
            options, approvals = approved.of_flags(options, approvals)
        request = ApplyRequest(approvals, yes, approved, webhook_secrets, chosen)
        report = apply_to(options, names, request)
    return finish(options, report)
