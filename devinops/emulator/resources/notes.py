"""Knowledge notes and their folders: on v3 of an organization or the enterprise, and on v1."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query
from pydantic import AfterValidator, Field, StrictBool

from devinops.emulator import access, models, records
from devinops.emulator.models import NonEmpty, Text
from devinops.emulator.records import ApiError, JsonObject
from devinops.emulator.resource import (
    ENTERPRISE,
    ORGANIZATION,
    V1,
    Create,
    Delete,
    Filters,
    Listing,
    Mount,
    Omitted,
    Paging,
    RequestContext,
    Resource,
    Update,
    id_of,
    operation,
    view_of,
)
from devinops.emulator.resources import v1
from devinops.emulator.store import Store

MAX_ENTERPRISE_NOTES = 300
"""Source: release notes of June 2026."""


class NoteWrite(models.RequestBody):
    """Create or replace a note. A replacement clears what it leaves out, except `is_enabled`."""

    name: Text
    body: Text
    trigger: Text
    folder_id: Text | None = None
    pinned_repo: NonEmpty | None = None
    is_enabled: StrictBool | None = None


class Note(models.Answer):
    note_id: str
    folder_id: str | None
    folder_path: str
    name: str
    body: str
    trigger: str
    is_enabled: bool
    created_at: int
    updated_at: int
    access_type: models.AccessType
    org_id: str | None
    macro: str | None
    pinned_repo: str | None


def _folder_path(store: Store, note: records.Note) -> str:
    return store.folder_path(note.folder_id)


@dataclass
class NoteFilters(Filters):
    """Which notes to list; all that are given must match."""

    search: Annotated[str | None, Query()] = None
    folder_path: Annotated[str | None, Query()] = None
    pinned_repo: Annotated[str | None, Query()] = None

    def shows(self, context: RequestContext, note: records.Note) -> bool:
        return (
            (self.search is None or _contains(note, self.search))
            and (self.folder_path is None or _in_folder(context.store, note, self.folder_path))
            and self.pinned_repo in (None, note.pinned_repo)
        )


@dataclass
class EnterpriseNoteFilters(NoteFilters):
    access_type: Annotated[Literal["org", "enterprise"] | None, Query()] = None

    def shows(self, context: RequestContext, note: records.Note) -> bool:
        return self.access_type in (None, note.access_type) and super().shows(context, note)


def _contains(note: records.Note, text: str) -> bool:
    return text.lower() in "\n".join((note.name, note.trigger, note.body)).lower()


def _in_folder(store: Store, note: records.Note, path: str) -> bool:
    note_path = store.folder_path(note.folder_id)
    if note_path == path or store.quirks.folder_filter == "exact":
        return note_path == path
    return path == store.quirks.root_folder_path or note_path.startswith(f"{path}/")


def _fields_to_create(context: RequestContext, fields: JsonObject) -> JsonObject:
    settable = _settable(context, fields)
    if context.org is None:
        access_types = [note.access_type for note in context.store.table("knowledge")]
        if access_types.count("enterprise") >= MAX_ENTERPRISE_NOTES:
            detail = f"At most {MAX_ENTERPRISE_NOTES} enterprise knowledge items are allowed"
            raise ApiError(400, detail)
    return settable


def _fields_to_replace(context: RequestContext, fields: JsonObject) -> JsonObject:
    """Return what a PUT sets; the `macro` quirk can drop the macro, which v3 cannot set."""
    settable = _settable(context, fields)
    return {**settable, "macro": None} if context.store.quirks.macro == "dropped" else settable


def _settable(context: RequestContext, fields: JsonObject) -> JsonObject:
    """Return the fields to set, without a missing `is_enabled`, which keeps its value."""
    if context.org is None and fields["folder_id"] is not None:
        raise ApiError(400, "folder_id is not supported for enterprise notes")
    repo = fields["pinned_repo"]
    if repo == "all" and context.store.quirks.pinned_all == "422":
        raise ApiError(422, "Value should be a repository", ("body", "pinned_repo"), repo)
    if fields["is_enabled"] is None:
        del fields["is_enabled"]
    return fields


NOTES = Resource(
    kind="knowledge",
    nouns=("note", "notes"),
    path="/knowledge/notes",
    mounts=(
        Mount(ORGANIZATION, access.READ_NOTES, access.WRITE_NOTES),
        Mount(ENTERPRISE, access.ENTERPRISE_NOTES, access.ENTERPRISE_NOTES, EnterpriseNoteFilters),
    ),
    id_field="note_id",
    view=view_of(Note, note_id=id_of, folder_path=_folder_path),
    answer=Note,
    listing=Listing(filters=NoteFilters),
    create=Create(body=NoteWrite, clean=_fields_to_create, refusals=(409,)),
    update=Update(
        method="PUT",
        verb="replace",
        body=NoteWrite,
        omitted=Omitted.CLEARS,
        clean=_fields_to_replace,
        refusals=(409,),
    ),
    delete=Delete(),
)


# -- folders: the API lists them, and only people in the web app change them

Count = Annotated[int, Field(ge=0)]


class Folder(models.Answer):
    folder_id: str
    name: str
    path: str
    parent_folder_id: str | None
    note_count: Count


class FolderTree(models.Answer):
    folders: list[Folder]
    root_note_count: Count


def _view_folder(
    store: Store, folder: records.Folder, counts: Counter[str | None] | None = None
) -> JsonObject:
    counts = counts or _note_counts(store, folder.org)
    return {
        "folder_id": folder.id,
        "name": folder.name,
        "path": store.folder_path(folder.id),
        "parent_folder_id": folder.parent_id,
        "note_count": counts[folder.id],
    }


def _note_counts(store: Store, org: str | None) -> Counter[str | None]:
    """Return the number of notes directly in each folder; None: in the root."""
    return Counter(note.folder_id for note in store.table("knowledge").of(org))


@operation("GET", "", "list folders", FolderTree)
def _list_folders(context: RequestContext) -> JsonObject:
    """List all folders."""
    store, org = context.store, context.org
    counts = _note_counts(store, org)
    return {
        "folders": [_view_folder(store, each, counts) for each in store.table("folder").of(org)],
        "root_note_count": counts[None],
    }


FOLDERS = Resource(
    kind="folder",
    nouns=("folder", "folders"),
    path="/knowledge/folders",
    mounts=(
        Mount(ORGANIZATION, access.READ_FOLDERS),
        Mount(ENTERPRISE, access.ENTERPRISE_NOTES),
    ),
    id_field="folder_id",
    view=_view_folder,
    answer=Folder,
    listing=None,
    readable=False,
    extra=(_list_folders,),
)


# -- v1


class KnowledgeWriteV1(models.RequestBody):
    """Create or replace knowledge on v1."""

    name: Text
    body: Text
    trigger_description: Text
    parent_folder_id: Text | None = None
    pinned_repo: Text | None = None
    macro: Annotated[str, Field(pattern="^!"), AfterValidator(models.sendable)] | None = None


class AuthorV1(models.Answer):
    full_name: str
    id: str | None
    image_url: str | None


class KnowledgeV1(models.Answer):
    id: str
    name: str
    body: str
    trigger_description: str
    parent_folder_id: str | None
    pinned_repo: str | None
    macro: str | None = None
    created_at: str
    created_by: AuthorV1 | None


class FolderV1(models.Answer):
    id: str
    name: str
    description: str
    created_at: str


class KnowledgeListV1(models.Answer):
    knowledge: list[KnowledgeV1]
    folders: list[FolderV1]


def _author(store: Store, note: records.Note) -> JsonObject:
    author = store.actor(note.created_by)
    return {"full_name": author.name, "id": author.id, "image_url": None}


_view_with_macro_v1 = view_of(
    KnowledgeV1,
    id=v1.shown_id,
    trigger_description=lambda _, note: note.trigger,
    parent_folder_id=lambda _, note: note.folder_id,
    created_at=v1.created_at,
    created_by=_author,
)
_view_folder_v1 = view_of(FolderV1, created_at=v1.created_at)
"""v1 shows a folder without the folders above it."""


def _view_v1(store: Store, note: records.Note) -> JsonObject:
    shown = _view_with_macro_v1(store, note)
    if store.quirks.v1_macro == "absent":
        del shown["macro"]
    return shown


def _list_v1(context: RequestContext, notes: list[JsonObject]) -> object:
    store = context.store
    folders = store.table("folder").of(context.org)
    return {
        "knowledge": notes,
        "folders": [_view_folder_v1(store, folder) for folder in folders],
    }


def _settable_v1(context: RequestContext, fields: JsonObject) -> JsonObject:
    """Take `macro` out of the fields if the `v1_macro` quirk takes it out of the API."""
    quirks = context.store.quirks
    if quirks.v1_macro == "absent":
        macro = fields.pop("macro", None)
        if quirks.unknown_fields == "422" and "macro" in context.body.model_fields_set:
            raise ApiError(422, "Extra inputs are not permitted", ("body", "macro"), macro)
    return fields


def _fields_to_replace_v1(context: RequestContext, fields: JsonObject) -> JsonObject:
    return v1.replaced(context, _settable_v1(context, fields))


KNOWLEDGE_V1 = Resource(
    kind="knowledge",
    nouns=("knowledge", "knowledge"),
    path="/knowledge",
    mounts=(Mount(V1, access.READ_NOTES, access.WRITE_NOTES),),
    id_field="note_id",
    stored_id=v1.stored_id,
    view=_view_v1,
    answer=KnowledgeV1,
    names={"trigger_description": "trigger", "parent_folder_id": "folder_id"},
    listing=Listing(
        paging=Paging.WHOLE,
        rows=v1.rows("knowledge"),
        unpaged_content=_list_v1,
        answer=KnowledgeListV1,
    ),
    readable=False,
    create=Create(body=KnowledgeWriteV1, clean=_settable_v1, refusals=(404, 409)),
    update=Update(
        method="PUT",
        verb="replace",
        body=KnowledgeWriteV1,
        omitted=Omitted.CLEARS,
        clean=_fields_to_replace_v1,
        refusals=(409,),
    ),
    delete=Delete(
        status=v1.DELETED, view=lambda *_: {"detail": "Knowledge deleted"}, answer=models.Detail
    ),
)
