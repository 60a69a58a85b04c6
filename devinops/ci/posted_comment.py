"""Posts a report as the one comment of its target and root in a request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from devinops import waiting
from devinops.ci.code_host import CodeHost, Comment
from devinops.model.errors import ApiError, ConfigError
from devinops.render import comment_marker
from devinops.render.comment_marker import Marker
from devinops.render.markdown.page import without_job

WAITS_S: Final = (1, 3, 9)
"""The seconds before each look for what the host may record with a delay."""


class PostOutcome(Enum):
    """What was done with the comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    OUTDATED = "outdated"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Posted:
    """The comment that has the report now, or a newer one if the report is `OUTDATED`.

    None if the request is `MERGED`.
    """

    outcome: PostOutcome
    comment: Comment | None = None


@dataclass(frozen=True, slots=True)
class ReportToPost:
    """The text of a report and its marker. Comments of `author` are the report's own.

    `commit` is the one that the report is about.
    """

    text: str
    marker: Marker
    author: str
    commit: str

    def owns(self, comment: Comment) -> bool:
        """Return whether a comment is about the same target, and from the trusted author."""
        about = comment_marker.read(comment.text)
        return is_by(comment, self.author) and about is not None and about.is_about(self.marker)

    def replaces(self, comment: Comment) -> bool:
        """Return whether an own comment says nothing that the report does not say."""
        about = comment_marker.read(comment.text)
        return about is not None and self.marker.replaces(about)

    def is_after_failure(self, comment: Comment) -> bool:
        """Return whether a failed run of ours for another commit wrote this, without a target."""
        about = comment_marker.read(comment.text)
        is_own = is_by(comment, self.author)
        return is_own and about is not None and self.marker.is_after_failure(about)

    def sort_key(self, comment: Comment) -> tuple[bool, int]:
        """Return a key that puts the comment to keep first: it knows as much, and is the oldest."""
        about = comment_marker.read(comment.text)
        is_exact = about is not None and about.organization == self.marker.organization
        return not is_exact, comment.id


def post(host: CodeHost, request: int, report: ReportToPost) -> Posted:
    """Create the comment of the report's target, or replace its text if that changed.

    Two jobs can create it at the same time. Then both keep the oldest comment. The job of an
    earlier commit, if it ends last, leaves the report about the last commit of the request alone.
    The comment of an earlier run that failed before it knew its target is deleted. In a merged
    request nothing changes, because its comments say what was reviewed.

    Raises ApiError, and ConfigError if the token comments as somebody else.
    """
    if host.request(request).merge_commits:
        return Posted(PostOutcome.MERGED)
    comments = list(host.comments(request))
    failures = list(filter(report.is_after_failure, comments))
    ours, outcome = list(filter(report.owns, comments)), PostOutcome.UNCHANGED
    if not ours:
        created, outcome = _create(host, request, report), PostOutcome.CREATED
        ours = _owned(host, request, report)
        # A list may show a new comment with a delay.
        if created.id not in [own.id for own in ours]:
            ours.append(created)
    comment, *others = sorted(ours, key=report.sort_key)
    if _comparable(comment.text) != _comparable(report.text):
        if _is_newer(host, request, comment, report):
            return Posted(PostOutcome.OUTDATED, comment)
        comment = host.edit(request, comment.id, report.text)
        outcome = PostOutcome.UPDATED
    failures = [failure for failure in failures if not _is_newer(host, request, failure, report)]
    for other in (*filter(report.replaces, others), *failures):
        host.delete(request, other.id)
    return Posted(outcome, comment)


def is_by(comment: Comment, author: str) -> bool:
    """Return whether an account wrote a comment. Logins are not case-sensitive."""
    return comment.author.casefold() == author.casefold()


def _is_newer(host: CodeHost, request: int, comment: Comment, report: ReportToPost) -> bool:
    """Return whether a comment is about the last commit of the request, and the report is not."""
    about = comment_marker.read(comment.text)
    if about is None or about.commit in (None, report.commit):
        return False
    return host.request(request).head == about.commit


def _owned(host: CodeHost, request: int, report: ReportToPost) -> list[Comment]:
    return [comment for comment in host.comments(request) if report.owns(comment)]


def _create(host: CodeHost, request: int, report: ReportToPost) -> Comment:
    """Return the new comment. Without a response, look for it before it is sent again."""
    waits = iter(WAITS_S)
    while True:
        try:
            return _checked(host, request, host.create(request, report.text), report.author)
        except ApiError as error:
            wait_s = next(waits, None)
            if error.answered or wait_s is None:
                raise
        waiting.pause(wait_s)
        if ours := _owned(host, request, report):
            return ours[0]


def _checked(host: CodeHost, request: int, created: Comment, author: str) -> Comment:
    """Return the comment if the trusted author wrote it. Otherwise delete it.

    A later run would not recognize it, and would add another comment. Raises ConfigError.
    """
    if is_by(created, author):
        return created
    host.delete(request, created.id)
    raise ConfigError(
        f"the token comments as {created.author or 'an unknown account'}, not as {author}. A later "
        "run would not find this comment, so devinops deleted it. If the token is right, pass "
        f"--comment-author '{created.author}'"
    )


def _comparable(text: str) -> str:
    """Return the text without parts that differ for no reason.

    A host changes line ends, and white space around it; each run has an address of its own.
    """
    return without_job(text.replace("\r\n", "\n").strip())
