"""A service that differs from what devinops expects: doctor finds each difference, and never fails itself."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from devinops.emulator import Emulator
from devinops.emulator.middleware import Call, Layer, Next, Reply
from devinops.schema.doctor import Status
from tests.testing.examined import (
    changed,
    examined,
    html,
    items,
    lines,
    page,
    put,
    renamed,
    seed,
    status,
    with_body,
    with_json,
    without,
)
from tests.testing.waiting import Waits

NOTES, PLAYBOOKS, SECRETS, AUTOMATIONS = (
    "/knowledge/notes",
    "/playbooks",
    "/secrets",
    "/automations",
)
FOLDERS = "/knowledge/folders"


def redirect(reply: Reply) -> Reply:
    return replace(with_body(reply, b"", location="https://login.acme.example/"), status=302)


def packed(reply: Reply) -> Reply:
    return with_body(reply, gzip.compress(reply.body), content_encoding="gzip")


def header(**headers: str) -> Callable[[Reply], Reply]:
    return lambda reply: with_body(reply, reply.body, **headers)


def first_twice(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "items": [*content["items"], content["items"][0]]}


def one_too_many(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "items": [*content["items"], {**content["items"][0], "note_id": "x"}]}


# Where, what the service does there, and the line of doctor.
CASES: dict[str, tuple[str, Callable[[Reply], Reply], str]] = {
    "a field is missing": (
        NOTES, items(without("trigger")), "problem  notes: items[].trigger is missing (8 times): report it",
    ),
    "an id is missing": (
        SECRETS, items(without("secret_id")), "problem  secrets: items[].secret_id is missing (8 times): report it",
    ),
    "a field has another name": (
        PLAYBOOKS, items(renamed("title", "name")), "note     playbooks: items[].name is unknown to devinops (8 times): report it",
    ),
    "a field is new": (
        NOTES, items(put("is_pinned", True)), "note     notes: items[].is_pinned is unknown to devinops (8 times): report it",
    ),
    "a nested field is new": (
        AUTOMATIONS, items(lambda item: item["actions"][0]["session"].update(budget=1)),
        "note     automations: items[].actions[].session.budget is unknown to devinops (2 times): report it",
    ),
    "a text is a number": (
        NOTES, items(put("name", 7)), "problem  notes: items[].name is a number, not text (8 times): report it",
    ),
    "a text is null": (
        NOTES, items(put("folder_path", None)), "problem  notes: items[].folder_path is null, not text (8 times): report it",
    ),
    "a truth value is text": (
        NOTES, items(put("is_enabled", "true")), "problem  notes: items[].is_enabled is text, not true or false (8 times): report it",
    ),
    "times are in milliseconds": (
        PLAYBOOKS, items(lambda item: item.update(created_at=item["created_at"] * 1000)),
        "problem  playbooks: items[].created_at is a number, not a time in seconds since 1970 (8 times): report it",
    ),
    "times are texts": (
        SECRETS, items(put("created_at", "2026-01-01")),
        "problem  secrets: items[].created_at is text, not a time in seconds since 1970 (8 times): report it",
    ),
    "labels are a list": (
        AUTOMATIONS, items(put("metadata", [])), "problem  automations: items[].metadata is a list, not an object (2 times): report it",
    ),
    "an object is text": (
        AUTOMATIONS, items(put("limits", "3 ACUs")), "problem  automations: items[].limits is text, not an object (2 times): report it",
    ),
    "a list is an object": (
        AUTOMATIONS, items(put("triggers", {})), "problem  automations: items[].triggers is an object, not a list (2 times): report it",
    ),
    "the list has another name": (
        NOTES, with_json(lambda content: {"data": content["items"]}), "problem  notes: items is missing (1 time): report it",
    ),
    "the list is bare": (
        PLAYBOOKS, with_json(lambda content: content["items"]),
        "problem  playbooks: the response is a list, not an object (1 time): report it",
    ),
    "folders have no list": (
        FOLDERS, page(folders=None), "problem  folders: folders is null, not a list (1 time): report it",
    ),
    "pages do not say whether there is another": (
        NOTES, with_json(lambda content: {k: v for k, v in content.items() if k != "has_next_page"}),
        "problem  notes: has_next_page is missing (1 time): report it",
    ),
    "a page announces another without a cursor": (
        NOTES, page(has_next_page=True, end_cursor=None),
        "problem  notes: a page announces another, but has no end_cursor: run devinops doctor again, and report it if it stays",
    ),
    "the total is wrong": (
        NOTES, page(total=9), "problem  notes: total is 9, but the list has 8 objects: run devinops doctor again, and report it if it stays",
    ),
    "an object is listed twice": (
        NOTES, with_json(first_twice), "problem  notes: the list shows 1 object twice: run devinops doctor again, and report it if it stays",
    ),
    "small pages have more than was asked for": (
        PLAYBOOKS, with_json(lambda content: {**content, "items": content["items"] * 2}),
        "problem  playbooks: a page has 2 objects, but 1 was asked for: run devinops doctor again, and report it if it stays",
    ),
    "a page of few objects says that it is the last one": (
        NOTES, page(has_next_page=False),
        "problem  notes: a page says that it is the last one, but is not: run devinops doctor again, and report it if it stays",
    ),
    "a page is empty and announces another": (
        NOTES, page(items=[], has_next_page=True, end_cursor="next"),
        "problem  notes: a page announces another, but is empty: run devinops doctor again, and report it if it stays",
    ),
    "the list is a web page": (
        NOTES, html, "problem  notes: an HTML page instead of JSON (200): a proxy or a login page answers; check DEVIN_API_URL",
    ),
    "the list is moved": (
        NOTES, redirect, "problem  notes: a redirect, which is not followed (302): check DEVIN_API_URL",
    ),
    "the list is cut off": (
        NOTES, lambda reply: with_body(reply, reply.body[:-9]),
        "problem  notes: a response that is not JSON, or is cut off (200): run devinops doctor again",
    ),
    "the list is compressed otherwise": (
        NOTES, header(content_encoding="br"), "problem  notes: a response that is compressed, but not with gzip: run devinops doctor again",
    ),
    "the list is not there": (NOTES, status(404), "problem  notes: not there (404): check DEVIN_ORG_ID and DEVIN_API_URL"),
    "the feature is off": ("/automations/schemas", status(404), "note     update semantics of automations: not there (404), the feature is probably switched off"),
    "the list is refused": (
        SECRETS, status(403), "note     secrets: refused (403), the key lacks ManageOrgSecrets: grant that only if you want to manage them",
    ),
    "the API fails": (NOTES, status(503), "problem  notes: the API failed (503): run devinops doctor again"),
    "the limit is reached": (
        NOTES, status(429), "problem  notes: too many requests (429), also after a pause: run devinops doctor again later",
    ),
    "a proxy asks who it is": (
        NOTES, status(407), "problem  notes: the proxy wants a password (407): check HTTPS_PROXY, and its user and password",
    ),
    "a proxy passes responses on": (NOTES, header(via="1.1 squid"), "note     connection: through a proxy here, or one of the service"),
    "the total is huge": (
        NOTES, page(total=10**4000), "problem  notes: total is a huge number, but the list has 8 objects: run devinops doctor again, and report it if it stays",
    ),
    "the key is rejected": (
        NOTES, status(401), "problem  notes: rejected (401): check the key, and the IP access list of the enterprise",
    ),
    "a field is named like an id": (
        NOTES, items(put("org_0a1b2c3d", 1)), "note     notes: items[].* is unknown to devinops (8 times): report it",
    ),
    "a field is named like the key": (
        NOTES, items(put("cog_emulator", 1)), "note     notes: items[].* is unknown to devinops (8 times): report it",
    ),
}  # fmt: skip


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", CASES)
def test_a_difference_is_found(name: str) -> None:
    end, change, expected = CASES[name]
    with Emulator(seed(), layers=[changed(end, change)]) as emulator:
        found = examined(emulator)
    assert expected in lines(found)
    about = expected[9:].partition(":")[0]
    for check in found.checks:
        assert check.status is not Status.PROBLEM or check.about == about


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (status(500), "problem  notes, a later page: the API failed (500): run devinops doctor again"),
        (html, "problem  notes, a later page: an HTML page instead of JSON (200): a proxy or a login page answers; check DEVIN_API_URL"),
    ],
)  # fmt: skip
def test_a_small_page_that_fails_is_no_fault_of_the_paging(
    change: Callable[[Reply], Reply], expected: str
) -> None:
    async def layer(call: Call, ask: Next) -> Reply:
        reply = await ask(call)
        return change(reply) if call.target.endswith("/notes?first=1") else reply

    with Emulator(seed(), layers=[layer]) as emulator:
        found = lines(examined(emulator))
    assert expected in found
    assert not any("was asked for" in line for line in found)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (changed("/v3/self", html), "problem  connection: an HTML page instead of JSON (200): a proxy or a login page answers; check DEVIN_API_URL"),
        (changed("/v3/self", redirect), "problem  connection: a redirect, which is not followed (302): check DEVIN_API_URL"),
        (changed("/v3/self", status(401)), "problem  key: rejected (401): check the key, and the IP access list of the enterprise"),
        (changed("/v3/self", status(403)), "note     key: /v3/self is refused (403), so its owner is unknown: set DEVIN_ORG_ID"),
        (changed("/v3/self", status(503)), "problem  /v3/self: the API failed (503): run devinops doctor again"),
        (changed("/v3/self", with_json(lambda own: [own])), "problem  /v3/self: the response is a list, not an object (1 time): report it"),
        (changed("/v3/self", page(principal_type=7)), "problem  /v3/self: principal_type is a number, not text (1 time): report it"),
    ],
)  # fmt: skip
def test_what_self_answers_can_differ(layer: Layer, expected: str) -> None:
    with Emulator(seed(), layers=[layer]) as emulator:
        assert expected in lines(examined(emulator))


def test_a_problem_is_not_hidden_by_a_dozen_notes() -> None:
    def change(item: dict[str, Any]) -> None:
        item.update({f"a_{letter}": 1 for letter in "abcdefghijklm"})
        del item["trigger"]

    with Emulator(seed(), layers=[changed(NOTES, items(change))]) as emulator:
        shown = lines(examined(emulator))
    assert "problem  notes: items[].trigger is missing (8 times): report it" in shown
    assert "note     notes: 2 more differences: report it" in shown


@pytest.mark.parametrize("end", [NOTES, "/automations/schemas", "/v3/self"])
def test_a_limit_that_stays_ends_it_and_what_was_not_asked_is_counted(
    end: str, waits: Waits
) -> None:
    with Emulator(seed(), layers=[changed(end, status(429))]) as emulator:
        found = examined(emulator)
        requests = emulator.requests
    assert requests[-1]["path"].partition("?")[0].endswith(end)
    assert waits == [1.0]
    rest = "note     lists: 5 more lists not asked for, because of that problem"
    counted = [line for line in lines(found) if " not asked for" in line]
    assert counted == ([rest] if end == NOTES else [])


def test_a_compressed_response_is_read_like_any_other() -> None:
    with Emulator(seed(), layers=[changed(NOTES, packed)]) as emulator:
        assert "ok       notes: 8 objects, as devinops expects" in lines(examined(emulator))


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (2, "ok       clock: agrees with that of the API"),
        (300, "note     clock: is 300 seconds ahead of that of the API: set it"),
        (-7200, "problem  clock: is 7200 seconds behind that of the API: set it"),
    ],
)  # fmt: skip
def test_the_clock_is_compared_with_that_of_the_api(ahead: int, expected: str) -> None:
    import time

    with Emulator() as emulator:
        found = lines(examined(emulator, clock=lambda: round(time.time()) + ahead))
    shown = [line for line in found if " clock: " in line]
    assert shown[0][:20] == expected[:20]
    assert len(shown) == 1


async def ignores_cursors(call: Call, ask: Next) -> Reply:
    """Answer each page with the first one, which announces another."""
    if not call.path.endswith(NOTES):
        return await ask(call)
    reply = await ask(replace(call, target=call.target.partition("&after")[0]))
    return page(has_next_page=True, end_cursor="same")(reply)


def test_a_cursor_that_leads_to_its_own_page_is_found() -> None:
    with Emulator(seed(), layers=[ignores_cursors]) as emulator:
        found = lines(examined(emulator))
    assert (
        "problem  notes: a page leads to itself: run devinops doctor again, and report it if it stays"
        in found
    )
    assert (
        "problem  notes: the list shows 8 objects twice: run devinops doctor again, and report it if it stays"
        in found
    )


def test_headers_that_help_to_report_are_named() -> None:
    layer = changed("", header(x_request_id="secret-id", ratelimit="limit=10", x_acme="acme"))
    with Emulator(layers=[layer]) as emulator:
        found = examined(emulator)
    assert found.headers == ("ratelimit", "x-request-id")
    assert "note     headers: the responses have ratelimit, x-request-id" in lines(found)
