"""Which responses of a code host are rate limits, and how lists and answers are read."""

from __future__ import annotations

from contextlib import closing, nullcontext
from typing import Any

import pytest

from devinops.api.connection import Endpoint
from devinops.api.single_request import Call, Response
from devinops.ci.code_host_client import (
    Rest,
    next_page,
    number_at,
    rate_limit_wait_s,
    text_at,
)
from devinops.model.errors import ApiError, BadResponse
from tests.testing.replies import Reply, in_turn, running

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("status", "headers", "text", "wait_s"),
    [
        (200, {"retry-after": "5"}, b"", None),
        (404, {"retry-after": "5"}, b"", None),
        (403, {}, b"Resource not accessible by integration", None),
        (403, {"x-ratelimit-remaining": "4999", "x-ratelimit-reset": "1000090"}, b"", None),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000090"}, b"", 90),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "999999"}, b"", 0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, b"", None),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 500}, b"", None),
        (429, {"x-ratelimit-remaining": "0"}, b"", 60),
        (429, {"retry-after": "5"}, b"", 5),
        (429, {"retry-after": "86400"}, b"", 60),
        (403, {}, b"You have exceeded a Secondary Rate Limit", 60),
        (500, {"retry-after": "5"}, b"", None),
    ],
)
def test_rate_limits_are_distinguished_from_other_refusals(
    status: int, headers: dict[str, str], text: bytes, wait_s: float | None
) -> None:
    assert rate_limit_wait_s(Response(status, text, headers), NOW) == wait_s


@pytest.mark.parametrize(("status", "is_error"), [(204, False), (404, False), (403, True)])
def test_only_what_does_not_exist_counts_as_deleted(status: int, is_error: bool) -> None:
    with running(in_turn([Reply(status)])) as server:
        endpoint = Endpoint(server.url, {}, 60)
        rest = Rest("GitHub", endpoint, "token", lambda _call, _status: "", print)
        with pytest.raises(ApiError) if is_error else nullcontext(), closing(rest):
            rest.delete(Call("DELETE", "/comments/1"))
    assert server.lines == ["DELETE /comments/1"]


QUERY = {"per_page": "100", "sort": "asc"}


@pytest.mark.parametrize(
    ("headers", "following"),
    [
        ({}, None),
        ({"x-next-page": ""}, None),
        ({"x-next-page": "2"}, {"per_page": "100", "sort": "asc", "page": "2"}),
        ({"link": '<https://evil.test/x?page=2>; rel="next"'}, {"page": "2"}),
        (
            {"link": '<https://h/a?page=1>; rel="prev", <https://h/a?page=3>; rel="next"'},
            {"page": "3"},
        ),
        ({"link": "<https://h/a?page=3&b=%20c>; rel=next"}, {"page": "3", "b": " c"}),
        ({"link": '<https://h/a?page=1>; rel="first", <https://h/a?page=9>; rel="last"'}, None),
        ({"link": "nonsense"}, None),
    ],
)
def test_next_page(headers: dict[str, str], following: dict[str, str] | None) -> None:
    assert next_page(QUERY, headers) == following


def test_list_that_goes_round_in_a_circle_ends() -> None:
    with pytest.raises(BadResponse, match="links to itself"):
        next_page({"page": "2"}, {"link": '<https://h/a?page=2>; rel="next"'})


@pytest.mark.parametrize("item", [None, 1, [], {}, {"user": None}, {"user": {"login": 1}}])
def test_text_that_is_missing_is_empty(item: Any) -> None:
    assert text_at(item, "user", "login") == ""
    assert text_at({"user": {"login": "ada"}}, "user", "login") == "ada"


@pytest.mark.parametrize("item", [None, 1, {}, {"id": "1"}, {"id": True}, {"id": 0}, {"id": 1.5}])
def test_number_must_be_there(item: Any) -> None:
    with pytest.raises(BadResponse, match="no id"):
        number_at(item, "id")
    assert number_at({"id": 7}, "id") == 7
