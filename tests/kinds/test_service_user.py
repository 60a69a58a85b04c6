"""Service users: only those that are active can be named."""

from __future__ import annotations

from devinops.kinds import KINDS


def test_a_deleted_service_user_is_not_there() -> None:
    reduced = KINDS["service_user"].apis["v3"].reduced
    active = {"service_user_id": "s-1", "name": "CI", "deleted_at": None}
    assert reduced(active, "org-1") == active
    assert reduced({**active, "deleted_at": 1}, "org-1") is None
