"""Writes problems as a code quality report of GitLab, which a merge request shows.

Source of the fields: "Code Quality report format" in GitLab's documentation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from devinops.model.objects import Problem
from devinops.render import Style
from devinops.render.answers import Answer, LintDetails
from devinops.render.escape import json_text, line
from devinops.render.findings import lint_of, problems_of, severity_of, title_of, with_fingerprints

_SEVERITIES: Final = {"error": "major", "warning": "minor", "info": "info"}


def render(answer: Answer, style: Style) -> Iterator[str]:
    """Yield a JSON list. An error that is not about a file has no place in this report."""
    lint = lint_of(answer)
    problems = with_fingerprints(problems_of(answer), lint)
    items = [_item(problem, fingerprint, style, lint) for problem, fingerprint in problems]
    yield f"{json_text(json.dumps(items, indent=2))}\n"


def _item(problem: Problem, fingerprint: str, style: Style, lint: LintDetails) -> dict[str, Any]:
    return {
        "description": line(problem.message),
        "check_name": title_of(problem, lint),
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[severity_of(problem, lint)],
        "location": {
            "path": style.in_checkout(problem.source.path),
            "lines": {"begin": problem.source.line},
        },
    }
