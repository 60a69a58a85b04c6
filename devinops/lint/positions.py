"""Where the characters of a text are in its file, whatever YAML did to them. Pure.

YAML removes indentation, folds lines, and has quotes and escapes. So a text is followed through the
lines of its file, word for word, in time that grows with its length.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from devinops.model.objects import Source
from devinops.model.patterns import LazyPattern

_BLANK: Final = " \t\r\n\x85\u2028\u2029"
_WORD: Final = LazyPattern(f"[^{_BLANK}]+")
_SPACE: Final = LazyPattern(f"[{_BLANK}]*")
_PROPERTIES: Final = LazyPattern(r"(?:[&!]\S*\s+)*")
_ESCAPE: Final = LazyPattern(
    r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.)|$)", re.DOTALL
)
_CONTINUED: Final = LazyPattern(r"\\\s*$")
_ESCAPED: Final = dict(
    zip("0abtnvfreN_LP", "\0\a\b\t\n\v\f\r\x1b\x85\xa0\u2028\u2029", strict=True)
)


class _Piece(NamedTuple):
    """Characters of the text from `start` to `end`, which follow each other in a line."""

    start: int
    end: int
    row: int
    column: int


class Positions:
    """The positions of the characters of a text that begins at `source` in the lines of a file.

    A text that is not there, for example because it has tags, has its characters at `source`.
    """

    def __init__(self, lines: Sequence[str], source: Source, text: str) -> None:
        self._lines, self._source, self._text = lines, source, text
        self._starts: list[int] = []
        self._pieces: list[_Piece] = []
        self._rest = self._find()

    def source(self, offset: int) -> Source:
        """Return where the character at an offset of the text is."""
        word = _WORD.search(self._text, offset)
        piece = self._piece(word.start()) if word else None
        if word is None or piece is None:
            return self._source
        column = piece.column + word.start() - piece.start
        before = self._text[offset : word.start()]
        start = column - len(before)
        if start >= 0 and self._lines[piece.row].startswith(before, start):
            # White space before a word is in the file as it is, unless YAML folded or removed it.
            column = start
        return Source(self._source.path, piece.row + 1, column + 1)

    @property
    def is_found(self) -> bool:
        """Whether the text is in the file at its source."""
        word = _WORD.search(self._text)
        return word is None or self._piece(word.start()) is not None

    def _piece(self, offset: int) -> _Piece | None:
        """Return the piece with a character; the text is followed no further than needed."""
        while not (self._pieces and offset < self._pieces[-1].end):
            piece = next(self._rest, None)
            if piece is None:
                return None
            self._starts.append(piece.start)
            self._pieces.append(piece)
        return self._pieces[bisect_right(self._starts, offset) - 1]

    def _find(self) -> Iterator[_Piece]:
        """Yield the pieces of the text, in quotes or without them; none if it is not there."""
        for has_quotes in (True, False):
            pieces = _Walk(self._lines, self._source, has_quotes=has_quotes).pieces(self._text)
            first = next(pieces, None)
            if first:
                yield first
                yield from pieces
                return


class _Walk:
    """A way through the lines of a file."""

    def __init__(self, lines: Sequence[str], source: Source, *, has_quotes: bool) -> None:
        self._lines = lines
        self._row, self._column = source.line - 1, source.column - 1
        self._quote = ""
        if has_quotes:
            properties = _PROPERTIES.match(self._line, self._column)
            self._column = properties.end() if properties else self._column
            quote = self._line[self._column : self._column + 1]
            if quote in ('"', "'"):
                self._quote = quote
                self._column += 1

    @property
    def _line(self) -> str:
        return self._lines[self._row] if self._row < len(self._lines) else ""

    def pieces(self, text: str) -> Iterator[_Piece]:
        """Yield the pieces of the text, up to a word that is not next in the file."""
        start = 0
        for line in text.split("\n"):
            # Most lines are in the file as they are.
            stripped = line.strip(_BLANK)
            begin = start + line.find(stripped)
            if stripped and (piece := self._plain(stripped, begin)):
                yield piece
            elif stripped:
                for match in _WORD.finditer(line):
                    word, end = match[0], start + match.end()
                    piece = self._plain(word, end - len(word))
                    pieces = [piece] if piece else list(self._characters(word, end - len(word)))
                    yield from pieces
                    if not pieces or pieces[-1].end < end:
                        return
            start += len(line) + 1

    def _plain(self, text: str, start: int) -> _Piece | None:
        """Return the piece of the text without escapes, if it is next."""
        self._skip_space()
        is_escaped = self._quote and (self._quote in text or "\\" in text)
        if is_escaped or not self._line.startswith(text, self._column):
            return None
        piece = _Piece(start, start + len(text), self._row, self._column)
        self._column += len(text)
        return piece

    def _characters(self, word: str, start: int) -> Iterator[_Piece]:
        """Yield a piece for each character of a word in quotes, as far as they are next."""
        for offset, char in enumerate(word if self._quote else "", start):
            if self._quote == '"':
                self._skip_line_end()
            decoded, length = self._next()
            if decoded != char:
                return
            yield _Piece(offset, offset + 1, self._row, self._column)
            self._column += length

    def _next(self) -> tuple[str, int]:
        """Return the next character, and the number of characters that stand for it."""
        char = self._line[self._column : self._column + 1]
        if self._quote == "'" == char:
            return char, 2
        escape = _ESCAPE.match(self._line, self._column) if self._quote == '"' else None
        if not escape:
            return char, 1
        number = escape[1] or escape[2] or escape[3]
        plain = escape[4] or ""
        return chr(int(number, 16)) if number else _ESCAPED.get(plain, plain), len(escape[0])

    def _skip_space(self) -> None:
        """Go to the next character that is not white space, even as an escape."""
        while self._row < len(self._lines):
            space = _SPACE.match(self._line, self._column)
            self._column = space.end() if space else self._column
            if self._column < len(self._line):
                decoded, length = self._next()
                if decoded.strip(_BLANK):
                    return
                self._column += length
            else:
                self._row, self._column = self._row + 1, 0

    def _skip_line_end(self) -> None:
        """Go to the next line if a backslash ends this one."""
        if _CONTINUED.match(self._line, self._column):
            self._row += 1
            indent = _SPACE.match(self._line)
            self._column = indent.end() if indent else 0


def search(lines: Sequence[str], source: Source, text: str) -> Source:
    """Return where the text first is in the lines of a file, from `source` on; else `source`."""
    start = source.column - 1
    for row in range(source.line - 1, len(lines)):
        if (at := lines[row].find(text, start)) >= 0:
            return Source(source.path, row + 1, at + 1)
        start = 0
    return source
