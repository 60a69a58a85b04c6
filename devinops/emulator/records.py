"""What the store holds, and how a list of it is cut into pages. Standard library only."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

JsonObject = dict[str, Any]


class Rejected(Exception):
    """The API would refuse this: `status` and `detail` as answered; `loc` names the field of a 422."""

    def __init__(
        self, status: int, detail: str, loc: tuple[str | int, ...] = ("body",), given: object = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.loc, self.given = status, detail, loc, given


@dataclass(slots=True, kw_only=True)
class Record:
    """Common to all objects. `org` None: of the enterprise. Times in Unix seconds. `seq`: order of creation."""

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


@dataclass(slots=True, kw_only=True)
class Folder(Record):
    """A place for notes. `parent_id` None: at the top. Names may contain a slash and may repeat."""

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

    @property
    def label(self) -> str:
        return self.title


@dataclass(slots=True, kw_only=True)
class Secret(Record):
    """What may be known about a secret. `digest` is a salted hash, kept in memory only and never answered."""

    key: str
    secret_type: str = "key-value"
    note: str | None = None
    is_sensitive: bool = True
    digest: bytes | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        return self.key


@dataclass(slots=True, kw_only=True)
class Event(Record):
    """A line of the audit log; `created_by` did it, `email` is None for a service user."""

    action: str
    data: JsonObject
    email: str | None = None

    @property
    def label(self) -> str:
        return self.action


@dataclass(slots=True, kw_only=True)
class Organization(Record):
    """An organization; `org` is its own id. Limits are in ACUs, None without one.

    `tags` are those that its sessions may have, sorted. `acu_limit` is used where the `acu_limit` quirk tells it
    from `max_cycle_acu_limit`. `security_profiles` are names by id.
    """

    name: str
    max_cycle_acu_limit: int | None = None
    max_session_acu_limit: int | None = None
    tags: list[str] = field(default_factory=list)
    default_tag: str | None = None
    acu_limit: int | None = None
    security_profiles: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.name


@dataclass(slots=True, kw_only=True)
class Automation(Record):
    """An automation; its groups are stored in full, as the API shows them.

    `security_profile` None inherits, with a `profile_id` of None it opts out. `new_secret` is a webhook's
    secret on its way into the only answer that shows it.
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


@dataclass(slots=True, kw_only=True)
class Schedule(Record):
    """A schedule, which automations have taken the place of. Times in it are texts, as the API has them."""

    name: str
    prompt: str
    enabled: bool = True
    schedule_type: str = "recurring"
    frequency: str | None = None
    scheduled_at: str | None = None
    interval_count: int = 1
    agent: str = "devin"
    playbook_id: str | None = None
    notify_on: str = "failure"
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

    @property
    def label(self) -> str:
        return self.name


@dataclass(slots=True, kw_only=True)
class Role(Record):
    """A role of the enterprise or of organizations; `role_type` is enterprise or org."""

    name: str
    role_type: str = "org"
    permissions: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return self.name


@dataclass(slots=True, kw_only=True)
class IdpGroup(Record):
    """A group of the identity provider, whose id is its name.

    `roles` maps an organization's id, or an empty text for the enterprise, to a role's id.
    """

    roles: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class User(Record):
    """A person. `roles` is as a group's, `groups` are names of groups."""

    name: str | None = None
    email: str | None = None
    roles: dict[str, str] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return self.name or self.id


@dataclass(slots=True, kw_only=True)
class ServiceUser(Record):
    """A service user; `roles` is as a group's. `deleted_at` None while it is active."""

    name: str
    roles: dict[str, str] = field(default_factory=dict)
    expires_at: int | None = None
    deleted_at: int | None = None

    @property
    def label(self) -> str:
        return self.name


@dataclass(slots=True, kw_only=True)
class AcuLimit(Record):
    """A limit in ACUs for a billing cycle. `scope` is enterprise, org or user."""

    scope: str
    cycle_acu_limit: int
    user_id: str | None = None


R = TypeVar("R", bound=Record)

Kind = Literal[
    "organization",
    "folder",
    "knowledge",
    "playbook",
    "secret",
    "automation",
    "schedule",
    "role",
    "idp_group",
    "user",
    "service_user",
    "acu_limit",
    "event",
]


@dataclass(frozen=True)
class Stored:
    """How the store keeps a kind.

    `table` is its place in the state file. `section` is its name in a seed and for a person, None where
    neither has a say. `prefix` begins its ids. In the audit log, `edited` is the word for a change, and `logged`
    the word for the kind where it is another one. `enterprise`: such objects belong to no organization.
    """

    record: type[Record]
    table: str
    section: str | None
    prefix: str
    noun: str
    edited: str = "update"
    logged: str | None = None
    enterprise: bool = False


# In the order in which a seed plants them.
KINDS: Mapping[Kind, Stored] = {
    "organization": Stored(
        Organization,
        "organizations",
        "organizations",
        "org",
        "Organization",
        logged="org",
        enterprise=True,
    ),
    "folder": Stored(Folder, "folders", "folders", "folder", "Folder"),
    "knowledge": Stored(Note, "notes", "knowledge", "note", "Note", edited="edit"),
    "playbook": Stored(Playbook, "playbooks", "playbooks", "playbook", "Playbook"),
    "secret": Stored(Secret, "secrets", "secrets", "secret", "Secret"),
    "automation": Stored(Automation, "automations", "automations", "automation", "Automation"),
    "schedule": Stored(Schedule, "schedules", "schedules", "sched", "Schedule"),
    "role": Stored(Role, "roles", "roles", "role", "Role", enterprise=True),
    "idp_group": Stored(IdpGroup, "idp_groups", "idp_groups", "group", "Group", enterprise=True),
    "user": Stored(User, "users", "users", "user", "User", enterprise=True),
    "service_user": Stored(
        ServiceUser,
        "service_users",
        "service_users",
        "service-user",
        "Service user",
        enterprise=True,
    ),
    "acu_limit": Stored(AcuLimit, "acu_limits", "acu_limits", "limit", "Limit", enterprise=True),
    "event": Stored(Event, "events", None, "audit", "Event"),
}

SECTIONS: Mapping[str, Kind] = {
    stored.section: kind for kind, stored in KINDS.items() if stored.section is not None
}

# Each order as a key that is unique, because a cursor is a place in it.
ORDERS: dict[str, Callable[[Record], tuple[Any, ...]]] = {
    "created": lambda record: (record.seq,),
    "reversed": lambda record: (-record.seq,),
    "name": lambda record: (record.label, record.seq),
    "updated": lambda record: (record.updated_at, record.seq),
}
_KEY_TYPES = {
    "created": (int,),
    "reversed": (int,),
    "name": (str, int),
    "updated": (int, int),
    "offset": (int,),
}


class Table(Generic[R]):
    """Objects of one kind by id, in the order they came, with sorted listings kept until the next change."""

    def __init__(self) -> None:
        self._rows: dict[str, R] = {}
        self._listings: dict[tuple[object, str], list[R]] = {}

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def get(self, record_id: str) -> R | None:
        return self._rows.get(record_id)

    def add(self, record: R) -> R:
        self._rows[record.id] = record
        self.touch()
        return record

    def remove(self, record: R) -> None:
        del self._rows[record.id]
        self.touch()

    def touch(self) -> None:
        """Forget the listings: something that they show or sort by has changed."""
        self._listings.clear()

    def listing(self, name: object, order: str, belongs: Callable[[R], bool]) -> list[R]:
        """Return the records that belong, sorted. `name` stands for `belongs` in the cache. Not to be changed."""
        if (name, order) not in self._listings:
            self._listings[name, order] = sorted(filter(belongs, self), key=ORDERS[order])
        return self._listings[name, order]


@dataclass(frozen=True)
class Page(Generic[R]):
    """A piece of a list. `end_cursor` is None on the last page; `total` counts the whole list."""

    items: list[R]
    end_cursor: str | None
    total: int


def cut_page(
    rows: list[R], tag: str, *, order: str, stable: bool, first: int, after: str | None
) -> Page[R]:
    """Return up to `first` of the sorted `rows` behind the cursor `after`.

    A cursor belongs to the list called `tag` and to its order; any other one is a 422. A stable cursor is a
    place in the order, otherwise it is a count, and writes between two pages shift what it means.
    """
    start = 0 if after is None else _start(rows, tag, order, stable, after)
    end = start + first
    if end >= len(rows):
        return Page(rows[start:], None, len(rows))
    place = ORDERS[order](rows[end - 1]) if stable else (end,)
    return Page(rows[start:end], _encode(tag, order if stable else "offset", place), len(rows))


def _start(rows: list[R], tag: str, order: str, stable: bool, after: str) -> int:
    if not stable:
        return max(int(_decode(after, tag, "offset")[0]), 0)
    return bisect_right(rows, _decode(after, tag, order), key=ORDERS[order])


def _encode(tag: str, order: str, place: tuple[object, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps([tag, order, *place]).encode()).decode().rstrip("=")


def _decode(cursor: str, tag: str, order: str) -> tuple[Any, ...]:
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raw = None
    if not isinstance(raw, list) or raw[:2] != [tag, order]:
        raise _bad_cursor(cursor)
    if tuple(map(type, raw[2:])) != _KEY_TYPES[order]:
        raise _bad_cursor(cursor)
    return tuple(raw[2:])


def _bad_cursor(cursor: str) -> Rejected:
    return Rejected(422, "Invalid cursor", ("query", "after"), cursor)
