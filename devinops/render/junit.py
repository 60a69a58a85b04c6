"""Writes problems as a JUnit report, which nearly every CI system shows.

There is no one schema for it. The elements and attributes here are those that Jenkins, GitLab and
Azure Pipelines read; `file` and `line` are GitLab's.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from devinops.model.objects import Problem
from devinops.render import Style, counted
from devinops.render.answers import Answer, LintDetails, ProblemsAnswer
from devinops.render.escape import line
from devinops.render.findings import error_of, lint_of, problems_of, title_of


def render(answer: Answer, style: Style) -> Iterator[str]:
    """Yield a suite with a case for each problem; failures are the problems that fail the run.

    Without a problem, one case says what was checked, because some CI systems refuse an empty
    suite.
    """
    problems, error, lint = problems_of(answer), error_of(answer), lint_of(answer)
    cases = [_case(problem, style, lint) for problem in problems]
    if error:
        cases.append(_run(f"      <error message={_attribute(error)}/>\n"))
    failures = sum(_fails(problem, lint) for problem in problems)
    numbers = f'tests="{len(cases) or 1}" failures="{failures}" errors="{int(bool(error))}"'
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="devinops" {numbers}>\n  <testsuite name="devinops" {numbers}>\n'
    files = f" in {counted(answer.files, 'file')}" if isinstance(answer, ProblemsAnswer) else ""
    yield from cases or [_run(_note(f"{counted(len(problems), 'problem')}{files}"))]
    yield "  </testsuite>\n</testsuites>\n"


def _case(problem: Problem, style: Style, lint: LintDetails) -> str:
    source, path = problem.source, _attribute(style.in_checkout(problem.source.path))
    text = f"line {source.line}, column {source.column}: {problem.message}"
    name = _attribute(title_of(problem, lint))
    head = f'name={name} classname={path} file={path} line="{source.line}"'
    if not _fails(problem, lint):
        return _element(head, _note(f"{problem.severity}: {text}"))
    message, content = _attribute(problem.message), _content(text)
    failure = f"      <failure message={message}>{content}</failure>\n"
    return _element(head, failure)


def _fails(problem: Problem, lint: LintDetails) -> bool:
    return problem.severity.reaches(lint.fail_on) and problem not in lint.informing


def _run(inside: str) -> str:
    return _element('name="run" classname="devinops"', inside)


def _element(head: str, inside: str) -> str:
    return f"    <testcase {head}>\n{inside}    </testcase>\n"


def _note(text: str) -> str:
    return f"      <system-out>{_content(text)}</system-out>\n"


def _content(text: str) -> str:
    """Return text for XML. What XML cannot hold is among what `line` escapes."""
    return escape(line(text))


def _attribute(text: str) -> str:
    return quoteattr(line(text))
