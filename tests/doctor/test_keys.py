"""Keys with all sets of permissions: the right words about each list, and never a failure."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain, combinations
from typing import Any

import pytest

from devinops.api.contract import contract
from devinops.doctor.examine import Examination
from devinops.emulator import Emulator
from devinops.emulator.middleware import Reply
from devinops.schema.doctor import Status
from tests.testing.examined import changed, examined, lines, page, seed

LISTS: Mapping[str, Collection[str]] = {
    "notes": {"ManageOrgKnowledge", "UseDevinSessions", "ManageAccountKnowledge"},
    "folders": {"ManageKnowledge", "ManageAccountKnowledge"},
    "playbooks": {"ManageOrgPlaybooks", "UseDevinSessions", "ManageAccountPlaybooks"},
    "secrets": {"ManageOrgSecrets"},
    "automations": {"ViewOrgAutomations"},
    "update semantics of automations": {"ViewOrgAutomations"},
}
"""List of an organization → permissions any of which is enough, as the emulator checks them."""

ENTERPRISE: Mapping[str, Collection[str]] = {
    "notes of the enterprise": {"ManageAccountKnowledge"},
    "playbooks of the enterprise": {"ManageAccountPlaybooks"},
    "organizations": {"ManageOrganizations"},
    "ACU limits": {"ManageBilling", "ViewAccountConsumption"},
    "IP access list": {"ManageEnterpriseSettings"},
    "limits of organization groups": {"ManageOrganizations"},
    "session tags": {"ManageEnterpriseSettings"},
    "default session tag": {"ManageEnterpriseSettings"},
    "audit log of the organization": {"ManageEnterpriseSettings"},
}

READ = (
    "UseDevinSessions", "ManageOrgKnowledge", "ManageKnowledge", "ManageOrgPlaybooks",
    "ManageOrgSecrets", "ViewOrgAutomations", "ManageAccountKnowledge",
)  # fmt: skip
OF_ENTERPRISE = (
    "ManageAccountKnowledge", "ManageAccountPlaybooks", "ManageOrganizations", "ManageBilling",
    "ViewAccountConsumption", "ManageEnterpriseSettings", "ManageAccountMembership",
    "ManageAccountServiceUsers",
)  # fmt: skip


SETS = [*chain.from_iterable(combinations(READ, size) for size in range(len(READ) + 1))]
PAIRS = [*combinations(OF_ENTERPRISE, 2)]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator with a key for each set."""
    keys = {
        **{f"cog_set{n}": {"permissions": list(some)} for n, some in enumerate(SETS)},
        **{f"cog_pair{n}": {"org": None, "permissions": list(two)} for n, two in enumerate(PAIRS)},
    }
    with Emulator({**seed(), "keys": keys}) as running:
        yield running


def check(
    found: Examination, permissions: Collection[str], lists: Mapping[str, Collection[str]]
) -> None:
    needed = {reading.name: reading.permission for reading in contract("v3").readings}
    shown = lines(found)
    for name, any_of in lists.items():
        if {*any_of} & {*permissions}:
            empty = f"note     {name}: none, so their fields could not be compared"
            assert empty in shown or any(line.startswith(f"ok       {name}: ") for line in shown), (
                name
            )
        else:
            refused = f"refused (403), the key lacks {needed[name]}"
            assert (
                f"note     {name}: {refused}: grant that only if you want to manage them" in shown
            )
    reads_any = any({*any_of} & {*permissions} for any_of in lists.values())
    nothing = "problem  key: may read nothing of what devinops manages: give it a role, or check DEVIN_ORG_ID"
    assert [line for line in shown if line.startswith("problem")] == [nothing] * (not reads_any)


@pytest.mark.sampled(65, ci=5)
@pytest.mark.parametrize("number", range(len(SETS)))
def test_each_set_of_permissions_of_an_organization(emulator: Emulator, number: int) -> None:
    check(examined(emulator, f"cog_set{number}"), SETS[number], LISTS)


@pytest.mark.sampled(10, ci=2)
@pytest.mark.parametrize("number", range(len(PAIRS)))
def test_each_pair_of_permissions_of_the_enterprise(emulator: Emulator, number: int) -> None:
    key, own = f"cog_pair{number}", {n: ENTERPRISE[n] for n in list(ENTERPRISE)[:6]}
    check(examined(emulator, key, "org-emulator"), PAIRS[number], ENTERPRISE)
    check(examined(emulator, key), PAIRS[number], own)


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({"org": "org-emulator"}, "ok       key: API v3, of a service user of one organization"),
        ({"org": "org-emulator", "principal": "pat_user"}, "ok       key: API v3, of a person of one organization"),
        ({"org": None, "principal": "pat_user"}, "ok       key: API v3, of a person of the enterprise"),
    ],
)  # fmt: skip
def test_whose_key_it_is(facts: Mapping[str, Any], line: str) -> None:
    with Emulator({**seed(), "keys": {"cog_some": facts}}) as emulator:
        found = examined(emulator, "cog_some")
    assert line in lines(found)
    assert "note     key: what it may write cannot be read, and was not tried" in lines(found)


def test_a_key_of_v1_is_of_one_organization_and_says_no_more() -> None:
    with Emulator(seed()) as emulator:
        found = examined(emulator, "apk_emulator")
    assert "ok       key: API v1, of an unknown owner of one organization" in lines(found)
    assert not [check for check in found.checks if check.status is Status.PROBLEM]


@pytest.mark.parametrize("permissions", [[], ["ManageOrgSecrets"], ["UseDevinSessions"]])
def test_a_key_of_v1_with_few_permissions(permissions: list[str]) -> None:
    keys = {"apk_some": {"org": "org-emulator", "permissions": permissions}}
    with Emulator({**seed(), "keys": keys}) as emulator:
        shown = lines(examined(emulator, "apk_some"))
    refused = "refused (403), the key may not read them: grant that only if you want to manage them"
    assert (f"note     secrets: {refused}" in shown) == ("ManageOrgSecrets" not in permissions)
    assert (f"note     playbooks: {refused}" in shown) == ("UseDevinSessions" not in permissions)


def test_what_the_roles_of_an_enterprises_service_user_grant_is_read_if_it_can_be() -> None:
    own = {"id": "service-user-enterprise", "name": "E", "roles": {"enterprise": "role-1"}}
    role = {
        "id": "role-1",
        "name": "R",
        "role_type": "enterprise",
        "permissions": ["ManageBilling", "Secret Name"],
    }
    more = seed()
    more["enterprise"] |= {"service_users": [own], "roles": [role]}
    with Emulator(more) as emulator:
        found = examined(emulator, "cog_enterprise")
    assert found.key.permissions == ("ManageBilling",)
    assert "ok       key: its roles grant ManageBilling" in lines(found)


def test_another_organization_than_the_settings_is_a_problem() -> None:
    more = seed()
    more["organizations"]["org-other"] = {}
    with Emulator(more) as emulator:
        shown = lines(examined(emulator, org_id="org-other"))
    assert shown[0].startswith("note     connection")
    assert (
        "problem  key: belongs to another organization than the settings: check DEVIN_ORG_ID, or org_id of the target"
        in shown
    )
    assert "ok       notes: 8 objects, as devinops expects" in shown


def test_an_enterprise_without_an_organization_reads_what_is_the_enterprises_own() -> None:
    with Emulator(seed()) as emulator:
        shown = lines(examined(emulator, "cog_enterprise"))
        of_target = lines(examined(emulator, "cog_enterprise", enterprise=True))
        wrong = lines(examined(emulator, "cog_emulator", enterprise=True))
    assert "note     key: no organization is chosen: set DEVIN_ORG_ID to read one too" in shown
    assert not [line for line in shown if " notes: " in line]
    assert not [line for line in of_target if "DEVIN_ORG_ID" in line]
    assert "problem  key: is not the enterprise's: use a key of the enterprise" in wrong


@pytest.mark.parametrize(
    ("end", "change"),
    [
        ("/roles/role-1", page(permissions=None)),
        ("/service-user-enterprise", page(role_assignments=[{"role": {"role_id": "role-1"}}, {}])),
    ],
)
def test_roles_that_cannot_be_read_say_nothing_about_writing(
    end: str, change: Callable[[Reply], Reply]
) -> None:
    own = {"id": "service-user-enterprise", "name": "E", "roles": {"enterprise": "role-1"}}
    more = seed()
    more["enterprise"] |= {
        "service_users": [own],
        "roles": [{"id": "role-1", "name": "R", "role_type": "enterprise"}],
    }
    with Emulator(more, layers=[changed(end, change)]) as emulator:
        found = examined(emulator, "cog_enterprise")
    assert found.key.permissions is None


def test_names_of_permissions_that_are_no_texts_are_left_out() -> None:
    odd = page(permissions=[None, ["x"], 7, "ManageBilling"])
    role = page(role_assignments=[{"role": {"role_id": "role-1"}}])
    layers = [changed("/roles/role-1", odd), changed("/service-user-enterprise", role)]
    more = seed()
    own = {"id": "service-user-enterprise", "name": "E", "roles": {"enterprise": "role-1"}}
    more["enterprise"] |= {
        "service_users": [own],
        "roles": [{"id": "role-1", "name": "R", "role_type": "enterprise"}],
    }
    with Emulator(more, layers=layers) as emulator:
        assert examined(emulator, "cog_enterprise").key.permissions == ("ManageBilling",)


def test_a_rejected_key_of_v1_ends_it() -> None:
    with Emulator(seed()) as emulator:
        found = examined(emulator, "apk_wrong")
    assert (
        lines(found)[-1]
        == "problem  key: rejected (401): check the key, and the IP access list of the enterprise"
    )
    assert found.requests == 1


@pytest.mark.parametrize(
    ("days", "line"),
    [
        (None, ""),
        (100, r"ok       key: expires on 20\d\d-\d\d-\d\d \d\d:\d\d UTC"),
        (9, r"problem  key: expires on .* UTC, in 9 days: store the key of another service user"),
    ],
)
def test_a_key_that_expires_soon_is_a_problem(days: int | None, line: str) -> None:
    at = None if days is None else int(time.time()) + days * 24 * 3600 + 3600
    own = {"id": "service-user-enterprise", "name": "E", "expires_at": at}
    more = seed()
    more["enterprise"] |= {"service_users": [own]}
    with Emulator(more) as emulator:
        shown = lines(examined(emulator, "cog_enterprise"))
    assert [bool(re.match(line, each)) for each in shown if "expires" in each] == [True] * bool(
        line
    )
