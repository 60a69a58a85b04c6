"""Sessions and their analyses: lists, filters, pages, and what a seed may say of them."""

from __future__ import annotations

import pytest

from devinops.emulator import Emulator
from devinops.emulator.records import InvalidObject
from devinops.model.errors import ConfigError
from tests.testing.emulator_api import ORG, good

SESSIONS = f"{ORG}/sessions"
INSIGHTS = f"{SESSIONS}/insights"
DAY = 24 * 60 * 60
BAD = {"note_id": "note-1", "reason": "It names a host that is gone.", "message": "Deploy."}
SKILL = {"skill_name": "deploy", "reason": "It fits."}
ANALYSIS = {
    "note_usage": {"good_usages": [], "bad_usages": [BAD]},
    "skill_usage": {"good_usages": [SKILL]},
    "action_items": [{"action_item": "Say who approves.", "type": "a type of next year"}],
    "classification": {"category": "migrations", "confidence": 0.5},
}


def seed(*sessions, other=(), **quirks):
    return {
        "organizations": {
            "org-emulator": {"sessions": list(sessions)},
            "org-other": {"sessions": list(other)},
        },
        "quirks": quirks,
    }


def ids(client, path=INSIGHTS, **query):
    return [item["session_id"] for item in good(client.get(path, params=query))["items"]]


def session(number, **fields):
    return {"id": f"devin-{number}", "created_at": number * DAY, **fields}


def test_lists_are_newest_first_and_paged_by_cursor(start):
    api = start(seed(session(2), session(3), session(1)))
    for path in (SESSIONS, INSIGHTS):
        assert ids(api.v3, path) == ["devin-3", "devin-2", "devin-1"]
        first = good(api.v3.get(path, params={"first": 2}))
        assert first["has_next_page"]
        assert ids(api.v3, path, first=2, after=first["end_cursor"]) == ["devin-1"]
        # A wrong name is ignored like every unknown parameter, so this is page one again.
        assert ids(api.v3, path, first=2, cursor=first["end_cursor"]) == ["devin-3", "devin-2"]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"created_after": 2 * DAY}, [3, 2]),
        ({"created_before": 2 * DAY}, [1]),
        ({"time_after": 2 * DAY}, [3, 2, 1]),
        ({"updated_after": 9 * DAY}, [1]),
        ({"updated_before": 3 * DAY}, [2]),
        ({"session_ids": ["devin-1", "devin-3"]}, [3, 1]),
        ({"tags": ["nightly", "none"]}, [2]),
        ({"playbook_id": "playbook-1"}, [2]),
        ({"origins": ["slack", "api"]}, [2, 1]),
        ({"schedule_id": "sched-1"}, [3]),
        ({"automation_ids": ["automation-1"]}, [3]),
        ({"user_ids": ["user-1"]}, [1]),
        ({"service_user_ids": ["service-user-1"]}, [2]),
        ({"parent_session_id": "devin-1"}, [2]),
        ({"repo_names": ["acme/api"]}, [3, 2]),
        ({"repo_names": ["acme/nothing"]}, []),
        ({"category": "other"}, [3]),
        ({"is_archived": "true"}, [3]),
        ({"is_archived": "false"}, [2, 1]),
        ({"repo_names": ["acme/api"], "origins": ["slack"]}, [2]),
    ],
)
def test_every_documented_filter_is_obeyed_and_no_other(start, query, numbers):
    api = start(
        seed(
            session(1, updated_at=9 * DAY, origin="api", user_id="user-1"),
            session(
                2,
                tags=["nightly", "x"],
                playbook_id="playbook-1",
                origin="slack",
                service_user_id="service-user-1",
                parent_session_id="devin-1",
                repo_names=["acme/api", "acme/web"],
            ),
            session(
                3,
                is_archived=True,
                schedule_id="sched-1",
                automation_id="automation-1",
                repo_names=["acme/api"],
                category="other",
            ),
        )
    )
    assert ids(api.v3, **query) == [f"devin-{number}" for number in numbers]
    assert ids(api.v3, SESSIONS, **query) == ids(api.v3, **query)


def test_the_enterprise_reads_the_sessions_of_all_organizations_in_one_stream(start):
    api = start(seed(session(1), session(3), other=[session(2)]))
    path = "/v3/enterprise/sessions"
    assert ids(api.enterprise, f"{path}/insights") == ["devin-3", "devin-2", "devin-1"]
    assert ids(api.enterprise, path, org_ids=["org-other"]) == ["devin-2"]
    assert ids(api.enterprise, path, org_ids=["org-other"], created_before=DAY) == []
    assert good(api.enterprise.get(f"{path}/devin-2"))["org_id"] == "org-other"
    assert api.v3.get(path).status_code == 403


def test_insights_are_the_session_without_three_members_and_with_the_analysis(start):
    api = start(seed(session(1, analysis=ANALYSIS, acus_consumed=0.5, category="other")))
    read = good(api.v3.get(f"{SESSIONS}/devin-1"))
    assert good(api.v3.get(SESSIONS))["items"] == [read]
    insights = good(api.v3.get(f"{SESSIONS}/devin-1/insights"))
    assert good(api.v3.get(INSIGHTS))["items"] == [insights]
    assert read.keys() - insights.keys() == {"status_detail", "category", "structured_output"}
    assert insights["analysis"] == ANALYSIS
    assert (insights["analysis_status"], insights["acus_consumed"]) == ("completed", 0.5)


def test_a_session_without_an_analysis_has_null(start):
    insights = good(start(seed(session(1))).v3.get(f"{SESSIONS}/devin-1/insights"))
    assert (insights["analysis"], insights["analysis_status"]) == (None, None)


def test_an_unknown_session_and_one_of_another_organization_are_a_403(start):
    api = start(seed(other=[session(1)]))
    for path in (SESSIONS, "/v3/enterprise/sessions"):
        assert api.enterprise.get(f"{path}/devin-9").status_code == 403
    for suffix in ("", "/insights"):
        assert api.enterprise.get(f"{SESSIONS}/devin-1{suffix}").status_code == 403


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"analysed": {}}, 'unknown key "analysed"; did you mean "analysis"?'),
        ({"acus_consumed": "2"}, "acus_consumed: expected a number"),
        ({"acus_consumed": True}, "acus_consumed: expected a number"),
        ({"tags": [1]}, "tags: expected a list of texts"),
        ({"analysis": []}, "analysis: expected a mapping or null"),
        ({"analysis": {"note_usages": {}}}, "analysis.note_usages: Extra inputs are not permitted"),
        (
            {"analysis": {"note_usage": {"bad_usages": [{"note_id": "n", "reason": "r"}]}}},
            "analysis.note_usage.bad_usages.0.message: Field required",
        ),
    ],
)
def test_a_seed_says_what_is_wrong_with_a_session(fields, message):
    with pytest.raises(ConfigError) as caught:
        Emulator(seed(session(1, **fields))).__enter__()
    assert str(caught.value) == f"seed: organizations.org-emulator.sessions[0]: {message}"


def test_a_person_edits_a_session_within_the_same_rules(start):
    api = start(seed(session(1, analysis=ANALYSIS)))
    api.emulator.edit("session", "devin-1", session_size="xl")
    with pytest.raises(InvalidObject, match=r"analysis\.issues: Input should be a valid list"):
        api.emulator.edit("session", "devin-1", analysis={"issues": 1})
    insights = good(api.v3.get(INSIGHTS))["items"][0]
    assert (insights["session_size"], insights["analysis"]) == ("xl", ANALYSIS)
