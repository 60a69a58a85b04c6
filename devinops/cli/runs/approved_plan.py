"""What was approved before this run: the digest of its plan, or a file with one or many.

It is applied only as far as the plan is still the same.
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
from devinops.planning.selection import Selection
from devinops.render.answers import Differences

_DIGEST = re.compile(r"[0-9a-f]+")


class ApprovedPlan(NamedTuple):
    """What was approved: `plans` if they were saved, and the `path` of a file if it was one.

    A file for many targets has `digests`, and allows each target that is as listed. Otherwise, all
    plans together must have the `digest`.
    """

    digest: str
    plans: Plans | None = None
    path: Path | None = None
    digests: DigestList | None = None

    def targets(self, options: Options, affected: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the targets of the digests and those that are `affected`.

        With --target, only those that it selects are returned. Raises UsageError if there are none.
        """
        listed = self.digests.digests if self.digests else ()
        names = tuple(dict.fromkeys((*listed, *affected)))
        if options.flags.selectors:
            selected = selected_targets(read_project(options.root), options.flags)
            names = tuple(name for name in names if name in selected)
        if not names:
            raise UsageError(
                f"{self.path} has no digest of these targets: leave out --target, or plan and "
                "review again"
            )
        return names

    def of_flags(self, options: Options, approvals: Approvals) -> tuple[Options, Approvals]:
        """Return the options and approvals of a saved plan, or those given if none was saved.

        Raises UsageError if the flags contradict it. To how many targets a run may write, and
        whether outside a wave, is about this run, which can leave out some of them.
        """
        plans = self.plans
        if plans is None:
            return options, approvals
        given = Selection.parse(options.only, options.exclude)
        if given and given != Selection.parse(plans.only, plans.exclude):
            planned = " ".join(plans.filters) or "neither --only nor --exclude"
            raise UsageError(f"{self.path} was made with {planned}: apply it without other filters")
        if not plans.refused:
            # The plan approved all its hazards, so a flag that approves one contradicts nothing.
            approvals = replace(approvals, hazards=())
        own = replace(
            plans.approvals,
            allow_targets=approvals.allow_targets or plans.approvals.allow_targets,
            out_of_wave=approvals.out_of_wave or plans.approvals.out_of_wave,
        )
        if not {*approvals.given()} <= {*own.given()}:
            raise UsageError(
                f"{self.path} was made with different approvals: leave these flags out, or plan "
                "again with them"
            )
        if plans.by_one:
            options = options.about(plans.targets[0].name, f"the plan {self.path}")
        return replace(options, only=plans.only, exclude=plans.exclude), own

    def check_target(self, target: Target) -> None:
        """Raise UnusableFile if the saved plan is for another target, host or organization."""
        (own,) = self.plans.targets if self.plans else (None,)
        if own and own.target and (differences := own.target.differences(target)):
            raise UnusableFile(
                f"the plan is for another target ({differences}): apply it there, or plan again "
                "here; nothing was written"
            )

    def allows(self, plans: Plans) -> bool:
        """Return whether these are the approved plans, or each is compared with `digests`."""
        return self.digests is not None or self.digest == run_digest(plans)

    def check(self, plans: Plans, options: Options) -> None:
        """Show the differences and raise Stale if these are not the approved plans.

        A target that needs nothing any more was written by an earlier apply of its saved plan.
        """
        if self.allows(plans) or (self.path and plans.is_quiet):
            return
        now = run_digest(plans)
        differs = f"the digest {now}, not {self.digest}: nothing was written; review"
        if not plans.by_one:
            raise Stale(
                f"the plans have {differs} them again, or pass --expect FILE, the list of all "
                "digests: it applies the plans that are as reviewed"
            )
        if self.plans is None:
            raise Stale(f"the plan has {differs} the new plan")
        differences = Differences.between(self.plans, plans)
        options.show(differences)
        raise Stale(
            f"the plan is no longer what was reviewed ({differences}; digest {now}, not "
            f"{self.digest}): nothing was written; plan and review again"
        )


def run_digest(plans: Plans) -> str:
    """Return the digest that approves these plans; also that of a list without targets."""
    return plans.digest or plans.digests.digest


def read_approved(
    path: Path | None, expect: str | None, shard: Shard | None
) -> ApprovedPlan | None:
    """Return what was approved; None if neither argument says it.

    `path` is a saved plan, `expect` the value of --expect, and `shard` that of --shard. Raises
    UnusableFile, Refused if nothing of the plans may be applied, and UsageError if the file does
    not exist, or if the arguments contradict each other.
    """
    if path is None:
        if expect is None or _DIGEST.fullmatch(expect):
            return None if expect is None else ApprovedPlan(expect)
        if not Path(expect).is_file():
            raise UsageError(
                f"--expect {expect} is neither a file nor a digest ({DIGEST_LENGTH} characters, "
                "0-9 and a-f): check the path, or copy the digest from the plan"
            )
        digests = read_digests(Path(expect))
        return ApprovedPlan(digests.digest, path=Path(expect), digests=digests)
    plans = read_plans(path)
    if plans.is_drift:
        raise UsageError(f"{path} is a report of drift: apply needs a file of devinops plan --out")
    if not plans.by_one:
        _check_many(plans, path, shard)
    approved = plans.digest if plans.by_one else plans.digests.digest
    if expect not in (None, approved):
        raise UsageError(
            f"--expect is {expect}, but the digest of {path} is {approved}: pass only one"
        )
    return ApprovedPlan(approved, plans, path, None if plans.by_one else plans.digests)


def _check_many(plans: Plans, path: Path, shard: Shard | None) -> None:
    """Raise Refused if nothing of these plans may be applied, and UsageError for another shard."""
    if plans.refusals:
        reasons = "; ".join(refusal.reason for refusal in plans.refusals)
        why = f"{path} was refused when it was planned, and nothing was written: {reasons}"
        raise Refused(f"{why}. Pass the option to devinops plan, and apply the new plan")
    if plans.targets and not plans.digests.digests:
        raise Refused(
            f"{path} has no plan that can be applied, and nothing was written: each target is "
            f"refused, held or not planned; devinops show {path} says why"
        )
    if plans.shard and shard:
        raise UsageError(f"{path} has only the plans of shard {plans.shard}: leave out --shard")
