"""The audit log."""

from __future__ import annotations

import time

import pytest

from tests.testing.emulator_api import NOTE, ORG, good

LOGS = "/v3/enterprise/audit-logs"
DAY = 24 * 60 * 60


def actions(api, path=LOGS, **query):
    return [item["action"] for item in good(api.enterprise.get(path, params=query))["items"]]


def test_every_change_is_logged_newest_first(api):
    note = api.note()["note_id"]
    good(api.v3.put(f"{ORG}/knowledge/notes/{note}", json=NOTE))
    good(api.v3.delete(f"{ORG}/knowledge/notes/{note}"))
    folder = api.emulator.add_folder("A")
    api.emulator.edit("folder", folder, name="B")
    api.emulator.remove("folder", folder)
    assert actions(api, order="asc") == [
        "create_knowledge",
        "edit_knowledge",
        "delete_knowledge",
        "create_folder",
        "update_folder",
        "delete_folder",
    ]
    assert actions(api) == actions(api, order="asc")[::-1]


def test_an_event_says_who_did_what_to_what(api):
    note = api.note()
    api.emulator.edit("knowledge", note["note_id"], body="mine")
    by_person, by_service_user = good(api.enterprise.get(LOGS))["items"]
    assert by_service_user["service_user_id"] == "service-user-emulator"
    assert by_service_user["service_user_name"] == "Emulator"
    assert (by_service_user["user_id"], by_service_user["user_email"]) == (None, None)
    assert (by_person["service_user_id"], by_person["user_id"]) == (None, "user-emulator-person")
    assert "@" in by_person["user_email"]
    assert by_person["data"] == {"id": note["note_id"], "name": "Deploys"}
    assert by_person["org_id"] == "org-emulator"


def test_an_organizations_log_leaves_out_the_others(start):
    api = start({"organizations": {"org-other": {}}})
    api.note()
    good(
        api.enterprise.post(
            "/v3/organizations/org-other/playbooks", json={"title": "t", "body": "b"}
        )
    )
    good(api.enterprise.post("/v3/enterprise/knowledge/notes", json=NOTE))
    assert len(actions(api)) == 3
    assert actions(api, "/v3/enterprise/organizations/org-other/audit-logs") == ["create_playbook"]
    assert (
        api.enterprise.get("/v3/enterprise/organizations/org-nowhere/audit-logs").status_code == 404
    )


def test_reading_and_refused_writes_are_not_logged(api):
    good(api.v3.get(f"{ORG}/knowledge/notes"))
    api.v3.post(f"{ORG}/knowledge/notes", json={**NOTE, "folder_id": "folder-x"})
    assert actions(api) == []


def test_the_log_is_filtered_and_paged(api):
    for _ in range(3):
        api.note()
    api.emulator.add_folder("A")
    now = int(time.time())
    assert actions(api, action="create_folder") == ["create_folder"]
    assert len(actions(api, time_after=now - 60)) == 4
    assert actions(api, time_after=now - 120, time_before=now - 60) == []
    first = good(api.enterprise.get(LOGS, params={"first": 3}))
    second = good(api.enterprise.get(LOGS, params={"first": 3, "after": first["end_cursor"]}))
    assert (len(first["items"]), len(second["items"]), second["has_next_page"]) == (3, 1, False)


@pytest.mark.parametrize(
    ("action", "status"),
    [("edit_knowledge", 200), ("login", 200), ("edit_note", 422), ("", 422), ("null", 422)],
)
def test_a_list_of_an_action_that_does_not_exist_is_refused(api, action, status):
    response = api.enterprise.get(LOGS, params={"action": action})
    assert response.status_code == status
    if status == 422:
        assert response.json()["detail"][0]["loc"] == ["query", "action"]


@pytest.mark.parametrize(
    ("days_after", "days_before", "status"),
    [
        (99, None, 200),
        (101, None, 422),
        (200, 100, 200),
        (201, 100, 422),
        (None, 1, 422),
        (None, None, 200),
    ],
)
def test_a_range_is_100_days_at_most_and_has_a_beginning(api, days_after, days_before, status):
    now = int(time.time())
    given = {"time_after": days_after, "time_before": days_before}
    query = {name: now - days * DAY for name, days in given.items() if days is not None}
    assert api.enterprise.get(LOGS, params=query).status_code == status
