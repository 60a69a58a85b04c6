"""Problems as workflow commands: what a runner understands is what was meant, and nothing else."""

from __future__ import annotations

from hypothesis import given

from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Severity
from devinops.render import Style, render
from devinops.render.answers import Failure, ProblemsAnswer
from devinops.render.escape import line
from tests.testing.actions import Command, commands
from tests.testing.problems import answer, answers, finding, linted, many, problem


def written(document: ProblemsAnswer | Failure, below: str = "") -> str:
    return "".join(render("github", document, Style(below=below)))


def test_a_problem_is_an_annotation_of_its_line() -> None:
    found = problem("a, b:%.md", 7, message="100 % bad")
    assert commands(written(answer(found), "team/x")) == [
        Command(
            "error",
            {"file": "team/x/a, b:%.md", "line": "7", "col": "2", "title": "bad"},
            "team/x/a, b:%.md:7:2: 100 % bad",
        )
    ]


def test_a_warning_is_a_warning() -> None:
    found = commands(written(answer(problem(severity=Severity.WARNING))))
    assert [command.name for command in found] == ["warning"]


def test_what_github_would_not_show_is_counted_and_in_the_log() -> None:
    log = written(answer(*many(12, 11)))
    shown = [command.name for command in commands(log)]
    assert (shown.count("error"), shown.count("warning"), shown.count("notice")) == (10, 10, 1)
    assert "::notice title=devinops::3 more problems in the log of this step\n" in log
    assert (
        "\nerror: a.md:11:2: it is bad [bad]\nerror: a.md:12:2: it is bad [bad]\nwarning: a.md:11:2"
        in log
    )


def test_an_error_about_no_file_is_an_annotation_of_the_run() -> None:
    log = written(Failure("no key", ExitCode.FIX))
    assert commands(log) == [Command("error", {"title": "devinops"}, "no key")]


@given(answers)
def test_no_text_becomes_a_command_or_ends_one(document: ProblemsAnswer) -> None:
    found = commands(written(document))
    assert len(found) == len(document.problems)
    for command, origin in zip(found, document.problems, strict=True):
        assert command.name == {"info": "notice"}.get(origin.severity, origin.severity)
        assert set(command.properties) == {"file", "line", "col", "title"}
        assert command.properties["file"] == line(origin.source.path)
        assert command.properties["title"] == "bad"


def test_the_title_of_a_finding_of_lint_has_the_name_of_its_rule() -> None:
    (command,) = commands(written(linted(finding(Severity.INFO))))
    assert (command.name, command.properties["title"]) == ("notice", "DV999 too-bad")
