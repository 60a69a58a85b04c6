"""Runs the shell of workflow files as a runner would, with programs of the test in place of pip and gh.

It knows as much of GitHub's expressions as the files of this project use, and fails for anything else.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.testing import warm
from tests.testing.actions import outputs
from tests.testing.command_line import GIT_SETTINGS
from tests.testing.places import ROOT

_TOKEN = re.compile(r"'(?:[^']|'')*'|&&|\|\||!=|!|==|[A-Za-z_][\w-]*|[.\[\](),*]|\s+")
_FUNCTIONS = (
    "contains",
    "format",
    "toJSON",
    "fromJSON",
    "always",
    "cancelled",
    "success",
    "failure",
)


class Object(dict[str, Any]):
    """A context of expressions: a member that is missing is empty."""

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __missing__(self, name: str) -> Any:
        return Object()

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name) if name in self else self.__missing__(name)
        return Object(value) if isinstance(value, dict) else value

    def __eq__(self, other: object) -> bool:
        return (not self and other in ("", None)) or super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None


def evaluate(expression: str, context: Mapping[str, Any]) -> Any:
    """Return the value of an expression such as `inputs.digest == '' && github.ref`."""
    tokens = _TOKEN.findall(expression)
    assert "".join(tokens) == expression, f"not understood: {expression}"
    words = {
        "&&": " and ",
        "||": " or ",
        "!": " not ",
        "true": "True",
        "false": "False",
        "null": "None",
    }
    python = []
    for index, token in enumerate(tokens):
        if token.startswith("'"):
            python.append(repr(token[1:-1].replace("''", "'")))
        elif re.match(r"[A-Za-z_]", token) and index and tokens[index - 1] == ".":
            python[-1] = f"[{token!r}]"
        else:
            python.append(words.get(token, token))
    names = {name: Object(value) for name, value in context.items() if isinstance(value, dict)}
    functions: dict[str, Any] = {
        "contains": lambda text, part: part in shown(text),
        "format": lambda text, *values: text.format(*map(shown, values)),
        "toJSON": json.dumps,
        "fromJSON": lambda text: json.loads(text, object_hook=Object),
        "always": lambda: True,
        "cancelled": lambda: False,
        "success": lambda: not context["failed"],
        "failure": lambda: context["failed"],
    }
    return eval("".join(python).strip(), {"__builtins__": {}}, {**functions, **names})


def shown(value: Any) -> str:
    """Return a value as the runner inserts it into text."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None or value == Object() else str(value)


def filled(text: str, context: Mapping[str, Any]) -> str:
    """Return a text with its `${{ … }}` replaced."""
    return re.sub(
        r"\$\{\{(.*?)\}\}", lambda match: shown(evaluate(match[1].strip(), context)), text
    )


def condition(text: str | None, context: Mapping[str, Any]) -> bool:
    """Return whether a job or step runs; without a function about failures it needs success so far."""
    inner = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", text or "").strip() or "true"
    about_failures = re.search(r"\b(always|cancelled|failure|success)\(", inner)
    return bool(evaluate(inner, context)) and (bool(about_failures) or not context["failed"])


@dataclass(frozen=True)
class Step:
    """What became of a step with a script; `code` is None if it did not run."""

    name: str
    code: int | None
    log: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Runner:
    """Runs scripts in a checkout. `environment` is what the machine itself has.

    `actions` are functions in place of actions, by their names. Each gets its inputs, and returns whether it
    succeeds. `composites` are directories with composite actions, whose steps run as those of the job. Other
    actions are left out. After a job, `ended` is what expressions see.
    """

    directory: Path
    checkout: Path
    environment: Mapping[str, str]
    actions: Mapping[str, Callable[[Mapping[str, str]], bool]] = field(default_factory=dict)
    composites: Mapping[str, Path] = field(default_factory=dict)
    ended: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directory.mkdir()
        bin = self.directory / "bin"
        bin.mkdir()
        self.calls = self.directory / "calls"
        self.calls.touch()
        self.program("devinops", f'exec "{warm.program()}" "$@"')
        self.program("pip", f'printf "pip %s\\n" "$*" >> "{self.calls}"')

    def program(self, name: str, text: str) -> None:
        path = self.directory / "bin" / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    @property
    def base(self) -> dict[str, str]:
        return {
            "PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.directory),
            "PYTHONPATH": str(ROOT),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": str(GIT_SETTINGS),
            **warm.WITHOUT_WAITS,
            **self.environment,
        }

    def bash(self, script: str, environment: Mapping[str, str]) -> tuple[int, str]:
        """Run a script; return its exit code and everything it printed."""
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.checkout,
            env={**self.base, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        return ran.returncode, ran.stdout

    def steps(
        self,
        steps: list[dict[str, Any]],
        context: Mapping[str, Any],
        environment: Mapping[str, str],
    ) -> dict[str, Step]:
        """Run the steps of a job or of a composite action; return name or script → what became of each."""
        context = {"steps": {}, "failed": False, **context}
        results: dict[str, Step] = {}
        for number, step in enumerate(steps):
            if "uses" in step:
                inner, about = self._use(step, context, environment)
                results |= inner
            else:
                name = step.get("name", step["run"].split("\n")[0])
                results[name] = result = self._step(step, name, number, context, environment)
                about = {"outputs": dict(result.outputs), "outcome": _outcome(result.code)}
            context["steps"][step.get("id", f"step {number}")] = about
            context["failed"] |= about["outcome"] == "failure"
        self.ended = context
        return results

    def _use(
        self, step: dict[str, Any], context: Mapping[str, Any], environment: Mapping[str, str]
    ) -> tuple[dict[str, Step], dict[str, Any]]:
        """Use an action; return its steps if it is a composite one, and what expressions see of it."""
        name = step["uses"].partition("@")[0]
        if not condition(step.get("if"), context):
            return {}, {"outputs": {}, "outcome": "skipped"}
        with_ = step.get("with", {}).items()
        inputs = {key: filled(shown(value), context) for key, value in with_}
        if name not in self.composites:
            succeeds = self.actions.get(name, lambda _: True)(inputs)
            return {}, {"outputs": {}, "outcome": _outcome(int(not succeeds))}
        directory = self.composites[name]
        action = read_workflow(directory / "action.yml")
        assert inputs.keys() <= action["inputs"].keys(), "GitHub warns of these inputs"
        defaults = {key: about.get("default", "") for key, about in action["inputs"].items()}
        given = {key: filled(str(value), context) for key, value in defaults.items()} | inputs
        outside = {key: value for key, value in context.items() if key not in ("steps", "failed")}
        place = {"GITHUB_ACTION_PATH": str(directory)}
        inner = self.steps(
            action["runs"]["steps"], {**outside, "inputs": given}, {**environment, **place}
        )
        outputs = {key: filled(out["value"], self.ended) for key, out in action["outputs"].items()}
        return inner, {"outputs": outputs, "outcome": _outcome(int(self.ended["failed"]))}

    def _step(
        self,
        step: dict[str, Any],
        name: str,
        number: int,
        context: Mapping[str, Any],
        environment: Mapping[str, str],
    ) -> Step:
        if not condition(step.get("if"), context):
            return Step(name, None)
        # GitHub itself replaces expressions in scripts, which would let an input become code.
        assert "${{" not in step["run"], step["run"]
        given = {key: filled(str(value), context) for key, value in step.get("env", {}).items()}
        file, summary = self.directory / f"outputs-{number}", self.directory / "summary.md"
        file.write_text("")
        summary.touch()
        files = {"GITHUB_OUTPUT": str(file), "GITHUB_STEP_SUMMARY": str(summary)}
        temp = {"RUNNER_TEMP": str(self.directory)}
        code, log = self.bash(step["run"], {**environment, **files, **temp, **given})
        return Step(name, code, log, outputs(file.read_text("utf-8")))

    def job(
        self, workflow: dict[str, Any], name: str, context: Mapping[str, Any], **environment: str
    ) -> dict[str, Step] | None:
        """Run a job of a workflow of GitHub; None if its condition is not true."""
        job = workflow["jobs"][name]
        if not condition(job.get("if"), {"failed": False, **context}):
            return None
        shared = {**workflow.get("env", {}), **job.get("env", {})}
        values = {key: filled(str(value), context) for key, value in shared.items()}
        inside = {**context, "env": values}
        return self.steps(job["steps"], inside, {**values, **environment})


def _outcome(code: int | None) -> str:
    return "skipped" if code is None else "failure" if code else "success"


def read_workflow(path: Path) -> dict[str, Any]:
    return parse_workflow(path.read_text("utf-8"))


def parse_workflow(text: str) -> dict[str, Any]:
    """Return a workflow; `on` is a boolean to YAML 1.1, which this reader speaks and GitHub does not."""
    document: dict[Any, Any] = yaml.safe_load(text)
    if True in document:
        document["on"] = document.pop(True)
    return document


def documented_job(name: str) -> dict[str, Any]:
    """Return the job of this name in the page about GitHub, for the workflow of init."""
    page = (ROOT / "docs" / "how-to" / "ci-github.md").read_text("utf-8")
    (text,) = re.findall(rf"^```yaml\n({name}:\n.*?)^```$", page, re.DOTALL | re.MULTILINE)
    job: dict[str, Any] = yaml.safe_load(text)
    return job


# --- GitLab ---------------------------------------------------------------------------------------


def gitlab_jobs(pipeline: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """Return name → job of the jobs that a pipeline with these variables has, with what they extend."""
    defaults = {name: about["value"] for name, about in pipeline["variables"].items()}
    values = {**defaults, **variables}
    jobs = {
        name: _extended(pipeline, job)
        for name, job in pipeline.items()
        if isinstance(job, dict) and "rules" in job
    }
    return {
        name: job
        for name, job in jobs.items()
        if any(_rule(rule["if"], values) for rule in job["rules"])
    }


def _extended(pipeline: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    base = job.get("extends")
    return {**(_extended(pipeline, pipeline[base]) if base else {}), **job}


def _rule(text: str, variables: Mapping[str, str]) -> bool:
    """Return whether a rule such as `$A == "b" && $C != ""` is true."""
    return all(_term(term, variables) for term in text.split(" && "))


def _term(text: str, variables: Mapping[str, str]) -> bool:
    match = re.fullmatch(r'\$(\w+) (==|!=) (?:"([^"]*)"|\$(\w+))', text)
    assert match, f"not understood: {text}"
    name, sign, literal, other = match.groups()
    right = variables.get(other, "") if other else literal
    return (variables.get(name, "") == right) == (sign == "==")


def run_gitlab_job(
    runner: Runner, pipeline: Mapping[str, Any], name: str, variables: Mapping[str, str]
) -> tuple[int, str]:
    """Run the scripts of a job that the pipeline with these variables has, in one shell as the runner does."""
    jobs = gitlab_jobs(pipeline, variables)
    assert name in jobs, f"the pipeline has only {list(jobs)}"
    job = jobs[name]
    given = {key: about["value"] for key, about in pipeline["variables"].items()}
    script = "\n".join([*job["before_script"], *job["script"]])
    return runner.bash(script, {**given, **job.get("variables", {}), **variables})
