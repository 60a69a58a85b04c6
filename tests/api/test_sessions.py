"""Sessions, page by page: what the API does with filters and cursors is not documented."""

from __future__ import annotations

import pytest

from devinops.api import open_reader
from devinops.model.errors import ApiError, BadResponse, ConfigError


def page(*ids, cursor=None, **members):
    items = [{"session_id": id} for id in ids]
    more = {"has_next_page": cursor is not None, "end_cursor": cursor}
    return {"items": items, **more, **members}


@pytest.fixture
def read(serve, reply, connect):
    """read(pages) reads the sessions of a server that answers these; return the ids, more, requests."""

    def start(*pages, most=9, filters=None, **changes):
        server = serve(
            [answer if isinstance(answer, reply) else reply(body=answer) for answer in pages]
        )
        with open_reader(connect(server.url, **changes)) as client:
            items, has_more = client.sessions(filters or {}, most)
        return [item.get("session_id") for item in items], has_more, server.lines

    return start


PATH = "GET /v3/organizations/org-1/sessions/insights"


def test_pages_follow_cursors_and_filters_are_sent_with_each(read):
    ids, more, lines = read(page("b", cursor="c 1"), page("a"), filters={"created_after": "5"})
    assert (ids, more) == (["b", "a"], False)
    assert lines == [
        f"{PATH}?first=200&created_after=5",
        f"{PATH}?first=200&created_after=5&after=c%201",
    ]


def test_a_filter_can_ask_for_the_newest_only(read):
    assert read(page("a"), filters={"first": "1"})[2] == [f"{PATH}?first=1"]


def test_after_the_most_pages_older_sessions_are_left(read):
    pages = [page(str(number), cursor=str(number)) for number in range(5)]
    assert read(*pages, most=3)[:2] == (["0", "1", "2"], True)


def test_a_repeated_cursor_ends_the_list(read):
    ids, more, lines = read(page("a", cursor="x"), page("b", cursor="y"), page("c", cursor="x"))
    assert (ids, more, len(lines)) == (["a", "b", "c"], True, 3)


@pytest.mark.parametrize(
    "members",
    [
        {"end_cursor": None, "has_next_page": True},
        {"end_cursor": ""},
        {"end_cursor": 5},
        {"end_cursor": "c" * 5000},
        {"end_cursor": "c", "has_next_page": False},
        {"end_cursor": ["c"]},
    ],
    ids=lambda members: str(members)[:40],
)
def test_what_leads_nowhere_ends_the_list(read, members):
    ids, more, lines = read(page("a", cursor="c", **members))
    assert (ids, more, len(lines)) == (["a"], members.get("has_next_page", True), 1)


def test_a_missing_has_next_page_does_not(read):
    first = page("a", cursor="c")
    del first["has_next_page"]
    assert read(first, page("b"))[0] == ["a", "b"]


def test_what_is_no_object_is_an_empty_one_so_that_it_can_be_counted(read):
    ids = read(page("a") | {"items": [None, "x", {"session_id": "a"}, []]})[0]
    assert ids == [None, None, "a", None]


@pytest.mark.parametrize("body", [[], {"items": {}}, {}, "text"])
def test_a_response_without_a_list_is_an_error(read, body):
    with pytest.raises(BadResponse, match="the response has no list of items"):
        read(body)


def test_the_permission_that_is_missing_is_named(read, reply):
    with pytest.raises(ApiError, match="ViewOrgSessions"):
        read(reply(403, {"detail": "no"}))


def test_an_enterprise_has_a_stream_of_its_own(read, reply):
    assert read(page("a"), enterprise=True)[2] == ["GET /v3/enterprise/sessions/insights?first=200"]
    with pytest.raises(ApiError, match="ViewAccountSessions"):
        read(reply(403, {"detail": "no"}), enterprise=True)


def test_an_enterprise_without_it_is_told_what_to_read_instead(read, reply):
    missing = reply(404, {"detail": "Not found"})
    with pytest.raises(ApiError, match="read the sessions of organizations instead") as caught:
        read(missing, enterprise=True)
    assert caught.value.status == 404
    with pytest.raises(ApiError) as caught:
        read(missing)
    assert "instead" not in str(caught.value)


def test_v1_does_not_show_sessions(read):
    with pytest.raises(ConfigError, match="API v1 does not show sessions"):
        read(page(), api="v1")
