"""Find texts that are almost equal, in time that grows about linearly with their number. Pure.

A text is the set of its runs of words. Two texts are as similar as the share of runs that they have
in common (Jaccard). Only texts that can meet, and that share enough of their lowest hashes
(bottom-k sketch), are compared in full. In a script without spaces, each character is a word.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise, product
from typing import Final, NamedTuple

from devinops.model.patterns import LazyPattern

SKETCH: Final = 48
"""How many of the lowest hashes stand for a text."""

CANDIDATES: Final = 6
"""How many texts with one hash are compared: a phrase that all texts have is no evidence."""

_PRIME: Final = (1 << 61) - 1
_FACTORS: Final = (0x1F3D5B79A2C4E687, 0x0B5C6D7E8F901A3D, 0x17A9C3E5F7192B4D)
_SUFFIX: Final = r"(?:\+\+|#(?!\w))?"
"""What distinguishes C++ and C# from C."""

_WORD: Final = LazyPattern(rf"[^\W_]+{_SUFFIX}")
_UNSPACED: Final = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecd\u1000-\u103f\u1780-\u17d3\u3041-\u3096\u30a1-\u30fa"
    "\u30fc\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
"""Characters of Thai, Lao, Burmese, Khmer, Japanese and Chinese, which put no spaces between words.

Korean does."""
_HAS_UNSPACED: Final = LazyPattern(f"[{_UNSPACED}]")
_ANY_WORD: Final = LazyPattern(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+{_SUFFIX}")
_ANY_STRETCH: Final = LazyPattern(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+{_SUFFIX}")

Features = frozenset[int]


class Twin(NamedTuple):
    """The text `number` resembles the earlier text `earlier`, by a share of up to 1."""

    number: int
    earlier: int
    similarity: float


def words(text: str) -> list[str]:
    """Return the words of the text in lower case."""
    text = text.lower()
    return _ANY_WORD.findall(text) if _is_unspaced(text) else _WORD.findall(text)


def _is_unspaced(text: str) -> bool:
    """Return whether the text has characters of a script without spaces."""
    return not text.isascii() and bool(_HAS_UNSPACED.search(text))


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
    """Return a hash for each word, without endings such as -s, except the words in `without`.

    In a script without spaces, return a hash for each pair of neighboring characters.
    """
    return frozenset(
        _hash(term) for word in _stretches(text.lower()) for term in _terms(word, without)
    )


def _stretches(text: str) -> list[str]:
    """Return the words of the text; characters of a script without spaces stay together."""
    return _ANY_STRETCH.findall(text) if _is_unspaced(text) else _WORD.findall(text)


def _terms(word: str, without: frozenset[str]) -> Iterable[str]:
    if _is_unspaced(word):
        return map("".join, pairwise(word))
    if word in without:
        return ()
    return (re.sub(r"(?:ing|ed|es|s|e)$", "", word) if len(word) > 4 else word,)


def shared(first: Features, second: Features) -> float:
    """Return the share of all features that both have."""
    common = len(first & second)
    return common / (len(first) + len(second) - common) if common else 0.0


def twins(
    reaches: Sequence[Reach],
    features: Callable[[int], Features],
    threshold: float,
    similarity: Callable[[Features, Features], float] = shared,
) -> Iterator[Twin]:
    """Yield, for each of the texts that has one, the most similar earlier text that it can meet.

    `features` returns those of a text by its number; texts without any resemble no other.
    `similarity` is at most the share of features that two texts have in common, which is the
    default.
    """
    indexes = {label: _Index() for reach in reaches for label in reach.asks}
    for number, reach in enumerate(reaches):
        own = features(number)
        sketch = sorted(own)[:SKETCH]
        needed = max(1, int(len(sketch) * threshold * 0.5))
        candidates = {
            earlier for label in reach.asks for earlier in indexes[label].candidates(sketch, needed)
        }
        best = max(
            (Twin(number, earlier, similarity(own, features(earlier))) for earlier in candidates),
            key=lambda twin: (twin.similarity, -twin.earlier),
            default=None,
        )
        if best and best.similarity >= threshold:
            yield best
        for label in reach.has & indexes.keys():
            indexes[label].add(number, own, sketch)


class _Index:
    """The texts with a label, by the hashes in their sketches; of equal texts only the first."""

    def __init__(self) -> None:
        self._by_hash: defaultdict[int, list[int]] = defaultdict(list)
        self._seen: set[int] = set()

    def candidates(self, sketch: Sequence[int], needed: int) -> Iterator[int]:
        """Yield the texts that share this many hashes."""
        get = self._by_hash.get
        shared = Counter(earlier for value in sketch for earlier in get(value, ()))
        yield from (earlier for earlier, count in shared.items() if count >= needed)

    def add(self, number: int, features: Features, sketch: Iterable[int]) -> None:
        if hash(features) in self._seen:
            return
        self._seen.add(hash(features))
        for value in sketch:
            if len(self._by_hash[value]) < CANDIDATES:
                self._by_hash[value].append(number)


def percent(similarity: float) -> str:
    """Return a similarity for people."""
    return f"{int(similarity * 100)} %"


def equal_groups(texts: Sequence[str], reaches: Sequence[Reach]) -> Iterator[tuple[int, int]]:
    """Yield (number, earlier) for each text that has the words of one that it can meet.

    `earlier` is the first text with these words.
    """
    first: dict[tuple[str, Label], int] = {}
    for number, (text, reach) in enumerate(zip(texts, reaches, strict=True)):
        content = " ".join(words(text))
        earlier = [first[content, label] for label in reach.asks if (content, label) in first]
        if earlier:
            yield number, min(earlier)
        for label in reach.has:
            first.setdefault((content, label), number)


# --- which texts can meet ---

_EVERY_ENTRY: Final = 0
"""What every entry has. An entry that is not limited asks for it, so it meets all."""

_UNLIMITED: Final = 1
"""What an entry has that is not limited. An entry with a limit asks for it besides its names."""

Label = tuple[int | str, int | str]
"""What an entry has or asks for: one value for targets and one for repositories."""


class Reach(NamedTuple):
    """Two entries can meet if one of them has a label that the other asks for.

    So entries can be indexed by label, and not every pair has to be compared.
    """

    has: frozenset[Label]
    asks: frozenset[Label]


def reach(targets: Collection[str] | None = None, repository: str | None = None) -> Reach:
    """Return the reach of an entry with these targets in this repository; None: in all."""
    repositories = None if repository is None else (repository,)
    has, asks = zip(_labels(targets), _labels(repositories), strict=True)
    return Reach(frozenset(product(*has)), frozenset(product(*asks)))


def _labels(names: Collection[str] | None) -> tuple[set[int | str], set[int | str]]:
    """Return what something limited to these names has, and what it asks for."""
    if names is None:
        return {_UNLIMITED, _EVERY_ENTRY}, {_EVERY_ENTRY}
    return {*names, _EVERY_ENTRY}, {*names, _UNLIMITED}
