"""The rate limiter that all threads of a client share, and the retries that a run may make."""

from __future__ import annotations

import contextlib
import math
import threading
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops import run_facts, waiting
from devinops.api.http_client import Call, Getter, Sender
from devinops.api.pacing import LATE_S
from devinops.api.retry import (
    MAX_RATE_LIMITED_WAIT_S,
    MAX_WAIT_S,
    RateLimiter,
    RetryBudget,
    is_retryable,
)
from devinops.model.errors import ApiError, Unreachable
from tests.testing.waiting import LONG_S, Waits, until

STATUS = st.sampled_from([200, 204, 404, 429, 500, 503, None])
EVENTS = st.lists(
    st.one_of(
        st.just(("start",)),
        st.tuples(st.just("end"), STATUS),
        st.tuples(st.just("hold"), st.floats(0, 60)),
        st.tuples(st.just("tick"), st.floats(0, 60)),
    ),
    max_size=200,
)


# --- what is retried ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("methods", "statuses", "retried"),
    [
        (["GET", "PUT", "DELETE"], [None, 429, 500, 502, 503, 504], True),
        (["GET", "PUT", "DELETE"], [200, 301, 400, 401, 403, 404, 409, 422], False),
        (["POST", "PATCH"], [429], True),
        (["POST", "PATCH"], [None, 200, 400, 401, 403, 404, 409, 422, 500, 502, 503, 504], False),
    ],
)
def test_what_may_have_been_carried_out_is_not_sent_again_unless_that_does_no_harm(
    methods, statuses, retried
):
    for method in methods:
        for status in statuses:
            assert is_retryable(method, status) is retried


@pytest.mark.parametrize("status", [None, 429, 500, 503, 200, 400, 403])
def test_a_patch_whose_object_is_read_first_is_as_safe_as_a_put(status):
    assert is_retryable("PATCH", status, checked=True) is is_retryable("PUT", status)
    assert is_retryable("POST", status, checked=True) is (status == 429)


# --- rate limiter -----------------------------------------------------------------------------------------


@given(st.integers(1, 64), EVENTS)
def test_nothing_is_sent_during_a_wait_and_never_more_than_the_most_at_once(most, events):
    limiter, now, held_until, in_flight = RateLimiter(most), 0.0, 0.0, 0
    with patch("devinops.waiting.now", lambda: now):
        for event in events:
            match event:
                case ("start",):
                    wait_s = limiter._wait_s()
                    if now < held_until or in_flight == most:
                        assert wait_s != 0
                    if limiter.rate == math.inf:
                        assert (wait_s == 0) == (in_flight < most)
                    if wait_s == 0:
                        assert limiter.enter()
                        in_flight += 1
                case ("end", status) if in_flight:
                    limiter.leave(status)
                    in_flight -= 1
                case ("hold", seconds):
                    limiter.hold(seconds)
                    held_until = max(held_until, now + seconds)
                case ("tick", seconds):
                    now += seconds
            assert limiter.rate > 0


@given(st.lists(st.floats(0, 59), max_size=20))
def test_waits_that_overlap_count_once_and_a_success_ends_the_count(holds):
    limiter, now = RateLimiter(4), 0.0
    with patch("devinops.waiting.now", lambda: now):
        for seconds in holds:
            limiter.hold(seconds)
        for _ in range(4):
            now += MAX_WAIT_S
            limiter.hold(MAX_WAIT_S)
            assert not limiter.gave_up
        now += MAX_WAIT_S
        limiter.hold(MAX_WAIT_S)
        assert not limiter.gave_up
        now += MAX_WAIT_S
        assert limiter.gave_up
        limiter.enter()
        limiter.leave(500)
        assert limiter.gave_up
        limiter.enter()
        limiter.leave(404)
        assert not limiter.gave_up


def test_waits_for_a_limit_are_counted() -> None:
    run_facts.begin("plan")
    limiter = RateLimiter(None, rate=10)
    for _ in range(21):
        assert limiter.enter()
        limiter.leave(200)
    assert run_facts.current().limited_s == pytest.approx(2, abs=LATE_S + 0.001)
    limiter.hold(5)
    assert limiter.enter()
    assert run_facts.current().limited_s == pytest.approx(7, abs=LATE_S + 0.001)


def test_threads_that_wait_at_the_same_time_count_once(waits: Waits) -> None:
    run_facts.begin("plan")
    limiter = RateLimiter(None)
    limiter.hold(5)
    second: list[bool] = []
    thread = threading.Thread(target=lambda: second.append(limiter.enter()))

    def also_waits(_: float) -> None:
        waits.instead = lambda _: None
        thread.start()
        thread.join(LONG_S)

    waits.instead = also_waits
    assert limiter.enter()
    assert second == [True]
    assert run_facts.current().limited_s == pytest.approx(waiting.now())


def test_shards_share_the_rate_that_people_set() -> None:
    limiter, start = RateLimiter(None, shards=4, rate=20), waiting.now()
    for _ in range(101):
        assert limiter.enter()
        limiter.leave(200)
    assert waiting.now() - start == pytest.approx(100 / (20 / 4), abs=LATE_S + 0.001)


def test_a_thread_that_waits_for_its_turn_gets_it_when_another_request_ends():
    limiter = RateLimiter(1)
    assert limiter.enter()
    entered: list[bool] = []
    thread = threading.Thread(target=lambda: entered.append(limiter.enter()))
    thread.start()
    limiter.leave(200)
    thread.join(LONG_S)
    assert entered == [True]
    limiter.stop()
    assert not limiter.enter()


def test_a_retry_goes_before_a_first_attempt() -> None:
    limiter = RateLimiter(1)
    assert limiter.enter()
    order: list[str] = []

    def enter(retry: bool) -> None:
        assert limiter.enter(retry=retry)
        order.append("retry" if retry else "first attempt")
        limiter.leave(200)

    threads = [threading.Thread(target=enter, args=(retry,)) for retry in (False, False, True)]
    for thread in threads:
        thread.start()
    until(lambda: limiter._retries_waiting)
    limiter.leave(200)
    for thread in threads:
        thread.join(LONG_S)
    assert order == ["retry", "first attempt", "first attempt"]


def test_after_stop_waiting_first_attempts_are_sent_at_once_and_retries_never():
    limiter = RateLimiter(1)
    limiter.hold(60)
    limiter.stop_waiting()
    assert (limiter.enter(), limiter.enter(retry=True), limiter.enter()) == (True, False, True)


# --- budget -----------------------------------------------------------------------------------------------


@given(st.lists(st.booleans(), max_size=400))
def test_no_retry_is_made_once_the_budget_is_spent(steps):
    budget, requests, spent = RetryBudget(), 0, 0
    for is_request in steps:
        allowed = max(50, requests // 5)
        if is_request:
            budget.count_request()
            requests += 1
        else:
            assert budget.spend() == (spent < allowed)
            spent += spent < allowed


def test_a_large_run_may_spend_a_fifth_of_its_requests():
    budget = RetryBudget()
    for _ in range(1000):
        budget.count_request()
    assert budget.limit == 200


# --- over HTTP --------------------------------------------------------------------------------------------

GET = Call("GET", "/v3/things")


def failures(client, call, count):
    for _ in range(count):
        with pytest.raises(ApiError) as caught:
            client.get(call) if call.method == "GET" else client.send(call)
        yield str(caught.value)


def test_a_broken_server_is_not_asked_for_hours(serve, reply, connect):
    server = serve(reply(503, {"detail": "broken"}))
    with contextlib.closing(Getter(connect(server.url, backoff_s=0), lambda _: None)) as client:
        said = list(failures(client, GET, 20))
    assert len(server.asked) == 20 + 50
    assert "not retried" not in said[0]
    assert said[-1] == (
        "GET /v3/things returned 503: broken; not retried: this run has used its 50 retries"
    )


def test_a_run_that_is_cut_off_all_the_time_says_the_same(free_port, connect):
    url = f"http://127.0.0.1:{free_port}"
    with contextlib.closing(Getter(connect(url, backoff_s=0), lambda _: None)) as client:
        said = list(failures(client, GET, 14))
        with pytest.raises(
            Unreachable, match=r"refused the connection \(GET /v3/things\); not retried"
        ):
            client.get(GET)
    assert "5 attempts" in said[0]


def test_a_call_that_is_refused_often_is_sent_in_the_end(serve, reply, connect, waits):
    """As under a limit that other clients use up."""
    server = serve([*(reply(429, headers={"Retry-After": "1"}) for _ in range(20)), reply(body={})])
    with contextlib.closing(Sender(connect(server.url), lambda _: None)) as client:
        assert client.send(Call("POST", "/v3/things", body={})) == {}
    assert len(server.asked) == 21
    assert waits == [1] * 20


def test_retries_after_429_do_not_spend_the_budget(serve, reply, connect):
    """Each request is refused once: so many retries do not mean that the server is broken."""
    server = serve([reply(429 if n % 2 == 0 else 200, {}) for n in range(200)])
    with contextlib.closing(Sender(connect(server.url, backoff_s=0), lambda _: None)) as client:
        for _ in range(100):
            client.send(Call("POST", "/v3/things", body={}))
    assert len(server.asked) == 200


def test_a_rate_limit_that_never_lifts_ends_the_retries(serve, reply, connect, waits):
    server = serve(reply(429))
    client = Sender(connect(server.url, backoff_s=20, retries=40), lambda _: None)
    with contextlib.closing(client):
        (said,) = failures(client, Call("POST", "/v3/things", body={}), 1)
        assert said.endswith("not retried: only 429 in 300 s of waiting")
        assert MAX_RATE_LIMITED_WAIT_S <= sum(waits) < MAX_RATE_LIMITED_WAIT_S + MAX_WAIT_S
        assert len(server.asked) == len(waits) + 1
        (_,) = failures(client, GET, 1)
        # The last Retry-After holds for the next call too, which is then not sent again.
        assert len(server.asked) == len(waits) + 1


@pytest.mark.parametrize("width", [1, 32])
def test_threads_share_one_limiter_and_get_the_same_responses(
    serve, reply, connect, width, really_waits
):
    """The server takes two requests at a time and refuses any more.

    With the clock that stands still, all threads would wait at once and no request take any time.
    """
    lock, busy = threading.Lock(), [0]

    def answer(asked):
        with lock:
            busy[0] += 1
            refused = busy[0] > 2
        threading.Event().wait(0.002)
        with lock:
            busy[0] -= 1
        return reply(429) if refused else reply(body={"path": asked.path})

    server = serve(answer)
    found: dict[int, object] = {}
    with contextlib.closing(
        Getter(connect(server.url, parallelism=width, retries=50), lambda _: None)
    ) as client:

        def work(first):
            for number in range(first, 96, width):
                found[number] = client.get(Call("GET", f"/{number}"))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(width)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: {"path": f"/{number}"} for number in range(96)}
