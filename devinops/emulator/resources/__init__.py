"""The API's resources, one module each. The emulator serves all that are in the table."""

from __future__ import annotations

from functools import cache

from devinops.emulator.records import JsonObject, Kind
from devinops.emulator.resource import Resource
from devinops.emulator.resources.audit import AUDIT_LOGS
from devinops.emulator.resources.automations import AUTOMATIONS
from devinops.emulator.resources.git import GIT
from devinops.emulator.resources.ip_access import IP_ACCESS
from devinops.emulator.resources.members import MEMBERS
from devinops.emulator.resources.notes import FOLDERS, KNOWLEDGE_V1, NOTES
from devinops.emulator.resources.organizations import ACU_LIMITS, ORG_GROUPS, ORGANIZATIONS, TAGS
from devinops.emulator.resources.playbooks import PLAYBOOKS, PLAYBOOKS_V1
from devinops.emulator.resources.schedules import SCHEDULES
from devinops.emulator.resources.secrets import SECRETS, SECRETS_V1
from devinops.emulator.resources.sessions import INSIGHTS, SESSIONS
from devinops.emulator.router import create_router
from devinops.emulator.store import Store

TABLE: tuple[Resource, ...] = (
    FOLDERS,
    NOTES,
    PLAYBOOKS,
    SECRETS,
    AUTOMATIONS,
    SCHEDULES,
    INSIGHTS,
    SESSIONS,
    ORGANIZATIONS,
    ORG_GROUPS,
    TAGS,
    ACU_LIMITS,
    *MEMBERS,
    *GIT,
    IP_ACCESS,
    AUDIT_LOGS,
    KNOWLEDGE_V1,
    PLAYBOOKS_V1,
    SECRETS_V1,
)

router = create_router(TABLE)


@cache
def resource_of(kind: Kind) -> Resource:
    """Return the resource that shows a kind on v3."""
    return next(resource for resource in TABLE if resource.kind == kind)


def show(store: Store, kind: Kind, record_id: str) -> JsonObject:
    """Return an object as a person sees it. Raises UnknownObject for an unknown id."""
    resource = resource_of(kind)
    return (resource.view_as_person or resource.view)(store, store.get(kind, record_id))
