"""Finds the digest of the plan that was reviewed: in the comment of the merged request.

What this protects: a digest can only narrow what an apply does, because the apply plans again and
stops if its own digest differs. Anybody who can write comments as the trusted author can choose
which of the possible plans is accepted, but nothing more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from shlex import quote
from typing import Final, NamedTuple

from devinops import waiting
from devinops.ci.code_host import CodeHost, Comment, Request
from devinops.ci.job import Job
from devinops.ci.posted_comment import WAITS_S, is_by
from devinops.model.errors import Stale
from devinops.render import comment_marker
from devinops.render.comment_marker import Marker

NEXT_STEP: Final = (
    "plan again and review that plan, then run devinops apply by hand with --expect and its digest"
)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The digest that was reviewed, and the comment that has it."""

    digest: str
    request: Request
    comment: Comment


class _Planned(NamedTuple):
    """A comment about the target; `digest` is empty if nothing in it can be applied."""

    comment: Comment
    digest: str
    commit: str | None
    organization: str | None


def accepted_base(job: Job, base: str | None) -> str:
    """Return the branch that requests must be for: `base`, or else the job's. Raises Stale."""
    if base or job.branch:
        return base or job.branch
    raise Stale(
        "this job does not run for a branch: pass --base with the branch that requests are merged "
        f"into, or {NEXT_STEP}"
    )


def reviewed(host: CodeHost, request: Request, about: Marker, author: str, base: str) -> Reviewed:
    """Return the digest in the comment of a request. Raises Stale, ApiError.

    The comment must be about the last commit of the request: after a later push, its plan is not
    the plan of what was merged. The request must be for the branch `base`, for which its plan was
    reviewed.
    """
    where = f"{host.noun} {request.number}"
    if request.base != base:
        raise Stale(
            f"{where} is for the branch {request.base}, but this job is for {base}: to apply here "
            f"what was reviewed there, pass --base {quote(request.base)}; otherwise {NEXT_STEP}"
        )
    comments = list(_comments(host, request, about, author))
    if not comments:
        raise Stale(f"{where} has no plan for {about.target} by {author}: {NEXT_STEP}")
    plans = [plan for plan in comments if plan.digest]
    if not plans:
        raise Stale(
            f"the plan for {about.target} in {where} was refused or failed, so there was nothing "
            f"to review: {NEXT_STEP}"
        )
    current = [plan for plan in plans if plan.commit == request.head]
    if not current:
        planned = (plans[0].commit or "unknown")[:12]
        raise Stale(
            f"the plan for {about.target} in {where} is for the commit {planned}, but the last "
            f"commit is {request.head[:12]}: {NEXT_STEP}"
        )
    if len({plan.digest for plan in current}) > 1:
        organizations = sorted({plan.organization for plan in current if plan.organization})
        if len(organizations) > 1:
            raise Stale(
                f"{where} has plans for {about.target} in the organizations "
                f"{', '.join(organizations)}: set org_id for this target, or DEVIN_ORG_ID"
            )
        raise Stale(f"{where} has several plans for {about.target}: {NEXT_STEP}")
    return Reviewed(current[0].digest, request, current[0].comment)


def merged_request(host: CodeHost, commit: str, base: str) -> Request:
    """Return the request whose merge made a commit, if possible one that is for the branch `base`.

    Raises Stale if there is not exactly one.
    """
    candidates, merged = _merged(host, commit, base)
    for wait_s in WAITS_S:
        if any(request.base == base for request in merged):
            break
        # The job of a merge can start before the host has recorded the merge.
        waiting.pause(wait_s)
        candidates, merged = _merged(host, commit, base)
    if len(merged) == 1:
        return merged[0]
    if merged:
        numbers = ", ".join(str(request.number) for request in merged)
        raise Stale(f"{commit[:12]} is the merge of several {host.noun}s, {numbers}: {NEXT_STEP}")
    related = ", ".join(str(request.number) for request in candidates)
    belongs = f"; it belongs to {related}" if related else ""
    raise Stale(f"{commit[:12]} is not the merge of a {host.noun}{belongs}: {NEXT_STEP}")


def newest_digests(
    host: CodeHost,
    commits: Sequence[str],
    about: Marker,
    author: str,
    base: str,
    names: Collection[str],
) -> dict[str, Reviewed]:
    """Return the digest of each target, from the newest merged request that has one, in that order.

    `commits` are those of the branch, the newest first, and `names` the targets. As in `reviewed`,
    a comment must be about the last commit of its request. Raises ApiError.
    """
    found: dict[str, Reviewed] = {}
    for commit in commits:
        if commit == commits[0]:
            with suppress(Stale):
                merged_request(host, commit, base)  # waits until the host has recorded the merge
        for request in _merged(host, commit, base)[1]:
            for plan in _comments(host, request, about, author):
                if plan.digest and plan.commit == request.head and request.base == base:
                    for name, digest in _digests_in(plan.comment).items():
                        found.setdefault(name, Reviewed(digest, request, plan.comment))
        if found.keys() >= {*names}:
            break
    return {name: review for name, review in found.items() if name in names}


def _digests_in(comment: Comment) -> Mapping[str, str]:
    """Return the digests of the targets; none if they are damaged or did not fit."""
    try:
        digests = comment_marker.read_digests(comment.text)
    except ValueError:
        return {}
    return digests.digests if digests else {}


def _merged(host: CodeHost, commit: str, base: str) -> tuple[Sequence[Request], list[Request]]:
    """Return the requests that a commit belongs to, and those whose merge created it.

    Of several, those for the branch `base` count.
    """
    candidates = host.requests_with(commit)
    merged = [request for request in candidates if commit in request.merge_commits]
    return candidates, [request for request in merged if request.base == base] or merged


def _comments(host: CodeHost, request: Request, about: Marker, author: str) -> Iterator[_Planned]:
    for comment in host.comments(request.number):
        read = comment_marker.read(comment.text) if is_by(comment, author) else None
        if read is not None and read.is_about(about):
            yield _Planned(comment, read.digest or "", read.commit, read.organization)
