"""A value that several threads need is made once."""

from __future__ import annotations

import threading

import pytest

from devinops.api.once import Once


def test_threads_that_need_a_value_at_the_same_time_make_it_once() -> None:
    once, made, started = Once[int](), [], threading.Event()

    def make(before: int | None) -> int:
        started.set()
        made.append(before)
        return len(made)

    values: list[int] = []
    threads = [
        threading.Thread(target=lambda: values.append(once.get("a", make, lambda _: True)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (made, values) == ([None], [1] * 8)


def test_a_value_that_is_not_enough_is_made_from_the_one_before() -> None:
    once = Once[int]()
    assert once.get("a", lambda _: 1, lambda _: True) == 1
    assert once.get("a", lambda known: (known or 0) + 1, lambda known: known > 1) == 2
    assert once.get("a", lambda _: 9, lambda known: known > 1) == 2
    assert once.get("b", lambda _: 9, lambda known: known > 1) == 9


def test_after_an_error_the_next_one_tries_again() -> None:
    once = Once[int]()

    def fail(_: int | None) -> int:
        raise OSError

    with pytest.raises(OSError):
        once.get("a", fail, lambda _: True)
    assert once.get("a", lambda _: 1, lambda _: True) == 1
