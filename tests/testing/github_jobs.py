"""Runs the workflow of a repository on the local server like GitHub: the jobs that an event starts, each in a fresh checkout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from devinops.emulator import Emulator
from tests.testing.github_api import TOKEN
from tests.testing.github_repository import MAIN, Event, GitHubRepository, starts
from tests.testing.inventories import git
from tests.testing.places import ROOT
from tests.testing.workflows import Runner, Step, condition, parse_workflow

NIGHT = "17 3 * * *"
"""When the workflow of init looks for drift."""


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
class GitHubJobs:
    """What runs the jobs, each in a directory of its own below `directory`.

    `secrets` are those of the repository, `environment_secrets` those of its environment `devin`, which only the main
    branch may use. `programs` are scripts that the jobs find in their PATH, and `own_jobs` are jobs that a person wrote
    into the workflow in place of those of init.
    """

    directory: Path
    emulator: Emulator
    github: GitHubRepository
    programs: Mapping[str, str]
    secrets: Mapping[str, str]
    environment_secrets: Mapping[str, str]
    own_jobs: Mapping[str, Any]

    def run(self) -> list[Job]:
        """Run the workflow for everything that happened since the last call."""
        events = self.github.take_events()
        return [job for event in events for job in self._started(event)]

    def _started(self, event: Event) -> Iterator[Job]:
        text = git(self.github.origin, "show", f"{event.sha}:.github/workflows/devinops.yml")
        workflow = parse_workflow(text)
        assert starts(event, workflow["on"]), f"nothing runs for {event}"
        workflow["jobs"] |= self.own_jobs
        for name in workflow["jobs"]:
            if (job := self._job(workflow, name, event)) is not None:
                yield job

    def _job(self, workflow: dict[str, Any], name: str, event: Event) -> Job | None:
        about = workflow["jobs"][name]
        runner = self._runner()
        context = self._context(about, event, runner)
        if not condition(about.get("if"), {"failed": False, **context}):
            return None
        self._check_out(about, event, runner.checkout)
        permission = about["permissions"].get("pull-requests")
        account = self.github.accounts[TOKEN]
        self.github.accounts[TOKEN] = replace(account, may_write=permission == "write")
        environment = self.github.environment(runner.directory, event.number, commit=event.sha)
        # A step gets the token only from its own `env`.
        environment.pop("GITHUB_TOKEN")
        environment |= {"GITHUB_WORKSPACE": str(runner.checkout), "GITHUB_RUN_ID": "7"}
        environment |= {"GITHUB_EVENT_NAME": event.name, "GITHUB_SHA": event.sha}
        branches, asked = self._branches(), len(self.emulator.requests)
        steps = runner.job(workflow, name, context, **environment)
        assert steps is not None
        moved = {ref for ref, _ in branches ^ self._branches()}
        return Job(event, name, about["permissions"], steps, moved, self.emulator.requests[asked:])

    def _runner(self) -> Runner:
        place = self.directory / f"job-{len(list(self.directory.glob('job-*')))}"
        runner = Runner(place, place / "api", {"DEVIN_API_URL": self.emulator.url, "CI": "true"})
        runner.composites = {"OWNER/devinops": ROOT}
        for name, script in self.programs.items():
            runner.program(name, script)
        return runner

    def _context(self, about: dict[str, Any], event: Event, runner: Runner) -> dict[str, Any]:
        """Return what expressions can use."""
        is_inside = about.get("environment") == "devin" and event.ref == f"refs/heads/{MAIN}"
        secrets = {**self.secrets, **(self.environment_secrets if is_inside else {})}
        return {
            "github": {
                "event_name": event.name,
                "ref": event.ref,
                "ref_name": event.ref.removeprefix("refs/heads/"),
                "server_url": "https://github.test",
                "token": TOKEN,
                "repository": self.github.project,
                "event": {
                    "repository": {"private": True, "default_branch": MAIN},
                    "schedule": NIGHT if event.name == "schedule" else "",
                },
            },
            "inputs": event.inputs,
            "secrets": secrets,
            "runner": {"temp": str(runner.directory)},
            "strategy": {"job-index": "0"},
        }

    def _check_out(self, about: dict[str, Any], event: Event, checkout: Path) -> None:
        """Do what actions/checkout does: one commit, unless the step asks for more or for all."""
        (step,) = (step for step in about["steps"] if "actions/checkout@" in step.get("uses", ""))
        depth = step.get("with", {}).get("fetch-depth", 1)
        git(self.directory, "init", "--quiet", str(checkout))
        git(checkout, "remote", "add", "origin", f"file://{self.github.origin}")
        remote = event.ref.replace("refs/", "refs/remotes/", 1).replace("/heads/", "/origin/")
        if depth == 0:
            git(checkout, "fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
        whole_or_not = () if depth == 0 else (f"--depth={depth}",)
        git(checkout, "fetch", "--quiet", *whole_or_not, "origin", f"+{event.sha}:{remote}")
        branch = event.ref.rpartition("/")[2]
        how = ("-B", branch) if event.ref.startswith("refs/heads/") else ("--detach",)
        git(checkout, "checkout", "--quiet", *how, remote)

    def _branches(self) -> set[tuple[str, str]]:
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
