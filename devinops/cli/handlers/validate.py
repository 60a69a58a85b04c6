"""What `devinops validate` does."""

from __future__ import annotations

from pathlib import Path

from devinops.cli.checkout import untracked
from devinops.cli.declarations.options import Options
from devinops.cli.declarations.path_arguments import Selection, shown_unread, unread
from devinops.config.reading import read_repository
from devinops.model.exit_codes import ExitCode
from devinops.render.answers import ProblemsAnswer


def run(options: Options, paths: tuple[Path, ...], skip_untracked: bool) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    skipped = untracked(options.root, options.say) if skip_untracked else frozenset()
    _, loaded = read_repository(options.root, skipped)
    selection = Selection.of(paths, options.root)
    problems = [p for p in loaded.problems if selection.includes(p.source.path)]
    code = ExitCode.FIX if any(problem.is_error for problem in problems) else ExitCode.OK
    passed_over = unread(paths, options.root, loaded)
    answer = ProblemsAnswer(
        problems,
        files=len(loaded.files),
        entries=len(loaded.written),
        exit_code=code,
        paths=tuple(str(path) for path in paths if path not in passed_over),
        unread=tuple(shown_unread(passed_over, options.root, skipped)),
        elsewhere=len(loaded.problems) - len(problems),
    )
    return options.answer(answer)
