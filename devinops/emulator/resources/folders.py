"""Folders of notes on v3: the API lists them, and only people in the web app change them."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import Field

from devinops.emulator import access, models, records
from devinops.emulator.records import JsonObject
from devinops.emulator.resource import ENTERPRISE, ORGANIZATION, Context, Operation, Place, Resource
from devinops.emulator.store import Store

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


def view(store: Store, folder: records.Folder) -> JsonObject:
    return _view(store, folder, _note_counts(store, folder.org))


def _view(store: Store, folder: records.Folder, note_counts: Counter[str | None]) -> JsonObject:
    return {
        "folder_id": folder.id,
        "name": folder.name,
        "path": store.folder_path(folder.id),
        "parent_folder_id": folder.parent_id,
        "note_count": note_counts[folder.id],
    }


def _note_counts(store: Store, org: str | None) -> Counter[str | None]:
    """Return the number of notes directly in each folder; None: in the root."""
    return Counter(note.folder_id for note in store.table("knowledge") if note.org == org)


def _list(context: Context) -> JsonObject:
    """Return the folders of the organization, or those of the enterprise itself."""
    store, org = context.store, context.org
    counts = _note_counts(store, org)
    folders = [folder for folder in store.table("folder") if folder.org == org]
    return {
        "folders": [_view(store, folder, counts) for folder in folders],
        "root_note_count": counts[None],
    }


FOLDERS = Resource(
    kind="folder",
    nouns=("folder", "folders"),
    path="/knowledge/folders",
    places=(
        Place(ORGANIZATION, access.READ_FOLDERS),
        Place(ENTERPRISE, access.ENTERPRISE_NOTES),
    ),
    id_field="folder_id",
    view=view,
    answer=Folder,
    listing=None,
    readable=False,
    extra=(
        Operation(
            method="GET",
            suffix="",
            verb="list",
            noun="folders",
            description="List all folders.",
            work=_list,
            answer=FolderTree,
        ),
    ),
)
