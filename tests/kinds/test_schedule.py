"""Schedules: read and deleted, never declared, and how each is written as an automation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from devinops.kinds.schedule import Schedule, as_automation
from devinops.load import load
from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import NO_INVENTORY

DAILY: dict[str, Any] = {"name": "Daily", "prompt": "Look.", "frequency": "0 9 * * *"}
TOMBSTONE = "schedules: [{name: Daily, ensure: absent}]"


def declared(advice: str, tmp_path: Path) -> Any:
    """Return the automation of an advice, loaded as a file."""
    text = advice.partition("an automation instead: ")[2].partition("]; ")[0]
    (tmp_path / "automations.yaml").write_text(text + ("" if text.endswith("}]") else "]"))
    loaded = load(tmp_path)
    assert loaded.problems == ()
    (found,) = loaded.declarations
    return found.resource


@pytest.mark.parametrize(
    ("facts", "rule", "prompt"),
    [
        ({}, "FREQ=DAILY;BYHOUR=9;BYMINUTE=0", "Look."),
        ({"frequency": "30 8 * * 1-5"}, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=8;BYMINUTE=30", "Look."),
        (
            {"playbook": {"playbook_id": "p1", "title": "Triage it"}},
            "FREQ=DAILY;BYHOUR=9;BYMINUTE=0",
            'Look.\n\n@playbook:"Triage it"',
        ),
        (
            {"playbook": {"playbook_id": "p1", "title": 'The "one"'}, "prompt": None},
            "FREQ=DAILY;BYHOUR=9;BYMINUTE=0",
            "@playbook:p1",
        ),
        ({"playbook": {"playbook_id": "p1", "title": None}}, "FREQ=DAILY;BYHOUR=9;BYMINUTE=0", "Look.\n\n@playbook:p1"),
    ],
)  # fmt: skip
def test_a_simple_schedule_is_an_automation_that_can_be_pasted(
    tmp_path: Path, facts: dict[str, Any], rule: str, prompt: str
) -> None:
    resource = declared(as_automation(Schedule(**{**DAILY, **facts})), tmp_path)
    condition = resource.triggers[0]["conditions"]["any"][0]["all"][0]
    assert (resource.name, condition["value"]) == ("Daily", rule)
    assert resource.actions[0]["prompt"] == prompt


def test_settings_of_the_session_are_taken_along(tmp_path: Path) -> None:
    facts: dict[str, Any] = {
        "enabled": False,
        "bypass_approval": True,
        "tags": ["a"],
        "platform": "linux",
    }
    resource = declared(as_automation(Schedule(**DAILY, **facts)), tmp_path)
    session = {"bypass_approval": True, "tags": ["a"], "platform": "linux"}
    assert (resource.enabled, resource.actions[0]["session"]) == (False, session)


@pytest.mark.parametrize(
    ("facts", "remark"),
    [
        ({"frequency": "0 9 1 * 1"}, "replace FREQ=… with the RRULE for 0 9 1 * 1"),
        ({"interval_count": 2}, "with the RRULE for 0 9 * * *, but only one of every 2 times"),
        ({"frequency": "0 9 1 * 1", "interval_count": 1}, "with the RRULE for 0 9 1 * 1"),
        ({"frequency": None}, "with the RRULE for its times"),
        ({"agent": "data_analyst", "notify_on": "never"}, "it leaves out agent, notify_on"),
        ({"slack_channel_id": "C1"}, "it leaves out slack_channel_id"),
        ({"agent": "devin", "notify_on": "failure", "slack_channel_id": None}, '"Look."}]}]'),
        ({"schedule_type": "one_time", "scheduled_at": "2027-01-01T09:00:00Z"}, "an automation cannot do that"),
    ],
)  # fmt: skip
def test_what_is_not_simple_is_reported(facts: dict[str, Any], remark: str) -> None:
    assert as_automation(Schedule(**{**DAILY, **facts})).endswith(remark)


def test_an_entry_is_a_problem_that_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "schedules.yaml").write_text(
        "schedules:\n  - {name: Daily, prompt: Look., frequency: 0 9 * * *}\n"
        "  - {name: Old, ensure: absent}\n  - {name: Theirs, ensure: unmanaged}\n"
    )
    (found,) = load(tmp_path).problems
    assert (str(found.source), found.code) == ("schedules.yaml:2:5", "superseded")
    assert "a schedule can only be deleted (ensure: absent) or left alone" in found.message
    assert "FREQ=DAILY;BYHOUR=9;BYMINUTE=0" in found.message


@pytest.mark.parametrize("count", [1, 201])
def test_a_tombstone_deletes_for_good_and_a_plan_says_how_to_replace_the_others(
    count: int, repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    more = [{**DAILY, "name": f"Other {number}"} for number in range(count - 1)]
    with Emulator({"organizations": {"org-emulator": {"schedules": [DAILY, *more]}}}) as emulator:
        use(emulator.url)
        root = repository(NO_INVENTORY | {"schedules.yaml": TOMBSTONE})
        plan = devinops("plan", "-C", root)
        assert plan.code == 0, plan
        assert plan.out.count("write it as an automation") == count - 1
        assert "final: no API creates a schedule again, so no rollback restores it" in plan.out
        assert "1 to delete" in plan.out
        others = devinops("plan", "-C", root, "--only", "automation")
        assert (others.code, "write it as" in others.out) == (0, False)
        assert devinops("apply", "-C", root, "--yes").code == 0
        again = devinops("plan", "-C", root, "--detailed-exitcode")
        assert (again.code, again.out.count("write it as")) == (0, count - 1)
        assert len(emulator.store.table("schedule")) == count - 1
        rollback = devinops("rollback", "latest", "-C", root, "--yes")
        assert (rollback.code, "no API creates a schedule again" in rollback.out) == (4, True)


def test_an_unmanaged_schedule_stays(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    with Emulator({"organizations": {"org-emulator": {"schedules": [DAILY]}}}) as emulator:
        use(emulator.url)
        root = repository({"schedules.yaml": "schedules: [{name: Daily, ensure: unmanaged}]"})
        applied = devinops("apply", "-C", root, "--yes")
        assert (applied.code, len(emulator.store.table("schedule"))) == (0, 1)
        assert "write it as an automation" in applied.out


def test_v1_has_no_schedules(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    with Emulator() as emulator:
        use(emulator.url, "apk_emulator")
        ran = devinops("plan", "-C", repository({"schedules.yaml": TOMBSTONE}))
        assert (ran.code, "API v1 does not support the kind schedule" in ran.err) == (1, True)


REPLACEMENT = """
automations: [{name: Daily, triggers: [], actions: [{type: start_session, prompt: Look.}]}]
"""


def test_a_schedule_stays_if_the_automation_that_replaces_it_is_not_created(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    with Emulator({"organizations": {"org-emulator": {"schedules": [DAILY]}}}) as emulator:
        use(emulator.url)
        entries = {"schedules.yaml": TOMBSTONE, "automations.yaml": REPLACEMENT}
        root = repository(NO_INVENTORY | entries)
        emulator.faults = [{"method": "POST", "fault": "status", "status": 400, "times": 1}]
        failed = devinops("apply", "-C", root, "--yes")
        assert (failed.code, len(emulator.store.table("schedule"))) == (1, 1), failed
        assert "automation:Daily probably replaces this object and was not written" in failed.out
        alone = devinops("apply", "-C", root, "--yes", "--only", "schedule")
        assert (alone.code, len(emulator.store.table("schedule"))) == (4, 1), alone
        assert devinops("apply", "-C", root, "--yes").code == 0
        assert (len(emulator.store.table("schedule")), len(emulator.automations())) == (0, 1)
