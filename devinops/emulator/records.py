"""The objects of the store, and per kind how the store, seeds and the audit log treat them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

JsonObject = dict[str, Any]
Scope = Literal["org", "enterprise"]
SecretType = Literal["cookie", "key-value", "totp"]

MEMORY_ONLY = frozenset({"digest", "new_secret"})
"""Attributes of records that nobody can set and that are never written to the state file."""


class ApiError(Exception):
    """An error response: `status` and `detail`, and for a 422 the field, `loc`, and its value."""

    def __init__(
        self, status: int, detail: str, loc: tuple[str | int, ...] = ("body",), given: object = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.loc, self.given = status, detail, loc, given


class InvalidObject(ValueError):
    """A field does not exist, is missing or has the wrong type; the message names it and the reason."""


@dataclass(slots=True, kw_only=True)
class Record:
    """Common to all objects. Times are Unix seconds; `seq` is the order of creation.

    `org` is None for an object of the enterprise.
    """

    id: str
    org: str | None
    seq: int
    created_at: int
    updated_at: int
    created_by: str
    updated_by: str | None = None
    access_type: str = "org"

    @property
    def label(self) -> str:
        """What people call the object."""
        return self.id

    @property
    def org_id(self) -> str | None:
        """The organization as the API shows it: None for an object of the enterprise."""
        return None if self.access_type == "enterprise" else self.org


@dataclass(slots=True, kw_only=True)
class Folder(Record):
    """A folder of notes; `parent_id` None: at the top. Names can contain a slash and can repeat."""

    name: str
    parent_id: str | None = None
    description: str = ""

    @property
    def label(self) -> str:
        return self.name


@dataclass(slots=True, kw_only=True)
class Note(Record):
    """A knowledge note. `folder_id` None: in the root."""

    name: str
    body: str
    trigger: str
    folder_id: str | None = None
    pinned_repo: str | None = None
    macro: str | None = None
    is_enabled: bool = True
    access_type: Scope = "org"

    @property
    def label(self) -> str:
        return self.name


@dataclass(slots=True, kw_only=True)
class Playbook(Record):
    """A playbook; `structured_output_schema` is a JSON Schema or None."""

    title: str
    body: str
    macro: str | None = None
    structured_output_schema: JsonObject | None = None
    access_type: Scope = "org"

    @property
    def label(self) -> str:
        return self.title


@dataclass(slots=True, kw_only=True)
class Secret(Record):
    """A secret without its value; `digest` is a salted hash of it that never leaves the memory."""

    key: str
    secret_type: SecretType = "key-value"
    note: str | None = None
    is_sensitive: bool = True
    access_type: Literal["org", "personal"] = "org"
    digest: bytes | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        return self.key


@dataclass(slots=True, kw_only=True)
class Event(Record):
    """An entry of the audit log, caused by `created_by`; `email` is None for a service user."""

    action: str
    data: JsonObject
    email: str | None = None

    @property
    def label(self) -> str:
        return self.action


@dataclass(slots=True, kw_only=True)
class Organization(Record):
    """An organization; `org` is its own id. Limits are in ACUs, None without one.

    `tags` are those that its sessions can have, sorted. `security_profiles` are names by id.
    """

    name: str
    max_cycle_acu_limit: int | None = None
    max_session_acu_limit: int | None = None
    tags: list[str] = field(default_factory=list)
    default_tag: str | None = None
    security_profiles: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.name


@dataclass(slots=True, kw_only=True)
class Automation(Record):
    """An automation; its groups are stored in full, as the API shows them.

    A `security_profile` of None inherits; one with a `profile_id` of None opts out. `new_secret` is
    the secret of a new webhook, until the only response that shows it.
    """

    name: str
    actions: list[JsonObject]
    triggers: list[JsonObject] = field(default_factory=list)
    enabled: bool = True
    run_as: JsonObject = field(default_factory=lambda: {"type": "organization"})
    metadata: dict[str, str] = field(default_factory=dict)
    concurrency: JsonObject | None = None
    limits: JsonObject | None = None
    notifications: JsonObject | None = None
    security_profile: JsonObject | None = None
    session_settings: JsonObject | None = None
    tools: JsonObject | None = None
    slack_reply_access: str = "slack_users"
    teams_reply_access: str = "teams_users"
    template_id: str | None = None
    last_invocation: JsonObject | None = None
    webhook_url: str | None = None
    new_secret: str | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        return self.name


R = TypeVar("R", bound=Record)

Kind = Literal["organization", "folder", "knowledge", "playbook", "secret", "automation", "event"]


@dataclass(frozen=True)
class Stored:
    """How the store, seeds and the audit log treat a kind.

    `table` is its key in the state file, `section` its key in a seed and its path below `/_emulator`
    (None: neither can have it). `prefix` starts its ids. `edited` is the audit log's verb for a
    change. `names` maps the names of a seed to different attributes of the record. A seed can put
    it into the enterprise if `in_enterprise`.
    """

    record: type[Record]
    table: str
    section: str | None
    prefix: str
    noun: str
    edited: str = "update"
    names: Mapping[str, str] = field(default_factory=dict)
    in_enterprise: bool = True


# In the order in which a seed adds them.
KINDS: Mapping[Kind, Stored] = {
    "organization": Stored(Organization, "organizations", None, "org", "Organization"),
    "folder": Stored(
        Folder, "folders", "folders", "folder", "Folder", names={"parent_folder_id": "parent_id"}
    ),
    "knowledge": Stored(Note, "notes", "knowledge", "note", "Note", edited="edit"),
    "playbook": Stored(Playbook, "playbooks", "playbooks", "playbook", "Playbook"),
    "secret": Stored(
        Secret,
        "secrets",
        "secrets",
        "secret",
        "Secret",
        names={"type": "secret_type"},
        in_enterprise=False,
    ),
    "automation": Stored(
        Automation, "automations", "automations", "automation", "Automation", in_enterprise=False
    ),
    "event": Stored(Event, "events", None, "audit", "Event"),
}

SECTIONS: Mapping[str, Kind] = {
    stored.section: kind for kind, stored in KINDS.items() if stored.section is not None
}
