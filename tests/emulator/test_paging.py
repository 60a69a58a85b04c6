"""Cursor pages."""

from __future__ import annotations

import pytest

from tests.testing.emulator_api import NOTE, ORG, good

NOTES = f"{ORG}/knowledge/notes"


def seed(count):
    return {
        "organizations": {
            "org-emulator": {"knowledge": [{**NOTE, "name": f"n{i}"} for i in range(count)]}
        }
    }


def pages(client, path, **query):
    """Every page of a list."""
    found = []
    while True:
        found.append(good(client.get(path, params=query)))
        assert found[-1]["has_next_page"] == (found[-1]["end_cursor"] is not None)
        if not found[-1]["has_next_page"]:
            return found
        query["after"] = found[-1]["end_cursor"]


@pytest.mark.parametrize(
    ("count", "first", "sizes"),
    [(0, 10, [0]), (10, 10, [10]), (11, 10, [10, 1]), (250, None, [100, 100, 50])],
)
def test_pages_hold_everything_once_in_order(start, count, first, sizes):
    query = {} if first is None else {"first": first}
    found = pages(start(seed(count)).v3, NOTES, **query)
    assert [len(page["items"]) for page in found] == sizes
    assert [note["name"] for page in found for note in page["items"]] == [
        f"n{i}" for i in range(count)
    ]
    assert {page["total"] for page in found} == {count}


@pytest.mark.parametrize("first", ["0", "201", "-1", "x", "1.5"])
def test_a_page_size_outside_1_to_200_is_a_422(api, first):
    response = api.v3.get(NOTES, params={"first": first})
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["query", "first"])


@pytest.mark.parametrize(
    "after", ["", "x", "ä", "W10", "WyJub3RlcyBvcmctZW11bGF0b3IiLCJjcmVhdGVkIl0", "e30"]
)
def test_a_cursor_that_nobody_gave_is_a_422(start, after):
    response = start(seed(2)).v3.get(NOTES, params={"after": after})
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["query", "after"])


def test_a_cursor_of_another_list_is_a_422(start):
    api = start(seed(2))
    cursor = good(api.v3.get(NOTES, params={"first": 1}))["end_cursor"]
    assert api.v3.get(f"{ORG}/playbooks", params={"after": cursor}).status_code == 422


def test_secrets_and_playbooks_are_paged_too(start):
    secrets = [{"key": f"K{i}"} for i in range(3)]
    playbooks = [{"title": f"p{i}", "body": "b"} for i in range(3)]
    api = start({"organizations": {"org-emulator": {"secrets": secrets, "playbooks": playbooks}}})
    for path in ("secrets", "playbooks"):
        assert [len(page["items"]) for page in pages(api.v3, f"{ORG}/{path}", first=2)] == [2, 1]


def test_a_filtered_list_is_paged(start):
    found = pages(start(seed(12)).v3, NOTES, first=1, search="n1")
    assert [note["name"] for page in found for note in page["items"]] == ["n1", "n10", "n11"]


@pytest.mark.matrix
def test_ten_thousand_notes_of_4_kb_are_listed_in_a_moment(start):
    body = "x" * 4096
    notes = [{"name": f"n{i}", "trigger": "t", "body": body} for i in range(10_000)]
    api = start({"organizations": {"org-emulator": {"knowledge": notes}}})
    found = pages(api.v3, NOTES, first=200)
    assert len({note["note_id"] for page in found for note in page["items"]}) == 10_000
    assert len(found) == 50
