"""Folders of the knowledge tree. They are managed in the web app, because no API can.

Source: docs.devin.ai, v3 "list knowledge folders"; the vendor's Terraform provider offers a data
source only.
"""

from __future__ import annotations

from dataclasses import dataclass

from devinops.kinds._nested import text
from devinops.model.keys import FolderPath
from devinops.model.kind import (
    Api,
    Counted,
    FieldNames,
    Kind,
    Lifecycle,
    Path,
    Resource,
    Terraform,
    Tree,
    attribute,
)
from devinops.model.values import Unset


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder(Resource):
    path: FolderPath | Unset = attribute(
        schema=text("Names from the top joined with /.", minLength=1, example="Backend/APIs"),
        required=True,
        names={"v3": FieldNames(read="path"), "v1": FieldNames(read="name")},
    )


KIND = Kind(
    noun="folder",
    section="folders",
    title="A folder that must exist. No API can create it; a person does so in the web app.",
    resource=Folder,
    identity=Path("path"),
    lifecycle=Lifecycle.REQUIRED,
    terraform=Terraform(named_by=("devin_knowledge_folders",)),
    apis={
        "v3": Api(
            path="knowledge/folders",
            items="folders",
            id="folder_id",
            creates=False,
            update=None,
            deletes=False,
            tree=Tree(name="name", parent="parent_folder_id"),
            counted=Counted(member="note_count", kind="knowledge", by="folder_id"),
            read_permission="ManageKnowledge or ManageOrgKnowledge",
        ),
        # v1 returns folders together with the notes, flat and only by their own name.
        "v1": Api(
            path="knowledge",
            items="folders",
            id="id",
            creates=False,
            update=None,
            deletes=False,
            tree=Tree(name="name", parent=None),
        ),
    },
)
