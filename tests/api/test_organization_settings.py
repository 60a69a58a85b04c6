"""Kinds with one object, put together from several resources."""

from __future__ import annotations

import pytest

from devinops.api.http_client import Sender
from devinops.model.errors import ApiError, BadResponse, ConfigError
from devinops.model.objects import Live
from devinops.model.values import UNSET
from tests.api.conftest import KEY
from tests.testing.settings_kinds import Budget, Gate

BASE = "/v3/enterprise"
ENTERPRISE = {"enterprise_key": "cog_key_of_the_enterprise"}
LIMITS, PLANS = f"GET {BASE}/limits", f"GET {BASE}/plans"
TAGS = f"{BASE}/organizations/org-1/tags"


def page(*items, cursor=None):
    return {"items": list(items), "has_next_page": cursor is not None, "end_cursor": cursor}


ANSWERS = {
    LIMITS: page(
        {"scope": "enterprise", "org_id": None, "cycle_limit": 900},
        {"scope": "user", "org_id": "org-1", "cycle_limit": 5},
        {"scope": "org", "org_id": "org-2", "cycle_limit": 70},
        {"scope": "org", "org_id": "org-1", "cycle_limit": 80},
    ),
    # equal values of different organizations, which are no repeated objects
    PLANS: page({"org_id": "org-1", "plan_name": "core"}, {"org_id": "org-2", "plan_name": "core"}),
    f"GET {TAGS}": {"tags": ["a", "b"]},
}


@pytest.fixture
def budget(toy_api, writer):
    """budget(changed answers) reads it; return it with the server and a client that can write."""

    def read(changes=None, **facts):
        server = toy_api(ANSWERS | (changes or {}))
        client = writer(server, **ENTERPRISE, **facts)
        (live,) = client.snapshot({"budget"}).objects
        server.asked.clear()
        return live, server, client

    return read


def test_one_object_is_read_from_all_its_resources(toy_api, snapshot):
    server = toy_api(ANSWERS)
    (live,) = snapshot(server, {"budget"}, **ENTERPRISE).objects
    assert live.resource == Budget(limit=80, plan="core", tags=["a", "b"])
    assert (str(live.key), live.id, live.ours) == ("budget", "budget", True)
    assert server.lines == [f"{LIMITS}?first=200", f"{PLANS}?first=200", f"GET {TAGS}"]


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({LIMITS: page()}, {"limit": None}),
        ({LIMITS: page({"scope": "org", "org_id": "org-2", "cycle_limit": 7})}, {"limit": None}),
        ({LIMITS: page({"org_id": "org-1", "cycle_limit": 7})}, {"limit": None}),
        ({LIMITS: page({"scope": "org", "org_id": "org-1", "cycle_limit": 0})}, {"limit": 0}),
        ({PLANS: page({"org_id": "org-1", "plan_name": None})}, {"plan": None}),
        ({f"GET {TAGS}": {}}, {"tags": UNSET}),
        ({f"GET {TAGS}": {"tags": []}}, {"tags": []}),
    ],
)
def test_a_value_that_no_resource_has_is_none(budget, changes, values):
    live, _, _ = budget(changes)
    expected = {"limit": 80, "plan": "core", "tags": ["a", "b"]} | values
    assert live.resource == Budget(**expected)


def test_a_value_on_a_later_page_is_found(serve, reply, toy_kinds, snapshot):
    first = page({"scope": "org", "org_id": "org-2", "cycle_limit": 1}, cursor="c")
    last = page({"scope": "org", "org_id": "org-1", "cycle_limit": 2})
    rest = {"items": [], "has_next_page": False, "tags": []}

    def answer(asked):
        limits = last if "after=c" in asked.path else first
        return reply(body=limits if "/limits" in asked.path else rest)

    assert snapshot(serve(answer), {"budget"}, **ENTERPRISE).objects[0].resource.limit == 2


@pytest.mark.parametrize(
    ("line", "answer", "complaint"),
    [
        (LIMITS, {"items": "none"}, r"GET /v3/enterprise/limits: items is not a list"),
        (LIMITS, page({"scope": "org", "org_id": "org-1", "cycle_limit": "80"}), "limit: expected"),
        (f"GET {TAGS}", ["a"], f"GET {TAGS}: the response is not an object"),
        (f"GET {TAGS}", {"tags": "a"}, "tags: expected a list, got text"),
    ],
)
def test_an_answer_of_another_shape_is_not_used(budget, line, answer, complaint):
    with pytest.raises(BadResponse, match=complaint):
        budget({line: answer})


def test_a_missing_permission_to_read_is_named(budget, reply):
    with pytest.raises(ApiError, match=r"limits returned 403.*ViewBudgets"):
        budget({LIMITS: reply(403, {"detail": "no"})})


def test_it_can_be_read_again_by_itself(budget):
    live, server, client = budget()
    assert client.reads_one("budget")
    assert client.read("budget", live.id) == live
    assert {asked.method for asked in server.asked} == {"GET"}


# --- writing --------------------------------------------------------------------------------------

BEFORE = {"limit": 80, "plan": "core", "tags": ["a", "b"]}
SETTING = {
    "limit": (f"PUT {BASE}/limits/organizations/org-1", {"cycle_limit": 90}),
    "plan": (f"PUT {BASE}/plans/organizations/org-1", {"plan_name": "team"}),
    "tags": (f"PUT {TAGS}", {"tags": ["b"]}),
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"limit": 90},
        {"tags": ["b"]},
        {"limit": 90, "tags": ["b"]},
        {"limit": 90, "plan": "team", "tags": ["b"]},
    ],
)
def test_only_what_changes_is_set(budget, changes):
    live, server, client = budget()
    after = client.update(live, Budget(**BEFORE | changes), {})
    assert [(line, asked.json) for line, asked in zip(server.lines, server.asked, strict=True)] == [
        SETTING[field] for field in changes
    ]
    assert after.resource == Budget(**BEFORE | changes)
    assert (after.id, after.key) == (live.id, live.key)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"limit": None}, f"DELETE {BASE}/limits/organizations/org-1"),
        ({"tags": []}, f"DELETE {TAGS}"),
    ],
)
@pytest.mark.parametrize("status", [200, 204, 404])
def test_what_is_emptied_is_deleted(budget, reply, changes, line, status):
    live, server, client = budget({line: reply(status, b"")})
    after = client.update(live, Budget(**BEFORE | changes), {})
    assert server.lines == [line]
    assert after.resource == Budget(**BEFORE | changes)


def test_a_number_of_zero_is_set_and_not_deleted(budget):
    live, server, client = budget()
    client.update(live, Budget(**BEFORE | {"limit": 0}), {})
    assert [(asked.method, asked.json) for asked in server.asked] == [("PUT", {"cycle_limit": 0})]


def test_a_delete_that_is_not_allowed_or_answered_by_a_web_page_is_an_error(budget, reply):
    line = f"DELETE {TAGS}"
    page_404 = reply(404, b"<html>", {"Content-Type": "text/html"})
    for answer in (reply(403, {"detail": "no"}), page_404):
        live, _, client = budget({line: answer})
        with pytest.raises(ApiError, match=f"{line} returned 40[34]"):
            client.update(live, Budget(**BEFORE | {"tags": []}), {})


def test_after_a_part_that_cannot_be_set_no_other_is_tried(budget, reply):
    line, _ = SETTING["limit"]
    live, server, client = budget({line: reply(403, {"detail": "no"})})
    with pytest.raises(ApiError, match=r"returned 403.*ManageBudgets"):
        client.update(live, Budget(limit=90, plan="team", tags=[]), {})
    assert server.lines == [line]


# --- the key --------------------------------------------------------------------------------------


def test_the_key_of_the_enterprise_is_used_for_its_settings_and_the_other_key_for_the_rest(
    toy_api, writer
):
    server = toy_api(ANSWERS)
    client = writer(server, **ENTERPRISE)
    (live,) = client.snapshot({"budget", "robot"}).objects
    client.update(live, Budget(**BEFORE | {"limit": 0}), {})
    client.read("budget", live.id)
    keys = {(asked.path.split("?")[0], asked.headers["Authorization"]) for asked in server.asked}
    about = f"Bearer {ENTERPRISE['enterprise_key']}"
    assert {key for path, key in keys if path.startswith(BASE)} == {about}
    assert {key for path, key in keys if not path.startswith(BASE)} == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("variable", "remedy"),
    [
        (None, "store one in a variable, and name it in the target's enterprise_key_env"),
        ("DEVIN_E", "set DEVIN_E, the target's enterprise_key_env"),
    ],
)
def test_without_that_key_nothing_is_asked_and_the_setting_is_named(
    toy_api, writer, variable, remedy
):
    server = toy_api(ANSWERS)
    client = writer(server, enterprise_key_env=variable)
    with pytest.raises(ConfigError, match=f"a budget needs an enterprise key: {remedy}"):
        client.snapshot({"budget", "robot"})
    with pytest.raises(ConfigError, match=remedy):
        client.read("budget", "budget")
    with pytest.raises(ConfigError, match=remedy):
        client.update(Live("budget", Budget(**BEFORE)), Budget(**BEFORE | {"limit": 0}), {})
    assert server.lines == []


def test_without_that_key_everything_else_can_still_be_read(toy_api, snapshot):
    server = toy_api(ANSWERS)
    assert snapshot(server).objects == ()
    assert not any(BASE in line for line in server.lines)


def test_a_key_of_the_enterprise_that_is_not_accepted_is_named_and_not_shown(budget, reply):
    with pytest.raises(
        ApiError, match="check the key that the target's enterprise_key_env"
    ) as told:
        budget({LIMITS: reply(401, {"detail": "cog_key_of_the_enterprise is unknown"})})
    assert "cog_key_of_the_enterprise" not in str(told.value)


def test_closing_and_not_waiting_reach_both_connections(toy_api, writer, monkeypatch):
    client = writer(toy_api(ANSWERS), **ENTERPRISE)
    told = []
    for name in ("close", "stop_waiting"):
        monkeypatch.setattr(Sender, name, lambda self, name=name: told.append((name, id(self))))
    client.stop_waiting()
    client.close()
    assert [name for name, _ in told] == ["stop_waiting"] * 2 + ["close"] * 2
    assert len(set(told)) == 4
    monkeypatch.undo()


# --- several writes -------------------------------------------------------------------------------


def test_what_fails_after_a_write_leaves_doubt(budget, reply):
    for failing, doubtful in (("limit", False), ("plan", True)):
        line, _ = SETTING[failing]
        live, _, client = budget({line: reply(403, {"detail": "no"})})
        with pytest.raises(ApiError) as caught:
            client.update(live, Budget(limit=90, plan="team", tags=[]), {})
        assert caught.value.answered is not doubtful


def test_only_the_first_write_is_looked_at_before_it_is_sent_again(budget, reply):
    """After that the object is no longer as it was, and that is our own doing."""
    checks = []
    for field in ("limit", "plan"):
        line, _ = SETTING[field]
        live, server, client = budget({line: reply(503, {"detail": "later"})})
        with pytest.raises(ApiError):
            client.update(
                live,
                Budget(**BEFORE | {"limit": 90, "plan": "team"}),
                {},
                before_again=checks.append,
            )
        assert server.lines.count(line) > 1
        assert (len(checks) > 0) is (field == "limit")
        checks.clear()


# --- where ----------------------------------------------------------------------------------------


def test_an_odd_id_of_an_organization_stays_in_its_place(toy_api, snapshot):
    limit = {"scope": "org", "org_id": "a/../b", "cycle_limit": 3}
    server = toy_api(
        {LIMITS: page(limit), f"GET {BASE}/organizations/a%2F..%2Fb/tags": {"tags": ["x"]}}
    )
    (live,) = snapshot(server, {"budget"}, **ENTERPRISE, org_id="a/../b").objects
    assert live.resource == Budget(limit=3, plan=None, tags=["x"])


def test_what_an_enterprise_has_once_needs_no_organization(toy_api, writer):
    server = toy_api({f"GET {BASE}/gate": {"ip_ranges": ["10.0.0.0/8"]}})
    client = writer(server, enterprise=True, org_id=None)
    (live,) = client.snapshot({"gate"}).objects
    assert (live.resource, live.ours) == (Gate(ranges=["10.0.0.0/8"]), True)
    client.update(live, Gate(ranges=["10.1.0.0/16"]), {})
    assert server.lines == [f"GET {BASE}/gate", f"PUT {BASE}/gate"]
    assert server.asked[-1].json == {"ip_ranges": ["10.1.0.0/16"]}


def test_without_an_organization_the_settings_of_one_cannot_be_asked_for(toy_api, snapshot):
    server = toy_api({"GET /v3/self": {"principal_type": "service_user", "org_id": None}})
    with pytest.raises(ConfigError, match="DEVIN_ORG_ID"):
        snapshot(server, {"budget"}, **ENTERPRISE, org_id=None)
    assert server.lines == ["GET /v3/self"]
