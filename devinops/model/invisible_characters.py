"""Characters of a text that no reader sees, or that reorder what a reader sees. Pure.

A joiner inside an emoji or between letters of a script that needs it is part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from devinops.model.patterns import LazyPattern

BLANKS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
"""Letters and marks that are displayed as nothing."""

ZERO_WIDTH: Final = "\u00ad\u200b\u2060\ufeff"
"""Characters that only say where a line may break."""

_INVISIBLE: Final = (
    rf"{BLANKS}{ZERO_WIDTH}\u061c\u180e\u200c-\u200f\u202a-\u202e\u2061-\u206f"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U000e0000-\U000e0fff"
)
_HIDDEN = LazyPattern(rf"[{_INVISIBLE}]+|[\ufe00-\ufe0f]{{2,}}")
_UNSEEN = LazyPattern(
    rf"[{_INVISIBLE}\ufe00-\ufe0f\u180b-\u180d\u180f\u2800\U0001d173-\U0001d17a"
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001343f]"
)
"""Also what some scripts and notations need, which in a token hides what follows.

This is every character that Unicode calls default-ignorable or a format character, and braille
blanks. It is a list because Python's versions of Unicode differ, and a pattern is fast.
"""
_FLAG = LazyPattern("\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f")
"""A flag emoji, such as that of Wales, which is spelled with invisible letters."""

_EMOJI = LazyPattern("[\u00a9\u00ae\u203c-\u3299\ufe0f\U0001f000-\U0001faff]")
_JOINING = LazyPattern("[\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\ua800-\uabff]")
"""Scripts, such as Persian and Hindi, that are written with joiners."""

_WITHOUT_SPACES = LazyPattern("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
"""Scripts, such as Thai, in which an invisible space says where a line may break."""

_RIGHT_TO_LEFT = LazyPattern("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_IDEOGRAPH = LazyPattern("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class Bare(NamedTuple):
    """A text without invisible characters, and where each of its characters was."""

    text: str
    positions: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where these characters were, with what is invisible between them."""
        return self.positions[start], self.positions[end - 1] + 1


def bare(text: str) -> Bare:
    """Return the text without invisible characters, even those that the text explains."""
    if text.isascii() or not _UNSEEN.search(text):
        return Bare(text, range(len(text)))
    positions = [position for position, char in enumerate(text) if not _UNSEEN.match(char)]
    return Bare("".join(map(text.__getitem__, positions)), positions)


def hidden(text: str) -> Iterator[re.Match[str]]:
    """Yield each run of hidden characters that the text around it does not explain."""
    if text.isascii():
        return
    for match in _HIDDEN.finditer(text):
        if not _is_explained(text, match):
            yield match


def _is_explained(text: str, match: re.Match[str]) -> bool:
    run, before = match[0], text[match.start() - 1 : match.start()]
    after = text[match.end() : match.end() + 1]
    if judge := _JUDGES.get(run):
        return judge(before, after, text)
    if len(run) == 1 and "\U000e0100" <= run <= "\U000e01ef":
        return bool(_IDEOGRAPH.match(before))
    flag = _FLAG.match(text, match.start() - 1) if before else None
    return flag is not None and flag.end() == match.end()


def _joins(before: str, after: str, _: str) -> bool:
    is_emoji = bool(_EMOJI.match(before) and _EMOJI.match(after))
    return is_emoji or bool(_JOINING.match(before))


def _separates(before: str, _: str, __: str) -> bool:
    return bool(_JOINING.match(before))


def _breaks(before: str, after: str, _: str) -> bool:
    return bool(_WITHOUT_SPACES.match(before) and _WITHOUT_SPACES.match(after))


def _directs(_: str, __: str, text: str) -> bool:
    return bool(_RIGHT_TO_LEFT.search(text))


_JUDGES: Final = {
    "\u200b": _breaks,
    "\u200c": _separates,
    "\u200d": _joins,
    "\u200e": _directs,
    "\u200f": _directs,
}
"""Character → whether the character before, the one after, and the text explain it."""
