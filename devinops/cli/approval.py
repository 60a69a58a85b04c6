"""`apply PLAN`: a saved plan decides what is applied, as long as it is still what would be done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import click

from devinops.applying.saved_plan import read_plan
from devinops.cli.options import Options
from devinops.model.errors import ConfigError, Stale, UsageError
from devinops.model.policy import Approvals
from devinops.model.target import Target
from devinops.planning.plan import Plan
from devinops.render import render
from devinops.render.answers import Differences


@dataclass(frozen=True)
class Reviewed:
    """What somebody looked at before: a digest, and the plan itself if it is at hand."""

    expect: str | None = None
    plan: Plan | None = None

    @classmethod
    def of(
        cls, path: Path | None, expect: str | None, options: Options
    ) -> tuple[Reviewed, Options]:
        """Read the plan, if any; the options get its `--only` and its target. Raises ConfigError, UsageError."""
        if path is None:
            return cls(expect), options
        plan = read_plan(path)
        if plan.edited:
            raise ConfigError(f"{path}: {plan.edited}; nothing was written: plan and review again")
        if expect is not None and expect != plan.digest:
            raise UsageError(
                f"--expect {expect} is not the digest of {path}, {plan.digest}: leave one of the two out"
            )
        if options.only and set(_whole(options.only)) != set(plan.only):
            said = " ".join(f"--only {one}" for one in plan.only) or "no --only"
            raise UsageError(f"{path} was made with {said}: apply it without --only")
        flags = options.flags
        if flags.target is None:
            sources = {**flags.sources, "target": f"the plan {path}"}
            flags = replace(flags, target=plan.target.name, sources=sources)
        return cls(plan.digest, plan), replace(options, only=plan.only, flags=flags)

    def approvals(self, said: Approvals) -> Approvals:
        """Return what is approved: what the saved plan was made with. Raises UsageError where flags contradict."""
        if self.plan is None or said.given().items() <= self.plan.approvals.given().items():
            return self.plan.approvals if self.plan else said
        raise UsageError(
            "the saved plan was made with other approvals: leave the flags out, or plan again with them"
        )

    def check_place(self, here: Target) -> None:
        """Raise ConfigError where the saved plan is of another target, host or organization."""
        if self.plan is not None and (apart := self.plan.target.differences(here)):
            raise ConfigError(
                f"the plan is for another place ({apart}): apply it there, or plan again here; nothing was written"
            )

    def check(self, plan: Plan, options: Options) -> None:
        """Raise Stale if this is not the plan that was reviewed, and show the difference."""
        if self.expect is None or self.expect == plan.digest:
            return
        if self.plan is None:
            raise Stale(
                f"the plan has the digest {plan.digest}, not {self.expect}: nothing was written; "
                "review the plan above"
            )
        found = Differences.between(self.plan, plan)
        for chunk in render("text", found, options.style):
            click.echo(chunk, nl=False, err=options.format != "text", color=options.color or None)
        raise Stale(
            f"the plan is no longer what was reviewed ({found}; digest {plan.digest}, not {self.expect}): "
            "nothing was written; plan and review again"
        )


def _whole(only: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one if ":" in one else f"{one}:*" for one in only)
