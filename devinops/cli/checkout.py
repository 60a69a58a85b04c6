"""The checkout that the root lies in: where, which files Git does not have, and links to them.

Git is run, and its module imported, only when that is asked for.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from devinops.ci.job import current_job
from devinops.render import JobLinks


def below_checkout(root: Path, environment: Mapping[str, str]) -> PurePosixPath | None:
    """Return the path of the root in its repository, or else in the checkout of the CI job.

    None if the root is in neither.
    """
    from devinops.git import Git

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
    from devinops.git import Git, error_line
    from devinops.load.file_names import CONFIG

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


def job_links(root: Path, environment: Mapping[str, str]) -> JobLinks | None:
    """Return the job of this run; None outside CI. `root` is the directory of the files."""
    job = current_job(environment)
    if job is None:
        return None

    @functools.cache
    def prefix() -> PurePosixPath | None:
        return below_checkout(root, environment)

    def url(path: str, line: int, gone: bool) -> str:
        start = prefix()
        return "" if start is None else job.source_url(str(start / path), line, gone=gone)

    return JobLinks(job.commit, job.job_url, url, job.request is not None)
