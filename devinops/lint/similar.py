"""Find texts that are almost equal, in time that grows about linearly with their number. Pure.

A text is the set of its runs of words. Two texts are as similar as the share of runs that they have
in common (Jaccard). Only texts that share enough of their lowest hashes (bottom-k sketch) are
compared in full.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

SKETCH: Final = 48
"""How many of the lowest hashes stand for a text."""

CANDIDATES: Final = 6
"""How many texts with one hash are compared: a phrase that all texts have is no evidence."""

_PRIME: Final = (1 << 61) - 1
_FACTORS: Final = (0x1F3D5B79A2C4E687, 0x0B5C6D7E8F901A3D, 0x17A9C3E5F7192B4D)
_WORD: Final = re.compile(r"[^\W_]+")

Features = frozenset[int]


@dataclass(frozen=True, slots=True)
class Twin:
    """The text `number` resembles the earlier text `earlier`, by a share of up to 1."""

    number: int
    earlier: int
    similarity: float


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.lower())


@cache
def _hash(word: str) -> int:
    return zlib.crc32(word.encode()) * _FACTORS[0] % _PRIME


def runs(text: str) -> Features:
    """Return a hash for each run of three words."""
    hashes = [_hash(word) for word in words(text)]
    a, b, c = _FACTORS
    triples = zip(hashes, hashes[1:], hashes[2:], strict=False)
    return frozenset([(x * a + y * b + z * c) % _PRIME for x, y, z in triples])


def terms(text: str, without: frozenset[str]) -> Features:
    """Return a hash for each word but those that say nothing, without endings such as -s."""
    return frozenset(
        _hash(re.sub(r"(?:ing|ed|es|s|e)$", "", word) if len(word) > 4 else word)
        for word in words(text)
        if word not in without
    )


def twins(number: int, features: Callable[[int], Features], threshold: float) -> Iterator[Twin]:
    """Yield, for each of the texts that has one, the most similar earlier text.

    `features` returns those of a text by its number.
    """
    by_hash: defaultdict[int, list[int]] = defaultdict(list)
    for at in range(number):
        own = features(at)
        sketch = sorted(own)[:SKETCH]
        shared = Counter(earlier for value in sketch for earlier in by_hash.get(value, ()))
        needed = max(1, int(len(sketch) * threshold * 0.5))
        candidates = [earlier for earlier, count in shared.items() if count >= needed]
        best = max(
            (Twin(at, earlier, _similarity(own, features(earlier))) for earlier in candidates),
            key=lambda twin: (twin.similarity, -twin.earlier),
            default=None,
        )
        if best and best.similarity >= threshold:
            yield best
        for value in sketch:
            if len(by_hash[value]) < CANDIDATES:
                by_hash[value].append(at)


def _similarity(first: Features, second: Features) -> float:
    common = len(first & second)
    return common / (len(first) + len(second) - common) if common else 0.0


def percent(similarity: float) -> str:
    """Return a similarity for people."""
    return f"{int(similarity * 100)} %"


def equal_groups(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield (number, earlier) for each text that has the words of an earlier one."""
    first: dict[str, int] = {}
    for number, text in enumerate(texts):
        earlier = first.setdefault(" ".join(words(text)), number)
        if earlier != number:
            yield number, earlier
