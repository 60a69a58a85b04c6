"""Reads the report that becomes a comment: only a file that no request can have brought along.

A request can commit a file, or a link to one, where `plan` writes its report. If `plan` then fails
before it writes, the text of the request would be posted as the plan.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from devinops import atomic
from devinops.git import Git, error_line, found_no_repository
from devinops.model.errors import UnusableFile

NEXT_STEP = "write it with devinops plan --report markdown={}"


def read(file: Path, checkout: Path | None) -> tuple[str, str]:
    """Return the text of a report, and why Git cannot tell whether it tracks the file.

    The reason is empty if Git does not track the file; stdin is read for `-`. `checkout` is the
    directory of the job. Raises UnusableFile, including for a link and for a file that Git tracks.
    """
    reason = ""
    if str(file) == "-":
        data = sys.stdin.buffer.read()
    else:
        _refuse_links(file, checkout)
        try:
            data = atomic.read(file)
        except FileNotFoundError:
            raise UnusableFile(f"{file} is missing: {NEXT_STEP.format(file)}") from None
        except OSError as error:
            raise UnusableFile(f"{file} cannot be read: {atomic.reason(error)}") from None
        reason = _refuse_tracked(file)
    try:
        return data.decode("utf-8-sig"), reason
    except UnicodeDecodeError:
        raise UnusableFile(f"{file}: expected Markdown in UTF-8") from None


def _refuse_links(file: Path, checkout: Path | None) -> None:
    """Raise UnusableFile if the file is a link, or a directory of its path inside the checkout.

    No request can write outside the checkout, where links are usual, such as /tmp on macOS.
    """
    tops = [os.path.realpath(top) for top in (Path.cwd(), checkout) if top]
    last = file.absolute()
    for part in (last, *last.parents):
        real = Path(os.path.realpath(part.parent))
        if part.is_symlink() and (part == last or any(map(real.is_relative_to, tops))):
            raise UnusableFile(
                f"{file}: {part} is a symbolic link, which is not followed, because it could lead "
                "to a text of the request: name the file itself, or pass - and pipe the report to "
                "stdin"
            )


def _refuse_tracked(file: Path) -> str:
    """Return why Git cannot tell whether it tracks the file; raise UnusableFile if it does."""
    real = Path(os.path.realpath(file))
    listed = Git(real.parent).attempt("ls-files", "-z", "--", ":/")
    if listed is None:
        return "git cannot be run"
    if listed.code:
        return "" if found_no_repository(listed) else f"git fails: {error_line(listed.err)}"
    own = real.lstat()
    for tracked in (real.parent / name for name in os.fsdecode(listed.out).split("\0")):
        # The names can differ: some file systems ignore case, or forms of Unicode.
        if os.path.lexists(tracked) and os.path.samestat(tracked.lstat(), own):
            raise UnusableFile(
                f"{file}: Git tracks this file as {os.path.relpath(tracked)}, so the request may "
                "have written it: have devinops plan write another file, or run git rm --cached "
                "and commit that"
            )
    return ""
