"""What somebody approved before: a digest or a saved plan. It is applied as long as it is still what would be done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import click

from devinops.applying.saved_plan import read_plan
from devinops.cli.options import Options
from devinops.model.errors import Stale, UnusableFile, UsageError
from devinops.model.policy import Approvals
from devinops.model.target import Target
from devinops.planning.plan import Plan
from devinops.planning.saved import ShownPlan
from devinops.render import render
from devinops.render.answers import Differences


@dataclass(frozen=True)
class ApprovedPlan:
    """The digest that was approved, and the plan itself if it is at hand."""

    digest: str
    plan: ShownPlan | None = None

    def approvals(self, given: Approvals) -> Approvals:
        """Return what is approved: what the saved plan was made with. Raises UsageError if flags contradict it."""
        if self.plan is None:
            return given
        if given.given().items() <= self.plan.approvals.given().items():
            return self.plan.approvals
        raise UsageError(
            "the saved plan was made with other approvals: leave the flags out, or plan again with them"
        )

    def check_place(self, here: Target) -> None:
        """Raise UnusableFile if the saved plan is of another target, host or organization."""
        if self.plan is not None and (apart := self.plan.target.differences(here)):
            raise UnusableFile(
                f"the plan is for another place ({apart}): apply it there, or plan again here; nothing was written"
            )

    def check(self, plan: Plan, options: Options) -> None:
        """Raise Stale if this is not the plan that was approved, and show the difference."""
        if self.digest == plan.digest:
            return
        if self.plan is None:
            raise Stale(
                f"the plan has the digest {plan.digest}, not {self.digest}: nothing was written; "
                "review the plan above"
            )
        differences = Differences.between(self.plan, plan)
        for chunk in render("text", differences, options.style):
            click.echo(chunk, nl=False, err=options.format != "text", color=options.color or None)
        raise Stale(
            f"the plan is no longer what was reviewed ({differences}; digest {plan.digest}, not {self.digest}): "
            "nothing was written; plan and review again"
        )


def read_approved(path: Path, digest: str | None, options: Options) -> tuple[ApprovedPlan, Options]:
    """Read a saved plan; the options get its `--only` and its target. Raises UnusableFile, UsageError.

    `digest` is that of --expect, which has to be the plan's.
    """
    plan = read_plan(path)
    if plan.edited:
        raise UnusableFile(f"{path}: {plan.edited}; nothing was written: plan and review again")
    if digest is not None and digest != plan.digest:
        raise UsageError(
            f"--expect {digest} is not the digest of {path}, {plan.digest}: leave one of the two out"
        )
    if options.only and set(_whole(options.only)) != set(plan.only):
        only = " ".join(f"--only {kind}" for kind in plan.only) or "no --only"
        raise UsageError(f"{path} was made with {only}: apply it without --only")
    flags = options.flags
    if flags.target is None:
        sources = {**flags.sources, "target": f"the plan {path}"}
        flags = replace(flags, target=plan.target.name, sources=sources)
    return ApprovedPlan(plan.digest, plan), replace(options, only=plan.only, flags=flags)


def _whole(only: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(kind if ":" in kind else f"{kind}:*" for kind in only)
