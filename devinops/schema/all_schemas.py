"""The JSON Schemas of all files that a user writes and all documents that devinops writes."""

from __future__ import annotations

import tomllib
from pkgutil import get_data
from typing import Any

from devinops.schema.backup import BackupHeader, BackupsDocument, ObjectLine
from devinops.schema.base_document import schema
from devinops.schema.command_outputs import PullDocument, RulesDocument, TargetsDocument
from devinops.schema.doctor import DoctorDocument
from devinops.schema.files import headed
from devinops.schema.insight import InsightDocument
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
from devinops.schema.published import Schema, published, published_files
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
        "rules": schema("Output of devinops lint --explain with --format json", [RulesDocument]),
        "plugin-lock": schema(
            "One line of devinops-lock.jsonl (JSON Lines), which devinops export writes into a "
            "plugin: the header or an entry",
            [LockHeader, LockLine],
        ),
        "pull": schema(
            "Output of devinops pull with --format json", [PullDocument, FailureDocument]
        ),
        "doctor": schema(
            "Output of devinops doctor with --format json", [DoctorDocument, FailureDocument]
        ),
        "insight": schema(
            "Output of devinops insight with --format json", [InsightDocument, FailureDocument]
        ),
        "targets-documents": schema(
            "Output of devinops targets with --format json", [TargetsDocument, FailureDocument]
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
    texts = document_texts()
    documents = {
        name: headed(name, published(documented(schema, texts)))
        for name, schema in document_schemas().items()
    }
    return published_files() | documents


def document_texts() -> Schema:
    """Return class → field → description (`text`) and example of the fields of documents.

    They are data beside this module and not in the annotations of the classes, because every
    command that prints a document would evaluate them when it starts.
    """
    data = get_data(__name__, "document_texts.toml") or b""
    return tomllib.loads(data.decode())


def documented(schema: Schema, texts: Schema) -> dict[str, Any]:
    """Return the schema of documents with the texts of their fields; the class `all` is each."""
    definitions = {
        name: {**part, "properties": _described(part["properties"], texts.get(name, {}), texts)}
        if "properties" in part
        else part
        for name, part in schema["$defs"].items()
    }
    return {**schema, "$defs": definitions}


def _described(properties: Schema, own: Schema, texts: Schema) -> dict[str, Any]:
    described = {}
    for field, part in properties.items():
        facts = {**texts["all"].get(field, {}), **own.get(field, {})}
        example = {"example": facts["example"]} if "example" in facts else {}
        described[field] = {"description": facts.get("text", ""), **example, **part}
    return described
