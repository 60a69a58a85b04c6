"""The documents of comment."""

from __future__ import annotations

import pytest

from devinops.schema.base_document import HEAD, convert, plain
from devinops.schema.comment import CommentDocument, ReviewedDocument

POSTED = CommentDocument(
    **HEAD,
    outcome="created",
    root=".",
    target="production",
    org_id=None,
    digest="0a" * 16,
    commit=None,
    request=7,
    url="https://github.test/acme/api/pull/7#issuecomment-1",
    exit_code=0,
)
REVIEWED = ReviewedDocument(
    **HEAD,
    root=".",
    target="production",
    org_id="org-1",
    digest="0a" * 16,
    commit="c" * 40,
    request=7,
    url="https://github.test/acme/api/pull/7#issuecomment-1",
    exit_code=0,
)


@pytest.mark.parametrize("document", [POSTED, REVIEWED])
def test_they_come_back_as_they_were_written(document: CommentDocument | ReviewedDocument) -> None:
    assert convert(plain(document), type(document)) == document


@pytest.mark.parametrize("change", [{"outcome": "deleted"}, {"request": 0}, {"url": 1}])
def test_wrong_values_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        convert({**plain(POSTED), **change}, CommentDocument)
