"""Problems as a code quality report of GitLab."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given

from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Severity
from devinops.render import Style, render
from devinops.render.answers import Failure, ProblemsAnswer
from tests.testing.problems import answer, answers, finding, linted, many, problem


def written(document: ProblemsAnswer | Failure) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads("".join(render("gitlab", document, Style(below="x"))))
    return items


def test_a_problem_is_an_issue_of_its_line() -> None:
    (item,) = written(answer(problem("a.md", 7)))
    fingerprint = item.pop("fingerprint")
    assert len(fingerprint) > 30
    assert item == {
        "description": "it is bad",
        "check_name": "bad",
        "severity": "major",
        "location": {"path": "x/a.md", "lines": {"begin": 7}},
    }


def test_a_warning_is_minor() -> None:
    assert written(answer(problem(severity=Severity.WARNING)))[0]["severity"] == "minor"


def test_equal_problems_are_two_issues() -> None:
    assert len({item["fingerprint"] for item in written(answer(*many(2)))}) == 2


def test_without_a_problem_in_a_file_the_list_is_empty() -> None:
    assert written(answer()) == written(Failure("no key", ExitCode.FIX)) == []


@given(answers)
def test_any_text_is_one_line_of_json(document: ProblemsAnswer) -> None:
    for item in written(document):
        assert "\n" not in item["description"]


def test_a_finding_of_lint_has_the_name_and_the_fingerprint_of_lint() -> None:
    (item,) = written(linted(finding(Severity.INFO)))
    assert (item["check_name"], item["severity"]) == ("DV999 too-bad", "info")
    assert item["fingerprint"] == "print-0"
