"""The CI job of a run as its readers see it: web addresses of its files and of its log."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from devinops.ci.environment import Job, current_job
from devinops.render import JobLinks


def job_links(root: Path, environment: Mapping[str, str]) -> JobLinks | None:
    """Return the job of this run; None outside CI. `root` is the directory of the files."""
    job = current_job(environment)
    if job is None:
        return None

    @functools.cache
    def prefix() -> PurePosixPath | None:
        return _prefix(root, job)

    def source_url(path: str, line: int | None) -> str:
        start = prefix()
        return "" if start is None else job.source_url(str(start / path), line)

    return JobLinks(job.commit, job.job_url, source_url, job.request is not None)


def _prefix(root: Path, job: Job) -> PurePosixPath | None:
    """Return the path of the root inside its repository; None if the root is not in one."""
    from devinops.inventory.git import Git

    inside = Git(root).line("rev-parse", "--show-prefix")
    if inside is not None:
        return PurePosixPath(inside)
    # Git refuses a checkout that belongs to another user, as in a container.
    try:
        below = root.resolve().relative_to((job.directory or root).resolve())
    except ValueError:
        return None
    return PurePosixPath(below.as_posix())
