"""Whose objects a page shows: those of an organization or of the enterprise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from devinops.emulator.pages.words import TITLES
from devinops.emulator.records import KINDS, SECTIONS, Kind
from devinops.emulator.store import Store

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
    def start(self) -> str:
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


def owner(store: Store, org: str | None) -> Owner:
    """Return an owner. Raises a 404 for an unknown organization."""
    return ENTERPRISE if org is None else Owner(org, store.organization(org).name)


def owner_of(store: Store, kind: Kind, record: Any) -> Owner:
    """Return whose pages have an object: an organization is on its own."""
    if kind == "organization":
        return Owner(record.id, record.name)
    return owner(store, record.org)


def objects(store: Store, kind: Kind, org: str | None) -> list[Any]:
    """Return the objects that belong to an organization or to the enterprise, sorted by name."""
    rows = _unsorted(store, kind, org)
    return sorted(rows, key=lambda record: (record.label.casefold(), record.seq))


def _unsorted(store: Store, kind: Kind, org: str | None) -> list[Any]:
    if KINDS[kind].owners == "enterprise":
        return list(store.table(kind))
    return [record for record in store.table(kind) if record.org == org]


def url_of(section: str, record_id: str) -> str:
    return f"/{section}/{escaped(record_id)}"


def escaped(part: str) -> str:
    """Return a text as one segment of a path."""
    return quote(part, safe="", errors="replace")
