"""What pages show: owners with their objects, members, the audit log and the requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from devinops.emulator.middleware import RequestLog
from devinops.emulator.pages.words import NOUNS, TITLES
from devinops.emulator.records import KINDS, SECTIONS, JsonObject, Kind, Record
from devinops.emulator.store import Store

_LONGEST_BODY = 20_000


# -- owners: organizations and the enterprise

IN_ORGANIZATION = ("knowledge", "folders", "playbooks", "secrets", "automations", "schedules")
IN_ENTERPRISE = ("organizations", "knowledge", "folders", "playbooks", "acu_limits")
"""The sections of objects that people create."""

_MEMBERS: tuple[Kind, ...] = ("user", "idp_group", "service_user", "role")


def listed(sections: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sections that have a page of their own: folders are listed with the notes."""
    return tuple(section for section in sections if section != "folders")


@dataclass(frozen=True)
class Link:
    """A link; `count` is the number of objects it leads to, None if they are not counted."""

    url: str
    text: str
    count: int | None = None
    is_current: bool = False


@dataclass(frozen=True)
class Owner:
    """An organization with its name, or the enterprise if `org` is None."""

    org: str | None
    name: str

    @property
    def url(self) -> str:
        return "/enterprise" if self.org is None else f"/organizations/{escaped(self.org)}"

    @property
    def first_url(self) -> str:
        return f"{self.url}/{self._sections[0]}"

    @property
    def _sections(self) -> tuple[str, ...]:
        return listed(IN_ENTERPRISE if self.org is None else IN_ORGANIZATION)

    def links(self, store: Store, current: str = "") -> list[Link]:
        """Return the links to all pages of the owner; `current` is the section being shown."""
        lists = [
            Link(
                f"{self.url}/{section}",
                TITLES[section],
                len(_unsorted(store, SECTIONS[section], self.org)),
                section == current,
            )
            for section in self._sections
        ]
        if self.org is not None:
            return [*lists, Link(self.url, "Settings", None, current == "settings")]
        count = sum(len(store.table(kind)) for kind in _MEMBERS)
        return [*lists, Link("/enterprise/members", "Members", count, current == "members")]


ENTERPRISE = Owner(None, "Enterprise")


def find_owner(store: Store, org: str | None) -> Owner:
    """Return an owner. Raises a 404 for an unknown organization."""
    return ENTERPRISE if org is None else Owner(org, store.organization(org).name)


def owner_of(store: Store, kind: Kind, record: Any) -> Owner:
    """Return whose pages have an object: an organization is on its own."""
    if kind == "organization":
        return Owner(record.id, record.name)
    return find_owner(store, record.org)


def objects(store: Store, kind: Kind, org: str | None) -> list[Any]:
    """Return the objects that belong to an organization or to the enterprise, sorted by name."""
    rows = _unsorted(store, kind, org)
    return sorted(rows, key=lambda record: (record.label.casefold(), record.seq))


def _unsorted(store: Store, kind: Kind, org: str | None) -> list[Any]:
    if KINDS[kind].owners == "enterprise":
        return list(store.table(kind))
    return list(store.table(kind).of(org))


def url_of(section: str, record_id: str) -> str:
    return f"/{section}/{escaped(record_id)}"


def section_of(kind: Kind) -> str:
    return KINDS[kind].section or KINDS[kind].table


def escaped(part: str) -> str:
    """Return a text as one segment of a path."""
    return quote(part, safe="", errors="replace")


# -- lists


@dataclass(frozen=True)
class ObjectRow:
    """An object in a list. `switch` is the field that turns it on and off, empty without one."""

    record: Any
    url: str
    detail: str
    switch: str = ""

    @property
    def badges(self) -> list[str]:
        return badges(self.record)


def badges(record: Any) -> list[str]:
    """Return what is unusual about an object, in a word each."""
    is_on = getattr(record, "is_enabled", True) and getattr(record, "enabled", True)
    unusual = {
        "disabled": not is_on,
        "personal": record.access_type == "personal",
        "pinned": bool(getattr(record, "pinned_repo", None)),
    }
    return [word for word, applies in unusual.items() if applies]


def _limit(record: Any) -> str:
    return f"{record.cycle_acu_limit} ACUs for the {record.scope} {record.user_id or ''}".rstrip()


def _events(record: Any) -> str:
    return ", ".join(str(trigger.get("event_type")) for trigger in record.triggers)


_DETAILS: Mapping[Kind, Callable[[Any], str]] = {
    "organization": lambda record: record.id,
    "playbook": lambda record: record.macro or "",
    "secret": lambda record: ": ".join(filter(None, (record.secret_type, record.note))),
    "automation": _events,
    "schedule": lambda record: record.frequency or record.scheduled_at or "",
    "acu_limit": _limit,
}


def rows(store: Store, kind: Kind, org: str | None) -> list[ObjectRow]:
    detail, section = _DETAILS[kind], section_of(kind)
    return [
        ObjectRow(
            record,
            url_of(section, record.id),
            detail(record),
            "enabled" if hasattr(record, "enabled") else "",
        )
        for record in objects(store, kind, org)
    ]


# -- one object


@dataclass(frozen=True)
class NamedActor:
    """Who did something, and whether it is a person or a service user."""

    name: str
    id: str
    what: str


def author(store: Store, actor_id: str | None) -> NamedActor | None:
    if actor_id is None:
        return None
    actor = store.actor(actor_id)
    return NamedActor(actor.name, actor.id, "person" if actor.is_person else "service user")


def facts(store: Store, kind: Kind, record: Any) -> list[tuple[str, str]]:
    """Return what a person sees of an object and cannot change, besides its id and times."""
    seen: Mapping[Kind, Callable[[], list[tuple[str, str | None]]]] = {
        "folder": lambda: [("Path", store.folder_path(record.id))],
        "automation": lambda: [
            ("Webhook", record.webhook_url),
            ("Template", record.template_id),
            ("Last run", _compact(record.last_invocation)),
        ],
        "schedule": lambda: [
            ("Last run", record.last_executed_at),
            ("Last error", record.last_error_message),
        ],
    }
    pairs = seen.get(kind, list)()
    return [(name, value) for name, value in pairs if value]


def _compact(value: JsonObject | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


# -- members


@dataclass(frozen=True)
class Member:
    """A person, a group or a service user, with roles in words."""

    name: str
    id: str
    detail: str
    roles: list[str]


def members(store: Store, kind: Kind) -> list[Member]:
    return [_member(store, record) for record in objects(store, kind, None)]


def _member(store: Store, record: Any) -> Member:
    detail = getattr(record, "email", None) or ""
    groups = getattr(record, "groups", ())
    if groups:
        detail = f"{detail}, in {', '.join(groups)}".removeprefix(", ")
    return Member(record.label, record.id, detail, _roles(store, record.roles))


def _roles(store: Store, roles: Mapping[str, str]) -> list[str]:
    names = {org.id: org.name for org in store.table("organization")} | {"": ENTERPRISE.name}
    return [
        f"{_label(store, 'role', role_id)} ({names.get(org, org)})"
        for org, role_id in roles.items()
    ]


def _label(store: Store, kind: Kind, record_id: str) -> str:
    record: Record | None = store.table(kind).get(record_id)
    return record_id if record is None else record.label


# -- the audit log


@dataclass(frozen=True)
class AuditRow:
    """An event. `url` leads to the object, if it exists and has a page."""

    at: int
    author: NamedActor | None
    action: str
    name: str
    url: str
    owner: str


def audit_rows(store: Store, events: Iterable[Any]) -> list[AuditRow]:
    names = {org.id: org.name for org in store.table("organization")}
    return [
        AuditRow(
            event.created_at,
            author(store, event.created_by),
            event.action.replace("_", " "),
            event.data["name"],
            _url_of_object(store, event),
            ENTERPRISE.name if event.org is None else names.get(event.org, event.org),
        )
        for event in events
    ]


def _url_of_object(store: Store, event: Any) -> str:
    _, _, what = event.action.partition("_")
    what = what.removesuffix("_settings")
    for kind in NOUNS:
        if what == (KINDS[kind].logged or kind) and event.data["id"] in store.table(kind):
            return url_of(section_of(kind), event.data["id"])
    return ""


# -- requests


@dataclass(frozen=True)
class RequestRow:
    """A request of the log. `body` is indented JSON, empty without one, cut if it is long."""

    number: int
    method: str
    path: str
    status: int | None
    fault: str
    size: int
    body: str
    is_cut: bool


@dataclass(frozen=True)
class RequestRows:
    """Requests, newest first; `last` is the number of the newest one.

    A page removes the requests up to the number `cleared`.
    """

    cleared: int
    last: int
    rows: list[RequestRow]


def request_rows(log: RequestLog, since: int, most: int) -> RequestRows:
    """Return the requests after a number, at most the newest `most`."""
    logged = log.since(since)
    if since > logged.last:
        # The page was open before this emulator started.
        logged = replace(log.since(0), cleared=since)
    numbered = logged.entries[-most:]
    newest_first = [_request_row(number, entry) for number, entry in reversed(numbered)]
    return RequestRows(logged.cleared, logged.last, newest_first)


def _request_row(number: int, entry: Mapping[str, Any]) -> RequestRow:
    data = entry["body"]
    text = "" if data is None else json.dumps(data, indent=2, ensure_ascii=False)
    return RequestRow(
        number,
        entry["method"],
        entry["path"],
        entry["status"],
        entry.get("fault", ""),
        0 if data is None else len(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")),
        text[:_LONGEST_BODY],
        len(text) > _LONGEST_BODY,
    )
