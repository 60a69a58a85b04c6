"""Problems in files, and the answers that hold them."""

from __future__ import annotations

from hypothesis import strategies as st

from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Problem, Severity, Source
from devinops.render.answers import Excerpt, LintDetails, ProblemsAnswer, RuleFacts
from tests.testing.hostile_text import HOSTILE

PLAIN = "it is bad"


def problem(
    path: str = "a.md",
    line: int = 1,
    code: str = "bad",
    message: str = PLAIN,
    severity: Severity = Severity.ERROR,
) -> Problem:
    return Problem(Source(path, line, 2), code, message, severity)


def answer(*problems: Problem, files: int = 3) -> ProblemsAnswer:
    return ProblemsAnswer(problems, files, 4, ExitCode.FIX if problems else ExitCode.OK)


def many(errors: int, warnings: int = 0) -> list[Problem]:
    return [
        *(problem(line=number + 1) for number in range(errors)),
        *(problem(line=n + 1, severity=Severity.WARNING) for n in range(warnings)),
    ]


RULE = RuleFacts(
    "DV999", "too-bad", Severity.WARNING, "It is bad.", "It is bad.\n\nFails:\n\n    x"
)


def linted(*problems: Problem, fail_on: Severity = Severity.WARNING) -> ProblemsAnswer:
    """Return the answer of lint, whose problems have excerpts, fingerprints and another place."""
    details = LintDetails(
        {RULE.id: RULE},
        excerpts={item: Excerpt("it is bad", 4, 2) for item in problems},
        fingerprints={item: f"print-{number}" for number, item in enumerate(problems)},
        related={item: [Source("other.md", 9)] for item in problems},
        fail_on=fail_on,
    )
    return answer(*problems)._replace(lint=details)


def finding(severity: Severity = Severity.WARNING) -> Problem:
    return problem("a.md", 7, RULE.id, severity=severity)._replace(source=Source("a.md", 7, 4))


_texts = st.one_of(
    st.text(), st.sampled_from([HOSTILE, "a%0Ab::c,d=e", "]]></failure>&<", "[x](y) {0}"])
)
answers: st.SearchStrategy[ProblemsAnswer] = st.lists(
    st.builds(
        problem,
        path=_texts.filter(bool),
        line=st.integers(1, 999),
        message=_texts,
        severity=st.sampled_from(Severity),
    ),
    max_size=4,
).map(lambda problems: answer(*problems))
"""Answers with hostile paths and messages."""
