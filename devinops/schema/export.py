"""The documents of `devinops export`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Struct

from devinops.schema.base_document import Count, Document, ExitStatus, KeyText, Text, about

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
