"""`devinops init`."""

from __future__ import annotations

import json
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import click

from devinops import __version__, atomic
from devinops.cli.options import FilePath
from devinops.config import CONFIG_FILE
from devinops.inventory import git as program
from devinops.load.discover import inside
from devinops.model.errors import ConfigError, DevinopsError, ExitCode, NotWritten

_CONFIG = """\
# Settings of devinops. Everything here is optional; the README says what each line does.
version: 1
required_version: ">={version}"

targets:
  production:
    # The key is read from this variable alone; it never stands in a file.
    api_key_env: DEVIN_API_KEY
{org_id}
{inventory}
    # A host of your own: api_url: https://api.acme.devinenterprise.com
    # API v3 with a key that begins with cog_, v1 with apk_: api_version: v3
    # Refuse to delete more than this share of a kind at once: max_delete: 20%

# Files that are not entries, as globs relative to this directory:
# ignore: ["knowledge/drafts/**"]
"""

_WITH_REMOTE = """\
    # What devinops creates or adopts is recorded on the branch devinops of this repository (fingerprints, no
    # texts): so a removed file deletes its object, a rename stays one, and an edit in the web app is not lost.
    inventory: {store: branch}
    prune: owned"""

_WITHOUT_REMOTE = """\
    # Without a remote there is no place to remember what is owned, so nothing is ever deleted by leaving it out.
    # Once there is one: inventory: {store: branch} and prune: owned"""

_NOTE = """\
---
name: Where knowledge is written
trigger: When asked to remember something, or to add or change knowledge, playbooks or secrets
pinned_repo: {repo}
---
Knowledge, playbooks and the list of secrets are files in {where}.
They are reviewed there and applied by devinops; an edit in the web app shows up as a change in the next plan.

To add knowledge, open a pull request with a Markdown file below `knowledge/`:
the directory is the folder, the front matter holds `name` and `trigger`, the text below it is the body.
Run `devinops validate` before you commit.
"""

_WORKFLOW = """\
name: devinops
on:
  pull_request:
  push:
    branches: [{branch}]

permissions:
  contents: write  # for the branch devinops, where the inventory is

# One run at a time: two applies must not meet.
concurrency:
  group: devinops-${{{{ github.event_name == 'push' && 'apply' || github.ref }}}}

jobs:
  devinops:
    runs-on: ubuntu-latest
    env:
      DEVIN_API_KEY: ${{{{ secrets.DEVIN_API_KEY }}}}
    steps:
      - uses: actions/checkout@v4  # its token also writes the branch devinops
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install "devinops>={version}"
      - run: devinops validate{root}
      # A pull request from a fork has no key, so there is nothing to plan with.
      - if: github.event_name == 'pull_request' && env.DEVIN_API_KEY != ''
        run: devinops plan{root}
      - if: github.event_name == 'push'
        run: devinops apply --yes{root}
      # What a run overwrote or deleted; an artifact of a public repository would be public.
      - if: always() && github.event_name == 'push' && github.event.repository.private
        uses: actions/upload-artifact@v4
        with:
          name: devinops-backups-${{{{ github.run_attempt }}}}
          path: {backups}
          include-hidden-files: true
          if-no-files-found: ignore
"""

_GITLAB = """\
devinops:
  image: python:3.12
  before_script: [pip install "devinops>={version}"]
  # One run at a time: two applies must not meet.
  resource_group: devinops
  script:
    - devinops validate{root}
    - if [ "$CI_COMMIT_BRANCH" = "$CI_DEFAULT_BRANCH" ]; then devinops apply --yes{root}; else devinops plan{root}; fi
  # What a run overwrote or deleted; not for everybody who may see the project.
  artifacts:
    when: always
    access: developer
    expire_in: 90 days
    paths: [{backups}]
"""

_PRE_COMMIT = """\
repos:
  - repo: local
    hooks:
      - id: devinops-validate
        name: devinops validate
        entry: devinops validate{root}
        language: python
        additional_dependencies: ["devinops>={version}"]
        files: {files}
        pass_filenames: false
"""


HOOK_FILES = r"(^|/)((knowledge|playbooks)/.*\.(md|ya?ml)|(knowledge|playbooks|folders|secrets|devinops)\.ya?ml)$"
"""What the pre-commit hook runs on; the same as in .pre-commit-hooks.yaml."""


@dataclass(frozen=True)
class Git:
    """What can be found out about the repository; None where it cannot."""

    host: str | None = None
    repo: str | None = None
    branch: str = "main"
    remote: bool = False
    top: Path | None = None
    below: str = ""
    """The root's path below the top of the repository; empty where they are one."""

    @property
    def option(self) -> str:
        """What a command at the top needs to find the root."""
        return f" --root {shlex.quote(self.below)}" if self.below else ""

    @classmethod
    def of(cls, root: Path) -> Git:
        """Raises ConfigError for a repository that git refuses to use: what is in it cannot be told then."""
        repository = _call(root, "rev-parse", "--git-dir")
        if repository and repository.code and not program.is_no_repository(repository):
            raise ConfigError(
                f"git cannot use the repository of {root}: {program.last_words(repository.err)}; nothing was written"
            )
        url = git_says(root, "remote", "get-url", "origin") or ""
        found = re.search(
            r"(?:@|://)(?:[^@/]*@)?([^/:]+)(?::\d+)?[:/]([^/]+/.+?)(?:\.git)?/?$", url
        )
        head = git_says(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD") or ""
        branch = (
            head.partition("/")[2] or git_says(root, "symbolic-ref", "--short", "HEAD") or "main"
        )
        top = git_says(root, "rev-parse", "--show-toplevel")
        below = (git_says(root, "rev-parse", "--show-prefix") or "").strip("/")
        host, repo = (found[1], found[2]) if found else (None, None)
        return cls(host, repo, branch, bool(url), Path(top) if top else None, below)


def git_says(root: Path, *arguments: str) -> str | None:
    """Return a line that git writes, None without git, or where it has nothing to say."""
    done = _call(root, *arguments)
    return os.fsdecode(done.out).removesuffix("\n") if done and done.code == 0 else None


def _call(root: Path, *arguments: str) -> program.Done | None:
    try:
        return program.Git(root).run(*arguments)
    except DevinopsError:
        return None


@click.command()
@click.option(
    "-C",
    "--root",
    type=FilePath(file_okay=False),
    help="Directory to start in. Default: this one.",
)
def command(root: Path | None) -> ExitCode:
    """Start a repository: devinops.yaml, a first note, CI and pre-commit. Never overwrites a file.

    \b
      devinops init
      devinops validate
    """
    from devinops.render.escape import line, lines

    root = Path(os.path.realpath(root or Path.cwd()))
    git = Git.of(root)
    wanted = files(git, os.environ.get("DEVIN_ORG_ID", "").strip())
    # What Git's host and pre-commit read stands at the top of the repository, wherever the root is.
    tops = {name: git.top if name.startswith(".") and git.top else root for name in wanted}
    for name, top in tops.items():
        _check_place(top, name)
    snippets = []
    for name, text in wanted.items():
        shown = os.path.relpath(tops[name] / name, root).replace(os.sep, "/")
        if _write(tops[name], name, text):
            click.echo(line(f"wrote {shown}"))
        else:
            click.echo(line(f"kept  {shown}, which is there"))
            if name.startswith("."):
                snippets.append((shown, text))
    for name, text in snippets:
        click.echo(lines(f"\nTo add by hand to {name}:\n\n{text}"), nl=False)
    click.echo("\nNext: devinops validate, then set DEVIN_API_KEY and run devinops plan")
    return ExitCode.OK


def files(git: Git, org_id: str) -> dict[str, str]:
    """Return path → text of what init writes."""
    where = f"`{git.repo}`" if git.repo else "the repository that holds `devinops.yaml`"
    shown_org = (
        f"    org_id: {org_id}"
        if org_id
        else "    # Asked from the API when it is not said: org_id: org-0123abcd"
    )
    first = {
        CONFIG_FILE: _CONFIG.format(
            version=__version__,
            org_id=shown_org,
            inventory=_WITH_REMOTE if git.remote else _WITHOUT_REMOTE,
        ),
        "knowledge/where-knowledge-is-written.md": _NOTE.format(
            repo=git.repo or "null", where=where
        ),
        ".pre-commit-config.yaml": _PRE_COMMIT.format(
            version=__version__, files=HOOK_FILES, root=git.option
        ),
    }
    # A double-quoted JSON text is one of YAML as well.
    backups = json.dumps(f"{git.below}/.devinops/backups/".lstrip("/"), ensure_ascii=False)
    if git.host and "gitlab" in git.host:
        gitlab = _GITLAB.format(version=__version__, root=git.option, backups=backups)
        return first | {".gitlab-ci.yml": gitlab}
    workflow = _WORKFLOW.format(
        version=__version__, branch=git.branch, root=git.option, backups=backups
    )
    return first | {".github/workflows/devinops.yml": workflow}


def _check_place(top: Path, name: str) -> None:
    """Raise NotWritten where a file cannot be made: a file above it, or a symbolic link out of `top` or to nothing."""
    path = top / name
    above = [top / parent for parent in reversed(Path(name).parents)]
    wrong = next((one for one in above if os.path.lexists(one) and not one.is_dir()), None)
    if wrong is not None and not wrong.is_symlink():
        raise NotWritten(
            f"cannot write {path}: there is a file where a directory belongs, {wrong}: move it, then run again; "
            "nothing was written"
        )
    if (
        wrong is None
        and inside(os.path.realpath(path.parent), os.path.realpath(top))
        and (path.exists() or not path.is_symlink())
    ):
        return
    link = next(one for one in (*above, path) if one.is_symlink())
    raise NotWritten(
        f"cannot write {path}: {link} is a symbolic link that leads out of {top} or to nothing: replace it, then run "
        "again; nothing was written"
    )


def _write(root: Path, name: str, text: str) -> bool:
    """Write a new file; False where there is one already. Raises NotWritten."""
    path = root / name
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(20, "there is a file where a directory belongs") from error
        if os.path.lexists(path):
            return False
        atomic.replace(path, [text])
    except OSError as error:
        raise NotWritten(f"cannot write {path}: {atomic.reason(error)}") from error
    return True
