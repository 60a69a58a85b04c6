"""Suggests the known name that a misspelled name probably means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

SIMILARITY: Final = 0.6
"""Minimum share of common characters for suggesting a name; the default of difflib."""

_SHORTEST_START: Final = 3
"""How many characters of a name suggest the whole name."""

_LONGEST: Final = 60
"""How many characters of a name are compared; the time grows with the square of their number."""


def nearest(name: object, known: Iterable[str], similarity: float = SIMILARITY) -> str:
    """Return the known name most similar to `name`, ignoring case; empty if none is similar."""
    text = str(name)[:_LONGEST].lower()
    by_lower = {word.lower(): word for word in known}
    candidates = [word for word in by_lower if _most_similar(text, word) >= similarity]
    if not candidates:
        return ""
    # Imported late: most runs suggest nothing.
    import difflib

    close = difflib.get_close_matches(text, candidates, n=1, cutoff=similarity)
    return by_lower[close[0]] if close else ""


def _most_similar(first: str, second: str) -> float:
    """Return how similar two words can be at most, from the characters that both have."""
    size = len(first) + len(second)
    common = sum(min(first.count(char), second.count(char)) for char in set(first))
    return 2 * common / size if size else 1.0


def did_you_mean(name: object, known: Iterable[str], otherwise: str = "") -> str:
    """Return ` (did you mean "x"?)` for use in a sentence; `otherwise` if no name is similar.

    The only name that begins with `name` is similar to it, however long it is.
    """
    names = list(known)
    suggestion = nearest(name, names) or only_longer(str(name).lower(), names)
    return f' (did you mean "{suggestion}"?)' if suggestion else otherwise


def is_one_edit(first: str, second: str) -> bool:
    """Return whether two words are equal, or one character added, left out, replaced or swapped."""
    same = 0
    while first[same : same + 1] == second[same : same + 1] != "":
        same += 1
    rest, other = first[same:], second[same:]
    is_swapped = rest[:2] == other[:2][::-1] and rest[2:] == other[2:]
    return is_swapped or rest[1:] in (other, other[1:]) or rest == other[1:]


def is_typo(first: str, second: str) -> bool:
    """Return whether two names differ only in case, or in one character that is no digit."""
    first, second = first.lower(), second.lower()
    numbers = [re.findall("[0-9]+", name) for name in (first, second)]
    is_short = min(len(first), len(second)) < _SHORTEST_START
    return first == second or (
        not is_short and numbers[0] == numbers[1] and is_one_edit(first, second)
    )


def only_longer(start: str, known: Iterable[str]) -> str:
    """Return the only known name that begins with some characters; else empty."""
    longer = [word for word in known if word.lower().startswith(start)]
    return longer[0] if len(longer) == 1 and len(start) >= _SHORTEST_START else ""


def beginning_with(word: str, names: Iterable[str]) -> str:
    """Return the shortest name that is this word or begins with it, ignoring case; else empty."""
    names = (name for name in names if name.lower().startswith(word.lower()))
    whole = [name for name in names if not name[len(word) : len(word) + 1].isalnum()]
    return min(whole, key=lambda name: (len(name), name), default="")
