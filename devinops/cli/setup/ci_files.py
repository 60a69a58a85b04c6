"""The files that `devinops init` writes for GitHub Actions and GitLab CI."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from devinops.kinds import KINDS
from devinops.model.errors import ConfigError
from devinops.model.policy import ALLOWED

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

_WROTE: Final = "devinops init wrote this file, and updates it until somebody edits it: "
_MARK: Final = re.compile(
    rf"""(?:(?:#|//) |(\{{\n)  "\$comment": "){_WROTE}([0-9a-f]{{16}})(?:",)?\n"""
)

_ALLOW_HELP: Final = "What else to allow, with commas between: " + ", ".join(
    f"{value} ({what})" for value, what in ALLOWED.items() if value != "out-of-wave"
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
    def parts(self) -> set[str]:
        """The marks of the lines in a template that these files have."""
        is_sharded, has_waves = self.is_many and self.shards > 1, self.is_many and bool(self.waves)
        marks = {
            "many": self.is_many,
            "one": not self.is_many,
            "waves": has_waves,
            "nowaves": not has_waves,
            "flat": self.is_many and not has_waves,
            "shards": is_sharded,
            "whole": not is_sharded,
            "staged": is_sharded or has_waves,
            "direct": not (is_sharded or has_waves),
            "pushes": self.pushes,
            "nopushes": not self.pushes,
            "below": bool(self.below),
        }
        return {mark for mark, is_set in marks.items() if is_set}

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

    @property
    def title(self) -> str:
        """The end of a title for people, such as ` in teams/a`."""
        name = re.sub(r"[^\w /.-]", "?", self.below)
        return f" in {name}" if name else ""

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
    if "waves" in pipeline.parts:
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
    """Return the values of the placeholders in github.yml and github-backup.yml."""
    keys, line = pipeline.job_keys, "          {0}: ${{{{ secrets.{1} }}}}\n"
    return {
        **ACTIONS,
        **_common(pipeline),
        "lock": GITHUB_LOCK,
        "paths": pipeline.paths("**", WORKFLOW, GITHUB_LOCK),
        "branches": _json([re.sub(r"^!|\+", r"\\\g<0>", pipeline.branch)]),
        "validate": command_line(f"devinops validate{pipeline.root} --format github"),
        "allow_help": _json(_ALLOW_HELP),
        "shards": str(pipeline.shards),
        "plan_key": "".join(line.format(key, f"{key}_PLAN") for key in keys),
        "apply_key": "".join(line.format(key, key) for key in keys),
        "apply_secrets": (
            "the keys for applying"
            if len(pipeline.target_keys) > 1
            else f"the secret {pipeline.target_keys[0]}"
        ),
    }


def gitlab_values(pipeline: Pipeline, file: str) -> dict[str, str]:
    """Return the values of the placeholders in gitlab.yml, which becomes this file."""
    keys = pipeline.job_keys
    return {
        **_common(pipeline),
        "lock": GITLAB_LOCK,
        "paths": pipeline.paths("**/*", file, GITLAB_LOCK),
        "validate": f"devinops validate{pipeline.root}",
        "plan_secrets": ", ".join(f"{key}_PLAN" for key in keys),
        "apply_secrets": ", ".join(keys),
        "allow_help": _json(_ALLOW_HELP),
        "matrix": _gitlab_matrix(pipeline),
        "waves": "|".join(pipeline.waves),
        "export": "".join(f'      export {key}="${key}_PLAN"\n' for key in pipeline.job_keys),
    }


_MOST_JOBS: Final = 200


def _gitlab_matrix(pipeline: Pipeline) -> str:
    """Return the variables of the jobs that apply. Raises ConfigError if there are too many."""
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
    return _json({name: values for name, values in variables.items() if values})


def of_parts(text: str, parts: Set[str]) -> str:
    """Return a template without what follows a mark, such as `@@many|`, that is not in `parts`."""

    def kept(match: re.Match[str]) -> str:
        return match[2] if parts >= {*re.findall(r"[a-z]+", match[1])} else ""

    return re.sub(r"((?:@@[a-z]+\|)+)(.*\n)", kept, text)


def _common(pipeline: Pipeline) -> dict[str, str]:
    keys = pipeline.target_keys
    return {
        "root": pipeline.root,
        "suffix": pipeline.suffix,
        "title": pipeline.title,
        "key_values": "".join(f"${key}" for key in keys),
        "plan_secret": "with a key for planning" if len(keys) > 1 else f"{keys[0]}_PLAN",
        "branch": pipeline.branch,
        "backups": _json(f"{loose(pipeline.below)}/.devinops/backups/".lstrip("/")),
        "directory": shlex.quote(f"./{pipeline.below}"),
        "shard": '${SHARD:+--shard "$SHARD"} ' if "shards" in pipeline.parts else "",
    }


def command_line(text: str) -> str:
    """Return a command as a value of YAML, quoted only if it has characters that need it."""
    return text if re.fullmatch(r"[\w ./='-]+", text) else _json(text)


def _json(value: object) -> str:
    """Return a value as JSON, which is also YAML."""
    return json.dumps(value, ensure_ascii=False)
