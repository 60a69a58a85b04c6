"""Folders of the knowledge tree. No API creates, renames, moves or deletes one: they are made in the web app.

Source: docs.devin.ai, v3 "list knowledge folders"; the vendor's Terraform provider offers a data source only.
"""

from __future__ import annotations

from dataclasses import dataclass

from devinops.model.keys import FolderPath
from devinops.model.kind import Endpoint, Kind, Updates, Wire, attribute
from devinops.model.objects import Resource, Unset


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder(Resource):
    path: FolderPath | Unset = attribute(
        schema={
            "type": "string",
            "minLength": 1,
            "description": "Names from the top joined with /.",
        },
        required=True,
        wires={"v3": Wire(read="path"), "v1": Wire(read="name")},
    )


_READ_ONLY = {"creates": False, "updates": Updates.NONE, "deletes": False}

KIND = Kind(
    noun="folder",
    section="folders",
    title="A folder that must exist. No API creates one: a person makes it in the web app.",
    resource=Folder,
    identity="path",
    renames=False,
    tombstones=False,
    endpoints={
        "v3": Endpoint(
            path="knowledge/folders",
            items="folders",
            id="folder_id",
            read_permission="ManageKnowledge or ManageOrgKnowledge",
            **_READ_ONLY,  # type: ignore[arg-type]
        ),
        # v1 answers folders together with the notes, flat and by their own name alone.
        "v1": Endpoint(path="knowledge", items="folders", id="id", flat=True, **_READ_ONLY),  # type: ignore[arg-type]
    },
)
