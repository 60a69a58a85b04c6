"""The document of fmt."""

from __future__ import annotations

import pytest

from devinops.schema.base_document import HEAD, convert, plain
from devinops.schema.fmt import FormatDocument, FormattedFile

DOCUMENT = FormatDocument(
    **HEAD,
    exit_code=0,
    check=False,
    files=(FormattedFile("knowledge/a.md", ""),),
    unchanged=2,
    problems=(),
)


def test_it_comes_back_as_it_was_written() -> None:
    assert convert(plain(DOCUMENT), FormatDocument) == DOCUMENT


def test_a_negative_count_is_refused_with_its_path() -> None:
    with pytest.raises(ValueError, match="unchanged"):
        convert(plain(DOCUMENT) | {"unchanged": -1}, FormatDocument)
