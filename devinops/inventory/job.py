"""Names the CI job that runs devinops, so that its next attempt can go on where it was killed."""

from __future__ import annotations

from collections.abc import Mapping

from devinops.environment import ATTEMPT, JOB
from devinops.inventory.merge import NO_JOB, Job


def job_of(environment: Mapping[str, str], shard: str = "") -> Job:
    """Return the job of these variables; one without a name if they name none.

    All jobs of a matrix in GitHub have the same name, and all pods of a Job in Kubernetes, so that
    only the `shard`, if any, tells them apart. GitLab counts no attempts, but a job that is retried
    gets a higher id. Elsewhere, two variables of devinops name the job and the attempt.
    """
    if JOB in environment:
        name, attempt = f"{{{JOB}}}", ATTEMPT
    elif environment.get("GITHUB_ACTIONS") == "true":
        name = "GitHub {GITHUB_REPOSITORY}, run {GITHUB_RUN_ID}, job {GITHUB_JOB}"
        attempt = "GITHUB_RUN_ATTEMPT"
    elif environment.get("GITLAB_CI"):
        name = "GitLab {CI_PROJECT_PATH}, pipeline {CI_PIPELINE_ID}, job {CI_JOB_NAME}"
        attempt = "CI_JOB_ID"
    else:
        return NO_JOB
    try:
        named = name.format_map(environment) + (f", shard {shard}" if shard else "")
        return Job(named, int(environment[attempt]))
    except (KeyError, ValueError):
        return NO_JOB
