"""Combines flags, environment and devinops.yaml into one `Settings`, each value with its source.

Precedence: flag > environment > devinops.yaml > default. The exceptions are `org_id` and `api_url`
of a target in devinops.yaml: if the environment contradicts them, the run stops. This module also
decides which hosts may get a key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from devinops import __version__
from devinops.environment import CREDENTIALS, HOST_TOKEN, KEY_VARIABLES, Flags
from devinops.kinds import KINDS
from devinops.load import (
    CONFIG,
    Loaded,
    YamlDocument,
    load,
    misnamed_config_problems,
    misnamed_configs,
    parse_yaml,
    read_yaml,
)
from devinops.load.discover import File, read_named
from devinops.load.layers import NAME, find_layers
from devinops.load.problems import problem
from devinops.model.credentials import starred
from devinops.model.errors import ConfigError, InputError, UsageError, stop_on_errors
from devinops.model.keys import folder_path, listed
from devinops.model.kind import ApiVersion
from devinops.model.objects import Declaration, Problem, Severity, Source
from devinops.model.policy import (
    MAX_TARGETS,
    MaxDelete,
    MissingFolders,
    OnDrift,
    Policy,
    Prune,
)
from devinops.model.selectors import ALL, select
from devinops.model.target import Target, is_loopback
from devinops.planning.layers import Layers

if TYPE_CHECKING:
    from devinops.inventory import InventorySettings

CONFIG_FILE: Final = CONFIG
DEFAULT_TARGET: Final = "default"
DEFAULT_URL: Final = "https://api.devin.ai"
VENDOR_DOMAINS: Final = ("devin.ai", "devinenterprise.com")
API_BY_PREFIX: Final[Mapping[str, ApiVersion]] = {"cog_": "v3", "apk_": "v1"}


@dataclass(frozen=True)
class Project:
    """A root directory and its devinops.yaml; without that file every setting has its default.

    `targets_file` is the file that `targets` names, if it names one. `whole` is False if a part of
    the files could not be read.
    """

    root: Path
    document: YamlDocument | None = None
    whole: bool = True
    targets_file: YamlDocument | None = None

    @property
    def data(self) -> Mapping[str, Any]:
        return self.document.data if self.document else {}

    @property
    def paths(self) -> tuple[str, ...]:
        return self._texts("paths")

    @property
    def ignore(self) -> tuple[str, ...]:
        return self._texts("ignore")

    @cached_property
    def layers(self) -> Layers:
        """The targets, and the directories of the layers that each of them gets."""
        written = self.data.get("layers")
        layers = written if isinstance(written, list) else ()
        targets = {name: body for name, body in self.targets.items() if isinstance(body, dict)}
        return find_layers(self.root, layers, targets or {DEFAULT_TARGET: {}}, self.source_of)

    @property
    def layer_directories(self) -> tuple[str, ...]:
        """The directories of layers; of those for one target each, the one above them."""
        layers = self.data.get("layers", ())
        return tuple(dict.fromkeys(layer["path"].removesuffix(f"/{NAME}") for layer in layers))

    @property
    def reading(self) -> dict[str, Any]:
        """The settings of `load`: which files are read, and which targets get their entries."""
        return {
            "paths": self.paths,
            "ignore": self.ignore,
            "source_of": self.source_of,
            # What could not be read may have more targets, and they other labels.
            "layers": self.layers if self.whole else None,
        }

    @property
    def defaults(self) -> Mapping[str, Any]:
        """The settings of targets that do not set them themselves."""
        return self._section("defaults")

    @cached_property
    def targets(self) -> Mapping[str, Mapping[str, Any]]:
        """Name → settings of each target, with the defaults, in the order of the file."""
        return {name: _with_defaults(own, self.defaults) for name, own in self._own.items()}

    @cached_property
    def _own(self) -> Mapping[str, Mapping[str, Any]]:
        """Name → the settings that each target has itself."""
        document = self._targets_document
        targets = document.data.get("targets") if document else None
        named = targets.items() if isinstance(targets, dict) else ()
        return {name: own if isinstance(own, dict) else {} for name, own in named}

    @property
    def _targets_document(self) -> YamlDocument | None:
        return self.targets_file or self.document

    @property
    def max_targets(self) -> int:
        """How many targets a run may write to without approval."""
        most = self.data.get("max_targets")
        return most if isinstance(most, int) else MAX_TARGETS

    @property
    def lint(self) -> Mapping[str, Any]:
        """The section `lint`; empty without one."""
        return self._section("lint")

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self.data.get(name)
        return section if isinstance(section, dict) else {}

    def _texts(self, option: str) -> tuple[str, ...]:
        texts = self.data.get(option)
        if not isinstance(texts, list):
            return ()
        return tuple(text for text in texts if isinstance(text, str))

    def source_of(self, *path: str | int) -> Source:
        return self.document.source_of(*path) if self.document else Source(CONFIG_FILE)

    def is_default(self, name: str, option: str) -> bool:
        """Return whether a target has a setting only because it is among the defaults."""
        return option in self.defaults and option not in self._own.get(name, {})

    def target_source(self, name: str, option: str, *path: str | int) -> Source:
        """Return where a setting of a target is written, or the target if it is nowhere."""
        if self.is_default(name, option):
            return self.source_of("defaults", option, *path)
        document = self._targets_document
        return document.source_of("targets", name, option, *path) if document else Source(CONFIG)

    def target_key_source(self, name: str) -> Source:
        """Return where the name of a target is written."""
        document = self._targets_document
        return document.key_source("targets", name) if document else Source(CONFIG)

    def is_damaged(self, name: str) -> bool:
        """Return whether a part of a target's settings could not be read."""
        own, shared = self._targets_document, self.document
        default = bool(self.defaults and shared and shared.node.at(("defaults",)).tainted)
        return default or bool(own and own.node.at(("targets", name)).tainted)


def _with_defaults(own: Mapping[str, Any], defaults: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a target, with the defaults that suit those that it has itself."""
    unsuitable = set()
    if own.get("enterprise") is True:
        unsuitable.add("enterprise_key_env")
    if own.get("prune", Prune.SCOPE) != Prune.SCOPE:
        unsuitable.add("scope")
    return {name: value for name, value in defaults.items() if name not in unsuitable} | dict(own)


@dataclass(frozen=True)
class Settings:
    """The effective values of one run; `sources` tells where each came from.

    `target` has the id of the organization only if it is configured.
    """

    root: Path
    target: Target
    key: str = field(repr=False)
    enterprise_key: str | None = field(repr=False)
    enterprise_key_env: str | None
    timeout_s: float
    parallelism: int | None
    ca_bundle: Path | None
    policy: Policy
    inventory: InventorySettings
    owner: str
    sources: Mapping[str, str]


# --- the project ------------------------------------------------------------------------------


def find_root(start: Path) -> Path:
    """Return the nearest directory from `start` upwards with a devinops.yaml, else `start`.

    A misnamed devinops.yaml counts as well: reading it fails with the right name.
    """
    start = start.absolute()
    return next((d for d in (start, *start.parents) if _is_root(d)), start)


def _is_root(directory: Path) -> bool:
    if os.path.lexists(directory / CONFIG_FILE):
        return True
    # Files such as .github/workflows/devinops.yml belong to other tools.
    hidden = any(part.startswith(".") for part in directory.parts[-2:])
    return not hidden and bool(misnamed_configs(str(directory)))


def read_project(root: Path) -> Project:
    """Read devinops.yaml.

    Raises InputError with the problems of all targets, and UsageError if `root` is not a directory.
    """
    project, problems = open_project(root)
    stop_on_errors(problems)
    return project


def open_project(
    root: Path, untracked: frozenset[str] = frozenset()
) -> tuple[Project, list[Problem]]:
    """Return the usable part of devinops.yaml, and its problems.

    A misnamed devinops.yaml is a problem too. The files and directories `untracked` are ignored.
    Raises UsageError if `root` is not a directory.
    """
    if not root.is_dir():
        raise UsageError(
            f"{root} is not a directory; --root takes the directory that holds {CONFIG_FILE}"
        )
    if not os.path.lexists(root / CONFIG_FILE) or not untracked.isdisjoint((".", CONFIG_FILE)):
        misnamed = misnamed_config_problems(root, untracked=untracked)
        return Project(root, whole=not misnamed), misnamed
    document, problems = read_yaml(root / CONFIG_FILE, root, "config")
    if document is None or not isinstance(document.data, dict):
        misnamed = misnamed_config_problems(root, untracked=untracked)
        return Project(root, whole=False), sorted([*problems, *misnamed])
    targets_file, more = _read_targets_file(root, document, untracked)
    problems += more
    is_whole = not any(file.node.tainted for file in (document, targets_file) if file)
    project = Project(
        root, document, is_whole and not (more and targets_file is None), targets_file
    )
    reported = {problem.source: problem.code for problem in problems}
    further = [*_version_problems(document), *_target_problems(project)]
    problems += (problem for problem in further if _is_news(problem, reported))
    misnamed = misnamed_config_problems(root, project.ignore, untracked=untracked)
    return project, sorted([*problems, *misnamed])


def _read_targets_file(
    root: Path, document: YamlDocument, untracked: frozenset[str]
) -> tuple[YamlDocument | None, list[Problem]]:
    """Return the file that `targets` names, None if there is none or it is of no use; problems."""
    written = document.data.get("targets")
    if not isinstance(written, str) or not written:
        return None, []
    source, top = document.source_of("targets"), os.path.realpath(root)
    named = read_named(written, File(CONFIG, ""), top, source, untracked)
    if named.text is None:
        return None, named.problems
    file, problems = parse_yaml(named.text, named.path, "targets")
    if file is None or (isinstance(file.data, dict) and "targets" in file.data):
        return file, problems
    message = "`targets:` is missing: write it at the top, and the targets below it, indented"
    return None, [problem(Source(named.path), "missing-field", message)]


def _is_news(problem: Problem, reported: Mapping[Source, str]) -> bool:
    """Return whether a problem says more than the one that is `reported` (source → code) there.

    A wrong value is one problem, but it can have no effect whatever its value is.
    """
    before = reported.get(problem.source)
    return before is None or (before, problem.code) == ("invalid-value", "without-effect")


def read_repository(
    root: Path,
    untracked: frozenset[str] = frozenset(),
    raws: dict[str, str] | None = None,
) -> tuple[Project, Loaded]:
    """Read devinops.yaml and all entries, with the problems of both. Raises UsageError.

    The files and directories `untracked` are ignored. `raws` gets the texts of files as in `load`.
    """
    project, problems = open_project(root, untracked)
    return project, read_entries(project, problems, untracked=untracked, raws=raws)


def read_entries(
    project: Project,
    problems: Iterable[Problem],
    seen: Callable[[Declaration], None] = lambda _: None,
    untracked: frozenset[str] = frozenset(),
    raws: dict[str, str] | None = None,
) -> Loaded:
    """Read all entries of a project; add the problems of its devinops.yaml to theirs.

    `seen` gets each declaration as soon as it is read, and `raws` the texts of files as in `load`.
    """
    loaded = load(project.root, **project.reading, untracked=untracked, seen=seen, raws=raws)
    problems = [*problems, *loaded.problems]
    if project.whole:
        # Imported late, like the inventory and the client below: lint and validate start faster.
        from devinops.planning.capabilities import target_problems, value_problems

        problems += target_problems(loaded.written, project.targets)
        problems += value_problems(loaded.written, _credentials(project))
        problems += () if loaded.files else (_no_entries(untracked),)
    if project.targets_file:
        path = os.path.realpath(project.root / project.targets_file.path)
        loaded = loaded._replace(bodies=(*loaded.bodies, path))
    # Both report a misnamed devinops.yaml.
    return loaded._replace(problems=tuple(sorted(set(problems))))


def _credentials(project: Project) -> set[str]:
    """Return the variables of keys and tokens, in upper case."""
    targets = [target for target in project.targets.values() if isinstance(target, dict)]
    options = ("api_key_env", "enterprise_key_env")
    keys = {str(target[name]).upper() for target in targets for name in options if name in target}
    # CI has each key for planning under this name.
    planning = {f"{name}_PLAN" for name in (*KEY_VARIABLES, *keys)}
    return {*CREDENTIALS, *keys, *planning}


def _no_entries(untracked: frozenset[str]) -> Problem:
    places = ", ".join(
        [*(f"{name}/**" for name in sorted(KINDS.directories)), *sorted(KINDS.files)]
    )
    verb = "is tracked by Git" if untracked else "was found"
    message = f"no file with entries {verb}: expected one of {places}; check --root, or start with"
    return Problem(Source("."), "no-entries", f"{message} devinops init")


def _version_problems(document: YamlDocument) -> Iterator[Problem]:
    required = document.data.get("required_version")
    if not isinstance(required, str):
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    source = document.source_of("required_version")
    try:
        fits = SpecifierSet(required).contains(__version__, prereleases=True)
    except InvalidSpecifier:
        message = f'required_version takes a range such as ">=0.1,<1", not "{starred(required)}"'
        yield Problem(source, "invalid-value", message)
        return
    if not fits:
        message = f"this repository requires devinops {required}, but this is {__version__}"
        yield Problem(source, "other-version", f"{message}; install a version that it accepts")


def _target_problems(project: Project) -> Iterator[Problem]:
    """Yield the problems of targets that can be found without key and environment."""
    # What is damaged is reported already; checking the rest would mislead.
    targets = {n: target for n, target in project.targets.items() if not project.is_damaged(n)}
    # A default is one place for many targets.
    concerned: dict[tuple[Source, str, str, str], list[str]] = {}
    for name, target in targets.items():
        for option, code, message in _wrong_options(target):
            source = project.target_source(name, option)
            concerned.setdefault((source, option, code, message), []).append(name)
    for (source, option, code, message), names in concerned.items():
        is_default = project.is_default(names[0], option)
        some = f" (for {listed(names)})" if is_default and len(names) < len(targets) else ""
        yield Problem(source, code, f"{message}{some}")
    yield from _same_organizations(project, targets)
    yield from _unclear_names(project, targets)


def _same_organizations(
    project: Project, targets: Mapping[str, Mapping[str, Any]]
) -> Iterator[Problem]:
    first: dict[tuple[str, str], str] = {}
    for name, target in targets.items():
        other = first.setdefault(organization_of(target) or ("", name), name)
        if other != name:
            message = (
                f"the targets {other} and {name} are the same organization, so each can "
                "overwrite or delete what the other owns: declare only one of them"
            )
            source = project.target_source(name, "org_id")
            yield Problem(source, "same-organization", message, Severity.WARNING)


def _unclear_names(project: Project, targets: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Yield a problem for each old name of a target that another target has, or had."""
    owners = {name: name for name in project.targets}
    for name, target in targets.items():
        olds = target.get("previously")
        for number, old in enumerate(olds if isinstance(olds, list) else ()):
            other = owners.setdefault(str(old), name)
            if other != name or old == name:
                message = (
                    f"{old} is also a name of the target {other}, so it is not clear whose "
                    "inventory is meant: remove it here or there"
                )
                source = project.target_source(name, "previously", number)
                yield problem(source, "contradiction", message)


def organization_of(target: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return API URL and id of a target's organization; None if the file does not tell them."""
    org_id, url = target.get("org_id"), target.get("api_url", DEFAULT_URL)
    if target.get("enterprise") or not isinstance(org_id, str) or not isinstance(url, str):
        return None
    return url.rstrip("/").lower(), org_id


def _wrong_options(target: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield option, code and message of each problem; the schema reports wrong types."""
    for option in ("api_key_env", "enterprise_key_env"):
        variable = target.get(option)
        if isinstance(variable, str) and ("DEVIN" not in variable or variable == HOST_TOKEN):
            message = (
                f"{option} must name a variable with DEVIN in its name, other than {HOST_TOKEN}: "
                "otherwise a pull request could send the secret of another tool; rename the "
                "variable in CI"
            )
            yield option, "foreign-key-variable", message
    if (limit := target.get("max_delete")) is not None and MaxDelete.parse(limit) is None:
        shapes = 'a share such as "20%" (0% to 100%) or a whole number'
        message = f"max_delete must be {shapes}, not {starred(str(limit))!r}"
        yield "max_delete", "invalid-value", message
    for option, check in (("org_id", _wrong_org_id), ("api_url", _wrong_url)):
        if isinstance(value := target.get(option), str) and (why := check(value)):
            yield option, "invalid-value", why
    for option, why in _without_effect(target, target.get("api_version")):
        yield option, "without-effect", why


def _without_effect(target: Mapping[str, Any], api: ApiVersion | None) -> Iterator[tuple[str, str]]:
    """Yield option and message of each setting without effect: it must not seem to protect.

    `api` is None if only the key can tell the API version.
    """
    inventory = target.get("inventory", {"store": "none"})
    store = inventory.get("store") if isinstance(inventory, dict) else None
    prune = target.get("prune", Prune.OFF)
    if store == "none":
        for option, harmless in _NEED_INVENTORY:
            value = target.get(option, harmless)
            if value != harmless and value in tuple(type(harmless)):
                setting = f"{option}: {value}"
                yield option, f"{setting} needs an inventory: add inventory: {{store: branch}}"
    if ("scope" in target) != (prune == Prune.SCOPE):
        option = "scope" if "scope" in target else "prune"
        yield option, "prune: scope and scope: [folders] need each other: set both, or neither"
    if prune == Prune.SCOPE and api == "v1":
        yield "prune", "prune: scope needs API v3: v1 does not show which folder a folder is in"
    yield from _without_effect_on_scope(target, api)


_NEED_INVENTORY: Final = (
    ("prune", Prune.OFF),
    ("on_drift", OnDrift.KEEP),
    ("missing_folders", MissingFolders.BLOCK),
)
"""Options that do nothing without an inventory, each with the value that is harmless then."""


def _without_effect_on_scope(
    target: Mapping[str, Any], api: ApiVersion | None
) -> Iterator[tuple[str, str]]:
    if "enterprise_key_env" in target and api == "v1":
        yield (
            "enterprise_key_env",
            "enterprise_key_env needs API v3: v1 has no enterprise keys",
        )
    if target.get("enterprise") is not True:
        return
    if "enterprise_key_env" in target:
        message = "enterprise_key_env is for the settings of one organization, not of an enterprise"
        yield "enterprise_key_env", f"{message}: remove it"
    if api == "v1":
        yield "enterprise", "enterprise: true needs API v3: v1 has no enterprise objects"
    if "org_id" in target:
        yield "org_id", "an enterprise has no org_id: remove it, or remove enterprise: true"


# --- the effective settings -------------------------------------------------------------------


def resolve(
    project: Project, flags: Flags, environ: Mapping[str, str], name: str | None = None
) -> Settings:
    """Return the effective settings of a run, or of one of its targets by `name`.

    Raises ConfigError, UsageError and InputError, none of which shows a key.
    """
    from devinops.inventory import InventorySettings

    chosen = selected_targets(project, flags) if name is None else (name,)
    name, source = _only(chosen), _source_of_choice(project, flags, chosen)
    values = _Values(project, name, flags, environ, {"target": source})
    api_url = values.api_url()
    key, variable = values.key()
    api = values.api(key, variable)
    policy = values.policy(api)
    return Settings(
        root=project.root,
        target=Target(
            name,
            api_url,
            api,
            values.org_id(api),
            enterprise=values.declared("enterprise", False),
            previously=tuple(values.target.get("previously", ())),
        ),
        key=key,
        enterprise_key=values.enterprise_key(),
        enterprise_key_env=values.declared("enterprise_key_env", None),
        timeout_s=values.flag("timeout", 60.0),
        parallelism=values.flag("parallelism", None),
        ca_bundle=values.flag("ca_bundle", None),
        policy=policy,
        inventory=InventorySettings(**values.declared("inventory", {})),
        owner=values.owner(),
        sources=values.sources,
    )


def key_variable(settings: Settings) -> str:
    """Return the variable that the key comes from."""
    return settings.sources["api_key"].removeprefix("environment ")


def target_name(project: Project, flags: Flags) -> tuple[str, str]:
    """Return the name of the target and its source. Raises UsageError if it is ambiguous."""
    names = selected_targets(project, flags)
    return _only(names), _source_of_choice(project, flags, names)


def selected_targets(project: Project, flags: Flags) -> tuple[str, ...]:
    """Return the names of the targets of a run, in the order of the file.

    Without --target that is the only one. Raises UsageError.
    """
    targets = project.targets
    if not flags.selectors and len(targets) > 1:
        names = listed(targets)
        raise UsageError(
            f"{CONFIG_FILE} declares several targets ({names}): choose one with --target; plan, "
            "apply and drift also take several, such as --target all"
        )
    if targets:
        return select(targets, flags.selectors or (ALL,))
    if unknown := {*flags.selectors} - {DEFAULT_TARGET, ALL}:
        why = f"{CONFIG_FILE} declares none, so there is only {DEFAULT_TARGET}"
        if project.document is None:
            why = f"without a {CONFIG_FILE}, there is only {DEFAULT_TARGET}"
        raise UsageError(f'there is no target "{min(unknown)}"; {why}')
    return (DEFAULT_TARGET,)


def _only(names: Sequence[str]) -> str:
    """Return the only name. Raises UsageError if there are several."""
    if len(names) > 1:
        raise UsageError(
            f"--target selects {len(names)} targets ({listed(names)}), but this command works on "
            "one at a time: choose one"
        )
    return names[0]


def _source_of_choice(project: Project, flags: Flags, names: Sequence[str]) -> str:
    if flags.selectors:
        return flags.source("target")
    if names[0] in project.targets:
        return f"{project.target_key_source(names[0])}, the only target"
    return "default"


@dataclass(frozen=True)
class _Values:
    """The settings of one target. Each method records in `sources` where its value came from."""

    project: Project
    name: str
    flags: Flags
    environ: Mapping[str, str]
    sources: dict[str, str]

    @cached_property
    def target(self) -> Mapping[str, Any]:
        """The target's settings in the files."""
        return self.project.targets.get(self.name, self.project.defaults)

    def source_of(self, option: str) -> Source:
        return self.project.target_source(self.name, option)

    def declared(self, option: str, default: Any) -> Any:
        """Return the value in the files, or the default."""
        source = "default"
        if option in self.target:
            is_default = self.project.is_default(self.name, option)
            source = f"{self.source_of(option)}{', defaults' if is_default else ''}"
        self.sources[option] = source
        return self.target.get(option, default)

    def flag(self, option: str, default: Any) -> Any:
        """Return the value of an option, or the default."""
        value = getattr(self.flags, option)
        self.sources[option] = "default" if value is None else self.flags.source(option)
        return default if value is None else value

    def declared_or_variable(self, option: str, variable: str) -> str | None:
        """Return the value in devinops.yaml or of a variable.

        Raises ConfigError if they contradict each other.
        """
        value = self.environ.get(variable, "").strip()
        if variable in self.environ and not value:
            raise ConfigError(
                f"{variable} is set but empty, so this run could use the wrong organization: "
                "give it a value, or unset it"
            )
        declared: str | None = self.declared(option, None)
        if declared is None:
            self.sources[option] = f"environment {variable}" if value else "default"
            return value or None
        if value and value.rstrip("/") != declared.rstrip("/"):
            raise ConfigError(
                f'{self.source_of(option)}: target {self.name} has {option} "{declared}", but '
                f'{variable} in the environment is "{value}"; unset the variable, or choose the '
                "target that it belongs to"
            )
        return declared

    def api_url(self) -> str:
        url = (self.declared_or_variable("api_url", "DEVIN_API_URL") or DEFAULT_URL).rstrip("/")
        trusted = self.environ.get("DEVIN_API_URL", "").strip()
        if why := _wrong_url(url) or _untrusted_host(url, trusted):
            raise ConfigError(f"{self.sources['api_url']}: {why}")
        return url

    def org_id(self, api: ApiVersion) -> str | None:
        if self.target.get("enterprise"):
            self.sources["org_id"] = "an enterprise has none"
            return None
        org_id = self.declared_or_variable("org_id", "DEVIN_ORG_ID")
        if org_id is None:
            lookup = {"v3": "looked up with the API", "v1": "API v1 has none"}
            self.sources["org_id"] = lookup[api]
        elif why := _wrong_org_id(org_id):
            raise ConfigError(f"{self.sources['org_id']}: {why}")
        return org_id

    def key(self) -> tuple[str, str]:
        """Return the API key and the variable that holds it."""
        variables = (self.target["api_key_env"],) if "api_key_env" in self.target else KEY_VARIABLES
        for variable in variables:
            if key := self.environ.get(variable, "").strip():
                self.sources["api_key"] = f"environment {variable}"
                return _checked_key(key, variable), variable
        empty = [variable for variable in variables if variable in self.environ]
        state = "none is set"
        if empty:
            state = f"{empty[0]} is set but empty (CI gives no secrets to pull requests from forks)"
        raise ConfigError(
            f"no API key: set {' or '.join(variables)} to a key that begins with cog_ or apk_; "
            f"{state}"
        )

    def owner(self) -> str:
        """Return the owner in labels: a target that is renamed keeps its objects."""
        olds = self.target.get("previously", ())
        owner: str = self.declared("owner", olds[-1] if olds else self.name)
        if olds and "owner" not in self.target:
            self.sources["owner"] = f"{self.source_of('previously')}, the oldest name"
        return owner

    def enterprise_key(self) -> str | None:
        """Return the enterprise key, None without one: only some kinds need it."""
        variable = self.target.get("enterprise_key_env", "")
        key = self.environ.get(variable, "").strip()
        return _checked_key(key, variable) if key else None

    def api(self, key: str, variable: str) -> ApiVersion:
        declared = self.declared("api_version", None)
        if declared is not None:
            return cast(ApiVersion, declared)
        for prefix, version in API_BY_PREFIX.items():
            if key.startswith(prefix):
                self.sources["api_version"] = f"the API key's prefix {prefix}"
                return version
        raise ConfigError(
            f"the key in {variable} begins with neither cog_ (API v3) nor apk_ (API v1); check the "
            f"variable, or set api_version for the target in {CONFIG_FILE}"
        )

    def policy(self, api: ApiVersion) -> Policy:
        """Return the policy.

        Raises InputError for settings that have no effect together or with this API.
        """
        problems = [
            Problem(self.source_of(option), "without-effect", why)
            for option, why in _without_effect(self.target, api)
        ]
        if problems:
            raise InputError(problems)
        limit = MaxDelete.parse(self.declared("max_delete", "20%"))
        return Policy(
            max_delete=limit or MaxDelete(20, percent=True),
            v3_macro=self.declared("v3_macro", "hold"),
            prune=Prune(self.declared("prune", Prune.OFF)),
            scope=tuple(map(folder_glob, self.declared("scope", ()))),
            on_drift=OnDrift(self.declared("on_drift", OnDrift.KEEP)),
            missing_folders=MissingFolders(self.declared("missing_folders", MissingFolders.BLOCK)),
            hold=self.hold(),
        )

    def hold(self) -> str:
        """Return why nothing may be written, and where that is set; empty if it may."""
        return f"{self.target['hold']} ({self.source_of('hold')})" if "hold" in self.target else ""


def folder_glob(written: str) -> str:
    """Return a glob of `scope`, spelled like a folder path; `/` stays as it is."""
    return written if written == "/" else folder_path(written)


# --- what a value may be ----------------------------------------------------------------------


def _checked_key(key: str, variable: str) -> str:
    if key.isascii() and key.isprintable() and " " not in key:
        return key
    raise ConfigError(
        f"{variable} contains white space, a control character or a non-ASCII character; "
        "set it to a valid API key"
    )


def _wrong_org_id(value: str) -> str:
    """Return what is wrong with an organization id; empty if nothing is."""
    if re.fullmatch(r"[A-Za-z0-9._~-]+", value):
        return ""
    return f'"{value}" is not an organization id (such as org-0123abcd)'


def _wrong_url(url: str) -> str:
    """Return what is wrong with the address of an API; empty if nothing is."""
    redacted = re.sub(r"//.*@", "//***@", url)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        return f'api_url "{redacted}" is not a URL: {error}'
    is_host = re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:.]+", host)
    too_much = any((parts.username, parts.query, parts.fragment))
    if parts.scheme not in ("https", "http") or not is_host or too_much:
        return (
            f'api_url must be https://HOST[:PORT] without user, query, fragment, not "{redacted}"'
        )
    if parts.path.strip("/"):
        return f'api_url must not have a path, since devinops adds it: remove "{parts.path}"'
    if parts.scheme == "http" and not is_loopback(host):
        return f'api_url "{url}" is not encrypted; use https (http is allowed only for loopback)'
    return ""


def _untrusted_host(url: str, trusted: str) -> str:
    """Return why the key must not be sent to a host; empty if it may.

    It may go to the vendor, to loopback and to the host of `trusted`.
    """
    host = urlsplit(url).hostname or ""
    if is_loopback(host) or any(f".{host}".endswith(f".{domain}") for domain in VENDOR_DOMAINS):
        return ""
    parts = urlsplit(trusted)
    if (parts.scheme, parts.hostname) == ("https", host):
        return ""
    return (
        f"the key is not sent to {host}: it is not under {' or '.join(VENDOR_DOMAINS)}, and not "
        "loopback. If it is your own gateway, set DEVIN_API_URL to it outside the repository"
    )
