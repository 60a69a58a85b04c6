"""What `devinops init` does."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from devinops import __version__, atomic
from devinops.cli.output import terminal_width
from devinops.cli.setup.ci_files import (
    ACTION_FILE,
    NEW_TARGET,
    Pipeline,
    check_names,
    ci_files,
    filled,
    hooks_file,
    key_note,
)
from devinops.cli.setup.editor_files import SCHEMAS, editor_files, is_for_ci, schema_line
from devinops.cli.setup.installed_from import FILL_IN, installed_origin
from devinops.cli.setup.placed_files import FileState, NewFile, PlacedFile, check_place, place
from devinops.cli.setup.repository import Repository
from devinops.config.project import Project
from devinops.config.reading import read_project
from devinops.load.discover import Finder
from devinops.load.file_names import CONFIG
from devinops.model.errors import NotWritten
from devinops.model.exit_codes import ExitCode
from devinops.render.escape import line, lines
from devinops.render.line_diff import shown
from devinops.render.terminal import Terminal

SAMPLE = "knowledge/where-knowledge-is-written.md"
"""The first note."""

READING = "The command read waits for the key: paste it and press Enter. It is not shown."


def run(
    root: Path | None, ci: str | None, editor: Collection[str], copy_action: bool = False
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    root = Path(os.path.realpath(root or Path.cwd()))
    git = Repository.of(root)
    setup = set_up(root, git, ci=ci, copies_action=copy_action, editors=editor)
    for row in setup.rows:
        click.echo(line(row))
    for where, text in setup.snippets:
        click.echo(lines(f"\nAdd by hand to {where}:\n\n{text}"), nl=False)
    click.echo(lines(setup.difference), nl=False)
    if setup.snippets or setup.written:
        click.echo("\nNext:")
        for command in _next_commands(setup):
            click.echo(f"  {line(command)}")
        terminal = Terminal(width=terminal_width(sys.stdout))
        for text in filter(None, (READING, setup.reminder, key_note(setup.system, setup.pipeline))):
            for row in terminal.paragraph(text):
                click.echo(row)
    return ExitCode.OK


def set_up(
    root: Path,
    git: Repository,
    *,
    with_sample: bool = True,
    check: bool = False,
    ci: str | None = None,
    copies_action: bool = False,
    editors: Collection[str] = (),
) -> SetUp:
    """Write the files of a new repository, except those that exist and may have been edited.

    Raises NotWritten, UsageError, and InputError if devinops.yaml has problems.

    With `check` nothing is written. `ci` is `github`, `gitlab` or `none`; by default the host of
    the remote decides. `copies_action` says that GitHub runs a copy of the action, as it does if
    there is one already. `editors` are `vscode` and `agents`, if there are to be files for them.
    """
    check_place(root, CONFIG)
    project = read_project(root) if root.is_dir() else Project(root)
    system, top, origin = ci or git.ci_system, git.top or root, installed_origin()
    check_names(git)
    pipeline = Pipeline.of(project, git)
    try:
        of_ci = ci_files(system, pipeline, origin, top, git.host, copies_action)
        new = [
            _settings(root, pipeline, "vscode" in editors),
            *([_sample(git)] if with_sample and not _has_other_entries(project) else []),
            hooks_file(pipeline, origin),
            *of_ci,
            *editor_files(editors, root, top, git.below, project),
        ]
        tops = {file.name: root if _is_in_root(file.name) else top for file in new}
        for name, directory in tops.items():
            check_place(directory, name)
    except OSError as error:  # a directory that nobody may search
        what = f"cannot read {error.filename}: {atomic.reason(error)}; nothing was written"
        raise NotWritten(what) from error
    placed: dict[str, PlacedFile] = {}
    # As long as there is no devinops.yaml, an interrupted pull sets up the rest when it runs again.
    for file in sorted(new, key=lambda file: file.name == CONFIG):
        # What belongs to a version of devinops goes with the file that says which to install.
        keep = file.part_of in placed and placed[file.part_of].state is FileState.DIFFERENT
        placed[file.name] = place(file, tops[file.name], root, keep=keep, check=check)
    files = [placed[file.name] for file in new]
    return SetUp(git, root, system, of_ci[0].name if of_ci else "", pipeline, files, check)


def _settings(root: Path, pipeline: Pipeline, has_schemas: bool) -> NewFile:
    """Return devinops.yaml."""
    text = filled(
        "config.yaml",
        version=__version__.partition("+")[0],  # a range cannot name a commit
        target=NEW_TARGET,
        org_id=os.environ.get("DEVIN_ORG_ID", "").strip(),
        store="branch" if pipeline.pushes else "file",
    )
    return NewFile(CONFIG, schema_line(root, CONFIG, "config", local=has_schemas) + text)


def _sample(git: Repository) -> NewFile:
    """Return the first note, which is about the repository."""
    # Quoted only if its name is unusual.
    repo = re.sub(r'^"(\w[\w./-]*)"$', r"\1", json.dumps(git.repo, ensure_ascii=False))
    where = f"`{git.repo}`" if git.repo else "the repository that holds `devinops.yaml`"
    return NewFile(SAMPLE, filled("note.md", repo=repo, where=where))


def _has_other_entries(project: Project) -> bool:
    """Return whether there is a file with entries besides the sample."""
    finder = Finder(project.root, **project.reading)
    finder.find()
    return any(file.path != SAMPLE for file in finder.files)


def _is_in_root(name: str) -> bool:
    """Return whether a file is in the root; other programs look for the others at the top."""
    return not name.startswith(".") or name.startswith(SCHEMAS)


@dataclass(frozen=True)
class SetUp:
    """What was set up in the directory `root`: the path of each file, and what happened to it.

    With `is_check` nothing was written. `system` is the CI system, `ci_file` the file that it reads
    first, empty without one, and `pipeline` what its files depend on.
    """

    git: Repository
    root: Path
    system: str
    ci_file: str
    pipeline: Pipeline
    files: list[PlacedFile]
    is_check: bool = False

    @property
    def rows(self) -> Iterator[str]:
        """Yield what happened to each file."""
        for file in self.files:
            would = self.is_check and file.is_written
            yield ("would write {}" if would else file.state.value).format(file.path)

    @property
    def written(self) -> tuple[str, ...]:
        """Return the files that were written, or would be."""
        return tuple(file.new.name for file in self.files if file.is_written)

    @property
    def ci_files(self) -> list[PlacedFile]:
        """Return the files of CI and pre-commit."""
        return [file for file in self.files if is_for_ci(file.new.name)]

    @property
    def snippets(self) -> list[tuple[str, str]]:
        """Return pairs of a place in an existing file and the text to add there by hand."""
        return [file.snippet for file in self.files if file.snippet]

    @property
    def difference(self) -> str:
        """Return what init would change in the file of CI if somebody edited it; or empty."""
        files = [file for file in self.files if file.new.name == self.ci_file]
        if not files or files[0].state is not FileState.DIFFERENT:
            return ""
        new, path, before, *_ = files[0]
        diff = "\n".join(shown(path, before, new.text))
        return (
            f"\ndevinops init would write {path} like this, but leaves the file as it is:\n\n"
            f"{diff}\n\n"
            "Edit the file where you want this. Or delete it and run devinops init again; then git "
            "diff\nshows your own changes, which you may want back.\n"
        )

    @property
    def reminder(self) -> str:
        """Return what to check before a commit."""
        new = [file.new for file in self.ci_files]
        names = [each.name for each in new if each.part_of in ("", each.name)]
        if ACTION_FILE in names:
            names.remove(self.ci_file)
        return (
            f"Before you commit, check which devinops is named in {' and '.join(names)}; if a "
            f"comment there says {FILL_IN}, do so."
        )


def _next_commands(setup: SetUp) -> Iterator[str]:
    """Yield the commands to run next in the directory that the user is in, for the first target."""
    root, here = setup.root, Path(os.path.realpath(Path.cwd()))
    shown = root.relative_to(here) if root.is_relative_to(here) else root
    option = "" if root == here else f" -C {shlex.quote(str(shown))}"
    if not setup.git.top:
        yield f"git init{option.replace(' -C', '')}"
    yield f"devinops validate{option}"
    # In bash and zsh. As a part of the command, the key would stay in the shell's history.
    key, pipeline = setup.pipeline.keys[0], setup.pipeline
    yield f"read -rs {key} && export {key}"
    target = f" -t {shlex.quote(pipeline.targets[0])}" if pipeline.is_many else ""
    yield f"devinops plan{option}{target}"
