"""Runs `docs/tour.md`: a developer at a clone, the organization, and GitHub with the workflow that `devinops pull` wrote.

The shell of the page is the developer's. Its outputs: `jobs` is what the workflow prints for everything that happened
since the last one, and `comment N` the comment in a pull request. Its events: `night` is when the schedule of the
workflow starts, and `edit ID FIELD: VALUE` is a person at a form of the web app.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from devinops.emulator import Emulator
from tests.testing.code_host_api import sha
from tests.testing.console import Shell, follow, seed
from tests.testing.github_jobs import GitHubJobs, Job, log
from tests.testing.github_repository import ADA, GITHUB, MAIN, GitHubRepository
from tests.testing.html_forms import Html
from tests.testing.inventories import git
from tests.testing.places import ROOT
from tests.testing.workflows import documented_job

PAGE = ROOT / "docs" / "tour.md"
KEYS = {
    "cog_canary_plan": {
        "org": "org-emulator",
        "permissions": ["UseDevinSessions", "ManageKnowledge"],
    },
    "cog_canary_apply": {"org": "org-emulator"},
}
PLAN_KEY, APPLY_KEY = KEYS
GH = f'exec "{sys.executable}" -m tests.testing.gh "$@"'
DEVINOPS = f'exec "{sys.executable}" -m tests.testing.installed "$@"'
# The hook as init wrote it, except that its devinops is the one that is installed already.
PRE_COMMIT = f"""\
config="$(dirname "$0")/pre-commit.yaml"
sed '/additional_dependencies/d; s/language: python/language: system/' .pre-commit-config.yaml > "$config"
exec "{sys.executable}" -m pre_commit "$@" --config "$config"
"""


@dataclass
class Tour:
    """The page, and everything it is about."""

    directory: Path
    emulator: Emulator
    github: GitHubRepository
    ci: GitHubJobs
    jobs: list[Job] = field(default_factory=list)
    page: str = ""
    printed: str = ""
    """Everything that was printed, before anything was replaced."""

    def elsewhere(self, name: str) -> str:
        """Return the output with a name, or let the event happen."""
        command, _, rest = name.partition(" ")
        if command == "edit":
            id, field, value = rest.split(" ", 2)
            return self._edit(id, field.removesuffix(":"), value)
        if command == "comment":
            (text,) = self.github.texts(int(rest))
            return text.partition("\n")[2]
        if command == "night":
            self.github.at_night()
            return ""
        assert name == "jobs", name
        done = self.ci.run()
        self.jobs += done
        return "\n".join(map(log, done))

    def _edit(self, id: str, field: str, value: str) -> str:
        """Save a note with another value, as the form on its page does."""
        url = f"{self.emulator.url}/knowledge/{id}"
        form = next(form for form in Html.of(httpx.get(url).text).forms if field in form)
        saved = httpx.post(url, data=form | {field: value}, headers={"Origin": self.emulator.url})
        assert saved.is_redirect, saved.text
        return ""


class _Shell(Shell):
    """The shell of the developer."""

    def __init__(self, cwd: Path, tour: Tour, variables: Mapping[str, str]) -> None:
        super().__init__(cwd, tour.emulator.url, variables)
        self.tour = tour
        self.numbers: dict[str, int] = {}

    def shown(self, out: str) -> str:
        self.tour.printed += out
        out = super().shown(out).replace("https://github.test", "https://github.com")
        return re.sub(r"\b[0-9a-f]{7,40}\b", self._commit, out)

    def _commit(self, match: re.Match[str]) -> str:
        """Return a name that a commit has in each run: its own depends on the time."""
        commits = git(self.tour.github.origin, "rev-list", "--all").splitlines()
        commit = next((one for one in commits if one.startswith(match[0])), None)
        if commit is None:
            return match[0]
        number = self.numbers.setdefault(commit, len(self.numbers))
        return sha(f"commit {number}")[: len(match[0])]


@contextmanager
def taken(text: str, directory: Path) -> Iterator[Tour]:
    """Follow the page, and yield the tour while its servers run."""
    origin, clone = directory / "api.git", directory / "api"
    git(directory, "init", "--quiet", "--bare", "-b", MAIN, str(origin))
    empty = git(origin, "hash-object", "-t", "tree", "-w", os.devnull)
    first = git(origin, *GITHUB, "commit-tree", empty, "-m", "First commit")
    git(origin, "update-ref", f"refs/heads/{MAIN}", first)
    git(directory, "clone", "--quiet", f"file://{origin}", str(clone))
    github = GitHubRepository(origin)
    with Emulator({**seed(text), "keys": KEYS}) as emulator, github.serving():
        ci = GitHubJobs(
            directory,
            emulator,
            github,
            programs={"gh": GH, "devinops": DEVINOPS},
            secrets={"DEVIN_API_KEY_PLAN": PLAN_KEY},
            environment_secrets={"DEVIN_API_KEY": APPLY_KEY},
            own_jobs=documented_job("drift"),
        )
        tour = Tour(directory, emulator, github, ci)
        with _Shell(clone, tour, _variables(directory, github)) as shell:
            tour.page = follow(text, shell, tour.elsewhere)
            yield tour


def _variables(directory: Path, github: GitHubRepository) -> dict[str, str]:
    """Return the developer's environment, with the programs that the page uses."""
    bin = directory / "bin"
    bin.mkdir()
    for name, script in (("gh", GH), ("devinops", DEVINOPS), ("pre-commit", PRE_COMMIT)):
        (bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (bin / name).chmod(0o755)
    path = (str(bin), str(Path(sys.executable).parent), os.environ["PATH"])
    return {
        "PATH": os.pathsep.join(path),
        "PYTHONPATH": str(ROOT),
        "DEVIN_API_KEY": APPLY_KEY,
        "GITHUB_API_URL": github.url,
        "GH_REPO": github.project,
        "GH_TOKEN": ADA,
        "HOME": str(directory),
        "PRE_COMMIT_HOME": str(directory / "pre-commit"),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
