"""The document of pull."""

from __future__ import annotations

import pytest

from devinops.schema.base_document import HEAD, convert, plain
from devinops.schema.pull import NotPulledItem, NotReadItem, PullDocument, PulledFile

DOCUMENT = PullDocument(
    **HEAD,
    target="production",
    org_id=None,
    check=False,
    exit_code=0,
    set_up=("devinops.yaml",),
    files=(PulledFile("knowledge/a.md", "new", ("knowledge:a",), ()),),
    left=(NotPulledItem("knowledge:b", "knowledge", "namesakes", ("1", "2"), "rename one"),),
    not_read=(NotReadItem("secret", "403"),),
)


def test_it_comes_back_as_it_was_written() -> None:
    assert convert(plain(DOCUMENT), PullDocument) == DOCUMENT


def test_an_unknown_change_is_refused_with_its_path() -> None:
    damaged = plain(DOCUMENT)
    damaged["files"][0]["change"] = "moved"
    with pytest.raises(ValueError, match="change"):
        convert(damaged, PullDocument)
