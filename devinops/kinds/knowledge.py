"""Knowledge notes: what Devin recalls when a note's trigger fits the task.

Sources: docs.devin.ai, v3 notes and v1 knowledge; for the full replacement on PUT the vendor's Terraform
provider (`knowledge_note_resource.go`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from devinops.model.keys import FolderPath
from devinops.model.kind import Endpoint, Kind, Wire, attribute, both
from devinops.model.objects import Resource, Unset


def _without_host(pin: Any) -> str | None:
    """Return `owner/repo` for `github.com/owner/repo`, None for a pin without a host.

    Whether the API keeps a host is not documented; the vendor's provider sends both forms.
    """
    host, _, path = pin.partition("/") if isinstance(pin, str) else ("", "", "")
    return path if "." in host and "/" in path else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Knowledge(Resource):
    name: str | Unset = attribute(
        schema={"type": "string", "minLength": 1, "description": "Label on the knowledge page."},
        required=True,
        wires={"v3": both("name"), "v1": both("name")},
    )
    folder: FolderPath | Unset = attribute(
        schema={
            "type": ["string", "null"],
            "description": "Path of an existing folder, such as Backend/APIs. Missing: the directory "
            "below knowledge/ in Markdown, the root in YAML.",
        },
        ref="folder",
        wires={"v3": both("folder_id"), "v1": both("parent_folder_id")},
    )
    trigger: str | Unset = attribute(
        schema={
            "type": "string",
            "minLength": 1,
            "description": "When Devin should recall the note.",
        },
        required=True,
        text=True,
        wires={"v3": both("trigger"), "v1": both("trigger_description")},
    )
    pinned_repo: str | None | Unset = attribute(
        schema={
            "type": ["string", "null"],
            "pattern": r"^(all|[^/\s]+(/[^/\s]+)+)$",
            "description": "owner/repo: always recalled there; all: everywhere; null: by trigger only.",
        },
        wires={"v3": both("pinned_repo"), "v1": both("pinned_repo")},
        rewrites=_without_host,
    )
    is_enabled: bool | Unset = attribute(
        schema={"type": "boolean", "description": "false keeps the note without using it."},
        wires={"v3": both("is_enabled")},
    )
    macro: str | None | Unset = attribute(
        schema={
            "type": ["string", "null"],
            "pattern": r"^!\S+$",
            "description": "Handle beginning with !. API v1 only: v3 can read it but not set it.",
        },
        wires={"v3": Wire(read="macro"), "v1": both("macro")},
    )
    body: str | Unset = attribute(
        schema={"type": "string", "description": "The text, Markdown."},
        required=True,
        text=True,
        wires={"v3": both("body"), "v1": both("body")},
    )


KIND = Kind(
    noun="knowledge",
    section="knowledge",
    title="A note that Devin recalls when its trigger fits the task.",
    resource=Knowledge,
    identity="name",
    markdown=True,
    foldered=True,
    endpoints={
        "v3": Endpoint(
            path="knowledge/notes",
            items="items",
            id="note_id",
            paged=True,
            reads_one=True,
            read_permission="ManageOrgKnowledge or UseDevinSessions",
            write_permission="ManageOrgKnowledge",
        ),
        "v1": Endpoint(path="knowledge", items="knowledge", id="id"),
    },
)
