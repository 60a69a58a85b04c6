"""The objects of the store, and per kind how the store, seeds and the audit log treat them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

JsonObject = dict[str, Any]
Scope = Literal["org", "enterprise"]
Seconds = Annotated[int, "Unix seconds"]
SecretType = Literal["cookie", "key-value", "totp", "dictionary"]

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
    """A field does not exist, is missing or has the wrong type; the message says which."""


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
        names = (getattr(self, name, None) for name in ("name", "title", "key", "action"))
        return next((name for name in names if name), self.id)

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


@dataclass(slots=True, kw_only=True)
class Playbook(Record):
    """A playbook; `structured_output_schema` is a JSON Schema or None."""

    title: str
    body: str
    macro: str | None = None
    structured_output_schema: JsonObject | None = None
    access_type: Scope = "org"


@dataclass(slots=True, kw_only=True)
class Secret(Record):
    """A secret without its value; `digest` is a salted hash of the value, kept only in memory.

    Only people create a secret of the type dictionary, or without a key.
    """

    key: str | None
    secret_type: SecretType = "key-value"
    note: str | None = None
    is_sensitive: bool = True
    access_type: Literal["org", "personal"] = "org"
    digest: bytes | None = field(default=None, repr=False)


@dataclass(slots=True, kw_only=True)
class Event(Record):
    """An entry of the audit log, caused by `created_by`; `email` is None for a service user."""

    action: str
    data: JsonObject
    email: str | None = None


@dataclass(slots=True, kw_only=True)
class Organization(Record):
    """An organization; `org` is its own id. Limits are in ACUs, None without one.

    `tags` are those that its sessions can have, sorted. `acu_limit` is used if the `acu_limit`
    quirk separates it from `max_cycle_acu_limit`. `security_profiles` are names by id.
    """

    name: str
    max_cycle_acu_limit: int | None = None
    max_session_acu_limit: int | None = None
    tags: list[str] = field(default_factory=list)
    default_tag: str | None = None
    acu_limit: int | None = None
    security_profiles: dict[str, str] = field(default_factory=dict)


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
    preflight: JsonObject | None = None
    slack_reply_access: str = "slack_users"
    teams_reply_access: str = "teams_users"
    template_id: str | None = None
    last_invocation: JsonObject | None = None
    webhook_url: str | None = None
    new_secret: str | None = field(default=None, repr=False)


@dataclass(slots=True, kw_only=True)
class Session(Record):
    """A session with its analysis; None: not analysed.

    `repo_names` and `schedule_id` only serve to filter lists. No response shows them.
    """

    title: str | None = None
    status: str = "exit"
    status_detail: str | None = None
    tags: list[str] = field(default_factory=list)
    acus_consumed: float = 0
    pull_requests: list[JsonObject] = field(default_factory=list)
    user_id: str | None = None
    service_user_id: str | None = None
    automation_id: str | None = None
    schedule_id: str | None = None
    playbook_id: str | None = None
    parent_session_id: str | None = None
    child_session_ids: list[str] | None = None
    category: str | None = None
    subcategory: str | None = None
    origin: str | None = None
    devin_mode: str | None = None
    is_archived: bool = False
    structured_output: JsonObject | None = None
    num_user_messages: int = 1
    num_devin_messages: int = 1
    session_size: str = "s"
    analysis: JsonObject | None = None
    analysis_status: str | None = None
    repo_names: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Schedule(Record):
    """A schedule; automations have replaced schedules. Its times are texts, as in the API."""

    name: str
    prompt: str
    enabled: bool = True
    schedule_type: Literal["recurring", "one_time"] = "recurring"
    frequency: str | None = None
    scheduled_at: str | None = None
    interval_count: int = 1
    agent: Literal["devin", "data_analyst"] = "devin"
    playbook_id: str | None = None
    notify_on: Literal["always", "failure", "never"] = "failure"
    bypass_approval: bool = False
    tags: list[str] | None = None
    platform: str | None = None
    slack_team_id: str | None = None
    slack_channel_id: str | None = None
    target_devin_id: str | None = None
    last_executed_at: str | None = None
    last_error_at: str | None = None
    last_error_message: str | None = None
    consecutive_failures: int = 0


@dataclass(slots=True, kw_only=True)
class Role(Record):
    """A role of the enterprise or of organizations; `role_type` is enterprise or org."""

    name: str
    role_type: Scope = "org"
    permissions: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class IdpGroup(Record):
    """A group of the identity provider, whose id is its name.

    `roles` maps an organization's id, or an empty text for the enterprise, to a role's id.
    """

    roles: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class User(Record):
    """A person; `roles` has the form of a group's, `groups` are names of groups."""

    name: str | None = None
    email: str | None = None
    roles: dict[str, str] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ServiceUser(Record):
    """A service user; `roles` has a group's form, `deleted_at` is None while it is active."""

    name: str
    roles: dict[str, str] = field(default_factory=dict)
    expires_at: Seconds | None = None
    deleted_at: Seconds | None = None

    def is_active(self, now: Seconds) -> bool:
        """Return whether its keys work: it is neither deleted nor expired."""
        expired = self.expires_at is not None and self.expires_at <= now
        return self.deleted_at is None and not expired


@dataclass(slots=True, kw_only=True)
class AcuLimit(Record):
    """A limit in ACUs for a billing cycle; one with an `org` is that organization's."""

    scope: Literal["enterprise", "user"]
    cycle_acu_limit: int
    user_id: str | None = None


@dataclass(slots=True, kw_only=True)
class GitConnection(Record):
    """A connection of the enterprise to a Git server; only people make one.

    `repositories` are the paths of those that it reaches.
    """

    git_provider_type: str = "github_app"
    host: str = "github.com"
    name: str | None = None
    repositories: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class GitPermission(Record):
    """What an organization can reach through a connection; one of the four paths is set."""

    git_connection_id: str
    repo_path: str | None = None
    group_prefix: str | None = None
    prefix_path: str | None = None
    depot_path: str | None = None
    read_only: bool = False


@dataclass(slots=True, kw_only=True)
class IpRange(Record):
    """A network whose addresses may call the API; its id is the text of the network."""


@dataclass(slots=True, kw_only=True)
class OrgGroup(Record):
    """Organizations with one limit in ACUs for a billing cycle; the id is the group's name."""

    org_ids: list[str]
    max_cycle_acus: int | None = None


R = TypeVar("R", bound=Record)

Kind = Literal[
    "organization",
    "folder",
    "knowledge",
    "playbook",
    "secret",
    "automation",
    "schedule",
    "session",
    "role",
    "idp_group",
    "user",
    "service_user",
    "acu_limit",
    "git_connection",
    "git_permission",
    "ip_range",
    "org_group",
    "event",
]


@dataclass(frozen=True)
class StoredKind:
    """How the store, seeds and the audit log treat a kind.

    `table` is its key in the state file. `prefix` starts its ids. `section` is its key in a seed
    and its path below `/_emulator`: the table's if empty, none for None. The audit log's actions
    are made of verbs, `edited` for a change, and of `logged` or else the kind. `names` maps the
    names of a seed to different attributes of the record. `owners` are who such objects can belong
    to.
    """

    record: type[Record]
    table: str
    prefix: str
    section: str | None = ""
    edited: str = "update"
    logged: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    owners: Literal["both", "organizations", "enterprise"] = "organizations"

    @property
    def noun(self) -> str:
        """The kind in the API's error messages."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.record.__name__)
        return words.capitalize()


# In the order in which a seed adds them.
KINDS: Mapping[Kind, StoredKind] = {
    "organization": StoredKind(
        Organization, "organizations", "org", logged="org", owners="enterprise"
    ),
    "folder": StoredKind(
        Folder, "folders", "folder", names={"parent_folder_id": "parent_id"}, owners="both"
    ),
    "knowledge": StoredKind(
        Note, "notes", "note", section="knowledge", edited="edit", owners="both"
    ),
    "playbook": StoredKind(Playbook, "playbooks", "playbook", owners="both"),
    "secret": StoredKind(Secret, "secrets", "secret", names={"type": "secret_type"}),
    "automation": StoredKind(Automation, "automations", "automation"),
    "schedule": StoredKind(Schedule, "schedules", "sched"),
    "session": StoredKind(Session, "sessions", "devin"),
    "role": StoredKind(Role, "roles", "role", owners="enterprise"),
    "idp_group": StoredKind(
        IdpGroup, "idp_groups", "group", names={"name": "id"}, owners="enterprise"
    ),
    "user": StoredKind(User, "users", "user", owners="enterprise"),
    "service_user": StoredKind(ServiceUser, "service_users", "service-user", owners="enterprise"),
    "acu_limit": StoredKind(AcuLimit, "acu_limits", "limit", owners="enterprise"),
    "git_connection": StoredKind(
        GitConnection, "git_connections", "git-connection", owners="enterprise"
    ),
    "git_permission": StoredKind(GitPermission, "git_permissions", "git-permission"),
    "ip_range": StoredKind(
        IpRange, "ip_ranges", "range", names={"cidr": "id"}, owners="enterprise"
    ),
    "org_group": StoredKind(
        OrgGroup, "org_groups", "org-group", names={"name": "id"}, owners="enterprise"
    ),
    "event": StoredKind(Event, "events", "audit", section=None, owners="both"),
}

HOLDERS: tuple[Kind, ...] = ("idp_group", "user", "service_user")
"""The kinds whose objects have roles."""

SECTIONS: Mapping[str, Kind] = {
    stored.section or stored.table: kind
    for kind, stored in KINDS.items()
    if stored.section is not None
}
