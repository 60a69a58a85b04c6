"""A secret's contract: what follows from it never depends on a value, and nothing is ever pruned."""

from __future__ import annotations

import pytest

from devinops.kinds.secret import Secret
from devinops.model.changes import Action
from devinops.model.inventory import Inventory, Record
from devinops.planning.contract import Contract
from devinops.planning.draft import PlanDraft
from devinops.planning.match import Match
from devinops.planning.orphans import Orphan
from tests.testing.objects import live
from tests.testing.plans import context, entry

TOKEN = live("secret", key="TOKEN", type="totp", id="s1")


def test_the_value_is_shown_by_the_name_of_its_variable() -> None:
    wanted = entry(Secret(key="TOKEN", type="totp", value_from={"env": "CI_TOKEN"}))
    draft = PlanDraft()
    Contract().plan(Match(wanted), context(), draft)
    (change,) = draft.changes
    assert change.action is Action.CREATE
    assert {field.name: field.after for field in change.fields}["value"] == "env:CI_TOKEN"
    assert "value_from" not in {field.name for field in change.fields}


@pytest.mark.parametrize("prune", ["off", "owned", "scope"])
def test_one_that_is_no_longer_declared_is_let_go_whatever_is_pruned(prune: str) -> None:
    record = Record(TOKEN.key, TOKEN.id)
    draft = PlanDraft()
    orphan = Orphan(TOKEN, TOKEN.key, "no longer declared", record)
    inventory = Inventory.of("file", [record])
    Contract().orphan(orphan, None, context([TOKEN], inventory=inventory), draft)
    assert (draft.changes, draft.removals) == ([], [TOKEN.object_id])
