"""The files that `devinops init` writes for GitHub Actions and GitLab CI."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from textwrap import indent
from typing import Final

from devinops.kinds import KINDS
from devinops.model.policy import HAZARDS

ACTIONS: Final = {
    "checkout": "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8  # v5.0.0",
    "setup_python": "actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c  # v6.0.0",
    "upload_artifact": "actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f  # v6.0.0",
}
"""The actions, each pinned to the commit of its version, so that a moved tag changes nothing."""

WORKFLOW: Final = ".github/workflows/devinops.yml"
GITHUB_LOCK: Final = ".github/devinops-requirements.txt"
GITLAB_LOCK: Final = ".gitlab/devinops-requirements.txt"
"""Where the dependencies of devinops are, each with its hashes."""

DEFAULT_KEY: Final = "DEVIN_API_KEY"

_MARK: Final = re.compile(
    "# devinops init wrote this file, and updates it until somebody edits it: ([0-9a-f]{16})\n"
)

_NUMBERS: Final = ("allow_delete", "allow_missing")
"""The approvals of a number."""

_HAZARD_FLAGS: Final = tuple(f"allow_{name}" for name in HAZARDS)

_NO_CHOICE: Final = "as in devinops.yaml"
"""The value of an input that leaves a decision to the settings."""


@dataclass(frozen=True)
class Pipeline:
    """What the files of a CI system depend on.

    `keys` maps each target to the variable with its key, and `enterprise_keys` those that have one
    to the variable with a key of the enterprise. `below` is the path of the root in the repository,
    empty at its top; `patterns` are the `paths` of devinops.yaml. `pushes` says that an inventory
    is on a branch, so that an apply must be able to push.
    """

    branch: str
    below: str
    keys: Mapping[str, str]
    patterns: Sequence[str] = ()
    enterprise_keys: Mapping[str, str] = field(default_factory=dict)
    pushes: bool = True

    @property
    def all_keys(self) -> list[str]:
        """The variables of all targets, without duplicates."""
        return sorted({*self.keys.values(), *self.enterprise_keys.values()}) or [DEFAULT_KEY]

    @property
    def is_many(self) -> bool:
        """Whether there are several targets, so that each job runs once for each."""
        return len(self.keys) > 1

    @property
    def key(self) -> str:
        """The variable with the key, if there is only one target."""
        return next(iter(self.keys.values()), DEFAULT_KEY)

    @property
    def root(self) -> str:
        """The option that a command at the top needs to find the root."""
        return f" --root {shlex.quote(self.below)}" if self.below else ""

    def suffix(self, target: str = "") -> str:
        """Return the end of a name that only this root and target have, such as `-teams-a`."""
        parts = (re.sub(r"[^\w.-]+", "-", self.below).strip("-"), target)
        return "".join(f"-{part}" for part in parts if part)

    def title(self, target: str = "") -> str:
        """Return the end of a title for people, such as ` in teams/a, staging`."""
        parts = [re.sub(r"[^\w /.-]", "?", self.below), target]
        return f" in {', '.join(filter(None, parts))}" if any(parts) else ""

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


def marked(text: str) -> str:
    """Return the text of a file with a first line that shows whether somebody edited the rest."""
    return f"{_MARK.pattern.replace('([0-9a-f]{16})', _hash(text))}{text}"


def is_unedited(existing: str, text: str) -> bool:
    """Return whether a file is as devinops init wrote it, whatever its version.

    `text` is what it would write now. Early versions wrote no mark.
    """
    existing = existing.replace("\r\n", "\n")
    if mark := _MARK.match(existing):
        return mark[1] == _hash(existing[mark.end() :])
    return marked(existing) == text


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


def key_note(system: str, pipeline: Pipeline) -> str:
    """Return which keys to store where, for people who have just got the files of a CI system."""
    where = {
        "github": "In GitHub, store",
        "gitlab": "In GitLab, store as masked variables",
    }
    if system not in where:
        return ""
    keys = pipeline.all_keys
    reading = ", ".join(f"{key}_PLAN" for key in keys)
    scope = "their environments devin-TARGET" if pipeline.is_many else "the environment devin"
    return (
        f"{where[system]} a key that can only read as {reading}, and a key that may write as "
        f"{', '.join(keys)} in {scope}, which only the branch {pipeline.branch} may use."
    )


def github_values(pipeline: Pipeline) -> dict[str, str]:
    """Return the values of the placeholders in github.yml."""
    return {
        **ACTIONS,
        **_common(pipeline),
        "lock": GITHUB_LOCK,
        "paths": pipeline.paths("**", WORKFLOW, GITHUB_LOCK),
        "branches": _json([re.sub(r"^!|\+", r"\\\g<0>", pipeline.branch)]),
        "validate": command_line(f"devinops validate{pipeline.root} --format github"),
        "target_input": _target_input(pipeline.keys) if pipeline.is_many else "",
        "hazard_inputs": "".join(
            f"      allow_{name}:\n        description: {_json(help)}\n        type: boolean\n"
            for name, help in HAZARDS.items()
        ),
        "approvals": indent(_github_approvals(), "  "),
        "options": _github_options(),
        "hazard_options": _github_hazards(),
        "contents": (
            "write  # for the branch devinops, which holds the inventory"
            if pipeline.pushes
            else "read  # with inventory: {store: branch}, write"
        ),
    }


def github_job_values(pipeline: Pipeline, target: str) -> dict[str, str]:
    """Return the values of the placeholders in github-jobs.yml for the jobs of one target.

    They name its secrets: a job with another way to find them would be sent those of all targets.
    """
    key = pipeline.keys[target]
    keys = [key, *filter(None, [pipeline.enterprise_keys.get(target)])]
    line = "          {0}: ${{{{ secrets.{1} }}}}\n"
    name = target if pipeline.is_many else ""
    ending = f"-{name}" if name else ""
    return {
        "job": ending.replace(".", "--"),
        "target": f"    env:\n      DEVINOPS_TARGET: {_json(name)}\n" if name else "",
        "chosen": f" && inputs.target == '{name}'" if name else "",
        "suffix": pipeline.suffix(name),
        "title": pipeline.title(name),
        "environment": f"devin{ending}",
        "key": key,
        "plan_secret": f"{key}_PLAN",
        "apply_secret": key,
        "plan_key": "".join(line.format(key, f"{key}_PLAN") for key in keys),
        "apply_key": "".join(line.format(key, key) for key in keys),
    }


def _target_input(targets: Iterable[str]) -> str:
    return (
        "      target:\n        description: Target to plan or apply\n        type: choice\n"
        f"        required: true\n        options: {_json(list(targets))}\n"
    )


def _github_approvals() -> str:
    """Return variables with the inputs."""
    flags = ("adopt", *_HAZARD_FLAGS)
    lines = [f"{name.upper()}: ${{{{ inputs.{name} && 'yes' || '' }}}}" for name in flags]
    lines += [f"{name.upper()}: ${{{{ inputs.{name} }}}}" for name in _NUMBERS]
    lines += [f"{name.upper()}: ${{{{ inputs.{name} }}}}" for name in ("on_conflict", "rollback")]
    lines.append(f"ON_DRIFT: ${{{{ inputs.on_drift != '{_NO_CHOICE}' && inputs.on_drift || '' }}}}")
    return "".join(f"{line}\n" for line in lines)


def _github_options() -> str:
    """Return the options for the variables that are not empty, over several lines."""
    options = ["${ADOPT:+--adopt}"]
    options += [
        f'${{{name.upper()}:+{_flag(name)} "${name.upper()}"}}' for name in ("on_drift", *_NUMBERS)
    ]
    options.append("""${ON_CONFLICT:+--on-conflict "${ON_CONFLICT//;/$'\\n'}"}""")
    return " \\\n            ".join([*options, _github_hazards()])


def _github_hazards() -> str:
    return " ".join(f"${{ALLOW_{name.upper()}:+--allow-{name}}}" for name in HAZARDS)


def gitlab_values(pipeline: Pipeline, file: str) -> dict[str, str]:
    """Return the values of the placeholders in gitlab.yml, which becomes this file."""
    keys = pipeline.all_keys
    target = "$DEVINOPS_TARGET" if pipeline.is_many else ""
    return {
        **_common(pipeline),
        "lock": GITLAB_LOCK,
        "paths": pipeline.paths("**/*", file, GITLAB_LOCK),
        "validate": f"devinops validate{pipeline.root}",
        "plan_secrets": ", ".join(f"{key}_PLAN" for key in keys),
        "apply_secrets": ", ".join(keys),
        "hazard_inputs": _gitlab_variables(pipeline),
        "options": indent(f"set --\n{_gitlab_options()}", " " * 6),
        "hazard_options": indent(_gitlab_flags(_HAZARD_FLAGS), " " * 8),
        "suffix": pipeline.suffix(target),
        "environment": f"-{target}" if target else "",
        "title": pipeline.title(target),
        "matrix": _gitlab_matrix(pipeline.keys) if pipeline.is_many else "",
        "target_check": indent(_TARGET_CHECK, " " * 6) if pipeline.is_many else "",
        "push_check": indent(_PUSH_CHECK, " " * 6) if pipeline.pushes else "",
        "key": "KEY" if pipeline.is_many else pipeline.key,
        "plan_secret": "with the key" if pipeline.is_many else f"{pipeline.key}_PLAN",
        "export": indent(_gitlab_export(pipeline), " " * 6),
    }


_TARGET_CHECK: Final = """\
if [ -n "$TARGET" ] && [ "$TARGET" != "$DEVINOPS_TARGET" ]; then
  echo "Not for this target."
  exit 0
fi
"""


_PUSH_CHECK: Final = """\
if ! git push --quiet --dry-run origin HEAD:refs/heads/devinops-check; then
  echo "This job cannot push to the project, so nothing was applied. Select Allow Git push \
requests to the repository in Settings > CI/CD > Job token permissions, or set the protected \
variable INVENTORY_PUSH_TOKEN to a project access token with the scope write_repository."
  exit 1
fi
"""


def _gitlab_variables(pipeline: Pipeline) -> str:
    form = '  {0}:\n    value: "{1}"\n{2}    description: {3}\n'
    choice = '    options: ["no", "yes"]\n'
    lines = [
        form.format(f"ALLOW_{name.upper()}", "no", choice, _json(help))
        for name, help in HAZARDS.items()
    ]
    if pipeline.is_many:
        listed = f"Target to plan or apply; empty, all: {', '.join(pipeline.keys)}"
        lines.append(form.format("TARGET", "", "", _json(listed)))
    return "".join(lines)


def _gitlab_options() -> str:
    """Return lines of shell that add the options to "$@"."""
    given = {name: (f'[ -n "${name.upper()}" ]', f'"${name.upper()}"') for name in _NUMBERS}
    conflicts = """"$(echo "$ON_CONFLICT" | tr ';' '\\n')\""""
    values = {
        "on_conflict": ('[ -n "$ON_CONFLICT" ]', conflicts),
        "on_drift": (f'[ "$ON_DRIFT" != "{_NO_CHOICE}" ]', '"$ON_DRIFT"'),
        **given,
    }
    return _gitlab_flags(("adopt", *_HAZARD_FLAGS)) + "".join(
        f'if {test}; then set -- "$@" {_flag(name)} {value}; fi\n'
        for name, (test, value) in values.items()
    )


def _gitlab_flags(names: Iterable[str]) -> str:
    return "".join(
        f'if [ "${name.upper()}" = yes ]; then set -- "$@" {_flag(name)}; fi\n' for name in names
    )


def _gitlab_matrix(targets: Iterable[str]) -> str:
    return f"  parallel:\n    matrix:\n      - DEVINOPS_TARGET: {_json(list(targets))}\n"


def _gitlab_export(pipeline: Pipeline) -> str:
    """Return the lines that give the key for planning the name that devinops looks for."""
    enterprise = {
        target: f'export {key}="${key}_PLAN"' for target, key in pipeline.enterprise_keys.items()
    }
    if not pipeline.is_many:
        lines = [f'export {pipeline.key}="${pipeline.key}_PLAN"', *enterprise.values()]
        return "".join(f"{line}\n" for line in lines)
    commands = {
        target: [f'KEY=${key}_PLAN; export {key}="$KEY"', *filter(None, [enterprise.get(target)])]
        for target, key in pipeline.keys.items()
    }
    cases = "".join(f"  {target}) {'; '.join(lines)} ;;\n" for target, lines in commands.items())
    return f'case "$DEVINOPS_TARGET" in\n{cases}esac\n'


def _common(pipeline: Pipeline) -> dict[str, str]:
    return {
        "root": pipeline.root,
        "on_drift": _NO_CHOICE,
        "branch": pipeline.branch,
        "backups": _json(f"{loose(pipeline.below)}/.devinops/backups/".lstrip("/")),
        "directory": shlex.quote(f"./{pipeline.below}"),
    }


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def command_line(text: str) -> str:
    """Return a command as a value of YAML, quoted only if it has characters that need it."""
    return text if re.fullmatch(r"[\w ./='-]+", text) else _json(text)


def _json(value: object) -> str:
    """Return a value as JSON, which is also YAML."""
    return json.dumps(value, ensure_ascii=False)
