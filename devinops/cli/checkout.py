"""Where the root lies in the checkout, for formats whose paths start at the checkout."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from devinops.ci.environment import current_job
from devinops.inventory.git import Git


def path_in_checkout(root: Path) -> PurePosixPath | None:
    """Return the path from the checkout to the root, `.` at its top; None outside a checkout."""
    root = Path(os.path.realpath(root))
    top = _top(root)
    return PurePosixPath(root.relative_to(top).as_posix()) if top else None


def _top(root: Path) -> Path | None:
    """Return the directory of the checkout that holds the root, from Git or else from the job."""
    job = current_job(os.environ)
    tops = (Git(root).line("rev-parse", "--show-toplevel"), job.directory if job else None)
    real = (Path(os.path.realpath(top)) for top in tops if top)
    return next((top for top in real if root.is_relative_to(top)), None)
