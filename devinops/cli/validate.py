"""`devinops validate`."""

from __future__ import annotations

from pathlib import Path

import click

from devinops.cli.options import FilePath, Options, common
from devinops.config import read_repository
from devinops.model.errors import ExitCode, UsageError
from devinops.model.objects import Problem, Severity
from devinops.render.answers import ProblemsAnswer


@click.command()
@click.argument("paths", nargs=-1, type=FilePath())
@common()
def command(options: Options, paths: tuple[Path, ...]) -> ExitCode:
    """Check the files, offline and without a key.

    Everything is read, since entries depend on each other; PATHS narrow what is shown.

    \b
      devinops validate
      devinops validate knowledge/Backend
    """
    _, loaded = read_repository(options.root)
    problems = _narrowed(loaded.problems, options.root, paths)
    failed = any(problem.severity is Severity.ERROR for problem in problems)
    code = ExitCode.FIX if failed else ExitCode.OK

    answer = ProblemsAnswer(
        problems,
        files=len(loaded.files),
        entries=len(loaded.declarations),
        exit_code=code,
        paths=tuple(map(str, paths)),
        elsewhere=len(loaded.problems) - len(problems),
    )
    options.answer(answer)
    return code


def _narrowed(problems: tuple[Problem, ...], root: Path, paths: tuple[Path, ...]) -> list[Problem]:
    if not paths:
        return list(problems)
    wanted = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist; PATHS are files or directories below {root}")
        try:
            wanted.append(path.resolve().relative_to(root.resolve()).as_posix())
        except ValueError:
            raise UsageError(
                f"{path} is not below {root}; PATHS narrow what is shown of that directory"
            ) from None
    return [
        p
        for p in problems
        if any(w in (".", p.source.path) or p.source.path.startswith(f"{w}/") for w in wanted)
    ]
