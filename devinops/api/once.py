"""Values that several threads need, each made once."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Keeps the value of each key. A thread that needs one that is being made waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks = defaultdict[Hashable, threading.Lock](threading.Lock)
        self._values: dict[Hashable, T] = {}

    def get(
        self, key: Hashable, make: Callable[[T | None], T], is_enough: Callable[[T], bool] = bool
    ) -> T:
        """Return the value of a key if it `is_enough`; otherwise `make` one from the value before.

        By default, a value is enough if it is not empty.

        An error of `make` is raised, and the next thread tries again.
        """
        with self._lock:
            lock = self._locks[key]
        with lock:
            known = self._values.get(key)
            if known is None or not is_enough(known):
                known = self._values[key] = make(known)
            return known
