"""What Git knows about the repository that is set up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from devinops.git import Git, error_line, found_no_repository
from devinops.model.errors import ConfigError


@dataclass(frozen=True)
class Repository:
    """A repository; what Git does not know is None."""

    host: str | None = None
    repo: str | None = None
    branch: str = "main"
    remote: bool = False
    top: Path | None = None
    below: str = ""
    """The path of the root below the top of the repository; empty if they are the same."""

    @property
    def ci_system(self) -> str:
        """The CI system that the host of the remote suggests."""
        return "gitlab" if "gitlab" in (self.host or "").lower() else "github"

    @classmethod
    def of(cls, root: Path) -> Repository:
        """Return what Git knows of a directory, which need not exist.

        Raises ConfigError if Git refuses to use the repository.
        """
        start = next(path for path in (root, *root.parents) if path.is_dir())
        git = Git(start)
        repository = git.attempt("rev-parse", "--git-dir")
        if repository and repository.code and not found_no_repository(repository):
            raise ConfigError(
                f"git cannot use the repository of {root}: {error_line(repository.err)}; "
                "nothing was written"
            )
        host, repo = host_and_repository(git.line("remote", "get-url", "origin"))
        top = git.line("rev-parse", "--show-toplevel")
        prefix = git.line("rev-parse", "--show-prefix") or ""
        below = (prefix / root.relative_to(start)).as_posix() if top else "."
        return cls(
            host,
            repo,
            _branch(git),
            bool(git.line("remote")),
            Path(top) if top else None,
            "" if below == "." else below,
        )


def host_and_repository(url: str | None) -> tuple[str | None, str | None]:
    """Return host and repository of a remote's URL, such as `github.com` and `acme/api`."""
    pattern = r"(?:@|://)(?:[^@/]*@)?([^/:]+)(?::\d+)?[:/]([^/]+/.+?)(?:\.git)?/?$"
    match = re.search(pattern, url or "")
    return (match[1], match[2]) if match else (None, None)


def _branch(git: Git) -> str:
    """Return the default branch of origin, or else what may be it.

    Git knows it only of a clone. Elsewhere, the branch that is checked out can be one for a change.
    """
    head = git.line("symbolic-ref", "--short", "refs/remotes/origin/HEAD") or ""
    if head:
        return head.partition("/")[2]
    for ref in ("remotes/origin/main", "remotes/origin/master", "heads/main", "heads/master"):
        if git.line("rev-parse", "--verify", "--quiet", f"refs/{ref}"):
            return ref.rpartition("/")[2]
    return git.line("symbolic-ref", "--short", "HEAD") or "main"
