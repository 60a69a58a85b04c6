"""The documents that lint, whoami, fmt, comment, pull, import and export print.

`plan`, `backup` and `inventory` have those of the other commands.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from devinops.model.objects import Ensure, Severity
from devinops.model.target import WaveState
from devinops.schema.base_document import (
    Count,
    Document,
    ExitStatus,
    KeyText,
    LineNumber,
    Text,
    about,
)
from devinops.schema.parts import OverriddenItem, ProblemItem, SourceItem

# --- lint -----------------------------------------------------------------------------------------


class RuleItem(Struct, frozen=True):
    """A lint rule."""

    id: Annotated[str, about("The code of its findings.")]
    name: str
    severity: Annotated[Severity, about("Default severity.")]
    scope: Annotated[str, about("What it must see: the entry, or the repository.")]
    summary: str
    manual: Annotated[str, about("Its page: why it matters, and examples.")]


class RulesDocument(Document, frozen=True, kw_only=True):
    """Output of `lint --list-rules` and `lint --explain`."""

    rules: tuple[RuleItem, ...]


# --- whoami ---------------------------------------------------------------------------------------


class SettingItem(Struct, frozen=True):
    """An effective setting and its source."""

    value: str | float | None
    source: str


class WhoamiTargetItem(Struct, frozen=True):
    """The effective settings of a target, and who its key belongs to or why that is not known."""

    name: str
    org_id: str | None
    api_key_env: Annotated[str | None, about("The variable that holds the key; null: none does.")]
    settings: dict[str, SettingItem]
    principal: str | None
    principal_type: str | None
    emulator: Annotated[bool | None, about("The API is an emulator; null: not known.")]
    error: str | None


class WhoamiDocument(Document, frozen=True, kw_only=True):
    """Output of `whoami`."""

    root: str
    exit_code: ExitStatus
    targets: tuple[WhoamiTargetItem, ...]


# --- targets --------------------------------------------------------------------------------------


class DeclaredTargetItem(Struct, frozen=True):
    """A target as the files declare it, with the defaults."""

    name: str
    title: str | None
    org_id: Annotated[str | None, about("Its id; null: looked up with the key, or none.")]
    enterprise: bool
    labels: dict[str, str]
    layers: Annotated[tuple[str, ...], about("Directories of the layers that it gets, in order.")]
    hold: Annotated[str | None, about("Why nothing is written to it; null: it is not held.")]
    api_key_env: Annotated[str, about("The variable that holds its key.")]
    source: SourceItem


class TargetsDocument(Document, frozen=True, kw_only=True):
    """Output of `targets`."""

    exit_code: ExitStatus
    targets: tuple[DeclaredTargetItem, ...]


class WaveItem(Struct, frozen=True):
    """How far a rollout is with a wave."""

    name: Annotated[str, about("enterprise: the targets that are enterprises.")]
    state: Annotated[WaveState, about("ready: it may start. stopped: too many targets failed.")]
    targets: Annotated[tuple[str, ...], about("Without those that are held.")]
    pending: Annotated[tuple[str, ...], about("Those that need changes and can be written.")]
    failed: Annotated[dict[str, str], about("Those that cannot be written → the reason.")]
    held: tuple[str, ...]
    max_failed: Count
    may_start: Annotated[bool, about("No earlier wave is in the way.")]
    until: Annotated[str | None, about("Time (UTC) when it has soaked; null: none waits for it.")]
    reason: Annotated[str, about("Why it is not done; empty if it is, or may start.")]


class RolloutDocument(Document, frozen=True, kw_only=True):
    """Output of `targets --waves`; `apply --gate` reads it."""

    exit_code: ExitStatus
    commit: Annotated[str, about("The commit that is checked out; empty without one.")]
    time: str
    due: Annotated[str | None, about("The next wave that may start; null: none.")]
    stopped: Annotated[bool, about("Too many targets of a wave failed.")]
    verdict: Annotated[str, about("Where the rollout is, in one sentence.")]
    waves: tuple[WaveItem, ...]


class NewTargetItem(Struct, frozen=True):
    """A target for an organization that had none."""

    name: str
    org_id: str
    title: str


class RetitledItem(Struct, frozen=True):
    """A target whose organization has another name than before."""

    name: str
    before: str
    after: str


class DiscoverDocument(Document, frozen=True, kw_only=True):
    """Output of `targets discover`."""

    exit_code: ExitStatus
    check: Annotated[bool, about("Nothing was written.")]
    files: Annotated[tuple[str, ...], about("The files that change.")]
    organizations: Annotated[Count, about("How many organizations the enterprise has.")]
    ignored: Annotated[Count, about("How many of them devinops.yaml ignores.")]
    new: tuple[NewTargetItem, ...]
    retitled: tuple[RetitledItem, ...]
    gone: Annotated[
        tuple[str, ...],
        about("Targets that are not held and whose organization is not in the list."),
    ]


# --- explain --------------------------------------------------------------------------------------


class ExplainedValue(Struct, frozen=True):
    """A value of a field in one entry."""

    source: SourceItem
    value: Any
    replaced: Annotated[bool, about("An entry of a later layer has another value, or none.")]


class ExplainDocument(Document, frozen=True, kw_only=True):
    """Output of `explain`."""

    target: str
    key: KeyText
    ensure: Ensure
    source: SourceItem
    overridden: Annotated[
        tuple[OverriddenItem, ...],
        about("What the entry does to those of earlier layers, the last layer first."),
    ]
    fields: Annotated[
        dict[str, tuple[ExplainedValue, ...]], about("Field → its values, the last layer first.")
    ]


# --- fmt ------------------------------------------------------------------------------------------


class FormattedFile(Struct, frozen=True):
    """A file that was formatted, or with --check or --diff would be."""

    path: Annotated[str, about("Relative to the root, with /.")]
    diff: Annotated[str, about("Unified diff; empty without --diff.")]


class FormatDocument(Document, frozen=True, kw_only=True):
    """Output of `fmt`."""

    exit_code: ExitStatus
    check: Annotated[bool, about("Nothing was written.")]
    files: tuple[FormattedFile, ...]
    unchanged: Annotated[Count, about("Number of files that have the canonical form already.")]
    problems: Annotated[
        tuple[ProblemItem, ...], about("Why files were left as they are, or could not be read.")
    ]


# --- comment --------------------------------------------------------------------------------------

RequestNumber = Annotated[int, Meta(ge=1), about("Number of the pull or merge request.")]
Root = Annotated[str, about("Path of the root in the checkout; `.` is its top.")]
CommentUrl = Annotated[str, about("Web page of the comment.")]


class CommentDocument(Document, frozen=True, kw_only=True):
    """Output of `comment FILE`."""

    outcome: Annotated[
        Literal["created", "updated", "unchanged", "outdated", "merged", "step-summary", "none"],
        about(
            "What was done with the comment. outdated: it is about a later commit of the request, "
            "so it stays. merged: the request is merged, so its comments stay. step-summary: the "
            "token of a fork may not comment, so the report is in the summary of the step. none: "
            "there is no request, or no summary."
        ),
    ]
    root: Root
    target: Annotated[str | None, about("Its name; null: the run failed before it knew it.")]
    org_id: str | None
    digest: Annotated[str | None, about("Of the plan; null: nothing can be applied.")]
    commit: Annotated[str | None, about("The commit that the report is about.")]
    request: RequestNumber | None
    url: CommentUrl | None
    exit_code: ExitStatus


class ReviewedDocument(Document, frozen=True, kw_only=True):
    """Output of `comment --print-digest`."""

    root: Root
    target: str
    org_id: str | None
    digest: Annotated[str, about("Digest of the plan that was reviewed, for apply --expect.")]
    digests: Annotated[
        dict[str, str] | UnsetType, about("Target → digest, for the plans of many targets.")
    ] = UNSET
    commit: Annotated[str, about("The last commit of the request, for which the plan was made.")]
    request: RequestNumber
    url: CommentUrl
    exit_code: ExitStatus


# --- pull -----------------------------------------------------------------------------------------


class PulledFile(Struct, frozen=True):
    """A file that was written, or with --check would be."""

    path: Annotated[str, about("Relative to the root, with /.")]
    change: Literal["new", "changed", "deleted"]
    keys: tuple[KeyText, ...]
    fields: Annotated[tuple[str, ...], about("The fields that changed; empty for a new file.")]


class NotPulledItem(Struct, frozen=True):
    """A live object that was not pulled, or only in part."""

    key: str
    kind: str
    why: Annotated[str, about("Stable code of the reason, such as namesakes or suspicious.")]
    ids: tuple[str, ...]
    reason: Annotated[str, about("What to do, as text for people.")]
    target: Annotated[str | None, about("Name of the target; null: all of them.")]


class NotReadItem(Struct, frozen=True):
    """A kind that was not read, because the key may not or it is switched off."""

    kind: str
    reason: str


class PulledTargetItem(Struct, frozen=True):
    """A target, and what could not be read of it."""

    name: str
    org_id: str | None
    exit_code: ExitStatus
    error: Annotated[str | None, about("Why nothing of it was read; null: it was read.")]
    not_read: tuple[NotReadItem, ...]


class PullDocument(Document, frozen=True, kw_only=True):
    """Output of `pull`."""

    check: Annotated[bool, about("Nothing was written.")]
    exit_code: ExitStatus
    set_up: Annotated[
        tuple[str, ...], about("Files that were written, or with --check would be, as by init.")
    ]
    files: tuple[PulledFile, ...]
    left: Annotated[tuple[NotPulledItem, ...], about("What was left to a person.")]
    targets: tuple[PulledTargetItem, ...]


# --- import ---------------------------------------------------------------------------------------


class OriginItem(Struct, frozen=True):
    """A source file, the line in it, and what form of file it is."""

    path: Text
    line: LineNumber
    form: str


class ImportedItem(Struct, frozen=True):
    """An entry in a new file, or in one that was overwritten."""

    key: KeyText
    file: Annotated[Text, about("Path of its file, relative to the root.")]
    source: OriginItem
    overwritten: bool
    unwritten: Annotated[str, about("The field that a person must write; empty if none.")]
    id: Annotated[str, about("Id of the live object; empty if the source does not have it.")]
    address: Annotated[str, about("Address of the Terraform resource; empty if there is none.")]
    remarks: Annotated[tuple[str, ...], about("What was guessed, or could not be carried over.")]


class DuplicateItem(Struct, frozen=True):
    """Something that an entry has already."""

    source: OriginItem
    what: Annotated[str, about('"the same as", or "the same text as" if only the text is.')]
    key: KeyText
    place: Annotated[str, about("The file with that entry, or the source it comes from.")]


class NotImportedItem(Struct, frozen=True):
    """Something that was not imported, and why."""

    source: OriginItem
    what: str
    why: str


class ImportDocument(Document, frozen=True, kw_only=True):
    """Output of `import`."""

    exit_code: ExitStatus
    dry_run: Annotated[bool, about("Nothing was written.")]
    imported: tuple[ImportedItem, ...]
    duplicates: tuple[DuplicateItem, ...]
    not_imported: tuple[NotImportedItem, ...]
    remarks: Annotated[dict[str, tuple[str, ...]], about("Source → remarks about all of it.")]
    commands: Annotated[
        tuple[str, ...],
        about("Commands that adopt the live objects, and remove them from the Terraform state."),
    ]


# --- export ---------------------------------------------------------------------------------------

NotRead = Annotated[
    dict[str, str], about("Kind that was not read → why. Empty if the source is files.")
]


class RemarkItem(Struct, frozen=True):
    """Something that was not carried over, or not as the entry has it."""

    key: KeyText
    text: str


class ObjectsDocument(Document, frozen=True, kw_only=True):
    """The objects of the files or of an organization, which `devinops import` can read."""

    source: Literal["files", "organization"]
    target: Annotated[str | None, about("The target; null: the entries of all targets.")]
    org_id: Annotated[str | None, about("Of an organization; null if it is not known.")]
    items: Annotated[
        tuple[dict[str, Any], ...],
        about(
            "The objects with the members that the lists of API v3 have; `kind` names the kind. In "
            "files an object has no id: there it is made from its key. Texts mention playbooks by "
            "title. Values of secrets are never here."
        ),
    ]
    not_read: NotRead


class ObjectsReport(Document, frozen=True, kw_only=True):
    """Output of `export --to json --out FILE`."""

    exit_code: ExitStatus
    file: Text
    objects: Count
    remarks: tuple[RemarkItem, ...]
    not_read: NotRead


class PluginFileItem(Struct, frozen=True):
    """A file of the plugin, and what the export did to it, or with --check would do."""

    path: Annotated[Text, about("Relative to the directory of the plugin, with /.")]
    change: Literal["new", "changed", "removed", "unchanged", "changed by hand"]
    key: Annotated[str | None, about("The entry that it is made from; null for the manifest.")]


class PluginReport(Document, frozen=True, kw_only=True):
    """Output of `export --to plugin`."""

    exit_code: ExitStatus
    directory: Text
    check: Annotated[bool, about("Nothing was written.")]
    files: tuple[PluginFileItem, ...]
    remarks: tuple[RemarkItem, ...]
    left_out: Annotated[tuple[RemarkItem, ...], about("Entries that the plugin does not have.")]
    shipped: Annotated[
        tuple[KeyText, ...],
        about("Entries that the plugin has as they are: their live objects can be retired."),
    ]
    not_portable: Annotated[
        tuple[RemarkItem, ...], about("What agents other than Devin ignore of the plugin.")
    ]


class ComparedItem(Struct, frozen=True):
    """An entry and its skill or rule; or an entry that has none, or a skill that is no entry's."""

    status: Literal["same", "different", "missing", "without an entry"]
    differs: Annotated[
        tuple[Literal["description", "text"], ...],
        about("What the skill says differently from the entry."),
    ]
    key: Annotated[str | None, about("The entry; null if the skill has none.")] = None
    path: Annotated[str | None, about("The file of the skill; null if it is missing.")] = None


class StatusReport(Document, frozen=True, kw_only=True):
    """Output of `export --status`."""

    exit_code: ExitStatus
    directories: Annotated[tuple[Text, ...], about("Where skills were looked for.")]
    skills: tuple[ComparedItem, ...]
