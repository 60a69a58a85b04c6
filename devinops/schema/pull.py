"""The document of `devinops pull`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from devinops.schema.base_document import Document, ExitStatus, KeyText, about


class PulledFile(Struct, frozen=True):
    """A file that was written, or with --check would be."""

    path: Annotated[str, about("Relative to the root, with /.")]
    change: Literal["new", "changed", "deleted"]
    keys: tuple[KeyText, ...]
    fields: Annotated[tuple[str, ...], about("The fields that changed; empty for a new file.")]


class NotPulledItem(Struct, frozen=True):
    """A live object that was not pulled, or only in part."""

    key: str
    kind: str
    why: Annotated[str, about("Stable code of the reason, such as namesakes or suspicious.")]
    ids: tuple[str, ...]
    reason: Annotated[str, about("What to do, as text for people.")]


class NotReadItem(Struct, frozen=True):
    """A kind that was not read, because the key may not or it is switched off."""

    kind: str
    reason: str


class PullDocument(Document, frozen=True, kw_only=True):
    """Output of `pull`."""

    target: str
    org_id: str | None
    check: Annotated[bool, about("Nothing was written.")]
    exit_code: ExitStatus
    set_up: Annotated[
        tuple[str, ...], about("Files that were written, or with --check would be, as by init.")
    ]
    files: tuple[PulledFile, ...]
    left: Annotated[tuple[NotPulledItem, ...], about("What was left to a person.")]
    not_read: tuple[NotReadItem, ...]
