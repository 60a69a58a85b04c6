"""The API's resources, one module each. The emulator serves all that are in the table."""

from __future__ import annotations

from devinops.emulator.resource import Resource
from devinops.emulator.resources.audit import AUDIT_LOGS
from devinops.emulator.resources.automations import AUTOMATIONS
from devinops.emulator.resources.folders import FOLDERS
from devinops.emulator.resources.members import MEMBERS
from devinops.emulator.resources.notes import KNOWLEDGE_V1, NOTES
from devinops.emulator.resources.organizations import ACU_LIMITS, ORGANIZATIONS, TAGS
from devinops.emulator.resources.playbooks import PLAYBOOKS, PLAYBOOKS_V1
from devinops.emulator.resources.schedules import SCHEDULES
from devinops.emulator.resources.secrets import SECRETS, SECRETS_V1
from devinops.emulator.router import create_router

TABLE: tuple[Resource, ...] = (
    FOLDERS,
    NOTES,
    PLAYBOOKS,
    SECRETS,
    AUTOMATIONS,
    SCHEDULES,
    ORGANIZATIONS,
    TAGS,
    ACU_LIMITS,
    *MEMBERS,
    AUDIT_LOGS,
    KNOWLEDGE_V1,
    PLAYBOOKS_V1,
    SECRETS_V1,
)

router = create_router(TABLE)
