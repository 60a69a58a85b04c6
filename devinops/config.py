"""Settings: flags, environment and devinops.yaml become one `Settings`, each value with its source.

Precedence: flag > environment > devinops.yaml > default; inside a named target its `org_id` and `api_url` win,
and an environment that says otherwise stops the run. The rules on where a credential may go are here.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from devinops import __version__
from devinops.api.connection import is_loopback
from devinops.inventory import InventorySettings
from devinops.load import CONFIG, Document, misnamed_config_problems, misnamed_configs, read_yaml
from devinops.model.errors import ConfigError, InputError, UsageError
from devinops.model.keys import folder_path
from devinops.model.kind import ApiVersion
from devinops.model.objects import Problem, Severity, Source
from devinops.model.policy import MaxDelete, OnDrift, Policy, Prune

CONFIG_FILE: Final = CONFIG
DEFAULT_TARGET: Final = "default"
DEFAULT_URL: Final = "https://api.devin.ai"
KEY_VARIABLES: Final = ("DEVIN_API_KEY", "DEVIN_TOKEN", "DEVIN_API_TOKEN")
VENDOR_DOMAINS: Final = ("devin.ai", "devinenterprise.com")
API_BY_PREFIX: Final[Mapping[str, ApiVersion]] = {"cog_": "v3", "apk_": "v1"}

SWITCHES: Final = ("NO_COLOR", "QUIET", "VERBOSE")
GLOBAL_OPTIONS: Final = (
    "ROOT",
    "TARGET",
    "ONLY",
    "FORMAT",
    "REPORT",
    *SWITCHES,
    "PARALLELISM",
    "TIMEOUT",
    "CA_BUNDLE",
    "LOCK_TIMEOUT",
)
"""The options that `DEVINOPS_<OPTION>` may set. Approvals are never among them."""


@dataclass(frozen=True)
class Project:
    """A root directory and what its devinops.yaml says; without the file all is default.

    `whole` is False if a part of the file could not be read.
    """

    root: Path
    document: Document | None = None
    whole: bool = True

    @property
    def data(self) -> Mapping[str, Any]:
        return self.document.data if self.document else {}

    @property
    def paths(self) -> tuple[str, ...]:
        return self._texts("paths")

    @property
    def ignore(self) -> tuple[str, ...]:
        return self._texts("ignore")

    @property
    def targets(self) -> Mapping[str, Mapping[str, Any]]:
        targets = self.data.get("targets")
        return (
            {name: body or {} for name, body in targets.items()}
            if isinstance(targets, dict)
            else {}
        )

    def _texts(self, option: str) -> tuple[str, ...]:
        listed = self.data.get(option)
        return (
            tuple(one for one in listed if isinstance(one, str)) if isinstance(listed, list) else ()
        )

    def place(self, *path: str | int) -> Source:
        return self.document.place(*path) if self.document else Source(CONFIG_FILE)

    def key_place(self, *path: str) -> Source:
        return self.document.key_place(*path) if self.document else Source(CONFIG_FILE)


@dataclass(frozen=True)
class Flags:
    """The options of the command line that settings depend on; None where not given."""

    target: str | None = None
    timeout: float | None = None
    parallelism: int | None = None
    ca_bundle: Path | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each came from, such as `option --target`."""

    def source(self, option: str) -> str:
        return self.sources.get(option, f"option --{option.replace('_', '-')}")


@dataclass(frozen=True)
class Settings:
    """The effective values of one run. `sources` says for each where it came from."""

    root: Path
    target: str
    api_url: str
    api: ApiVersion
    org_id: str | None
    key: str = field(repr=False)
    key_variable: str
    timeout_s: float
    parallelism: int
    ca_bundle: Path | None
    policy: Policy
    inventory: InventorySettings
    owner: str
    sources: Mapping[str, str]


# --- the project ------------------------------------------------------------------------------------------


def find_root(start: Path) -> Path:
    """Return the nearest directory from `start` upwards with a devinops.yaml, else `start`.

    A file that was meant to be one counts as well: reading it fails, and names the right name.
    """
    start = start.absolute()
    return next((d for d in (start, *start.parents) if _is_root(d)), start)


def _is_root(directory: Path) -> bool:
    if os.path.lexists(directory / CONFIG_FILE):
        return True
    # .github/workflows/devinops.yml and the like are of other tools.
    hidden = any(part.startswith(".") for part in directory.parts[-2:])
    return not hidden and bool(misnamed_configs(str(directory)))


def read_project(root: Path) -> Project:
    """Read devinops.yaml. Raises InputError with every problem of every target, UsageError without a directory."""
    project, problems = open_project(root)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InputError(problems)
    return project


def open_project(root: Path) -> tuple[Project, list[Problem]]:
    """Return what can be used of devinops.yaml, and its problems. Raises UsageError without a directory.

    A file beside it that was meant to be devinops.yaml is a problem too.
    """
    if not root.is_dir():
        raise UsageError(
            f"{root} is not a directory; --root takes the directory that holds {CONFIG_FILE}"
        )
    if not os.path.lexists(root / CONFIG_FILE):
        misnamed = misnamed_config_problems(root)
        return Project(root, whole=not misnamed), misnamed
    document, problems = read_yaml(root / CONFIG_FILE, root, "config")
    if document is None or not isinstance(document.data, dict):
        return Project(root, whole=False), sorted([*problems, *misnamed_config_problems(root)])
    reported = {problem.source for problem in problems}
    found = [*_version_problems(document), *_target_problems(document)]
    problems += (problem for problem in found if problem.source not in reported)
    project = Project(root, document, whole=not document.node.tainted)
    return project, sorted([*problems, *misnamed_config_problems(root, project.ignore)])


def _version_problems(document: Document) -> Iterator[Problem]:
    wanted = document.data.get("required_version")
    if not isinstance(wanted, str):
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    place = document.place("required_version")
    try:
        fits = SpecifierSet(wanted).contains(__version__, prereleases=True)
    except InvalidSpecifier:
        message = f'required_version takes a range such as ">=0.1,<1", not "{wanted}"'
        yield Problem(place, "invalid-value", message)
        return
    if not fits:
        message = f"this repository wants devinops {wanted}, this is {__version__}; install that"
        yield Problem(place, "other-version", message)


def _target_problems(document: Document) -> Iterator[Problem]:
    """Yield what is wrong with targets that has the right type, as far as neither key nor environment is needed."""
    targets = document.data.get("targets")
    for name, target in targets.items() if isinstance(targets, dict) else ():
        # What YAML itself got wrong is reported; what is left of the target would only mislead.
        if not isinstance(target, dict) or document.node.at(("targets", name)).tainted:
            continue
        for option, code, message in _wrong_options(target):
            yield Problem(document.place("targets", name, option), code, message)


def _wrong_options(target: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield option, code and message of each problem. Values of a wrong type are the schema's to report."""
    variable = target.get("api_key_env")
    if isinstance(variable, str) and "DEVIN" not in variable:
        message = (
            "api_key_env must name a variable with DEVIN in its name, and this one has none: a pull request "
            "must not be able to send another tool's secret; rename the variable in CI"
        )
        yield "api_key_env", "foreign-key-variable", message
    if (limit := target.get("max_delete")) is not None and MaxDelete.parse(limit) is None:
        message = (
            f'max_delete takes a share such as "20%" (0% to 100%) or a whole number, not {limit!r}'
        )
        yield "max_delete", "invalid-value", message
    for option, check in (("org_id", _wrong_org_id), ("api_url", _wrong_url)):
        if isinstance(value := target.get(option), str) and (why := check(value)):
            yield option, "invalid-value", why
    for option, why in _without_effect(target, target.get("api_version")):
        yield option, "without-effect", why


def _without_effect(target: Mapping[str, Any], api: ApiVersion | None) -> Iterator[tuple[str, str]]:
    """Yield option and message of what has no effect: a setting that is believed to protect is worse than none.

    `api` is None if only the key can tell the API version.
    """
    inventory = target.get("inventory", {"store": "none"})
    store = inventory.get("store") if isinstance(inventory, dict) else None
    prune = target.get("prune", Prune.OFF)
    if store == "none":
        for option, harmless in (("prune", Prune.OFF), ("on_drift", OnDrift.KEEP)):
            if target.get(option, harmless) != harmless:
                message = f"{option}: {target[option]} needs an inventory: add inventory: {{store: branch}}"
                yield option, message
    if ("scope" in target) != (prune == Prune.SCOPE):
        option = "scope" if "scope" in target else "prune"
        yield option, "prune: scope and scope: [folders] go together; the other one is missing"
    if prune == Prune.SCOPE and api == "v1":
        yield "prune", "prune: scope needs API v3: v1 does not tell folders in folders apart"


# --- the effective settings -------------------------------------------------------------------------------


def check_environment(environ: Mapping[str, str]) -> None:
    """Refuse a `DEVINOPS_*` variable that means nothing: a typo must not silently do something else.

    Raises ConfigError naming the variable and the nearest known one; UsageError for an empty one that stands for an
    option with a value. An empty switch is off.
    """
    known = {f"DEVINOPS_{option}" for option in GLOBAL_OPTIONS}
    switches = {f"DEVINOPS_{option}" for option in SWITCHES}
    for name in sorted(environ):
        if not name.startswith("DEVINOPS_"):
            continue
        if name in known:
            if name not in switches and not environ[name].strip():
                raise UsageError(
                    f"the environment variable {name} is set but empty; give it a value, or unset it"
                )
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise ConfigError(
            f"the environment variable {name} is not known{hint}; unset it. Known are "
            f"{', '.join(sorted(known))}; approvals are given on the command line alone"
        )


def resolve(project: Project, flags: Flags, environ: Mapping[str, str]) -> Settings:
    """Bring all sources together. Raises ConfigError, UsageError, InputError; never puts the key into a message."""
    name, target_source = _target(project, flags)
    target = project.targets.get(name, {})
    sources = {"target": target_source}

    def declared(option: str, default: Any) -> Any:
        sources[option] = (
            str(project.place("targets", name, option)) if option in target else "default"
        )
        return target.get(option, default)

    api_url = _api_url(project, name, target, environ, sources)
    _check_host(api_url, environ, sources["api_url"])
    key, variable = _key(target, environ)
    sources["api_key"] = f"environment {variable}"
    api = _api(declared("api_version", None), key, variable, sources)
    policy = Policy(
        max_delete=MaxDelete.parse(declared("max_delete", "20%")) or MaxDelete(20, percent=True),
        v3_macro=declared("v3_macro", "hold"),
        prune=Prune(declared("prune", Prune.OFF)),
        scope=tuple(folder_glob(glob) for glob in declared("scope", ())),
        on_drift=OnDrift(declared("on_drift", OnDrift.KEEP)),
    )
    found = _without_effect(target, api)
    if problems := [
        Problem(project.place("targets", name, o), "without-effect", why) for o, why in found
    ]:
        raise InputError(problems)
    return Settings(
        root=project.root,
        target=name,
        api_url=api_url,
        api=api,
        org_id=_org_id(project, name, target, environ, sources),
        key=key,
        key_variable=variable,
        timeout_s=_flag("timeout", flags, 60.0, sources),
        parallelism=_flag("parallelism", flags, 8, sources),
        ca_bundle=_flag("ca_bundle", flags, None, sources),
        policy=policy,
        inventory=InventorySettings(**declared("inventory", {})),
        owner=declared("owner", name),
        sources=sources,
    )


def folder_glob(written: str) -> str:
    """Return a glob of `scope` in the spelling of folder paths; `/` stays."""
    return written if written == "/" else folder_path(written)


def _flag(option: str, flags: Flags, default: Any, sources: dict[str, str]) -> Any:
    value = getattr(flags, option)
    sources[option] = "default" if value is None else flags.source(option)
    return default if value is None else value


def _target(project: Project, flags: Flags) -> tuple[str, str]:
    names = sorted(project.targets)
    if flags.target is not None:
        if flags.target in names or (not names and flags.target == DEFAULT_TARGET):
            return flags.target, flags.source("target")
        near = difflib.get_close_matches(flags.target, names, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        listed = ", ".join(names) or f"none, so only {DEFAULT_TARGET}"
        raise UsageError(
            f'there is no target "{flags.target}"{hint}; {CONFIG_FILE} declares {listed}'
        )
    if len(names) > 1:
        raise UsageError(
            f"{CONFIG_FILE} declares several targets ({', '.join(names)}): choose one with --target"
        )
    if names:
        return names[0], f"{project.key_place('targets', names[0])}, the only target"
    return DEFAULT_TARGET, "default"


def _settled(
    option: str,
    variable: str,
    name: str,
    project: Project,
    declared: Any,
    environ: Mapping[str, str],
) -> tuple[str | None, str]:
    """Return a target's value or the environment's, and its source; refuse two that differ."""
    outside = environ.get(variable, "").strip() or None
    if variable in environ and outside is None:
        raise ConfigError(
            f"{variable} is set but empty, so this run could reach another organization than you mean: give it a "
            "value, or unset it"
        )
    if declared is None:
        return outside, f"environment {variable}" if outside else "default"
    place = str(project.place("targets", name, option))
    if outside is not None and outside.rstrip("/") != declared.rstrip("/"):
        raise ConfigError(
            f'{place}: target {name} has {option} "{declared}", but {variable} in the environment is "{outside}"; '
            "unset the variable, or choose the target that it belongs to"
        )
    return declared, place


def _api_url(
    project: Project,
    name: str,
    target: Mapping[str, Any],
    environ: Mapping[str, str],
    sources: dict[str, str],
) -> str:
    value, sources["api_url"] = _settled(
        "api_url", "DEVIN_API_URL", name, project, target.get("api_url"), environ
    )
    return (value or DEFAULT_URL).rstrip("/")


def _org_id(
    project: Project,
    name: str,
    target: Mapping[str, Any],
    environ: Mapping[str, str],
    sources: dict[str, str],
) -> str | None:
    value, source = _settled("org_id", "DEVIN_ORG_ID", name, project, target.get("org_id"), environ)
    sources["org_id"] = source if value else "asked from the API; API v1 has none"
    if value is not None and (why := _wrong_org_id(value)):
        raise ConfigError(f"{source}: {why}")
    return value


def _wrong_org_id(value: str) -> str:
    """Return what is wrong with an organization id, empty for nothing."""
    if re.fullmatch(r"[A-Za-z0-9._~-]+", value):
        return ""
    return f'"{value}" is not an organization id (such as org-0123abcd)'


def _without_user(url: str) -> str:
    """Return an address without name and password."""
    return re.sub(r"//.*@", "//***@", url)


def _wrong_url(url: str) -> str:
    """Return what is wrong with an API's address, wherever it is: empty for nothing."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        return f'api_url "{_without_user(url)}" is not a URL: {error}'
    named = re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:.]+", host)
    if (
        parts.scheme not in ("https", "http")
        or not named
        or parts.username
        or parts.query
        or parts.fragment
    ):
        return f'api_url takes https://HOST[:PORT] without user, query or fragment, not "{_without_user(url)}"'
    if parts.path.strip("/"):
        return f'api_url takes no path; devinops adds the version: drop "{parts.path}"'
    if parts.scheme == "http" and not is_loopback(host):
        return f'api_url "{url}" is not encrypted; plain http is taken for loopback only'
    return ""


def _check_host(url: str, environ: Mapping[str, str], source: str) -> None:
    """Refuse to send a credential anywhere but to the vendor, to loopback or where the environment says."""
    if why := _wrong_url(url):
        raise ConfigError(f"{source}: {why}")
    host = urlsplit(url).hostname or ""
    if is_loopback(host) or any(
        host == domain or host.endswith(f".{domain}") for domain in VENDOR_DOMAINS
    ):
        return
    outside = urlsplit(environ.get("DEVIN_API_URL", "").strip())
    if (outside.scheme, outside.hostname) != ("https", host):
        raise ConfigError(
            f"{source}: the key is not sent to {host}: neither under {' or '.join(VENDOR_DOMAINS)} nor loopback. "
            "If it is your own gateway, set DEVIN_API_URL to it outside the repository"
        )


def _key(target: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, str]:
    wanted = (target["api_key_env"],) if "api_key_env" in target else KEY_VARIABLES
    for variable in wanted:
        value = environ.get(variable, "").strip()
        if not value:
            continue
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ConfigError(
                f"the key in {variable} has a space or a sign that no key has; set it again"
            )
        return value, variable
    empty = [variable for variable in wanted if variable in environ]
    state = (
        f"{empty[0]} is set but empty (CI gives no secrets to a pull request from a fork)"
        if empty
        else "none is set"
    )
    raise ConfigError(
        f"no API key: set {' or '.join(wanted)} to a key that begins with cog_ or apk_; {state}"
    )


def _api(declared: str | None, key: str, variable: str, sources: dict[str, str]) -> ApiVersion:
    if declared is not None:
        return cast(ApiVersion, declared)
    for prefix, version in API_BY_PREFIX.items():
        if key.startswith(prefix):
            sources["api_version"] = f"the key's prefix {prefix}"
            return version
    raise ConfigError(
        f"the key in {variable} begins with neither cog_ (API v3) nor apk_ (API v1); check the variable, "
        f"or set api_version for the target in {CONFIG_FILE}"
    )
