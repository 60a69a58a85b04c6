"""The JSON Schemas of every document that devinops writes."""

from __future__ import annotations

from typing import Any

from devinops.schema.backup import BackupHeader, BackupsDocument, ObjectLine
from devinops.schema.document import schema
from devinops.schema.files import file_schemas, headed
from devinops.schema.inventory import (
    EndLine,
    HeaderLine,
    IntentLine,
    ListDocument,
    RecordDocument,
    RecordLine,
    RepairDocument,
    UnlockDocument,
)
from devinops.schema.plan import (
    DriftDocument,
    FailureDocument,
    PlanDocument,
    ProblemsDocument,
)
from devinops.schema.whoami import WhoamiDocument


def document_schemas() -> dict[str, dict[str, Any]]:
    """Return name → JSON Schema without its head."""
    return {
        "plan": schema(
            "What devinops plan and apply write with --format json; after apply with results",
            [PlanDocument, FailureDocument],
        ),
        "problems": schema("What devinops validate writes with --format json", [ProblemsDocument]),
        "drift": schema(
            "What devinops drift writes with --format json", [DriftDocument, FailureDocument]
        ),
        "whoami": schema(
            "What devinops whoami writes with --format json", [WhoamiDocument, FailureDocument]
        ),
        "backup": schema(
            "One line of a backup (JSON Lines): header, objects", [BackupHeader, ObjectLine]
        ),
        "backups": schema(
            "What devinops rollback without BACKUP writes with --format json", [BackupsDocument]
        ),
        "inventory": schema(
            "One line of an inventory (JSON Lines): header, records, intents, end",
            [HeaderLine, RecordLine, IntentLine, EndLine],
        ),
        "inventory-documents": schema(
            "What devinops inventory writes with --format json",
            [ListDocument, RecordDocument, UnlockDocument, RepairDocument, FailureDocument],
        ),
    }


def schemas() -> dict[str, dict[str, Any]]:
    """Return name → JSON Schema (draft 2020-12), in the order of the documentation.

    First the files that a user writes, see `file_schemas`; then the JSON documents that devinops writes.
    """
    documents = {name: headed(name, schema) for name, schema in document_schemas().items()}
    return file_schemas() | documents
