"""`devinops validate`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from devinops.cli.options import FilePath, Options, common
from devinops.config import open_project
from devinops.load import Loaded, load
from devinops.model.errors import ExitCode, UsageError
from devinops.model.objects import Problem, Severity, Source
from devinops.planning.capabilities import target_problems
from devinops.render import counted


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

    def chunks(format: str) -> Iterator[str]:
        if format == "json":
            from devinops.render import json

            yield from json.dump(
                json.problems_document(
                    problems,
                    files=len(loaded.files),
                    entries=len(loaded.declarations),
                    exit_code=code,
                )
            )
            return
        from devinops.render.escape import line
        from devinops.render.text import Text, problem_counts

        text = Text(options.color)
        yield from (f"{text.problem(problem)}\n" for problem in problems)
        elsewhere = len(loaded.problems) - len(problems)
        more = f"; {elsewhere} elsewhere, not shown" if elsewhere else ""
        if problems:
            yield f"{problem_counts(problems)}{more}\n"
        elif paths:
            yield f"no problems in {line(', '.join(map(str, paths)))}{more}\n"
        else:
            entries = counted(len(loaded.declarations), "entry", "entries")
            yield f"{entries} in {counted(len(loaded.files), 'file')}, no problems\n"

    options.write(chunks)
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
