"""The document of `devinops whoami`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from devinops.schema.base_document import Document, about


class SettingItem(Struct, frozen=True):
    """An effective setting and its source."""

    value: str | float | None
    source: str


class WhoamiDocument(Document, frozen=True, kw_only=True):
    """Output of `whoami`."""

    root: str
    settings: dict[str, SettingItem]
    principal: Annotated[str, about("Owner of the API key.")]
    principal_type: str | None
    org_id: str | None
    emulator: Annotated[bool | None, about("The API is an emulator; null: not known.")]
