"""Combines flags, environment and devinops.yaml into one `Settings`, each value with its source.

Precedence: flag > environment > devinops.yaml > default. The exceptions are `org_id` and `api_url`
of a target in devinops.yaml: if the environment contradicts them, the run stops. This module also
decides which hosts may get a key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from devinops.api.connection import Connection
from devinops.config.project import DEFAULT_TARGET, Project
from devinops.config.wrong_settings import (
    DEFAULT_URL,
    without_effect,
    without_private_parts,
    wrong_org_id,
    wrong_url,
)
from devinops.environment import KEY_VARIABLES, Flags, ci_sign, misspelled
from devinops.load import CONFIG
from devinops.model.errors import ConfigError, UsageError, stop_on_errors
from devinops.model.keys import folder_path, listed
from devinops.model.kind import ApiVersion
from devinops.model.objects import Problem, Source
from devinops.model.policy import MaxDelete, MissingFolders, OnDrift, Policy, Prune
from devinops.model.selectors import ALL, select
from devinops.model.target import Target, is_loopback

if TYPE_CHECKING:
    from devinops.inventory import InventorySettings

VENDOR_DOMAINS: Final = ("devin.ai", "devinenterprise.com")
API_BY_PREFIX: Final[Mapping[str, ApiVersion]] = {"cog_": "v3", "apk_": "v1"}


@dataclass(frozen=True)
class Settings:
    """The effective values of one run; `sources` tells where each came from.

    The target has the id of the organization only if it is configured.
    """

    root: Path
    connection: Connection
    policy: Policy
    inventory: InventorySettings
    sources: Mapping[str, str]

    @property
    def target(self) -> Target:
        return self.connection.target


def resolve(
    project: Project, flags: Flags, environ: Mapping[str, str], name: str | None = None
) -> Settings:
    """Return the effective settings of a run, or of one of its targets by `name`.

    Raises ConfigError, UsageError and InputError, none of which shows a key.
    """
    if name is None:
        check_spelling(project, environ)
    chosen = selected_targets(project, flags) if name is None else (name,)
    name, source = _only(chosen), _source_of_choice(project, flags, chosen)
    values = _Values(project, name, flags, environ, {"target": source})
    api_url = values.api_url()
    key, variable = values.key()
    api = values.api(key, variable)
    policy = values.policy(api)
    connection = Connection(
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
        key_env=values.target.get("api_key_env"),
        timeout_s=values.flag("timeout", 60.0),
        rate=project.rate,
        parallelism=values.flag("parallelism", None),
        ca_bundle=values.flag("ca_bundle", None),
        owner=values.owner(),
    )
    return Settings(project.root, connection, policy, values.inventory(), values.sources)


def check_spelling(project: Project, environ: Mapping[str, str]) -> None:
    """Raise ConfigError for a variable that is almost one of those that decide where a write goes.

    A name that the settings or entries mention is not a typo.
    """
    typos = misspelled(environ)
    if not typos:
        return
    # Imported late, and the entries are read late: few runs have such a variable.
    from devinops.config.reading import key_variables, read_repository

    entries = read_repository(project.root)[1].declarations
    mentioned = {*key_variables(project), *(entry.value_variable for entry in entries)}
    for name in sorted(typos.keys() - mentioned):
        raise ConfigError(
            f"the environment variable {name} is not read: did you mean {typos[name]}? Rename it; "
            f"if another program needs it, run devinops without it (env -u {name} devinops …). "
            "Nothing was sent"
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
            f"{CONFIG} declares several targets ({names}): choose one with --target; plan, "
            "apply, drift, rollback, pull and insight also take several, such as --target all"
        )
    if targets:
        return select(targets, flags.selectors or (ALL,))
    if unknown := {*flags.selectors} - {DEFAULT_TARGET, ALL}:
        why = f"{CONFIG} declares none, so there is only {DEFAULT_TARGET}"
        if project.document is None:
            why = f"without a {CONFIG}, there is only {DEFAULT_TARGET}"
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
            mine, other = map(without_private_parts, (declared, value))
            raise ConfigError(
                f'{self.source_of(option)}: target {self.name} has {option} "{mine}", but '
                f'{variable} in the environment is "{other}"; unset the variable, or choose the '
                "target that it belongs to"
            )
        return declared

    def api_url(self) -> str:
        url = (self.declared_or_variable("api_url", "DEVIN_API_URL") or DEFAULT_URL).rstrip("/")
        trusted = self.environ.get("DEVIN_API_URL", "").strip()
        if why := wrong_url(url) or _untrusted_host(url, trusted):
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
        elif why := wrong_org_id(org_id):
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

    def inventory(self) -> InventorySettings:
        """Return where the inventory is. Raises ConfigError in CI if that is not clear."""
        from devinops.inventory import InventorySettings

        settings = InventorySettings(**self.project.inventory_of(self.name))
        if self.declared("inventory", None) is not None:
            return settings
        if settings.store == "file" and (sign := ci_sign(self.environ)):
            raise ConfigError(
                f"the target {self.name} has no inventory, and this is CI ({sign} is set), where a "
                "new file would be lost with the job. The repository has no remote, so there is no "
                f"branch for it either. Write in {CONFIG}: inventory: {{store: branch}} and add a "
                "remote; or {store: file} if you commit .devinops/; or {store: none} to do without"
            )
        remote = "a" if settings.store == "branch" else "no"
        self.sources["inventory"] = f"default, because there is {remote} Git remote"
        return settings

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
            f"variable, or set api_version for the target in {CONFIG}"
        )

    def policy(self, api: ApiVersion) -> Policy:
        """Return the policy.

        Raises InputError for settings that have no effect together or with this API.
        """
        stop_on_errors(
            Problem(self.source_of(option), "without-effect", why)
            for option, why in without_effect(self.target, api)
        )
        limit = MaxDelete.parse(self.declared("max_delete", "20%"))
        return Policy(
            max_delete=limit or MaxDelete(20, percent=True),
            v3_macro=self.declared("v3_macro", "hold"),
            prune=Prune(self.declared("prune", Prune.OFF)),
            # Globs are spelled like folder paths; "/" stays as it is.
            scope=tuple(
                glob if glob == "/" else folder_path(glob) for glob in self.declared("scope", ())
            ),
            on_drift=OnDrift(self.declared("on_drift", OnDrift.KEEP)),
            missing_folders=MissingFolders(self.declared("missing_folders", MissingFolders.ROOT)),
            hold=self.hold(),
        )

    def hold(self) -> str:
        """Return why nothing may be written, and where that is set; empty if it may."""
        return f"{self.target['hold']} ({self.source_of('hold')})" if "hold" in self.target else ""


def _checked_key(key: str, variable: str) -> str:
    if key.isascii() and key.isprintable() and " " not in key:
        return key
    raise ConfigError(
        f"{variable} contains white space, a control character or a non-ASCII character; "
        "set it to a valid API key"
    )


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
