"""Makes the reports of problems in files and of runs that failed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from devinops.model.objects import Problem, Severity
from devinops.render import Style, counted
from devinops.render.answers import Failure, LintDetails, ProblemsAnswer
from devinops.render.findings import lint_of, title_of
from devinops.render.problem_text import checked, parted, problem_counts, without_repeats
from devinops.render.report import Block, Part, Report, Row
from devinops.render.run_blocks import block
from devinops.render.signs import FAILED
from devinops.render.terminal import Look


def problems_report(answer: ProblemsAnswer, style: Style) -> Report:
    """Return the report of the problems in files; those that lint found are by rule."""
    command = "lint" if answer.lint else "validate"
    verdict, look = checked(answer)
    lint = lint_of(answer)
    deciding, informing = parted(answer.problems, lint)
    blocks = _by_rule(deciding, lint) if answer.lint else _problems("Problems", deciding)
    return Report(
        title="Files",
        verdict=verdict,
        sentence=f"Files: {verdict}",
        look=look,
        blocks=(*blocks, *_informing("In entries that did not change", informing, lint)),
        lint=answer,
        show=f"devinops {command}{style.in_root} -v",
    )


def failure_report(failure: Failure) -> Report:
    """Return the report of a run that has no plan."""
    problems = failure.problems
    to_do = "Nothing was written. Fix these files, and plan again."
    row = Row(text=to_do if problems else failure.error, sign=FAILED)
    return Report(
        title=f"Failed for {failure.target}" if failure.target else "Failed",
        verdict=problem_counts(problems) if problems else "nothing was written",
        sentence=f"devinops: {failure.error}",
        look=Look.ERROR,
        blocks=(*block(Part.ERROR, "Error", [row]), *_problems("Problems", problems)),
    )


def lint_blocks(answer: ProblemsAnswer) -> Iterator[Block]:
    """Yield what lint found in the entries that a request changes, which stops no plan."""
    return _informing("Lint of the entries that changed", answer.problems, lint_of(answer))


def _informing(title: str, problems: Sequence[Problem], lint: LintDetails) -> Iterator[Block]:
    """Yield findings that do not make the run fail, errors first."""
    hint = f"Compared with `{lint.since}`. They do not make this run fail."
    title = f"{title}: {problem_counts(problems)}"
    return _problems(title, worst_first(problems, lint), hint)


def _by_rule(problems: Iterable[Problem], lint: LintDetails) -> Iterator[Block]:
    """Yield a block for each rule, errors first; repeats are only counted."""
    for _, group in groupby(worst_first(problems, lint), key=_rank):
        first, *others = group
        shown = (first, *others)
        repeats = [other for problem in shown for other in lint.repeats.get(problem, ())]
        files = counted(len({p.source.path for p in (*shown, *repeats)}), "file", "files")
        number = f"{len(shown) + len(repeats)} in {files}" if repeats else len(shown)
        title = f"{first.severity.capitalize()} {title_of(first, lint)}: {number}"
        rule = lint.rules.get(first.code)
        yield from _problems(title, shown, rule.summary if rule else "")


def _problems(title: str, problems: Iterable[Problem], hint: str = "") -> Iterator[Block]:
    rows = [Row(problem=problem) for problem in problems]
    is_error = any(row.problem and row.problem.is_error for row in rows)
    look = Look.ERROR if is_error else Look.PLAIN
    return block(Part.LINT, title, rows, hint, style=(None, look))


def worst_first(problems: Iterable[Problem], lint: LintDetails) -> list[Problem]:
    """Return the problems by rule, errors first; without repeats."""
    return sorted(without_repeats(problems, lint), key=_rank)


def _rank(problem: Problem) -> tuple[int, str]:
    return list(Severity).index(problem.severity), problem.code
