"""The emulated server's state and the rules that do not depend on an API version.

Thread-safe: every public method takes `lock`, and a caller who reads a record's fields afterwards holds it
too (it is reentrant). Everything that the API refuses is a `Rejected` with the answer's status.
"""

from __future__ import annotations

import hashlib
import secrets as randomness
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, cast

from devinops.emulator.access import DEFAULT_ORG, PERSON, Actor, Principal, standard_keys
from devinops.emulator.quirks import Quirks
from devinops.emulator.records import (
    KINDS,
    Event,
    Folder,
    JsonObject,
    Kind,
    Note,
    Organization,
    Page,
    Playbook,
    R,
    Record,
    Rejected,
    Secret,
    Table,
    cut_page,
)

# At most this many notes of the enterprise (release notes of June 2026).
ENTERPRISE_NOTES = 300


class Store:
    """All organizations of one enterprise. `clock` returns Unix seconds; times never run backwards."""

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
        """Forget every object, the audit log and the counters; one empty organization remains."""
        with self.lock:
            self._tables: dict[Kind, Table[Any]] = {kind: Table() for kind in KINDS}
            self.counts: Counter[str] = Counter()
            self._paths: dict[str, str] = {}
            self._last = 0
            self.add_organization(DEFAULT_ORG)
            self.dirty = True

    # -- looking

    def table(self, kind: Kind) -> Table[Any]:
        return self._tables[kind]

    @property
    def folders(self) -> Table[Folder]:
        return self._tables["folder"]

    @property
    def notes(self) -> Table[Note]:
        return self._tables["knowledge"]

    @property
    def playbooks(self) -> Table[Playbook]:
        return self._tables["playbook"]

    @property
    def secrets(self) -> Table[Secret]:
        return self._tables["secret"]

    @property
    def events(self) -> Table[Event]:
        return self._tables["event"]

    @property
    def organizations(self) -> set[str]:
        """The ids of all organizations."""
        with self.lock:
            return {organization.id for organization in self._tables["organization"]}

    def organization(self, org: str) -> Organization:
        """Return an organization, or reject with 404."""
        self.check_organization(org)
        return cast("Organization", self._tables["organization"].get(org))

    def actor(self, actor_id: str) -> Actor:
        """Return who has this id; a stranger (from an older state file) goes by the id."""
        known = [PERSON, *(principal.actor for principal in self.keys.values())]
        return next((actor for actor in known if actor.id == actor_id), Actor(actor_id, actor_id))

    def get(self, kind: Kind, record_id: str) -> Any:
        """Return the object wherever it lives; KeyError for an unknown id."""
        with self.lock:
            record = self.table(kind).get(record_id)
            if record is None:
                raise KeyError(f"{kind} {record_id}")
            return record

    def folder_path(self, folder_id: str | None) -> str:
        """Return names from the top joined with a slash; the root's text for None."""
        if folder_id is None:
            return self.quirks.root_folder_path
        with self.lock:
            if folder_id not in self._paths:
                folder = self.get("folder", folder_id)
                above = self.folder_path(folder.parent_id) + "/" if folder.parent_id else ""
                self._paths[folder_id] = above + folder.name
            return self._paths[folder_id]

    def folders_at(self, org: str | None, path: str) -> list[Folder]:
        """Return the folders with this path, oldest first: none, one, or several namesakes."""
        with self.lock:
            return [f for f in self.folders if f.org == org and self.folder_path(f.id) == path]

    def macro_taken(self, kind: Kind, org: str | None, macro: str, but: str = "") -> bool:
        rows = self.table(kind)
        return any(row.macro == macro and row.org == org and row.id != but for row in rows)

    def secret_matches(self, org: str, key: str, value: str) -> bool:
        """Tell whether a live secret of the organization was created in this process with this value."""
        digest = self._digest(org, key, value)
        with self.lock:
            return any(s.digest == digest for s in self.secrets if (s.org, s.key) == (org, key))

    def _digest(self, org: str, key: str, value: str) -> bytes:
        text = "\0".join((org, key, value)).encode()
        return hashlib.blake2b(text, key=self._salt).digest()

    # -- finding for an API call

    def check_organization(self, org: str) -> None:
        if org not in self._tables["organization"]:
            raise Rejected(404, "Organization not found")

    def shows_enterprise(self, kind: Kind) -> bool:
        """Tell whether an organization's list of this kind shows the enterprise's objects too."""
        shown = {
            "knowledge": self.quirks.enterprise_notes_in_org_list,
            "playbook": self.quirks.enterprise_playbooks_in_org_list,
        }
        return shown.get(kind) == "true"

    def listing(self, kind: Kind, org: str | None, order: str | None = None) -> list[Any]:
        """Return the objects that a list of `org` shows; None: all of the enterprise.

        Without an `order` they are sorted as the `list_order` quirk says.
        """
        mixed = self.shows_enterprise(kind)

        def belongs(record: Record) -> bool:
            return org is None or record.org == org or (mixed and record.org is None)

        with self.lock:
            return self.table(kind).listing((org, mixed), order or self.quirks.list_order, belongs)

    def page(
        self, tag: str, rows: list[R], first: int, after: str | None, order: str | None = None
    ) -> Page[R]:
        """Cut a page out of a listing, filtered or not; `tag` names the list for its cursors."""
        stable = self.quirks.paging == "stable"
        order = order or self.quirks.list_order
        return cut_page(rows, tag, order=order, stable=stable, first=first, after=after)

    def find(self, kind: Kind, org: str | None, record_id: str) -> Any:
        """Return the object that a path of `org` (None: the enterprise paths) leads to, or reject with 404."""
        record = self.table(kind).get(record_id)
        if record is None or not self._leads_to(kind, org, record):
            raise Rejected(404, f"{KINDS[kind].noun} not found")
        return record

    def _leads_to(self, kind: Kind, org: str | None, record: Any) -> bool:
        if org is None:
            return bool(record.access_type == "enterprise")
        return record.org == org or (record.org is None and self.shows_enterprise(kind))

    def find_to_write(self, kind: Kind, org: str | None, record_id: str) -> Any:
        """As `find`; what the enterprise owns cannot be changed through an organization's path (403)."""
        record = self.find(kind, org, record_id)
        if org is not None and record.access_type == "enterprise":
            raise Rejected(403, "Enterprise objects cannot be changed from an organization")
        return record

    # -- writing for an API call; `fields` holds what to set, and nothing else changes

    def create_note(self, org: str | None, actor: Actor, fields: JsonObject) -> Note:
        with self.lock:
            if org is None and self._full():
                raise Rejected(
                    400, f"At most {ENTERPRISE_NOTES} enterprise knowledge items are allowed"
                )
            return cast("Note", self.create("knowledge", org, actor, fields))

    def _full(self) -> bool:
        return sum(note.access_type == "enterprise" for note in self.notes) >= ENTERPRISE_NOTES

    def create(self, kind: Kind, org: str | None, actor: Actor, fields: JsonObject) -> Any:
        """Add an object as the API does: checked and normalised."""
        with self.lock:
            return self.insert(kind, org, actor, self._clean(kind, org, fields))

    def create_playbook(self, org: str | None, actor: Actor, fields: JsonObject) -> Playbook:
        return cast("Playbook", self.create("playbook", org, actor, fields))

    def write(self, kind: Kind, record: Any, actor: Actor, fields: JsonObject) -> Any:
        """Set some fields of an object as the API does: checked and normalised."""
        with self.lock:
            clean = self._clean(kind, record.org, fields, record.id)
            return self.change(kind, record, actor, clean)

    def create_secret(self, org: str, actor: Actor, value: str, fields: JsonObject) -> Secret:
        """Create a secret. Of the value only a salted hash is kept, in memory."""
        with self.lock:
            taken = any(
                (s.org, s.key, s.access_type) == (org, fields["key"], "org") for s in self.secrets
            )
            if taken and self.quirks.duplicate_secret != "allowed":
                raise Rejected(
                    int(self.quirks.duplicate_secret), "A secret with this key already exists"
                )
            digest = self._digest(org, fields["key"], value)
            return cast("Secret", self.insert("secret", org, actor, {**fields, "digest": digest}))

    def find_secret(self, org: str, secret_id: str, *, missing: int) -> Secret:
        """Return a secret of the organization; a personal one is as good as missing."""
        secret = self.secrets.get(secret_id)
        if secret is None or secret.org != org or secret.access_type != "org":
            detail = "Secret not found" if missing == 404 else "Not allowed to access this secret"
            raise Rejected(missing, detail)
        return secret

    def _clean(
        self, kind: Kind, org: str | None, fields: JsonObject, record_id: str = ""
    ) -> JsonObject:
        clean = dict(fields)
        if "body" in clean:
            clean["body"] = self._clean_body(clean["body"])
        if clean.get("pinned_repo"):
            clean["pinned_repo"] = self._clean_pin(clean["pinned_repo"])
        self._check_folder(org, clean.get("folder_id"))
        self._check_macro(kind, org, clean.get("macro"), record_id)
        return clean

    def _clean_body(self, body: str) -> str:
        if self.quirks.body_limit != "none" and len(body) > int(self.quirks.body_limit):
            detail = f"String should have at most {self.quirks.body_limit} characters"
            raise Rejected(422, detail, ("body", "body"), body)
        if self.quirks.bodies == "trimmed":
            body = body.strip()
        if self.quirks.newlines == "crlf":
            body = body.replace("\r\n", "\n").replace("\n", "\r\n")
        return unicodedata.normalize("NFC", body) if self.quirks.unicode == "nfc" else body

    def _clean_pin(self, repo: str) -> str:
        if self.quirks.pinned_host == "stripped" and repo.count("/") == 2:
            return repo.partition("/")[2]
        return repo

    def _check_folder(self, org: str | None, folder_id: str | None) -> None:
        folder = self.folders.get(folder_id) if folder_id is not None else None
        if folder_id is not None and (folder is None or folder.org != org):
            status = int(self.quirks.unknown_folder)
            raise Rejected(status, "Folder not found", ("body", "folder_id"), folder_id)

    def _check_macro(self, kind: Kind, org: str | None, macro: str | None, record_id: str) -> None:
        if macro is None or self.quirks.duplicate_macro == "allowed":
            return
        if self.macro_taken(kind, org, macro, but=record_id):
            raise Rejected(409, f"The macro {macro} is already in use")

    def create_organization(
        self, org: str, actor: Actor, fields: JsonObject, *, log: bool = True
    ) -> Organization:
        """Add an organization with this id."""
        with self.lock:
            given = {"name": org, "access_type": "enterprise", **fields, "id": org}
            return cast("Organization", self.insert("organization", org, actor, given, log=log))

    def add_organization(self, org: str, **fields: Any) -> Organization:
        """Add an organization with this id, or with these fields to the one that is there; logs nothing."""
        with self.lock:
            there = self._tables["organization"].get(org)
            if there is None:
                there = self.create_organization(org, PERSON, {}, log=False)
            for name, value in fields.items():
                setattr(there, name, value)
            return cast("Organization", there)

    # -- writing without a rule: for the methods above, for seeds and for people in the web app

    def insert(
        self, kind: Kind, org: str | None, actor: Actor, fields: JsonObject, *, log: bool = True
    ) -> Any:
        """Add an object. `fields` may also give `id`, `created_at` and `updated_at`."""
        with self.lock:
            make = cast("Any", KINDS[kind].record)
            now = self.now()
            common = {
                "access_type": "enterprise" if org is None else "org",
                "created_at": now,
                **fields,
            }
            common = {"updated_at": common["created_at"], **common}
            record_id = common.pop("id", None) or self.new_id(kind)
            who = actor.id
            record = make(id=record_id, org=org, seq=self.next("seq"), created_by=who, **common)
            self.table(kind).add(record)
            self._touched(kind)
            if log:
                self._log(self._action("create", kind), record, actor)
            return record

    def change(
        self,
        kind: Kind,
        record: Any,
        actor: Actor,
        fields: JsonObject,
        action: str | None = None,
    ) -> Any:
        """Set fields and the time of the change, which always moves on; `action` is for the audit log."""
        with self.lock:
            for name, value in fields.items():
                setattr(record, name, value)
            record.updated_at = max(self.now(), record.updated_at + 1)
            record.updated_by = actor.id
            self._touched(kind)
            self._log(action or self._action(KINDS[kind].edited, kind), record, actor)
            return record

    def delete(self, kind: Kind, record: Any, actor: Actor) -> None:
        with self.lock:
            self.table(kind).remove(record)
            self._touched(kind)
            self._log(self._action("delete", kind), record, actor)

    def delete_organization(self, organization: Organization, actor: Actor) -> None:
        """Delete an organization with everything in it; the audit log stays."""
        with self.lock:
            for kind in KINDS:
                if kind not in ("organization", "event"):
                    for record in [one for one in self.table(kind) if one.org == organization.id]:
                        self.table(kind).remove(record)
            self.delete("organization", organization, actor)

    @staticmethod
    def _action(verb: str, kind: Kind) -> str:
        return f"{verb}_{KINDS[kind].logged or kind}"

    def _touched(self, kind: Kind) -> None:
        self.table(kind).touch()
        self.dirty = True
        if kind == "folder":
            self._paths.clear()

    def _log(self, action: str, record: Any, actor: Actor) -> None:
        email = actor.email
        now = self.now()
        data = {"id": record.id, "name": record.label}
        event = Event(
            id=self.new_id("event"),
            org=record.org,
            seq=self.next("seq"),
            created_at=now,
            updated_at=now,
            created_by=actor.id,
            action=action,
            data=data,
            email=email,
        )
        self.events.add(event)

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
        """Return an unused id that looks random and is the same in every run that does the same."""
        rows, prefix = self.table(kind), KINDS[kind].prefix
        while True:
            number = self.next(kind)
            digest = hashlib.sha256(f"{kind} {number}".encode()).hexdigest()
            if (new := f"{prefix}-{digest[:32]}") not in rows:
                return new
