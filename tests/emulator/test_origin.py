"""Pages of other sites can neither post to the emulator nor read its pages under a name of their own."""

from __future__ import annotations

import pytest

WRITES = [
    ("POST", "/knowledge/note-1", 404),
    ("POST", "/organizations/org-emulator/folders/new", 422),
    ("POST", "/requests", 303),
    ("POST", "/_emulator/reset", 204),
    ("DELETE", "/_emulator/requests", 204),
    ("POST", "/_emulator/folders", 422),
]


def own(api):
    return api.emulator.url.removeprefix("http://")


@pytest.mark.parametrize(("method", "path", "status"), WRITES)
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        *(
            pytest.param(origin, marks=pytest.mark.matrix)
            for origin in ("null", "https://127.0.0.1:{port}", "http://127.0.0.1:1", "")
        ),
    ],
)
def test_a_page_of_another_site_cannot_post(api, method, path, status, origin):
    headers = {"Origin": origin.replace("{port}", own(api).rpartition(":")[2])}
    assert api.with_key("").request(method, path, headers=headers).status_code == 403


@pytest.mark.parametrize(("method", "path", "status"), WRITES)
def test_its_own_pages_and_programs_can(api, method, path, status):
    client = api.with_key("")
    for headers in ({"Origin": api.emulator.url}, {}):
        assert client.request(method, path, headers=headers).status_code == status


@pytest.mark.parametrize(("method", "path", "status"), WRITES)
def test_a_site_that_gives_its_name_this_address_cannot_post(api, method, path, status):
    headers = {"Host": "evil.example:8484", "Origin": "http://evil.example:8484"}
    assert api.with_key("").request(method, path, headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/requests", "/faults"])
def test_a_site_that_gives_its_name_this_address_cannot_read(api, path):
    # A browser sends no Origin with a GET to the site of the page.
    headers = {"Host": "evil.example:8484"}
    assert api.with_key("").get(f"/_emulator{path}", headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.", "[::1", ""])
def test_pages_are_shown_under_no_other_name(api, host):
    response = api.with_key("").get("/", headers={"Host": host})
    assert response.status_code in (400, 403)
    if response.status_code == 403:
        assert "open it as localhost or by its IP address" in response.text


@pytest.mark.parametrize(
    "host", ["localhost:1", "LOCALHOST", "127.0.0.1", "[::1]:8484", "emulator"]
)
def test_addresses_and_names_without_a_dot_are_names_of_the_emulator(api, host):
    assert api.with_key("").get("/", headers={"Host": host}).status_code == 200


def test_the_name_that_it_listens_on_is_its_own(start):
    api = start(host="localhost")
    assert api.with_key("").get("/").status_code == 200


def test_programs_reach_the_api_and_the_controls_under_any_name(api):
    headers = {"Host": "emulator:8484"}
    assert api.v3.get("/v3/self", headers=headers).status_code == 200
    assert api.person.get("/requests", headers=headers).status_code == 200
    assert api.person.post("/reset", headers=headers).status_code == 204
