"""The CI job of a run as its readers see it: web addresses of its files and of its log."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from devinops.ci.environment import current_job
from devinops.render import JobLinks


def job_links(root: Path, environment: Mapping[str, str]) -> JobLinks | None:
    """Return the job of this run; None outside CI. `root` is the directory of the files."""
    job = current_job(environment)
    if job is None:
        return None

    @functools.cache
    def prefix() -> PurePosixPath | None:
        from devinops.cli.checkout import below_checkout

        return below_checkout(root, environment)

    def source_url(path: str, line: int | None) -> str:
        start = prefix()
        return "" if start is None else job.source_url(str(start / path), line)

    return JobLinks(job.commit, job.job_url, source_url, job.request is not None)
