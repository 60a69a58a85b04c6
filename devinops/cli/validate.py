"""`devinops validate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from devinops.cli.options import FilePath, Options, common
from devinops.config import open_project
from devinops.load import Loaded, load
from devinops.model.errors import ExitCode, UsageError
from devinops.model.objects import Problem, Severity, Source
from devinops.planning.capabilities import target_problems
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
    loaded = read(options)
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


def read(options: Options) -> Loaded:
    """Read devinops.yaml and every declaration; problems of both are in the result."""
    project, problems = open_project(options.root)
    loaded = load(project.root, paths=project.paths, ignore=project.ignore, place=project.place)
    problems = [*problems, *loaded.problems]
    if project.whole:
        problems += target_problems(loaded.declarations, project.targets)
        problems += () if loaded.files else (nothing_found(),)
    # A misnamed devinops.yaml is found by both.
    return replace(loaded, problems=tuple(sorted(set(problems))))


def nothing_found() -> Problem:
    return Problem(
        Source("."),
        "no-entries",
        "no file with entries was found: expected knowledge/**, playbooks/**, knowledge.yaml, playbooks.yaml, "
        "folders.yaml or secrets.yaml; check --root, or start with devinops init",
    )


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
