"""A secret's contract: what follows from it never depends on a value, and nothing is pruned unasked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devinops.kinds.secret import Secret
from devinops.model.changes import Action, Blocker
from devinops.model.inventory import Inventory, Record
from devinops.model.objects import Access, Ensure, Live
from devinops.planning.draft import PlanDraft
from devinops.planning.lifecycles.contract import Contract
from devinops.planning.match import Match
from devinops.planning.orphans import Orphan
from tests.testing.objects import live
from tests.testing.plans import context, entry
from tests.testing.small_kinds import Permit

TOKEN = live("secret", key="TOKEN", type="totp", id="s1")


def test_the_value_is_shown_by_the_name_of_its_variable() -> None:
    wanted = entry(Secret(key="TOKEN", type="totp", value_from={"env": "CI_TOKEN"}))
    draft = PlanDraft()
    Contract().plan(Match(wanted), context(), draft)
    (change,) = draft.changes
    assert change.action is Action.CREATE
    assert {field.name: field.after for field in change.fields}["value"] == "env:CI_TOKEN"
    assert "value_from" not in {field.name for field in change.fields}


def test_one_that_is_no_longer_declared_is_deleted_for_good() -> None:
    record = Record(TOKEN.key, TOKEN.id)
    draft = PlanDraft()
    orphan = Orphan(TOKEN, TOKEN.key, "no longer declared", record)
    inventory = Inventory.of("file", [record])
    Contract().orphan(orphan, None, context([TOKEN], inventory=inventory), draft)
    (change,) = draft.changes
    assert (change.action, change.object_id, draft.dropped) == (Action.DELETE, TOKEN.object_id, [])
    assert change.reason == "no longer declared; no rollback restores its value"


def test_a_tombstone_deletes_it() -> None:
    gone = entry(Secret(key="TOKEN"), ensure=Ensure.ABSENT)
    draft = PlanDraft()
    Contract().plan(Match(gone, TOKEN), context([TOKEN]), draft)
    (change,) = draft.changes
    assert (change.action, change.id, change.declaration) == (Action.DELETE, "s1", gone)


def test_of_several_personal_ones_the_first_is_named() -> None:
    personal = [
        live("secret", key="TOKEN", id=id, access=Access.PERSONAL.value) for id in ("p1", "p2")
    ]
    draft = PlanDraft()
    Contract().plan(Match(entry(Secret(key="TOKEN"))), context(personal), draft)
    (blocked,) = draft.blocked
    assert (blocked.by, blocked.ids) == (Blocker.REQUIREMENT, ("p1",))
    assert blocked.reason == (
        "it exists as a personal secret only: add it as an organization secret in the web app"
    )


def test_one_without_a_value_is_added_by_a_person_or_gets_one() -> None:
    draft = PlanDraft()
    Contract().plan(Match(entry(Secret(key="TOKEN"))), context(), draft)
    (blocked,) = draft.blocked
    assert blocked.reason == (
        'the secret "TOKEN" is missing: add it in the web app, or let apply create it with '
        "value_from: {env: NAME}"
    )


def test_one_of_a_kind_without_values_is_added_by_a_person() -> None:
    draft = PlanDraft()
    Contract().plan(Match(entry(Permit(name="A"))), context(), draft)
    assert [blocked.reason for blocked in draft.blocked] == [
        'the permit "A" is missing: add it in the web app'
    ]


@pytest.mark.parametrize("recorded", [False, True])
def test_one_of_a_kind_without_values_that_is_there_is_never_owned(recorded: bool) -> None:
    there = Live("x1", Permit(name="A"), created_at=1)
    record = Record(there.key, there.id) if recorded else None
    inventory = Inventory.of("file", [record] if record else [])
    draft = PlanDraft()
    match = Match(entry(Permit(name="A")), there, record=record)
    Contract().plan(match, context([there], inventory=inventory), draft)
    assert [change.action for change in draft.dropped] == [Action.RELEASE] * recorded
    assert replace(draft, dropped=[]) == PlanDraft(unchanged=not recorded)
