"""Schedules, superseded by automations: read, switched off, deleted, and created only by a quirk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.testing.emulator_api import ORG, good

PATH = f"{ORG}/schedules"
BODY = {"name": "Nightly", "prompt": "Look around.", "frequency": "0 3 * * *"}
FUTURE = (datetime.now(UTC) + timedelta(days=400)).isoformat()
CREATES = {"schedule_created": "200"}
SEED = {
    "organizations": {
        "org-emulator": {
            "playbooks": [{"id": "playbook-1", "title": "Triage", "body": "b"}],
            "schedules": [{**BODY, "id": f"sched-{number}"} for number in range(3)],
        }
    }
}


def test_creating_is_refused_where_the_organization_was_moved(api):
    assert api.v3.post(PATH, json=BODY).status_code == 403


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 200),
        ({"frequency": None}, 422),
        ({"schedule_type": "one_time", "scheduled_at": FUTURE}, 200),
        ({"schedule_type": "one_time", "scheduled_at": FUTURE, "target_devin_id": "devin-1"}, 200),
        ({"target_devin_id": "devin-1"}, 422),
        ({"schedule_type": "one_time"}, 422),
        ({"schedule_type": "one_time", "scheduled_at": "2020-01-01T00:00:00Z"}, 422),
        ({"schedule_type": "one_time", "scheduled_at": "soon"}, 422),
        ({"agent": "advanced"}, 422),
        ({"playbook_id": "playbook-1"}, 200),
        ({"playbook_id": "playbook-none"}, 404),
        ({"create_as_user_id": "user-1"}, 200),
    ],
)
def test_what_can_be_created(start, fields, status):
    api = start(SEED, quirks=CREATES)
    response = api.v3.post(PATH, json={**BODY, **fields})
    assert response.status_code == status, response.text
    if status == 200:
        made = response.json()
        assert (made["enabled"], made["notify_on"], made["org_id"]) == (
            True,
            "failure",
            "org-emulator",
        )
        assert made["created_at"].endswith("Z")
        assert "create_as_user_id" not in made


def test_acting_as_a_user_needs_a_permission(start):
    keys = {"cog_some": {"permissions": ["ManageOrgSchedules"]}}
    some = start({"keys": keys}, quirks=CREATES).with_key("cog_some")
    assert some.post(PATH, json={**BODY, "create_as_user_id": "user-1"}).status_code == 403
    good(some.post(PATH, json=BODY))


@pytest.mark.parametrize(
    ("sent", "changed"),
    [
        ({"enabled": False}, {"enabled": False}),
        ({"enabled": None, "agent": None, "notify_on": None, "bypass_approval": None}, {}),
        (
            {"playbook_id": "playbook-1"},
            {"playbook": {"playbook_id": "playbook-1", "title": "Triage"}},
        ),
        ({"tags": ["a"], "platform": "linux"}, {"tags": ["a"], "platform": "linux"}),
        ({"tags": None}, {}),
        ({}, {}),
    ],
)
def test_an_update_keeps_what_is_left_out(start, sent, changed):
    api = start(SEED)
    before = good(api.v3.get(f"{PATH}/sched-1"))
    after = good(api.v3.patch(f"{PATH}/sched-1", json=sent))
    edited = {name: after[name] for name in ("updated_at", "last_edited_by")}
    assert after == {**before, **changed, **edited}


def test_the_list_is_cut_by_counting_and_ends_with_a_short_page(start):
    api = start(SEED)
    pages = [good(api.v3.get(PATH, params={"limit": 2, "offset": offset})) for offset in (0, 2, 4)]
    assert [[one["scheduled_session_id"] for one in page["items"]] for page in pages] == [
        ["sched-0", "sched-1"],
        ["sched-2"],
        [],
    ]
    assert {page["end_cursor"] for page in pages} == {None}


def test_a_deleted_schedule_is_gone(start):
    api = start(SEED)
    assert good(api.v3.delete(f"{PATH}/sched-1"))["scheduled_session_id"] == "sched-1"
    assert api.v3.get(f"{PATH}/sched-1").status_code == 404


def test_a_person_edits_a_schedule(start):
    api = start(SEED)
    shown = good(api.person.patch("/schedules/sched-1", json={"consecutive_failures": 3}))
    assert shown["consecutive_failures"] == 3


CRON = [
    ("0 3 * * *", True),
    ("*/15 9-17 1,15 jan-MAR mon-5", True),
    ("59 23 31 12 7", True),
    ("0 0 * * 0,6", True),
    ("daily", False),
    ("", False),
    ("0 3 * *", False),
    ("0 3 * * * *", False),
    ("60 * * * *", False),
    ("0 24 * * *", False),
    ("0 0 1-32 * *", False),
    ("*/0 * * * *", False),
    ("0 3 * * mo", False),
    ("1, 3 * * *", False),
]


@pytest.mark.parametrize(("frequency", "accepted"), CRON)
def test_a_frequency_is_a_cron_expression(start, frequency, accepted):
    api = start(SEED, quirks=CREATES)
    fields = {"frequency": frequency}
    made = api.v3.post(PATH, json={**BODY, **fields})
    changed = api.v3.patch(f"{PATH}/sched-1", json=fields)
    assert {made.status_code, changed.status_code} == {200 if accepted else 422}
    if not accepted:
        (problem,) = made.json()["detail"]
        assert (problem["loc"], problem["msg"]) == (["body", "frequency"], "Not a cron expression")
