"""The API's resources, a module each. The table of them all is what the emulator serves."""

from __future__ import annotations

from devinops.emulator.resource import Resource
from devinops.emulator.resources.automations import AUTOMATIONS
from devinops.emulator.resources.playbooks import PLAYBOOKS
from devinops.emulator.router import create_router

TABLE: tuple[Resource, ...] = (PLAYBOOKS, AUTOMATIONS)

router = create_router(TABLE)
