"""What `devinops init` does."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import textwrap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import click

from devinops import __version__, atomic
from devinops.cli.output import terminal_width
from devinops.cli.setup.ci_files import (
    ACTION,
    DEFAULT_KEY,
    GITLAB_LOCK,
    WORKFLOW,
    Pipeline,
    command_line,
    copied_action,
    filled,
    github_files,
    gitlab_files,
    is_unedited,
    key_note,
    marked,
    unsafe,
)
from devinops.cli.setup.editor_files import (
    SCHEMAS,
    SKILL,
    addition,
    editor_texts,
    existing_text,
    has_all,
    is_for_editor,
    schema_line,
)
from devinops.cli.setup.installed_from import UNKNOWN_COMMIT, UNKNOWN_URL, Origin, installed_origin
from devinops.config.project import Project
from devinops.config.reading import read_project
from devinops.git import Git, error_line, found_no_repository
from devinops.load.discover import Finder, is_inside
from devinops.load.file_names import CONFIG
from devinops.model.errors import ConfigError, NotWritten, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.render.escape import line, lines
from devinops.render.line_diff import shown
from devinops.render.terminal import Terminal

HOOK_FILES = r"\.(md|txt|ya?ml)$"
"""Files that the pre-commit hooks may read; the same as in .pre-commit-hooks.yaml."""

GITLAB_FILE = ".gitlab-ci.yml"

SAMPLE = "knowledge/where-knowledge-is-written.md"
"""The first note."""

READING = "The command read waits for the key: paste it and press Enter. It is not shown."

NEW_TARGET = "production"
"""The target in a new devinops.yaml."""


_USUAL = ("main", "master")
"""The usual names of a default branch."""


@dataclass(frozen=True)
class Repository:
    """What Git knows about the repository; None if it does not know."""

    host: str | None = None
    repo: str | None = None
    branch: str = "main"
    remote: bool = False
    top: Path | None = None
    below: str = ""
    """The path of the root below the top of the repository; empty if they are the same."""
    guesses_branch: bool = False
    """Whether `branch` is only the one that is checked out, under an unusual name."""

    @property
    def ci_system(self) -> str:
        """The CI system that the host of the remote suggests."""
        return "gitlab" if "gitlab" in (self.host or "").lower() else "github"

    @classmethod
    def of(cls, root: Path) -> Repository:
        """Return what Git knows of a directory, which need not exist.

        Raises ConfigError if Git refuses to use the repository.
        """
        start = next(path for path in (root, *root.parents) if path.is_dir())
        git = Git(start)
        repository = git.attempt("rev-parse", "--git-dir")
        if repository and repository.code and not found_no_repository(repository):
            raise ConfigError(
                f"git cannot use the repository of {root}: {error_line(repository.err)}; "
                "nothing was written"
            )
        url = git.line("remote", "get-url", "origin") or ""
        host, repo = host_and_repository(url)
        top = git.line("rev-parse", "--show-toplevel")
        prefix = git.line("rev-parse", "--show-prefix") or ""
        below = (prefix / root.relative_to(start)).as_posix() if top else "."
        branch, is_guess = _branch(git)
        return cls(
            host,
            repo,
            branch,
            bool(git.line("remote")),
            Path(top) if top else None,
            "" if below == "." else below,
            is_guess,
        )


def host_and_repository(url: str) -> tuple[str | None, str | None]:
    """Return host and repository of a remote's URL, such as `github.com` and `acme/api`."""
    match = re.search(r"(?:@|://)(?:[^@/]*@)?([^/:]+)(?::\d+)?[:/]([^/]+/.+?)(?:\.git)?/?$", url)
    return (match[1], match[2]) if match else (None, None)


def _branch(git: Git) -> tuple[str, bool]:
    """Return the default branch of origin, or else what may be it, and whether that is a guess.

    Git knows it only of a clone. Elsewhere, the branch that is checked out can be one for a change.
    """
    head = git.line("symbolic-ref", "--short", "refs/remotes/origin/HEAD") or ""
    if head:
        return head.partition("/")[2], False
    known = [
        name
        for namespace in ("remotes/origin", "heads")
        for name in _USUAL
        if git.line("rev-parse", "--verify", "--quiet", f"refs/{namespace}/{name}")
    ]
    current = git.line("symbolic-ref", "--short", "HEAD")
    branch = next(iter(known), current or "main")
    return branch, branch not in _USUAL


def run(
    root: Path | None, ci: str | None, editor: Collection[str], copy_action: bool = False
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    root = Path(os.path.realpath(root or Path.cwd()))
    git = Repository.of(root)
    setup = set_up(root, git, ci=ci, copies_action=copy_action, editors=editor)
    for row in setup.rows:
        click.echo(line(row))
    snippets = list(setup.snippets)
    for where, text in snippets:
        click.echo(lines(f"\nAdd by hand to {where}:\n\n{text}"), nl=False)
    if setup.difference:
        click.echo(lines(f"\n{setup.difference}"), nl=False)
    if snippets or setup.written:
        _show_next_steps(git, root, setup)
    return ExitCode.OK


@dataclass(frozen=True)
class SetUp:
    """What was set up in the directory `root`: path → text of each file, and what happened to it.

    With `is_check` nothing was written. `system` is the CI system, `ci_file` the file that it reads
    first, empty without one, and `pipeline` what its files depend on.
    """

    root: Path
    git: Repository
    system: str
    ci_file: str
    pipeline: Pipeline
    texts: Mapping[str, str]
    states: Mapping[str, _FileState]
    is_check: bool = False

    @property
    def rows(self) -> Iterator[str]:
        """Yield what happened to each file."""
        for name in self.texts:
            row = self.states[name].value
            if self.is_check and self.states[name].is_written:
                row = _WOULD_WRITE
            elif name == self.ci_file and self.states[name] is _FileState.INTEGRATED:
                row = _FileState.DIFFERENT.value
            yield row.format(self._path(name))

    @property
    def written(self) -> tuple[str, ...]:
        """Return the files that were written, or would be."""
        return tuple(name for name in self.texts if self.states[name].is_written)

    @property
    def ci_files(self) -> list[str]:
        """Return the files of CI and pre-commit."""
        return [name for name in self.texts if name.startswith(".") and not is_for_editor(name)]

    @property
    def snippets(self) -> Iterator[tuple[str, str]]:
        """Yield pairs of a place in an existing file and the text to add there by hand."""
        for name, text in self.texts.items():
            if self.states[name] is _FileState.OTHER and name.startswith("."):
                existing = existing_text(self._file(name))
                if is_for_editor(name):
                    where, text = addition(existing, text)
                    yield f"{self._path(name)}, {where}", text
                else:
                    yield _addition(self._path(name), text, existing)
            if name == self.ci_file and name.startswith(".gitlab/"):
                yield from self._include(name)

    def _include(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield the line that includes a file in the one of GitLab that exists already."""
        if name not in existing_text(self._file(GITLAB_FILE)):
            how = "to its include, if it has one; if it lists stages, it needs test and deploy"
            yield f"{self._path(GITLAB_FILE)} ({how})", f"include: {{local: {name}}}\n"

    @property
    def difference(self) -> str:
        """Return what init would change in the file of CI if somebody edited it; or empty."""
        if self.states.get(self.ci_file) is not _FileState.INTEGRATED:
            return ""
        path, existing = self._path(self.ci_file), existing_text(self._file(self.ci_file))
        diff = "\n".join(shown(path, existing, self.texts[self.ci_file]))
        return (
            f"devinops init would write {path} like this, but leaves the file as it is:\n\n"
            f"{diff}\n\n"
            "Edit the file where you want this. Or delete it and run devinops init again; then git "
            "diff\nshows your own changes, which you may want back.\n"
        )

    @property
    def reminder(self) -> str:
        """Return what to check before a commit."""
        copy = f"{ACTION}/action.yml"
        names = [name for name in self.ci_files if name == copy or not _is_part(name)]
        named = " and ".join(name for name in names if name != WORKFLOW or copy not in names)
        install = (
            f"Before you commit, check which devinops is named in {named}; if a comment there says "
            f"{_FILL_IN}, do so."
        )
        branch = _branch_note(self.git) if WORKFLOW in self.written else ""
        return f"{install} {branch}".rstrip()

    def _file(self, name: str) -> Path:
        return _top(name, self.root, self.git) / name

    def _path(self, name: str) -> str:
        return os.path.relpath(self._file(name), self.root).replace(os.sep, "/")


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

    Raises NotWritten, and InputError if devinops.yaml has problems.

    With `check` nothing is written. `ci` is `github`, `gitlab` or `none`; by default the host of
    the remote decides. `copies_action` says that GitHub runs a copy of the action, as it does if
    there is one already. `editors` are `vscode` and `agents`, if there are to be files for them.
    """
    _check_place(root, CONFIG)
    project = read_project(root) if root.is_dir() else Project(root)
    pipeline = _pipeline(project, git)
    system = ci or git.ci_system
    ci_texts = _ci_texts(root, git, pipeline, system, copies_action=copies_action)
    texts = files(git, installed_origin(), pipeline, ci_texts)
    texts[CONFIG] = schema_line(root, CONFIG, "config", local="vscode" in editors) + texts[CONFIG]
    if not with_sample or _has_other_entries(project):
        texts.pop(SAMPLE)
    texts |= editor_texts(editors, root, git.top or root, git.below, project)
    for name in texts:
        _check_place(_top(name, root, git), name)
    _check_names(git)
    ci_file = next(iter(ci_texts), "")
    # What belongs to a version of devinops goes with the file that says which to install.
    main = ci_file if system == "gitlab" else f"{ACTION}/action.yml"
    states: dict[str, _FileState] = {}
    # As long as there is no devinops.yaml, an interrupted pull sets up the rest when it runs again.
    for name in sorted(texts, key=CONFIG.__eq__):
        is_edited = states.get(main) in (_FileState.DIFFERENT, _FileState.INTEGRATED)
        top, keep = _top(name, root, git), is_edited and _is_part(name)
        states[name] = _put(top, name, texts[name], git.below, keep=keep, check=check)
    return SetUp(root, git, system, ci_file, pipeline, texts, states, check)


def _ci_texts(
    root: Path, git: Repository, pipeline: Pipeline, system: str, *, copies_action: bool
) -> dict[str, str]:
    """Return path → text of a CI system's files, first the one that it reads. Raises UsageError."""
    if copies_action and system != "github":
        raise UsageError(
            f"--copy-action is for GitHub, but the files are for {system}: leave it out"
        )
    origin = installed_origin()
    if system == "github":
        copies = copies_action or ((git.top or root) / ACTION / "action.yml").exists()
        return _github_files(git, origin, pipeline, copies=copies)
    if system == "gitlab":
        file = _gitlab_file(root, git, pipeline)
        return gitlab_files(pipeline, file, origin.requirement, _why(origin, 4))
    return {}


def _has_other_entries(project: Project) -> bool:
    """Return whether there is a file with entries besides the sample."""
    finder = Finder(project.root, **project.reading)
    finder.find()
    return any(file.path != SAMPLE for file in finder.files)


def _is_part(name: str) -> bool:
    """Return whether a file is of the copied action, or the list of what GitLab installs."""
    return name == GITLAB_LOCK or name.startswith(f"{ACTION}/")


def _top(name: str, root: Path, git: Repository) -> Path:
    """Return the directory that a file is in: the top if other programs look for it there."""
    is_at_top = name.startswith(".") and not name.startswith(SCHEMAS)
    return git.top if is_at_top and git.top else root


def _branch_note(git: Repository) -> str:
    """Return what to do if another branch should apply; empty if the branch is known."""
    if not (git.guesses_branch and git.remote):
        return ""
    return (
        f"{WORKFLOW} applies what is pushed to {git.branch}, the branch that is checked out, "
        "because Git does not know the default branch of origin. If that is a different branch, "
        "delete the file, run git remote set-head origin --auto, and run devinops init again."
    )


def _addition(path: str, text: str, existing: str) -> tuple[str, str]:
    """Return where to add a part of the text for a new file to an existing one, and that part."""
    first, hooks = text.split("\n", 1)
    if first != "repos:":
        return path, text
    # A second key of this name would replace the hooks that are there.
    item = re.search(r"(?m)^repos:[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*([ ]*)- ", existing)
    indent = item[1] if item else "  "
    return f"the end of the list repos: in {path}", textwrap.indent(textwrap.dedent(hooks), indent)


def _gitlab_file(root: Path, git: Repository, pipeline: Pipeline) -> str:
    """Return the file for GitLab: one to include if there is a pipeline without devinops.

    The variables of a text that is pasted into a pipeline would replace those that are there.
    """
    file = (git.top or root) / GITLAB_FILE
    is_free = not file.exists() or _runs_devinops(file, git.below)
    return GITLAB_FILE if is_free else f".gitlab/devinops{pipeline.suffix}.yml"


def _show_next_steps(git: Repository, root: Path, setup: SetUp) -> None:
    terminal = Terminal(width=terminal_width(sys.stdout))
    click.echo("\nNext:")
    for command in _next_commands(git, root, setup.pipeline):
        click.echo(f"  {line(command)}")
    for text in filter(None, (READING, setup.reminder, key_note(setup.system, setup.pipeline))):
        for row in terminal.paragraph(text):
            click.echo(row)


class _FileState(Enum):
    """What happened to a file; the value is what init prints, with `{}` for its path."""

    NEW = "wrote {}"
    OUTDATED = "updated {}"
    UNCHANGED = "unchanged {}"
    DIFFERENT = "kept  {}, which differs from what devinops init would write"
    INTEGRATED = "kept  {}, which already runs devinops"
    COMPLETE = "kept  {}, which already has what devinops init would add"
    OTHER = "kept  {}, which already exists"

    @property
    def is_written(self) -> bool:
        """Whether the file was written, or would be."""
        return self in (_FileState.NEW, _FileState.OUTDATED)


_WOULD_WRITE = "would write {}"

_FILL_IN = "FILL IN"
"""What begins a comment about what this installation does not know."""

_ROOT_OPTION = re.compile(r"""(?:--root|-C|\broot:)['"\s=,]+?(?:['"]([^'"]+)['"]|([^\s,\]'"]+))""")
_RUNS_DEVINOPS = re.compile(
    r"\bdevinops(-(validate|lint)\b| (validate|lint|plan|apply)\b)|uses: \S*\bdevinops\b"
)


def _put(top: Path, name: str, text: str, below: str, *, keep: bool, check: bool) -> _FileState:
    """Write a file if it is new or nobody has edited it since an earlier init, unless `keep`.

    With `check` only look. Raises NotWritten.
    """
    path = top / name
    is_new = not os.path.lexists(path)
    state = _FileState.NEW if is_new else _existing(path, name, text, below)
    if state is _FileState.OUTDATED and keep:
        return _FileState.DIFFERENT
    if state in (_FileState.NEW, _FileState.OUTDATED) and not check:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic.replace(path, [text])
        except OSError as error:
            raise NotWritten(f"cannot write {path}: {atomic.reason(error)}") from error
    return state


def _existing(path: Path, name: str, text: str, below: str) -> _FileState:
    """Return what an existing file is, compared with the text that init would write."""
    existing = existing_text(path)
    if existing == text:
        return _FileState.UNCHANGED
    if is_for_editor(name):
        return _existing_of_editor(name, existing, text)
    # Settings and notes are there to be edited; the files of CI and pre-commit may lack devinops.
    is_integrated = name.startswith(".") and _runs_devinops(path, below)
    if not (is_integrated or _is_part(name)):
        return _FileState.OTHER
    # A person filled in what this installation does not know.
    loses_origin = _FILL_IN in text and _FILL_IN not in existing
    if is_unedited(existing, text) and not loses_origin:
        return _FileState.OUTDATED
    return _FileState.DIFFERENT if _is_part(name) else _FileState.INTEGRATED


def _existing_of_editor(name: str, existing: str, text: str) -> _FileState:
    if is_unedited(existing, text):
        return _FileState.OUTDATED
    if name.startswith((SCHEMAS, SKILL)):
        return _FileState.DIFFERENT
    return _FileState.COMPLETE if has_all(existing, text) else _FileState.OTHER


def _runs_devinops(path: Path, below: str) -> bool:
    """Return whether a file of CI or pre-commit runs devinops for the directory `below` the top."""
    text = _without_comments(existing_text(path))
    roots = [quoted or plain for quoted, plain in _ROOT_OPTION.findall(text)]
    is_for_root = below in roots if below else not roots
    return is_for_root and bool(_RUNS_DEVINOPS.search(text))


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)^\s*#.*", "", text)


def _next_commands(git: Repository, root: Path, pipeline: Pipeline) -> Iterator[str]:
    """Yield the commands to run next in the directory that the user is in, for the first target."""
    here = Path(os.path.realpath(Path.cwd()))
    shown = root.relative_to(here) if root.is_relative_to(here) else root
    option = "" if root == here else f" -C {shlex.quote(str(shown))}"
    if not git.top:
        yield f"git init{option.replace(' -C', '')}"
    yield f"devinops validate{option}"
    # In bash and zsh. As a part of the command, the key would stay in the shell's history.
    key = pipeline.target_keys[0]
    yield f"read -rs {key} && export {key}"
    target = f" -t {shlex.quote(next(iter(pipeline.keys)))}" if pipeline.is_many else ""
    yield f"devinops plan{option}{target}"


def _pipeline(project: Project, git: Repository) -> Pipeline:
    """Return what the files of CI depend on: Git, and devinops.yaml if it exists already."""
    targets = project.targets or {NEW_TARGET: {}}
    keys = {name: str(about.get("api_key_env", DEFAULT_KEY)) for name, about in targets.items()}
    enterprise_keys = {
        name: str(about["enterprise_key_env"])
        for name, about in targets.items()
        if "enterprise_key_env" in about
    }
    # Without settings, the new ones have an inventory on a branch if there is a remote.
    pushes = git.remote
    if project.document is not None:
        pushes = any(project.inventory_of(name)["store"] == "branch" for name in keys)
    files = [project.targets_file.path] if project.targets_file else []
    patterns = (*project.paths, *files, *map("{}/**".format, project.layer_directories))
    waves, shards = [wave.name for wave in project.waves], project.shards
    if len(keys) == 1:
        waves, shards = [], 1
    return Pipeline(git.branch, git.below, keys, patterns, enterprise_keys, pushes, shards, waves)


def files(
    git: Repository, origin: Origin, pipeline: Pipeline, ci: Mapping[str, str]
) -> dict[str, str]:
    """Return path → text of the files that init writes; `ci` has those of the CI system."""
    org_id = os.environ.get("DEVIN_ORG_ID", "").strip()
    below = json.dumps(git.below, ensure_ascii=False)
    location = f"`{git.repo}`" if git.repo else "the repository that holds `devinops.yaml`"
    org_setting = f"org_id: {org_id}" if org_id else _NO_ORG_ID
    values = {
        # The part after + names a commit; a range cannot contain it.
        "version": __version__.partition("+")[0],
        "target": NEW_TARGET,
        "org_id": f"    {org_setting}",
        "repo": _repository_value(git.repo),
        "where": location,
        "files": _files(git.below),
        "requirement": origin.requirement,
        "lint_requirement": origin.requirement.replace("devinops", "devinops[secrets]", 1),
        "repository": origin.repository or "",
        "revision": origin.revision or "",
        "entry": command_line(f"devinops validate{pipeline.root} --skip-untracked"),
        "fmt_entry": command_line(f"devinops fmt{pipeline.root} --skip-outside"),
        "lint_entry": command_line(f"devinops lint{pipeline.root} --skip-outside --skip-untracked"),
        "hook_root": f"        args: [--root, {below}]\n" if git.below else "",
        "hook_files": f"        files: {_files(git.below)}\n" if git.below else "",
        "store": "branch" if pipeline.pushes else "file",
        "why": _why(origin, 8),
    }
    hooks = "pre-commit-hook.yaml" if origin.repository else "pre-commit.yaml"
    return {
        CONFIG: filled("config.yaml", values),
        SAMPLE: filled("note.md", values),
        ".pre-commit-config.yaml": filled(hooks, values),
        **{path: marked(text) for path, text in ci.items()},
    }


_NO_ORG_ID = "# Looked up with the key by default: org_id: org-0123abcd"


def _files(below: str) -> str:
    """Return the pattern for the files that pre-commit passes: only those of one root."""
    return rf"^{re.escape(below)}/.*{HOOK_FILES}" if below else HOOK_FILES


def _why(origin: Origin, indent: int) -> str:
    """Return the comment about what to fill in, indented, or an empty text."""
    if not origin.unknown:
        return ""
    text = (
        f"{_FILL_IN} the {UNKNOWN_URL} of the Git repository of devinops and a {UNKNOWN_COMMIT}. "
        f"devinops init does not know them: {origin.unknown}. Do not take it from a package "
        "index, where anybody could publish a package of this name."
    )
    start = f"{'':{indent}}# "
    return textwrap.fill(text, 96, initial_indent=start, subsequent_indent=start) + "\n"


def _github_files(
    git: Repository, origin: Origin, pipeline: Pipeline, *, copies: bool
) -> dict[str, str]:
    """Return path → text of the workflow, with the action of the commit that runs or its copy."""
    if copies:
        action = f"./{ACTION}  # zizmor: ignore[self-repository]"
        copy = copied_action(origin.requirement, _why(origin, 4))
        return github_files(pipeline, action, "") | copy
    host, repo = host_and_repository(origin.repository or "")
    if host in ("github.com", git.host) and repo and origin.revision:
        return github_files(pipeline, f"{repo}@{origin.revision}  # v{__version__}", "")
    why = origin.unknown or f"it was installed from {origin.requirement}, which is not on GitHub"
    comment = f"# {_FILL_IN} OWNER and COMMIT, or run devinops init --copy-action: {why}.\n"
    return github_files(pipeline, f"OWNER/devinops@COMMIT  # {_FILL_IN}", comment)


def _repository_value(repo: str | None) -> str:
    """Return a repository as YAML, quoted only if its name is unusual."""
    is_plain = repo is None or re.fullmatch(r"[A-Za-z0-9][\w./-]*", repo)
    return (repo or "null") if is_plain else json.dumps(repo, ensure_ascii=False)


def _check_names(git: Repository) -> None:
    """Raise NotWritten if the files of CI and pre-commit cannot hold a name safely."""
    for what, name in (("directory", git.below), ("branch", git.branch)):
        if reason := unsafe(name):
            raise NotWritten(
                f"cannot write the files of CI and pre-commit for the {what} {json.dumps(name)}: "
                f"its name {reason}: rename it, then run again; nothing was written"
            )


def _check_place(top: Path, name: str) -> None:
    """Raise NotWritten if a file cannot be created.

    Either a directory of its path is a file, or a symbolic link leads out of `top` or to nothing.
    """
    path = top / name
    above = [top / parent for parent in reversed(Path(name).parents)]
    for directory in above:
        if directory.exists() and not directory.is_dir() and not directory.is_symlink():
            raise NotWritten(
                f"cannot write {path}: there is a file where a directory belongs, {directory}: "
                "move it, then run again; nothing was written"
            )
    if _leads_astray(path, above, top):
        link = next(part for part in (*above, path) if part.is_symlink())
        raise NotWritten(
            f"cannot write {path}: {link} is a symbolic link that leads out of {top} or to "
            "nothing: replace it, then run again; nothing was written"
        )


def _leads_astray(path: Path, above: list[Path], top: Path) -> bool:
    """Return whether a symbolic link leads out of `top` or to nothing.

    The link is the path itself, or one of the directories `above` it.
    """
    if any(part.is_symlink() and not part.is_dir() for part in above):
        return True
    dangling = path.is_symlink() and not path.exists()
    return dangling or not is_inside(os.path.realpath(path.parent), os.path.realpath(top))
