"""The order in which the fields of an entry and the settings of devinops.yaml are written."""

from __future__ import annotations

from functools import cache
from typing import Final

from devinops.model.kind import Kind
from devinops.schema.files import entry_schema, file_schemas

MERGE: Final = "<<"


@cache
def of_entry(kind: Kind) -> tuple[str, ...]:
    """Return the fields of an entry: what identifies it first, a long text last.

    Between them are the other fields of the kind, and then those that every kind has.
    """
    names = entry_schema(kind)["properties"]
    texts = [name for name in (kind.document, f"{kind.document}_file") if name in names]
    return (MERGE, *(name for name in names if name not in texts), *texts)


@cache
def of_settings() -> tuple[str, ...]:
    """Return the settings of devinops.yaml."""
    return (MERGE, *file_schemas()["config"]["properties"])


@cache
def of_target() -> tuple[str, ...]:
    """Return the settings of a target in devinops.yaml."""
    targets = file_schemas()["config"]["properties"]["targets"]
    return (MERGE, *targets["additionalProperties"]["properties"])
