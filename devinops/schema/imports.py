"""The document of `devinops import`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from devinops.schema.base_document import Document, ExitStatus, KeyText, LineNumber, Text, about


class OriginItem(Struct, frozen=True):
    """A source file, the line in it, and what form of file it is."""

    path: Text
    line: LineNumber
    form: str


class ImportedItem(Struct, frozen=True):
    """An entry in a new file, or in one that was overwritten."""

    key: KeyText
    file: Annotated[Text, about("Path of its file, relative to the root.")]
    source: OriginItem
    overwritten: bool
    unwritten: Annotated[str, about("The field that a person must write; empty if none.")]
    id: Annotated[str, about("Id of the live object; empty if the source does not have it.")]
    address: Annotated[str, about("Address of the Terraform resource; empty if there is none.")]
    remarks: Annotated[tuple[str, ...], about("What was guessed, or could not be carried over.")]


class DuplicateItem(Struct, frozen=True):
    """Something that an entry has already."""

    source: OriginItem
    what: Annotated[str, about('"the same as", or "the same text as" if only the text is.')]
    key: KeyText
    place: Annotated[str, about("The file with that entry, or the source it comes from.")]


class NotImportedItem(Struct, frozen=True):
    """Something that was not imported, and why."""

    source: OriginItem
    what: str
    why: str


class ImportDocument(Document, frozen=True, kw_only=True):
    """Output of `import`."""

    exit_code: ExitStatus
    dry_run: Annotated[bool, about("Nothing was written.")]
    imported: tuple[ImportedItem, ...]
    duplicates: tuple[DuplicateItem, ...]
    not_imported: tuple[NotImportedItem, ...]
    remarks: Annotated[dict[str, tuple[str, ...]], about("Source → remarks about all of it.")]
    commands: Annotated[
        tuple[str, ...],
        about("Commands that adopt the live objects, and remove them from the Terraform state."),
    ]
