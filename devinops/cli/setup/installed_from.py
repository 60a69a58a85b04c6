"""Where this devinops was installed from, so that CI and pre-commit can install the same one.

pip and uv record it in `direct_url.json` (PEP 610), except for a package from an index, and other
package managers record nothing. A name and a version are never enough: CI could ask another index,
where somebody else published a package with this name.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from devinops.git import Git

NAME: Final = "devinops"
UNKNOWN_URL: Final = "URL"
UNKNOWN_COMMIT: Final = "COMMIT"

_REMOTE: Final = ("http", "https", "ssh", "git")
_STRONG: Final = ("sha256=", "sha384=", "sha512=")
_SECRET: Final = "the URL that it was installed from has a ? or #, which a secret may follow"
_SAFE: Final = re.compile(r"[A-Za-z0-9:/@._~%+?&=,\[\]-]+")
"""Characters that mean nothing to a shell in single quotes, to YAML and to pip."""


@dataclass(frozen=True)
class Checkout:
    """What Git knows of a local directory that devinops was installed from.

    `published` says that a branch of the remote has the commit. `below` is the path of the
    directory in the repository.
    """

    remote: str
    commit: str
    published: bool
    below: str = ""


@dataclass(frozen=True)
class Origin:
    """A requirement for pip, and the repository and revision for pre-commit if there are any.

    If `unknown` says why nobody else can install it, the requirement has UNKNOWN_URL and
    UNKNOWN_COMMIT to fill in.
    """

    requirement: str
    repository: str | None = None
    revision: str | None = None
    unknown: str = ""


def origin_of(direct_url: Mapping[str, Any] | None, checkout: Checkout | None) -> Origin:
    """Return the origin that a `direct_url.json` describes; None stands for a missing file.

    `checkout` is what Git knows of the directory, if the URL is that of a local one.
    """
    if direct_url is None:
        return _unknown("the installed package does not record where it came from")
    url = _without_secrets(str(direct_url.get("url") or ""))
    vcs, archive = direct_url.get("vcs_info"), direct_url.get("archive_info")
    if url and (urlsplit(url).query or urlsplit(url).fragment):
        return _unknown(_SECRET)
    if urlsplit(url).scheme == "file":
        if isinstance(archive, Mapping):
            return _unknown("it was installed from a file on this machine")
        return _from_checkout(checkout)
    if url and isinstance(vcs, Mapping):
        below = _in_repository(direct_url.get("subdirectory"))
        return _from_vcs(str(vcs.get("vcs")), url, str(vcs.get("commit_id")), below)
    if url and isinstance(archive, Mapping):
        return _from_archive(url, archive)
    return _unknown("direct_url.json of the installed package does not say how it was installed")


def _from_checkout(checkout: Checkout | None) -> Origin:
    if checkout is None or not checkout.remote:
        return _unknown("it was installed from a local directory that has no Git remote")
    url = _without_secrets(_as_url(checkout.remote))
    if urlsplit(url).query or urlsplit(url).fragment:
        return _unknown(_SECRET)
    if urlsplit(url).scheme not in _REMOTE:
        return _unknown("it was installed from a local directory whose remote is local too")
    if not checkout.published:
        return _unknown("it was installed from a commit that is not pushed to the remote")
    return _from_vcs("git", url, checkout.commit, _in_repository(checkout.below))


def _from_vcs(vcs: str, url: str, commit: str, below: str) -> Origin:
    requirement = f"{NAME} @ {vcs}+{url}@{commit}{below}"
    if not (_SAFE.fullmatch(f"{vcs}{url}{commit}") and re.fullmatch(r"[\w./#=-]*", below)):
        return _unknown("the URL that it was installed from has unusual characters")
    # pre-commit reads its hooks only at the top of a Git repository.
    is_hook = vcs == "git" and not below
    return Origin(requirement, url if is_hook else None, commit if is_hook else None)


def _from_archive(url: str, archive: Mapping[str, Any]) -> Origin:
    hashes = archive.get("hashes")
    pins = [f"{name}={value}" for name, value in hashes.items()] if isinstance(hashes, dict) else []
    pins.append(str(archive.get("hash") or ""))
    pin = next((pin for pin in pins if pin.startswith(_STRONG)), "")
    if not pin:
        return _unknown("it was installed from an archive without a recorded SHA-2 hash")
    if not (_SAFE.fullmatch(url) and re.fullmatch(r"[a-z0-9]+=[0-9a-fA-F]+", pin)):
        return _unknown("the URL that it was installed from has unusual characters")
    return Origin(f"{NAME} @ {url}#{pin}")


def _unknown(why: str) -> Origin:
    return Origin(f"{NAME} @ git+{UNKNOWN_URL}@{UNKNOWN_COMMIT}", unknown=why)


def _in_repository(below: object) -> str:
    return f"#subdirectory={below}" if isinstance(below, str) and below else ""


def _as_url(remote: str) -> str:
    """Return a remote such as `git@github.com:acme/devinops.git` as a URL."""
    short = re.fullmatch(r"([\w.-]+@)?([\w.-]{2,}):(?!//)([^\\]+)", remote)
    if not short:
        return remote
    return f"ssh://{short[1] or ''}{short[2]}/{short[3].lstrip('/')}"


def _without_secrets(url: str) -> str:
    """Return a URL without password, and without user except for ssh; empty if it is not a URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if "@" not in parts.netloc:
        return url
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0] if parts.scheme == "ssh" else ""
    return urlunsplit(parts._replace(netloc=f"{name}@{host}" if name else host))


# --- this installation ------------------------------------------------------------------------


def installed_origin() -> Origin:
    """Return the origin of the devinops that runs."""
    direct_url = _direct_url()
    url = urlsplit(str((direct_url or {}).get("url") or ""))
    path = unquote(url.path) if url.scheme == "file" and url.netloc in ("", "localhost") else ""
    vcs = (direct_url or {}).get("vcs_info")
    commit = str(vcs.get("commit_id") or "") if isinstance(vcs, Mapping) else ""
    return origin_of(direct_url, _checkout(Path(path), commit or "HEAD") if path else None)


def _direct_url() -> Mapping[str, Any] | None:
    try:
        text = distribution(NAME).read_text("direct_url.json")
    except PackageNotFoundError:
        # It runs from its source tree, without being installed.
        tree = Path(__file__).resolve().parents[2]
        return {"url": tree.as_uri(), "dir_info": {}}
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = {}
    return value if isinstance(value, dict) else {}


def _checkout(directory: Path, revision: str) -> Checkout | None:
    if not directory.is_dir():
        return None
    git = Git(directory)
    remotes = (git.line("remote") or "").splitlines()
    commit = git.line("rev-parse", "--verify", "--quiet", revision)
    if not remotes or commit is None:
        return None
    name = "origin" if "origin" in remotes else remotes[0]
    unpushed = git.line("rev-list", "--max-count=1", commit, "--not", f"--remotes={name}")
    below = (git.line("rev-parse", "--show-prefix") or "").strip("/")
    return Checkout(git.line("remote", "get-url", name) or "", commit, unpushed == "", below)


def install_command(requirement: str) -> str:
    """Return the command that adds an extra to the devinops that runs, from its own source.

    `requirement` is a requirement such as `devinops[secrets]`. If the source is not recorded,
    or was a file that is gone, the command installs the packages of the extra: the index could have
    a package of somebody else under the name of devinops.
    """
    command, add = _installer()
    source = _source(requirement, _direct_url() or {})
    if source:
        return f"{command} {source}"
    return " ".join([add, *map(shlex.quote, _packages(requirement))])


def _installer() -> tuple[str, str]:
    """Return the commands that install a requirement, and packages beside devinops."""
    python, prefix = shlex.quote(sys.executable), Path(sys.prefix)
    uv = f"uv pip install --python {python}"
    if (prefix / "pipx_metadata.json").exists():
        return "pipx install --force", f"pipx inject {NAME}"
    # uvx runs an environment in the cache of uv, which nobody should change.
    if (prefix / "uv-receipt.toml").exists() or prefix.parent.name.startswith("archive-v"):
        return "uv tool install --force", uv
    try:
        by_uv = (distribution(NAME).read_text("INSTALLER") or "").strip() == "uv"
    except PackageNotFoundError:
        by_uv = False
    pip = uv if by_uv else f"{python} -m pip install"
    return pip, pip


def _source(requirement: str, direct_url: Mapping[str, Any]) -> str:
    """Return the words that tell an installer this source with an extra; empty if there is none."""
    url, directory = urlsplit(str(direct_url.get("url") or "")), direct_url.get("dir_info")
    if url.scheme != "file":
        origin = origin_of(direct_url, None)
        return (
            "" if origin.unknown else shlex.quote(origin.requirement.replace(NAME, requirement, 1))
        )
    path = unquote(url.path)
    if not Path(path).exists():
        return ""
    if isinstance(directory, Mapping) and directory.get("editable"):
        return f"--editable {shlex.quote(path + requirement.removeprefix(NAME))}"
    address, vcs = url.geturl(), direct_url.get("vcs_info")
    if isinstance(vcs, Mapping):
        # Without a host, older versions of pip take the requirement for a path.
        below = _in_repository(direct_url.get("subdirectory"))
        address = f"{vcs.get('vcs')}+file://localhost{url.path}@{vcs.get('commit_id')}{below}"
    return shlex.quote(f"{requirement} @ {address}")


def _packages(requirement: str) -> list[str]:
    """Return the requirements of the extra that a requirement names."""
    extra = requirement.removeprefix(NAME).strip("[]")
    marked = (item.partition(";") for item in distribution(NAME).requires or ())
    return [name.strip() for name, _, marker in marked if f'extra == "{extra}"' in marker]
