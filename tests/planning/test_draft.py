"""What a draft of a plan knows of an object: who has its key, when it was edited, who declared it."""

from __future__ import annotations

import time
from datetime import date

import pytest

from devinops.kinds.knowledge import Knowledge
from devinops.kinds.secret import Secret
from devinops.model.changes import Blocker
from devinops.model.objects import Declaration, Overridden, Snapshot, Source
from devinops.model.policy import Policy
from devinops.model.target import Target
from devinops.planning.draft import PlanDraft, last_change
from devinops.planning.plan import PlanRequest, build_plan
from tests.testing.objects import live
from tests.testing.plans import context, entry


def test_the_objects_of_others_with_a_key_are_neither_ours_nor_of_another_name() -> None:
    theirs = live("knowledge", name="A", id="theirs", ours=False)
    other = live("knowledge", name="B", id="other", ours=False)
    ours = live("knowledge", name="A", id="ours")
    assert context([theirs, other, ours]).foreign(theirs.key) == (theirs,)


def test_a_blocked_step_says_what_its_entry_does_to_that_of_an_earlier_layer() -> None:
    below, above = (entry(Knowledge(name="A", body=body)) for body in ("old", "new"))
    draft = PlanDraft()
    draft.block(Blocker.CONFLICT, above._replace(chain=(below, above)), "why")
    (blocked,) = draft.blocked
    assert blocked.overridden == (Overridden("overrides", below.source, ("body",)),)


@pytest.mark.skipif(
    not hasattr(time, "tzset"), reason="the zone of a process can be set on POSIX alone"
)
def test_times_are_shown_in_utc_wherever_a_run_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        edited = live("secret", key="A", type="totp", updated_at=1772409600 + 23 * 3600)
        assert last_change(edited.updated_at, None) == "last changed 2026-03-02 23:00 UTC"
        declared = Declaration(
            edited.key, Secret(key="A", type="totp", max_age="1d"), Source("a.yaml")
        )
        plan = build_plan(
            [declared],
            Snapshot.of([edited]),
            PlanRequest(
                Target("t", "https://api.devin.ai", "v3", "org-1"), Policy(), date(2026, 3, 4)
            ),
        )
        assert [problem.message for problem in plan.problems] == [
            "secret:A: it is 2 days old, but max_age is 1d: rotate it"
        ]
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
