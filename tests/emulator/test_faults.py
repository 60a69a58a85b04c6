"""The fault script: what a client sees of each fault, and what a script must not say."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from devinops.emulator import Emulator, fault_rules, server
from devinops.emulator.fault_rules import PARAMETERS, parse_faults, read_faults
from devinops.emulator.faults import FAULTS
from devinops.model.errors import ConfigError
from tests.testing.emulator_api import NOTE, ORG, good
from tests.testing.waiting import LONG_S, until

NOTES = f"{ORG}/knowledge/notes"
SECRETS = f"{ORG}/secrets"
DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")


def rule(fault, **fields):
    return {"fault": fault, **fields}


def seeded(*names):
    notes = [{**NOTE, "id": f"note-{name}", "name": name} for name in names]
    return {"organizations": {"org-emulator": {"knowledge": notes}}}


def names(api):
    return [note["name"] for note in api.emulator.knowledge()]


def statuses(api):
    return [
        (entry["method"], entry["status"], entry.get("fault")) for entry in api.emulator.requests
    ]


def listed(api, **query):
    return good(api.v3.get(NOTES, params=query))


# -- answers


@pytest.mark.parametrize(("when", "there"), [("before", []), ("after", [NOTE["name"]])])
@pytest.mark.parametrize(
    ("status", "detail"), [(502, "Bad Gateway"), (520, "Something went wrong")]
)
def test_a_status_before_or_after_the_commit(start, when, there, status, detail):
    api = start(faults=[rule("status", method="POST", status=status, when=when)])
    response = api.v3.post(NOTES, json=NOTE)
    assert (response.status_code, response.json()) == (status, {"detail": detail})
    assert names(api) == there
    assert statuses(api) == [("POST", status, "status")]
    assert api.emulator.requests[0]["body"] == NOTE


@pytest.mark.parametrize(("when", "there"), [("before", []), ("after", [NOTE["name"]])])
def test_a_status_may_be_without_a_body(start, when, there):
    fault = rule("status", method="POST", status=502, when=when, empty=True)
    api = start(faults=[fault])
    response = api.v3.post(NOTES, json=NOTE)
    assert (response.status_code, response.content) == (502, b"")
    assert names(api) == there


def test_a_status_may_be_a_problem_document(start):
    api = start(quirks={"error_body": "problem"}, faults=[rule("status", status=520)])
    problem = api.v3.get(NOTES).json()
    assert (problem["status"], problem["instance"]) == (520, NOTES)


@pytest.mark.parametrize("status", [200, 502])
def test_a_web_page_instead_of_an_answer(start, status):
    api = start(faults=[rule("html", status=status)])
    response = api.v3.get(NOTES)
    assert (response.status_code, response.headers["Content-Type"]) == (status, "text/html")
    assert response.text.startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, "1"),
        ({"seconds": 3}, "3"),
        ({"retry_after": "absent"}, None),
        ({"retry_after": None}, None),
    ]
    + [({"retry_after": text}, str(text)) for text in ("99999999", "soon", "-5", -5)],
)
def test_a_429_with_any_retry_after(start, given, shown):
    api = start(faults=[rule("rate-limit", **given)])
    response = api.v3.post(NOTES, json=NOTE)
    assert (response.status_code, response.headers.get("Retry-After")) == (429, shown)
    assert names(api) == []


def test_a_429_with_a_date(start):
    response = start(faults=[rule("rate-limit", retry_after="date", seconds=60)]).v3.get(NOTES)
    assert (
        50 < parsedate_to_datetime(response.headers["Retry-After"]).timestamp() - time.time() < 70
    )


def test_a_revoked_key_is_refused_from_then_on_and_others_are_not(start):
    api = start(faults=[rule("revoke-key", nth=2)])
    assert [api.v3.get(NOTES).status_code for _ in range(4)] == [200, 401, 401, 401]
    assert api.enterprise.get(NOTES).status_code == 200
    api.emulator.faults = []
    assert api.v3.get(NOTES).status_code == 200


@pytest.mark.parametrize("reason", ["truncate", "garbage"])
def test_a_body_that_is_not_json_has_the_length_announced(start, reason):
    api = start(faults=[rule(reason)])
    response = api.v3.get(NOTES)
    assert response.status_code == 200
    assert int(response.headers["Content-Length"]) == len(response.content)
    with pytest.raises(ValueError):
        response.json()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_delay(start, when, pauses):
    api = start(faults=[rule("delay", delay_ms=300, when=when)])
    api.note()
    assert pauses == [300]


# -- connections


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(("when", "there"), [("before", []), ("after", [NOTE["name"]])])
def test_a_connection_dropped_without_an_answer(start, when, there, reset, caplog):
    api = start(faults=[rule("drop", method="POST", when=when, reset=reset)])
    with pytest.raises(httpx.ReadError if reset else httpx.RemoteProtocolError):
        api.v3.post(NOTES, json=NOTE)
    assert names(api) == there
    assert listed(api)["items"] == api.emulator.knowledge()
    assert statuses(api) == [("POST", None, "drop"), ("GET", 200, None)]
    assert caplog.text == ""


@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_dropped_in_the_middle_of_the_answer(start, reset, caplog):
    api = start(faults=[rule("drop", when="during", reset=reset)])
    with api.v3.stream("POST", NOTES, json=NOTE) as response:
        assert response.status_code == 200
        chunks = []
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            chunks.extend(iter(response.iter_raw()))
        half = int(response.headers["Content-Length"]) // 2
        assert len(b"".join(chunks)) in ((0, half) if reset else (half,))
    assert names(api) == [NOTE["name"]]
    assert statuses(api) == [("POST", 200, "drop")]
    assert caplog.text == ""


def head(method="GET", path=NOTES):
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer cog_emulator\r\n\r\n".encode()


@contextmanager
def connected(api):
    with socket.create_connection(
        ("127.0.0.1", int(api.emulator.url.rpartition(":")[2]))
    ) as connection:
        connection.settimeout(LONG_S)
        yield connection


def read_until_it_ends(connection):
    chunks = []
    while chunk := connection.recv(65536):
        chunks.append(chunk)
    return b"".join(chunks)


def test_a_connection_closed_after_the_answer_without_notice(start):
    api = start(faults=[rule("close")])
    with connected(api) as connection:
        connection.sendall(head())
        answer = read_until_it_ends(connection)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'"items":[]' in answer
    assert b"connection: close" not in answer.lower()


def test_a_connection_that_is_dead_at_the_next_request(start):
    api = start(faults=[rule("stale-connection", times=1)])
    api.note(name="first")
    with pytest.raises(httpx.RemoteProtocolError):
        api.note(name="second")
    api.note(name="third")
    assert sorted(names(api)) == ["first", "third"]
    assert statuses(api) == [
        ("POST", 200, "stale-connection"),
        ("POST", None, "stale-connection"),
        ("POST", 200, None),
    ]


@pytest.mark.parametrize(("when", "there"), [("before", []), ("after", [NOTE["name"]])])
def test_a_request_that_hangs_until_the_client_gives_up(start, when, there, caplog):
    api = start(faults=[rule("hang", method="POST", when=when)])
    with hanging(api):
        assert names(api) == there
    assert statuses(api) == [("POST", None, "hang")]
    assert listed(api)["items"] == api.emulator.knowledge()
    assert caplog.text == ""


@contextmanager
def hanging(api, path=NOTES, body=NOTE):
    """Send a request that is never answered; the connection is closed behind the block."""
    content = json.dumps(body).encode()
    header = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    with connected(api) as connection:
        connection.sendall(head("POST", path)[:-2] + header.encode() + content)
        until(lambda: stuck(api.emulator))
        yield
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)


def stuck(emulator):
    """Return whether a request is where it will not end by itself."""
    return any(connection.endless for connection in list(emulator._server.server_state.connections))


@pytest.mark.parametrize("given", [rule("hang"), rule("drip", delay_ms=60_000)])
def test_stopping_does_not_wait_for_what_never_ends(given, caplog, monkeypatch):
    monkeypatch.setattr(server, "_STOP_S", 600)
    threads = set(threading.enumerate())
    with ThreadPoolExecutor(1) as pool:
        with Emulator(faults=[given]) as emulator:
            waiting = pool.submit(ask, emulator)
            until(lambda: stuck(emulator))
        assert isinstance(waiting.exception(LONG_S), httpx.TransportError)
    assert set(threading.enumerate()) <= threads
    assert caplog.text == ""


def test_stopping_gives_a_slow_answer_a_moment_only(caplog):
    with ThreadPoolExecutor(1) as pool:
        with Emulator(faults=[rule("delay", delay_ms=600_000)]) as emulator:
            waiting = pool.submit(ask, emulator)
            until(lambda: emulator.faults["counts"][0]["faulted"])
        assert waiting.result(LONG_S).status_code == 503
    assert caplog.text == ""


def ask(emulator):
    headers = {"Authorization": "Bearer cog_emulator"}
    return httpx.get(emulator.url + NOTES, headers=headers, timeout=LONG_S, trust_env=False)


@pytest.mark.matrix
@pytest.mark.parametrize("part", ["body", "headers"])
def test_a_slow_drip(start, part, caplog):
    api = start(seeded("A"), faults=[rule("drip", part=part, delay_ms=1)])
    begin = time.monotonic()
    response = api.v3.get(NOTES)
    took = time.monotonic() - begin
    assert good(response)["items"] == api.emulator.knowledge()
    assert response.headers["Connection"] == "close"
    sizes = {
        "body": len(response.content),
        "headers": sum(len(name) + len(value) for name, value in response.headers.raw),
    }
    assert took > sizes[part] / 1000
    assert good(api.v3.get(f"{NOTES}/note-A"))["name"] == "A"
    assert caplog.text == ""


def test_a_drip_ends_when_the_client_gives_up(start, caplog):
    api = start(faults=[rule("drip", part="headers", delay_ms=50, times=1)])
    with connected(api) as connection:
        connection.sendall(head())
        assert connection.recv(1) == b"H"
    assert listed(api)["items"] == []
    assert caplog.text == ""


# -- lists


def pages(api, limit=9):
    """Follow the cursors as a trusting client does, two objects a page."""
    found, after = [], None
    for _ in range(limit):
        page = listed(api, first=2, **({"after": after} if after else {}))
        found.append([note["name"] for note in page["items"]])
        after = page["end_cursor"]
        if not page["has_next_page"] or after is None:
            break
    return found


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (rule("empty-list", nth=2), [["A", "B"], []]),
        (rule("repeat-page", times=1), [["A", "B"], ["A", "B"], ["C", "D"], ["E"]]),
        (rule("repeat-page", nth=3), [["A", "B"], ["C", "D"], ["C", "D"], ["E"]]),
        (rule("skip-page", nth=1), [["C", "D"], ["E"]]),
        (rule("skip-page", nth=2), [["A", "B"], ["E"]]),
        (rule("skip-page", nth=3), [["A", "B"], ["C", "D"], []]),
        (rule("lost-cursor", nth=2), [["A", "B"], ["C", "D"]]),
        (rule("looping-cursor"), [["A", "B"]] * 9),
        (rule("looping-cursor", nth="2+"), [["A", "B"]] + [["C", "D"]] * 8),
        (rule("looping-cursor", times=2), [["A", "B"], ["A", "B"], ["A", "B"], ["C", "D"], ["E"]]),
    ],
)
@pytest.mark.parametrize("paging", ["stable", "offset"])
def test_broken_pages(start, given, seen, paging):
    assert pages(start(seeded(*"ABCDE"), faults=[given], quirks={"paging": paging})) == seen


@pytest.mark.parametrize(
    ("paging", "copy", "seen"),
    [
        ("offset", False, [["A", "B"], ["D", "E"]]),
        ("offset", True, [["A", "B"], ["D", "E"], ["A"]]),
        ("stable", False, [["A", "B"], ["C", "D"], ["E"]]),
    ],
)
def test_an_object_that_was_shown_is_deleted_between_two_pages(start, paging, copy, seen):
    given = rule("delete-shown", times=1, copy=copy)
    api = start(seeded(*"ABCDE"), faults=[given], quirks={"paging": paging})
    assert pages(api) == seen
    assert sorted(note["name"] for note in api.emulator.knowledge()) == list("ABCDE")[not copy :]
    assert api.emulator.faults["counts"] == [{"matched": len(seen), "faulted": 1}]


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        (rule("lost-cursor"), {"has_next_page": True, "end_cursor": None, "total": 2}),
        (rule("looping-cursor"), {"has_next_page": True, "end_cursor": "again", "total": 2}),
        (rule("low-total"), {"has_next_page": False, "end_cursor": None, "total": 1}),
        (rule("low-total", by=9), {"has_next_page": False, "end_cursor": None, "total": 0}),
    ],
)
def test_the_envelope_of_a_broken_page(start, given, fields):
    page = listed(start(seeded("A", "B"), faults=[given]))
    assert len(page.pop("items")) == 2
    assert page == fields


def test_empty_lists_of_both_versions(start):
    api = start(seeded("A"), faults=[rule("empty-list")])
    assert listed(api) == {"items": [], "end_cursor": None, "has_next_page": False, "total": 0}
    assert good(api.v1.get("/v1/knowledge")) == {"knowledge": [], "folders": []}
    assert good(api.v1.get("/v1/secrets")) == []
    assert good(api.v3.get(f"{ORG}/knowledge/folders")) == {"folders": [], "root_note_count": 0}
    assert good(api.v3.get(f"{NOTES}/note-A"))["name"] == "A"


def test_an_error_stays_one_whatever_befalls_its_list(start):
    broken = ("empty-list", "skip-page", "lost-cursor", "looping-cursor", "low-total")
    api = start(faults=[rule(fault, times=1) for fault in broken])
    assert {api.with_key("cog_nobody").get(NOTES).status_code for _ in broken} == {401}
    assert [count["faulted"] for count in api.emulator.faults["counts"]] == [1] * len(broken)


def test_a_late_object_stays_out_of_the_next_lists(start):
    api = start(seeded("A"), faults=[rule("late-object", lists=2, times=1)])
    note = api.note()
    assert good(api.v3.get(f"{NOTES}/{note['note_id']}")) == note
    good(api.v3.get(f"{ORG}/playbooks"))
    seen = [(len(page["items"]), page["total"]) for page in (listed(api) for _ in range(3))]
    assert seen == [(1, 1), (1, 1), (2, 2)]


def test_a_late_object_stays_out_of_a_list_whose_total_is_null(start):
    api = start(quirks={"total": "none"}, faults=[rule("late-object", times=1)])
    api.note()
    seen = [(len(page["items"]), page["total"]) for page in (listed(api) for _ in range(2))]
    assert seen == [(0, None), (1, None)]


def test_a_list_is_counted_once_however_many_pages_it_has(start):
    api = start(seeded("A", "B"), faults=[rule("late-object", times=1)])
    api.note()

    def whole():
        first = good(api.v3.get(NOTES, params={"first": 2}))
        rest = (
            good(api.v3.get(NOTES, params={"first": 2, "after": first["end_cursor"]}))["items"]
            if first["has_next_page"]
            else []
        )
        return len(first["items"]) + len(rest)

    assert [whole(), whole()] == [2, 3]


def test_a_late_object_may_be_without_an_answer_too(start):
    api = start(faults=[rule("late-object", lost=True, times=1)])
    with pytest.raises(httpx.RemoteProtocolError):
        api.note()
    assert [len(listed(api)["items"]) for _ in range(2)] == [0, 1]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/knowledge", {"name": "n", "body": "b", "trigger_description": "t"}),
        ("/v1/playbooks", {"title": "t", "body": "b"}),
        (
            "/v1/secrets",
            {"type": "cookie", "key": "K", "value": "v", "note": "", "sensitive": True},
        ),
    ],
)
def test_late_objects_on_v1(start, path, body):
    api = start(faults=[rule("late-object")])
    good(api.v1.post(path, json=body))
    shown = [good(api.v1.get(path)) for _ in range(2)]
    counts = [
        len(content["knowledge"] if isinstance(content, dict) else content) for content in shown
    ]
    assert counts == [0, 1]


# -- people


def test_a_person_edits_between_list_and_write(start):
    api = start(
        seeded("A"),
        faults=[rule("edit", path="/v3/**/notes/*", set={"trigger": "theirs"}, times=1)],
    )
    (before,) = listed(api)["items"]
    now = good(api.v3.get(f"{NOTES}/note-A"))
    assert (now["trigger"], now["updated_at"] > before["updated_at"]) == ("theirs", True)
    assert (
        good(api.enterprise.get("/v3/enterprise/audit-logs"))["items"][-1]["user_email"]
        == "pat@example.com"
    )


@pytest.mark.parametrize(
    ("kind", "path", "fields", "name"),
    [
        ("knowledge", "knowledge/notes", NOTE, "body"),
        ("playbook", "playbooks", {"title": "T", "body": "b"}, "body"),
        ("secret", "secrets", {"key": "K"}, "note"),
    ],
)
def test_what_a_person_edits_when_the_script_does_not_say(start, kind, path, fields, name):
    api = start(faults=[rule("edit", method="DELETE")])
    record_id = api.emulator.add(kind, **fields)
    gone = good(api.v3.delete(f"{ORG}/{path}/{record_id}"))
    assert gone[name].endswith("\nEdited by a person.")


def test_a_person_deletes_between_list_and_write(start):
    api = start(seeded("A", "B"), faults=[rule("delete", method="PUT")])
    assert api.v3.put(f"{NOTES}/note-A", json=NOTE).status_code == 404
    assert names(api) == ["B"]


@pytest.mark.parametrize("separate", [False, True])
def test_a_person_acts_on_objects_of_v1_too(start, separate):
    api = start(
        seeded("A"),
        faults=[rule("delete")],
        quirks={"v1_ids": "separate" if separate else "shared"},
    )
    (shown,) = good(api.v1.get("/v1/knowledge"))["knowledge"]
    assert api.v1.delete(f"/v1/knowledge/{shown['id']}").status_code == 404
    assert names(api) == []


def test_a_namesake_of_an_object_and_of_what_is_about_to_be_created(start):
    api = start(
        seeded("A"), faults=[rule("namesake", method=["PUT", "POST"], set={"body": "theirs"})]
    )
    good(api.v3.put(f"{NOTES}/note-A", json={**NOTE, "name": "B"}))
    api.note(name="C")
    good(api.v1.post("/v1/knowledge", json={"name": "D", "body": "b", "trigger_description": "t"}))
    found = sorted((note["name"], note["body"]) for note in api.emulator.knowledge())
    mine = NOTE["body"]
    assert found == [
        ("A", "theirs"),
        ("B", mine),
        ("C", mine),
        ("C", "theirs"),
        ("D", "b"),
        ("D", "theirs"),
    ]


def test_a_twin_has_the_same_content(start):
    api = start(faults=[rule("namesake")])
    api.note(pinned_repo="all")
    good(api.v3.post(f"{ORG}/playbooks", json={"title": "T", "body": "b", "macro": "!t"}))
    theirs = ("note_id", "playbook_id", "created_by", "updated_by", "created_at", "updated_at")
    for objects in (api.emulator.knowledge(), api.emulator.playbooks()):
        first, second = [
            {name: value for name, value in one.items() if name not in theirs} for one in objects
        ]
        assert first == second


def test_a_namesake_of_a_secret_is_in_the_way(start):
    api = start(faults=[rule("namesake")])
    response = api.v3.post(SECRETS, json={"type": "cookie", "key": "K", "value": "v"})
    assert response.status_code == 409
    assert [(secret["key"], secret["secret_type"]) for secret in api.emulator.secrets()] == [
        ("K", "cookie")
    ]


@pytest.mark.parametrize(("when", "there"), [("before", ["A", "B"]), ("after", ["A", "B", "C"])])
def test_a_create_is_answered_with_the_id_of_the_oldest_other_object(start, when, there):
    api = start(seeded("A", "B"), faults=[rule("wrong-id", method="POST", when=when)])
    new = good(api.v3.post(NOTES, json={**NOTE, "name": "C"}))
    assert (new["note_id"], new["name"], new["body"]) == ("note-A", "C", NOTE["body"])
    assert sorted(names(api)) == there


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_update_is_answered_with_the_object_as_it_was(start, when):
    api = start(seeded("A"), faults=[rule("old-values", when=when)])
    before = good(api.v3.get(f"{NOTES}/note-A"))
    assert good(api.v3.put(f"{NOTES}/note-A", json={**NOTE, "name": "B"})) == before
    assert names(api) == (["A"] if when == "before" else ["B"])


@pytest.mark.parametrize("fault", ["wrong-id", "old-values"])
def test_a_false_response_hides_no_refusal_and_needs_an_object(start, fault):
    api = start(seeded("A"), faults=[rule(fault, when="after")])
    assert api.v3.put(f"{NOTES}/note-A", json={"name": "B"}).status_code == 422
    assert api.v3.post(NOTES, json={"name": "B"}).status_code == 422
    assert good(api.v3.post(SECRETS, json={"type": "totp", "key": "K", "value": "v"}))["key"] == "K"
    assert api.v3.put(f"{NOTES}/note-none", json=NOTE).status_code == 404
    assert statuses(api)[2][2] is None
    assert statuses(api)[3][2] is None


def test_a_response_that_is_only_a_status_cannot_show_old_values(start):
    playbooks = [{"title": "P", "body": "old", "id": "playbook-P"}]
    seed = {"organizations": {"org-emulator": {"playbooks": playbooks}}}
    api = start(seed, faults=[rule("old-values")])
    body = {"title": "P", "body": "new"}
    assert good(api.v1.put("/v1/playbooks/playbook-P", json=body)) == {"status": "success"}
    assert api.emulator.playbooks()[0]["body"] == "new"


def test_a_fault_that_cannot_befall_an_object_says_so(start):
    api = start(seeded("A"), faults=[rule("edit", set={"title": "x"})])
    response = api.v3.get(f"{NOTES}/note-A")
    assert (response.status_code, "The fault edit cannot" in response.text) == (500, True)


# -- rules


def broken(start, given, requests=6, **script):
    """Say for each of some requests whether it was spoilt."""
    api = start(faults={"faults": [{"fault": "status", **given}], **script})
    return "".join("x" if api.v3.get(NOTES).status_code == 503 else "." for _ in range(requests))


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({}, "xxxxxx"),
        ({"nth": 2}, ".x...."),
        ({"nth": [1, 4]}, "x..x.."),
        ({"nth": "3+"}, "..xxxx"),
        ({"nth": [1, "5+"]}, "x...xx"),
        ({"times": 2}, "xx...."),
        ({"nth": "2+", "times": 2}, ".xx..."),
        ({"probability": 0}, "......"),
        ({"method": "post"}, "......"),
        ({"method": ["GET", "PUT"]}, "xxxxxx"),
    ],
)
def test_which_requests_are_meant(start, given, seen):
    assert broken(start, given) == seen


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/v3/**/notes", NOTES, True),
        ("/v3/**/notes", f"{NOTES}/note-1", False),
        ("/v3/**/notes/*", f"{NOTES}/note-1", True),
        ("/v3/**/notes**", f"{NOTES}/note-1", True),
        ("/v3/**/notes**", NOTES, True),
        ("/v3/*/notes", NOTES, False),
        ("/v3/organizations/*/secrets", SECRETS, True),
        ("/v?/**", NOTES, True),
        ("**", NOTES, True),
        ("/v3/self", "/v3/selfish", False),
        ("/v3/.elf", "/v3/self", False),
        (["/v3/self", "/v3/**/notes"], NOTES, True),
        (["/v3/self", "/v3/**/notes"], SECRETS, False),
        (["/v3/self", "/v3/**/notes"], "/v3/self/notes-and-more", False),
    ],
)
def test_patterns_for_paths(pattern, path, fits):
    (one,) = parse_faults([rule("close", path=pattern)]).rules
    assert one.matches("GET", path) == fits


def test_chances_are_the_same_in_every_run_and_others_with_another_seed(start):
    runs = [broken(start, {"probability": 0.5}, 20, seed=seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    assert 0 < runs[0].count("x") < 20


def test_chances_come_as_often_as_they_should():
    (one,) = parse_faults([rule("close", probability=0.3)]).rules
    assert 250 < sum(one.selects(number) for number in range(1, 1001)) < 350


def test_the_first_rule_wins_and_each_counts_every_request(start):
    first, second = rule("status", status=500, nth=1), rule("status", status=502, nth=[1, 2])
    api = start(faults=[first, second])
    assert [api.v3.get(NOTES).status_code for _ in range(3)] == [500, 502, 200]
    assert api.emulator.faults["counts"] == [
        {"matched": 3, "faulted": 1},
        {"matched": 3, "faulted": 1},
    ]


def test_a_fault_that_cannot_befall_a_request_leaves_it_to_the_others(start):
    api = start(faults=[rule("empty-list", times=1), rule("status")])
    assert api.v3.post(NOTES, json=NOTE).status_code == 503
    assert listed(api)["items"] == []
    assert statuses(api)[1] == ("GET", 200, "empty-list")


# -- the script while the emulator runs


def test_faults_can_be_changed_while_running(start):
    api = start()
    script = {"seed": 3, "faults": [rule("status", nth=1)]}
    assert good(api.person.get("/faults")) == {"seed": 0, "faults": [], "counts": []}
    assert good(api.person.put("/faults", json=script)) == {
        **script,
        "counts": [{"matched": 0, "faulted": 0}],
    }
    assert [api.v3.get(NOTES).status_code for _ in range(2)] == [503, 200]
    assert good(api.person.get("/faults"))["counts"] == [{"matched": 2, "faulted": 1}]
    good(api.person.put("/faults", json=script["faults"]))
    assert api.v3.get(NOTES).status_code == 503
    assert api.person.post("/reset").status_code == 204
    assert api.v3.get(NOTES).status_code == 503
    assert api.person.delete("/faults").status_code == 204
    assert api.v3.get(NOTES).status_code == 200
    refused = api.person.put("/faults", json=[rule("statsu")])
    assert (
        refused.status_code,
        'did you mean "status"?' in refused.json()["detail"][0]["msg"],
    ) == (
        422,
        True,
    )


@pytest.mark.parametrize(
    "script",
    [
        "seed: 3\nfaults:\n  - {fault: status, nth: 1}  # YAML\n",
        '{\n\t"faults": [{"fault": "status", "nth": 1}]\n}',
    ],
)
def test_a_script_that_is_put_may_be_a_file_as_it_is(start, script):
    api = start()
    good(api.person.put("/faults", content=script))
    assert [api.v3.get(NOTES).status_code for _ in range(2)] == [503, 200]


@pytest.mark.parametrize("script", [b"faults: [", b"[" * 100_000, b"\xff", b"faults: 3"])
def test_a_script_that_is_put_and_cannot_be_read_changes_nothing(start, script):
    api = start(faults=[rule("status")])
    assert api.person.put("/faults", content=script).status_code == 422
    assert good(api.person.get("/faults"))["faults"] == [rule("status")]


def test_faults_can_be_changed_from_a_test(start):
    api = start()
    api.emulator.faults = [rule("status")]
    assert api.v3.get(NOTES).status_code == 503
    with pytest.raises(ConfigError):
        api.emulator.faults = [rule("nothing")]
    assert api.emulator.faults["faults"] == [rule("status")]


def test_the_web_app_and_the_description_never_fail(start):
    api = start(faults=[rule("drop", path="**")])
    good(api.person.post("/knowledge", json=NOTE))
    assert good(api.person.get("/requests")) == []
    good(api.with_key("").get("/openapi.json"))


@pytest.mark.parametrize("fault", sorted(PARAMETERS))
def test_no_fault_puts_a_secret_into_the_log(start, fault, pauses):
    api = start(faults=[rule(fault, **({"delay_ms": 1} if fault == "drip" else {}))])
    body = {"type": "key-value", "key": "K", "value": "hunter-two"}
    if fault == "hang":
        with hanging(api, SECRETS, body):
            pass
    else:
        with suppress(httpx.TransportError):
            api.v3.post(SECRETS, json=body)
    (entry,) = api.emulator.requests
    assert entry["body"] == {**body, "value": "***"}
    assert "hunter-two" not in repr((entry, api.emulator.secrets(), api.emulator.faults))


def test_what_is_committed_before_a_fault_is_in_the_state_file(start, tmp_path):
    state = tmp_path / "state.json"
    api = start(state=state, faults=[rule("hang", method="POST", when="after")])
    with hanging(api):
        assert NOTE["body"] in state.read_text(encoding="utf-8")


@pytest.mark.matrix
def test_the_command_takes_a_script(tmp_path):
    script = tmp_path / "faults.yaml"
    script.write_text("- {fault: drop, nth: 1}\n- {fault: hang, nth: 2}\n", encoding="utf-8")
    command = [sys.executable, "-m", "devinops", "emulator", "--port", "0", "--faults", str(script)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            url = process.stdout.readline().split()[-1]
            with httpx.Client(
                base_url=url, headers={"Authorization": "Bearer cog_emulator"}, trust_env=False
            ) as client:
                with pytest.raises(httpx.RemoteProtocolError):
                    client.get(NOTES)
                with pytest.raises(httpx.ReadTimeout):
                    client.get(NOTES, timeout=0.5)
                until(lambda: len(good(client.get("/_emulator/requests"))) == 2)
                assert good(client.get(NOTES))["items"] == []
                log = good(client.get("/_emulator/requests"))
            assert [entry["status"] for entry in log] == [None, None, 200]
            process.terminate()
            assert process.communicate(timeout=LONG_S)[1] == ""
        finally:
            process.kill()


# -- scripts that are wrong


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ({"fault": []}, 'fault script: unknown key "fault"; did you mean "faults"?'),
        ({"faults": {"fault": "drop"}}, "fault script: faults: expected a list"),
        ({"seed": "x"}, "fault script: seed: expected a whole number, 0 or more"),
        (["drop"], "faults[0]: expected a mapping"),
        ([rule("close"), {}], 'faults[1]: "fault" is missing'),
        ([{"falt": "drop"}], 'faults[0]: unknown key "falt"; did you mean "fault"?'),
        ([rule("dorp")], 'faults[0].fault: unknown fault "dorp"; did you mean "drop"?'),
        ([rule(7)], 'faults[0].fault: unknown fault "7": expected one of status, html, '),
        ([rule("drop", whne="after")], 'faults[0]: unknown key "whne"; did you mean "when"?'),
        ([rule("drop", status=500)], 'faults[0]: unknown key "status"'),
        (
            [rule("drop", when="affter")],
            'faults[0].when: expected one of before, after, during; did you mean "after"?',
        ),
        ([rule("drop", reset="no")], "faults[0].reset: expected true or false"),
        ([rule("status", status=200)], "faults[0].status: expected a whole number, 400 to 599"),
        ([rule("status", status=True)], "faults[0].status: expected a whole number"),
        ([rule("drip", delay_ms=-1)], "faults[0].delay_ms: expected 0 to 600000 milliseconds"),
        ([rule("late-object", lists=0)], "faults[0].lists: expected a whole number, 1 or more"),
        (
            [rule("rate-limit", retry_after="a\nb")],
            "faults[0].retry_after: expected seconds, date, absent, or",
        ),
        (
            [rule("edit", set={"boddy": "x"})],
            'faults[0].set: expected fields of an object, not "boddy"; did you mean "body"?',
        ),
        ([rule("edit", set={"body": 1})], "faults[0].set: expected a text for body"),
        ([rule("edit", set={})], "faults[0].set: expected a mapping of fields"),
        (
            [rule("close", method="GTE")],
            'faults[0].method: expected one of GET, POST, PUT, PATCH, DELETE; did you mean "GET"?',
        ),
        (
            [rule("close", path="notes")],
            "faults[0].path: expected a pattern such as /v3/**/notes/*",
        ),
        ([rule("close", path=[])], "faults[0].path: expected a pattern such as /v3/**/notes/*"),
        (
            [rule("close", path=["/v3/**", 3])],
            "faults[0].path: expected a pattern such as /v3/**/notes/*",
        ),
        ([rule("close", path="/_emulator/**")], "what is below /_emulator never fails"),
        (
            [rule("close", nth=0)],
            'faults[0].nth: expected a whole number from 1, a list of such numbers, or "3+"',
        ),
        ([rule("close", nth="+3")], "faults[0].nth: expected"),
        ([rule("close", nth=True)], "faults[0].nth: expected"),
        ([rule("close", probability=1.5)], "faults[0].probability: expected a number from 0 to 1"),
        ([rule("close", probability=float("nan"))], "faults[0].probability: expected"),
        ([rule("close", times=0)], "faults[0].times: expected a whole number, 1 or more"),
    ],
)
def test_a_script_that_does_not_fit_is_an_error_of_one_line_that_says_where(script, words):
    with pytest.raises(ConfigError) as caught:
        Emulator(faults=script)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"), [("- {", "not YAML"), ("a: 1\na: 2", "twice"), (None, "cannot read")]
)
def test_a_file_that_cannot_be_read_is_an_error_with_its_path(tmp_path, text, words):
    path = tmp_path / "faults.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_faults(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_file_is_a_script_without_rules(tmp_path):
    path = tmp_path / "faults.yaml"
    path.write_text("# later\n", encoding="utf-8")
    assert read_faults(path).rules == []


# -- every resource

AUTOMATIONS = f"{ORG}/automations"
AUTOMATION = {
    "name": "Push",
    "run_as": {"type": "organization"},
    "triggers": [{"event_type": "github:push"}],
    "actions": [{"type": "start_session", "prompt": "Look."}],
}


def created_automation(api):
    response = api.v3.post(AUTOMATIONS, json=AUTOMATION)
    assert response.status_code == 201, response.text
    return f"{AUTOMATIONS}/{response.json()['automation_id']}"


def test_a_person_can_edit_any_object_right_before_a_request(start):
    api = start(faults=[rule("edit", method="GET", path="/v3/**/automations/*")])
    shown = good(api.v3.get(created_automation(api)))
    assert shown["name"] == "Push\nEdited by a person."


def test_any_object_can_be_late(start):
    api = start(faults=[rule("late-object", method="POST", path="/v3/**/automations")])
    path = created_automation(api)
    assert good(api.v3.get(AUTOMATIONS))["items"] == []
    (item,) = good(api.v3.get(AUTOMATIONS))["items"]
    assert path.endswith(item["automation_id"])


def test_an_object_that_cannot_be_copied_has_no_namesake(start):
    api = start(faults=[rule("namesake", method="GET", path="/v3/**/automations/*")])
    good(api.v3.get(created_automation(api)))
    assert len(api.emulator.automations()) == 1
    assert api.emulator.faults["counts"] == [{"matched": 1, "faulted": 0}]


# -- the documentation


def test_every_fault_is_in_the_table_with_its_parameters_and_can_be_carried_out():
    (table,) = re.findall(r"^\| fault \|.*\n(?:\|.*\n)+", DOCUMENTATION, re.MULTILINE)
    rows = re.findall(r"^\| ([a-z][a-z-]*) \| (.*?) ?\|", table, re.MULTILINE)[1:]
    assert [name for name, _ in rows] == list(PARAMETERS) == list(FAULTS)
    for name, parameters in rows:
        assert re.findall(r"`(\w+)`", parameters) == list(PARAMETERS[name])


def test_every_key_of_a_rule_is_in_the_table():
    (table,) = re.findall(r"^\| key \| meaning \|.*\n(?:\|.*\n)+", DOCUMENTATION, re.MULTILINE)
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(fault_rules.RULE_KEYS)


def test_the_documentation_s_examples_work():
    section = DOCUMENTATION.partition("## Faults")[2].partition("\n## ")[0]
    (script,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    (example,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    import yaml

    assert len(parse_faults(yaml.safe_load(script)).rules) == 3
    exec(compile(example, "docs/emulator.md", "exec"), {})
