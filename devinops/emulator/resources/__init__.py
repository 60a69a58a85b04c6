"""The API's resources, a module each. The table of them all is what the emulator serves."""

from __future__ import annotations

from devinops.emulator.resource import Resource
from devinops.emulator.resources.automations import AUTOMATIONS
from devinops.emulator.resources.members import MEMBERS
from devinops.emulator.resources.organizations import ACU_LIMITS, ORGANIZATIONS, TAGS
from devinops.emulator.resources.playbooks import PLAYBOOKS
from devinops.emulator.resources.schedules import SCHEDULES
from devinops.emulator.router import create_router

TABLE: tuple[Resource, ...] = (
    PLAYBOOKS,
    AUTOMATIONS,
    SCHEDULES,
    ORGANIZATIONS,
    TAGS,
    ACU_LIMITS,
    *MEMBERS,
)

router = create_router(TABLE)
