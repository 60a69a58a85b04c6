"""The pace that all threads of a client share, and the retries that a run may spend: pure, with a fake clock."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.api.http import Call, Getter, Sender
from devinops.api.retry import LONGEST_DROUGHT_S, LONGEST_WAIT_S, Budget, Gate, Pace
from devinops.model.errors import ApiError, Unreachable
from tests.testing.replies import Connect, Reply, Serve
from tests.testing.waiting import LONG_S, Waits

STATUS = st.sampled_from([200, 204, 404, 429, 429, 500, 503, None])
EVENTS = st.lists(
    st.one_of(
        st.just(("start",)),
        st.tuples(st.just("end"), st.integers(0, 40), STATUS),
        st.tuples(st.just("hold"), st.floats(0, 60)),
        st.tuples(st.just("tick"), st.floats(0, 60)),
    ),
    max_size=200,
)


# --- pace -------------------------------------------------------------------------------------------------


@given(st.integers(1, 64), EVENTS)
def test_the_pace_stays_between_one_and_the_most_and_nothing_starts_in_a_hold(
    most: int, events: list[Any]
) -> None:
    pace, now, held = Pace(most), 0.0, 0.0
    open_: list[Any] = []
    for event in events:
        match event:
            case ("start",):
                wait = pace.wait_s(now)
                assert (wait == 0) == (now >= held and len(open_) < pace.limit)
                assert wait is None or wait == max(0, held - now)
                if wait == 0:
                    open_.append(pace.start())
            case ("end", which, status) if open_:
                before = pace.limit
                pace.end(open_.pop(which % len(open_)), status)
                assert pace.limit in (before, before + 1, max(1, before // 2))
                assert pace.limit <= before or (
                    status is not None and status < 500 and status != 429
                )
            case ("hold", seconds):
                held = max(held, now + seconds)
                pace.hold(now, seconds)
            case ("tick", seconds):
                now += seconds
        assert 1 <= pace.limit <= most
        assert pace.under_way == len(open_) <= most


@given(st.integers(1, 8), EVENTS)
def test_what_was_waited_for_since_the_last_success_is_added_up(most: Any, events: Any) -> None:
    pace, now, held, waited, open_ = Pace(most), 0.0, 0.0, 0.0, []
    for event in events:
        match event:
            case ("start",) if pace.wait_s(now) == 0:
                open_.append(pace.start())
            case ("end", which, status) if open_:
                pace.end(open_.pop(which % len(open_)), status)
                if status in (200, 204, 404):
                    waited = 0.0
            case ("hold", seconds):
                more = max(held, now + seconds) - max(held, now)
                waited, held = waited + more, max(held, now) + more
                pace.hold(now, seconds)
            case ("tick", seconds):
                now += seconds
        if abs(waited - LONGEST_DROUGHT_S) > 1e-6:
            assert pace.is_dry == (waited > LONGEST_DROUGHT_S)


@given(st.integers(1, 64))
def test_one_round_of_refusals_halves_once_and_the_next_one_again(most: Any) -> None:
    pace = Pace(most)
    for era in [pace.start() for _ in range(most)]:
        pace.end(era, 429)
    assert pace.limit == max(1, most // 2)
    pace.end(pace.start(), 429)
    assert pace.limit == max(1, most // 2 // 2)


@given(st.integers(1, 64), st.integers(0, 10))
def test_successes_bring_the_pace_back_step_by_step(most: Any, refusals: Any) -> None:
    pace = Pace(most)
    for _ in range(refusals):
        pace.end(pace.start(), 429)
    while (before := pace.limit) < most:
        for _ in range(before):
            assert pace.limit == before
            pace.end(pace.start(), 200)
        assert pace.limit == before + 1
    pace.end(pace.start(), 200)
    assert pace.limit == most


def test_what_waits_for_a_place_gets_it_when_one_is_left() -> None:
    gate = Gate(1)
    era = gate.enter()
    assert era is not None
    entered: list[int | None] = []
    thread = threading.Thread(target=lambda: entered.append(gate.enter()))
    thread.start()
    gate.leave(era, 200)
    thread.join(LONG_S)
    assert entered == [0]
    gate.stop()
    assert gate.enter() is None


# --- budget -----------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["begin", "take", "charge"]), max_size=400))
def test_no_retry_is_given_once_the_budget_is_spent(steps: Any) -> None:
    budget, spent = Budget(), 0
    for step in steps:
        allowed = max(50, budget.requests // 5)
        assert budget.is_open() == (spent < allowed)
        if step == "begin":
            budget.begin()
        elif step == "take":
            assert budget.take() == (spent < allowed)
            spent += spent < allowed
        else:
            budget.charge(1)
            spent += 1
        assert budget.spent == spent


def test_a_large_run_may_spend_a_fifth_of_its_requests() -> None:
    budget = Budget()
    for _ in range(1000):
        budget.begin()
    assert budget.allowed == 200


# --- over HTTP --------------------------------------------------------------------------------------------

GET = Call("GET", "/v3/things")


def failures(client: Any, call: Any, count: Any) -> Iterator[str]:
    for _ in range(count):
        with pytest.raises(ApiError) as caught:
            client.get(call) if call.method == "GET" else client.send(call)
        yield str(caught.value)


def test_a_broken_server_is_not_asked_for_hours(
    serve: Serve, reply: type[Reply], connect: Connect
) -> None:
    server = serve(reply(503, {"detail": "broken"}))
    with contextlib.closing(Getter(connect(server.url, backoff_s=0), lambda _: None)) as client:
        said = list(failures(client, GET, 20))
    assert len(server.asked) == 20 + 50
    assert "used up" not in said[0]
    assert said[-1] == (
        "GET /v3/things answered 503: broken; not tried again: all 50 retries of this run are used up"
    )


def test_a_run_that_is_cut_off_all_the_time_says_the_same(free_port: int, connect: Connect) -> None:
    url = f"http://127.0.0.1:{free_port}"
    with contextlib.closing(Getter(connect(url, backoff_s=0), lambda _: None)) as client:
        said = list(failures(client, GET, 14))
        with pytest.raises(
            Unreachable, match=r"refused the connection \(GET /v3/things\); not tried again"
        ):
            client.get(GET)
    assert "5 attempts" in said[0]


def test_a_slow_limit_costs_nothing_as_long_as_there_is_an_answer(
    serve: Serve, reply: type[Reply], connect: Connect
) -> None:
    """Each request is refused once: so many retries are no sign of a broken server."""
    server = serve([reply(429 if n % 2 == 0 else 200, {}) for n in range(200)])
    with contextlib.closing(Sender(connect(server.url, backoff_s=0), lambda _: None)) as client:
        for _ in range(100):
            client.send(Call("POST", "/v3/things", body={}))
    assert len(server.asked) == 200


def test_a_limit_that_never_lifts_uses_the_retries_up(
    serve: Serve, reply: type[Reply], connect: Connect
) -> None:
    server = serve(reply(429))
    with contextlib.closing(Sender(connect(server.url, backoff_s=0), lambda _: None)) as client:
        said = list(failures(client, Call("POST", "/v3/things", body={}), 15))
    assert len(server.asked) == 13 * 5 + 2
    assert "used up" not in said[12]
    assert said[13] == said[14]
    assert "all 50 retries of this run are used up" in said[14]


def test_a_limit_that_never_lifts_is_not_waited_for_for_hours(
    serve: Serve, reply: type[Reply], connect: Connect, waits: Waits
) -> None:
    server = serve(reply(429))
    client = Sender(connect(server.url, backoff_s=20, retries=40), lambda _: None)
    with contextlib.closing(client):
        (said,) = failures(client, Call("POST", "/v3/things", body={}), 1)
    assert said.endswith("not tried again: nothing but 429 came in 300 s of waiting")
    assert LONGEST_DROUGHT_S <= sum(waits) < LONGEST_DROUGHT_S + LONGEST_WAIT_S
    assert len(server.asked) == len(waits) + 1


def test_a_hurried_gate_lets_first_attempts_through_and_no_others() -> None:
    gate = Gate(1)
    gate.hold(60)
    gate.hurry()
    assert (gate.enter(), gate.enter(again=True), gate.enter()) == (0, None, 0)


@pytest.mark.parametrize("width", [1, 32])
def test_threads_share_one_pace_and_get_the_same_answers(
    serve: Serve, reply: type[Reply], connect: Connect, width: int
) -> None:
    """The server takes two at a time; whoever comes on top is refused."""
    lock, busy = threading.Lock(), [0]

    def answer(asked: Any) -> Any:
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

        def work(first: Any) -> None:
            for number in range(first, 96, width):
                found[number] = client.get(Call("GET", f"/{number}"))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(width)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: {"path": f"/{number}"} for number in range(96)}
