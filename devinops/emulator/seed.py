"""The seed: what an emulator starts with.

    organizations:
      org-emulator:
        folders: [{path: Backend/APIs}]
        knowledge: [{name: …, trigger: …, body: …, folder: Backend/APIs}]
        playbooks: [{title: …, body: …}]
        secrets: [{key: NPM_TOKEN, type: key-value, note: …}]
        automations: [{name: …, triggers: […], actions: […]}]
        tags: [nightly]
    enterprise: {folders: […], knowledge: […], playbooks: […], roles: […], users: […]}
    quirks: {macro: dropped}
    keys: {cog_reader: {org: org-emulator, permissions: [UseDevinSessions]}}

Everything is optional. Every enterprise has the built-in roles, and one person if the seed has
none. Any object can have an id and times. Missing folders above a listed one are
created. A note in a folder that is not listed is an error, and so is an unknown key. Secrets have
no value here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from devinops.emulator.access import DEFAULT_ORG, PERMISSIONS, PERSON, Actor, Principal, api_of
from devinops.emulator.fields import fields_of
from devinops.emulator.parsing import did_you_mean, mapping, read_yaml, sequence
from devinops.emulator.quirks import Quirks, parse_quirks
from devinops.emulator.records import KINDS, SECTIONS, InvalidObject
from devinops.emulator.store import Store
from devinops.emulator.web_edits import add, check_fields
from devinops.model.errors import ConfigError

_ENTERPRISE_SECTIONS = tuple(
    section
    for section, kind in SECTIONS.items()
    if KINDS[kind].owners in ("both", "enterprise") and kind != "organization"
)
_ORGANIZATION = (
    *(section for section, kind in SECTIONS.items() if KINDS[kind].owners != "enterprise"),
    *fields_of("organization"),
)
_TOP = ("organizations", "enterprise", "quirks", "keys")
_BUILT_IN_ROLES = {
    "org_member": ("Member", "org"),
    "org_admin": ("Admin", "org"),
    "account_member": ("Member", "enterprise"),
    "account_admin": ("Admin", "enterprise"),
}
_KEY_FIELDS = ("org", "permissions", "principal")


@dataclass(frozen=True)
class Seed:
    """A seed with known sections; its objects are checked when they are added to a store."""

    where: str = "seed"
    organizations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    enterprise: Mapping[str, Any] = field(default_factory=dict)
    quirks: Quirks = field(default_factory=Quirks)
    keys: Mapping[str, Principal] = field(default_factory=dict)

    def add_to(self, store: Store) -> None:
        """Add the objects to an empty store. Raises ConfigError for the first invalid one."""
        with store.lock:
            for org, sections in self.organizations.items():
                _add_organization(store, org, sections, f"{self.where}: organizations.{org}")
            for role_id, (name, role_type) in _BUILT_IN_ROLES.items():
                fields = {"id": role_id, "name": name, "role_type": role_type}
                store.insert("role", None, PERSON, fields, log=False)
            _add_scope(store, None, self.enterprise, f"{self.where}: enterprise")
            for org, sections in self.organizations.items():
                _add_scope(store, org, sections, f"{self.where}: organizations.{org}")
            if not store.table("user"):
                person = {**asdict(PERSON), "roles": {"": "account_admin"}}
                store.insert("user", None, PERSON, person, log=False)


def read_seed(path: Path | None, quirks: Mapping[str, object] | None = None) -> Seed:
    """Read a YAML or JSON file, or take an empty seed; for `quirks` see `parse_seed`.

    Raises ConfigError when the file cannot be read or is malformed.
    """
    raw = read_yaml(path, "the seed") if path is not None else None
    return parse_seed({} if raw is None else raw, str(path or "--quirk"), quirks)


def parse_seed(
    raw: object, where: str = "seed", quirks: Mapping[str, object] | None = None
) -> Seed:
    """Check the outline of a seed. `quirks` are added to those of the seed, and override them."""
    top = mapping(raw, where, _TOP)
    organizations = mapping(top.get("organizations"), f"{where}: organizations")
    switches = {**mapping(top.get("quirks"), f"{where}: quirks"), **(quirks or {})}
    return Seed(
        where=where,
        organizations={
            org: mapping(sections, f"{where}: organizations.{org}", _ORGANIZATION)
            for org, sections in organizations.items()
        },
        enterprise=mapping(top.get("enterprise"), f"{where}: enterprise", _ENTERPRISE_SECTIONS),
        quirks=parse_quirks(switches, f"{where}: quirks"),
        keys={
            key: _principal(key, fields, organizations, f"{where}: keys.{key}")
            for key, fields in mapping(top.get("keys"), f"{where}: keys").items()
        },
    )


def _add_organization(store: Store, org: str, sections: Mapping[str, Any], where: str) -> None:
    """Add an organization with its own fields."""
    own = {name: sections[name] for name in fields_of("organization") if name in sections}
    try:
        check_fields("organization", own, new=False)
    except InvalidObject as error:
        raise ConfigError(f"{where}: {error}") from None
    store.add_organization(org, **own)


def _add_scope(store: Store, org: str | None, sections: Mapping[str, Any], where: str) -> None:
    for name, kind in SECTIONS.items():
        entries = sequence(sections.get(name), f"{where}.{name}")
        numbered = list(enumerate(entries))
        if kind == "folder":
            # From the top down, so that a folder listed below its inner ones is not made twice.
            numbered.sort(key=lambda entry: _depth(entry[1]))
        for number, fields in numbered:
            entry_where = f"{where}.{name}[{number}]"
            try:
                add(store, kind, org, mapping(fields, entry_where), log=False)
            except InvalidObject as problem:
                raise ConfigError(f"{entry_where}: {problem}") from None


def _depth(fields: object) -> int:
    path = fields.get("path") if isinstance(fields, Mapping) else None
    return path.count("/") if isinstance(path, str) else 0


def _principal(key: str, raw: object, organizations: Mapping[str, Any], where: str) -> Principal:
    fields = mapping(raw, where, _KEY_FIELDS)
    api = api_of(key)
    if api is None:
        raise ConfigError(f"{where}: expected a key that starts with cog_ (v3) or apk_ (v1)")
    org = fields.get("org", DEFAULT_ORG)
    if org is None and api == "v1":
        raise ConfigError(f"{where}.org: a v1 key belongs to an organization")
    if org is not None and org not in {DEFAULT_ORG, *organizations}:
        raise ConfigError(
            f'{where}.org: no organization "{org}"{did_you_mean(str(org), organizations)}'
        )
    permissions = _permissions(fields.get("permissions"), f"{where}.permissions")
    return Principal(api, org, _actor(key, fields, where), permissions)


def _actor(key: str, fields: Mapping[str, Any], where: str) -> Actor:
    """A service user named after its key's tail, or the person of a personal access token."""
    kind, name = fields.get("principal", "service_user"), key.partition("_")[2]
    if kind == "pat_user":
        return Actor(f"user-{name}", name, f"{name}@example.com")
    if kind != "service_user":
        raise ConfigError(f"{where}.principal: expected service_user or pat_user")
    return Actor(f"service-user-{name}", name)


def _permissions(raw: object, where: str) -> frozenset[str]:
    if raw is None:
        return PERMISSIONS
    names = [str(name) for name in sequence(raw, where)]
    for name in names:
        if name not in PERMISSIONS:
            raise ConfigError(
                f'{where}: unknown permission "{name}"{did_you_mean(name, PERMISSIONS)}'
            )
    return frozenset(names)
