"""Every page that a link leads to: it answers, is inert, and is no request to the API."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.testing.hostile_names import organization
from tests.testing.hostile_text import NAME
from tests.testing.html_forms import Html

MARKUP = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>{{ 7 * 7 }}</textarea></title>"
SCRIPT = "/static/requests.js"
ORG = "/organizations/org-emulator"
OWN = {SCRIPT, "/static/icon.svg"}


def crawl(client, start="/"):
    """Yield each page that can be reached by links: the path and the response."""
    todo, seen = [start], {start}
    while todo:
        path = todo.pop()
        response = client.get(path)
        yield path, response
        links = Html.of(response.text).links
        new = {link for link in links if link.startswith("/")} - seen
        seen |= new
        todo += sorted(new)


def assert_inert(path, response):
    assert response.status_code == 200, path
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert set(Html.of(response.text).sources) <= OWN, path
    assert not re.search(r"\sstyle=|\son\w+=", re.sub(r"(?s)>[^<]*<|\"[^\"]*\"", "", response.text))


def test_all_pages_can_be_reached_from_the_start(filled, visitor):
    pages = dict(crawl(visitor))
    for path, response in pages.items():
        assert_inert(path, response)
    assert {
        "/knowledge/note-1",
        "/folders/folder-b",
        "/playbooks/playbook-1",
        "/secrets/secret-1",
        "/automations/automation-1",
        "/schedules/schedule-1",
        "/organizations/org-emulator",
        "/acu_limits/limit-1",
        "/knowledge/note-house",
        "/enterprise/members",
        "/requests",
        "/audit-log",
        "/organizations/org-emulator/automations/new",
        "/organizations/org-emulator/knowledge/new?folder_id=folder-b",
        "/enterprise/organizations/new",
    } <= pages.keys()
    assert filled.emulator.requests == []


def test_an_empty_emulator_has_the_same_pages(api):
    pages = dict(crawl(api.with_key("")))
    for path, response in pages.items():
        assert_inert(path, response)
    assert "There are no notes and no folders yet" in (
        pages["/organizations/org-emulator/knowledge"].text
    )


@pytest.mark.matrix
def test_hostile_names_are_text(start):
    api = start({"organizations": {"org-emulator": {"name": MARKUP, **organization()}}})
    for path, response in crawl(api.with_key("")):
        assert_inert(path, response)


@pytest.mark.matrix
@pytest.mark.parametrize("text", [MARKUP, NAME, "", " ", "\ud800", "x" * 300])
def test_any_text_can_be_anywhere(start, text):
    org = text if text.strip() and "\ud800" not in text else "org-x"
    note = {"name": text, "trigger": text, "body": text, "id": f"id {text}", "macro": text}
    seed = {
        "organizations": {
            org: {
                "name": text,
                "folders": [{"name": text, "description": text, "id": f"folder {text}"}],
                "knowledge": [{**note, "folder_id": f"folder {text}"}],
                "playbooks": [{"title": text, "body": text, "id": f"id {text}"}],
                "secrets": [{"key": text, "note": text, "id": f"id {text}"}],
                "schedules": [{"name": text, "prompt": text, "id": f"id {text}"}],
                "tags": [text],
            }
        },
        "enterprise": {
            "roles": [{"id": text or "r", "name": text}],
            "idp_groups": [{"name": text}],
            "users": [{"name": text, "email": text, "groups": [text]}],
        },
    }
    api = start(seed)
    api.v3.get("/v3/organizations/org-emulator/knowledge/notes", params={"search": MARKUP})
    api.v3.post("/v3/organizations/org-emulator/knowledge/notes", json={"name": MARKUP})
    pages = 0
    for path, response in crawl(api.with_key("")):
        if "\ud800" not in text:
            assert_inert(path, response)
        pages += 1
    assert pages > 30


@pytest.mark.parametrize(
    "path",
    [
        "/knowledge/nope",
        "/folders/nope",
        "/organizations/nope",
        "/organizations/nope/knowledge",
        "/organizations/nope/knowledge/new",
        "/organizations/org-emulator/nope",
        "/organizations/org-emulator/folders",
        "/static/nope.css",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_does_not_exist_is_a_page_that_says_so(visitor, path, method):
    response = visitor.request(method, path)
    if response.status_code == 405:
        assert method == "POST"
        return
    assert response.status_code == 404
    assert Html.of(response.text).heading == "Not Found"


def test_the_message_names_what_is_missing(visitor):
    assert "There is no note with the id nope&lt;b&gt;." in visitor.get("/knowledge/nope<b>").text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/", "GET, HEAD"),
        ("DELETE", "/knowledge/note-1", "GET, HEAD, POST"),
        ("PUT", "/organizations/org-emulator/knowledge/new", "GET, HEAD, POST"),
        ("POST", "/audit-log", "GET, HEAD"),
    ],
)
def test_another_method_is_a_405(visitor, method, path, allowed):
    response = visitor.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/v3/nope", 404, {"detail": "There is no path /v3/nope"}),
        ("/v1/nope", 404, {"detail": "There is no path /v1/nope"}),
        ("/nope", 404, {"detail": "There is no path /nope"}),
        ("/enterprise/secrets", 404, {"detail": "There is no path /enterprise/secrets"}),
        (
            "/static/..%2ftemplates%2fbase.html",
            404,
            {"detail": "There is no path /static/../templates/base.html"},
        ),
        ("/v3/self", 401, {"detail": "Invalid or missing API key"}),
        ("/_emulator/requests", 200, []),
    ],
)
def test_no_path_of_the_api_becomes_a_page(visitor, path, status, body):
    response = visitor.get(path)
    assert (response.status_code, response.json()) == (status, body)


@pytest.mark.parametrize("path", ["/requests", "/audit-log", f"{ORG}/secrets", "/knowledge/note-1"])
def test_a_page_says_where_it_is(filled, visitor, path):
    filled.emulator.edit("knowledge", "note-1", name="Requests")
    current = re.findall(r'<a href="([^"]*)" aria-current="page"', visitor.get(path).text)
    assert current == [path if path != "/knowledge/note-1" else f"{ORG}/knowledge"]


def test_the_audit_log_is_cut_into_pages(api):
    for number in range(105):
        api.emulator.add("knowledge", name=f"Note {number}", trigger="t", body="b")
    visitor = api.with_key("")
    newest = visitor.get("/audit-log")
    assert "Note 104" in newest.text
    assert "Note 4<" not in newest.text
    (older,) = [link for link in Html.of(newest.text).links if "from=" in link]
    assert "Note 4<" in visitor.get(older).text
    for odd in ("-1", "x", "9" * 30, "²"):
        assert visitor.get("/audit-log", params={"from": odd}).text == newest.text


def test_the_audit_log_says_who_did_what_and_where(filled, visitor):
    filled.note(name="By the API")
    filled.emulator.remove("knowledge", "note-2")
    text = visitor.get("/audit-log").text
    assert "create knowledge: <a" in text
    assert "delete knowledge: <bdi>Root</bdi>" in text
    assert "Emulator</bdi>" in text
    assert "Pat Person</bdi>" in text
    assert "Payments" in text


def test_a_search_leaves_the_notes_with_the_text(visitor):
    text = visitor.get(
        "/organizations/org-emulator/knowledge", params={"search": "BLUE-green"}
    ).text
    assert "Deploys" in text
    assert "Root<" not in text
    nothing = visitor.get("/organizations/org-emulator/knowledge", params={"search": MARKUP})
    assert "No note has" in nothing.text
    assert_inert("search", nothing)


# -- the list of requests


def test_requests_are_listed_newest_first(filled, visitor):
    filled.note()
    filled.v3.get("/v3/self")
    text = visitor.get("/requests").text
    assert text.index("/v3/self") < text.index("/knowledge/notes")
    assert "&#34;name&#34;: &#34;Deploys&#34;" in text


def test_new_requests_are_those_after_a_number(filled, visitor):
    for _ in range(3):
        filled.v3.get("/v3/self")
    fresh = visitor.get("/requests/new?since=2").text
    assert fresh.count("<li") == 1
    assert 'data-last="3" data-cleared="0"' in fresh
    assert 'data-last="3"' in visitor.get("/requests/new?since=3").text


def test_a_cleared_list_is_empty_and_numbers_go_on(filled, visitor):
    for _ in range(3):
        filled.v3.get("/v3/self")
    assert visitor.post("/requests").headers["location"] == "/requests?done=cleared"
    assert filled.emulator.requests == []
    assert 'data-last="3" data-cleared="3"' in visitor.get("/requests/new?since=1").text
    filled.v3.get("/v3/self")
    assert 'data-number="4"' in visitor.get("/requests/new?since=3").text


def test_a_page_from_before_a_restart_gets_all_requests(filled, visitor):
    filled.v3.get("/v3/self")
    fresh = visitor.get("/requests/new?since=99").text
    assert 'data-last="1" data-cleared="99"' in fresh
    assert fresh.count("<li") == 1


def test_a_long_body_is_cut(filled, visitor):
    filled.note(body="x" * 50_000)
    text = visitor.get("/requests").text
    assert len(text) < 30_000
    assert "Cut here" in text
    assert "50.1 kB" in text


def test_a_request_without_a_response_says_so(start):
    api = start(faults=[{"path": "/v3/self", "fault": "drop"}])
    with pytest.raises(httpx.HTTPError):
        api.v3.get("/v3/self")
    text = api.with_key("").get("/requests").text
    assert "no response" in text
    assert "fault: drop" in text


def test_no_page_has_the_value_of_a_secret(filled, visitor):
    value = "hunter2-canary"
    for key, client, more in (("ONE", filled.v3, {}), ("TWO", filled.v1, {"sensitive": True})):
        prefix = "/v1" if more else "/v3/organizations/org-emulator"
        body = {"type": "key-value", "key": key, "value": value, "note": "n", **more}
        assert client.post(f"{prefix}/secrets", json=body).status_code == 200
    pages = dict(crawl(visitor))
    assert "ONE" in pages["/organizations/org-emulator/secrets"].text
    assert all(value not in response.text for response in pages.values())
