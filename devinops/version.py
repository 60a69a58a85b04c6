"""Which devinops this is: a release, or one commit.

What is built has its version in `version.txt`, which setup.py writes. A checkout reads its commit
in each command, from files alone: the start of a command must stay fast.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

RELEASE: Final = "0.9.0"
"""The release that this code is or becomes. The first commit after a release names the next one."""

_PACKAGE: Final = Path(__file__).resolve().parent


def this_version(package: Path = _PACKAGE) -> str:
    """Return the version of the devinops in a directory, such as `0.9.0+g1a2b3c4`."""
    built, _, key = _read(package / "version.txt").partition(" ")
    if key == "built" and not built.endswith("+unknown"):
        return built
    # What was built can lie in another repository, such as that of a distribution.
    head = "" if key == "built" else _checked_out(package.parent / ".git")
    # The action and `make dist` say what they build.
    return version_of(os.environ.get("COMMIT_OF_DEVINOPS") or head or _installed(package.parent))


def version_of(origin: str) -> str:
    """Return the version of a commit or of a release's tag; of others, it ends in `+unknown`."""
    if re.fullmatch(rf"v{re.escape(RELEASE)}(rc\d+)?", origin):
        return origin.removeprefix("v")
    is_commit = re.fullmatch("[0-9a-f]{40,64}", origin)
    return f"{RELEASE}+{f'g{origin[:7]}' if is_commit else 'unknown'}"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""


def _checked_out(git: Path) -> str:
    """Return the commit that is checked out; empty without a repository."""
    if git.is_file():
        git = git.parent / _read(git).removeprefix("gitdir: ")
    head = _read(git / "HEAD")
    if not head.startswith("ref: "):
        return head
    name, common = head.removeprefix("ref: "), git / _read(git / "commondir")
    # Git moves references into one file, a line each.
    packed = re.search(rf"^(\w+) {re.escape(name)}$", _read(common / "packed-refs"), re.MULTILINE)
    return _read(common / name) or (packed[1] if packed else "")


def _installed(top: Path) -> str:
    """Return the commit that an installer has recorded (PEP 610); empty if none has."""
    records = map(_read, top.glob("devinops-*.dist-info/direct_url.json"))
    found = (re.search(r'"commit_id": *"(\w+)"', record) for record in records)
    return next((commit[1] for commit in found if commit), "")
