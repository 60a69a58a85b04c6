"""The JSON Schemas of all files that a user writes and all documents that devinops writes."""

from __future__ import annotations

from typing import Any

from devinops.schema.backup import BackupHeader, BackupsDocument, ObjectLine
from devinops.schema.base_document import schema
from devinops.schema.command_outputs import (
    CommentDocument,
    DiscoverDocument,
    ExplainDocument,
    FormatDocument,
    ImportDocument,
    ObjectsDocument,
    ObjectsReport,
    PluginReport,
    PullDocument,
    ReviewedDocument,
    RulesDocument,
    StatusReport,
    TargetsDocument,
    WhoamiDocument,
)
from devinops.schema.doctor import DoctorDocument
from devinops.schema.document_texts import documented
from devinops.schema.files import headed
from devinops.schema.inventory import (
    DeletedLine,
    EndLine,
    FailedLine,
    HeaderLine,
    IntentLine,
    ListDocument,
    MergedLine,
    RecordDocument,
    RecordLine,
    RepairDocument,
    RunLine,
    UnlockDocument,
)
from devinops.schema.plugin_lock import LockHeader, LockLine
from devinops.schema.published import published, published_files
from devinops.schema.run import FailureDocument, ProblemsDocument, RunDocument


def document_schemas() -> dict[str, dict[str, Any]]:
    """Return name → JSON Schema without `$schema` and `$id`, of what devinops writes."""
    return {
        "run": schema(
            "Output of devinops plan, apply, drift and rollback with --format json",
            [RunDocument, FailureDocument],
        ),
        "problems": schema(
            "Output of devinops validate and lint with --format json", [ProblemsDocument]
        ),
        "rules": schema(
            "Output of devinops lint --list-rules and --explain with --format json",
            [RulesDocument],
        ),
        "explain": schema(
            "Output of devinops explain with --format json", [ExplainDocument, FailureDocument]
        ),
        "fmt": schema("Output of devinops fmt with --format json", [FormatDocument]),
        "export": schema(
            "What devinops export --to json writes, and its output with --format json",
            [ObjectsDocument, ObjectsReport, PluginReport, StatusReport, FailureDocument],
        ),
        "plugin-lock": schema(
            "One line of devinops-lock.jsonl (JSON Lines), which devinops export writes into a "
            "plugin: the header or an entry",
            [LockHeader, LockLine],
        ),
        "pull": schema(
            "Output of devinops pull with --format json",
            [PullDocument, FailureDocument],
        ),
        "comment": schema(
            "Output of devinops comment with --format json",
            [CommentDocument, ReviewedDocument, FailureDocument],
        ),
        "import": schema("Output of devinops import with --format json", [ImportDocument]),
        "whoami": schema(
            "Output of devinops whoami with --format json",
            [WhoamiDocument, FailureDocument],
        ),
        "doctor": schema(
            "Output of devinops doctor with --format json", [DoctorDocument, FailureDocument]
        ),
        "targets-documents": schema(
            "Output of devinops targets with --format json",
            [TargetsDocument, DiscoverDocument, FailureDocument],
        ),
        "backup": schema(
            "One line of a backup (JSON Lines): the header or an object", [BackupHeader, ObjectLine]
        ),
        "backups": schema(
            "Output of devinops rollback without BACKUP with --format json", [BackupsDocument]
        ),
        "inventory": schema(
            "One line of an inventory (JSON Lines): a header, a record, a deleted object, an "
            "intent or the end",
            [HeaderLine, RecordLine, DeletedLine, FailedLine, IntentLine, RunLine, EndLine],
        ),
        "merged": schema(
            "One line of devinops-merged/TARGET.jsonl (JSON Lines), which devinops pull writes",
            [MergedLine],
        ),
        "inventory-documents": schema(
            "Output of devinops inventory with --format json",
            [ListDocument, RecordDocument, UnlockDocument, RepairDocument, FailureDocument],
        ),
    }


def schemas() -> dict[str, dict[str, Any]]:
    """Return name → JSON Schema (draft 2020-12).

    First the files that a user writes, see `file_schemas`; then the JSON documents that devinops
    writes.
    """
    documents = {
        name: headed(name, published(documented(schema)))
        for name, schema in document_schemas().items()
    }
    return published_files() | documents
