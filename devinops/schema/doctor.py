"""The document that `doctor` prints, and that the emulator can be started from."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from devinops.schema.base_document import Count, Document, ExitStatus, about

Word = Annotated[str, Meta(pattern="^[a-z0-9_]*$")]


class CheckItem(Struct, frozen=True):
    """One thing that was looked at."""

    status: Annotated[str, Meta(pattern="^(ok|note|problem)$")]
    about: str
    text: str
    step: Annotated[str, about("What to do; empty if there is nothing.")]


class KeyItem(Struct, frozen=True):
    """What the key is, as far as reading tells."""

    api: Annotated[str, Meta(pattern="^v[13]$")]
    scope: Annotated[str, Meta(pattern="^(organization|enterprise|unknown)$")]
    principal: Annotated[str, Meta(pattern="^(service_user|pat_user|unknown)$")]
    permissions: Annotated[
        tuple[str, ...] | None, about("Those of its roles; null: they cannot be read.")
    ]


class ReadingItem(Struct, frozen=True):
    """What one path led to."""

    path: Annotated[str, about("With {org_id} in place of the organization.")]
    status: Annotated[int | None, about("null: there was no response.")]
    permission: Annotated[str, about("What reading it needs; empty if that is not known.")]
    objects: Count
    complete: Annotated[bool, about("These are all; at most three pages are read.")]
    page_size: Annotated[int | None, about("Objects on a full page; null: no page was full.")]


class DoctorDocument(Document, frozen=True, kw_only=True):
    """Output of `doctor`. It has no text, name, address or id of an organization."""

    exit_code: ExitStatus
    emulator: Annotated[bool, about("The API is an emulator.")]
    requests: Count
    key: Annotated[KeyItem | None, about("null: no request was sent.")]
    readings: tuple[ReadingItem, ...]
    quirks: Annotated[dict[str, str], about("Open question → the answer that reading gave.")]
    headers: Annotated[tuple[str, ...], about("Of responses: rate limits and request ids.")]
    checks: tuple[CheckItem, ...]
