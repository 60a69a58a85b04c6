"""The pace that is learned from refusals, against simulated servers and a clock of their own."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.api.pacing import MIN_RATE, Pace

Refuse = Callable[[float], float]
"""Time in seconds → what Retry-After says in whole seconds; 0 if the request is admitted."""


def bucket(rate: float, size: float) -> Refuse:
    """A bucket of tokens, full at first, that gets `rate` tokens a second."""
    tokens, at = size, 0.0

    def refuse(now: float) -> float:
        nonlocal tokens, at
        tokens, at = min(size, tokens + (now - at) * rate), now
        if tokens < 1:
            return max(1, math.ceil((1 - tokens) / rate))
        tokens -= 1
        return 0

    return refuse


def window(most: int, seconds: float) -> Refuse:
    """`most` requests in each window of time."""
    current, used = -1, 0

    def refuse(now: float) -> float:
        nonlocal current, used
        if now // seconds != current:
            current, used = int(now // seconds), 0
        if used >= most:
            return max(1, math.ceil((current + 1) * seconds - now))
        used += 1
        return 0

    return refuse


@dataclass
class Run:
    """Requests that are sent as soon as the pace and the number in flight allow."""

    refuse: Refuse
    requests: int
    in_flight: int
    latency_s: float
    seconds: float = 0.0
    refused: int = 0
    held_until: float = 0.0
    _pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        jitter, arriving = random.Random(1), list[tuple[float, float]]()
        now, waiting = 0.0, self.requests
        while waiting or arriving:
            most = min(self.in_flight, self._pace.most_in_flight)
            wait_s = self._pace.wait_s(now) if waiting and len(arriving) < most else None
            if wait_s == 0:
                assert now >= self.held_until
                self._pace.sent(now)
                waiting -= 1
                takes_s = self.latency_s * jitter.uniform(1, 1.1)
                heapq.heappush(arriving, (now + takes_s, takes_s))
            elif wait_s is not None and (not arriving or now + wait_s < arriving[0][0]):
                now += max(wait_s, 1e-9)
            else:
                now, took_s = heapq.heappop(arriving)
                waiting += self._arrived(now, took_s)
        self.seconds = now

    def _arrived(self, now: float, took_s: float) -> int:
        """Let the server decide; return how many requests must be sent again."""
        asked_s = self.refuse(now)
        self._pace.ended(now, took_s, admitted=not asked_s)
        if asked_s:
            self.refused += 1
            self._pace.refused(now, asked_s)
            self.held_until = max(self.held_until, now + asked_s)
        return 1 if asked_s else 0


@pytest.mark.parametrize(
    ("refuse", "requests", "in_flight", "latency_s", "shortest_s", "times", "share"),
    [
        pytest.param(bucket(50, 50), 1010, 10, 0.05, 19.2, 1.05, 0.01, id="50/s, saves a second"),
        pytest.param(bucket(50, 50), 1010, 8, 0.05, 19.2, 1.05, 0.01, id="50/s, 8 in flight"),
        pytest.param(bucket(200, 200), 3000, 32, 0.05, 14, 1.1, 0.015, id="200/s, 32 in flight"),
        pytest.param(bucket(50, 500), 3000, 10, 0.05, 50, 1.05, 0.02, id="50/s, saves 10 seconds"),
        pytest.param(bucket(20, 20), 500, 10, 0.3, 24, 1.1, 0.03, id="20/s, long latency"),
        pytest.param(bucket(50, 50), 4000, 32, 0.3, 79, 1.05, 0.01, id="50/s, long latency"),
        pytest.param(bucket(10, 10), 300, 10, 0.05, 29, 1.1, 0.05, id="10/s"),
        pytest.param(bucket(5, 5), 200, 8, 0.1, 39, 1.1, 0.1, id="5/s"),
        pytest.param(bucket(50, 5), 1010, 10, 0.05, 20.1, 5, 0.05, id="50/s, saves little"),
        pytest.param(window(60, 60), 300, 8, 0.05, 240, 1.05, 0.05, id="60 a minute"),
        pytest.param(window(100, 10), 1000, 8, 0.05, 90, 1.1, 0.02, id="100 in 10 seconds"),
        pytest.param(window(10, 1), 300, 10, 0.05, 29, 1.3, 0.08, id="10 a second"),
    ],
)
def test_a_limit_is_used_and_rarely_exceeded(
    refuse: Refuse,
    requests: int,
    in_flight: int,
    latency_s: float,
    shortest_s: float,
    times: float,
    share: float,
) -> None:
    run = Run(refuse, requests, in_flight, latency_s)
    assert run.seconds <= times * shortest_s
    assert run.refused / (requests + run.refused) <= share


def test_without_a_refusal_there_is_no_limit() -> None:
    run = Run(lambda _: 0, 1000, 10, 0.05)
    assert run.seconds < 1.1 * 1000 / 10 * 0.05


def test_requests_are_sent_no_faster_than_a_limit_that_people_set() -> None:
    run = Run(lambda _: 0, 1000, 10, 0.05, _pace=Pace(20))
    assert 1000 / 20 - 0.1 <= run.seconds <= 1000 / 20 + 0.1


def test_an_idle_time_is_not_saved_up_for_a_limit_that_people_set() -> None:
    pace, sent = Pace(20), 0
    while pace.wait_s(3600.0) == 0:
        pace.sent(3600.0)
        sent += 1
    assert sent <= 3


def test_a_server_that_admits_less_than_the_limit_that_people_set_is_not_asked_for_more() -> None:
    limited = Run(bucket(10, 10), 300, 10, 0.05, _pace=Pace(1000))
    assert limited.refused == Run(bucket(10, 10), 300, 10, 0.05).refused


def test_a_server_that_was_only_busy_is_soon_used_fully_again() -> None:
    busy = iter([0, 0, 20])
    run = Run(lambda _: next(busy, 0), 2000, 10, 0.05)
    assert run.seconds < 20 + 2000 / 10 * 0.05 + 30


def test_a_break_is_not_counted_as_slowness_of_the_server() -> None:
    pace = Pace()
    for now in (0.0, 3600.0):
        for number in range(100):
            pace.sent(now + number / 100)
            pace.ended(now + number / 100, 0.05, admitted=True)
    pace.refused(3601.0, 1.0)
    assert pace.rate == pytest.approx(50, rel=0.05)


def test_a_rate_that_grew_for_hours_is_still_a_number() -> None:
    pace, now = Pace(), 1e6
    pace.sent(now)
    pace.ended(now, 0.05, admitted=False)
    pace.refused(now, 1)
    for _ in range(2000):
        now += 100
        pace.sent(now)
        pace.ended(now, 0.05, admitted=True)
    assert pace.wait_s(now) == 0


@pytest.mark.parametrize(("wait_s", "rate"), [(0.1, 10), (60, MIN_RATE)])
def test_after_a_wait_one_request_is_sent_at_least(wait_s: float, rate: float) -> None:
    pace = Pace()
    pace.sent(0.0)
    pace.ended(0.0, 0.05, admitted=False)
    pace.refused(0.0, wait_s)
    assert pace.rate == pytest.approx(rate)


@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.sampled_from(["sent", "admitted", "refused"])), max_size=60
    )
)
def test_the_rate_never_falls_so_low_that_a_run_seems_to_hang(
    steps: list[tuple[float, str]],
) -> None:
    pace, now, in_flight = Pace(), 0.0, 0
    for seconds, what in steps:
        now += seconds
        if what == "sent":
            pace.sent(now)
            in_flight += 1
        elif in_flight:
            pace.ended(now, 0.05, admitted=what == "admitted")
            in_flight -= 1
            if what == "refused":
                pace.refused(now, min(seconds, 60))
        assert pace.rate >= MIN_RATE
