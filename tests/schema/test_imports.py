"""The document of import."""

from __future__ import annotations

import pytest

from devinops.schema.base_document import HEAD, convert, plain
from devinops.schema.imports import (
    DuplicateItem,
    ImportDocument,
    ImportedItem,
    NotImportedItem,
    OriginItem,
)

ORIGIN = OriginItem("a.mdc", 3, "Cursor rule")
DOCUMENT = ImportDocument(
    **HEAD,
    exit_code=4,
    dry_run=True,
    imported=(
        ImportedItem("knowledge:a", "knowledge/a.md", ORIGIN, False, "", "note-1", "x.y", ("r",)),
    ),
    duplicates=(DuplicateItem(ORIGIN, "the same as", "knowledge:a", "b.mdc"),),
    not_imported=(NotImportedItem(ORIGIN, "knowledge:b", "no text"),),
    remarks={"p": ("2 other Markdown files not read",)},
    commands=("terraform state rm x.y",),
)


def test_it_comes_back_as_it_was_written() -> None:
    assert convert(plain(DOCUMENT), ImportDocument) == DOCUMENT


def test_a_line_of_nothing_is_refused_with_its_path() -> None:
    damaged = plain(DOCUMENT)
    damaged["duplicates"][0]["source"]["line"] = 0
    with pytest.raises(ValueError, match="line"):
        convert(damaged, ImportDocument)
