"""What is wrong with the settings of targets, as far as the files tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from devinops.config.project import Project
from devinops.environment import HOST_TOKEN
from devinops.load.problems import problem
from devinops.model.credentials import starred
from devinops.model.keys import listed
from devinops.model.kind import ApiVersion
from devinops.model.objects import Problem, Source
from devinops.model.policy import MaxDelete, MissingFolders, OnDrift, Prune
from devinops.model.target import is_loopback
from devinops.planning.waves import misplaced

DEFAULT_URL: Final = "https://api.devin.ai"


def wrong_settings(project: Project) -> Iterator[Problem]:
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
    waves, problems = project.found_waves
    # Targets that could not be read may be in any wave.
    if waves and project.whole:
        yield from (*problems, *misplaced(waves, project.targets, project.target_key_source))


def _same_organizations(
    project: Project, targets: Mapping[str, Mapping[str, Any]]
) -> Iterator[Problem]:
    first: dict[tuple[str, str], str] = {}
    for name, target in targets.items():
        option, place = "org_id", organization_of(target)
        key, url = target.get("api_key_env"), target.get("api_url", DEFAULT_URL)
        if target.get("enterprise") is True and isinstance(url, str) and isinstance(key, str):
            # Only its key says which enterprise it is.
            option, place = "enterprise", (url.rstrip("/").lower(), f"${key}")
        other = first.setdefault(place or ("", name), name)
        if other != name:
            source = project.target_source(name, option)
            scope = "organization" if option == "org_id" else "enterprise"
            yield problem(source, "same-organization", same_owner(other, name, scope))


def same_owner(one: str, other: str, scope: str) -> str:
    """Return why two targets must not be of one organization or enterprise (the `scope`)."""
    return (
        f"the targets {one} and {other} are the same {scope}, so one apply would create every "
        "object twice, and each could delete what the other owns: declare only one of them"
    )


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
        if isinstance(variable, str) and variable.startswith(("cog_", "apk_")):
            message = (
                f"{option} must name an environment variable, but this is a key, which is leaked: "
                "revoke it in Devin's settings, put a new one into a variable such as "
                "DEVIN_API_KEY, and write its name here"
            )
            yield option, "leaked-key", message
        elif isinstance(variable, str) and ("DEVIN" not in variable or variable == HOST_TOKEN):
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
    for option, check in (("org_id", wrong_org_id), ("api_url", wrong_url)):
        if isinstance(value := target.get(option), str) and (why := check(value)):
            yield option, "invalid-value", why
    for option, why in without_effect(target, target.get("api_version")):
        yield option, "without-effect", why


def without_effect(target: Mapping[str, Any], api: ApiVersion | None) -> Iterator[tuple[str, str]]:
    """Yield option and message of each setting without effect: it must not seem to protect.

    `api` is None if only the key can tell the API version.
    """
    inventory = target.get("inventory", {})
    store = inventory.get("store") if isinstance(inventory, dict) else None
    prune = target.get("prune", Prune.OFF)
    if store == "none":
        for option, harmless in _NEED_INVENTORY:
            value = target.get(option, harmless)
            if value != harmless and value in tuple(type(harmless)):
                setting = f"{option}: {value}"
                yield option, f"{setting} needs an inventory: remove inventory: {{store: none}}"
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


def wrong_org_id(value: str) -> str:
    """Return what is wrong with an organization id; empty if nothing is."""
    if re.fullmatch(r"[A-Za-z0-9._~-]+", value):
        return ""
    return f'"{value}" is not an organization id (such as org-0123abcd)'


def wrong_url(url: str) -> str:
    """Return what is wrong with the address of an API; empty if nothing is."""
    wrong = (
        "api_url must be https://HOST[:PORT], or http://127.0.0.1:PORT for the emulator, without "
        f'user, query or fragment, not "{without_private_parts(url)}"'
    )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return wrong
    is_host = re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:.]+", host)
    if parts.scheme not in ("https", "http") or not is_host or re.search("[@?#]", url):
        return wrong
    if parts.path.strip("/"):
        return f'api_url must not have a path, since devinops adds it: remove "{parts.path}"'
    if parts.scheme == "http" and not is_loopback(host):
        return f'api_url "{url}" is not encrypted; use https (http is allowed only for loopback)'
    return ""


def without_private_parts(url: str) -> str:
    """Return an address for a message: a user, a query and a fragment can hold a key."""
    return re.sub(r"(?s)^(\w+://)?.*@.*|(?<=[?#]).*", r"\1***", url, count=1)
