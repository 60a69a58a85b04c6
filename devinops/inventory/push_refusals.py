"""What to do about a push that the host of the repository refused.

GitHub's messages are those of its branch rules (GH006, GH013) and of a token without write access.
GitLab's are in its `lib/gitlab/git_access.rb` and the checks below `lib/gitlab/checks`; job tokens
can push since GitLab 17.2, and deploy tokens cannot.
"""

from __future__ import annotations

import re
from typing import Final

_GITHUB_RULES: Final = (
    "In GitHub, exempt this branch from the rules that refuse it, or let this job bypass them "
    "(Settings > Rules, and Settings > Branches)"
)
_GITHUB_TOKEN: Final = (
    "In GitHub Actions, give the job permissions: {contents: write}; any other token or deploy key "
    "needs write access"
)
_GITLAB_RULES: Final = (
    "In GitLab, allow the user or token of this job to push to this branch, or do not protect it "
    "(Settings > Repository > Protected branches)"
)
_GITLAB_TOKEN: Final = (
    "In GitLab, select Allow Git push requests to the repository in Settings > CI/CD > Job token "
    "permissions, or push with a project access token that has write_repository, or with a deploy "
    "key that may write; a deploy token cannot push"
)
_ANY_HOST: Final = (
    "The job needs permission to push to this branch: in GitHub permissions: {contents: write}, in "
    "GitLab a job token that may push or a token with write_repository; the rules of the branch "
    "must allow it too"
)

_ADVICE: Final = (
    (r"\bGH0(06|13)\b|protected branch hook declined", _GITHUB_RULES),
    (r"Write access to repository not granted|Permission to \S+ denied to", _GITHUB_TOKEN),
    (r"not allowed to \S+ push code|to (a )?protected branch|create protected", _GITLAB_RULES),
    (r"not allowed to (push|upload) code|not allowed to push", _GITLAB_TOKEN),
)
"""Pattern of what the host writes, and what to do; the first that matches counts."""


def advice(error: str) -> str:
    """Return what to do about a refused push, from what git and the host wrote."""
    texts = (text for pattern, text in _ADVICE if re.search(pattern, error, re.IGNORECASE))
    return next(texts, _ANY_HOST)
