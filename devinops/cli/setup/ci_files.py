"""The files that `devinops init` writes for GitHub Actions and GitLab CI."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from devinops.kinds import KINDS
from devinops.model.errors import ConfigError

WORKFLOW: Final = ".github/workflows/devinops.yml"
ACTION: Final = ".github/actions/devinops"
"""Where a copy of the action is."""

GITLAB_LOCK: Final = ".gitlab/devinops-requirements.txt"
"""Where the dependencies of devinops are, each with its hashes."""

DEFAULT_KEY: Final = "DEVIN_API_KEY"

_TARGETS: Final = 'description: "Targets: a name, label=value (with commas: all of them), or all"'
"""The description of the input, or variable, that chooses targets by hand."""

_WROTE: Final = "devinops init wrote this file, and updates it until somebody edits it: "
_MARK: Final = re.compile(
    rf"""(?:(?:#|//) |(\{{\n)  "\$comment": "){_WROTE}([0-9a-f]{{16}})(?:",)?\n"""
)


@dataclass(frozen=True)
class Pipeline:
    """What the files of a CI system depend on.

    `keys` maps each target to the variable with its key, and `enterprise_keys` those that have one
    to the variable with a key of the enterprise. `below` is the path of the root in the repository,
    empty at its top; `patterns` are the `paths` of devinops.yaml. `pushes` says that an inventory
    is on a branch, so that an apply must be able to push. `shards` is how many jobs share the
    targets of an apply, and `waves` are the names of the waves.
    """

    branch: str
    below: str
    keys: Mapping[str, str]
    patterns: Sequence[str] = ()
    enterprise_keys: Mapping[str, str] = field(default_factory=dict)
    pushes: bool = True
    shards: int = 1
    waves: Sequence[str] = ()

    @property
    def is_many(self) -> bool:
        """Whether there are several targets, which each job works on together."""
        return len(self.keys) > 1

    @property
    def has_rollout(self) -> bool:
        """Whether an apply is several jobs, one for each wave or shard."""
        return bool(self.waves) or self.shards > 1

    @property
    def job_keys(self) -> list[str]:
        """The variables that a job needs, those of the enterprise last."""
        return list(dict.fromkeys([*self.target_keys, *self.enterprise_keys.values()]))

    @property
    def target_keys(self) -> list[str]:
        """The variables without those of the enterprise, in the order of the targets."""
        return list(dict.fromkeys(self.keys.values())) or [DEFAULT_KEY]

    @property
    def root(self) -> str:
        """The option that a command at the top needs to find the root."""
        return f" --root {shlex.quote(self.below)}" if self.below else ""

    @property
    def suffix(self) -> str:
        """The end of a name that only this root has, such as `-teams-a`."""
        name = re.sub(r"[^\w.-]+", "-", self.below).strip("-")
        return f"-{name}" if name else ""

    def paths(self, below: str, *own: str) -> str:
        """Return patterns of the files that a plan depends on, as JSON, which is also YAML.

        `own` are the files of the CI system, and `below` is what this system puts after a directory
        to mean everything below it.
        """
        if self.below:
            return _json([f"{loose(self.below)}/{below}", *own])
        # At the top, *.yaml is devinops.yaml and the files of the kinds.
        directories = (f"{name}/{below}" for name in sorted(KINDS.directories))
        patterns = (path for pattern in self.patterns for path in _paths_of(pattern, below))
        return _json(["*.yaml", *directories, *patterns, *own])


def _paths_of(pattern: str, below: str) -> list[str]:
    """Return the patterns of CI for one of `paths`, which may name files or directories."""
    name = loose("/".join(part for part in pattern.split("/") if part not in ("", ".")))
    if name.endswith("/**"):
        return [f"{name[:-2]}{below}"]
    is_file = name.endswith((".md", ".yaml", ".yml")) and not pattern.endswith("/")
    return [name] if is_file else [name, f"{name}/{below}"]


def marked(text: str, comment: str = "#") -> str:
    """Return the text of a file with a line that shows whether somebody edited the rest.

    `comment` begins a comment in the first line. Without one, the text is that of a JSON Schema,
    and the line its first member.
    """
    line = f"{_WROTE}{_hash(text)}"
    if comment:
        return f"{comment} {line}\n{text}"
    return text.replace("{\n", f'{{\n  "$comment": "{line}",\n', 1)


def is_unedited(existing: str, text: str) -> bool:
    """Return whether a file is as devinops init wrote it, whatever its version.

    `text` is what it would write now: early versions wrote it without a mark, as `devinops schema`
    does. If it is empty, only the mark counts.
    """
    existing = existing.replace("\r\n", "\n")
    if mark := _MARK.match(existing):
        return mark[2] == _hash((mark[1] or "") + existing[mark.end() :])
    return bool(text) and text in (marked(existing), marked(existing, comment=""))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def unsafe(name: str) -> str:
    """Return why files for CI cannot hold the name of a branch or directory; empty if they can."""
    if "${{" in name:
        return "has ${{, which GitHub replaces"
    return "" if name.isprintable() else "has characters that cannot be printed"


def loose(path: str) -> str:
    """Return a path or pattern in which only `*` is special, to CI systems and to artifacts.

    It matches all that the path or pattern does. The systems differ in how a special character is
    written as itself, and replace variables with `$` or `%`.
    """
    return re.sub(r"\[[^/]*\]|[^\w./* -]|^ | $", "*", path)


def action_files() -> dict[str, str]:
    """Return path → text of the action: that of the built package, or else of the checkout."""
    top: Traversable = resources.files("devinops") / "templates"
    if not (top / "action.yml").is_file():
        top = Path(__file__).parents[3]
    steps = sorted(f"action/{file.name}" for file in (top / "action").iterdir())
    return {name: (top / name).read_text("utf-8") for name in ("action.yml", *steps)}


def copied_action(requirement: str, comment: str) -> dict[str, str]:
    """Return path → text of a copy of the action that installs this requirement of pip.

    `comment` stands above the line with the requirement, and may be empty.
    """
    texts = {f"{ACTION}/{name}": text for name, text in action_files().items()}
    name = f"{ACTION}/action.yml"
    before, source, after = texts[name].partition("  source:\n")
    after = after.replace('default: ""', f"default: {_json(requirement)}", 1)
    return texts | {name: f"{before}{source}{comment}{after}"}


def key_note(system: str, pipeline: Pipeline) -> str:
    """Return which keys to store where, for people who have just got the files of a CI system."""
    where = {
        "github": "In GitHub, store",
        "gitlab": "In GitLab, store as masked variables",
    }
    if system not in where:
        return ""
    keys = pipeline.job_keys
    reading = ", ".join(f"{key}_PLAN" for key in keys)
    place = "in the environment devin, which"
    if pipeline.waves:
        wave = f"devin-{pipeline.waves[0]}"
        place = (
            f"in the environments of the waves, such as {wave}, and in devin for what a person "
            "decides, which"
        )
    return (
        f"{where[system]} a key for planning as {reading}, and a key for applying as "
        f"{', '.join(keys)} {place} only the branch {pipeline.branch} may use."
    )


def github_values(pipeline: Pipeline) -> dict[str, str]:
    """Return the values of the placeholders in the files for GitHub."""
    is_many = pipeline.is_many
    root = f"          root: {_json(pipeline.below)}\n" if pipeline.below else ""
    target = "          target: ${{ inputs.target || 'all' }}\n" if is_many else ""
    due = f"          wave: due\n{_github_keys(pipeline, '_PLAN')}" if pipeline.waves else ""
    return {
        "paths": pipeline.paths("**", WORKFLOW, f"{ACTION}/**"),
        "branches": _json([re.sub(r"^!|\+", r"\\\g<0>", pipeline.branch)]),
        "branch": pipeline.branch,
        "suffix": pipeline.suffix,
        "contents": "write" if pipeline.pushes else "read",
        "place": root + target,
        "target_input": f"      target: {{type: string, required: true, {_TARGETS}}}\n"
        if is_many
        else "",
        "or_latest": "" if is_many else ", or latest",
        "hourly": ', {cron: "47 * * * *"}' if pipeline.waves else "",
        "plan_keys": _github_keys(pipeline, "_PLAN"),
        "apply_keys": _github_keys(pipeline),
        "root_input": root,
        "due": f"{root}{due}",
        "shards": str(pipeline.shards),
    }


def _github_keys(pipeline: Pipeline, end: str = "") -> str:
    """Return the inputs with the keys, which are secrets of the names that `end` completes."""
    keys = pipeline.job_keys
    if keys == [DEFAULT_KEY]:
        return f"          api-key: ${{{{ secrets.{DEFAULT_KEY}{end} }}}}\n"
    lines = (f"            {key}=${{{{ secrets.{key}{end} }}}}\n" for key in keys)
    return "".join(["          secrets: |\n", *lines])


def github_parts(pipeline: Pipeline) -> dict[str, str]:
    """Return placeholder → template for the parts of the workflow."""
    return {"apply": "github-rollout.yml" if pipeline.has_rollout else "github-apply.yml"}


def gitlab_values(pipeline: Pipeline, file: str) -> dict[str, str]:
    """Return the values of the placeholders in the files for GitLab, of which one is `file`."""
    keys, targets = pipeline.job_keys, pipeline.target_keys
    has_shards = pipeline.shards > 1
    rollout = (
        '    - if: $CI_PIPELINE_SOURCE == "schedule" && $ROLLOUT == "yes"\n'
        if pipeline.waves
        else ""
    )
    return {
        "root": pipeline.root,
        "directory": shlex.quote(f"./{pipeline.below}"),
        "backups": _json(f"{loose(pipeline.below)}/.devinops/backups/".lstrip("/")),
        "lock": GITLAB_LOCK,
        "paths": pipeline.paths("**/*", file, GITLAB_LOCK),
        "validate": f"devinops validate{pipeline.root}",
        "plan_secrets": ", ".join(f"{key}_PLAN" for key in keys),
        "apply_secrets": ", ".join(keys),
        "plan_secret": "with a key for planning" if len(targets) > 1 else f"{targets[0]}_PLAN",
        "key_values": "".join(f"${key}" for key in targets),
        "export": "".join(f'      export {key}="${key}_PLAN"\n' for key in keys),
        "target_variable": f"  TARGET: {{value: all, {_TARGETS}}}\n" if pipeline.is_many else "",
        "group": f"devinops{pipeline.suffix}{'-$SHARD' if has_shards else ''}",
        "pushes": "yes" if pipeline.pushes else "no",
        "report_json": ' --report "json=devinops-report-$CI_NODE_INDEX.json"' if has_shards else "",
        "reports": "devinops-report*" if has_shards else "devinops-report.md",
        "matrix": _gitlab_matrix(pipeline) if pipeline.has_rollout else "",
        "waves": "|".join(pipeline.waves),
        "rollout": rollout,
        "report_rule": rollout and f"{rollout}      when: always\n",
        "not_rollout": ' && $ROLLOUT != "yes"' if pipeline.waves else "",
    }


def gitlab_parts(pipeline: Pipeline) -> dict[str, str]:
    """Return placeholder → template for the parts of the pipeline; an empty name for none."""
    affected = "gitlab-affected.yml" if pipeline.is_many else ""
    return {
        "narrowed": "gitlab-wave.yml" if pipeline.waves else affected,
        "prepare": "gitlab-prepare.yml" if pipeline.waves else "",
        "report": "gitlab-report.yml" if pipeline.shards > 1 else "",
    }


_MOST_JOBS: Final = 200


def _gitlab_matrix(pipeline: Pipeline) -> str:
    """Return what makes several jobs apply. Raises ConfigError if they are too many."""
    jobs = max(len(pipeline.waves), 1) * pipeline.shards
    if jobs > _MOST_JOBS:
        raise ConfigError(
            f"GitLab starts at most {_MOST_JOBS} jobs of a matrix, and shards: {pipeline.shards} "
            f"in devinops.yaml makes {jobs}, one for each shard of each wave: lower it; nothing "
            "was written"
        )
    numbers = range(1, pipeline.shards + 1)
    shards = [f"{number}/{pipeline.shards}" for number in numbers if pipeline.shards > 1]
    variables = {"WAVE": list(pipeline.waves), "SHARD": shards}
    matrix = _json({name: values for name, values in variables.items() if values})
    environment = (
        "  needs: [devinops-prepare]\n"
        "  environment: {name: devin-$WAVE}  # with the keys of the wave's targets; protect each\n"
    )
    return f"{environment if pipeline.waves else ''}  parallel: {{matrix: [{matrix}]}}\n"


def command_line(text: str) -> str:
    """Return a command as a value of YAML, quoted only if it has characters that need it."""
    return text if re.fullmatch(r"[\w ./='-]+", text) else _json(text)


def _json(value: object) -> str:
    """Return a value as JSON, which is also YAML."""
    return json.dumps(value, ensure_ascii=False)
