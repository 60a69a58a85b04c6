"""Find devinops.yaml, and read it and the entries beside it, with the problems of both."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from devinops import __version__
from devinops.config.project import Project
from devinops.config.wrong_settings import wrong_settings
from devinops.environment import KEY_VARIABLES, is_credential
from devinops.kinds import KINDS
from devinops.load import (
    CONFIG,
    Loaded,
    YamlDocument,
    load,
    misnamed_config_problems,
    misnamed_configs,
    parse_yaml,
    read_yaml,
)
from devinops.load.discover import File, read_named
from devinops.load.problems import problem
from devinops.model.credentials import starred
from devinops.model.errors import UsageError, stop_on_errors
from devinops.model.objects import Declaration, Problem, Source


def find_root(start: Path) -> Path:
    """Return the nearest directory from `start` upwards with a devinops.yaml, else `start`.

    A misnamed devinops.yaml counts as well: reading it fails with the right name.
    """
    start = start.absolute()
    return next((d for d in (start, *start.parents) if _is_root(d)), start)


def _is_root(directory: Path) -> bool:
    if os.path.lexists(directory / CONFIG):
        return True
    # Files such as .github/workflows/devinops.yml belong to other tools.
    hidden = any(part.startswith(".") for part in directory.parts[-2:])
    return not hidden and bool(misnamed_configs(str(directory)))


def read_project(root: Path) -> Project:
    """Read devinops.yaml.

    Raises InputError with the problems of all targets, and UsageError if `root` is not a directory.
    """
    project, problems = open_project(root)
    stop_on_errors(problems)
    return project


def open_project(
    root: Path, untracked: frozenset[str] = frozenset()
) -> tuple[Project, list[Problem]]:
    """Return the usable part of devinops.yaml, and its problems.

    A misnamed devinops.yaml is a problem too. The files and directories `untracked` are ignored.
    Raises UsageError if `root` is not a directory.
    """
    if not root.is_dir():
        raise UsageError(
            f"{root} is not a directory; --root takes the directory that holds {CONFIG}"
        )
    if not os.path.lexists(root / CONFIG) or not untracked.isdisjoint((".", CONFIG)):
        misnamed = misnamed_config_problems(root, untracked=untracked)
        return Project(root, whole=not misnamed), misnamed
    document, problems = read_yaml(root / CONFIG, root, "config")
    if document is None or not isinstance(document.data, dict):
        misnamed = misnamed_config_problems(root, untracked=untracked)
        return Project(root, whole=False), sorted([*problems, *misnamed])
    targets_file, more = _read_targets_file(root, document, untracked)
    problems += more
    is_whole = not any(file.node.tainted for file in (document, targets_file) if file)
    project = Project(
        root, document, is_whole and not (more and targets_file is None), targets_file
    )
    reported = {problem.source: problem.code for problem in problems}
    further = [*_version_problems(document), *wrong_settings(project)]
    problems += (problem for problem in further if _is_news(problem, reported))
    misnamed = misnamed_config_problems(root, project.ignore, untracked=untracked)
    return project, sorted([*problems, *misnamed])


def _read_targets_file(
    root: Path, document: YamlDocument, untracked: frozenset[str]
) -> tuple[YamlDocument | None, list[Problem]]:
    """Return the file that `targets` names, None if there is none or it is of no use; problems."""
    written = document.data.get("targets")
    if not isinstance(written, str) or not written:
        return None, []
    source, top = document.source_of("targets"), os.path.realpath(root)
    named = read_named(written, File(CONFIG, ""), top, source, untracked)
    if named.text is None:
        return None, named.problems
    file, problems = parse_yaml(named.text, named.path, "targets")
    if file is None or (isinstance(file.data, dict) and "targets" in file.data):
        return file, problems
    message = "`targets:` is missing: write it at the top, and the targets below it, indented"
    return None, [problem(Source(named.path), "missing-field", message)]


def _is_news(problem: Problem, reported: Mapping[Source, str]) -> bool:
    """Return whether a problem says more than the one that is `reported` (source → code) there.

    A wrong value is one problem, but it can have no effect whatever its value is, or be a key.
    """
    before, more = reported.get(problem.source), ("without-effect", "leaked-key")
    return before is None or (before == "invalid-value" and problem.code in more)


def read_repository(
    root: Path,
    untracked: frozenset[str] = frozenset(),
    raws: dict[str, str] | None = None,
) -> tuple[Project, Loaded]:
    """Read devinops.yaml and all entries, with the problems of both. Raises UsageError.

    The files and directories `untracked` are ignored. `raws` gets the texts of files as in `load`.
    """
    project, problems = open_project(root, untracked)
    return project, read_entries(project, problems, untracked=untracked, raws=raws)


def read_entries(
    project: Project,
    problems: Iterable[Problem],
    seen: Callable[[Declaration], None] = lambda _: None,
    untracked: frozenset[str] = frozenset(),
    raws: dict[str, str] | None = None,
) -> Loaded:
    """Read all entries of a project; add the problems of its devinops.yaml to theirs.

    `seen` gets each declaration as soon as it is read, and `raws` the texts of files as in `load`.
    """
    loaded = load(project.root, **project.reading, untracked=untracked, seen=seen, raws=raws)
    problems = [*problems, *loaded.problems]
    if project.whole:
        # Imported late, like the inventory and the client below: lint and validate start faster.
        from devinops.planning.capabilities import target_problems, value_problems

        keys = key_variables(project)
        problems += target_problems(loaded.written, project.targets)
        problems += value_problems(
            loaded.written, lambda name: name.upper() in keys or is_credential(name)
        )
        problems += () if loaded.files else (_no_entries(untracked),)
    if project.targets_file:
        path = os.path.realpath(project.root / project.targets_file.path)
        loaded = loaded._replace(bodies=(*loaded.bodies, path))
    # Both report a misnamed devinops.yaml.
    return loaded._replace(problems=tuple(sorted(set(problems))))


def key_variables(project: Project) -> set[str]:
    """Return the variables of the keys of Devin, in upper case."""
    options = ("api_key_env", "enterprise_key_env")
    targets = project.targets.values()
    keys = {str(target[name]).upper() for target in targets for name in options if name in target}
    # CI has each key for planning under this name.
    return keys | {f"{name}_PLAN" for name in (*KEY_VARIABLES, *keys)}


def _no_entries(untracked: frozenset[str]) -> Problem:
    places = ", ".join(
        [*(f"{name}/**" for name in sorted(KINDS.directories)), *sorted(KINDS.files)]
    )
    what = "no file with entries was found"
    if untracked:
        what = "no file with entries is tracked by Git"
    message = f"{what}: expected one of {places}; check --root, or start with devinops init"
    return Problem(Source("."), "no-entries", message)


def _version_problems(document: YamlDocument) -> Iterator[Problem]:
    required = document.data.get("required_version")
    if not isinstance(required, str):
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    source = document.source_of("required_version")
    try:
        fits = SpecifierSet(required).contains(__version__.partition("+")[0], prereleases=True)
    except InvalidSpecifier:
        message = f'required_version takes a range such as ">=0.9,<1", not "{starred(required)}"'
        yield Problem(source, "invalid-value", message)
        return
    if not fits:
        message = f"this repository requires devinops {required}, but this is {__version__}"
        yield Problem(source, "other-version", f"{message}; install a version that it accepts")
