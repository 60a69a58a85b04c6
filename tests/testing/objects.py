"""Live objects and snapshots from flat facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from devinops.kinds import KINDS
from devinops.model.keys import ROOT, Key, folder_path, join_folder
from devinops.model.objects import Access, Live, Snapshot

LIVE = ("id", "created_at", "updated_at", "created_by", "updated_by", "folder_id", "owner", "ids")


def live(kind: str, **facts: Any) -> Live:
    """Build a live object from flat facts: the kind's fields, and those of `Live`."""
    own = {name: facts.pop(name) for name in LIVE if name in facts}
    access = Access(facts.pop("access", "org"))
    ours = facts.pop("ours", access is Access.ORG)
    if kind == "knowledge":
        facts = {"trigger": "t", "body": "b"} | facts
        facts["folder"] = folder_path(facts["folder"]) if facts.get("folder") else ROOT
    if kind == "folder":
        facts["path"] = join_folder(facts["path"].split("/"))
    if kind == "playbook":
        facts = {"body": "b"} | facts
    if kind == "automation":
        start = {"type": "start_session", "prompt": "p"}
        facts = {"enabled": True, "triggers": [], "actions": [start]} | facts
    resource = KINDS[kind].resource(**facts)
    key = KINDS[kind].key(resource)
    folder_id = own.pop("folder_id", None)
    ids = own.pop("ids", {} if folder_id is None else {"folder": folder_id})
    id = own.pop("id", f"{kind}-{key.path}")
    return Live(id, resource, ours=ours, access=access, ids=ids, **own)


def snapshot(objects: Iterable[Mapping[str, Any]]) -> Snapshot:
    """Build a snapshot from `{kind: …, fields …}` mappings."""
    return Snapshot.of(live(**dict(one)) for one in objects)


def key(text: str) -> Key:
    return Key.parse(text)
