"""Writes what lint found as Markdown: errors first, and each rule once for an entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from devinops.model.objects import Problem
from devinops.render.answers import LintDetails
from devinops.render.findings import by_rule, worst_first
from devinops.render.markdown.escape import code
from devinops.render.markdown.page import Item, Page, Section
from devinops.render.problem_text import problem_counts, quoted, repeated


def rule_sections(page: Page, problems: Iterable[Problem], lint: LintDetails) -> Iterator[Section]:
    """Yield a section for each rule; one with errors is never folded."""
    for title, found in by_rule(problems, lint):
        rule = lint.rules.get(found[0].code)
        intro = page.prose(rule.summary) if rule else ""
        items = _items(page, found, lint, brief=True)
        yield Section(title, items, intro, is_open=found[0].is_error)


def finding_section(
    page: Page, title: str, problems: Sequence[Problem], lint: LintDetails
) -> Section:
    """Return findings that do not make the run fail, errors first; empty if there are none."""
    ordered = worst_first(problems, lint)
    intro = f"Compared with {code(lint.since, 100)}. They do not make this run fail."
    return Section(f"{title}: {problem_counts(problems)}", _items(page, ordered, lint), intro)


def _items(
    page: Page, problems: Iterable[Problem], lint: LintDetails, *, brief: bool = False
) -> list[Item]:
    """Return findings, each with the line that it is about and how often it repeats."""
    return [
        Item("<br>".join((page.problem(problem, brief=brief), *_more(problem, lint))))
        for problem in problems
    ]


def _more(problem: Problem, lint: LintDetails) -> Iterator[str]:
    excerpt, more = quoted(problem, lint), repeated(problem, lint)
    if excerpt or more:
        yield ", ".join(filter(None, (excerpt and code(excerpt), more)))
