"""Knowledge notes: what Devin recalls when a note's trigger fits the task.

Sources: docs.devin.ai, v3 notes and v1 knowledge; for the full replacement on PUT the vendor's
Terraform provider (`knowledge_note_resource.go`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from devinops.kinds._nested import switch, text
from devinops.model.keys import FolderPath
from devinops.model.kind import (
    Api,
    FieldNames,
    Kind,
    Meaning,
    Named,
    Paging,
    Resource,
    Role,
    Scope,
    Terraform,
    Use,
    attribute,
    everywhere,
)
from devinops.model.values import Unset


def _without_host(pin: Any) -> str | None:
    """Return `owner/repo` for `github.com/owner/repo`, None for a pin without a host.

    Whether the API keeps a host is not documented; the vendor's provider sends both forms.
    """
    host, _, path = pin.partition("/") if isinstance(pin, str) else ("", "", "")
    return path if "." in host and "/" in path else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Knowledge(Resource):
    name: str | Unset = attribute(
        schema=text("Label on the knowledge page.", minLength=1, example="Error envelope"),
        required=True,
        names={"v3": everywhere("name"), "v1": everywhere("name")},
    )
    folder: FolderPath | Unset = attribute(
        schema=text(
            "Path of an existing folder, such as Backend/APIs. Missing: the "
            "directory below knowledge/ in Markdown, the root in YAML.",
            nullable=True,
            example="Backend/APIs",
        ),
        ref="folder",
        names={"v3": everywhere("folder_id"), "v1": everywhere("parent_folder_id")},
    )
    trigger: str | Unset = attribute(
        schema=text(
            "When Devin should recall the note.",
            minLength=1,
            example="When adding or changing an HTTP endpoint in acme/api",
        ),
        required=True,
        text=True,
        names={"v3": everywhere("trigger"), "v1": everywhere("trigger_description")},
    )
    pinned_repo: str | None | Unset = attribute(
        schema=text(
            "owner/repo: always recalled there; all: everywhere; null: by trigger only.",
            nullable=True,
            pattern=r"^(all|[^/\s]+(/[^/\s]+)+)$",
            example="acme/api",
        ),
        names={"v3": everywhere("pinned_repo"), "v1": everywhere("pinned_repo")},
        rewrites=_without_host,
    )
    is_enabled: bool | Unset = attribute(
        schema=switch("false keeps the note without using it.", example=False),
        names={"v3": everywhere("is_enabled")},
        per_user=True,
        usual=True,
    )
    macro: str | None | Unset = attribute(
        role=Role.HANDLE,
        schema=text(
            "Handle beginning with !. API v1 only: v3 can read it but not set it.",
            nullable=True,
            pattern=r"^!\S+$",
            example="!errors",
        ),
        names={"v3": FieldNames(read="macro"), "v1": everywhere("macro")},
    )
    body: str | Unset = attribute(
        schema=text("The text, Markdown.", example="Every error has a code and a message."),
        required=True,
        text=True,
        names={"v3": everywhere("body"), "v1": everywhere("body")},
    )


KIND = Kind(
    noun="knowledge",
    singular="note",
    section="knowledge",
    title="A note that Devin recalls when its trigger fits the task.",
    resource=Knowledge,
    identity=Named("name"),
    document="body",
    parent="folder",
    meaning=Meaning(
        use=Use.RULE,
        when="trigger",
        always="pinned_repo",
        switch="is_enabled",
    ),
    terraform=Terraform("devin_knowledge_note", "devin_enterprise_knowledge_note"),
    moves_to="skills in plugins",
    out_of_sight="may have been promoted to the enterprise",
    apis={
        "v3": Api(
            path="knowledge/notes",
            id="note_id",
            scopes=frozenset({Scope.ORGANIZATION, Scope.ENTERPRISE}),
            paging=Paging.CURSOR,
            reads_one=True,
            also=frozenset({"folder_path"}),
            read_permission="ManageOrgKnowledge or UseDevinSessions",
            write_permission="ManageOrgKnowledge",
            enterprise_permission="ManageAccountKnowledge",
        ),
        "v1": Api(path="knowledge", items="knowledge", id="id"),
    },
)
