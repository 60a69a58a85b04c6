"""Writes answers as text for people: stable; color is never the only signal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from devinops.render import Style, answers
from devinops.render.differences import difference_blocks
from devinops.render.escape import line
from devinops.render.problem_text import ProblemText
from devinops.render.run_report import report_of
from devinops.render.terminal import Look, Span, Terminal
from devinops.render.text import Text


def render(answer: answers.Answer | answers.Differences, style: Style) -> Iterator[str]:
    """Yield the lines of an answer, each with its line end."""
    for row in lines_of(answer, style):
        yield f"{row}\n"


def lines_of(answer: answers.Answer | answers.Differences, style: Style) -> Iterator[str]:
    """Yield the lines of an answer."""
    text = Text(Terminal(style.color, style.width), style.full)
    match answer:
        case answers.RunAnswer():
            return text.report(report_of(answer, style))
        case answers.ReportAnswer():
            return text.report(answer.whole)
        case answers.ProblemsAnswer():
            return ProblemText(text.terminal).problems(answer)
        case answers.Differences():
            return text.changes([*difference_blocks(answer)])
        case answers.Failure():
            return text.terminal.paragraph(f"devinops: {answer.error}")
        case answers.SimpleAnswer(verbatim=True):
            return iter(answer.lines)
        case answers.SimpleAnswer(lines=lines, looks=looks) if looks:
            return (row for text_line in lines for row in _marked(text_line, looks, text.terminal))
        case answers.SimpleAnswer() | answers.RolloutAnswer():
            return (row for text_line in answer.lines for row in text.terminal.paragraph(text_line))


def _marked(text: str, looks: Mapping[str, Look], terminal: Terminal) -> Iterator[str]:
    """Yield the lines of a row whose first word may have a look; it hangs under the second."""
    word, space, rest = text.partition(" ")
    hang = len(text) - len(rest.lstrip(" ")) if word in looks else 0
    return terminal.row(Span(word, looks.get(word, Look.PLAIN)), line(space + rest), hang=hang)
