"""The document of doctor."""

from __future__ import annotations

import pytest

from devinops.schema.base_document import HEAD, convert, plain
from devinops.schema.doctor import Check, DoctorDocument, KeyFacts, ReadingItem, Status

DOCUMENT = DoctorDocument(
    **HEAD,
    exit_code=0,
    emulator=False,
    requests=3,
    key=KeyFacts("v3", "organization", "service_user"),
    readings=(ReadingItem("/v3/self", 200, "", 0, True, None),),
    quirks={"total": "present"},
    headers=("x-request-id",),
    checks=(Check(Status.OK, "notes", "3 objects, as devinops expects"),),
)


def test_a_document_is_read_as_it_was_written() -> None:
    assert convert(plain(DOCUMENT), DoctorDocument) == DOCUMENT


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": {"api": "v2", "scope": "unknown", "principal": "unknown", "permissions": None}},
        {"checks": [{"status": "bad", "about": "", "text": "", "step": ""}]},
        {"requests": -1},
    ],
)
def test_another_word_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"Expected|Invalid"):
        convert({**plain(DOCUMENT), **wrong}, DoctorDocument)


def test_a_check_is_one_line_with_the_next_step() -> None:
    assert str(Check(Status.OK, "notes", "3 objects")) == "ok       notes: 3 objects"
    assert (
        str(Check(Status.PROBLEM, "key", "rejected", "check it"))
        == "problem  key: rejected: check it"
    )
