"""How text looks in a terminal: its width, its colors by meaning, and bars of progress."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import groupby
from typing import Final, NamedTuple

from devinops.model.patterns import LazyPattern
from devinops.render.escape import line


class Look(Enum):
    """What a piece of text means, which decides its color."""

    PLAIN = "plain"
    DIM = "secondary information"
    ADDED = "added"
    CHANGED = "changed"
    MOVED = "moved or noticed"
    REPLACED = "replaced"
    REMOVED = "removed"
    WAITING = "waits for a person"
    GOOD = "good"
    WARNING = "warning"
    ERROR = "error"


PALETTE: Final = {
    Look.DIM: 243,
    Look.ADDED: 29,
    Look.CHANGED: 130,
    Look.MOVED: 63,
    Look.REPLACED: 98,
    Look.REMOVED: 131,
    Look.WAITING: 163,
    Look.GOOD: 29,
    Look.WARNING: 130,
    Look.ERROR: 131,
}
"""Look → its color among the 256 of terminals. All are readable on black and on white.

The first 16 colors are not used: they differ between terminals, and yellow is unreadable on white.
"""


class Sign(NamedTuple):
    """A sign at the start of a line, so that color is never the only signal."""

    symbol: str
    look: Look
    meaning: str


BAR_COLUMNS: Final = 30


class Span(NamedTuple):
    """A piece of text with one look; `strong` is bold, and `marked` stands out inside a line."""

    text: str
    look: Look = Look.PLAIN
    strong: bool = False
    marked: bool = False


class _Word(NamedTuple):
    """Spans without a place to break between them, and the white space before them."""

    space: Span | None
    spans: tuple[Span, ...]

    @property
    def columns(self) -> int:
        return sum(columns(span.text) for span in self.spans)


class Terminal(NamedTuple):
    """Lays out rows of text. With a `width`, rows are wrapped; without, a row is a line."""

    color: bool = False
    width: int | None = None

    def row(
        self,
        *parts: Span | str,
        sign: Sign | None = None,
        indent: int = 0,
        hang: int | None = None,
    ) -> Iterator[str]:
        """Yield the lines of one row, indented, with a sign before the first word.

        `hang` indents the second line and later ones, by default by two more columns.
        """
        spans = [part if isinstance(part, Span) else Span(part) for part in parts]
        start = [Span(" " * indent)]
        if sign:
            start += [Span(sign.symbol, sign.look), Span(" ")]
        if self.width is None:
            yield self._line([*start, *spans])
            return
        margin = Span(" " * (indent + 2 if hang is None else hang))
        used = sum(columns(span.text) for span in start)
        for number, rest in enumerate(_wrapped(spans, self.width, used, len(margin.text))):
            yield self._line([margin, *rest] if number else [*start, *rest])

    def dim(self, text: str, indent: int = 0) -> Iterator[str]:
        """Yield the lines of one row of secondary information."""
        yield from self.row(Span(text, Look.DIM), indent=indent)

    def paragraph(self, text: str) -> Iterator[str]:
        """Yield the lines of one line of untrusted text, wrapped under its own indent."""
        stripped = text.lstrip(" ")
        yield from self.row(line(stripped), indent=len(text) - len(stripped))

    def progress(self, label: str, done: int, length: int | None) -> str:
        """Return one line about work in progress: a bar if the `length` is known, else a count."""
        if length is None:
            return self._line([Span(f"{label} …"), Span(f" {done} objects", Look.DIM)])
        filled = BAR_COLUMNS * done // max(length, 1)
        bar = Span("#" * filled, Look.GOOD), Span("-" * (BAR_COLUMNS - filled), Look.DIM)
        return self._line([Span(f"{label} ["), *bar, Span(f"] {done}/{length}")])

    def _line(self, spans: Sequence[Span]) -> str:
        spans = _inert(spans)
        if not self.color:
            return "".join(span.text for span in spans).rstrip(" ")
        alike = groupby(spans, key=lambda span: span[1:])
        return "".join(
            self._paint(Span("".join(span.text for span in group), *look)) for look, group in alike
        ).rstrip(" ")

    def _paint(self, span: Span) -> str:
        """Return the text of a span with its escape codes."""
        codes = (
            "1" if span.strong else "",
            f"38;5;{PALETTE[span.look]}" if span.look in PALETTE else "",
            "7" if span.marked else "",
        )
        if not (span.text.strip() and any(codes)):
            return span.text
        return f"\x1b[{';'.join(filter(None, codes))}m{span.text}\x1b[0m"


def _inert(spans: Sequence[Span]) -> Sequence[Span]:
    """Return the spans of a line, with `::` at the start escaped: wrapping may put it there.

    A CI runner that reads the log takes it for a command, even after white space.
    """
    text = "".join(span.text for span in spans)
    if not text.lstrip().startswith("::"):
        return spans
    first = next(number for number, span in enumerate(spans) if span.text.strip())
    escaped = spans[first]._replace(text=spans[first].text.replace(":", "\\x3a", 1))
    return [*spans[:first], escaped, *spans[first + 1 :]]


def _wrapped(spans: Iterable[Span], width: int, indent: int, hang: int) -> Iterator[list[Span]]:
    """Yield the spans of each line. A word that is longer than a line stays whole."""
    row: list[Span] = []
    used = indent
    for word in _words(spans):
        space = columns(word.space.text) if word.space else 0
        if row and used + space + word.columns > width:
            yield row
            row, used = [*word.spans], hang + word.columns
        else:
            row += [word.space, *word.spans] if word.space else word.spans
            used += space + word.columns
    yield row


_WIDE = "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60"
_PIECES = LazyPattern(rf"\s+|[{_WIDE}]|[^\s{_WIDE}]+")
"""White space, one character of a script that breaks lines anywhere, or the rest of a word."""


def _words(spans: Iterable[Span]) -> Iterator[_Word]:
    space: Span | None = None
    word: list[Span] = []
    breakable = False
    for span in spans:
        for piece in _PIECES.findall(span.text):
            is_space, is_wide = piece.isspace(), _is_wide(piece[0])
            if word and (is_space or is_wide or breakable):
                yield _Word(space, tuple(word))
                space, word = None, []
            if is_space:
                space = span._replace(text=(space.text if space else "") + piece)
            else:
                word.append(span._replace(text=piece))
            breakable = is_wide
    if word:
        yield _Word(space, tuple(word))


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def columns(text: str) -> int:
    """Return how many columns of a terminal the text takes; a tab counts as eight."""
    if text.isascii():
        return len(text) + 7 * text.count("\t")
    return sum(
        8 if char == "\t" else 2 if _is_wide(char) else 0 if unicodedata.combining(char) else 1
        for char in text
    )
