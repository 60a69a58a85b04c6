"""Descriptions and examples of the fields of documents, for the published schemas only.

They are not in the annotations of the classes, because every command that prints a document would
evaluate them when it starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from devinops.kinds import KINDS
from devinops.schema.published import Schema

_KIND: Final = next(kind for kind in KINDS.values() if kind.meaning.when)
_SECRET: Final = next(kind.noun for kind in KINDS.values() if kind.confidential)
_FIELD: Final = _KIND.meaning.when
_PARENT: Final = _KIND.parent or ""
_KEY: Final = f"{_KIND.noun}:Backend/APIs/Error envelope"
_RUN: Final = "20260131T120000Z-1a2b3c"
_TIME: Final = "2026-01-31T12:00:00Z"
_COMMIT: Final = "0123456789abcdef0123456789abcdef01234567"
_DIGEST: Final = "0123456789abcdef0123456789abcdef"
_HASH: Final = _DIGEST * 2
_FILE: Final = f"{_KIND.section}/Backend/APIs/errors.md"

TEXTS: Final[Mapping[str, tuple[Any, ...]]] = {
    # --- all documents
    "format_version": ("", "1.0"),
    "tool_version": ("Version of devinops that wrote the document.", "0.9.0"),
    "exit_code": ("", 0),
    "FailureDocument.exit_code": ("", 1),
    "target": ("Name of the target.", "production"),
    "targets": ("Names of the targets.", ["production"]),
    "org_id": ("Id of the organization; null: not known, or none.", "org-0123abcd"),
    "api_url": ("URL of the API.", "https://api.devin.ai"),
    "problems": ("What is wrong in the files.",),
    "key": ("Key of the object.", _KEY),
    "kind": ("Kind of the object.", _KIND.noun),
    "id": ("Id of the live object.", "note-0123abcd"),
    "IntentItem.id": ("Id of the live object; null: it has none yet.", "note-0123abcd"),
    "ids": ("Ids of all live objects that are meant.", ["note-0123abcd", "note-4567cdef"]),
    "source": ("Where the entry is.",),
    "file": ("Path of the file, relative to the root.", _FILE),
    "path": ("Path of the file, relative to the root.", _FILE),
    "line": ("Number of the line.", 3),
    "column": ("Number of the column.", 7),
    "action": ("What the step does.", "update"),
    "reason": ("Why, as text for people.", "the body differs"),
    "NotReadItem.reason": ("Why it was not read.", "the key may not read it"),
    "NotPulledItem.reason": ("", "rename one of them in the web app"),
    "RefusalItem.reason": ("Why, as text for people.", "4 deletes are too many"),
    "notes": ("Remarks for people.", ["2 secrets are not checked"]),
    "error": ("What went wrong, as text for people.", "the API cannot be reached"),
    "digest": ("Fingerprint of the changes, for apply --expect.", _DIGEST),
    "checksum": ("", _HASH),
    "only": ("", [f"{_KIND.noun}:Backend/*"]),
    "approvals": ("The approvals that the plan was made with.",),
    "store": ("Where the inventory is stored.", "branch"),
    "owned": ("Number of objects that the inventory owns.", 12),
    "time": ("Time (UTC).", _TIME),
    "run": ("Name of the run.", _RUN),
    "commit": ("Commit of the files; null: not known.", _COMMIT),
    "unverified": ("", "the API cannot be reached"),
    "lint": ("With --lint-since: what lint finds in the entries that changed.",),
    # --- plan, apply and drift of one target
    "Sides.before": ("Value before the change; missing: none.", "old text"),
    "Sides.after": ("Value after the change; missing: none.", "new text"),
    "how": ("Whether it replaces the whole entry or single fields.",),
    "TargetItem.name": ("Name of the target.", "production"),
    "api_version": ("Version of the API.", "v3"),
    "fields": ("Field → its values.", {_FIELD: {"before": "old", "after": "new"}}),
    "OverriddenItem.source": ("Where that entry is.",),
    "OverriddenItem.fields": ("The fields that it replaces.", [_FIELD]),
    "live_hash": ("", _HASH),
    "overwrites": ("", [_FIELD]),
    "option": ("The option.", "--allow-delete"),
    "values": ("", ["4"]),
    "approved": ("Whether it was approved.",),
    "risk": ("What can happen, as text for people.", "is raised from 100 to 200"),
    "by": ("What the step waits for.", "conflict"),
    "needed_by": ("Keys of the entries that need it.", [_KEY]),
    "entries": ("Number of entries in the files.", 2),
    "in_root": ("", 1),
    "moved": ("What happened to the object outside devinops.", "edited"),
    "at": ("", 1769860800),
    "severity": ("How serious it is.",),
    "code": ("", "unknown-key"),
    "message": (
        "The problem, as text for people.",
        f'unknown key "triger"; did you mean "{_FIELD}"?',
    ),
    "adopt": ("--adopt: differing objects that nobody owned may be updated.",),
    "on_conflict": ("Which side wins all conflicts; null: none.", "git"),
    "allow_delete": ("Number of deletes that --allow-delete accepts.", 4),
    "allow_missing": ("Number of missing objects that --allow-missing accepts.", 4),
    "allow_targets": ("Number of targets that --allow-targets accepts.", 200),
    "on_drift": ("", "overwrite"),
    "decided": ("", {_KEY: "git"}),
    "ApprovalsItem.folders": ("", "root"),
    "ApprovalsItem.hazards": ("", ["spend"]),
    "outcome": ("What became of the change.", "done"),
    "CommentDocument.outcome": ("", "updated"),
    "complete": ("Whether there is a result; false: the command failed before it had one.",),
    "changes": ("The planned steps, in their order.",),
    "blocked": ("The steps that wait for a person.",),
    "drift": ("Changes made outside devinops.",),
    "refusals": ("Why nothing may be applied; empty: nothing speaks against it.",),
    "hazards": ("What the changes may cost or stop.",),
    "unmanaged": ("", {_KIND.noun: 3}),
    "unchanged": ("Number of entries whose objects are as declared.", 40),
    "summary": ("", {"create": 1, "update": 2}),
    "backup": (
        "Backup of overwritten and deleted objects; null: none.",
        f".devinops/backups/{_RUN}.jsonl",
    ),
    "unsaved": ("", [f"{_SECRET}:NPM_TOKEN"]),
    "ProblemsDocument.files": ("Number of files that were read.", 12),
    # --- many targets
    "RunDocument.targets": ("The targets, sorted by name.",),
    "ChangeRow.name": ("Name of the target.", "production"),
    "BlockedRow.name": ("Name of the target.", "production"),
    "DriftRow.name": ("Name of the target.", "production"),
    "OtherRow.name": ("Name of the target.", "production"),
    "RunTargetItem.name": ("Name of the target.", "production"),
    "RunTargetItem.target": ("",),
    "RunTargetItem.message": ("", "waits for the audit (devinops.yaml:3:11)"),
    "RunTargetItem.unmanaged": ("", {_KIND.noun: 3}),
    "state": ("What the run made of the target.",),
    "moves_from": ("", "staging"),
    "by_one": ("", False),
    "ChangeRow.id": ("Id of the live object; null: it has none yet.", "note-0123abcd"),
    "ChangeRow.message": ("Why it did not succeed.", "the API returned 403"),
    "new_id": ("", "note-4567cdef"),
    "again": ("", ["note-4567cdef"]),
    "ChangeRow.by": (
        "Who changed what it overwrites.",
        "platform@example.com",
    ),
    "RunChange.targets": ("The targets, each with its object and what became of it.",),
    "RunBlocked.targets": ("The targets, each with its objects.",),
    "RunDrift.targets": ("The targets, each with its object and its last change.",),
    "RunOther.targets": ("The targets, each with its object.",),
    "RunChange.source": ("Where the entry is; null: there is none.",),
    "RunBlocked.source": ("Where the entry is; null: there is none.",),
    "RunDrift.source": ("Where the entry is; null: there is none.",),
    "BlockedRow.by": ("Who last changed the object, if that is known.", "platform@example.com"),
    "DriftRow.by": ("", "platform@example.com"),
    "RunHazard.approval": ("", "spend"),
    "RunMissing.kind": ("Kind of the object.", _PARENT),
    "RunMissing.path": ("Path of the folder, or name of the object.", "Backend/APIs"),
    "RunRefusal.reason": ("Why, as text for people.", "4 deletes are too many"),
    "RunDocument.notes": ("Remarks for people.",),
    "RunNote.text": ("The remark.", "2 secrets are not checked"),
    "RunDocument.unmanaged": ("",),
    "OtherRow.owner": ("", "acme"),
    "also_changed": ("", ["labels of 3 targets"]),
    "refused": ("Why nothing may be applied in some targets.",),
    "number": ("Number of the shard.", 1),
    "total": ("Number of all shards.", 8),
    "selected": ("", 400),
    # --- lint, explain and fmt
    "RuleItem.id": ("", "DV205"),
    "RuleItem.name": ("Name of the rule.", "broken-link"),
    "scope": ("", "entry"),
    "RuleItem.summary": ("What it finds, in one sentence.", "A link leads to nothing."),
    "manual": ("", "docs/lint.md#broken-link"),
    "rules": ("The rules.",),
    "ensure": ("What the entry asks for.",),
    "value": ("The value.", "When adding or changing an HTTP endpoint"),
    "ExplainDocument.fields": (
        "",
        {
            _FIELD: [
                {
                    "source": {"file": _FILE, "line": 3, "column": 1},
                    "value": "When adding an HTTP endpoint",
                    "replaced": False,
                }
            ]
        },
    ),
    "diff": ("", f"--- a/{_FILE}\n+++ b/{_FILE}\n"),
    "files": ("The files that were written, or with --check would be.",),
    "FormatDocument.unchanged": ("", 40),
    # --- export
    "ObjectsDocument.source": ("What the objects were read from.",),
    "items": (
        "",
        [
            {
                "kind": _KIND.noun,
                "name": "Error envelope",
            }
        ],
    ),
    "not_read": ("", {_SECRET: "the key may not read it"}),
    "ObjectsReport.file": ("The file that was written.", "objects.json"),
    "objects": ("Number of objects.", 12),
    "remarks": ("What was not carried over.",),
    "text": ("The remark, for people.", "pinned_repo has no equivalent"),
    "directory": ("Directory of the plugin.", "plugin"),
    "change": ("What is done to the file.",),
    "PluginFileItem.path": ("", "skills/error-envelope/SKILL.md"),
    "shipped": ("", [_KEY]),
    "status": ("How the skill compares with the entry.", "same"),
    "directories": ("", ["../api"]),
    "skills": ("The entries and skills that were compared.",),
    "ComparedItem.path": ("", "../api/.agents/skills/error-envelope/SKILL.md"),
    "devinops_lock": ("", 1),
    "slug": ("", "error-envelope"),
    "LockLine.ids": ("", {"production": "note-0123abcd"}),
    # --- pull
    "keys": ("Keys of the entries in it that change.", [_KEY]),
    "PulledFile.fields": ("", [_FIELD]),
    "why": ("", "namesakes"),
    "set_up": ("", ["devinops.yaml"]),
    "PulledTargetItem.not_read": ("Kinds that were not read, and why.",),
    "PullDocument.targets": ("The targets, and what could not be read of each.",),
    "PulledTargetItem.name": ("Name of the target.", "production"),
    # --- comment
    "root": ("Directory of the files.", "."),
    "request": ("Number of the pull or merge request; null: none.", 7),
    "url": ("Web page of the comment; null: none.", "https://example.com/acme/api/pull/7"),
    "digests": ("", {"production": _DIGEST}),
    # --- import
    "OriginItem.path": ("Path of the source.", ".cursor/rules/errors.mdc"),
    "form": ("The form of the source.", "cursor"),
    "ImportedItem.source": ("Where it comes from.",),
    "overwritten": ("Whether an existing file was overwritten.",),
    "unwritten": ("", _FIELD),
    "ImportedItem.id": ("", "note-0123abcd"),
    "address": ("", "devin_knowledge_note.errors"),
    "ImportedItem.remarks": ("", [f"{_FIELD} was taken from the description"]),
    "DuplicateItem.source": ("Where it comes from.",),
    "what": ("", "the same as"),
    "place": ("", _FILE),
    "NotImportedItem.source": ("Where it is.",),
    "NotImportedItem.what": ("What was not imported.", "the rule errors"),
    "NotImportedItem.why": ("Why it was not imported.", "it has no text"),
    "imported": ("The entries that were written.",),
    "duplicates": ("What an entry has already.",),
    "not_imported": ("What was not imported, and why.",),
    "ImportDocument.remarks": ("", {".cursor/rules": ["globs are kept in meta"]}),
    "commands": ("", [f"devinops inventory link '{_KEY}' note-0123abcd"]),
    # --- whoami and targets
    "settings": (
        "Setting → its value and source.",
        {"prune": {"value": "owned", "source": "devinops.yaml:5:12"}},
    ),
    "SettingItem.value": ("The value; null: none.", "owned"),
    "SettingItem.source": ("Where the value comes from.", "devinops.yaml:5:12"),
    "principal": ("Owner of the API key; null: not known.", "ci"),
    "principal_type": ("What the owner is; null: not known.", "service_user"),
    "WhoamiDocument.targets": ("The targets, and who the key of each belongs to.",),
    "WhoamiTargetItem.name": ("Name of the target.", "production"),
    "api_key_env": ("", "DEVIN_API_KEY_PRODUCTION"),
    "TargetsDocument.targets": ("The targets, in the order of the files.",),
    "title": ("Name of the organization, for people; null: none.", "Payments EU"),
    "enterprise": ("Whether it is the enterprise itself.",),
    "labels": ("Label → value.", {"ring": "canary"}),
    "layers": ("", ["layers/eu"]),
    "hold": ("", "waits for the audit"),
    "DiscoverDocument.files": ("", ["targets.yaml"]),
    "organizations": ("", 40),
    "DiscoverDocument.ignored": ("", 2),
    "new": ("Targets for organizations that had none.",),
    "NewTargetItem.org_id": ("Id of the organization.", "org-0123abcd"),
    "NewTargetItem.title": ("Name of the organization.", "Payments EU"),
    "DeclaredTargetItem.name": ("Name of the target.", "production"),
    "DeclaredTargetItem.source": ("Where the target is declared.",),
    "NewTargetItem.name": ("Name of the target.", "payments-eu"),
    "RetitledItem.name": ("Name of the target.", "payments-eu"),
    "retitled": ("Targets whose organizations have new names.",),
    "RetitledItem.before": ("Title before.", "Payments"),
    "RetitledItem.after": ("Title now.", "Payments EU"),
    "gone": ("", ["payments-us"]),
    # --- doctor
    "Check.status": ("Whether there is something to do.", "ok"),
    "about": ("What was looked at.", "inventory"),
    "Check.text": ("What was found, for people.", "the inventory can be read"),
    "step": ("", "run devinops inventory repair"),
    "KeyFacts.api": ("Version of the API that it is for.", "v3"),
    "KeyFacts.scope": ("Whose objects it reads.", "organization"),
    "KeyFacts.principal": ("What its owner is.", "service_user"),
    "permissions": ("", ["ManageOrgKnowledge"]),
    "ReadingItem.path": ("", "/v3/organizations/{org_id}/knowledge/notes"),
    "ReadingItem.status": ("", 200),
    "permission": ("", "ManageOrgKnowledge"),
    "page_size": ("", 100),
    "requests": ("Number of requests that were sent.", 9),
    "DoctorDocument.key": ("",),
    "readings": ("What each path led to.",),
    "quirks": ("", {"total": "present"}),
    "headers": ("", ["x-request-id"]),
    "checks": ("What was looked at, and what was found.",),
    # --- backups
    "api": ("Version of the API.", "v3"),
    "BackupHeader.enterprise": ("Whether the objects are those of an enterprise.",),
    "emulator": ("Whether the API was an emulator.",),
    "ObjectLine.ids": ("", {_PARENT: "id-0123abcd"}),
    "created_at": ("Epoch seconds when it was created; null: not known.", 1769860800),
    "updated_at": ("Epoch seconds when it was last changed; null: not known.", 1769860800),
    "created_by": ("Who created it; null: not known.", "platform@example.com"),
    "updated_by": ("Who last changed it; null: not known.", "platform@example.com"),
    "access": ("Whose object it is.", "org"),
    "ObjectLine.fields": ("Field → its value.", {"name": "Error envelope"}),
    "BackupItem.file": ("Path of the backup.", f".devinops/backups/{_RUN}.jsonl"),
    # --- inventory
    "devinops_inventory": ("", 1),
    "api_host": ("", "api.devin.ai"),
    "RecordLine.source": ("", _FILE),
    "RecordLine.at": ("", _TIME),
    "RecordLine.fields": ("", {_FIELD: _HASH}),
    "RecordLine.left_out": ("", {_FIELD: _HASH}),
    "deleted": ("Objects that were owned until an apply deleted them.",),
    "DeletedLine.deleted": ("", _KEY),
    "DeletedLine.at": ("", _TIME),
    "FailedLine.failed": ("", _KEY),
    "FailedLine.sent": ("", _HASH),
    "FailedLine.at": ("", _TIME),
    "intent": ("", _RUN),
    "devinops_run": ("", 1),
    "job": ("The CI job of the run; empty or null: not known.", "github/7/apply"),
    "attempt": ("", 1),
    "field": ("", _FIELD),
    "live": ("", _HASH),
    "base": ("", _HASH),
    "devinops_inventory_end": ("The line is the last one.",),
    "sent": ("Hash of the value that was sent; null: the entry left the field out.", _HASH),
    "read": ("Hash of the value that the API returned; null: unknown.", _HASH),
    "FieldItem.state": ("How the live value compares with it.",),
    "RecordItem.source": ("File of its entry when it was last applied.", _FILE),
    "protect": ("Whether it is kept when its entry is removed.",),
    "RecordLine.unknown": ("", ["priority"]),
    "ObjectLine.unknown": ("", ["priority"]),
    "RecordItem.at": ("Time (UTC) when what was sent last changed; null: not known.", _TIME),
    "RecordItem.fields": ("Field → its hashes.", {_FIELD: {"sent": _HASH, "read": _HASH}}),
    "RecordItem.live": ("Key of the live object; null: it is gone.", _KEY),
    "intents": ("The writes that were announced.",),
    "since": ("Time (UTC) when the run began; null: not known.", _TIME),
    "DeletedItem.at": ("Time (UTC) when it was deleted.", _TIME),
    "records": ("The owned objects.",),
    "record": ("The owned object.",),
    "open_runs": ("Runs that have not settled all their writes.",),
    "ListDocument.unclear": ("Keys that an earlier run may have created.",),
    "other_targets": ("Other targets in which the run is not settled either.", ["staging"]),
    "RepairDocument.missing": ("Records whose objects are gone.",),
    "link": ("Id of the object to link instead; null: it is ambiguous.", "note-4567cdef"),
    "candidates": ("Live objects that may be the owned one.",),
    "evidence": ("What speaks for it.", ["same body", "same name"]),
}
"""Field, or class and field → description and example.

The description is empty if the class has it, and there is no example if it follows from the type or
from the parts.
"""


def documented(schema: Schema) -> dict[str, Any]:
    """Return the schema of documents, in which fields have the descriptions and examples above."""
    definitions = {
        name: {**part, "properties": _fields(name, part["properties"])}
        if "properties" in part
        else part
        for name, part in schema["$defs"].items()
    }
    return {**schema, "$defs": definitions}


def _fields(name: str, properties: Schema) -> dict[str, Any]:
    return {field: {**_text(name, field), **part} for field, part in properties.items()}


def _text(name: str, field: str) -> dict[str, Any]:
    facts = TEXTS.get(f"{name}.{field}") or TEXTS.get(field, ("",))
    return dict(zip(("description", "example"), facts, strict=False))
