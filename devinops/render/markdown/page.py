"""Puts a Markdown document together: a summary that is always whole, and details that fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Final, NamedTuple

from devinops.model.objects import Problem, Source
from devinops.model.selectors import ALL
from devinops.model.target import Target
from devinops.render import Style, counted
from devinops.render.answers import LintDetails
from devinops.render.comment_marker import TOP, Marker, write
from devinops.render.findings import NO_LINT
from devinops.render.markdown.budget import COMMENT_LIMIT, MIN_LIMIT, Budget, fair, size
from devinops.render.markdown.changes import Block, Details, details
from devinops.render.markdown.escape import MAX_TEXT, code, prose, safe_url
from devinops.render.problem_text import quoted, repeated

MAX_URL: Final = 1_000
MAX_OPEN: Final = 10
"""If a section has more changes, it is folded as a whole."""
MAX_LINES: Final = 25
"""If a list in an alert is longer, its end is folded."""
LEAST: Final = 2_000
"""How many bytes of details each change may have before others get more."""
LINES_SHARE: Final = 0.75
"""The most that lines take of the space: a change that is not listed is worse than one without its
details."""
_NOTICE: Final = 700
"""How many bytes the sentence about what is left out may take, with the address of the job."""
_LINE_END: Final = 2
_FOLD: Final = len("<details><summary></summary>\n\n\n\n</details>\n- … and 100000 more\n")


_LOG: Final = "[the log of the job]"


def without_job(text: str) -> str:
    """Return a document without the address of the job that wrote it, which differs in each run."""
    return re.sub(rf"{re.escape(_LOG)}\([^)\n]*\)", _LOG, text)


class Item(NamedTuple):
    """One change in a section: a `line` without details, and how its details are made.

    `summary` is HTML, `about` Markdown. `blocks` is called if there may be space for them. Instead
    of both, an item has `rows`, which its fold holds.
    """

    line: str
    summary: str = ""
    about: str = ""
    blocks: Callable[[], Iterable[Block]] | None = None
    rows: Sequence[Item] = ()


class Section(NamedTuple):
    """Changes under one title; `intro` is Markdown before them.

    Whether it `is_open` or folded depends on the number of its items, unless that is given.
    """

    title: str
    items: Sequence[Item]
    intro: str = ""
    is_open: bool | None = None


@dataclass(frozen=True)
class MarkdownPage:
    """What all parts of a document need: how people want to read it, and where it is posted.

    `keys` are those that its sentences can name, as they are shown. `reserved` is the number of
    bytes that are taken already. `lint` is what lint knows about the problems. `show` is the
    command that shows what does not fit.
    """

    style: Style
    keys: frozenset[str] = frozenset()
    reserved: int = 0
    lint: LintDetails = NO_LINT
    show: str = ""

    @property
    def limit(self) -> int:
        limit = self.style.limit
        return (COMMENT_LIMIT if limit is None else max(limit, MIN_LIMIT)) - self.reserved

    def marker(self, target: Target | None, digest: str | None = None) -> str:
        """Return the first line of a document about a target, or about many."""
        organization = None if target is None or target.enterprise else target.org_id
        name = target.name if target else ALL
        return write(Marker(name, organization, digest, self.commit, self._root))

    def failure_marker(self, target: str) -> str:
        """Return the first line of a document about a run that failed; `target` may be empty."""
        return write(Marker(target or None, commit=self.commit, root=self._root))

    @property
    def _root(self) -> str:
        return self.style.below or TOP

    def where(self, target: str) -> str:
        """Return the name of a target, with its root if that is not the top of the checkout."""
        below = self.style.below
        return f"{prose(target)} ({code(below, 100)})" if below else prose(target)

    @property
    def commit(self) -> str | None:
        """The commit that people review, None outside CI."""
        return (self.style.job.commit or None) if self.style.job else None

    def prose(self, text: str, most: int = MAX_TEXT) -> str:
        """Return a sentence that is safe, with each key in it as one code span."""
        return prose(text, most, self.keys)

    def location(self, source: Source | None, *, column: bool = False, gone: bool = False) -> str:
        """Return where something is written, as a link if there is an address; may be empty.

        What is `gone` may be in the base of the request only.
        """
        if source is None:
            return ""
        label = code(str(source) if column else f"{source.path}:{source.line}")
        url = safe_url(self.style.source_url(source.path, source.line, gone=gone))
        return f"[{label}]({url})" if 0 < len(url) <= MAX_URL else label

    def problem(self, problem: Problem) -> str:
        """Return a list item about a problem in a file, with the line and how often it repeats."""
        location = self.location(problem.source, column=True)
        message = self.prose(problem.message, 600)
        excerpt, more = quoted(problem, self.lint), repeated(problem, self.lint)
        line = ", ".join(filter(None, (excerpt and code(excerpt), more)))
        text = f"- {location}: **{problem.severity}**: {message} {code(problem.code)}"
        return f"{text}<br>{line}" if line else text


def alert(kind: str, title: str, lines: Sequence[str], outro: str = "") -> str:
    """Return a block that stands out; `kind` is one that both hosts know, such as CAUTION.

    The end of a long list is folded.
    """
    rows = [f"[!{kind}]", f"**{title}**", "", *lines[:MAX_LINES]]
    if rest := lines[MAX_LINES:]:
        rows += ["", f"<details><summary>{len(rest)} more</summary>", "", *rest, "", "</details>"]
    rows += ["", outro] if outro else []
    return "\n".join(f"> {row}".rstrip() for row in "\n".join(rows).split("\n"))


def document(
    page: MarkdownPage,
    summary: Sequence[str],
    sections: Sequence[Section],
    end: Sequence[str] = (),
    unlisted: int = 0,
) -> Iterator[str]:
    """Yield a document: its summary and end whole, and between them as many details as fit.

    So many rows are `unlisted` already.
    """
    start, finish = (f"{text}\n" for text in ("\n\n".join(summary), "\n\n".join(end)))
    budget = Budget(page.limit - size(start) - size(finish) - _NOTICE)
    body = _Body(budget, unlisted)
    text = body.fill(sections)
    yield start
    if notice := body.notice(page):
        yield f"\n{notice}\n"
    yield text
    if end:
        yield f"\n{finish}"


@dataclass
class _Body:
    """The details of a document while they are made."""

    budget: Budget
    unlisted: int = 0
    brief: int = 0
    shortened: int = 0

    def fill(self, sections: Sequence[Section]) -> str:
        """Return the text of the sections. Each has at least its title and a number."""
        sections = [section for section in sections if section.items]
        self.budget.left -= sum(map(heading_size, sections))
        listed = self._listed([list(_with_rows(section.items)) for section in sections])
        # A long section takes no details from a short one.
        order = sorted(range(len(listed)), key=lambda n: len(listed[n]))
        details = iter(self._details([item for n in order for item in listed[n]]))
        texts = {n: [next(details) for _ in listed[n]] for n in order}
        return "".join(self._section(each, iter(texts[n])) for n, each in enumerate(sections))

    def _listed(self, sections: Sequence[Sequence[Item]]) -> list[Sequence[Item]]:
        """Return for each section the items that have at least a line.

        Lines take at most `LINES_SHARE` of the space, so that there are details too.
        """
        needs = [sum(map(line_size, items)) for items in sections]
        shares = fair(needs, int(self.budget.left * LINES_SHARE))
        listed: list[Sequence[Item]] = []
        for items, share in zip(sections, shares, strict=True):
            lines = Budget(share)
            number = sum(1 for _ in takewhile(lines.take, map(line_size, items)))
            listed.append(items[:number])
            self.budget.left -= share - lines.left
            for item in items[number:]:
                self.unlisted += bool(item.line)
                self.brief += not item.line
        return listed

    def _section(self, section: Section, texts: Iterator[str]) -> str:
        body = self._rows(section.items, texts)
        if section.intro:
            body = f"{section.intro}\n\n{body}"
        is_short = len(section.items) <= MAX_OPEN
        if is_short if section.is_open is None else section.is_open:
            return f"\n### {section.title}\n\n{body}"
        title = f"<summary><b>{section.title}</b></summary>"
        return f"\n<details>{title}\n\n{body}\n</details>\n"

    def _rows(self, items: Sequence[Item], texts: Iterator[str]) -> str:
        """Return items in their order. The details of each item and of its rows come from `texts`.

        An item without a line is shown only with its details. Where the texts end, the others are
        counted.
        """
        shown: list[tuple[bool, str]] = []
        for item, text in zip(items, texts, strict=False):
            if item.rows:
                rows = self._rows(item.rows, texts)
                about = f"{item.about}\n\n" if item.about else ""
                start = f"<details><summary>{item.summary}</summary>\n\n{about}"
                shown.append((True, f"{start}{rows}\n</details>\n"))
            elif text:
                shown.append((True, text))
            else:
                self.brief += item.blocks is not None
                shown += [(False, f"{item.line}\n")] if item.line else []
        if left_out := len(items) - len(shown):
            shown.append((False, f"- … and {left_out} more\n" if shown else "(not shown here)\n"))
        groups = groupby(shown, key=lambda row: row[0])
        return "\n".join("".join(text for _, text in group) for _, group in groups)

    def _details(self, items: Sequence[Item]) -> list[str]:
        """Return the folded details of items, each empty if there is no space for them.

        In their order, each takes up to `LEAST` bytes until one does not fit. What is left then
        goes to those that need more.
        """
        most, is_full = self.budget.left, False
        texts: list[Details | None] = []
        needs: dict[int, int] = {}
        for number, item in enumerate(items):
            made = None if is_full else _made(item, most)
            cost = size(made.text) - size(item.line) if made else 0
            if made and not self.budget.take(min(cost, LEAST)):
                made, is_full = None, True
            elif cost > LEAST:
                needs[number] = cost - LEAST
            texts.append(made)
        shares = fair(list(needs.values()), self.budget.left)
        self.budget.left -= sum(shares)
        for (number, need), share in zip(needs.items(), shares, strict=True):
            if share < need:
                texts[number] = _made(items[number], LEAST + share)
        self.shortened = sum(made.cut for made in texts if made)
        return [made.text if made else "" for made in texts]

    def notice(self, page: MarkdownPage) -> str:
        """Return a sentence about what is left out; empty if nothing is."""
        parts = (
            (self.shortened, "is shortened", "are shortened"),
            (self.brief, "has no details", "have no details"),
            (self.unlisted, "is not listed", "are not listed"),
        )
        left_out = [(number, one if number == 1 else many) for number, one, many in parts if number]
        if not left_out:
            return ""
        (first, what), *others = left_out
        rest = "".join(f", {number} {what}" for number, what in others)
        job = page.style.job
        log = f" More is in {_LOG}({job.job_url})." if job and job.job_url else ""
        return (
            f"**This page is shortened** to fit here: {counted(first, 'row')} {what}{rest}.{log} "
            f"{code(page.show)} and the page of `--report html=FILE` show "
            "everything."
        )


def _made(item: Item, most: int) -> Details | None:
    """Return the details of an item in `most` bytes and those of its line; None if none fit."""
    if item.blocks is None:
        return None
    return details(item.summary, item.about, item.blocks(), most + size(item.line))


def _with_rows(items: Iterable[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _with_rows(item.rows)


def line_size(item: Item) -> int:
    """Return the bytes of an item without its details. The fold of one with rows is there."""
    if item.rows:
        return size(item.summary) + size(item.about) + _FOLD
    return size(item.line) + _LINE_END


def heading_size(section: Section) -> int:
    """Return how many bytes a section takes at most beside its items."""
    tags = len("\n<details><summary><b></b></summary>\n\n\n\n\n</details>\n… and 100000 more\n\n")
    return size(section.title) + size(section.intro) + tags
