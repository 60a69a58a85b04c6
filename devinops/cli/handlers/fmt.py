"""What `devinops fmt` does."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from devinops import atomic
from devinops.cli.declarations.options import Options
from devinops.cli.declarations.path_arguments import Selection
from devinops.cli.output import tell_problems
from devinops.config.reading import open_project
from devinops.environment import is_ci
from devinops.fmt.file_text import formatted, may_quote
from devinops.load import TextFiles, text_files
from devinops.load.discover import File, Finder, read_raw
from devinops.load.file_names import CONFIG
from devinops.model.errors import NotWritten
from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Problem, Source
from devinops.render import counted
from devinops.render.answers import SimpleAnswer
from devinops.render.escape import line
from devinops.render.line_diff import patch, shown


def run(
    options: Options, paths: tuple[Path, ...], skip_outside: bool, check: bool, diff: bool
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    run = _FormatRun(check=check or diff, diff=diff)
    run.format(options.root, Selection.of(paths, options.root, skip_outside=skip_outside))
    if not run.check:
        run.write()
    tell_problems(run.problems)
    if diff:
        _print_diff(options, run)
    else:
        lines = list(_lines(run))
        options.answer(SimpleAnswer(lines, lambda: _document(run), exit_code=run.exit_code))
    return run.exit_code


@dataclass(frozen=True)
class _Changed:
    """A file that is not in the canonical form, before and after it is formatted."""

    path: str
    real: str
    shown_path: str
    """The path from the root without symbolic links, which Git does not follow in a patch."""
    before: str
    after: str
    is_settings: bool

    def diff(self, *, exact: bool = True) -> Iterator[str]:
        """Yield the lines of a unified diff; `exact`: not for people, but to be applied."""
        if self.is_settings or may_quote(self.path, self.before):
            yield from (patch if exact else shown)(self.shown_path, self.before, self.after)
        else:
            path = line(self.path)
            yield f"# {path} changes, but is not shown: a secret may be in it by mistake"


@dataclass
class _FormatRun:
    """What a run did, or with `check` would do."""

    check: bool
    diff: bool
    changed: list[_Changed] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def exit_code(self) -> ExitCode:
        """1 if a file was left as it is, 2 if files would change, else 0."""
        if any(problem.is_error for problem in self.problems):
            return ExitCode.FIX
        return ExitCode.LOOK if self.check and self.changed else ExitCode.OK

    def format(self, root: Path, selection: Selection) -> None:
        """Format the selected files of a root in memory."""
        project, problems = open_project(root)
        # Without these settings it is not known which files to leave alone.
        stopping = [p for p in problems if not project.whole or p.code == "other-version"]
        finder = Finder(root, **project.reading)
        stopping += finder.problems
        if stopping:
            self.problems += stopping
            return
        finder.find()
        self.problems += [
            problem
            for problem in finder.problems
            # An unused pattern in devinops.yaml leaves no file as it is.
            if problem.is_error and problem.source.path != CONFIG
            if selection.includes(problem.source.path)
        ]
        texts = text_files(finder)
        documents = filter(None, (project.document, project.targets_file))
        settings = {d.path: File(d.path, os.path.realpath(root / d.path)) for d in documents}
        for file in (*settings.values(), *finder.files):
            if selection.includes(file.path):
                self._add(file, os.path.relpath(file.real, finder.root), texts, settings)
        self.problems.sort()

    def _add(
        self, file: File, shown_path: str, texts: TextFiles, settings: Collection[str]
    ) -> None:
        """Add a file; one that may be the text of an entry stays as it is."""
        raw, problems = read_raw(file.real, file.path)
        if raw is None:
            self.problems += problems
            return
        result = formatted(file.path, raw, settings)
        is_text = file.real in texts.certain
        if not is_text:
            self.problems += result.problems
        if result.text == raw:
            self.unchanged += 1
        elif result.text is None and not is_text:
            pass
        elif objection := texts.objection(file.real):
            self.problems.append(Problem(Source(file.path), "not-formatted", objection))
        elif result.text is not None:
            paths, is_settings = (file.path, file.real, shown_path), file.path in settings
            self.changed.append(_Changed(*paths, raw, result.text, is_settings))

    def write(self) -> None:
        """Write the changed files; one that must stay becomes a problem. Raises NotWritten."""
        for file in tuple(self.changed):
            if error := _write(file):
                message = f"cannot write this file: {atomic.reason(error)}"
                self.problems.append(Problem(Source(file.path), "not-formatted", message))
                self.changed.remove(file)
        self.problems.sort()


def _write(file: _Changed) -> OSError | None:
    """Write a file; return why it stays if it is read-only or has changed. Raises NotWritten."""
    path = Path(file.real)
    check = partial(atomic.check_unchanged, path, file.before)
    try:
        check()
        atomic.check_writable(path)
        atomic.replace(path, [file.after], check=check)
    except (atomic.Changed, atomic.Unsuitable) as error:
        return error
    except OSError as error:
        raise NotWritten(
            f"cannot write {path}: {atomic.reason(error)}; run devinops fmt again to format "
            "the rest"
        ) from error
    return None


# --- answering ----------------------------------------------------------------------------------


def _print_diff(options: Options, run: _FormatRun) -> None:
    """Write the diff to stdout and the counts to stderr, so that stdout is a patch.

    The log of a CI job is not a place for a patch: a line of it could be a command to the runner.
    """
    *_, counts = _lines(run)
    exact = not sys.stdout.isatty() and (not is_ci(os.environ) or _is_file(sys.stdout))
    rows = [row for file in run.changed for row in file.diff(exact=exact)]
    answer = SimpleAnswer(rows, lambda: _document(run), verbatim=True, exit_code=run.exit_code)
    options.answer(answer)
    options.say(counts)


def _is_file(stream: TextIO) -> bool:
    """Return whether a stream was redirected to a file."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:
        return False


def _lines(run: _FormatRun) -> Iterator[str]:
    verb = "would change" if run.check else "changed"
    yield from (f"{verb} {file.path}" for file in run.changed)
    left = len({problem.source.path for problem in run.problems})
    rest = f"; {counted(left, 'file')} left as it is" if left else ""
    rest = rest.replace("it is", "they are") if left > 1 else rest
    yield f"{verb} {counted(len(run.changed), 'file')}, {run.unchanged} unchanged{rest}"


def _document(run: _FormatRun) -> dict[str, Any]:
    return {
        "check": run.check,
        "files": [
            {"path": file.path, "diff": "".join(f"{row}\n" for row in file.diff() if run.diff)}
            for file in run.changed
        ],
        "unchanged": run.unchanged,
        "problems": [
            {
                **problem.source._asdict(),
                "severity": problem.severity,
                "code": problem.code,
                "message": problem.message,
            }
            for problem in run.problems
        ],
    }
