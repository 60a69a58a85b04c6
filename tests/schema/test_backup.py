"""A line of a backup holds an object as it was, and gives it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from devinops.schema.backup import BackupHeader, ObjectLine
from devinops.schema.base_document import HEAD, convert, plain
from tests.testing.objects import live

NOTE = live(
    "knowledge", name="A", folder="F", id="n1", folder_id="f1", created_at=1, updated_by="Pat"
)


def test_an_object_comes_back_as_it_was() -> None:
    line = plain(ObjectLine.of(NOTE))
    assert convert(line, ObjectLine).to_model() == NOTE


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "folder"}, "no run overwrites objects of this kind"),
        ({"kind": "unknown"}, "no run overwrites objects of this kind"),
        ({"fields": {"name": 1}}, "fields.name"),
        ({"fields": {"surprise": 1}}, "fields.surprise"),
        ({"fields": {"name": "A", "trigger": "t"}}, "fields.body is missing"),
    ],
)
def test_a_line_that_cannot_be_used_says_what_is_wrong(changes: dict[str, Any], words: str) -> None:
    line = plain(ObjectLine.of(NOTE)) | changes
    with pytest.raises(ValueError, match=words):
        convert(line, ObjectLine).to_model()


HEADER = BackupHeader(
    **HEAD,
    run="20260312T101500Z-1a2b3c",
    time="2026-03-12T10:15:00+00:00",
    target="production",
    api_url="https://api.devin.ai",
    api="v3",
    org_id="org-1",
    emulator=False,
)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"run": "../other"}, "the name of the run or the target is not valid"),
        ({"target": "a b"}, "the name of the run or the target is not valid"),
        ({"time": "2026-03-12T10:15:00"}, "time has no time zone"),
        ({"api_url": "api.devin.ai"}, "api_url is not a URL"),
    ],
)
def test_a_header_that_cannot_be_used_says_what_is_wrong(
    changes: dict[str, str], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        msgspec.structs.replace(HEADER, **changes).to_model()


def test_a_header_names_one_organization() -> None:
    target = HEADER.to_model()
    assert (target.name, target.org_id, target.host) == ("production", "org-1", "api.devin.ai")
    assert replace(target, org_id=None) != target
