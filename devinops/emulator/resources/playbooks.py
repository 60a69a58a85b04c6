"""Playbooks of an organization and of the enterprise, on v3."""

from __future__ import annotations

from devinops.emulator import access, models, views
from devinops.emulator.resource import (
    ENTERPRISE,
    ORGANIZATION,
    Create,
    Delete,
    Omitted,
    Place,
    Resource,
    Update,
)

PLAYBOOKS = Resource(
    kind="playbook",
    nouns=("playbook", "playbooks"),
    path="/playbooks",
    places=(
        Place(ORGANIZATION, access.READ_PLAYBOOKS, access.WRITE_PLAYBOOKS),
        Place(ENTERPRISE, access.ENTERPRISE_PLAYBOOKS, access.ENTERPRISE_PLAYBOOKS),
    ),
    id_field="playbook_id",
    view=views.playbook_v3,
    answer=models.Playbook,
    create=Create(body=models.PlaybookWrite, refusals=(409,)),
    update=Update(method="PUT", body=models.PlaybookWrite, omitted=Omitted.KEEPS, refusals=(409,)),
    delete=Delete(),
)
