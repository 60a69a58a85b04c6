"""Turns the answers of commands into text, with one module per format. Prints nothing."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devinops.render.answers import Answer, Differences

RENDERERS: Final[Mapping[str, str]] = {
    "text": "devinops.render.answer_text",
    "json": "devinops.render.json",
    "html": "devinops.render.html",
    "markdown": "devinops.render.markdown",
    "outputs": "devinops.render.outputs",
    "metrics": "devinops.render.metrics",
    "sarif": "devinops.render.sarif",
    "junit": "devinops.render.junit",
    "github": "devinops.render.github",
    "gitlab": "devinops.render.gitlab",
}
"""Format → the module with its `render`, which is imported when it is first used."""

LOCAL_FORMATS: Final = frozenset({"text", "json", "outputs", "metrics"})
"""The formats that do not say where the root is: their readers know it, or see paths in it."""

PROBLEM_FORMATS: Final = frozenset({"sarif", "junit", "github", "gitlab"})
"""The formats that hold only problems in files. Only commands that report problems have them."""


MIN_WIDTH: Final = 40
"""A narrower terminal gets lines of this width, because narrower text is unreadable."""


NO_INVENTORY: Final = (
    "There is no inventory (store: none), so apply overwrites edits made in the web app, creates a "
    "renamed entry again, and never deletes what is removed from the files."
)
"""What a plan without an inventory says first."""


class JobLinks(NamedTuple):
    """The CI job of a run, for its readers: the `commit` that they review, and web addresses.

    `source_url` returns the address of a file at that commit, or before the changes of the request
    or push for what they delete; its path starts at the root. `in_request` tells whether the job
    belongs to a pull or merge request.
    """

    commit: str
    job_url: str
    source_url: Callable[[str, int, bool], str]
    in_request: bool = False


class Style(NamedTuple):
    """How people want to read an answer: in `color`, and `full` or with summaries.

    `width` is that of the terminal in columns; None: lines are not wrapped. `below` is the path of
    the root in the checkout, empty at its top: other readers expect paths that start at the top.
    `job` is the CI job of the run, if there is one. `limit` is how many bytes a document for people
    may have where it is posted; None: as many as a comment may have. `flags` holds the options that
    lead a printed command to the root and target of the run, each after a space; often empty.
    `earlier` is the text of the file that is replaced, for a format that keeps some of it.
    """

    color: bool = False
    full: bool = False
    width: int | None = None
    below: str = ""
    job: JobLinks | None = None
    limit: int | None = None
    flags: str = ""
    earlier: str = ""

    def in_checkout(self, path: str) -> str:
        """Return a path that starts at the root as one that starts at the checkout."""
        return f"{self.below}/{path}" if self.below else path

    @property
    def in_root(self) -> str:
        """The option that leads a command to the root from the top of the checkout, or nothing."""
        return f" -C {shlex.quote(self.below)}" if self.below else ""

    def source_url(self, path: str, line: int, *, gone: bool = False) -> str:
        """Return the web address of a file, whose path starts at the root; empty outside CI.

        That of a file which may be `gone` is before the request or push.
        """
        return self.job.source_url(path, line, gone) if self.job else ""


def render(format: str, answer: Answer | Differences, style: Style | None = None) -> Iterator[str]:
    """Yield the text of an answer in one of `RENDERERS`, piece by piece."""
    from devinops.render.answers import ProblemsAnswer

    # The module for all texts imports what plans and reports are made of.
    is_short = format == "text" and isinstance(answer, ProblemsAnswer)
    module = "devinops.render.problem_text" if is_short else RENDERERS[format]
    pieces: Iterator[str] = import_module(module).render(answer, style or Style())
    return pieces


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, such as `1 entry` or `2 entries`; `plural` is for odd ones."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def joined(counts: Iterable[tuple[int, str]]) -> str:
    """Return numbers with what they count, without those that are zero."""
    return ", ".join(f"{number} {what}" for number, what in counts if number)
