"""The files that `devinops init` writes for GitHub Actions and GitLab CI."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Any, Final

from devinops import __version__
from devinops.cli.setup.installed_from import FILL_IN, Origin
from devinops.cli.setup.placed_files import NewFile, existing_text, is_unedited, marked
from devinops.cli.setup.repository import Repository, host_and_repository
from devinops.config.project import Project
from devinops.kinds import KINDS
from devinops.model.errors import NotWritten, UsageError

WORKFLOW: Final = ".github/workflows/devinops.yml"
ACTION: Final = ".github/actions/devinops"
"""Where a copy of the action is."""

ACTION_FILE: Final = f"{ACTION}/action.yml"
GITLAB_FILE: Final = ".gitlab-ci.yml"

GITLAB_LOCK: Final = ".gitlab/devinops-requirements.txt"
"""Where the dependencies of devinops are, each with its hashes."""

HOOK_FILES: Final = r"\.(md|txt|ya?ml)$"
"""Files that the pre-commit hooks may read; the same as in .pre-commit-hooks.yaml."""

NEW_TARGET: Final = "production"
"""The target in a new devinops.yaml."""

DEFAULT_KEY: Final = "DEVIN_API_KEY"
_PLAN: Final = "_PLAN, "

_TARGETS: Final = 'description: "Targets: a name, label=value (with commas: all of them), or all"'
"""The description of the input, or variable, that chooses targets by hand."""


_ROOT_OPTION: Final = re.compile(
    r"""(?:--root|-C|\broot:)['"\s=,]+?(?:['"]([^'"]+)['"]|([^\s,\]'"]+))"""
)
_RUNS_DEVINOPS: Final = re.compile(
    r"\bdevinops(-(validate|lint)\b| (validate|lint|plan|apply)\b)|uses: \S*\bdevinops\b"
)


@dataclass(frozen=True)
class Pipeline:
    """What the files of a CI system depend on.

    `keys` are the variables with keys, and `enterprise_keys` those of an enterprise. `below` is the
    path of the root in the repository, empty at its top; `patterns` are the `paths` of
    devinops.yaml. `pushes` says that an inventory is on a branch, so that an apply must be able to
    push. `shards` is how many jobs share the targets of an apply, and `waves` are the names of the
    waves.
    """

    branch: str
    below: str
    targets: Sequence[str] = (NEW_TARGET,)
    patterns: Sequence[str] = ()
    keys: Sequence[str] = (DEFAULT_KEY,)
    pushes: bool = True
    shards: int = 1
    waves: Sequence[str] = ()
    enterprise_keys: Sequence[str] = ()

    @classmethod
    def of(cls, project: Project, git: Repository) -> Pipeline:
        """Return what Git says, and devinops.yaml if it exists already."""
        targets = project.targets or {NEW_TARGET: {}}
        keys = [own.get("api_key_env", DEFAULT_KEY) for own in targets.values()]
        enterprise = list(map(_enterprise_key, targets.values()))
        # Without settings, the new ones have an inventory on a branch if there is a remote.
        pushes = git.remote
        if project.document is not None:
            pushes = any(project.inventory_of(name)["store"] == "branch" for name in targets)
        files = [project.targets_file.path] if project.targets_file else []
        patterns = (*project.paths, *files, *map("{}/**".format, project.layer_directories))
        return cls(
            git.branch,
            git.below,
            list(targets),
            patterns,
            _distinct([*keys, *enterprise]),
            pushes,
            project.shards if len(targets) > 1 else 1,
            [wave.name for wave in project.waves if len(targets) > 1],
            _distinct(enterprise),
        )

    @property
    def is_many(self) -> bool:
        """Whether there are several targets, which each job works on together."""
        return len(self.targets) > 1

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


def _enterprise_key(target: Mapping[str, Any]) -> str | None:
    """Return the variable with the enterprise's key that a target uses; None without one."""
    if target.get("enterprise"):
        return str(target.get("api_key_env", DEFAULT_KEY))
    return target.get("enterprise_key_env")


def _distinct(keys: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(filter(None, keys)))


def _paths_of(pattern: str, below: str) -> list[str]:
    """Return the patterns of CI for one of `paths`, which may name files or directories."""
    name = loose("/".join(part for part in pattern.split("/") if part not in ("", ".")))
    if name.endswith("/**"):
        return [f"{name[:-2]}{below}"]
    is_file = name.endswith((".md", ".yaml", ".yml")) and not pattern.endswith("/")
    return [name] if is_file else [name, f"{name}/{below}"]


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


def check_names(git: Repository) -> None:
    """Raise NotWritten if the files of CI and pre-commit cannot hold a name safely."""
    for what, name in (("directory", git.below), ("branch", git.branch)):
        if "${{" in name or not name.isprintable():
            raise NotWritten(
                f"cannot write the files of CI and pre-commit for the {what} {_json(name)}: its "
                "name has ${{, which GitHub replaces, or characters that cannot be printed: rename "
                "it, then run again; nothing was written"
            )


def key_note(system: str, pipeline: Pipeline) -> str:
    """Return which keys to store where, for people who have just got the files of a CI system."""
    if system == "none":
        return ""
    where = "GitHub, store" if system == "github" else "GitLab, store as masked variables"
    waves = ", and in that of each wave" if pipeline.waves else ""
    note = (
        f"In {where} a key for planning as {_PLAN.join(pipeline.keys)}_PLAN, and a key for "
        f"applying as {', '.join(pipeline.keys)} in the environment devin{waves}, which only "
        f"{pipeline.branch} may use, the branch whose pushes are applied."
    )
    if pipeline.enterprise_keys:
        note += (
            f" A key of an enterprise ({', '.join(pipeline.enterprise_keys)}) that can read access "
            "and limits can mostly also write them, and whoever may push a branch can take the one "
            "for planning: use a repository to which only administrators of the enterprise push."
        )
    return note


class _Template(Template):
    delimiter = "@@"


def filled(name: str, **values: str) -> str:
    """Return a template with its placeholders replaced."""
    file = resources.files("devinops") / "templates" / name
    return _Template(file.read_text("utf-8")).substitute(values)


def hooks_file(pipeline: Pipeline, origin: Origin) -> NewFile:
    """Return the file with the hooks for pre-commit."""
    below = pipeline.below
    files = rf"^{re.escape(below)}/.*{HOOK_FILES}" if below else HOOK_FILES
    if origin.repository:
        text = filled(
            "pre-commit-hook.yaml",
            repository=origin.repository,
            revision=str(origin.revision),
            root=f"        args: [--root, {_json(below)}]\n" if below else "",
            files=f"        files: {files}\n" if below else "",
        )
    else:
        text = filled(
            "pre-commit.yaml",
            root=pipeline.root,
            files=files,
            why=origin.to_fill_in(8),
            requirement=origin.requirement,
            lint_requirement=origin.requirement.replace("devinops", "devinops[secrets]", 1),
        )

    def addition(existing: str) -> tuple[str, str] | None:
        if _runs_devinops(existing, below):
            return None
        # A second key of this name would replace the hooks that are there.
        item = re.search(r"(?m)^repos:[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*([ ]*)- ", existing)
        hooks = textwrap.dedent(text.removeprefix("repos:\n"))
        return "the end of the list repos: in {}", textwrap.indent(hooks, item[1] if item else "  ")

    return NewFile(".pre-commit-config.yaml", text, addition)


def _runs_devinops(text: str, below: str) -> bool:
    """Return whether a file of CI or pre-commit runs devinops for the directory `below` the top."""
    text = re.sub(r"(?m)^\s*#.*", "", text)
    roots = [quoted or plain for quoted, plain in _ROOT_OPTION.findall(text)]
    return (below in roots if below else not roots) and bool(_RUNS_DEVINOPS.search(text))


def _is_free(file: Path, below: str) -> bool:
    """Return whether a file is missing, or runs devinops for this directory already."""
    return not file.exists() or _runs_devinops(existing_text(file), below)


def _check_owner(file: Path, below: str) -> None:
    """Raise NotWritten if init wrote a file for another directory whose name ends up the same."""
    if not _is_free(file, below) and is_unedited(existing_text(file), ""):
        raise NotWritten(
            f"cannot write {file}: it is for another directory, whose name differs from {below} "
            "only in special characters: rename one, then run again; nothing was written"
        )


def ci_files(
    system: str, pipeline: Pipeline, origin: Origin, top: Path, host: str | None, copies: bool
) -> list[NewFile]:
    """Return the files of a CI system, first the one that it reads.

    With `copies`, GitHub gets a copy of the action, as it does if there is one in `top` already.
    Without a copy, it uses the action of the commit that runs, if the server `host` can reach it.
    """
    if copies and system != "github":
        raise UsageError(
            f"--copy-action is for GitHub, but the files are for {system}: leave it out"
        )
    if system == "github":
        return _github_files(pipeline, origin, top, host, copies or (top / ACTION_FILE).exists())
    return _gitlab_files(pipeline, origin, top) if system == "gitlab" else []


def _github_files(
    pipeline: Pipeline, origin: Origin, top: Path, host: str | None, copies: bool
) -> list[NewFile]:
    files, fill_in = [], ""
    other = f".github/workflows/devinops{pipeline.suffix or '-top'}.yml"
    file = WORKFLOW if _is_free(top / WORKFLOW, pipeline.below) else other
    _check_owner(top / file, pipeline.below)
    server, repo = host_and_repository(origin.repository)
    if copies:
        action = f"./{ACTION}  # zizmor: ignore[self-repository]"
        for name, text in action_files().items():
            before, source, after = text.partition("  source:\n")
            after = after.replace('default: ""', f"default: {_json(origin.requirement)}", 1)
            text = f"{before}{source}{origin.to_fill_in(4) if source else ''}{after}"
            files.append(NewFile(f"{ACTION}/{name}", marked(text), part_of=ACTION_FILE))
    elif server in ("github.com", host) and repo and origin.revision:
        action = f"{repo}@{origin.revision}  # v{__version__}"
    else:
        action = f"OWNER/devinops@COMMIT  # {FILL_IN}"
        why = (
            origin.unknown or f"it was installed from {origin.requirement}, which is not on GitHub"
        )
        fill_in = f"# {FILL_IN} OWNER and COMMIT, or run devinops init --copy-action: {why}.\n"
    return [NewFile(file, marked(_workflow(pipeline, file, action, fill_in))), *files]


def _workflow(pipeline: Pipeline, file: str, action: str, fill_in: str) -> str:
    """Return the text of the workflow in this file, which uses an action.

    `fill_in` is the comment about that, which may be empty.
    """
    plan_keys, many = _github_keys(pipeline.keys, "_PLAN"), pipeline.is_many
    values = {
        "action": action,
        "fill_in": fill_in,
        "paths": pipeline.paths("**", file, f"{ACTION}/**"),
        "branches": _json([re.sub(r"^!|\+", r"\\\g<0>", pipeline.branch)]),
        "branch": pipeline.branch,
        "suffix": pipeline.suffix,
        "contents": "write" if pipeline.pushes else "read",
        "root": f"          root: {_json(pipeline.below)}\n" if pipeline.below else "",
        "target": "          target: ${{ inputs.target || 'all' }}\n" if many else "",
        "target_input": f"      target: {{type: string, required: true, {_TARGETS}}}\n"
        if many
        else "",
        "hourly": ', {cron: "47 * * * *"}' if pipeline.waves else "",
        "plan_keys": plan_keys,
        "apply_keys": _github_keys(pipeline.keys, ""),
        "due": f"          wave: due\n{plan_keys}" if pipeline.waves else "",
        "shards": str(pipeline.shards),
    }
    # Then an apply is several jobs, one for each wave or shard.
    has_rollout = pipeline.waves or pipeline.shards > 1
    apply = "github-rollout.yml" if has_rollout else "github-apply.yml"
    return filled("github.yml", **values, apply=filled(apply, **values))


def _github_keys(keys: Sequence[str], end: str) -> str:
    """Return the inputs with the keys, which are secrets of the names that `end` completes."""
    if list(keys) == [DEFAULT_KEY]:
        return f"          api-key: ${{{{ secrets.{DEFAULT_KEY}{end} }}}}\n"
    lines = (f"            {key}=${{{{ secrets.{key}{end} }}}}\n" for key in keys)
    return "".join(["          secrets: |\n", *lines])


def _gitlab_files(pipeline: Pipeline, origin: Origin, top: Path) -> list[NewFile]:
    file, keys, include = GITLAB_FILE, pipeline.keys, []
    if not _is_free(top / file, pipeline.below):
        # The variables of a text that is pasted into a pipeline would replace those that are there.
        file = f".gitlab/devinops{pipeline.suffix}.yml"
        _check_owner(top / file, pipeline.below)
        where = "{} (to its include, if it has one; if it lists stages, it needs test and deploy)"
        line = f"include: {{local: {file}}}\n"
        include = [NewFile(GITLAB_FILE, line, lambda old: None if file in old else (where, line))]
    values = {
        "why": origin.to_fill_in(4),
        "quoted": shlex.quote(origin.requirement),
        "root": pipeline.root,
        "directory": shlex.quote(f"./{pipeline.below}"),
        "backups": _json(f"{loose(pipeline.below)}/.devinops/backups/".lstrip("/")),
        "paths": pipeline.paths("**/*", file, GITLAB_LOCK),
        "keys": ", ".join(keys),
        "plan_keys": f"{_PLAN.join(keys)}_PLAN",
        "key_values": "".join(map("${}".format, keys)),
        "export": "".join(f'      export {key}="${key}_PLAN"\n' for key in keys),
        "target": f"  TARGET: {{value: all, {_TARGETS}}}\n" if pipeline.is_many else "",
        "group": f"devinops{pipeline.suffix}{'-$SHARD' if pipeline.shards > 1 else ''}",
        "pushes": "yes" if pipeline.pushes else "no",
        "matrix": _gitlab_matrix(pipeline),
        "waves": "|".join(pipeline.waves),
    }
    waves, shards = bool(pipeline.waves), pipeline.shards > 1
    parts = {"wave": waves, "prepare": waves, "report": shards}
    parts["affected"] = pipeline.is_many and not waves
    for part, is_in in parts.items():
        values[part] = filled(f"gitlab-{part}.yml", **values) if is_in else ""
    lock = action_files()["action/requirements.txt"]
    return [
        NewFile(file, marked(filled("gitlab.yml", **values))),
        NewFile(GITLAB_LOCK, marked(lock), part_of=file),
        *include,
    ]


def _gitlab_matrix(pipeline: Pipeline) -> str:
    """Return what makes several jobs apply; empty for one job."""
    shards, environment, matrix = pipeline.shards, "", {}
    if pipeline.waves:
        matrix["WAVE"] = list(pipeline.waves)
        environment = (
            "  needs: [devinops-prepare]\n  environment: {name: devin-$WAVE}"
            "  # with the keys of the wave's targets; protect each\n"
        )
    if shards > 1:
        matrix["SHARD"] = [f"{number}/{shards}" for number in range(1, shards + 1)]
    return f"{environment}  parallel: {{matrix: [{_json(matrix)}]}}\n" if matrix else ""


def _json(value: object) -> str:
    """Return a value as JSON, which is also YAML."""
    return json.dumps(value, ensure_ascii=False)
