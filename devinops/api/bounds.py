"""How much a server can make this process hold, whatever it answers. Pure, but for a lock around counters.

JSON costs many times its bytes: `[{},{},…]` becomes 24 bytes of memory for each byte, one object with one member
even more. So what is bounded is the text and, apart from it, the number of the values in it, before it is parsed.
"""

from __future__ import annotations

import re
import threading
from typing import Any, Final

LARGEST_LISTS: Final = 128 * 1024 * 1024
"""Bytes of all lists of one snapshot together, unpacked. 10,000 notes of 4 KB are 40 MiB, twice that where each sign
outside of ASCII is an escape. Until it is compared, a text costs three times its bytes as a rule, and twelve times
where one sign in it makes each of the others four bytes."""

LARGEST_ANSWER: Final = 32 * 1024 * 1024
"""Bytes of any other answer, unpacked: one object, or a page of the audit log."""

LARGEST_COMPLAINT: Final = 64 * 1024
"""Bytes that are read of an answer that is an error, unpacked. The rest is left: the status has said enough."""

MOST_VALUES: Final = 2_000_000
"""Values (texts, numbers, objects, lists) in the lists of one snapshot together, or in another answer. Each takes up
to some 130 bytes beside its text. 10,000 notes have some 150,000."""

MOST_OBJECTS: Final = 100_000
"""Objects of one list."""

MOST_PAGES: Final = 10_000
"""Pages of one list. Full ones hold 200 objects."""

LONGEST_CURSOR: Final = 4096
"""Characters of a cursor: each is kept, and is part of an address."""

DEEPEST: Final = 200
"""Levels of lists and objects in an answer. What is deeper than Python's stack could be parsed, but not compared."""

_TOKEN: Final = re.compile(rb'[\[{,]|"[^"\\]*+(?:\\.?[^"\\]*+)*+"?', re.DOTALL)
_QUOTE: Final = ord('"')


class Full(Exception):
    """A bound is reached; the text says which."""


class Room:
    """What is left for one answer, or for the lists of one snapshot. Threads share it.

    `then` is what an error message ends with: what it means that there is more.
    """

    def __init__(self, most_bytes: int, then: str = "", *, what: str = "an answer of") -> None:
        self.then = then
        self._what = what
        self._most_bytes, self._most_values = most_bytes, MOST_VALUES
        self._bytes, self._values = most_bytes, MOST_VALUES
        self._lock = threading.Lock()

    def take_bytes(self, count: int) -> None:
        """Raises Full."""
        with self._lock:
            if count > self._bytes:
                raise Full(f"{self._what} more than {_size(self._most_bytes)}")
            self._bytes -= count

    def give_back(self, count: int) -> None:
        """Take back the bytes of an attempt that came to nothing."""
        with self._lock:
            self._bytes += count

    def check_values(self, text: bytes | bytearray) -> None:
        """Look whether there is room for the values in a text that is not parsed yet. Raises Full."""
        left = self._values
        # what stands in strings counts here too, so this is never too few
        if 1 + sum(map(text.count, (b",", b"[", b"{"))) > left and _values(text, left) > left:
            raise self._too_many()

    def take_values(self, found: Any) -> int:
        """Count the values that were parsed. Raises Full, also for what is nested too deeply. Returns their number."""
        count = 1
        level = [found] if isinstance(found, dict | list) else []
        for _ in range(DEEPEST):
            if not level:
                break
            count += sum(map(len, level))
            level = [
                inner
                for outer in level
                for inner in (outer.values() if isinstance(outer, dict) else outer)
                if isinstance(inner, dict | list)
            ]
        if level:
            raise Full(f"{self._what} more than {DEEPEST} levels of nesting")
        with self._lock:
            if count > self._values:
                raise self._too_many()
            self._values -= count
        return count

    def give_back_values(self, count: int) -> None:
        """Take back the values of answers that are no longer held."""
        with self._lock:
            self._values += count

    def _too_many(self) -> Full:
        return Full(f"{self._what} more than {self._most_values} values")


class Part(Room):
    """What one reading of a list takes of the room that all lists share, until it is given up. Of one thread."""

    def __init__(self, whole: Room) -> None:
        super().__init__(0, whole.then)
        self._whole = whole
        self._taken_bytes = self._taken_values = 0

    def take_bytes(self, count: int) -> None:
        self._whole.take_bytes(count)
        self._taken_bytes += count

    def give_back(self, count: int) -> None:
        self._whole.give_back(count)
        self._taken_bytes -= count

    def check_values(self, text: bytes | bytearray) -> None:
        self._whole.check_values(text)

    def take_values(self, found: Any) -> int:
        count = self._whole.take_values(found)
        self._taken_values += count
        return count

    def give_up(self) -> None:
        """Give everything back: what was read is no longer held."""
        self._whole.give_back(self._taken_bytes)
        self._whole.give_back_values(self._taken_values)
        self._taken_bytes = self._taken_values = 0


def _values(text: bytes | bytearray, most: int) -> int:
    """Return how many values the JSON in a text can have, without parsing it; anything above `most` for more."""
    values = 1
    # two texts at most go with each separator, so that the loop is bounded by `most` as well
    for tokens, token in enumerate(_TOKEN.finditer(text)):
        values += text[token.start()] != _QUOTE
        if values > most or tokens > 3 * most:
            return most + 1
    return values


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >> 20 else f"{count} bytes"
