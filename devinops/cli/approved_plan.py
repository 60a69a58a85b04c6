"""A plan that was approved before this run, as a digest or a file.

It is applied only if the plan is still the same.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from devinops.applying.saved_plan import read_plan
from devinops.cli.options import Options
from devinops.model.errors import Stale, UnusableFile, UsageError
from devinops.model.policy import Approvals
from devinops.model.target import Target
from devinops.planning.plan import Plan, ShownPlan
from devinops.render.answers import Differences


class ApprovedPlan(NamedTuple):
    """The digest of an approved plan, and the plan itself if it was saved."""

    digest: str
    plan: ShownPlan | None = None

    def approvals(self, from_flags: Approvals) -> Approvals:
        """Return the approvals of the saved plan, or those `from_flags` if no plan was saved.

        Raises UsageError if the flags contradict the saved plan.
        """
        if self.plan is None:
            return from_flags
        if not self.plan.refusals:
            # The plan approved all its hazards, so a flag that approves one contradicts nothing.
            from_flags = replace(from_flags, hazards=())
        if set(from_flags.given()) <= set(self.plan.approvals.given()):
            return self.plan.approvals
        raise UsageError(
            "the saved plan has different approvals: leave these flags out, or plan again with them"
        )

    def check_target(self, target: Target) -> None:
        """Raise UnusableFile if the saved plan is for another target, host or organization."""
        if self.plan is not None and (differences := self.plan.target.differences(target)):
            raise UnusableFile(
                f"the plan is for another target ({differences}): apply it there, or plan again "
                "here; nothing was written"
            )

    def check(self, plan: Plan, options: Options) -> None:
        """Show the differences and raise Stale if this is not the approved plan."""
        if self.digest == plan.digest:
            return
        if self.plan is None:
            raise Stale(
                f"the plan has the digest {plan.digest}, not {self.digest}: nothing was written; "
                "review the new plan"
            )
        differences = Differences.between(self.plan, plan)
        options.show(differences)
        raise Stale(
            f"the plan is no longer what was reviewed ({differences}; digest {plan.digest}, not "
            f"{self.digest}): nothing was written; plan and review again"
        )


def read_approved(path: Path, digest: str | None, options: Options) -> tuple[ApprovedPlan, Options]:
    """Return a saved plan, and the options with the plan's `--only` and target.

    `digest` is the value of --expect. Raises UnusableFile, and UsageError if the options or
    `digest` contradict the plan.
    """
    plan = read_plan(path)
    if plan.edited:
        raise UnusableFile(f"{path}: {plan.edited}; nothing was written: plan and review again")
    if digest is not None and digest != plan.digest:
        raise UsageError(
            f"--expect {digest} is not the digest of {path}, which is {plan.digest}: pass only one"
        )
    only = {kind if ":" in kind else f"{kind}:*" for kind in options.only}
    if only and only != set(plan.only):
        planned = " ".join(f"--only {kind}" for kind in plan.only) or "no --only"
        raise UsageError(f"{path} was made with {planned}: apply it without --only")
    options = options.about(plan.target.name, f"the plan {path}")
    return ApprovedPlan(plan.digest, plan), replace(options, only=plan.only)
