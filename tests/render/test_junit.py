"""Problems as a JUnit report."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given

from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Severity
from devinops.render import Style, render
from devinops.render.answers import Failure, ProblemsAnswer
from tests.testing.problems import answer, answers, finding, linted, problem


def written(document: ProblemsAnswer | Failure) -> ElementTree.Element:
    suites = ElementTree.fromstring("".join(render("junit", document, Style(below="x"))))
    (suite,) = suites
    assert suites.attrib == suite.attrib
    return suite


def test_an_error_is_a_failed_case_and_a_warning_is_a_passed_one() -> None:
    suite = written(answer(problem("a.md", 7), problem(severity=Severity.WARNING)))
    assert suite.attrib == {"name": "devinops", "tests": "2", "failures": "1", "errors": "0"}
    failed, passed = suite
    assert failed.attrib == {"name": "bad", "classname": "x/a.md", "file": "x/a.md", "line": "7"}
    assert failed[0].tag == "failure"
    assert failed[0].get("message") == "it is bad"
    assert failed[0].text == "line 7, column 2: it is bad"
    assert (passed[0].tag, passed[0].text) == ("system-out", "warning: line 1, column 2: it is bad")


def test_without_problems_there_is_a_case_that_passes() -> None:
    suite = written(answer(files=3))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    assert suite[0][0].text == "0 problems in 3 files"


def test_an_error_about_no_file_is_an_error_of_the_run() -> None:
    suite = written(Failure("no <key>", ExitCode.FIX))
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    assert suite[0][0].attrib == {"message": "no <key>"}


@given(answers)
def test_any_text_is_well_formed(document: ProblemsAnswer) -> None:
    assert len(written(document)) == (len(document.problems) or 1)


def test_of_lint_what_fails_the_run_is_a_failure() -> None:
    for fail_on, failures in ((Severity.ERROR, "0"), (Severity.WARNING, "1"), (Severity.INFO, "2")):
        suite = written(linted(finding(), finding(Severity.INFO), fail_on=fail_on))
        assert suite.get("failures") == failures
    assert suite[0].get("name") == "DV999 too-bad"
