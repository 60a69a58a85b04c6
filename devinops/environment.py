"""The options of a run that settings depend on, and the environment variables that set options."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devinops.model.errors import ConfigError, UsageError

SWITCHES: Final = ("NO_COLOR", "QUIET", "VERBOSE")
GLOBAL_OPTIONS: Final = (
    "ROOT",
    "TARGET",
    "ONLY",
    "EXCLUDE",
    "FORMAT",
    "REPORT",
    *SWITCHES,
    "PARALLELISM",
    "TIMEOUT",
    "CA_BUNDLE",
    "LOCK_TIMEOUT",
)
"""The options that `DEVINOPS_<OPTION>` may set. Approvals are never among them."""
_PREFIX: Final = "DEVINOPS_"

JOB: Final = "DEVINOPS_JOB"
"""Names the job of a run outside GitHub and GitLab, so that its next attempt can go on."""
ATTEMPT: Final = "DEVINOPS_JOB_ATTEMPT"
"""The number of the attempt of that job; a later one has a higher number."""

HOST_TOKEN: Final = "DEVINOPS_GITLAB_TOKEN"
"""Holds the token for comments on GitLab. It is set for whole pipelines, so all commands see it."""

KEY_VARIABLES: Final = ("DEVIN_API_KEY", "DEVIN_TOKEN", "DEVIN_API_TOKEN")
"""The variables that may hold the key of a target without `api_key_env`."""

PLACE_VARIABLES: Final = ("DEVIN_API_URL", "DEVIN_ORG_ID", KEY_VARIABLES[0])
"""The variables that decide to which organization a run writes."""

CREDENTIALS: Final = (
    *KEY_VARIABLES,
    *["DEVIN_SERVICE_API_KEY", "DEVIN_PERSONAL_API_KEY", "DEVIN_SDK_API_KEY"],
    *["GITHUB_TOKEN", "GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN"],
    *["ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN"],
    *f"{HOST_TOKEN} GITLAB_TOKEN INVENTORY_PUSH_TOKEN PUSH_TOKEN CI_REPOSITORY_URL".split(),
    *["CI_JOB_TOKEN", "CI_JOB_JWT", "CI_JOB_JWT_V1", "CI_JOB_JWT_V2", "CI_REGISTRY_PASSWORD"],
    *["CI_DEPLOY_PASSWORD", "CI_DEPENDENCY_PROXY_PASSWORD", "GIT_TOKEN", "GIT_PASSWORD"],
    *["BUILDKITE_AGENT_ACCESS_TOKEN", "DRONE_NETRC_PASSWORD", "TFC_WORKLOAD_IDENTITY_TOKEN"],
    *["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN"],
    *["GOOGLE_GHA_CREDS_PATH", "CLOUDSDK_AUTH_ACCESS_TOKEN", "AZURE_CREDENTIALS", "VAULT_TOKEN"],
    *["AZURE_CLIENT_SECRET", "AZURE_PASSWORD", "ARM_CLIENT_SECRET", "ARM_ACCESS_KEY", "KUBECONFIG"],
)
"""Variables that a job acts with: keys of Devin and of clouds, and tokens of CI and of Git."""
_OF_JOB: Final = re.compile(
    r"AWS_\w*(?:KEY|KEY_ID|SECRET|TOKEN|TOKEN_FILE|_URI)|GIT_CONFIG_(?:PARAMETERS|VALUE_\d+)"
    r"|(?:\w+_)?(?:OIDC|ID)_(?:REQUEST_)?TOKEN(?:_V?\d+)?"
    r"|DEVIN_API_KEY_\w*(?<!_VALUE)",
    re.IGNORECASE,
)
"""The same by pattern; jobs of GitLab choose the name of each OIDC token.

A job still has the key of a target that devinops.yaml no longer declares.
"""


CI_SIGNS: Final = (
    "CI",
    "CONTINUOUS_INTEGRATION",
    "BUILD_ID",  # Jenkins, Google Cloud Build
    "BUILD_NUMBER",  # Jenkins, TeamCity
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "TF_BUILD",  # Azure Pipelines
    "CODEBUILD_BUILD_ID",  # AWS CodeBuild
    "bamboo_buildKey",
    "GO_PIPELINE_NAME",  # GoCD
)
"""Variables of CI systems; most systems set `CI`, and the others are named."""
_UNSET: Final = ("", "0", "false")


@dataclass(frozen=True)
class Flags:
    """The command-line options that settings depend on; None if an option is not used.

    `target` is a selector. If there are several, all are in `targets`, and `target` is None.
    """

    target: str | None = None
    timeout: float | None = None
    parallelism: int | None = None
    ca_bundle: Path | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    """Option → where its value came from, such as `environment DEVINOPS_TARGET`."""
    targets: tuple[str, ...] = ()

    @property
    def selectors(self) -> tuple[str, ...]:
        """The values of --target, each a selector."""
        return self.targets or ((self.target,) if self.target is not None else ())

    def source(self, option: str) -> str:
        return self.sources.get(option, f"option --{option.replace('_', '-')}")


def is_credential(variable: str) -> bool:
    """Return whether programs take from this variable who they are, so it is no secret's value."""
    return variable.upper() in CREDENTIALS or bool(_OF_JOB.fullmatch(variable))


def check_environment(environ: Mapping[str, str], instead_of: Callable[[str], str]) -> None:
    """Check that each `DEVINOPS_*` variable is known: a typo must not be ignored silently.

    Raises ConfigError with the variable and the most similar known one, and UsageError if the
    variable of an option with a value is empty. An empty switch is off. `instead_of` returns what
    to use instead of a variable, after a space.
    """
    known = {f"{_PREFIX}{option}" for option in GLOBAL_OPTIONS} | {JOB, ATTEMPT}
    switches = {f"{_PREFIX}{option}" for option in SWITCHES}
    for name in sorted(environ):
        if not name.startswith(_PREFIX) or name == HOST_TOKEN:
            continue
        if name in known:
            if name not in switches and not environ[name].strip():
                raise UsageError(
                    f"{name} is set but empty in the environment: give it a value, or unset it"
                )
            if name == ATTEMPT and not environ[name].isdecimal():
                raise UsageError(f"{name} must be a number, not {environ[name]}")
            continue
        from devinops.model.suggest import nearest

        # The common prefix would make all names similar.
        near = nearest(name[len(_PREFIX) :], (each[len(_PREFIX) :] for each in known))
        hint = f' (did you mean "{_PREFIX}{near}"?)' if near else ""
        others = ", ".join(sorted(known))
        raise ConfigError(
            f"the environment variable {name} is not known{hint}; unset it.{instead_of(name)} The "
            f"known ones are {others}; approvals can be given only on the command line"
        )


def misspelled(environ: Mapping[str, str]) -> dict[str, str]:
    """Return name → the variable that it almost is, of those that decide where a write goes.

    `_` and case do not count. Longer names, such as DEVIN_API_KEY_PLAN, are other variables.
    """
    from devinops.model.suggest import is_one_edit

    return {
        name: variable
        for variable in PLACE_VARIABLES
        for name in environ
        if name[:1] in ("D", "d")
        and name not in PLACE_VARIABLES
        and not name.startswith(f"{variable}_")
        and is_one_edit(name.upper().replace("_", ""), variable.replace("_", ""))
    }


def is_ci(environment: Mapping[str, str]) -> bool:
    """Return whether a CI system runs this, where nobody can answer a question."""
    return bool(ci_sign(environment))


def ci_sign(environment: Mapping[str, str]) -> str:
    """Return the name of the variable that shows that a CI system runs this; empty if none does."""
    is_set = (name for name in CI_SIGNS if environment.get(name, "").casefold() not in _UNSET)
    return next(is_set, "")
