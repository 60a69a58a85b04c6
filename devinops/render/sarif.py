"""Writes problems as SARIF 2.1.0, for GitHub code scanning and other viewers.

Sources: "Static Analysis Results Interchange Format (SARIF) Version 2.1.0" of OASIS, and "SARIF
support for code scanning" in GitHub's documentation, which names the members that GitHub needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from devinops import __version__
from devinops.model.objects import Problem, Source
from devinops.render import Style
from devinops.render.answers import Answer, LintDetails, RuleFacts
from devinops.render.escape import json_text, line
from devinops.render.findings import error_of, lint_of, problems_of, with_fingerprints

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT: Final = "%SRCROOT%"
"""The name that code scanning gives to the top of the checkout."""
_FINGERPRINT: Final = "primaryLocationLineHash"
"""The only fingerprint that code scanning compares."""
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}


def render(answer: Answer, style: Style) -> Iterator[str]:
    """Yield one log with one run; an error without a file is a notification of the run."""
    problems, lint = problems_of(answer), lint_of(answer)
    codes = sorted({problem.code for problem in problems})
    run = {
        "tool": {"driver": _driver(codes, lint)},
        "invocations": [_invocation(error_of(answer))],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The top of the checkout."}}},
        # Columns are counted in characters, as Python counts them.
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(problem, fingerprint, codes.index(problem.code), style, lint)
            for problem, fingerprint in with_fingerprints(problems, lint)
        ],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    yield f"{json_text(json.dumps(log, indent=2))}\n"


def _driver(codes: list[str], lint: LintDetails) -> dict[str, Any]:
    return {
        "name": "devinops",
        "version": __version__,
        "semanticVersion": __version__.replace("rc", "-rc."),
        "rules": [_lint_rule(lint.rules[c]) if c in lint.rules else _rule(c) for c in codes],
    }


def _rule(code: str) -> dict[str, Any]:
    name = code.replace("-", " ").capitalize()
    return {
        "id": code,
        "shortDescription": {"text": name},
        "fullDescription": {"text": f"{name}."},
        "help": {"text": "The message says what to do."},
    }


def _lint_rule(rule: RuleFacts) -> dict[str, Any]:
    help_uri = {"helpUri": f"{rule.url}#{rule.id.lower()}-{rule.name}"} if rule.url else {}
    severity = {"security-severity": rule.security} if rule.security else {}
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},
        "help": {"text": rule.manual, "markdown": rule.manual},
        **help_uri,
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["security" if rule.security else "maintainability"], **severity},
    }


def _invocation(error: str) -> dict[str, Any]:
    if not error:
        return {"executionSuccessful": True}
    notification = {"level": "error", "message": _message(error)}
    return {"executionSuccessful": False, "toolExecutionNotifications": [notification]}


def _result(
    problem: Problem, fingerprint: str, index: int, style: Style, lint: LintDetails
) -> dict[str, Any]:
    location = _physical_location(problem.source, style)
    if problem in lint.excerpts:
        excerpt = lint.excerpts[problem]
        location["region"]["endColumn"] = excerpt.column + excerpt.length
    changed = {"properties": {"changed": problem not in lint.informing}} if lint.since else {}
    related = [
        {"physicalLocation": _physical_location(s, style)} for s in lint.related.get(problem, ())
    ]
    return {
        "ruleId": problem.code,
        "ruleIndex": index,
        "level": _LEVELS[problem.severity],
        "message": _message(problem.message),
        "locations": [{"physicalLocation": location}],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": {_FINGERPRINT: fingerprint},
        **changed,
    }


def _physical_location(source: Source, style: Style) -> dict[str, Any]:
    return {
        "artifactLocation": {
            "uri": quote(style.in_checkout(source.path), errors="surrogateescape"),
            "uriBaseId": _ROOT,
        },
        "region": {"startLine": source.line, "startColumn": source.column},
    }


def _message(text: str) -> dict[str, str]:
    """Return a message without links and placeholders; the specification doubles braces."""
    shown = line(text).replace("](", "] (")
    return {"text": shown.replace("{", "{{").replace("}", "}}")}
