"""The files that `devinops init` writes for GitHub Actions and GitLab CI."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

_CONDITION: Final = re.compile(r"(?m)^(.*?) +@@(if|unless) (\w+)\n")
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
    devinops.yaml. `pushes` says that an inventory is on a branch of this repository, so that an
    apply must be able to push. `shards` is how many jobs share the targets of an apply, 0 if one
    job has all, and `waves` are the names of the waves.
    """

    branch: str
    below: str
    targets: Sequence[str] = (NEW_TARGET,)
    patterns: Sequence[str] = ()
    keys: Sequence[str] = (DEFAULT_KEY,)
    pushes: bool = True
    shards: int = 0
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
            pushes = any(map(_is_pushed, map(project.inventory_of, targets)))
        files = [project.targets_file.path] if project.targets_file else []
        patterns = (*project.paths, *files, *map("{}/**".format, project.layer_directories))
        return cls(
            git.branch,
            git.below,
            list(targets),
            patterns,
            _distinct([*keys, *enterprise]),
            pushes,
            project.shards if len(targets) > 1 and project.shards > 1 else 0,
            [wave.name for wave in project.waves if len(targets) > 1],
            _distinct(enterprise),
        )

    @property
    def is_many(self) -> bool:
        """Whether there are several targets, which each job works on together."""
        return len(self.targets) > 1

    @property
    def plan_keys(self) -> list[str]:
        """The variables in which CI has the keys for planning."""
        return [f"{key}_PLAN" for key in self.keys]

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


def _is_pushed(inventory: Mapping[str, Any]) -> bool:
    """Return whether an inventory is on a branch of this repository.

    The token of a job cannot push to a second repository, which is another remote.
    """
    return inventory["store"] == "branch" and inventory.get("remote") in (None, "origin")


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
    places = {"github": "GitHub, store", "gitlab": "GitLab, store as masked variables"}
    if system not in places:
        return ""
    wave = f" (for a wave, in devin-{pipeline.waves[0]} and so on)" if pipeline.waves else ""
    note = (
        f"In {places[system]} a key for planning as {', '.join(pipeline.plan_keys)}, and a key for "
        f"applying as {', '.join(pipeline.keys)} in the environment devin{wave}. Allow only "
        f"{pipeline.branch} there, the branch whose pushes are applied."
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


def filled(name: str, **values: object) -> str:
    """Return a template with its placeholders replaced.

    A line that ends with `@@if NAME` is there only if this value is not empty, and one that ends
    with `@@unless NAME` only if it is.
    """

    def chosen(match: re.Match[str]) -> str:
        is_in = bool(values[match[3]]) is (match[2] == "if")
        return f"{match[1]}\n" if is_in else ""

    text = (resources.files("devinops") / "templates" / name).read_text("utf-8")
    return _Template(_CONDITION.sub(chosen, text)).substitute(values)


def _parts(system: str, names: Iterable[str], values: Mapping[str, object]) -> dict[str, str]:
    """Return name → text of parts of a system's file, without the newline at the end."""
    return {name: filled(f"{system}-{name}.yml", **values).removesuffix("\n") for name in names}


def hooks_file(pipeline: Pipeline, origin: Origin) -> NewFile:
    """Return the file with the hooks for pre-commit."""
    below = pipeline.below
    files = rf"^{re.escape(below)}/.*{HOOK_FILES}" if below else HOOK_FILES
    text = filled(
        "pre-commit-hook.yaml" if origin.repository else "pre-commit.yaml",
        repository=origin.repository,
        revision=origin.revision,
        below=below and _json(below),
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


def _file_name(top: Path, usual: str, own: str, below: str) -> str:
    """Return the usual name of a file of CI, or this directory's own if that is taken.

    Raises NotWritten if that too is taken, by a directory whose name ends up the same.
    """
    for name in (usual, own):
        text = existing_text(top / name)
        if not (top / name).exists() or _runs_devinops(text, below):
            return name
    if is_unedited(text, ""):
        raise NotWritten(
            f"cannot write {top / own}: it is for another directory, whose name differs from "
            f"{below} only in special characters: rename one, then run again; nothing was written"
        )
    return own


def ci_files(
    system: str, pipeline: Pipeline, origin: Origin, top: Path, host: str | None, copies: bool
) -> list[NewFile]:
    """Return the files of a CI system, first the one that it reads.

    With `copies`, GitHub gets a copy of the action, as it does if there is one in `top` already.
    Without a copy, it uses the action of the commit that runs, if the server `host` can reach it.
    """
    if copies and system != "github":
        raise UsageError(f"--copy-action is for GitHub, not for {system}: leave it out")
    if system == "github":
        return _github_files(pipeline, origin, top, host, copies or (top / ACTION_FILE).exists())
    return _gitlab_files(pipeline, origin, top) if system == "gitlab" else []


def _github_files(
    pipeline: Pipeline, origin: Origin, top: Path, host: str | None, copies: bool
) -> list[NewFile]:
    own = f".github/workflows/devinops{pipeline.suffix or '-top'}.yml"
    file = _file_name(top, WORKFLOW, own, pipeline.below)
    action, fill_in = f"./{ACTION}  # zizmor: ignore[self-repository]", ""
    if not copies:
        action, fill_in = _action(origin, host)
    values: dict[str, object] = {
        "action": action,
        "fill_in": fill_in,
        "paths": pipeline.paths("**", file, f"{ACTION}/**"),
        "branches": _json([re.sub(r"^!|\+", r"\\\g<0>", pipeline.branch)]),
        "branch": pipeline.branch,
        "suffix": pipeline.suffix,
        "contents": "write" if pipeline.pushes else "read",
        "below": pipeline.below and _json(pipeline.below),
        "many": pipeline.is_many,
        "waves": pipeline.waves,
        "shards": pipeline.shards,
        "rollout": pipeline.waves or pipeline.shards,
        "plan_keys": _github_keys(pipeline.keys, pipeline.plan_keys),
        "apply_keys": _github_keys(pipeline.keys, pipeline.keys),
    }
    values |= _parts("github", ("prepare", "report"), values)
    workflow = NewFile(file, marked(filled("github.yml", **values)))
    return [workflow, *_action_copy(origin)] if copies else [workflow]


def _action(origin: Origin, host: str | None) -> tuple[str, str]:
    """Return the action at the commit that runs, and why a person has to fill it in, or empty."""
    server, repo = host_and_repository(origin.repository)
    if server in ("github.com", host) and repo and origin.revision:
        return f"{repo}@{origin.revision}  # v{__version__}", ""
    elsewhere = f"it was installed from {origin.requirement}, which is not on GitHub"
    return f"OWNER/devinops@COMMIT  # {FILL_IN}", origin.unknown or elsewhere


def _action_copy(origin: Origin) -> Iterator[NewFile]:
    """Yield the files of a copy of the action, which installs devinops from its origin."""
    source = f"default: {_json(origin.requirement)}"
    why = f"{origin.to_fill_in(4)}\n" if origin.unknown else ""
    for name, text in action_files().items():
        before, start, after = text.partition("  source:\n")
        if start:
            text = before + start + why + after.replace('default: ""', source, 1)
        yield NewFile(f"{ACTION}/{name}", marked(text), part_of=ACTION_FILE)


def _github_keys(keys: Sequence[str], secrets: Sequence[str]) -> str:
    """Return the input of the action with the keys, each from the secret in the same place."""
    values = [f"${{{{ secrets.{secret} }}}}" for secret in secrets]
    if list(keys) == [DEFAULT_KEY]:
        return f"          api-key: {values[0]}"
    rows = (f"            {key}={value}" for key, value in zip(keys, values, strict=True))
    return "\n".join(["          secrets: |", *rows])


def _gitlab_files(pipeline: Pipeline, origin: Origin, top: Path) -> list[NewFile]:
    own = f".gitlab/devinops{pipeline.suffix}.yml"
    file = _file_name(top, GITLAB_FILE, own, pipeline.below)
    include = []
    if file == own:
        # The variables of a text that is pasted into a pipeline would replace those that are there.
        where = "{} (to its include, if it has one; if it lists stages, it needs test and deploy)"
        line = f"include: {{local: {file}}}\n"
        include = [NewFile(GITLAB_FILE, line, lambda old: None if file in old else (where, line))]
    exports = (f'      export {key}="${key}_PLAN"' for key in pipeline.keys)
    values: dict[str, object] = {
        "why": origin.to_fill_in(4),
        "quoted": shlex.quote(origin.requirement),
        "root": pipeline.root,
        "directory": shlex.quote(f"./{pipeline.below}"),
        "backups": _json(f"{loose(pipeline.below)}/.devinops/backups/".lstrip("/")),
        "paths": pipeline.paths("**/*", file, GITLAB_LOCK),
        "keys": ", ".join(pipeline.keys),
        "plan_keys": ", ".join(pipeline.plan_keys),
        "key_values": "".join(map("${}".format, pipeline.keys)),
        "export": "\n".join(exports),
        "many": pipeline.is_many,
        "group": f"devinops{pipeline.suffix}{'-$SHARD' if pipeline.shards else ''}",
        "pushes": pipeline.pushes,
        "matrix": _gitlab_matrix(pipeline),
        "waves": "|".join(pipeline.waves),
        "shards": pipeline.shards,
        "many_without_waves": pipeline.is_many and not pipeline.waves,
    }
    values |= _parts("gitlab", ("affected", "wave", "prepare", "report"), values)
    lock = action_files()["action/requirements.txt"]
    return [
        NewFile(file, marked(filled("gitlab.yml", **values))),
        NewFile(GITLAB_LOCK, marked(lock), part_of=file),
        *include,
    ]


def _gitlab_matrix(pipeline: Pipeline) -> str:
    """Return the variables that make several jobs apply, as JSON; empty for one job."""
    matrix = {}
    if pipeline.waves:
        matrix["WAVE"] = list(pipeline.waves)
    if shards := pipeline.shards:
        matrix["SHARD"] = [f"{number}/{shards}" for number in range(1, shards + 1)]
    return _json(matrix) if matrix else ""


def _json(value: object) -> str:
    """Return a value as JSON, which is also YAML."""
    return json.dumps(value, ensure_ascii=False)
