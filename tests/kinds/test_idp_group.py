"""Groups of the identity provider: registered alone, and named by their ids."""

from __future__ import annotations

from devinops.kinds import KINDS
from devinops.kinds.idp_group import IdpGroup
from devinops.model.kind import Scope

KIND = KINDS["idp_group"]


def test_a_create_registers_one_group() -> None:
    assert KIND.apis["v3"].wrapped({"idp_group_name": "a/b"}) == {"idp_group_names": ["a/b"]}


def test_a_terraform_state_has_its_name() -> None:
    assert KIND.terraform.shown({"name": "a/b"}) == {"idp_group_name": "a/b"}


def test_only_an_enterprise_has_groups() -> None:
    assert KIND.is_in("v3", Scope.ENTERPRISE)
    assert not KIND.is_in("v3", Scope.ORGANIZATION)


def test_registering_needs_no_approval_and_the_opposite_does() -> None:
    (hazard,) = KIND.hazards
    group = IdpGroup(name="a")
    assert (hazard.approval, hazard.sees_deletes) == ("access", True)
    assert hazard.risk(None, group) == ""
    assert "unregistered" in hazard.risk(group, None)
