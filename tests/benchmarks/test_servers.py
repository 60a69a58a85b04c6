"""The local APIs of the peers, and what a server counts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.servers.dbt_cloud import Jobs
from benchmarks.servers.digitalocean import Records
from benchmarks.servers.kong import Services
from benchmarks.servers.serving import Counts, Slow, json_application


def test_kong_lists_services_page_by_page() -> None:
    kong = Services()
    for number in range(5):
        kong.answer("PUT", f"/services/{number}", {}, {"name": f"n{number}", "id": str(number)})
    names, query = [], {"size": "2"}
    while True:
        status, page = kong.answer("GET", "/services", query, None)
        assert status == 200
        names += [service["name"] for service in page["data"]]
        if page["next"] is None:
            break
        query = {"size": "2", "offset": page["offset"]}
    assert names == ["n0", "n1", "n2", "n3", "n4"]


def test_kong_knows_its_version_and_no_other_objects() -> None:
    kong = Services()
    kong.answer("PUT", "/services/1", {}, {"name": "n"})
    assert kong.answer("GET", "/", {}, None)[1]["version"].startswith("2.")
    assert kong.answer("GET", "/routes", {"size": "1000"}, None)[1]["data"] == []
    assert kong.answer("DELETE", "/services/1", {}, None)[0] == 404


def test_digitalocean_lists_twenty_records_a_page() -> None:
    api = Records([{"id": number} for number in range(45)])
    pages = [api.answer("GET", "/domains/a/records", {"page": str(n)}, None)[1] for n in (1, 2, 3)]
    assert [len(page["domain_records"]) for page in pages] == [20, 20, 5]
    assert ["pages" in page["links"] for page in pages] == [True, True, False]
    assert api.answer("POST", "/domains/a/records", {}, {})[0] == 404


def test_dbt_cloud_lists_a_hundred_jobs_a_page_and_no_variables() -> None:
    api = Jobs([{"id": number} for number in range(150)])
    query = {"offset": "100"}
    first = api.answer("GET", "/api/v2/accounts/1/jobs/", {"offset": "0"}, None)[1]
    second = api.answer("GET", "/api/v2/accounts/1/jobs/", query, None)[1]
    assert [len(page["data"]) for page in (first, second)] == [100, 50]
    assert second["extra"]["filters"] == {"limit": 100, "offset": 100}
    assert second["extra"]["pagination"]["total_count"] == 150
    path = "/api/v3/accounts/1/projects/1/environment-variables/job/"
    assert api.answer("GET", path, {"job_definition_id": "1"}, None) == (200, {"data": {}})


def test_a_server_counts_refusals_and_requests_that_come_too_early() -> None:
    counts = Counts()
    counts.asked("POST", b"a", 0)
    counts.answered(b"a", 429, 1, 0)
    counts.asked("POST", b"a", 0.5)
    counts.answered(b"a", 429, 1, 0.5)
    counts.asked("POST", b"b", 0.6)
    counts.asked("POST", b"a", 1.5)
    counts.asked("GET", b"c", 2)
    assert json.loads(counts.show()) == {"requests": 5, "refused": 2, "too_early": 1, "lists": 1}


@pytest.mark.parametrize(
    ("latency_ms", "slows_beyond", "waited_s"), [(50, 10, 0.03), (10, 10, None), (10, 0.5, 0.02)]
)
def test_a_response_leaves_when_its_time_has_come(
    monkeypatch: pytest.MonkeyPatch, latency_ms: float, slows_beyond: float, waited_s: float | None
) -> None:
    """The application takes 20 ms, so only the rest of the latency is waited for.

    With twice as many requests as the server can take, the latency is four times as long.
    """
    times: Iterator[float] = iter([0, 0.02, 0.02])
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    slow = Slow(json_application(lambda *request: (200, list(request))), clock=lambda: next(times))
    slow.latency_ms, slow.slows_beyond = latency_ms, slows_beyond
    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/a",
        "raw_path": b"/a",
        "query_string": b"b=c",
    }
    start, body = asyncio.run(_ask(slow, scope, b'{"d": 1}'))
    assert (start["status"], json.loads(body["body"])) == (200, ["PUT", "/a", {"b": "c"}, {"d": 1}])
    assert pauses == ([] if waited_s is None else [pytest.approx(waited_s)])
    assert slow.counts.requests == 1


async def _ask(app: Slow, scope: dict[str, Any], body: bytes) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    parts: Iterator[dict[str, Any]] = iter(
        [{"body": body[:3], "more_body": True}, {"body": body[3:]}]
    )

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", **next(parts)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent
