"""Automations: how they are written, merged, shown, listed and refused."""

from __future__ import annotations

import pytest

from tests.testing.emulator_api import ORG, good

PATH = f"{ORG}/automations"
RULE = "FREQ=DAILY;BYHOUR=9;BYMINUTE=0"


def conditions(*all_of):
    return {"any": [{"all": list(all_of)}]}


RECURS = {"field": "rrule", "operator": "recurrence", "value": RULE}
SCHEDULE = {"event_type": "schedule:recurring", "conditions": conditions(RECURS)}
WEBHOOK = {"event_type": "webhook:incoming"}
PUSH = {"event_type": "github:push"}
START = {"type": "start_session", "prompt": "Look around."}
MONITOR = {
    "type": "monitor_session",
    "setup_prompt": "Watch.",
    "slack_monitor_config": {"source_channel_id": "C1"},
}
MESSAGE = {"type": "message_session", "prompt": "Go on.", "target_devin_id": "devin-1"}
BODY = {
    "name": "Nightly",
    "triggers": [SCHEDULE],
    "actions": [START],
    "run_as": {"type": "organization"},
}
REPLACES = {"automation_updates": "replace_groups"}


def make(api, **fields):
    response = api.v3.post(PATH, json={**BODY, **fields})
    assert response.status_code == 201, response.text
    return response.json()


def patch(api, automation, **fields):
    return good(api.v3.patch(f"{PATH}/{automation['automation_id']}", json=fields))


def read(api, automation):
    return good(api.v3.get(f"{PATH}/{automation['automation_id']}"))


def ids(automation):
    return [trigger["trigger_id"] for trigger in automation["triggers"]]


def test_a_create_answers_201_with_everything_filled_in(api):
    made = make(api)
    assert made["automation_id"].startswith("automation-")
    assert made["created_by"] == {
        "type": "service_user",
        "id": "service-user-emulator",
        "name": "Emulator",
    }
    assert made["actions"] == [
        {
            **START,
            "session": {
                "bypass_approval": False,
                "notifications": None,
                "platform": None,
                "tags": [],
                "playbook_id": None,
                "repos": [],
            },
        }
    ]
    assert made["triggers"] == [
        {**SCHEDULE, "replies": [], "trigger_id": ids(made)[0], "webhook": None}
    ]
    assert made["enabled"] is True
    assert made["metadata"] == {}
    assert made["security_profile"]["selection"] == "inherit"
    assert (made["slack_reply_access"], made["teams_reply_access"]) == (
        "slack_users",
        "teams_users",
    )
    assert [made[name] for name in ("limits", "concurrency", "tools", "last_edited_by")] == [
        None
    ] * 4
    assert read(api, made) == made


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"unknown": 1}, 422),
        ({"name": ""}, 422),
        ({"name": "n" * 501}, 422),
        ({"actions": []}, 422),
        ({"actions": [{**START, "promt": "x"}]}, 422),
        ({"actions": [{"prompt": "x"}]}, 422),
        ({"actions": [{"type": "start_session"}]}, 422),
        ({"actions": [START, START]}, 400),
        ({"actions": [MONITOR, START]}, 400),
        ({"actions": [MONITOR]}, 201),
        ({"actions": [MESSAGE, START]}, 201),
        ({"actions": [{**MESSAGE, "target_devin_id": None}]}, 400),
        ({"actions": [{**MESSAGE, "target_devin_id": None, "auto_create": True}]}, 201),
        ({"actions": [{**START, "prompt": "Do @playbook:playbook-none"}]}, 400),
        ({"actions": [{**START, "prompt": "Do @playbook:playbook-other"}]}, 400),
        ({"actions": [{**START, "prompt": "Do @playbook:playbook-mine"}]}, 201),
        ({"actions": [{**START, "prompt": "Do @playbook:playbook-all"}]}, 201),
        ({"triggers": [WEBHOOK, WEBHOOK]}, 400),
        ({"triggers": []}, 201),
        ({"triggers": [{"event_type": "github:nothing"}]}, 422),
        ({"triggers": [{"event_type": "schedule:recurring"}]}, 400),
        ({"triggers": [{**SCHEDULE, "conditions": conditions({**RECURS, "value": "daily"})}]}, 400),
        ({"triggers": [{**SCHEDULE, "replies": [{"type": "post_response"}]}]}, 400),
        ({"triggers": [{**PUSH, "replies": [{"type": "post_response"}]}]}, 201),
        ({"triggers": [{**PUSH, "replies": [{"type": "shout"}]}]}, 422),
        (
            {
                "triggers": [
                    {
                        **PUSH,
                        "conditions": conditions({"field": "a", "operator": "gt", "value": "x"}),
                    }
                ]
            },
            422,
        ),
        ({"run_as": {}}, 422),
        ({"run_as": {"type": "creator"}}, 400),
        ({"run_as": {"type": "service_user", "service_user_id": "service-user-x"}}, 400),
        ({"run_as": {"type": "service_user", "service_user_id": "service-user-emulator"}}, 201),
        ({"metadata": {str(number): "" for number in range(17)}}, 422),
        ({"metadata": {"k" * 33: ""}}, 422),
        ({"metadata": {"k": "v" * 129}}, 422),
        ({"limits": {"max_acu_limit": 1001}}, 422),
        ({"limits": {"invocations": {"max_per_window": 1, "window_seconds": 59}}}, 422),
        ({"concurrency": {"max_queue_depth": 1}}, 400),
        ({"concurrency": {"max_queue_depth": 1, "max_concurrent_runs": 1}}, 201),
        ({"notifications": {"email": {"when": "always"}}}, 400),
        ({"notifications": {"email": {"when": "always", "recipients": ["a@example.com"]}}}, 201),
        ({"security_profile": {"profile_id": "profile-x"}}, 400),
        ({"security_profile": {"profile_id": "profile-1"}}, 201),
        ({"template_id": "template-x"}, 400),
        ({"enabled": None}, 422),
    ],
)
def test_what_can_be_created(start, fields, status):
    playbook = {"title": "t", "body": "b"}
    api = start(
        {
            "organizations": {
                "org-emulator": {
                    "security_profiles": {"profile-1": "Strict"},
                    "playbooks": [{**playbook, "id": "playbook-mine"}],
                },
                "org-two": {"playbooks": [{**playbook, "id": "playbook-other"}]},
            },
            "enterprise": {"playbooks": [{**playbook, "id": "playbook-all"}]},
        }
    )
    response = api.v3.post(PATH, json={**BODY, **fields})
    assert response.status_code == status, response.text


@pytest.mark.parametrize("missing", ["name", "triggers", "actions", "run_as"])
def test_what_a_create_needs(api, missing):
    body = {name: value for name, value in BODY.items() if name != missing}
    assert api.v3.post(PATH, json=body).status_code == 422


@pytest.mark.parametrize(
    ("prompt", "playbook", "repos"),
    [
        ("In @acme/shop and @acme/shop do @playbook:playbook-1.", "playbook-1", ["acme/shop"]),
        ("@playbook:playbook-2 then @playbook:playbook-1", "playbook-2", []),
        ("@acme/shop, @acme/site.", None, ["acme/shop", "acme/site"]),
        ("Mail me@acme/shop; @skills:look and !triage with ${TOKEN}", None, []),
    ],
)
def test_playbook_and_repositories_come_from_the_prompt_whatever_was_sent(
    start, prompt, playbook, repos
):
    playbooks = [{"title": "t", "body": "b", "id": f"playbook-{number}"} for number in (1, 2)]
    api = start({"organizations": {"org-emulator": {"playbooks": playbooks}}})
    session = {"playbook_id": "playbook-9", "repos": ["x/y"], "tags": ["a"]}
    made = make(api, actions=[{"type": "start_session", "prompt": prompt, "session": session}])
    told = made["actions"][0]["session"]
    assert (told["playbook_id"], told["repos"], told["tags"]) == (playbook, repos, ["a"])


FULL = {
    "metadata": {"team": "web", "env": "dev"},
    "limits": {"max_acu_limit": 5, "invocations": {"max_per_window": 2, "window_seconds": 60}},
    "actions": [{**START, "session": {"tags": ["nightly"], "platform": "linux"}}],
    "slack_reply_access": "devin_users",
    "security_profile": {"profile_id": None},
}


@pytest.mark.parametrize(
    ("sent", "merges", "replaces"),
    [
        ({"name": "New"}, {"name": "New"}, {"name": "New"}),
        (
            {"limits": {"max_acu_limit": 7}},
            {"limits": {**FULL["limits"], "max_acu_limit": 7}},
            {"limits": {"max_acu_limit": 7, "invocations": None}},
        ),
        (
            {"limits": {"invocations": None}},
            {"limits": {"max_acu_limit": 5, "invocations": None}},
            {"limits": {"max_acu_limit": None, "invocations": None}},
        ),
        ({"limits": None}, {"limits": None}, {"limits": None}),
        (
            {"metadata": {"team": "api"}},
            {"metadata": {"team": "api", "env": "dev"}},
            {"metadata": {"team": "api"}},
        ),
        ({"metadata": {"env": None}}, {"metadata": {"team": "web"}}, {"metadata": {}}),
        ({"metadata": None}, {"metadata": {}}, {"metadata": {}}),
        ({"slack_reply_access": None}, {"slack_reply_access": "slack_users"}, None),
        (
            {"run_as": {"type": "service_user", "service_user_id": "service-user-emulator"}},
            {"run_as": {"type": "service_user", "service_user_id": "service-user-emulator"}},
            None,
        ),
        ({"run_as": None}, {"run_as": {"type": "organization"}}, None),
        (
            {"security_profile": None},
            {"security_profile": {"selection": "inherit", "profile_id": None, "warnings": []}},
            None,
        ),
        ({"name": None}, 422, 422),
        ({"enabled": None}, 422, 422),
        ({"actions": None}, 422, 422),
        ({"actions": [{"type": "start_session", "prompt": None}]}, 422, 422),
        ({"actions": [{"type": "start_session", "session": {}}]}, {}, 422),
        ({"actions": [START, START]}, 400, 400),
        ({"actions": [{"type": "message_session", "prompt": "x"}]}, 400, 400),
        ({"template_id": "template-nightly-triage"}, 422, 422),
        ({"triggers": None}, {"triggers": []}, None),
        ({}, {}, {}),
    ],
)
@pytest.mark.parametrize("mode", ["merge", "replace_groups"])
def test_what_an_update_does(start, sent, merges, replaces, mode):
    api = start(quirks={"automation_updates": mode})
    before = make(api, **FULL)
    wanted = merges if mode == "merge" or replaces is None else replaces
    response = api.v3.patch(f"{PATH}/{before['automation_id']}", json=sent)
    if isinstance(wanted, int):
        assert response.status_code == wanted, response.text
        assert read(api, before) == before
        return
    after = good(response)
    moved = {"updated_at": after["updated_at"], "last_edited_by": after["last_edited_by"]}
    assert after == {**before, **wanted, **moved, "next_run_at": after["next_run_at"]}
    assert after["updated_at"] > before["updated_at"]
    assert after["last_edited_by"] == before["created_by"]


def test_an_action_is_merged_onto_the_stored_one_of_its_type(start):
    for mode, tags in (("merge", ["nightly"]), ("replace_groups", [])):
        api = start(quirks={"automation_updates": mode})
        made = make(api, **FULL)
        (action,) = patch(api, made, actions=[{**START, "prompt": "New."}])["actions"]
        assert (action["prompt"], action["session"]["tags"]) == ("New.", tags)


@pytest.mark.parametrize(
    ("stored", "sent", "kept"),
    [
        ([SCHEDULE], [{"event_type": "schedule:recurring"}], [True]),
        ([SCHEDULE], [PUSH], [False]),
        ([SCHEDULE], [PUSH, SCHEDULE], [False, True]),
        ([PUSH, PUSH], [PUSH, PUSH], [False, False]),
        ([PUSH], [PUSH, PUSH], [False, False]),
        ([PUSH, PUSH], [PUSH], [False]),
    ],
)
def test_a_trigger_keeps_its_id_where_it_is_merged_and_nowhere_else(start, stored, sent, kept):
    api = start()
    before = make(api, triggers=stored)
    after = patch(api, before, triggers=sent)
    assert [trigger_id in ids(before) for trigger_id in ids(after)] == kept
    other = start(quirks=REPLACES)
    before = make(other, triggers=stored)
    whole = [SCHEDULE if one["event_type"] == "schedule:recurring" else one for one in sent]
    after = patch(other, before, triggers=whole)
    assert not set(ids(before)) & set(ids(after))
    assert ids(patch(other, after, name="New")) == ids(after)


def test_conditions_are_kept_when_left_out_and_cleared_by_null(api):
    where = conditions({"field": "repo", "operator": "eq", "value": "acme/shop"})
    made = make(api, triggers=[{**PUSH, "conditions": where}])
    assert patch(api, made, triggers=[PUSH])["triggers"][0]["conditions"] == where
    assert (
        patch(api, made, triggers=[{**PUSH, "conditions": None}])["triggers"][0]["conditions"]
        is None
    )


@pytest.mark.parametrize("mode", ["merge", "replace_groups"])
def test_a_webhooks_secret_is_shown_once_and_its_address_lives_on(start, tmp_path, mode):
    state = tmp_path / "state.json"
    api = start(state=state, quirks={"automation_updates": mode})
    made = make(api, triggers=[WEBHOOK])
    url, secret = (made["triggers"][0]["webhook"][name] for name in ("url", "secret"))
    assert url.startswith("https://")
    assert secret
    later = [
        read(api, made),
        good(api.v3.get(PATH))["items"][0],
        patch(api, made, name="New"),
        patch(api, made, triggers=[PUSH, WEBHOOK]),
        *api.emulator.automations(),
    ]
    for shown in later:
        assert shown["triggers"][-1]["webhook"] == {"url": url, "secret": None}
    assert secret not in state.read_text()
    assert patch(api, made, triggers=[PUSH])["triggers"][0]["webhook"] is None
    again = patch(api, made, triggers=[WEBHOOK])["triggers"][0]["webhook"]
    assert again["url"] != url
    assert again["secret"] not in (None, secret)


def test_a_deleted_automation_is_answered_and_gone(api):
    made = make(api)
    assert good(api.v3.delete(f"{PATH}/{made['automation_id']}"))["name"] == "Nightly"
    for method in ("GET", "DELETE", "PATCH"):
        body = {"json": {}} if method == "PATCH" else {}
        response = api.v3.request(method, f"{PATH}/{made['automation_id']}", **body)
        assert response.status_code == 404
    assert good(api.v3.get(PATH))["items"] == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["three", "two", "one"]),
        ({"search": "T"}, ["three", "two"]),
        ({"enabled": "false"}, ["two"]),
        ({"event_type": "webhook:incoming"}, ["three"]),
        ({"creator_id": "service-user-emulator"}, ["three", "two", "one"]),
        ({"creator_id": "user-x"}, []),
        ({"metadata.team": "web"}, ["two", "one"]),
        ({"metadata.team": "web", "metadata.env": "dev"}, ["one"]),
        ({"metadata.other": ""}, []),
        ({"agent_types": "long_running"}, ["two"]),
        ({"agent_types": "code_scan"}, []),
    ],
)
def test_the_list_is_newest_first_and_filtered(api, query, names):
    make(api, name="one", metadata={"team": "web", "env": "dev"})
    make(api, name="two", metadata={"team": "web"}, enabled=False, actions=[MESSAGE])
    make(api, name="three", triggers=[WEBHOOK])
    page = good(api.v3.get(PATH, params=query))
    assert [one["name"] for one in page["items"]] == names
    assert ("total" in page) == (not query)


def test_pages_have_a_total_only_when_they_are_the_whole(api):
    for number in range(3):
        make(api, name=str(number))
    first = good(api.v3.get(PATH, params={"first": 2}))
    second = good(api.v3.get(PATH, params={"first": 2, "after": first["end_cursor"]}))
    assert [one["name"] for one in first["items"] + second["items"]] == ["2", "1", "0"]
    assert "total" not in {**first, **second}


def test_the_catalog_tells_how_updates_are_done(start):
    for mode, word in (("merge", "merge_patch"), ("replace_groups", "replace_groups")):
        api = start(quirks={"automation_updates": mode})
        catalog = good(api.v3.get(f"{PATH}/schemas"))
        assert catalog["update_semantics"] == word
        assert catalog["sources"]["schedule"]["recurring"]["fields"]["rrule"]["type"] == "rrule"


def test_a_template_gives_its_servers_unless_servers_are_sent(api):
    templates = good(api.v3.get(f"{PATH}/templates"))["templates"]
    chosen = next(one for one in templates if one["required_mcps"])
    template = {"template_id": chosen["template_id"]}
    assert make(api, **template)["tools"]["mcp_servers"] == chosen["required_mcps"]
    assert make(api, **template, tools={"mcp_servers": []})["tools"]["mcp_servers"] == []
    assert make(api, **template, tools={"linear_enabled": True})["tools"]["linear_enabled"] is True


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ("RRULE:FREQ=HOURLY;INTERVAL=2", 201),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20401231T000000Z", 201),
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY", 201),
        ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=31", 201),
        ("FREQ=DAILY;COUNT=3", 201),
        ("FREQ=NEVER", 400),
        ("BYHOUR=9", 400),
        ("FREQ=DAILY FREQ=WEEKLY", 400),
        ("", 400),
    ],
)
def test_which_recurrence_rules_are_accepted(api, rule, status):
    trigger = {**SCHEDULE, "conditions": conditions({**RECURS, "value": rule})}
    response = api.v3.post(PATH, json={**BODY, "triggers": [trigger]})
    assert response.status_code == status, response.text


def test_a_rule_that_fits_no_time_has_no_next_run(api):
    rule = {**RECURS, "value": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31"}
    made = make(api, triggers=[{**SCHEDULE, "conditions": conditions(rule)}])
    assert made["next_run_at"] is None


def test_the_next_run_follows_the_rule_while_enabled(api):
    made = make(api)
    assert made["next_run_at"] % (24 * 60 * 60) == 9 * 60 * 60
    assert patch(api, made, enabled=False)["next_run_at"] is None
    assert make(api, triggers=[PUSH])["next_run_at"] is None


@pytest.mark.parametrize(
    ("permissions", "reads", "writes"),
    [
        (["ViewOrgAutomations"], 200, 403),
        (["ManageOrgAutomations"], 403, 201),
        (["ViewOrgAutomations", "ManageOrgAutomations"], 200, 201),
        (["ManageOrgPlaybooks"], 403, 403),
    ],
)
def test_permissions(start, permissions, reads, writes):
    api = start({"keys": {"cog_some": {"permissions": permissions}}})
    some = api.with_key("cog_some")
    assert some.get(PATH).status_code == reads
    assert some.post(PATH, json=BODY).status_code == writes


def test_a_person_may_run_an_automation_as_the_creator(start):
    api = start({"keys": {"cog_person": {"principal": "pat_user"}}})
    made = api.with_key("cog_person").post(PATH, json={**BODY, "run_as": {"type": "creator"}})
    assert made.status_code == 201
    assert made.json()["created_by"]["type"] == "user"


def test_automations_are_seeded_kept_and_edited_by_a_person(start, tmp_path):
    state = tmp_path / "state.json"
    seed = {"name": "Seeded", "actions": [START], "triggers": [WEBHOOK], "id": "automation-1"}
    run = {"fired_at": 1700000000, "status": "succeeded"}
    api = start({"organizations": {"org-emulator": {"automations": [seed]}}}, state=state)
    (before,) = api.emulator.automations()
    assert (before["automation_id"], before["enabled"]) == ("automation-1", True)
    assert before["triggers"][0]["webhook"]["secret"] is None
    after = good(
        api.person.patch("/automations/automation-1", json={"name": "Mine", "last_invocation": run})
    )
    assert (after["name"], after["last_invocation"]) == ("Mine", run)
    assert after["triggers"] == before["triggers"]
    assert after["last_edited_by"]["type"] == "user"
    added = good(api.person.post("/automations", json={"name": "n", "actions": [START]}))
    assert start(state=state).emulator.automations() == api.emulator.automations()
    assert api.person.delete(f"/automations/{added['automation_id']}").status_code == 204
    log = good(api.enterprise.get("/v3/enterprise/audit-logs"))["items"]
    assert [event["action"] for event in log] == [
        "delete_automation",
        "create_automation",
        "update_automation",
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "n"}, "actions: Field required"),
        ({"name": "n", "actions": [{**START, "promt": 1}]}, "promt: Extra inputs"),
        ({"name": "n", "actions": [START], "titel": 1}, "titel: Extra inputs"),
    ],
)
def test_what_a_person_cannot_write(api, fields, words):
    response = api.person.post("/automations", json=fields)
    assert response.status_code == 422
    assert words in response.text
