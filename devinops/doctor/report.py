"""Puts an examination into the document that people attach to a report."""

from __future__ import annotations

from collections.abc import Iterable

from devinops.doctor.checks import Check
from devinops.doctor.examine import Examination
from devinops.doctor.lists import List
from devinops.model.exit_codes import ExitCode
from devinops.schema.base_document import HEAD
from devinops.schema.doctor import CheckItem, DoctorDocument, KeyItem, ReadingItem


def document(checks: Iterable[Check], found: Examination | None, code: ExitCode) -> DoctorDocument:
    """Return what doctor found as a document; `found` is None if no request could be sent."""
    key = found.key if found else None
    return DoctorDocument(
        **HEAD,
        exit_code=code,
        emulator=bool(found and found.emulator),
        requests=found.requests if found else 0,
        key=KeyItem(key.api, key.scope, key.principal, key.permissions) if key else None,
        readings=tuple(map(_reading, found.lists.values())) if found else (),
        quirks=dict(sorted(found.quirks.items())) if found else {},
        headers=found.headers if found else (),
        checks=tuple(CheckItem(check.status, *check[1:]) for check in checks),
    )


def _reading(result: List) -> ReadingItem:
    return ReadingItem(
        result.reading.path,
        result.first.status,
        result.reading.permission,
        len(result.objects),
        result.is_complete,
        result.page_size,
    )
