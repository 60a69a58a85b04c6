"""No run changes or takes the roles of its own keys, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write

ROLES = {"enterprise": "account_admin", "org-emulator": "org_admin"}
SEED: dict[str, Any] = {
    "organizations": {"org-emulator": {}},
    "enterprise": {
        "idp_groups": [{"name": "admins", "roles": ROLES}, {"name": "others", "roles": ROLES}],
        "users": [
            {"id": "user-person", "email": "person@example.com", "groups": ["admins"]},
            {
                "id": "user-owner",
                "email": "owner@example.com",
                "groups": ["admins"],
                "roles": ROLES,
            },
            {"id": "user-ada", "email": "ada@example.com", "roles": ROLES},
        ],
        "service_users": [
            {"id": "service-user-emulator", "name": "emulator", "roles": ROLES},
            {"id": "service-user-enterprise", "name": "enterprise", "roles": ROLES},
            {"id": "service-user-other", "name": "other", "roles": ROLES},
        ],
    },
    "keys": {
        "cog_person": {"principal": "pat_user"},
        "cog_owner": {"org": None, "principal": "pat_user"},
    },
}
ORGANIZATION = (
    "targets: {production: {enterprise_key_env: DEVIN_ENTERPRISE, inventory: {store: none}}}"
)
ENTERPRISE = "targets: {production: {enterprise: true, inventory: {store: none}}}"


@pytest.mark.parametrize(
    ("key", "enterprise_key", "section", "own", "other"),
    [
        ("cog_emulator", "cog_enterprise", "service_user_roles", "emulator", "other"),
        ("cog_emulator", "cog_enterprise", "service_user_roles", "enterprise", "other"),
        ("cog_enterprise", "", "service_user_roles", "enterprise", "emulator"),
        ("cog_person", "cog_enterprise", "group_roles", "admins", "others"),
        ("cog_owner", "", "group_roles", "admins", "others"),
        ("cog_owner", "", "user_roles", "owner@example.com", "ada@example.com"),
    ],
)
def test_it_is_blocked_and_the_role_of_another_is_changed(
    key: str,
    enterprise_key: str,
    section: str,
    own: str,
    other: str,
    use: Callable[..., None],
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind, config = section.removesuffix("s"), ORGANIZATION if enterprise_key else ENTERPRISE
    subject = kind.removesuffix("_role")
    scope = {} if enterprise_key else {"enterprise": True}
    entries = [{subject: who, "role": "Member", **scope} for who in (own, other)]
    root = repository(
        {
            "devinops.yaml": f"version: 1\n{config}\n",
            f"{section}.yaml": json.dumps({section: entries}),
        }
    )
    monkeypatch.setenv("DEVIN_ENTERPRISE", enterprise_key)
    with Emulator(SEED) as emulator:
        use(emulator.url, key)
        ran = devinops("apply", "-C", root, "--yes", "--adopt", "--allow", "access", "--only", kind)
        written = [r["path"] for r in emulator.requests if r["method"] != "GET"]
    assert ran.code == 4, ran.err
    assert "it decides what this run's own key may do" in " ".join(ran.out.split())
    assert len(written) == 1


def test_a_key_whose_person_cannot_be_read_changes_no_role(
    use: Callable[..., None], repository: Write, devinops: Devinops
) -> None:
    """Without them, nobody knows which groups give the key its roles."""
    seed = {**SEED, "enterprise": {**SEED["enterprise"], "users": []}}
    entries = [{"group": "others", "role": "Member", "enterprise": True}]
    root = repository(
        {
            "devinops.yaml": f"version: 1\n{ENTERPRISE}\n",
            "group_roles.yaml": json.dumps({"group_roles": entries}),
        }
    )
    with Emulator(seed) as emulator:
        use(emulator.url, "cog_owner")
        ran = devinops("apply", "-C", root, "--yes", "--adopt", "--allow", "access")
        assert [r["path"] for r in emulator.requests if r["method"] != "GET"] == []
    assert ran.code == 4
    assert "use the key of a service user" in " ".join(ran.out.split())


def test_who_declares_no_role_is_not_asked_whose_keys_these_are(
    use: Callable[..., None], repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ORGANIZATION.replace("{enterprise", "{org_id: org-emulator, enterprise")
    root = repository(
        {"devinops.yaml": f"version: 1\n{config}\n", "knowledge.yaml": "knowledge: []\n"}
    )
    monkeypatch.setenv("DEVIN_ENTERPRISE", "cog_enterprise")
    with Emulator(SEED) as emulator:
        use(emulator.url)
        assert devinops("plan", "-C", root).code == 0
        paths = [r["path"] for r in emulator.requests]
    assert not any("/self" in path or "members" in path for path in paths)
