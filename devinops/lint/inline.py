"""Finds code, comments and links in the paragraphs of a Markdown text, in linear time. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from devinops.model.grouping import grouped
from devinops.model.patterns import LazyPattern

_ESCAPE: Final = r"\\[!-/:-@\[-`{-~]"
_TAGS: Final = "a|audio|embed|iframe|img|link|script|source|video"
"""Those whose `href` or `src` is an address."""
_TOKEN: Final = LazyPattern(
    rf"{_ESCAPE}|`+|<!--|<[A-Za-z][A-Za-z0-9+.-]{{1,31}}:[^\s<>]*>|<(?:{_TAGS})\s[^<>]*>|!?\[|\]"
)
_ADDRESS: Final = LazyPattern(r"\b(?:href|src)\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)')")
_RUN: Final = LazyPattern("`+")
_BLANKS: Final = r"[ \t]*(?:\n[ \t]*)?"
_IN_ANGLES: Final = LazyPattern(r"<((?:[^<>\n\\]|\\.)*+)>")
_WITHOUT_PARENTHESES: Final = LazyPattern(rf"(?:{_ESCAPE}|[^\s()])++")
_TITLE: Final = r"(?:\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|\((?:[^()\\]|\\.)*+\))"
_END_OF_LINK: Final = LazyPattern(rf"{_BLANKS}(?:(?<=\s){_TITLE}{_BLANKS})?\)", re.DOTALL)
_DEFINITION: Final = LazyPattern(
    rf"[ ]{{0,3}}\[(?!\^)((?:[^\[\]\\]|\\.){{1,999}}+)\]:{_BLANKS}(<[^<>\n]*>|[^\s<]\S*+)"
    rf"(?:{_BLANKS}(?<=\s){_TITLE})?[ \t]*(?:\n|$)",
    re.DOTALL,
)
_BLANK: Final = LazyPattern(_BLANKS)
_DEEPEST: Final = 32
"""Parentheses inside each other in the path of a link: the limit of GitHub's parser."""


class TextSpan(NamedTuple):
    """A part of a text, from `start` to `end`."""

    start: int
    end: int


class Inline:
    """What is in the paragraphs of a text.

    `code` is without its backticks, `with_marks` the same with them. `targets` are the paths of
    links, images and definitions; `labels` name the definitions, in lower case.
    """

    def __init__(self) -> None:
        self.code: list[TextSpan] = []
        self.with_marks: list[TextSpan] = []
        self.comments: list[TextSpan] = []
        self.targets: list[TextSpan] = []
        self.labels: set[str] = set()

    def read(self, text: str, start: int, end: int) -> None:
        """Add what is in a paragraph."""
        while definition := _DEFINITION.compiled.match(text, start, end):
            self.labels.add(label(definition[1]))
            self.targets.append(TextSpan(*definition.span(2)))
            start = definition.end()
        _Paragraph(text, start, end, self).read()


def label(text: str) -> str:
    """Return the name by which links refer to a definition: case and white space do not count."""
    return " ".join(text.split()).casefold()


@dataclass
class _Paragraph:
    text: str
    start: int
    end: int
    into: Inline
    brackets: list[bool] = field(default_factory=list)
    """The open brackets: whether each begins an image."""
    inactive: int = 0
    """How many of them are before a link, which cannot be in another link."""

    def read(self) -> None:
        at = self.start
        while token := _TOKEN.compiled.search(self.text, at, self.end):
            at = self._read(token)

    def _read(self, token: re.Match[str]) -> int:
        """Note what begins at a token, and return where it ends."""
        match token[0][0]:
            case "`":
                return self._code(token)
            case "[" | "!":
                self.brackets.append(token[0] == "![")
            case "]":
                return self._bracket(token.end())
            case "<" if token[0] == "<!--":
                return self._comment(token)
            case "<" if address := _ADDRESS.search(token[0]):
                start, end = address.span(address.lastindex or 0)
                self.into.targets.append(TextSpan(token.start() + start, token.start() + end))
        return token.end()

    # code

    @cached_property
    def _runs(self) -> Mapping[int, Sequence[int]]:
        """Length → where the runs of that many backticks are."""
        runs = _RUN.compiled.finditer(self.text, self.start, self.end)
        return grouped((len(run[0]), run.start()) for run in runs)

    def _code(self, token: re.Match[str]) -> int:
        size = len(token[0])
        runs = self._runs.get(size, ())
        number = bisect_left(runs, token.end())
        if number == len(runs):
            return token.end()
        closing = runs[number]
        self.into.code.append(TextSpan(token.end(), closing))
        self.into.with_marks.append(TextSpan(token.start(), closing + size))
        return closing + size

    # comments

    @cached_property
    def _last_end_of_comment(self) -> int:
        return self.text.rfind("-->", self.start, self.end)

    def _comment(self, token: re.Match[str]) -> int:
        begin = token.start() + len("<!")
        if self._last_end_of_comment < begin:
            return token.end()
        end = self.text.index("-->", begin) + len("-->")
        self.into.comments.append(TextSpan(token.start(), end))
        return end

    # links

    def _bracket(self, at: int) -> int:
        """Read what follows a closing bracket."""
        if not self.brackets:
            return at
        is_image = self.brackets.pop()
        is_active = is_image or len(self.brackets) >= self.inactive
        self.inactive = min(self.inactive, len(self.brackets))
        if not is_active or not self.text.startswith("(", at, self.end):
            return at
        return self._link(at, is_image)

    def _link(self, at: int, is_image: bool) -> int:
        target = self._target(self._after_blanks(at + 1))
        closing = target and _END_OF_LINK.compiled.match(self.text, target.end, self.end)
        if not target or not closing:
            return at
        self.into.targets.append(target)
        if not is_image:
            self.inactive = len(self.brackets)
        return closing.end()

    def _after_blanks(self, at: int) -> int:
        blanks = _BLANK.compiled.match(self.text, at, self.end)
        return blanks.end() if blanks else at

    def _target(self, at: int) -> TextSpan | None:
        if self.text.startswith("<", at, self.end):
            angles = _IN_ANGLES.compiled.match(self.text, at, self.end)
            return TextSpan(*angles.span()) if angles else None
        end, depth = at, 0
        while depth <= _DEEPEST:
            if plain := _WITHOUT_PARENTHESES.compiled.match(self.text, end, self.end):
                end = plain.end()
            char = self.text[end : min(end + 1, self.end)]
            if char not in ("(", ")") or (char == ")" and not depth):
                return None if depth else TextSpan(at, end)
            depth += 1 if char == "(" else -1
            end += 1
        return None
