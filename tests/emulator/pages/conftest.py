"""A seed with something on each page, and a browser without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.testing.emulator_api import Api

START = {"type": "start_session", "prompt": "Look around."}


def seed() -> dict[str, Any]:
    return {
        "organizations": {
            "org-emulator": {
                "name": "Payments",
                "folders": [
                    {"path": "A", "id": "folder-a"},
                    {"path": "A/B", "id": "folder-b"},
                ],
                "knowledge": [
                    {
                        "id": "note-1",
                        "name": "Deploys",
                        "trigger": "When deploying",
                        "body": "Use blue-green.\n\nAlways.",
                        "folder": "A/B",
                        "macro": "!deploys",
                    },
                    {"id": "note-2", "name": "Root", "trigger": "t", "body": "b"},
                ],
                "playbooks": [
                    {
                        "id": "playbook-1",
                        "title": "Triage",
                        "body": "Read.",
                        "structured_output_schema": {"type": "object"},
                    }
                ],
                "secrets": [{"id": "secret-1", "key": "NPM_TOKEN", "note": "read-only"}],
                "automations": [
                    {
                        "id": "automation-1",
                        "name": "Push",
                        "triggers": [{"event_type": "github:push"}],
                        "actions": [START],
                    }
                ],
                "schedules": [{"id": "schedule-1", "name": "Nightly", "prompt": "Look."}],
                "tags": ["nightly", "urgent"],
                "max_cycle_acu_limit": 100,
            }
        },
        "enterprise": {
            "folders": [{"path": "House", "id": "folder-house"}],
            "knowledge": [{"id": "note-house", "name": "House rules", "trigger": "t", "body": "b"}],
            "playbooks": [{"id": "playbook-house", "title": "House", "body": "b"}],
            "roles": [{"id": "role-1", "name": "Member"}],
            "idp_groups": [{"name": "engineering", "roles": {"org-emulator": "role-1"}}],
            "users": [{"id": "user-1", "name": "Ada", "groups": ["engineering"]}],
            "service_users": [{"name": "CI", "roles": {"enterprise": "role-1"}}],
            "acu_limits": [{"id": "limit-1", "scope": "enterprise", "cycle_acu_limit": 9}],
        },
    }


@pytest.fixture
def filled(start: Callable[..., Api]) -> Api:
    return start(seed())


@pytest.fixture
def visitor(filled: Api) -> httpx.Client:
    """A client without a key, which does not follow redirects."""
    client: httpx.Client = filled.with_key("")
    return client
