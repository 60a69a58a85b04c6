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
from string import Template
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
    rf"""(---\n|\{{\n)?(?:(?:#|//) |  "\$comment": "){_WROTE}([0-9a-f]{{16}})(?:",)?\n"""
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

    `comment` begins a comment in the first line, or in the first one of front matter. Without one,
    the text is that of a JSON Schema, and the line its first member.
    """
    line = f"{_WROTE}{_hash(text)}"
    if comment:
        start = "---\n" if text.startswith("---\n") else ""
        return f"{start}{comment} {line}\n{text.removeprefix(start)}"
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
    where = {"github": "GitHub, store", "gitlab": "GitLab, store as masked variables"}
    if system not in where:
        return ""
    waves = ", and in that of each wave" if pipeline.waves else ""
    return (
        f"In {where[system]} a key for planning as "
        f"{', '.join(f'{key}_PLAN' for key in pipeline.job_keys)}, and a key for applying as "
        f"{', '.join(pipeline.job_keys)} in the environment devin{waves}, which only the branch "
        f"{pipeline.branch} may use."
    )


class _Template(Template):
    delimiter = "@@"


def filled(name: str, values: Mapping[str, str]) -> str:
    """Return a template with its placeholders replaced."""
    file = resources.files("devinops") / "templates" / name
    return _Template(file.read_text("utf-8")).substitute(values)


def github_files(pipeline: Pipeline, action: str, to_fill_in: str) -> dict[str, str]:
    """Return path → text of the workflow for GitHub.

    `action` is what it uses, and `to_fill_in` the comment about that, which may be empty.
    """
    keys, root = {end: _github_keys(pipeline.job_keys, end) for end in ("", "_PLAN")}, ""
    if pipeline.below:
        root = f"          root: {_json(pipeline.below)}\n"
    values = {
        "action": action,
        "fill_in": to_fill_in,
        "paths": pipeline.paths("**", WORKFLOW, f"{ACTION}/**"),
        "branches": _json([re.sub(r"^!|\+", r"\\\g<0>", pipeline.branch)]),
        "branch": pipeline.branch,
        "suffix": pipeline.suffix,
        "contents": "write" if pipeline.pushes else "read",
        "root": root,
        "target": "",
        "target_input": "",
        "hourly": ', {cron: "47 * * * *"}' if pipeline.waves else "",
        "plan_keys": keys["_PLAN"],
        "apply_keys": keys[""],
        "due": f"          wave: due\n{keys['_PLAN']}" if pipeline.waves else "",
        "shards": str(pipeline.shards),
    }
    if pipeline.is_many:
        values["target"] = "          target: ${{ inputs.target || 'all' }}\n"
        values["target_input"] = f"      target: {{type: string, required: true, {_TARGETS}}}\n"
    apply = "github-rollout.yml" if pipeline.has_rollout else "github-apply.yml"
    return {WORKFLOW: filled("github.yml", {**values, "apply": filled(apply, values)})}


def _github_keys(keys: Sequence[str], end: str) -> str:
    """Return the inputs with the keys, which are secrets of the names that `end` completes."""
    if keys == [DEFAULT_KEY]:
        return f"          api-key: ${{{{ secrets.{DEFAULT_KEY}{end} }}}}\n"
    lines = (f"            {key}=${{{{ secrets.{key}{end} }}}}\n" for key in keys)
    return "".join(["          secrets: |\n", *lines])


def gitlab_files(
    pipeline: Pipeline, file: str, requirement: str, to_fill_in: str
) -> dict[str, str]:
    """Return path → text of the pipeline for GitLab, which is `file`, and of its list of packages.

    It installs `requirement`, and `to_fill_in` is the comment about that, which may be empty.
    """
    keys = pipeline.job_keys
    values = {
        "why": to_fill_in,
        "quoted": shlex.quote(requirement),
        "root": pipeline.root,
        "directory": shlex.quote(f"./{pipeline.below}"),
        "backups": _json(f"{loose(pipeline.below)}/.devinops/backups/".lstrip("/")),
        "lock": GITLAB_LOCK,
        "paths": pipeline.paths("**/*", file, GITLAB_LOCK),
        "validate": f"devinops validate{pipeline.root}",
        "keys": ", ".join(keys),
        "plan_keys": f"{'_PLAN, '.join(keys)}_PLAN",
        "key_values": "".join(f"${key}" for key in keys),
        "export": "".join(f'      export {key}="${key}_PLAN"\n' for key in keys),
        "target": f"  TARGET: {{value: all, {_TARGETS}}}\n" if pipeline.is_many else "",
        "group": f"devinops{pipeline.suffix}{'-$SHARD' if pipeline.shards > 1 else ''}",
        "pushes": "yes" if pipeline.pushes else "no",
        "matrix": _gitlab_matrix(pipeline) if pipeline.has_rollout else "",
        "waves": "|".join(pipeline.waves),
    }
    parts = {
        "wave": bool(pipeline.waves),
        "affected": pipeline.is_many and not pipeline.waves,
        "prepare": bool(pipeline.waves),
        "report": pipeline.shards > 1,
    }
    values |= {
        part: filled(f"gitlab-{part}.yml", values) if is_in else "" for part, is_in in parts.items()
    }
    return {
        file: filled("gitlab.yml", values),
        GITLAB_LOCK: action_files()["action/requirements.txt"],
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
