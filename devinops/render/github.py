"""Writes problems as GitHub's workflow commands, which show them beside the lines of a file.

Source of the syntax and of the escapes: "Workflow commands for GitHub Actions" in GitHub's
documentation, and `packages/core/src/command.ts` in github.com/actions/toolkit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from devinops.render import Style, counted
from devinops.render.answers import Answer
from devinops.render.escape import line
from devinops.render.findings import error_of, lint_of, problems_of, severity_of, title_of

SHOWN: Final = 10
"""GitHub shows at most this many errors, and as many warnings, of one step."""

_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}


def render(answer: Answer, style: Style) -> Iterator[str]:
    """Yield a command for each problem that GitHub shows, then the other problems as text.

    A notice counts the others, so that nobody takes what GitHub shows for everything.
    """
    if error := error_of(answer):
        yield _command("error", error, title="devinops")
    seen: Counter[str] = Counter(error=bool(error))
    others, lint = [], lint_of(answer)
    for problem in problems_of(answer):
        severity = severity_of(problem, lint)
        seen[severity] += 1
        text = f"{style.in_checkout(str(problem.source))}: {problem.message}"
        if seen[severity] > SHOWN:
            others.append(f"{problem.severity}: {text} [{problem.code}]")
        else:
            yield _command(
                _COMMANDS[severity],
                text,
                file=style.in_checkout(problem.source.path),
                line=str(problem.source.line),
                col=str(problem.source.column),
                title=title_of(problem, lint),
            )
    if others:
        more = counted(len(others), "more problem")
        yield _command("notice", f"{more} in the log of this step", title="devinops")
    for other in others:
        yield f"{line(other)}\n"


def _command(name: str, text: str, **properties: str) -> str:
    pairs = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {pairs}::{_data(text)}\n"


def _data(text: str) -> str:
    """Return the text for a command; it is one line already, so only percent signs are left."""
    return line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
