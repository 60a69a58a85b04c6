"""Problems as SARIF, checked with the official schema."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from jsonschema import Draft7Validator

from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Severity
from devinops.render import Style, render
from devinops.render.answers import Failure, ProblemsAnswer
from tests.testing.npm import installed
from tests.testing.problems import answer, answers, finding, linted, many, problem


def written(document: ProblemsAnswer | Failure, below: str = "") -> dict[str, Any]:
    log = json.loads("".join(render("sarif", document, Style(below=below))))
    run: dict[str, Any] = log["runs"][0]
    return run


@pytest.fixture(scope="session")
def official() -> Draft7Validator:
    """The schema of SARIF 2.1.0 that Microsoft's package for jest brings."""
    path = installed("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json")
    return Draft7Validator(json.loads(path.read_text("utf-8")))


@pytest.mark.parametrize(
    "document",
    [
        answer(),
        answer(*many(2, 1)),
        Failure("no key", ExitCode.FIX),
        answer(problem("ä b/{c}[d].md")),
        linted(finding(), finding(Severity.INFO), problem()),
    ],
)
def test_the_official_schema_accepts_it(
    document: ProblemsAnswer | Failure, official: Draft7Validator
) -> None:
    log = json.loads("".join(render("sarif", document, Style())))
    assert [error.message for error in official.iter_errors(log)] == []


def test_a_problem_is_a_result_at_its_line() -> None:
    run = written(answer(problem("a b.md", 7)), "team")
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("bad", "error")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "bad"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "team/a%20b.md", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 7, "startColumn": 2},
    }


@pytest.mark.parametrize(
    ("version", "semantic"),
    [("1.0.0rc1", "1.0.0-rc.1"), ("1.0.1+g1a2b3c4", "1.0.1+g1a2b3c4")],
)
def test_the_version_is_also_one_of_semantic_versioning(
    monkeypatch: pytest.MonkeyPatch, version: str, semantic: str
) -> None:
    monkeypatch.setattr("devinops.render.sarif.__version__", version)
    driver = written(answer())["tool"]["driver"]
    assert (driver["version"], driver["semanticVersion"]) == (version, semantic)


def test_a_warning_is_a_warning() -> None:
    assert written(answer(problem(severity=Severity.WARNING)))["results"][0]["level"] == "warning"


def test_an_error_about_no_file_is_a_notification_of_a_failed_run() -> None:
    (invocation,) = written(Failure("no key", ExitCode.FIX))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"] == {"text": "no key"}


def test_equal_problems_have_different_fingerprints() -> None:
    results = written(answer(*many(2)))["results"]
    assert (
        len({result["partialFingerprints"]["primaryLocationLineHash"] for result in results}) == 2
    )


def test_a_message_has_no_links_and_no_placeholders() -> None:
    (result,) = written(answer(problem(message="set [it](x) to {store: branch} {0}")))["results"]
    assert result["message"]["text"] == "set [it] (x) to {{store: branch}} {{0}}"


@given(answers)
def test_any_path_is_a_relative_address(document: ProblemsAnswer) -> None:
    for result, origin in zip(written(document)["results"], document.problems, strict=True):
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        assert ":" not in uri
        assert unquote(uri) == origin.source.path


def test_a_finding_of_lint_has_its_rule_its_fingerprint_and_all_of_its_places() -> None:
    run = written(linted(finding()))
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["id"], rule["name"], rule["shortDescription"]) == (
        "DV999",
        "too-bad",
        {"text": "It is bad."},
    )
    assert rule["help"]["markdown"].startswith("It is bad.\n\nFails:")
    (result,) = run["results"]
    assert result["partialFingerprints"] == {"primaryLocationLineHash": "print-0"}
    assert result["locations"][0]["physicalLocation"]["region"]["endColumn"] == 6
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "other.md"
