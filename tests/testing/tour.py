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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import yaml

from devinops.emulator import Emulator
from tests.testing.code_host_api import sha
from tests.testing.console import Shell, follow, seed
from tests.testing.github_api import TOKEN
from tests.testing.github_repository import ADA, GITHUB, MAIN, Event, GitHubRepository, starts
from tests.testing.html_forms import Html
from tests.testing.inventories import git
from tests.testing.places import ROOT
from tests.testing.workflows import Runner, Step, condition

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
DEVINOPS = f'exec "{sys.executable}" -m tests.testing.without_pauses "$@"'
# The hook as init wrote it, except that its devinops is the one that is installed already.
PRE_COMMIT = f"""\
config="$(dirname "$0")/pre-commit.yaml"
sed '/additional_dependencies/d; / # /d; s/language: python/language: system/' .pre-commit-config.yaml > "$config"
exec "{sys.executable}" -m pre_commit "$@" --config "$config"
"""


@dataclass(frozen=True)
class Job:
    """A job that ran: what started it, what became of its steps, and what it did to the branches and the organization."""

    event: Event
    name: str
    permissions: Mapping[str, str]
    steps: dict[str, Step]
    moved: set[str]
    requests: list[dict[str, Any]]

    @property
    def code(self) -> int:
        return next((step.code for step in self.steps.values() if step.code), 0)


@dataclass
class Tour:
    """The page, and everything it is about."""

    directory: Path
    emulator: Emulator
    github: GitHubRepository
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
        return self._jobs()

    def _edit(self, id: str, field: str, value: str) -> str:
        """Save a note with another value, as the form on its page does."""
        url = f"{self.emulator.url}/knowledge/{id}"
        form = next(form for form in Html.of(httpx.get(url).text).forms if field in form)
        saved = httpx.post(url, data=form | {field: value}, headers={"Origin": self.emulator.url})
        assert saved.is_redirect, saved.text
        return ""

    # --- what GitHub does ---

    def _jobs(self) -> str:
        """Run the workflow for what happened, and return the log."""
        done = [job for event in self.github.take_events() for job in self._started(event)]
        self.jobs += done
        return "\n".join(map(log, done))

    def _started(self, event: Event) -> Iterator[Job]:
        text = git(self.github.origin, "show", f"{event.sha}:.github/workflows/devinops.yml")
        workflow = yaml.load(text, yaml.BaseLoader)
        assert starts(event, workflow["on"]), f"nothing runs for {event}"
        workflow = yaml.safe_load(text)
        for name in workflow["jobs"]:
            if (job := self._job(workflow, name, event)) is not None:
                yield job

    def _job(self, workflow: dict[str, Any], name: str, event: Event) -> Job | None:
        about = workflow["jobs"][name]
        context = self._context(about, event)
        if not condition(about.get("if"), {"failed": False, **context}):
            return None
        place = self.directory / f"job-{len(list(self.directory.glob('job-*')))}"
        runner = Runner(place, place / "api", {"DEVIN_API_URL": self.emulator.url, "CI": "true"})
        runner.program("gh", GH)
        runner.program("devinops", DEVINOPS)
        self._check_out(about, event, runner.checkout)
        permission = about["permissions"].get("pull-requests")
        account = self.github.accounts[TOKEN]
        self.github.accounts[TOKEN] = replace(account, may_write=permission == "write")
        environment = self.github.environment(place, event.number, commit=event.sha)
        # A step gets the token only from its own `env`.
        environment.pop("GITHUB_TOKEN")
        environment |= {"GITHUB_WORKSPACE": str(runner.checkout), "GITHUB_RUN_ID": "7"}
        branches, asked = self.branches(), len(self.emulator.requests)
        steps = runner.job(workflow, name, context, **environment)
        assert steps is not None
        moved = {ref for ref, _ in branches ^ self.branches()}
        return Job(event, name, about["permissions"], steps, moved, self.emulator.requests[asked:])

    def _context(self, about: dict[str, Any], event: Event) -> dict[str, Any]:
        """Return what expressions can use. Only a job of the environment gets the key that writes."""
        secrets = {"DEVIN_API_KEY_PLAN": PLAN_KEY}
        if about.get("environment") == "devin" and event.ref == f"refs/heads/{MAIN}":
            secrets["DEVIN_API_KEY"] = APPLY_KEY
        return {
            "github": {
                "event_name": event.name,
                "ref": event.ref,
                "token": TOKEN,
                "repository": self.github.project,
                "event": {"repository": {"private": True}},
            },
            "inputs": event.inputs,
            "secrets": secrets,
            "vars": {"DRIFT": "pull-request"},
        }

    def _check_out(self, about: dict[str, Any], event: Event, checkout: Path) -> None:
        """Do what actions/checkout does: one commit, unless the step asks for all."""
        (step,) = (step for step in about["steps"] if "actions/checkout@" in step.get("uses", ""))
        everything = step.get("with", {}).get("fetch-depth") == 0
        git(self.directory, "init", "--quiet", str(checkout))
        git(checkout, "remote", "add", "origin", f"file://{self.github.origin}")
        remote = event.ref.replace("refs/", "refs/remotes/", 1).replace("/heads/", "/origin/")
        if everything:
            git(checkout, "fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
        else:
            git(checkout, "fetch", "--quiet", "--depth=1", "origin", f"+{event.sha}:{remote}")
        branch = event.ref.rpartition("/")[2]
        how = ("-B", branch) if event.ref.startswith("refs/heads/") else ("--detach",)
        git(checkout, "checkout", "--quiet", *how, remote)

    def branches(self) -> set[tuple[str, str]]:
        listed = git(self.github.origin, "for-each-ref", "--format=%(refname) %(objectname)")
        return {
            (name, commit)
            for name, _, commit in (row.partition(" ") for row in listed.splitlines())
        }


def log(job: Job) -> str:
    """Return the log of a job as GitHub shows it: each step that printed something."""
    event, number = job.event, job.event.number
    cause = event.name if number is None else f"{event.name} {number}"
    lines = [f"devinops / {job.name} (on: {cause})\n"]
    for step in job.steps.values():
        failed = f"Error: Process completed with exit code {step.code}.\n" if step.code else ""
        if step.log or failed:
            lines += [f"\n▸ {step.name}\n", step.log, failed]
    return "".join(lines)


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
    origin, clone, bin = directory / "api.git", directory / "api", directory / "bin"
    git(directory, "init", "--quiet", "--bare", "-b", MAIN, str(origin))
    first = git(origin, *GITHUB, "commit-tree", git(origin, "mktree"), "-m", "First commit")
    git(origin, "update-ref", f"refs/heads/{MAIN}", first)
    git(directory, "clone", "--quiet", f"file://{origin}", str(clone))
    bin.mkdir()
    for name, script in (("gh", GH), ("pre-commit", PRE_COMMIT)):
        (bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (bin / name).chmod(0o755)
    github = GitHubRepository(origin)
    with Emulator({**seed(text), "keys": KEYS}) as emulator, github.serving():
        tour = Tour(directory, emulator, github)
        path = f"{bin}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        variables = {
            "PATH": path,
            "PYTHONPATH": str(ROOT),
            "DEVIN_API_KEY": APPLY_KEY,
            "GITHUB_API_URL": github.url,
            "GH_REPO": github.project,
            "GH_TOKEN": ADA,
            "HOME": str(directory),
            "PRE_COMMIT_HOME": str(directory / "pre-commit"),
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        with _Shell(clone, tour, variables) as shell:
            tour.page = follow(text, shell, tour.elsewhere)
            yield tour
