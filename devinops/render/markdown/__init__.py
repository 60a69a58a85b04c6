"""Writes answers as Markdown for pull and merge requests, below the limit of a comment.

The first line of a document about a target, and of one about a failure, is its marker: see
`devinops/render/comment_marker.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from devinops.model.objects import Problem
from devinops.render import Style, answers, counted
from devinops.render.commands import named_keys
from devinops.render.differences import difference_blocks
from devinops.render.escape import line
from devinops.render.findings import lint_of
from devinops.render.markdown.budget import fitting
from devinops.render.markdown.escape import code, fenced
from devinops.render.markdown.page import (
    Item,
    MarkdownPage,
    Section,
    alert,
    document,
    finding_section,
    rule_sections,
)
from devinops.render.markdown.run import report_document, section
from devinops.render.problem_text import parted, problem_counts
from devinops.render.run_report import report_of


def render(answer: answers.Answer, style: Style) -> Iterator[str]:
    """Yield an answer as one Markdown document of at most `style.limit` bytes."""
    page = MarkdownPage(style)
    match answer:
        case answers.RunAnswer():
            # A document is read alone, and a comment after those of other runs.
            return report_document(page, report_of(answer._replace(is_alone=True), style))
        case answers.ProblemsAnswer():
            return _problems(page, answer)
        case answers.Differences():
            keys = frozenset(line(str(key)) for key in named_keys(answer))
            return _differences(replace(page, keys=keys), answer)
        case answers.Failure():
            return _failure(page, answer)
        case answers.SimpleAnswer() | answers.RolloutAnswer():
            return _simple(page, answer.lines)


def _failure(page: MarkdownPage, failure: answers.Failure) -> Iterator[str]:
    head = f"{page.failure_marker(failure.target)}\n"
    where = f" for {page.where(failure.target)}" if failure.target else page.in_root
    if not failure.problems:
        text = alert("CAUTION", "Nothing was written", [page.prose(failure.error, 2_000)])
        return document(page, [f"{head}## Failed{where}", text], [])
    title = f"Cannot plan{where}: {problem_counts(failure.problems)}"
    summary = [f"{head}## {title}", "Nothing was written. Fix these files, and plan again."]
    return document(page, summary, [_problem_section(page, failure.problems)], noun="problem")


def _problems(page: MarkdownPage, answer: answers.ProblemsAnswer) -> Iterator[str]:
    entries, files = counted(answer.entries, "entry", "entries"), counted(answer.files, "file")
    lint = lint_of(answer)
    deciding, informing = parted(answer.problems, lint)
    title = problem_counts(deciding) if deciding else "No problems"
    since = f", in entries that changed since {code(lint.since, 100)}" if lint.since else ""
    elsewhere = f"; {answer.elsewhere} problems elsewhere, not shown" if answer.elsewhere else ""
    summary = [f"## {title}{since}", f"{entries} in {files}{elsewhere}"]
    if answer.lint:
        others = finding_section(page, "In entries that did not change", informing, lint)
        sections = [*rule_sections(page, deciding, lint), others]
    else:
        sections = [_problem_section(page, answer.problems)]
    return document(page, summary, sections, noun="problem")


def _problem_section(page: MarkdownPage, problems: Sequence[Problem]) -> Section:
    items = [Item(page.problem(problem)) for problem in problems]
    return Section(f"Problems: {len(items)}", items)


def _differences(page: MarkdownPage, differences: answers.Differences) -> Iterator[str]:
    sections = [section(page, block) for block in difference_blocks(differences)]
    return document(page, [f"## Not what was reviewed: {differences}"], sections)


def _simple(page: MarkdownPage, lines: Sequence[str]) -> Iterator[str]:
    """Yield lines in a fence, as many as fit."""
    rows = [line(text, 2_000) for text in lines]
    # The backticks of a line can make both fences longer.
    longest = 2 * max((row.count("`") for row in rows), default=0)
    most = page.limit - longest - 100
    yield f"{fenced(fitting(rows, len(rows), most, lambda left: f'… and {left} more lines'))}\n"
