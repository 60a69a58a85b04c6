"""What `devinops export` writes into the `metadata` of a skill or rule: the entry it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from devinops.ingest.forms._front_matter import Page
from devinops.kinds import KINDS
from devinops.model.keys import Key

PREFIX: Final = "devinops-"
"""Prefix of an entry's fields in `metadata`; `devinops-key` is the entry's key."""


def own_fields(written: Page) -> dict[str, Any]:
    """Return field → value of what devinops wrote into the metadata, without the key."""
    return {name: value for name, value in _metadata(written).items() if name != "key"}


def own_key(written: Page) -> Key | None:
    """Return the key of the entry that a page was written from; None if devinops did not."""
    try:
        key = Key.parse(str(_metadata(written).get("key", "")))
    except ValueError:
        return None
    return key if key.kind in KINDS else None


def _metadata(written: Page) -> dict[str, Any]:
    metadata = written.values.get("metadata")
    if not isinstance(metadata, Mapping):
        return {}
    return {
        str(name).removeprefix(PREFIX): value
        for name, value in metadata.items()
        if str(name).startswith(PREFIX) and isinstance(value, str | bool)
    }
