"""The lines of the lock file of an exported plugin."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from devinops.schema.base_document import KeyText, Text

LOCK_VERSION: Final = 1


class LockHeader(Struct, frozen=True):
    """The first line."""

    devinops_lock: Annotated[int, Meta(ge=1)]


class LockLine(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An entry, and its name in the plugin."""

    slug: Annotated[
        str, Meta(extra_json_schema={"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64})
    ]
    key: KeyText
    ids: dict[str, Text] = {}
