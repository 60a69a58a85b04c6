"""Which devinops this is: a release, or one commit between two releases.

What is built has its version in `version.txt`, which setup.py writes. In a checkout, that file
keeps the version of the last commit that was looked up: Git runs once for each commit, not in each
command, because the start of a command must stay fast.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

RELEASE: Final = "0.9.0"
"""The release that this code is or becomes. The first commit after a release names the next one."""

_FIRST: Final = "0.9.0"
"""No tag of a release comes before this one."""

_PACKAGE: Final = Path(__file__).resolve().parent
_TAGS: Final = "v[0-9]*.[0-9]*.[0-9]*"


def this_version(package: Path = _PACKAGE) -> str:
    """Return the version of the devinops in a directory, such as `0.9.1.dev12+g1a2b3c4`."""
    top, record = package.parent, package / "version.txt"
    recorded, _, key = _read(record).partition(" ")
    # What was built can lie in another repository, such as that of a distribution.
    if key == "built" or not (top / ".git").exists():
        version = recorded or _archived_version(top)
        return _installed_version(top) if version.endswith("+unknown") else version
    commit, now = _checked_out(top / ".git")
    if commit and key == now:
        return recorded
    version = _git_version(top / ".git", commit)
    # Without the right to write here, Git is asked again next time.
    with suppress(OSError):
        record.write_text(f"{version} {now}\n", "utf-8")
    return version


def version_of(commit: str, tag: str = "", distance: int = 0) -> str:
    """Return the version of a commit; without one, it ends in `+unknown`.

    `tag` is that of the last release before it, if it is known; `distance` counts the commits since
    then, or all commits before the first release.
    """
    release = RELEASE
    if re.fullmatch(rf"v{RELEASE}(rc\d+)?", tag):
        release = tag.removeprefix("v")
        if not distance:
            return release
        release = re.sub(r"\d+$", lambda last: str(int(last[0]) + 1), release)
    return f"{release}.dev{distance}+{f'g{commit[:7]}' if commit else 'unknown'}"


def compared_version(version: str) -> str:
    """Return the version that is compared with a range of versions.

    Without a tag, nobody can tell the commit of a release from those before it: each counts as the
    release. Hooks, mirrors and jobs of CI often fetch the commit of a release without its tag.
    """
    release, _, distance = version.partition(".dev")
    return release if distance.startswith("0+") or release == _FIRST else version


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""


def _checked_out(git: Path) -> tuple[str, str]:
    """Return the commit that is checked out, and what changes with it or with a tag."""
    if git.is_file():
        git = git.parent / _read(git).removeprefix("gitdir: ")
    common = git / _read(git / "commondir")
    head = _read(git / "HEAD")
    if head.startswith("ref: "):
        name = head.removeprefix("ref: ")
        head = _read(common / name) or _packed(_read(common / "packed-refs"), name)
    commit = head if _is_commit(head) else ""
    try:
        tagged = (common / "refs/tags").stat().st_mtime_ns
    except OSError:
        tagged = 0
    return commit, f"{commit} {tagged}"


def _packed(references: str, name: str) -> str:
    """Return the commit of a reference that Git has moved into one file with the others."""
    before, found, _ = f"{references}\n".partition(f" {name}\n")
    return before.rpartition("\n")[2] if found else ""


def _is_commit(text: str) -> bool:
    return len(text) in (40, 64) and not text.strip("0123456789abcdef")


def _git_version(git: Path, commit: str) -> str:
    described = _git(git, "describe", "--tags", "--long", "--abbrev=40", f"--match={_TAGS}")
    if described:
        tag, distance, commit = described.rsplit("-", 2)
        return version_of(commit.removeprefix("g"), tag, int(distance))
    # After the first release, only a tag says where to begin. A shallow clone is too short anyway.
    whole = RELEASE == _FIRST and _git(git, "rev-parse", "--is-shallow-repository") == "false"
    count = _git(git, "rev-list", "--count", "HEAD") if whole else ""
    return version_of(commit or _git(git, "rev-parse", "HEAD"), distance=int(count or 0))


def _git(git: Path, *words: str) -> str:
    """Return what Git prints; empty if it fails or is not installed.

    Its repository is named, because hooks and CI set variables that name another one.
    """
    import subprocess

    command = ["git", f"--git-dir={git}", *words]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _archived_version(top: Path) -> str:
    """Return the version of an archive of a commit, in which Git has filled in two lines."""
    lines = _read(top / ".git_archival.txt").splitlines()
    facts = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    commit = facts.get("node", "")
    if _is_commit(commit):
        described = re.fullmatch(r"(v.+?)(?:-(\d+)-g[0-9a-f]+)?", facts.get("describe-name", ""))
        tag, distance = described.groups() if described else ("", None)
        return version_of(commit, tag, int(distance or 0))
    # The action says which commit GitHub has downloaded.
    commit = os.environ.get("COMMIT_OF_DEVINOPS", "")
    return version_of(commit if _is_commit(commit) else "")


def _installed_version(top: Path) -> str:
    """Return the version of the commit that an installer has recorded (PEP 610), if it has."""
    for record in top.glob("devinops-*.dist-info/direct_url.json"):
        commit = re.search(r'"commit_id": *"([0-9a-f]{40,64})"', _read(record))
        if commit:
            return version_of(commit[1])
    return version_of("")
