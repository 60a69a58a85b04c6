"""The document of insight."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.schema.base_document import HEAD, convert, plain
from devinops.schema.insight import BaseItem, InsightDocument, UnmentionedItem, Uses

BASE = BaseItem(
    time="2026-01-31T12:00:00Z",
    since="2025-11-02T12:00:00Z",
    sessions=3,
    analysed=2,
    unreadable=0,
    requests=2,
    newest_only=False,
    unsure=False,
    targets=(),
    unread={},
    mentioned=(Uses(key="knowledge:A", good=1, bad=0, sessions=("devin-1",)),),
)
UNMENTIONED = UnmentionedItem(key="knowledge:B", source=None, class_="new", targets=("a",))
DOCUMENT = InsightDocument(
    **HEAD,
    exit_code=0,
    base=BASE,
    misleading=(),
    never_mentioned=(UNMENTIONED,),
    missing=(),
    unknown=(),
    skills=(),
    cost=(),
)


def test_a_document_is_read_as_it_was_written() -> None:
    written = plain(DOCUMENT)
    assert convert(written, InsightDocument) == DOCUMENT
    assert written["never_mentioned"][0]["class"] == "new"


def test_its_members_are_the_sections_in_their_order() -> None:
    assert [*plain(DOCUMENT)][2:] == [
        "exit_code",
        "base",
        "misleading",
        "never_mentioned",
        "missing",
        "unknown",
        "skills",
        "cost",
    ]


@pytest.mark.parametrize(
    "wrong", [{"never_mentioned": [plain(UNMENTIONED) | {"class": "unused"}]}, {"cost": None}]
)
def test_another_word_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"Expected|Invalid"):
        convert({**plain(DOCUMENT), **wrong}, InsightDocument)
