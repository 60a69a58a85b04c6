"""The list of addresses that may call, which also binds whoever changes it."""

from __future__ import annotations

import pytest

from tests.testing.emulator_api import good

PATH = "/v3/enterprise/ip-access-list"
LOOPBACK = "127.0.0.0/8"
ELSEWHERE = "10.0.0.0/8"


def ranges(*texts):
    return {"ip_ranges": list(texts)}


def test_the_list_is_read_extended_replaced_and_cleared(api):
    enterprise = api.enterprise
    assert good(enterprise.get(PATH)) == ranges()
    assert good(enterprise.post(PATH, json=ranges(LOOPBACK))) == ranges(LOOPBACK)
    both = good(enterprise.post(PATH, json=ranges("10.1.2.3/8", "127.0.0.1/8")))
    assert both == ranges(LOOPBACK, ELSEWHERE)
    replaced = good(enterprise.put(PATH, json=ranges("::1", "127.0.0.1")))
    assert replaced == ranges("::1/128", "127.0.0.1/32")
    assert good(enterprise.get(PATH)) == replaced
    assert good(enterprise.delete(PATH)) == good(enterprise.get(PATH)) == ranges()


@pytest.mark.parametrize("text", ["", "everyone", "10.0.0.0/33", "300.1.1.1", "10.0.0"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_what_is_no_network_changes_nothing(api, method, text):
    good(api.enterprise.post(PATH, json=ranges(LOOPBACK)))
    response = api.enterprise.request(method, PATH, json=ranges(ELSEWHERE, text))
    assert response.status_code == 422
    assert good(api.enterprise.get(PATH)) == ranges(LOOPBACK)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_who_is_outside_is_refused_at_the_next_request(api, method):
    good(api.enterprise.request(method, PATH, json=ranges(ELSEWHERE)))
    paths = [
        (api.enterprise, PATH),
        (api.v3, "/v3/self"),
        (api.v1, "/v1/knowledge"),
        (api.enterprise, "/v3/enterprise/hypervisors"),
    ]
    assert {client.get(path).status_code for client, path in paths} == {401}
    assert api.enterprise.delete(PATH).status_code == 401, "nobody opens the door from outside"


def test_a_person_opens_the_door_again(api):
    good(api.enterprise.put(PATH, json=ranges(ELSEWHERE)))
    assert api.person.delete("/ip_ranges/10.0.0.0%2F8").status_code == 204
    assert good(api.enterprise.get(PATH)) == ranges()


def test_a_seed_has_a_list_and_a_person_adds_to_it(start, tmp_path):
    state = tmp_path / "state.json"
    api = start({"enterprise": {"ip_ranges": [{"cidr": LOOPBACK}]}}, state=state)
    good(api.person.post("/ip_ranges", json={"cidr": ELSEWHERE}))
    assert good(api.enterprise.get(PATH)) == ranges(LOOPBACK, ELSEWHERE)
    assert good(start(state=state).enterprise.get(PATH)) == ranges(LOOPBACK, ELSEWHERE)
    response = api.person.post("/ip_ranges", json={"cidr": "home"})
    assert response.status_code == 422
    assert "home" in response.json()["detail"][0]["msg"]


@pytest.mark.parametrize(
    ("permissions", "status"), [(["ManageEnterpriseSettings"], 200), (["ManageOrganizations"], 403)]
)
def test_a_key_needs_a_permission(start, permissions, status):
    keys = {"cog_some": {"org": None, "permissions": permissions}}
    assert start({"keys": keys}).with_key("cog_some").get(PATH).status_code == status
