"""Problems as text for people: the line, the carets, and what a terminal must not obey."""

from __future__ import annotations

import pytest

from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Severity
from devinops.render import Style, render
from devinops.render.answers import Excerpt, LintDetails, ProblemsAnswer
from devinops.render.terminal import columns
from tests.testing.problems import RULE, finding, linted


def excerpt(line: str, column: int, length: int, width: int | None = None) -> list[str]:
    """Return the two lines below a finding, without the number of the line."""
    item = finding()
    details = LintDetails({RULE.id: RULE}, excerpts={item: Excerpt(line, column, length)})
    document = ProblemsAnswer([item], 1, 1, ExitCode.FIX, lint=details)
    rows = "".join(render("text", document, Style(width=width))).splitlines()
    return [row[8:] for row in rows[-3:-1]]


@pytest.mark.parametrize(
    ("line", "column", "length", "shown"),
    [
        ("it is bad", 4, 2, ["it is bad", "   ^^"]),
        ("    it is bad", 8, 2, ["it is bad", "   ^^"]),
        ("\tit\tis bad", 5, 2, ["it is bad", "   ^^"]),
        ("日本 is bad", 4, 2, ["日本 is bad", "     ^^"]),
        ("a\u200bb", 2, 1, ["a\\u200bb", " ^^^^^^"]),
        ("a \x1b[31mb", 3, 6, ["a \\x1b[31mb", "  ^^^^^^^^^"]),
        ("it", 3, 1, ["it", "  ^"]),
        ('a: ""', 4, 0, ['a: ""', "   ^"]),
    ],
)
def test_the_carets_are_below_the_characters(
    line: str, column: int, length: int, shown: list[str]
) -> None:
    assert excerpt(line, column, length) == shown


@pytest.mark.parametrize("width", [40, 60, 100])
@pytest.mark.parametrize("column", [1, 50, 150, 290, 12_551])
@pytest.mark.parametrize("length", [1, 30, 200])
def test_a_long_line_is_cut_around_the_characters(width: int, column: int, length: int) -> None:
    line = "".join(f"{number:03}|" for number in range(75 if column < 300 else 8_000))
    text, carets = excerpt(line, column, length, width)
    assert max(columns(text), columns(carets)) + 8 <= max(width, 28)
    at = carets.index("^")
    assert text[at] == line[column - 1]


def test_the_last_line_counts_by_severity_and_names_what_is_hidden() -> None:
    document = linted(finding(), finding(Severity.INFO))
    assert (
        "".join(render("text", document)).splitlines()[-1]
        == "0 errors, 1 warning, 1 info in 1 file"
    )
    details = LintDetails({}, baseline=3, gone=2, fixed=1)
    quiet = ProblemsAnswer([], 1, 1, ExitCode.OK, lint=details)
    assert "".join(render("text", quiet)) == (
        "1 entry in 1 file, no problems; 1 fixed; 3 in the baseline; 2 of the baseline are gone "
        "(--write-baseline removes them)\n"
    )


def test_a_problem_that_is_no_finding_has_no_line() -> None:
    other = ProblemsAnswer([finding()], 1, 1, ExitCode.FIX)
    assert "".join(render("text", other)).splitlines() == [
        "a.md:7:4: warning: it is bad [DV999]",
        "0 errors, 1 warning in 1 file",
    ]
