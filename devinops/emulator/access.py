"""Keys: who they belong to, and what they may do.

Facts: v3 credentials start with `cog_`, v1 ones with `apk_`. A service user of an organization
reaches that organization only, one of the enterprise reaches all organizations and the enterprise
paths.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_ORG = "org-emulator"

PERMISSIONS = frozenset(
    {
        "ManageOrgKnowledge",
        "ManageAccountKnowledge",
        "ManageKnowledge",
        "ManageOrgPlaybooks",
        "ManageAccountPlaybooks",
        "ManageOrgSecrets",
        "ManageOrgAutomations",
        "ViewOrgAutomations",
        "ManageOrgSchedules",
        "ImpersonateOrgSessions",
        "ViewOrgSessions",
        "ViewAccountSessions",
        "ManageOrganizations",
        "ManageBilling",
        "ViewAccountConsumption",
        "ManageAccountMembership",
        "ViewAccountMembership",
        "ManageAccountServiceUsers",
        "ManageEnterpriseSettings",
        "ManageGitIntegrations",
        "UseDevinSessions",
    }
)

# Any one of the names is enough. If pages of the API differ on a call's permission, all are here.
READ_NOTES = ("ManageOrgKnowledge", "UseDevinSessions", "ManageAccountKnowledge")
WRITE_NOTES = ("ManageOrgKnowledge", "ManageAccountKnowledge")
READ_FOLDERS = ("ManageKnowledge", "ManageAccountKnowledge")
READ_PLAYBOOKS = ("ManageOrgPlaybooks", "UseDevinSessions", "ManageAccountPlaybooks")
WRITE_PLAYBOOKS = ("ManageOrgPlaybooks", "ManageAccountPlaybooks")
SECRETS = ("ManageOrgSecrets",)
READ_AUTOMATIONS = ("ViewOrgAutomations",)
WRITE_AUTOMATIONS = ("ManageOrgAutomations",)
ENTERPRISE_NOTES = ("ManageAccountKnowledge",)
ENTERPRISE_PLAYBOOKS = ("ManageAccountPlaybooks",)
SETTINGS = ("ManageEnterpriseSettings",)
SCHEDULES = ("ManageOrgSchedules",)
SESSIONS = ("ViewOrgSessions",)
ENTERPRISE_SESSIONS = ("ViewAccountSessions",)
ORGANIZATIONS = ("ManageOrganizations",)
READ_ACU_LIMITS = ("ManageBilling", "ViewAccountConsumption")
WRITE_ACU_LIMITS = ("ManageBilling",)
ROLES = ("ManageAccountMembership",)
MEMBERS = ("ManageAccountMembership", "ViewAccountMembership")
GIT = ("ManageGitIntegrations",)
SERVICE_USERS = ("ManageAccountServiceUsers", "ManageAccountMembership")


@dataclass(frozen=True)
class Actor:
    """Who did something. `email` is set for people, None for service users."""

    id: str
    name: str
    email: str | None = None

    @property
    def is_person(self) -> bool:
        return self.email is not None


@dataclass(frozen=True)
class Principal:
    """The holder of a key for one version of the API; `org` is None for the enterprise."""

    api: str
    org: str | None
    actor: Actor
    permissions: frozenset[str] = PERMISSIONS

    def may(self, any_of: tuple[str, ...]) -> bool:
        return not self.permissions.isdisjoint(any_of)


# Stands for whoever clicks in the web app.
PERSON = Actor("user-emulator-person", "Pat Person", "pat@example.com")


def api_of(key: str) -> str | None:
    """Return the API version that a key's prefix belongs to; None for an unknown prefix."""
    return {"cog": "v3", "apk": "v1"}.get(key.partition("_")[0]) if "_" in key else None


def standard_keys() -> dict[str, Principal]:
    """Return the three keys that every emulator knows."""
    return {
        "cog_emulator": Principal("v3", DEFAULT_ORG, Actor("service-user-emulator", "Emulator")),
        "cog_enterprise": Principal(
            "v3", None, Actor("service-user-enterprise", "Enterprise emulator")
        ),
        "apk_emulator": Principal(
            "v1", DEFAULT_ORG, Actor("service-user-emulator-v1", "Emulator (v1)")
        ),
    }
