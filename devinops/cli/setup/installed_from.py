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
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from devinops.git import Git

NAME: Final = "devinops"
FILL_IN: Final = "FILL IN"
"""What begins a comment about what this installation does not know."""

_REMOTE: Final = ("http", "https", "ssh", "git")
_STRONG: Final = ("sha256=", "sha384=", "sha512=")
_SECRET: Final = "the URL that it was installed from has a ? or #, which a secret may follow"
_TREE: Final = Path(__file__).resolve().parents[3]
"""The source tree, if devinops runs from one without being installed."""
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

    If `unknown` says why nobody else can install it, the requirement has URL and COMMIT to fill in.
    """

    requirement: str
    repository: str | None = None
    revision: str | None = None
    unknown: str = ""

    def to_fill_in(self, indent: int) -> str:
        """Return the lines of a comment about what to fill in; empty if all is known."""
        text = (
            f"{FILL_IN} the URL of the Git repository of devinops and a COMMIT. devinops init does "
            f"not know them: {self.unknown}. Do not take it from a package index, where anybody "
            "could publish a package of this name."
        )
        start = f"{'':{indent}}# "
        filled = textwrap.fill(text, 96, initial_indent=start, subsequent_indent=start)
        return filled if self.unknown else ""


def origin_of(direct_url: Mapping[str, Any] | None, checkout: Checkout | None) -> Origin:
    """Return the origin that a `direct_url.json` describes; None stands for a missing file.

    `checkout` is what Git knows of the directory, if the URL is that of a local one.
    """
    if direct_url is None:
        return _unknown("the installed package does not record where it came from")
    url = _without_secrets(str(direct_url.get("url") or ""))
    vcs, archive = direct_url.get("vcs_info"), direct_url.get("archive_info")
    below = direct_url.get("subdirectory")
    if urlsplit(url).scheme == "file":
        if isinstance(archive, Mapping):
            return _unknown("it was installed from a file on this machine")
        if checkout is None or not checkout.remote:
            return _unknown("it was installed from a local directory that has no Git remote")
        if not checkout.published:
            return _unknown("it was installed from a commit that is not pushed to the remote")
        url = _without_secrets(_as_url(checkout.remote))
        if urlsplit(url).scheme not in _REMOTE:
            return _unknown("it was installed from a local directory whose remote is local too")
        vcs, below = {"vcs": "git", "commit_id": checkout.commit}, checkout.below
    if urlsplit(url).query or urlsplit(url).fragment:
        return _unknown(_SECRET)
    if url and isinstance(vcs, Mapping):
        return _from_vcs(str(vcs.get("vcs")), url, str(vcs.get("commit_id")), below)
    if url and isinstance(archive, Mapping):
        return _from_archive(url, archive)
    return _unknown("direct_url.json of the installed package does not say how it was installed")


def _from_vcs(vcs: str, url: str, commit: str, directory: object) -> Origin:
    below = f"#subdirectory={directory}" if directory else ""
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
    return Origin(f"{NAME} @ git+URL@COMMIT", unknown=why)


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
        return {"url": _TREE.as_uri(), "dir_info": {}}
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
    remote = git.line("remote", "get-url", "origin")
    commit = git.line("rev-parse", "--verify", "--quiet", revision)
    if not remote or commit is None:
        return None
    unpushed = git.line("rev-list", "--max-count=1", commit, "--not", "--remotes=origin")
    below = (git.line("rev-parse", "--show-prefix") or "").strip("/")
    return Checkout(remote, commit, unpushed == "", below)


def install_command(requirement: str) -> str:
    """Return the command that adds the packages of `devinops[EXTRA]` to the devinops that runs.

    It names only them: an index could have a package of somebody else under the name of devinops.
    """
    extra = requirement.removeprefix(NAME).strip("[]")
    python, by_uv = shlex.quote(sys.executable), False
    try:
        package = distribution(NAME)
    except PackageNotFoundError:
        packages = [f"{_TREE}[{extra}]"]
    else:
        by_uv = (package.read_text("INSTALLER") or "").strip() == "uv"
        parts = (item.partition(";") for item in package.requires or ())
        packages = [name.strip() for name, _, marker in parts if f'extra == "{extra}"' in marker]
    command = f"{python} -m pip install"
    if (Path(sys.prefix) / "pipx_metadata.json").exists():
        command = f"pipx inject {NAME}"
    elif by_uv:  # which puts no pip into an environment
        command = f"uv pip install --python {python}"
    return " ".join([command, *map(shlex.quote, packages)])
