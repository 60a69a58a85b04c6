"""A plan that was approved before this run, as a digest or a file; also those of many targets.

It is applied only if the plan is still the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from devinops.applying.saved import read_digests, read_plans
from devinops.cli.declarations.options import Options
from devinops.config.reading import read_project
from devinops.config.settings import selected_targets
from devinops.model.errors import Refused, Stale, UnusableFile, UsageError
from devinops.model.policy import Approvals
from devinops.model.shard import Shard
from devinops.model.target import Target
from devinops.planning.digest_list import DigestList
from devinops.planning.plan import DIGEST_LENGTH
from devinops.planning.run import Plans
from devinops.render.answers import Differences

_DIGEST = re.compile(r"[0-9a-f]+")


class ApprovedPlan(NamedTuple):
    """The digest of an approved plan, or of those of many targets; and that of one, if known.

    `is_saved`: the plan was read from a file.
    """

    digest: str
    plans: Plans | None = None
    is_saved: bool = False

    def approvals(self, from_flags: Approvals) -> Approvals:
        """Return the approvals of the saved plan, or those `from_flags` if no plan was saved.

        Raises UsageError if the flags contradict the saved plan.
        """
        if self.plans is None:
            return from_flags
        if not self.plans.refused:
            # The plan approved all its hazards, so a flag that approves one contradicts nothing.
            from_flags = replace(from_flags, hazards=())
        if set(from_flags.given()) <= set(self.plans.approvals.given()):
            return self.plans.approvals
        raise UsageError(
            "the saved plan has different approvals: leave these flags out, or plan again with them"
        )

    def check_target(self, target: Target) -> None:
        """Raise UnusableFile if the saved plan is for another target, host or organization."""
        (own,) = self.plans.targets if self.plans else (None,)
        if own and own.target and (differences := own.target.differences(target)):
            raise UnusableFile(
                f"the plan is for another target ({differences}): apply it there, or plan again "
                "here; nothing was written"
            )

    def check(self, plans: Plans, options: Options) -> None:
        """Show the differences and raise Stale if these are not the approved plans.

        A target that needs nothing any more was written by an earlier apply of its saved plan.
        """
        now = plans.digest or plans.digests.digest
        if self.digest == now or (self.is_saved and plans.is_quiet):
            return
        if not plans.by_one:
            raise Stale(
                f"the plans have the digest {now}, not {self.digest}: nothing was written; review "
                "them again, or pass --expect the FILE with the digest of each target, which "
                "applies those that are as reviewed"
            )
        if self.plans is None:
            raise Stale(
                f"the plan has the digest {now}, not {self.digest}: nothing was written; review "
                "the new plan"
            )
        differences = Differences.between(self.plans, plans)
        options.show(differences)
        raise Stale(
            f"the plan is no longer what was reviewed ({differences}; digest {now}, not "
            f"{self.digest}): nothing was written; plan and review again"
        )


def read_approved(path: Path, digest: str | None, options: Options) -> tuple[ApprovedPlan, Options]:
    """Return a saved plan, and the options with the plan's `--only` and target.

    `digest` is the value of --expect. Raises UnusableFile, and UsageError if the options or
    `digest` contradict the plan.
    """
    plans = read_plans(path)
    if digest is not None and digest != plans.digest:
        raise UsageError(
            f"--expect {digest} is not the digest of {path}, which is {plans.digest}: pass only one"
        )
    if _is_other_only(options, plans.only):
        planned = " ".join(f"--only {kind}" for kind in plans.only) or "no --only"
        raise UsageError(f"{path} was made with {planned}: apply it without --only")
    options = options.about(plans.targets[0].name, f"the plan {path}")
    return ApprovedPlan(plans.digest, plans, is_saved=True), replace(options, only=plans.only)


def _is_other_only(options: Options, planned: Iterable[str]) -> bool:
    """Return whether --only is given, and not as it was `planned`."""
    only = {kind if ":" in kind else f"{kind}:*" for kind in options.only}
    return bool(only) and only != {*planned}


# --- many targets ---------------------------------------------------------------------------------


class ReviewedPlans(NamedTuple):
    """The digests of the plans of many targets, from a file.

    `only` and `approvals` are those of the plans, None if the file has only digests.
    """

    path: Path
    digests: DigestList
    only: tuple[str, ...] | None = None
    approvals: Approvals | None = None

    def targets(self, options: Options, affected: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the targets of the list and those that are `affected`.

        With --target, only those that it selects are returned. Raises UsageError if there are none.
        """
        names = tuple({**self.digests.digests, **dict.fromkeys(affected)})
        if options.flags.selectors:
            selected = selected_targets(read_project(options.root), options.flags)
            names = tuple(name for name in names if name in selected)
        if not names:
            raise UsageError(
                f"{self.path} has the digest of none of these targets: leave out --target, or plan "
                "and review again"
            )
        return names

    def of_flags(self, options: Options, approvals: Approvals) -> tuple[Options, Approvals]:
        """Return the options and approvals of the plans. Raises UsageError if flags contradict.

        How many targets a run may write to is about this run, which can leave out some of them.
        """
        if self.only is None or self.approvals is None:
            return options, approvals
        targets = approvals.allow_targets or self.approvals.allow_targets
        own = replace(self.approvals, allow_targets=targets)
        wanted, planned = {*approvals.given()}, {*own.given()}
        if _is_other_only(options, self.only) or not wanted <= planned:
            raise UsageError(
                f"{self.path} was made with other approvals or another --only: leave these flags "
                "out, or plan again with them"
            )
        return replace(options, only=self.only), own


def read_reviewed(
    path: Path | None, expect: str | None, shard: Shard | None
) -> ReviewedPlans | None:
    """Return the reviewed plans of many targets; None if neither argument names a file with them.

    `path` is a saved plan, `expect` the value of --expect, and `shard` that of --shard. Raises
    UnusableFile, Refused if nothing of the plans may be applied, and UsageError if the file does
    not exist, or if the arguments contradict each other.
    """
    if path is None:
        if expect is None or _DIGEST.fullmatch(expect):
            return None
        if not Path(expect).is_file():
            raise UsageError(
                f"--expect {expect} is neither an existing file nor a digest, which has "
                f"{DIGEST_LENGTH} characters from 0-9 and a-f: check the path, or copy the digest "
                "from the plan"
            )
        return ReviewedPlans(Path(expect), read_digests(Path(expect)))
    plans = read_plans(path)
    if plans.by_one:
        return None
    if plans.refusals:
        reasons = "; ".join(refusal.reason for refusal in plans.refusals)
        why = f"{path} was refused when it was planned, and nothing was written: {reasons}"
        raise Refused(f"{why}. Pass the option to devinops plan, and apply the new plan")
    if plans.targets and not (plans.digests.digests or plans.is_drift):
        raise Refused(
            f"{path} has no plan that can be applied, and nothing was written: each target is "
            f"refused, held or not planned; devinops show {path} says why"
        )
    reviewed = ReviewedPlans(path, plans.digests, plans.only, plans.approvals)
    if plans.shard and shard:
        raise UsageError(f"{path} has only the plans of shard {plans.shard}: leave out --shard")
    if expect not in (None, reviewed.digests.digest):
        raise UsageError(
            f"--expect {expect} is not the digest of {path}, which is {reviewed.digests.digest}: "
            "pass only one"
        )
    return reviewed
