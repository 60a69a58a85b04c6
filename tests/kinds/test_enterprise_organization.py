"""The organizations of an enterprise: only referred to, by name or id."""

from __future__ import annotations

from devinops.kinds import KINDS
from devinops.model.keys import ROOT, Key
from devinops.model.kind import Lifecycle

KIND = KINDS["enterprise_organization"]


def test_organizations_are_never_declared_created_or_deleted() -> None:
    api = KIND.apis["v3"]
    assert not any((KIND.is_declared, api.creates, api.update, api.deletes))
    assert (KIND.lifecycle, KIND.only_named) == (Lifecycle.REQUIRED, True)


def test_entries_name_them_by_name() -> None:
    limits = KINDS["org_group_limits"]
    assert limits.references == {KIND.noun}
    groups = limits.by_name["groups"]
    assert limits.referred(groups, "Payments") == Key(KIND.noun, ROOT, "Payments")
