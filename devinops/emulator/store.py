"""The emulated server's state and the rules that do not depend on an API version.

Thread-safe: every public method takes `lock`. A caller who reads a record's fields afterwards holds
it too; it is reentrant. What the API refuses raises ApiError with the status of the response.
"""

from __future__ import annotations

import hashlib
import secrets as randomness
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, cast

from devinops.emulator.access import DEFAULT_ORG, PERSON, Actor, Principal, standard_keys
from devinops.emulator.quirks import Quirks
from devinops.emulator.records import (
    HOLDERS,
    KINDS,
    ApiError,
    Event,
    Folder,
    JsonObject,
    Kind,
    Organization,
    Record,
)
from devinops.emulator.tables import Table


class UnknownObject(KeyError):
    """No object has this id; the argument is its kind and id."""


class Store:
    """One enterprise with its organizations. `clock` returns Unix seconds."""

    def __init__(
        self,
        quirks: Quirks | None = None,
        keys: Mapping[str, Principal] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.lock = threading.RLock()
        self.quirks = quirks or Quirks()
        self.keys = {**standard_keys(), **(keys or {})}
        self.dirty = False
        self._clock = clock
        self._salt = randomness.token_bytes(16)
        self.clear()

    def clear(self) -> None:
        """Delete every object, the audit log and the counters; one empty organization remains."""
        with self.lock:
            self._tables: dict[Kind, Table[Any]] = {kind: Table() for kind in KINDS}
            self.counts: Counter[str] = Counter()
            self._paths: dict[str, str] = {}
            self._last = 0
            self.add_organization(DEFAULT_ORG)
            self.dirty = True

    # -- reading

    def table(self, kind: Kind) -> Table[Any]:
        return self._tables[kind]

    @property
    def organizations(self) -> set[str]:
        """The ids of all organizations."""
        with self.lock:
            return {organization.id for organization in self._tables["organization"]}

    def organization(self, org: str) -> Organization:
        """Return an organization. Raises a 404 for an unknown one."""
        self.check_organization(org)
        return cast("Organization", self._tables["organization"].get(org))

    def actor(self, actor_id: str) -> Actor:
        """Return who has this id; an unknown id (of an older state file) is its own name."""
        actors = [PERSON, *(principal.actor for principal in self.keys.values())]
        return next((actor for actor in actors if actor.id == actor_id), Actor(actor_id, actor_id))

    def get(self, kind: Kind, record_id: str) -> Any:
        """Return the object, in any organization. Raises UnknownObject for an unknown id."""
        with self.lock:
            record = self.table(kind).get(record_id)
            if record is None:
                raise UnknownObject(f"{kind} {record_id}")
            return record

    def folder_line(self, folder_id: str | None) -> dict[str, Folder]:
        """Return a folder and those above it by id, from the inside out; empty for None."""
        line: dict[str, Folder] = {}
        with self.lock:
            while folder_id is not None:
                line[folder_id] = folder = self.get("folder", folder_id)
                folder_id = folder.parent_id
        return line

    def folder_path(self, folder_id: str | None) -> str:
        """Return the names from the top joined with a slash; for None the root's path."""
        if folder_id is None:
            return self.quirks.root_folder_path
        with self.lock:
            if folder_id not in self._paths:
                line = self.folder_line(folder_id)
                self._paths[folder_id] = "/".join(folder.name for folder in reversed(line.values()))
            return self._paths[folder_id]

    def folders_at(self, org: str | None, path: str) -> list[Folder]:
        """Return the folders with this path, oldest first; there can be several."""
        with self.lock:
            folders: Collection[Folder] = self.table("folder").of(org)
            return [folder for folder in folders if self.folder_path(folder.id) == path]

    def secret_matches(self, org: str, key: str, value: str) -> bool:
        """Return whether a secret was created with this value, in this process."""
        digest = self.digest(org, key, value)
        with self.lock:
            return any(secret.digest == digest for secret in self.table("secret"))

    def digest(self, org: str, key: str, value: str) -> bytes:
        """Return a hash of a secret's value; its salt is of this process."""
        text = "\0".join((org, key, value)).encode()
        return hashlib.blake2b(text, key=self._salt).digest()

    # -- reading for an API request

    def admits(self, address: str) -> bool:
        """Return whether the IP access list lets an address call; an empty list lets every one."""
        ranges = [ip_network(record.id, strict=False) for record in self.table("ip_range")]
        return not ranges or any(ip_address(address) in network for network in ranges)

    def has_playbook(self, org: str | None, playbook_id: str) -> bool:
        """Return whether this is a playbook of the organization or of the enterprise."""
        playbook = self.table("playbook").get(playbook_id)
        return playbook is not None and playbook.org in (None, org)

    def check_organization(self, org: str) -> None:
        if org not in self._tables["organization"]:
            raise ApiError(404, "Organization not found")

    def shows_enterprise(self, kind: Kind) -> bool:
        """Return whether an organization's list of this kind shows the enterprise's objects too."""
        shown = {
            "knowledge": self.quirks.enterprise_notes_in_org_list,
            "playbook": self.quirks.enterprise_playbooks_in_org_list,
        }
        return shown.get(kind) == "true"

    def listing(self, kind: Kind, org: str | None, order: str | None = None) -> list[Any]:
        """Return the objects that a list of `org` shows; for None all of the enterprise.

        Without an `order` the `list_order` quirk decides how they are sorted.
        """
        orgs = {org, None} if self.shows_enterprise(kind) else {org}
        with self.lock:
            return self.table(kind).listing(
                None if org is None else orgs, order or self.quirks.list_order
            )

    def find(self, kind: Kind, org: str | None, record_id: str) -> Any:
        """Return the object on a path of `org` (None: of the enterprise), or raise an ApiError."""
        record = self.table(kind).get(record_id)
        if record is None or not self._leads_to(kind, org, record):
            noun = KINDS[kind].noun
            if self.quirks.missing_object == "403":
                raise ApiError(403, f"Not allowed to access this {noun.lower()}")
            raise ApiError(404, f"{noun} not found")
        return record

    def _leads_to(self, kind: Kind, org: str | None, record: Record) -> bool:
        if org is None:
            return record.access_type == "enterprise"
        return record.org == org or (record.org is None and self.shows_enterprise(kind))

    def find_to_write(self, kind: Kind, org: str | None, record_id: str) -> Any:
        """As `find`; raises a 403 for an enterprise object on an organization's path."""
        record = self.find(kind, org, record_id)
        if org is not None and record.access_type == "enterprise":
            raise ApiError(403, "Enterprise objects cannot be changed from an organization")
        return record

    # -- writing for an API request; what `fields` leaves out does not change

    def create(self, kind: Kind, org: str | None, actor: Actor, fields: JsonObject) -> Any:
        """Add an object as the API does: checked and normalized."""
        with self.lock:
            return self.insert(kind, org, actor, self._clean(kind, org, fields))

    def write(self, kind: Kind, record: Any, actor: Actor, fields: JsonObject) -> Any:
        """Set some fields of an object as the API does: checked and normalized."""
        with self.lock:
            clean = self._clean(kind, record.org, fields, record.id)
            return self.change(kind, record, actor, clean)

    def _clean(
        self, kind: Kind, org: str | None, fields: JsonObject, record_id: str = ""
    ) -> JsonObject:
        clean = dict(fields)
        if "body" in clean:
            clean["body"] = self._clean_body(clean["body"])
        repo = clean.get("pinned_repo")
        if repo and self.quirks.pinned_host == "stripped" and repo.count("/") == 2:
            clean["pinned_repo"] = repo.partition("/")[2]
        self._check_folder(org, clean.get("folder_id"))
        self._check_macro(kind, org, clean.get("macro"), record_id)
        return clean

    def _clean_body(self, body: str) -> str:
        if self.quirks.body_limit != "none" and len(body) > int(self.quirks.body_limit):
            detail = f"String should have at most {self.quirks.body_limit} characters"
            raise ApiError(422, detail, ("body", "body"), body)
        if self.quirks.bodies == "trimmed":
            body = body.strip()
        if self.quirks.newlines == "crlf":
            body = body.replace("\r\n", "\n").replace("\n", "\r\n")
        return unicodedata.normalize("NFC", body) if self.quirks.unicode == "nfc" else body

    def _check_folder(self, org: str | None, folder_id: str | None) -> None:
        if folder_id is None:
            return
        folder = self.table("folder").get(folder_id)
        if folder is None or folder.org != org:
            status = int(self.quirks.unknown_folder)
            raise ApiError(status, "Folder not found", ("body", "folder_id"), folder_id)

    def _check_macro(self, kind: Kind, org: str | None, macro: str | None, record_id: str) -> None:
        if macro is None or self.quirks.duplicate_macro == "allowed":
            return
        others = {row.macro for row in self.table(kind).of(org) if row.id != record_id}
        if macro in others:
            raise ApiError(409, f"The macro {macro} is already in use")

    # -- writing without checks: for the methods above, for seeds and for people in the web app

    def create_organization(
        self, org: str, actor: Actor, fields: JsonObject, *, log: bool = True
    ) -> Organization:
        """Add an organization with this id."""
        with self.lock:
            given = {"name": org, "access_type": "enterprise", **fields, "id": org}
            return cast("Organization", self.insert("organization", org, actor, given, log=log))

    def add_organization(self, org: str, **fields: Any) -> Organization:
        """Add an organization or set fields of the existing one, without the audit log."""
        with self.lock:
            organization = self._tables["organization"].get(org)
            if organization is None:
                organization = self.create_organization(org, PERSON, {}, log=False)
            for name, value in fields.items():
                setattr(organization, name, value)
            return cast("Organization", organization)

    def insert(
        self, kind: Kind, org: str | None, actor: Actor, fields: JsonObject, *, log: bool = True
    ) -> Any:
        """Add an object. `fields` can also give `id`, `created_at` and `updated_at`."""
        with self.lock:
            created_at = fields.get("created_at", self.now())
            values = {
                "access_type": "enterprise" if org is None else "org",
                "created_at": created_at,
                "updated_at": created_at,
                "created_by": actor.id,
                **fields,
                "id": fields.get("id") or self.new_id(kind),
            }
            record: Any = KINDS[kind].record(org=org, seq=self.next("seq"), **values)
            self.table(kind).add(record)
            self._touch(kind)
            if log:
                self._log(_action("create", kind), record, actor)
            return record

    def change(
        self, kind: Kind, record: Any, actor: Actor, fields: JsonObject, action: str | None = None
    ) -> Any:
        """Set fields and the time of the change, which is always later than the one before.

        `action` replaces the usual one in the audit log.
        """
        with self.lock:
            for name, value in fields.items():
                setattr(record, name, value)
            record.updated_at = max(self.now(), record.updated_at + 1)
            record.updated_by = actor.id
            self._touch(kind)
            self._log(action or _action(KINDS[kind].edited, kind), record, actor)
            return record

    def delete(self, kind: Kind, record: Any, actor: Actor) -> None:
        """Delete an object; of an organization everything except its audit log."""
        with self.lock:
            self.table(kind).remove(record)
            self._touch(kind)
            if kind == "organization":
                self._delete_content(record.id)
            self._log(_action("delete", kind), record, actor)

    def delete_all(self, kind: Kind, org: str | None, actor: Actor) -> list[Any]:
        """Delete and return all objects of an organization; None: of the enterprise."""
        with self.lock:
            deleted = list(self.table(kind).of(org))
            for record in deleted:
                self.delete(kind, record, actor)
            return deleted

    def _delete_content(self, org: str) -> None:
        for kind in KINDS.keys() - {"organization", "event"}:
            for record in list(self.table(kind).of(org)):
                self.table(kind).remove(record)
        for kind in HOLDERS:
            for record in self.table(kind):
                record.roles.pop(org, None)
        for group in self.table("org_group"):
            group.org_ids = [member for member in group.org_ids if member != org]

    def _log(self, action: str, record: Record, actor: Actor) -> None:
        now = self.now()
        event = Event(
            id=self.new_id("event"),
            org=record.org,
            seq=self.next("seq"),
            created_at=now,
            updated_at=now,
            created_by=actor.id,
            action=action,
            data={"id": record.id, "name": record.label},
            email=actor.email,
        )
        self.table("event").add(event)

    def _touch(self, kind: Kind) -> None:
        self.table(kind).touch()
        self.dirty = True
        if kind == "folder":
            self._paths.clear()

    def now(self) -> int:
        self._last = max(int(self._clock()), self._last)
        return self._last

    def next(self, counter: str) -> int:
        self.counts[counter] += 1
        return self.counts[counter]

    def token(self, name: str) -> str:
        """Return an id for a part of an object; it looks random and is the same in every run."""
        digest = hashlib.sha256(f"{name} {self.next(name)}".encode()).hexdigest()
        return f"{name}-{digest[:32]}"

    def new_id(self, kind: Kind) -> str:
        """Return an unused id that looks random and is the same in every run."""
        rows, prefix = self.table(kind), KINDS[kind].prefix
        while True:
            number = self.next(kind)
            digest = hashlib.sha256(f"{kind} {number}".encode()).hexdigest()
            new = f"{prefix}-{digest[:32]}"
            if new not in rows:
                return new


def _action(verb: str, kind: Kind) -> str:
    """Return the audit log's name for what was done."""
    return f"{verb}_{KINDS[kind].logged or kind}"
