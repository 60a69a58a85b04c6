"""Where the root lies in the checkout, and which of its files Git does not have."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from devinops.ci.environment import current_job
from devinops.git import Git, error_line
from devinops.load.names import CONFIG


def below_checkout(root: Path, environment: Mapping[str, str]) -> PurePosixPath | None:
    """Return the path of the root in its repository, or else in the checkout of the CI job.

    None if the root is in neither.
    """
    inside = Git(root).line("rev-parse", "--show-prefix")
    if inside is not None:
        return PurePosixPath(inside)
    # Git refuses a checkout that belongs to another user, as in a container.
    job = current_job(environment)
    real, top = root.resolve(), job.directory if job else None
    if top is None or not real.is_relative_to(top.resolve()):
        return None
    return PurePosixPath(real.relative_to(top.resolve()).as_posix())


def untracked(root: Path, say: Callable[[str], None]) -> frozenset[str]:
    """Return the files below the root that Git does not track, by their paths from the root.

    A directory stands for all files in it if Git tracks none of them, and so does `.` for the root.
    Empty without Git, and outside a repository. `say` gets what a user must know.
    """
    result = Git(root).attempt("ls-files", "--others", "--directory", "-z")
    if result is None or result.code:
        reason = error_line(result.err) if result else "cannot run git"
        say(f"--skip-untracked skips nothing, because Git does not list the files: {reason}")
        return frozenset()
    listed = os.fsdecode(result.out)
    names = frozenset(name.removesuffix("/") for name in filter(None, listed.split("\0")))
    if CONFIG in names:
        say(f"{CONFIG} is not read, because Git does not track it")
    return names
