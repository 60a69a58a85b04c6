"""Writes two versions of a text as HTML, with changed words marked and equal lines folded. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from devinops.model.values import canonical_text
from devinops.render import counted
from devinops.render.changes import MAX_DIFF_LINES, text_lines
from devinops.render.escape import WHOLE
from devinops.render.html.markup import Html, joined, preformatted, tag, text
from devinops.render.line_diff import UNCOMPARED, BoundedMatcher, Work
from devinops.render.word_diff import CONTEXT_LINES, MAX_COMPARED_WORDS, Part, Row, changed

MIN_FOLD: Final = 4
"""Fewer equal lines than this are shown and not folded."""
MAX_LINES: Final = 40
"""A text of one side that has more lines is folded after `MAX_LINES`."""


def difference(before: str, after: str) -> Html:
    """Return two versions of a text, line by line.

    Added and removed lines are `ins` and `del`, and both have numbers. Without a style sheet and
    without a script it is still a unified diff.
    """
    old, new = canonical_text(before).split("\n"), canonical_text(after).split("\n")
    if len(old) + len(new) > MAX_DIFF_LINES:
        return joined(
            tag("p", "Too many lines to compare here.", class_="hint"),
            fold(f"before: {counted(len(old), 'line')}", _text(old)),
            fold(f"after: {counted(len(new), 'line')}", _text(new)),
        )
    is_long = max(len(old), len(new)) >= 1_000
    gutter = "{:>5} {:>5} {}" if is_long else "{:>3} {:>3} {}"
    return tag("div", *_pieces(old, new, gutter), class_="long diff" if is_long else "diff")


def _pieces(old: Sequence[str], new: Sequence[str], gutter: str) -> Iterator[Html]:
    """Yield the blocks of lines that are shown, and between them those that are folded.

    `gutter` is the format of both numbers and of the sign before a line.
    """
    lines: list[Html] = []
    matcher, work = BoundedMatcher(old, new), Work(MAX_COMPARED_WORDS)
    steps = matcher.get_opcodes()
    if not matcher.work.is_done:
        yield tag("p", f"{UNCOMPARED.capitalize()}.", class_="hint")
    for step, start, end, new_start, new_end in steps:
        if step != "equal":
            rows = changed(old[start:end], new[new_start:new_end], work)
            pair = _changed_lines(rows, start + 1, new_start + 1, gutter)
            lines.append(tag("span", *pair, class_="pair"))
            continue
        head, tail = _shown(end - start, is_first=start == 0, is_last=end == len(old))
        equal = [(start + n + 1, new_start + n + 1, old[start + n]) for n in range(end - start)]
        lines += [_equal_line(*line, gutter) for line in equal[:head]]
        if folded := equal[head : len(equal) - tail]:
            yield from _block(lines)
            yield _fold(folded)
            lines = []
        lines += [_equal_line(*line, gutter) for line in equal[head + len(folded) :]]
    yield from _block(lines)


def _shown(number: int, *, is_first: bool, is_last: bool) -> tuple[int, int]:
    """Return how many of `number` equal lines are shown at their start, and at their end."""
    head, tail = 0 if is_first else CONTEXT_LINES, 0 if is_last else CONTEXT_LINES
    return (head, tail) if number - head - tail >= MIN_FOLD else (number, 0)


def _block(lines: Sequence[Html]) -> Iterator[Html]:
    if lines:
        yield tag("pre", *lines)


def _equal_line(old: int, new: int, line: str, gutter: str) -> Html:
    return tag("span", _tabbed(line), Html("\n"), data_gutter=gutter.format(old, new, " "))


def _changed_lines(rows: Iterator[Row], old: int, new: int, gutter: str) -> Iterator[Html]:
    for symbol, parts in rows:
        if symbol == "-":
            yield tag("del", *_marked(parts), Html("\n"), data_gutter=gutter.format(old, "", "-"))
            old += 1
        else:
            yield tag("ins", *_marked(parts), Html("\n"), data_gutter=gutter.format("", new, "+"))
            new += 1


def _fold(lines: Sequence[tuple[int, int, str]]) -> Html:
    """Return equal lines, folded, and without an element for each: a text can have thousands."""
    content = preformatted([_tabbed(line) for _, _, line in lines])
    first, last = lines[0][1], lines[-1][1]
    return fold(f"{counted(len(lines), 'unchanged line')}: {first} to {last}", content)


def fold(title: str, *content: Html) -> Html:
    """Return content that is hidden until it is opened."""
    return tag("details", tag("summary", title), *content, class_="fold")


def _marked(parts: Sequence[Part]) -> Iterator[Html]:
    """Yield the parts of a changed line, with its white space visible."""
    whole = "".join(part.text for part in parts)
    words, start = len(whole.rstrip(" ")), 0
    is_partial = not all(part.changed for part in parts)
    for part in parts:
        end = max(words - start, 0)
        spaces = Html("<b> </b>" * len(part.text[end:]))
        shown = joined(_tabbed(part.text[:end], '<b class="tab">\t</b>'), spaces)
        yield tag("mark", shown) if part.changed and is_partial else shown
        start += len(part.text)


def _tabbed(line: str, tab: str = "\t") -> Html:
    return Html(tab.join(text(piece, WHOLE) for piece in line.split("\t")))


def whole(value: str) -> Html:
    """Return a text of one side only; a long one is folded after `MAX_LINES`."""
    lines = text_lines(value)
    if len(lines) < MAX_LINES + MIN_FOLD:
        return _text(lines)
    rest = lines[MAX_LINES:]
    return joined(_text(lines[:MAX_LINES]), fold(f"{len(rest)} more lines", _text(rest)))


def _text(lines: Sequence[str]) -> Html:
    return preformatted(list(map(_tabbed, lines)), class_="text")
