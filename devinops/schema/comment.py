"""The documents of `devinops comment`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from devinops.schema.base_document import Document, ExitStatus, about

RequestNumber = Annotated[int, Meta(ge=1), about("Number of the pull or merge request.")]
Root = Annotated[str, about("Path of the root in the checkout; `.` is its top.")]
CommentUrl = Annotated[str, about("Web page of the comment.")]


class CommentDocument(Document, frozen=True, kw_only=True):
    """Output of `comment FILE`."""

    outcome: Annotated[
        Literal["created", "updated", "unchanged", "outdated", "merged", "step-summary", "none"],
        about(
            "What was done with the comment. outdated: it is about a later commit of the request, "
            "so it stays. merged: the request is merged, so its comments stay. step-summary: the "
            "token of a fork may not comment, so the report is in the summary of the step. none: "
            "there is no request, or no summary."
        ),
    ]
    root: Root
    target: Annotated[str | None, about("null: the run failed before it knew its target.")]
    org_id: str | None
    digest: Annotated[str | None, about("null: nothing in the report can be applied.")]
    commit: Annotated[str | None, about("The commit that the report is about.")]
    request: RequestNumber | None
    url: CommentUrl | None
    exit_code: ExitStatus


class ReviewedDocument(Document, frozen=True, kw_only=True):
    """Output of `comment --print-digest`."""

    root: Root
    target: str
    org_id: str | None
    digest: Annotated[str, about("Digest of the plan that was reviewed, for apply --expect.")]
    commit: Annotated[str, about("The last commit of the request, for which the plan was made.")]
    request: RequestNumber
    url: CommentUrl
    exit_code: ExitStatus
