"""The lines of a backup, and the list of backups that `devinops rollback` prints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from devinops.kinds import KINDS, dropped
from devinops.model.keys import FolderPath
from devinops.model.kind import ApiVersion, Lifecycle, Resource
from devinops.model.objects import Access, Live, member_names
from devinops.model.target import Target
from devinops.schema.base_document import Count, Document, DroppedKind, KeyText, Text, addressed
from devinops.schema.files import TARGET_NAME
from devinops.schema.findings import validator

RUN = r"^\d{8}T\d{6}Z-[0-9a-f]{4,12}$"


class BackupHeader(Document, frozen=True, kw_only=True):
    """The first line: the run that made the backup, its time and its organization."""

    run: Annotated[str, Meta(pattern=RUN)]
    time: str
    target: Annotated[str, Meta(pattern=TARGET_NAME)]
    api_url: Text
    api: ApiVersion
    org_id: str | None
    emulator: bool
    enterprise: bool = False

    def to_model(self) -> Target:
        """Return the target. Raises ValueError if a field is not valid."""
        if not re.fullmatch(RUN, self.run) or not re.fullmatch(TARGET_NAME, self.target):
            raise ValueError("the name of the run or the target is not valid")
        if datetime.fromisoformat(self.time).tzinfo is None:
            raise ValueError("time has no time zone")
        facts = (self.target, self.api_url, self.api, self.org_id)
        return addressed(Target(*facts, self.emulator, self.enterprise))


class ObjectLine(Struct, frozen=True):
    """An object as it was before it was overwritten or deleted."""

    kind: str
    key: KeyText
    id: Text
    ids: dict[str, str]
    created_at: int | None
    updated_at: int | None
    created_by: str | None
    updated_by: str | None
    access: Access
    fields: dict[str, Any]
    unknown: list[str] = []

    @classmethod
    def of(cls, live: Live) -> ObjectLine:
        times, people = (live.created_at, live.updated_at), (live.created_by, live.updated_by)
        facts = (live.id, dict(live.ids), *times, *people, live.access)
        unknown = [*member_names(live.unknown)]
        return cls(live.key.kind, str(live.key), *facts, dict(live.resource.items()), unknown)

    def to_model(self) -> Live:
        """Return the live object as it was. Raises ValueError; DroppedKind for a dropped kind."""
        if advice := dropped(self.kind):
            raise DroppedKind(self.key, advice)
        kind = KINDS.get(self.kind)
        if kind is None or kind.lifecycle is Lifecycle.REQUIRED:
            raise ValueError("kind: no run overwrites objects of this kind")
        resource = _resource(self.kind, self.fields)
        return Live(
            self.id,
            resource,
            access=self.access,
            ids=self.ids,
            created_at=self.created_at,
            updated_at=self.updated_at,
            created_by=self.created_by,
            updated_by=self.updated_by,
            unknown={(name,): None for name in self.unknown},
        )


def _resource(noun: str, fields: Mapping[str, Any]) -> Resource:
    """Return the resource of saved fields. Raises ValueError."""
    _check_fields(noun, fields)
    values = dict(fields)
    parent = KINDS[noun].parent
    if parent and parent in values:
        values[parent] = FolderPath(values[parent] or "")
    return KINDS[noun].resource(**values)


def _check_fields(noun: str, fields: Mapping[str, Any]) -> None:
    """Raise ValueError if a field is unknown, missing or of the wrong type.

    Only the types are checked: a live value need not match the pattern of a file.
    """
    types = _types(noun)
    for name, value in fields.items():
        if name not in types or not types[name].is_valid(value):
            raise ValueError(
                f"fields.{name[:80]}: the field is unknown, or its value has the wrong type"
            )
    for attribute in KINDS[noun].attributes:
        if attribute.required and attribute.name not in fields:
            raise ValueError(f"fields.{attribute.name} is missing")


@cache
def _types(noun: str) -> Mapping[str, Any]:
    """Return field → validator that checks only its JSON type."""
    return {a.name: validator(a.live_schema) for a in KINDS[noun].attributes}


class BackupItem(Struct, frozen=True, kw_only=True):
    """A backup; if it cannot be read, only `file` and `error` are set."""

    file: str
    error: str | UnsetType = UNSET
    run: str | UnsetType = UNSET
    time: str | UnsetType = UNSET
    target: str | UnsetType = UNSET
    objects: Count | UnsetType = UNSET


class BackupsDocument(Document, frozen=True, kw_only=True):
    """What `rollback` prints without BACKUP."""

    backups: tuple[BackupItem, ...]
