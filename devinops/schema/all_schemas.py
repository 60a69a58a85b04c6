"""The JSON Schemas of all files that a user writes and all documents that devinops writes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pkgutil import get_data
from typing import Any, Final

from msgspec import Struct

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

_OUTPUTS: Final[Mapping[str, tuple[str, list[type[Struct]]]]] = {
    "run": ("plan, apply, drift and rollback", [RunDocument, FailureDocument]),
    "problems": ("validate and lint", [ProblemsDocument]),
    "rules": ("lint --explain", [RulesDocument]),
    "pull": ("pull", [PullDocument, FailureDocument]),
    "doctor": ("doctor", [DoctorDocument, FailureDocument]),
    "insight": ("insight", [InsightDocument, FailureDocument]),
    "targets-documents": ("targets", [TargetsDocument, FailureDocument]),
    "backups": ("rollback without BACKUP", [BackupsDocument]),
    "inventory-documents": (
        "inventory",
        [ListDocument, RecordDocument, UnlockDocument, RepairDocument, FailureDocument],
    ),
}
"""Name of a schema → the commands whose JSON it describes, and the documents that they print."""

_LOCK: Final = "devinops-lock.jsonl (JSON Lines), which devinops export writes into a plugin"
_LINES: Final[Mapping[str, tuple[str, list[type[Struct]]]]] = {
    "plugin-lock": (f"{_LOCK}: the header or an entry", [LockHeader, LockLine]),
    "backup": ("a backup (JSON Lines): the header or an object", [BackupHeader, ObjectLine]),
    "inventory": (
        "an inventory (JSON Lines): a header, a record, a deleted object, an intent or the end",
        [HeaderLine, RecordLine, DeletedLine, FailedLine, IntentLine, RunLine, EndLine],
    ),
    "merged": (
        "devinops-merged/TARGET.jsonl (JSON Lines), which devinops pull writes",
        [MergedLine],
    ),
}
"""The same for a file, and its lines."""


def document_schemas() -> dict[str, dict[str, Any]]:
    """Return name → JSON Schema without `$schema` and `$id`, of what devinops writes."""
    outputs = {
        name: schema(f"Output of devinops {commands} with --format json", documents)
        for name, (commands, documents) in _OUTPUTS.items()
    }
    lines = {name: schema(f"One line of {file}", lines) for name, (file, lines) in _LINES.items()}
    return outputs | lines


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
