"""The client of doctor: nothing but GET, never a 61st request, no redirect, no word of a server."""

from __future__ import annotations

import time
from typing import Any

import pytest

from devinops.api.connection import Connection
from devinops.doctor.observer import MOST_REQUESTS, NOT_ASKED, Observer
from devinops.emulator import Emulator
from devinops.model.client_protocols import ignore
from devinops.model.target import Target
from tests.testing.examined import examined, seed
from tests.testing.replies import Asked, Reply, running
from tests.testing.waiting import Waits


def observer(url: str, log: Any = ignore) -> Observer:
    connection = Connection(Target("default", url, "v3", None), "cog_key", timeout_s=20)
    return Observer(connection, log, time.time)


def test_no_61st_request_leaves() -> None:
    with running(lambda _: Reply(200, {})) as server, observer(server.url) as asking:
        results = [asking.get("/v3/self") for _ in range(MOST_REQUESTS + 5)]
    assert len(server.asked) == MOST_REQUESTS == 60
    assert {asked.method for asked in server.asked} == {"GET"}
    assert results[MOST_REQUESTS:] == [NOT_ASKED] * 5


def test_a_whole_examination_sends_only_get_and_few_pages() -> None:
    many = seed()
    many["organizations"]["org-emulator"]["knowledge"] = [
        {"name": f"N{number}", "trigger": "t", "body": "b"} for number in range(700)
    ]
    for key, org_id in (
        ("cog_enterprise", "org-emulator"),
        ("cog_emulator", None),
        ("apk_emulator", None),
    ):
        with Emulator(many) as emulator:
            found = examined(emulator, key, org_id)
            requests = emulator.requests
        assert found.requests == len(requests) <= MOST_REQUESTS
        assert {request["method"] for request in requests} == {"GET"}
        paths = [request["path"].partition("?")[0] for request in requests]
        assert max(map(paths.count, paths)) <= 4  # three pages, and one for the filter
        if key.startswith("cog_"):
            assert found.lists["notes"].page_size == 200
            assert "ok       notes: at least 600 objects, as devinops expects" in map(
                str, found.checks
            )


def test_a_429_is_asked_again_once_after_the_time_that_it_names(waits: Waits) -> None:
    answers = iter([Reply(429, {}, {"Retry-After": "7"}), Reply(200, {"a": 1})])
    with running(lambda _: next(answers)) as server, observer(server.url) as asking:
        assert asking.get("/v3/self").value == {"a": 1}
    assert waits == [7]


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Reply(200, raw=b""), "the connection failed or was cut"),
        (Reply(302, "x", {"Location": "https://secret.example"}), "a redirect, which is not followed"),
        (Reply(200, raw=b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnope"), "a response that is not JSON, or is cut off"),
        (Reply(200, "x", {"Content-Encoding": "secret"}), "a response that is compressed, but not with gzip"),
    ],
)  # fmt: skip
def test_a_failure_never_quotes_the_server(reply: Reply, failure: str) -> None:
    log: list[str] = []
    with running(lambda _: reply) as server, observer(server.url, log.append) as asking:
        observation = asking.get("/v3/self/{id}", {"id": "secret"})
    assert observation.failure == failure
    assert not observation.succeeded
    assert "secret" not in "\n".join(log)


def test_the_log_has_the_path_without_ids() -> None:
    log: list[str] = []

    def answer(asked: Asked) -> Reply:
        assert asked.path == "/v3/organizations/org%2Fx/playbooks"
        return Reply(200, {})

    with running(answer) as server, observer(server.url, log.append) as asking:
        asking.get("/v3/organizations/{org_id}/playbooks", {"org_id": "org/x"})
    assert log[0].startswith("GET /v3/organizations/{org_id}/playbooks 200 in ")
