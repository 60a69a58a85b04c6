"""Each open question, answered both ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from devinops.emulator.quirks import VALUES, Quirks, parse_quirks
from devinops.model.errors import ConfigError
from tests.testing.emulator_api import NOTE, ORG, good

NOTES = f"{ORG}/knowledge/notes"
SECRETS = f"{ORG}/secrets"
SECRET = {"type": "key-value", "key": "K", "value": "v"}
PLAYBOOK = {"title": "Triage", "body": "Look first."}
KNOWLEDGE = {"name": "Deploys", "body": "Use blue-green.", "trigger_description": "deploying"}


def replaced_macro(api):
    note = api.emulator.add("knowledge", **NOTE, macro="!deploy")
    return good(api.v3.put(f"{NOTES}/{note}", json=NOTE))["macro"]


def left_out_on_v1(api):
    folder = api.emulator.add_folder("A")
    full = {**KNOWLEDGE, "macro": "!a", "pinned_repo": "all", "parent_folder_id": folder}
    made = good(api.v1.post("/v1/knowledge", json=full))
    replaced = good(api.v1.put(f"/v1/knowledge/{made['id']}", json=KNOWLEDGE))
    return [replaced[name] == full[name] for name in ("macro", "pinned_repo", "parent_folder_id")]


def macro_left_out_of_a_v1_playbook(api):
    made = good(api.v1.post("/v1/playbooks", json={**PLAYBOOK, "macro": "!a"}))
    good(api.v1.put(f"/v1/playbooks/{made['playbook_id']}", json=PLAYBOOK))
    return api.emulator.playbooks()[0]["macro"]


def deleted_on_v1(api):
    made = good(api.v1.post("/v1/knowledge", json=KNOWLEDGE))
    secret = api.emulator.add("secret", key="K")
    responses = [
        api.v1.delete(f"/v1/{path}") for path in (f"knowledge/{made['id']}", f"secrets/{secret}")
    ]
    assert api.emulator.knowledge() == api.emulator.secrets() == []
    return {(response.status_code, bool(response.content)) for response in responses}


def secret_created_on_v1(api):
    response = api.v1.post("/v1/secrets", json={**SECRET, "sensitive": True, "note": ""})
    assert list(response.json()) == ["id"]
    return response.status_code


def changed_automation(api):
    label = {"metadata": {"a": "1"}}
    start = {"type": "start_session", "prompt": "Look around."}
    automation = api.emulator.add("automation", name="n", actions=[start], **label)
    patch = {"metadata": {"b": "2"}}
    return good(api.v3.patch(f"{ORG}/automations/{automation}", json=patch))["metadata"]


def created_schedule(api):
    body = {"name": "n", "prompt": "p", "frequency": "0 3 * * *"}
    return api.v3.post(f"{ORG}/schedules", json=body).status_code


def what_session_tags_answer(api):
    path = "/v3/enterprise/organizations/org-emulator/tags"
    calls = [
        ("GET", path, None),
        ("PUT", path, {"tags": ["a", "b"]}),
        ("POST", path, {"tags": ["c"]}),
        ("GET", f"{path}/default", None),
        ("PUT", f"{path}/default", {"tag": "a"}),
        ("DELETE", f"{path}/default", None),
        ("DELETE", f"{path}/a", None),
        ("DELETE", path, None),
    ]
    return {api.enterprise.request(method, to, json=body).status_code for method, to, body in calls}


def cycle_limit_beside_the_acu_limit(api):
    path = "/v3/enterprise/consumption/acu-limits/devin"
    limit = {"cycle_acu_limit": 5}
    assert api.enterprise.put(f"{path}/organizations/org-emulator", json=limit).status_code == 204
    assert [one["cycle_acu_limit"] for one in good(api.enterprise.get(path))["items"]] == [5]
    organization = good(api.enterprise.get("/v3/enterprise/organizations/org-emulator"))
    return organization["max_cycle_acu_limit"]


def permission_added_twice(api):
    api.emulator.add("git_connection", id="git-1", org=None)
    path = "/v3/enterprise/organizations/org-emulator/git-providers/permissions"
    reach = {"git_connection_id": "git-1", "group_prefix": "acme/"}
    first = good(api.enterprise.post(path, json={"permissions": [reach]}))
    both = {"permissions": [{**reach, "repo_path": "a/b", "group_prefix": None}, reach]}
    again = api.enterprise.post(path, json=both)
    listed = good(api.enterprise.get(path))["items"]
    return again.status_code, first[0] in list(again.json()), len(listed)


MEMBERS = "/v3/enterprise/organizations/org-emulator/members"


def first_role_of_a_group(api):
    api.emulator.add("idp_group", name="eng", org=None)
    return api.enterprise.post(
        f"{MEMBERS}/idp-groups/eng", json={"role_id": "org_member"}
    ).status_code


def second_role_of_a_person(api):
    path = f"{MEMBERS}/users/user-emulator-person"
    good(api.enterprise.post(path, json={"role_id": "org_member"}))
    status = api.enterprise.post(path, json={"role_id": "org_admin"}).status_code
    (person,) = good(api.enterprise.get(f"{MEMBERS}/users"))["items"]
    return status, person["role_assignments"][-1]["role"]["role_id"]


def unregistered_group_with_a_role(api):
    api.emulator.add("idp_group", name="eng", org=None, roles={"enterprise": "account_member"})
    return api.enterprise.delete("/v3/enterprise/idp-groups/eng").status_code


def roles_shown_in_an_organization(api):
    roles = {"enterprise": "account_member", "org-emulator": "org_member"}
    for kind in ("idp_group", "service_user"):
        api.emulator.add(kind, name="a", org=None, roles=roles)
    path = f"{MEMBERS}/users/user-emulator-person"
    answers = [
        good(api.enterprise.post(path, json={"role_id": "org_member"})),
        good(api.enterprise.patch(path, json={"role_id": "org_admin"})),
        good(api.enterprise.get(f"{MEMBERS}/idp-groups/a")),
        *(
            one
            for name in ("users", "idp-groups", "service-users")
            for one in good(api.enterprise.get(f"{MEMBERS}/{name}"))["items"]
        ),
        good(api.enterprise.delete(path)),
    ]
    return [len(answer["role_assignments"]) for answer in answers]


def address_as_shown(api):
    path = "/v3/enterprise/ip-access-list"
    return good(api.enterprise.put(path, json={"ip_ranges": ["127.0.0.9/8"]}))["ip_ranges"]


def outside_the_ip_list(api):
    path = "/v3/enterprise/ip-access-list"
    good(api.enterprise.put(path, json={"ip_ranges": ["10.0.0.0/8"]}))
    return api.enterprise.get(path).status_code


def what_groups_of_organizations_answer(api):
    path = "/v3/enterprise/org-group-limits"
    put = api.enterprise.put(path, json={"groups": {}})
    return {put.status_code, api.enterprise.get(path).status_code}


def lists_of_v1(api):
    api.emulator.add("playbook", **PLAYBOOK)
    api.emulator.add("secret", key="K")
    found = [good(api.v1.get(f"/v1/{name}")) for name in ("playbooks", "secrets")]
    items = [next(iter(one.values())) if isinstance(one, dict) else one for one in found]
    assert [len(one) for one in items] == [1, 1]
    return [list(one) if isinstance(one, dict) else "bare" for one in found]


def optional_fields_of_a_v1_playbook(api):
    playbook = api.emulator.add("playbook", **PLAYBOOK)
    good(api.v1.put(f"/v1/playbooks/{playbook}", json=PLAYBOOK))
    shown = good(api.v1.get(f"/v1/playbooks/{playbook}"))
    names = ("status", "updated_by_user_id", "updated_by_user_name")
    return [shown[name] for name in names if name in shown]


def macro_on_v1(api):
    made = good(api.v1.post("/v1/knowledge", json={**KNOWLEDGE, "macro": "!a"}))
    note = api.emulator.add("knowledge", **NOTE, macro="!b")
    put = good(api.v1.put(f"/v1/knowledge/{note}", json={**KNOWLEDGE, "macro": "!c"}))
    listed = good(api.v1.get("/v1/knowledge"))["knowledge"]
    assert len({"macro" in shown for shown in (made, put, *listed)}) == 1
    live = {note["note_id"]: note["macro"] for note in api.emulator.knowledge()}
    return [live[made["id"]], live[note]]


def errors_of_v1(api):
    missing, invalid = api.v1.delete("/v1/secrets/secret-x"), api.v1.post("/v1/knowledge", json={})
    assert missing.headers["Content-Type"] == invalid.headers["Content-Type"] == JSON_TYPE
    assert (missing.status_code, invalid.status_code) == (404, 422)
    return missing.json(), list(invalid.json())


def v3_id_of_a_v1_note(api):
    shown = good(api.v1.post("/v1/knowledge", json=KNOWLEDGE))["id"]
    good(api.v1.put(f"/v1/knowledge/{shown}", json=KNOWLEDGE))
    real = api.emulator.knowledge()[0]["note_id"]
    return shown == real, api.v1.delete(f"/v1/knowledge/{real}").status_code


def pinned_to_all(api):
    return api.v3.post(NOTES, json={**NOTE, "pinned_repo": "all"}).status_code


def pinned_with_host(api):
    pins = ("github.com/acme/api", "acme/api")
    return [api.note(pinned_repo=pin)["pinned_repo"] for pin in pins]


def enterprise_note_in_the_organization(api):
    made = good(api.enterprise.post("/v3/enterprise/knowledge/notes", json=NOTE))["note_id"]
    path = f"{NOTES}/{made}"
    listed = len(good(api.v3.get(NOTES))["items"])
    writes = [api.v3.put(path, json=NOTE).status_code, api.v3.delete(path).status_code]
    return [listed, api.v3.get(path).status_code, *writes]


def enterprise_playbook_in_the_organization(api):
    good(api.enterprise.post("/v3/enterprise/playbooks", json=PLAYBOOK))
    return len(good(api.v3.get(f"{ORG}/playbooks"))["items"])


def switched_off_by_a_person(api):
    note = api.note()
    api.emulator.edit("knowledge", note["note_id"], is_enabled=False)
    return api.emulator.knowledge()[0]["is_enabled"]


def what_a_deleted_note_answers(api):
    note = api.note()["note_id"]
    good(api.v3.delete(f"{NOTES}/{note}"))
    return {
        api.v3.get(f"{NOTES}/{note}").status_code,
        api.v3.put(f"{NOTES}/{note}", json=NOTE).status_code,
        api.v3.delete(f"{NOTES}/{note}").status_code,
        api.v1.delete(f"/v1/knowledge/{note}").status_code,
    }


def filed_nowhere(api):
    made = api.v3.post(NOTES, json={**NOTE, "folder_id": "folder-x"})
    put = api.v3.put(f"{NOTES}/{api.note()['note_id']}", json={**NOTE, "folder_id": "folder-x"})
    old = api.v1.post("/v1/knowledge", json={**KNOWLEDGE, "parent_folder_id": "folder-x"})
    assert made.status_code == put.status_code == old.status_code
    assert made.json()["detail"]
    return made.status_code


def secret_created_twice(api):
    good(api.v3.post(SECRETS, json=SECRET))
    again = api.v3.post(SECRETS, json=SECRET).status_code
    old = api.v1.post("/v1/secrets", json={**SECRET, "sensitive": True, "note": ""}).status_code
    return again, old, len(api.emulator.secrets())


def macro_used_twice(api):
    first, second = ({**PLAYBOOK, "macro": macro} for macro in ("!a", "!b"))
    made = good(api.v3.post(f"{ORG}/playbooks", json=first))["playbook_id"]
    good(api.v3.post(f"{ORG}/playbooks", json=second))
    good(api.v3.put(f"{ORG}/playbooks/{made}", json=first))
    notes = [
        api.v1.post("/v1/knowledge", json={**KNOWLEDGE, "macro": "!a"}).status_code for _ in "ab"
    ]
    again = api.v3.post(f"{ORG}/playbooks", json=first).status_code
    return [again, api.v3.put(f"{ORG}/playbooks/{made}", json=second).status_code, *notes]


def bodies_of(api):
    sizes = [65536, 65537]
    return [api.v3.post(NOTES, json={**NOTE, "body": "x" * size}).status_code for size in sizes]


def unknown_field(api):
    asked = [
        (NOTES, NOTE),
        (f"{ORG}/playbooks", PLAYBOOK),
        (SECRETS, SECRET),
    ]
    return {api.v3.post(path, json={**body, "macros": "!a"}).status_code for path, body in asked}


def shape_of_an_error(api):
    missing, invalid = api.v3.get(f"{NOTES}/note-x"), api.v3.post(NOTES, json={})
    assert missing.headers["Content-Type"] == invalid.headers["Content-Type"]
    return missing.headers["Content-Type"], list(missing.json()), list(invalid.json())


def body_answered(api, body):
    note = api.note(body=body)
    again = good(api.v3.put(f"{NOTES}/{note['note_id']}", json={**NOTE, "body": body}))
    playbook = good(api.v3.post(f"{ORG}/playbooks", json={**PLAYBOOK, "body": body}))
    assert note["body"] == again["body"] == playbook["body"]
    return note["body"]


def path_of_the_root(api):
    path = api.note()["folder_path"]
    assert good(api.v3.get(NOTES, params={"folder_path": path}))["total"] == 1
    return path


def notes_under(api):
    api.note(folder_id=api.emulator.add_folder("A"))
    api.note(folder_id=api.emulator.add_folder("A/B"))
    api.note(folder_id=api.emulator.add_folder("AB"))
    api.note()
    paths = ("A", "A/B", "")
    return [len(good(api.v3.get(NOTES, params={"folder_path": path}))["items"]) for path in paths]


def order_of_names(api):
    old = {**NOTE, "created_at": 1}
    b, _, _ = (api.emulator.add("knowledge", **{**old, "name": name}) for name in "bca")
    good(api.v3.put(f"{NOTES}/{b}", json={**NOTE, "name": "b"}))
    first = good(api.v3.get(NOTES, params={"first": 2}))
    second = good(api.v3.get(NOTES, params={"first": 2, "after": first["end_cursor"]}))
    return "".join(note["name"] for note in first["items"] + second["items"])


def second_page_after_a_deletion(api):
    notes = [api.note(name=name) for name in "abcd"]
    cursor = good(api.v3.get(NOTES, params={"first": 2}))["end_cursor"]
    good(api.v3.delete(f"{NOTES}/{notes[0]['note_id']}"))
    page = good(api.v3.get(NOTES, params={"first": 2, "after": cursor}))
    return "".join(note["name"] for note in page["items"])


def keys_of_a_page(api):
    return set(good(api.v3.get(SECRETS)))


def total_of_a_page(api):
    return good(api.v3.get(SECRETS))["total"]


def skills_of_a_managed_plugin(api):
    path = "/v3beta1/organizations/org-emulator/managed-plugins/bundles/knowledge/skills"
    answer = api.v3.get(path)
    return answer.status_code, answer.json().get("items")


PAGE = {"items", "end_cursor", "has_next_page"}
PROBLEM = ["type", "title", "status", "detail", "instance"]
NESTED = {"error": {"message": "Secret not found", "type": "Not Found"}}
V1_USER = ("service-user-emulator-v1", "Emulator (v1)")
JSON_TYPE, PROBLEM_TYPE = "application/json", "application/problem+json"
DECOMPOSED, COMPOSED = "e\u0301", "\u00e9"


def promoted_note(api):
    id = api.emulator.add("knowledge", name="A", trigger="t", body="b")
    return api.emulator.promote("knowledge", id) == id


def automation_of_its_creator(api):
    start = {"type": "start_session", "prompt": "p"}
    id = api.emulator.add("automation", name="A", actions=[start], run_as={"type": "creator"})
    listed = good(api.v3.get(f"{ORG}/automations"))["items"]
    return len(listed), api.v3.get(f"{ORG}/automations/{id}").status_code


ANALYSED = {
    "is_archived": True,
    "repo_names": ["acme/api"],
    "analysis": {"skill_usage": {"bad_usages": []}, "issues": []},
}


def an_analysed_session(api):
    api.emulator.add("session", **ANALYSED)
    (session,) = good(api.v3.get(f"{ORG}/sessions/insights?is_archived=true"))["items"]
    return session


def members_of_an_analysis(api):
    return sorted(an_analysed_session(api)["analysis"])


def has_a_status(api):
    return "analysis_status" in an_analysed_session(api)


def sessions_in(query):
    def count(api):
        an_analysed_session(api)
        return len(good(api.v3.get(f"{ORG}/sessions/insights{query}"))["items"])

    return count


CASES = [
    ("analysis_status", "present", has_a_status, True),
    ("analysis_status", "absent", has_a_status, False),
    ("skill_usage", "present", members_of_an_analysis, ["issues", "skill_usage"]),
    ("skill_usage", "absent", members_of_an_analysis, ["issues"]),
    ("repo_names", "obeyed", sessions_in("?repo_names=made-up"), 0),
    ("repo_names", "ignored", sessions_in("?repo_names=made-up"), 1),
    ("archived_sessions", "listed", sessions_in(""), 1),
    ("archived_sessions", "hidden", sessions_in(""), 0),
    ("schedule_created", "403", created_schedule, 403),
    ("schedule_created", "200", created_schedule, 200),
    ("session_tags", "on", what_session_tags_answer, {200}),
    ("session_tags", "off", what_session_tags_answer, {404}),
    ("managed_plugin_skills", "served", skills_of_a_managed_plugin, (200, [])),
    ("managed_plugin_skills", "absent", skills_of_a_managed_plugin, (404, None)),
    ("acu_limit", "shared", cycle_limit_beside_the_acu_limit, 5),
    ("acu_limit", "separate", cycle_limit_beside_the_acu_limit, None),
    ("automation_updates", "merge", changed_automation, {"a": "1", "b": "2"}),
    ("automation_updates", "replace_groups", changed_automation, {"b": "2"}),
    ("first_group_role", "400", first_role_of_a_group, 400),
    ("first_group_role", "404", first_role_of_a_group, 404),
    ("first_group_role", "403", first_role_of_a_group, 403),
    ("second_role", "409", second_role_of_a_person, (409, "org_member")),
    ("second_role", "400", second_role_of_a_person, (400, "org_member")),
    ("second_role", "replaced", second_role_of_a_person, (200, "org_admin")),
    ("group_in_use", "409", unregistered_group_with_a_role, 409),
    ("group_in_use", "400", unregistered_group_with_a_role, 400),
    ("group_in_use", "deleted", unregistered_group_with_a_role, 200),
    ("other_roles_in_org", "shown", roles_shown_in_an_organization, [2, 2, 2, 2, 2, 2, 1]),
    ("other_roles_in_org", "hidden", roles_shown_in_an_organization, [1, 1, 1, 1, 1, 1, 0]),
    ("ip_ranges", "normalized", address_as_shown, ["127.0.0.0/8"]),
    ("ip_ranges", "kept", address_as_shown, ["127.0.0.9/8"]),
    ("outside_ip_list", "401", outside_the_ip_list, 401),
    ("outside_ip_list", "403", outside_the_ip_list, 403),
    ("org_groups", "on", what_groups_of_organizations_answer, {200}),
    ("org_groups", "off", what_groups_of_organizations_answer, {404}),
    ("duplicate_permission", "kept", permission_added_twice, (200, True, 2)),
    ("duplicate_permission", "409", permission_added_twice, (409, False, 1)),
    ("duplicate_permission", "allowed", permission_added_twice, (200, False, 3)),
    ("macro", "kept", replaced_macro, "!deploy"),
    ("macro", "dropped", replaced_macro, None),
    ("v1_put_nullable", "cleared", left_out_on_v1, [False] * 3),
    ("v1_put_nullable", "kept", left_out_on_v1, [True] * 3),
    ("v1_put_nullable", "cleared", macro_left_out_of_a_v1_playbook, None),
    ("v1_put_nullable", "kept", macro_left_out_of_a_v1_playbook, "!a"),
    ("v1_delete", "200", deleted_on_v1, {(200, True)}),
    ("v1_delete", "204", deleted_on_v1, {(204, False)}),
    ("v1_secret_created", "200", secret_created_on_v1, 200),
    ("v1_secret_created", "201", secret_created_on_v1, 201),
    ("v1_lists", "bare", lists_of_v1, ["bare", "bare"]),
    ("v1_lists", "object", lists_of_v1, [["playbooks"], ["secrets"]]),
    ("v1_playbook_fields", "status", optional_fields_of_a_v1_playbook, ["published"]),
    ("v1_playbook_fields", "none", optional_fields_of_a_v1_playbook, []),
    ("v1_playbook_fields", "all", optional_fields_of_a_v1_playbook, ["published", *V1_USER]),
    ("v1_macro", "present", macro_on_v1, ["!a", "!c"]),
    ("v1_macro", "absent", macro_on_v1, [None, "!b"]),
    ("v1_error_body", "detail", errors_of_v1, ({"detail": "Secret not found"}, ["detail"])),
    ("v1_error_body", "error", errors_of_v1, (NESTED, ["error"])),
    ("v1_ids", "shared", v3_id_of_a_v1_note, (True, 200)),
    ("v1_ids", "separate", v3_id_of_a_v1_note, (False, 404)),
    ("pinned_all", "accepted", pinned_to_all, 200),
    ("pinned_all", "422", pinned_to_all, 422),
    ("pinned_host", "kept", pinned_with_host, ["github.com/acme/api", "acme/api"]),
    ("pinned_host", "stripped", pinned_with_host, ["acme/api", "acme/api"]),
    (
        "enterprise_notes_in_org_list",
        "false",
        enterprise_note_in_the_organization,
        [0, 404, 404, 404],
    ),
    (
        "enterprise_notes_in_org_list",
        "true",
        enterprise_note_in_the_organization,
        [1, 200, 403, 403],
    ),
    ("enterprise_playbooks_in_org_list", "false", enterprise_playbook_in_the_organization, 0),
    ("enterprise_playbooks_in_org_list", "true", enterprise_playbook_in_the_organization, 1),
    ("is_enabled_view", "organization", switched_off_by_a_person, False),
    ("is_enabled_view", "service_user", switched_off_by_a_person, True),
    ("promoted_id", "kept", promoted_note, True),
    ("promoted_id", "new", promoted_note, False),
    ("creators_automations", "shown", automation_of_its_creator, (1, 200)),
    ("creators_automations", "hidden", automation_of_its_creator, (0, 404)),
    ("missing_object", "404", what_a_deleted_note_answers, {404}),
    ("missing_object", "403", what_a_deleted_note_answers, {403}),
    ("unknown_folder", "404", filed_nowhere, 404),
    ("unknown_folder", "400", filed_nowhere, 400),
    ("unknown_folder", "422", filed_nowhere, 422),
    ("duplicate_secret", "409", secret_created_twice, (409, 409, 1)),
    ("duplicate_secret", "400", secret_created_twice, (400, 400, 1)),
    ("duplicate_secret", "allowed", secret_created_twice, (200, 200, 3)),
    ("duplicate_macro", "allowed", macro_used_twice, [200, 200, 200, 200]),
    ("duplicate_macro", "409", macro_used_twice, [409, 409, 200, 409]),
    ("body_limit", "none", bodies_of, [200, 200]),
    ("body_limit", "65536", bodies_of, [200, 422]),
    ("unknown_fields", "ignored", unknown_field, {200}),
    ("unknown_fields", "422", unknown_field, {422}),
    ("error_body", "detail", shape_of_an_error, (JSON_TYPE, ["detail"], ["detail"])),
    ("error_body", "problem", shape_of_an_error, (PROBLEM_TYPE, PROBLEM, [*PROBLEM, "errors"])),
    ("bodies", "kept", lambda api: body_answered(api, "\n a \n"), "\n a \n"),
    ("bodies", "trimmed", lambda api: body_answered(api, "\n a \n"), "a"),
    ("newlines", "kept", lambda api: body_answered(api, "a\nb\r\nc"), "a\nb\r\nc"),
    ("newlines", "crlf", lambda api: body_answered(api, "a\nb\r\nc"), "a\r\nb\r\nc"),
    ("unicode", "kept", lambda api: body_answered(api, DECOMPOSED), DECOMPOSED),
    ("unicode", "nfc", lambda api: body_answered(api, DECOMPOSED), COMPOSED),
    ("root_folder_path", "", path_of_the_root, ""),
    ("root_folder_path", "/", path_of_the_root, "/"),
    ("folder_filter", "exact", notes_under, [1, 1, 1]),
    ("folder_filter", "subtree", notes_under, [2, 1, 4]),
    ("list_order", "created", order_of_names, "bca"),
    ("list_order", "name", order_of_names, "abc"),
    ("list_order", "updated", order_of_names, "cab"),
    ("list_order", "reversed", order_of_names, "acb"),
    ("paging", "stable", second_page_after_a_deletion, "cd"),
    ("paging", "offset", second_page_after_a_deletion, "d"),
    ("total", "present", keys_of_a_page, {*PAGE, "total"}),
    ("total", "absent", keys_of_a_page, PAGE),
    ("total", "none", total_of_a_page, None),
]


@pytest.mark.parametrize(
    ("quirk", "value", "look", "expected"),
    CASES,
    ids=[f"{case[0]}-{case[1] or 'empty'}" for case in CASES],
)
def test_a_quirk_does_what_its_value_says(start, quirk, value, look, expected):
    assert look(start(quirks={quirk: value})) == expected


@pytest.mark.parametrize("value", VALUES["retry_after"])
def test_a_429_says_when_to_come_back_as_the_quirk_wants(start, value):
    api = start(rate_limit=0.1, quirks={"retry_after": value})
    responses = [api.v3.get("/v3/self") for _ in range(2)]
    assert [response.status_code for response in responses] == [200, 429]
    header = responses[1].headers.get("Retry-After")
    assert responses[1].json() == {"detail": "Rate limit exceeded"}
    if value == "seconds":
        assert 1 <= int(header) <= 10
    elif value == "date":
        assert abs(parsedate_to_datetime(header) - datetime.now(UTC)) < timedelta(seconds=15)
    else:
        assert header is None


def test_a_macro_that_v1_does_not_know_is_as_any_unknown_field(start):
    api = start(quirks={"v1_macro": "absent", "unknown_fields": "422"})
    good(api.v1.post("/v1/knowledge", json=KNOWLEDGE))
    refused = api.v1.post("/v1/knowledge", json={**KNOWLEDGE, "macro": None})
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["body", "macro"])


def test_every_quirk_and_every_value_has_a_test():
    tried = {(case[0], case[1]) for case in CASES} | {
        ("retry_after", v) for v in VALUES["retry_after"]
    }
    assert tried == {(name, value) for name, values in VALUES.items() for value in values}


def test_every_quirk_is_in_the_table_of_the_documentation():
    text = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")
    section = text.partition("## Quirks")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| ")][2:]
    table = {row[1].strip(): tuple(v.strip().strip('"') for v in row[2].split(",")) for row in rows}
    assert table == dict(VALUES)


def test_the_first_value_is_the_default():
    assert Quirks() == parse_quirks({name: values[0] for name, values in VALUES.items()})


def test_values_may_be_written_as_yaml_gives_them():
    raw = {
        "duplicate_secret": 400,
        "enterprise_notes_in_org_list": True,
        "body_limit": 65536,
        "v1_delete": 204,
    }
    quirks = parse_quirks(raw)
    assert (quirks.duplicate_secret, quirks.enterprise_notes_in_org_list) == ("400", "true")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"macros": "kept"}, 'unknown quirk "macros"; did you mean "macro"?'),
        ({"macro": "droped"}, '"droped" is not one of kept, dropped; did you mean "dropped"?'),
        ({"duplicate_secret": 404}, '"404" is not one of 409, 400, allowed'),
        ({"root_folder_path": "root"}, 'is not one of "", /'),
    ],
)
def test_an_unknown_name_or_value_is_an_error_that_helps(raw, words):
    with pytest.raises(ConfigError) as caught:
        parse_quirks(raw)
    assert words in str(caught.value)
