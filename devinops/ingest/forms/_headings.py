"""Headings of a Markdown text, and what they say: a title, when to use the text, its sections."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

LONGEST_TITLE: Final = 500
LONGEST_LINE: Final = 5_000
"""Characters of a line with a label, and of the comments above a title; expressions are slow."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}=+[ \t]*$")
_LABEL: Final = r"(?:trigger|when to use|use when)(?:\*\*|__)?[ \t]*[:：]|(?<=>)[ \t]*when[:：]"
_LABELED = re.compile(
    rf"[ \t]*>?[ \t]*(?:[-*][ \t]+)?(?:\*\*|__)?(?:{_LABEL})(?:\*\*|__)?[ \t]*(\S.*)$",
    re.IGNORECASE,
)
_SAYS_WHEN = re.compile(
    r"(?:when|whenever|before|after|while|if|use (?:this|it|when))\b", re.IGNORECASE
)
_TRIGGER_HEADING = re.compile(r"trigger(?: description)?:?$", re.IGNORECASE)
_FIRST_LINES: Final = 12
"""The lines in which a label such as `Trigger:` is about the whole text."""
_WHEN_HEADING = re.compile(r"(?:when to use\b.*|use (?:this )?when\b.*)$", re.IGNORECASE)


@dataclass(frozen=True)
class Heading:
    """A heading: its level, its title without markup, and the offsets of its line."""

    level: int
    title: str
    start: int
    end: int


def headings(text: str) -> Iterator[Heading]:
    """Yield the headings of the text, without those in blocks of code and in comments."""
    before = ""
    at = 0
    for at, line, is_text in _lines(text):
        heading = _HEADING.match(line) if is_text else None
        if heading:
            yield Heading(len(heading[1]), plain(heading[2] or ""), at, at + len(line))
        elif is_text and _UNDERLINE.match(line) and before.strip() and not _HEADING.match(before):
            yield Heading(1, plain(before), at - len(before) - 1, at + len(line))
        before = line if is_text else ""


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield offset and text of each line, and whether it is in no block of code or comment."""
    fence, is_comment, at = "", False, 0
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if is_comment:
            is_comment = "-->" not in line
            yield at, line, False
        elif fence:
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
            yield at, line, False
        else:
            fence = mark[1] if mark else ""
            is_comment = line.lstrip().startswith("<!--") and "-->" not in line
            yield at, line, not (mark or is_comment)
        at += len(line) + 1


def plain(markup: str) -> str:
    """Return the words of a heading, without the markup of Markdown."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markup[:LONGEST_TITLE])
    text = re.sub(r"(\*\*|__|`)(.*?)\1", r"\2", text)
    return " ".join(text.split()).strip(" #*:")


def title(text: str) -> str:
    """Return the only heading of level 1, if nothing but comments is above it; else empty."""
    tops = [heading for heading in headings(text) if heading.level == 1]
    return tops[0].title if len(tops) == 1 and not _has_words(text[: tops[0].start]) else ""


def _has_words(text: str) -> bool:
    """Return whether the text has anything but comments."""
    if len(text) <= LONGEST_LINE:
        text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    return bool(text.strip())


# --- when to use a text -------------------------------------------------------------------------


@dataclass(frozen=True)
class When:
    """When to use a text, as the text itself says it.

    `text` is the text without the lines that only say it. `origin` says where these lines stood.
    """

    when: str
    text: str
    origin: str


def when(text: str) -> When | None:
    """Return when to use the text, if the text says so in one of the usual ways.

    These are a line or quote that begins with `Trigger:` or `When to use:` above the second
    heading; a quote there that begins with a word such as `When`; and a section named `Trigger` or
    `When to use …`. A labeled line, and a section `Trigger` that says only that, are metadata, and
    are taken out; anything else remains a part of the text.
    """
    outline = list(headings(text))
    return _labeled(text, outline) or _section(text, outline) or _quoted(text, outline)


def _top(text: str, outline: list[Heading]) -> int:
    """Return the end of the part in which a text may describe itself: up to the second heading."""
    own = [heading for heading in outline if not text[: heading.start].strip()]
    rest = [heading for heading in outline if heading not in own]
    return rest[0].start if rest else len(text)


def _labeled(text: str, outline: list[Heading]) -> When | None:
    end = _top(text, outline)
    rows = [(at, line) for at, line, is_text in _lines(text[:end]) if is_text]
    for number, (at, line) in enumerate(rows[:_FIRST_LINES]):
        label = _LABELED.match(line) if len(line) <= LONGEST_LINE else None
        if not label:
            continue
        words, stop = [label[1]], at + len(line)
        for below, more in rows[number + 1 :]:
            is_same = more.lstrip().startswith(">") == line.lstrip().startswith(">")
            if not is_same or not more.strip("> \t") or below != stop + 1:
                break
            words.append(more.strip("> \t"))
            stop = below + len(more)
        return When(_sentence(" ".join(words)), _without(text, at, stop), "a line with a label")
    return None


def _section(text: str, outline: list[Heading]) -> When | None:
    for number, heading in enumerate(outline):
        is_trigger = bool(_TRIGGER_HEADING.match(heading.title))
        if not is_trigger and not _WHEN_HEADING.match(heading.title):
            continue
        end = outline[number + 1].start if number + 1 < len(outline) else len(text)
        words, is_all = _first_block(text[heading.end : end])
        if words:
            rest = _without(text, heading.start, end) if is_trigger and is_all else text
            return When(words, rest, f'the section "{heading.title}"')
    return None


def _quoted(text: str, outline: list[Heading]) -> When | None:
    rows = []
    for _, line, _ in _lines(text[: _top(text, outline)]):
        if line.lstrip().startswith(">"):
            rows.append(line.strip("> \t"))
        elif rows or (line.strip() and not _HEADING.match(line)):
            break
    words = _sentence(" ".join(rows))
    return When(words, text, "a quote") if _SAYS_WHEN.match(words) else None


def _first_block(text: str) -> tuple[str, bool]:
    """Return the first paragraph of a section, with the list below it, as one line.

    Also return whether the section has nothing else.
    """
    blocks = [block.strip() for block in re.split(r"\n[ \t]*\n", text) if block.strip()]
    has_list = len(blocks) > 1 and re.match(r"[-*+] |\d+[.)] ", blocks[1])
    size = 2 if has_list else 1
    rows = "\n".join(blocks[:size]).split("\n")
    items = [re.sub(r"^[ \t>]*(?:[-*+]|\d+[.)])[ \t]+", "", row) for row in rows]
    is_list = any(item != row for item, row in zip(items, rows, strict=True))
    words = "; ".join(items).replace(":;", ":") if is_list else " ".join(items)
    return _sentence(words), len(blocks) <= size


def _sentence(text: str) -> str:
    return " ".join(text.replace("**", "").strip("> \t").split())


def _without(text: str, start: int, end: int) -> str:
    """Return the text without some of its lines, and without the blank lines that follow them."""
    return text[:start] + text[end:].lstrip("\n")


# --- sections -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TextSection:
    """A part of a text from one heading to the next; `line` is the line at which it begins.

    The title is empty for the part that introduces the others.
    """

    title: str
    text: str
    line: int


def sections(text: str) -> list[TextSection]:
    """Return the sections of the text, split at headings of level 2, and the text above them.

    If there are fewer than two of these, it is split at the highest level that has two. A section
    with only a heading is left out, and comments at the top belong to the first one. If there are
    several headings of a higher level, the title of a section begins with the one that it is under.
    Empty if the text cannot be split.
    """
    cuts = _cuts(list(headings(text)))
    if not cuts:
        return []
    level = max(heading.level for heading in cuts)
    tops = [heading for heading in cuts if heading.level < level]
    bounds = [*(heading.start for heading in cuts), len(text)]
    parts, above, group = [], text[: bounds[0]], ""
    if _has_words(above):
        parts.append(TextSection("", above, 1))
    else:
        bounds[0] = 0
    for heading, (start, end) in zip(cuts, pairwise(bounds), strict=True):
        group = heading.title if heading in tops else group
        if text[heading.end : end].strip():
            line = text[: heading.start].count("\n") + 1
            parts.append(TextSection(_section_name(heading, tops, group), text[start:end], line))
    return parts


def _section_name(heading: Heading, tops: Sequence[Heading], group: str) -> str:
    """Return the name of a section; empty for that under the only title of the text."""
    if heading in tops:
        return "" if len(tops) == 1 else heading.title
    return f"{group}: {heading.title}" if len(tops) > 1 and group else heading.title


def _cuts(outline: list[Heading]) -> list[Heading]:
    """Return the headings at which to split: those of the chosen level, and of higher ones."""
    counts = Counter(heading.level for heading in outline)
    level = next((level for level in (2, *sorted(counts)) if counts[level] > 1), 0)
    return [heading for heading in outline if heading.level <= level]
