"""Lists that take a limit and an offset: read to the end, or not used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from devinops.api import listing
from devinops.api.http_client import Call
from devinops.api.listing import PAGE_SIZE, read_list
from devinops.model.client_protocols import ignore
from devinops.model.errors import BadResponse
from devinops.model.kind import Api, Paging

API = Api(path="things", id="id", paging=Paging.OFFSET)
CALL = Call("GET", "/v3/things")


class Things:
    """Answers with a slice of the objects that there are at each request."""

    def __init__(self, *count: int, most: int = PAGE_SIZE, **envelope: Any) -> None:
        self.counts: Iterator[int] = iter(count)
        self.count, self.most, self.envelope = 0, most, envelope
        self.asked: list[tuple[int, int]] = []

    def get(self, call: Call, _: Any = None) -> Any:
        self.count = next(self.counts, self.count)
        limit, offset = int(call.query["limit"]), int(call.query["offset"])
        self.asked.append((limit, offset))
        rows = [{"id": f"t{n}"} for n in range(self.count)][offset : offset + min(limit, self.most)]
        return {"items": rows, **self.envelope}


def read(things: Any, **more: Any) -> listing.Reading:
    return read_list(things, CALL, API, ignore, **more)


@pytest.mark.parametrize(
    ("count", "pages"), [(0, 1), (1, 1), (PAGE_SIZE - 1, 1), (PAGE_SIZE, 2), (PAGE_SIZE + 1, 2)]
)
@pytest.mark.parametrize("envelope", [{}, {"has_next_page": False}], ids=str)
def test_a_list_is_read_until_a_page_is_short(count: int, pages: int, envelope: Any) -> None:
    things = Things(count, **envelope)
    reading = read(things, verify=False)
    assert len(reading.items) == count
    assert things.asked == [(PAGE_SIZE, PAGE_SIZE * number) for number in range(pages)]
    assert reading.unverified == (pages > 1)


def test_a_server_with_smaller_pages_is_followed_as_long_as_its_total_promises_more() -> None:
    things = Things(25, most=10, total=25)
    assert len(read(things, verify=False).items) == 25
    assert [offset for _, offset in things.asked] == [0, 10, 20]


def test_a_list_of_several_pages_is_read_until_nothing_goes_in_between() -> None:
    things = Things(PAGE_SIZE + 2, PAGE_SIZE + 2, PAGE_SIZE + 1)
    assert len(read(things).items) == PAGE_SIZE + 1
    assert len(things.asked) == 6


class Stuck:
    """Ignores the offset."""

    def __init__(self, count: int, **envelope: Any) -> None:
        self.answer = {"items": [{"id": f"t{n}"} for n in range(count)], **envelope}

    def get(self, *_: Any) -> Any:
        return self.answer


@pytest.mark.parametrize(
    ("things", "why"),
    [
        (Stuck(PAGE_SIZE), "the list shows an object twice"),
        (Stuck(1, total=2), "the list shows an object twice"),
        (Stuck(0, total=2), "the list announces more than the 0 objects that it shows"),
        (Stuck(0, has_next_page=True), "the list announces more than the 0 objects"),
        (Things(25, most=10, total=26), "the list announces more than the 25 objects"),
    ],
)
def test_a_list_that_cannot_be_proved_complete_is_not_used(things: Any, why: str) -> None:
    with pytest.raises(BadResponse, match=why):
        read(things, verify=False)
