"""The document of `devinops whoami`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from devinops.schema.document import Document, about


class SettingItem(Struct, frozen=True):
    """An effective setting, and where it comes from."""

    value: str | float | None
    source: str


class WhoamiDocument(Document, frozen=True, kw_only=True):
    """What whoami writes."""

    root: str
    settings: dict[str, SettingItem]
    principal: Annotated[str, about("Who the key belongs to.")]
    principal_type: str | None
    org_id: str | None
    emulator: Annotated[bool | None, about("An emulator answered; null if that is not known.")]
