"""Which entries differ from those of another branch. Git is run only for that."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from devinops.git import Git, error_line
from devinops.load import read_entries
from devinops.load.discover import with_lf
from devinops.model.errors import ConfigError
from devinops.model.objects import Declaration, Source


def changed_entries(root: Path, ref: str, entries: Iterable[Declaration]) -> frozenset[Source]:
    """Return where the entries are that differ from the merge base of HEAD and `ref`.

    Their values are compared, so neither another line nor other white space is a change. An entry
    in another file than before is a change. Raises ConfigError if the commit is missing.
    """
    git, top = Git(root), os.path.realpath(root)
    base = merge_base(git, ref, "which entries changed")
    there = _names(git, "ls-tree", "-r", "--name-only", "-z", base)
    touched = changed_paths(git, base)

    def real(path: str) -> str:
        return os.path.relpath(os.path.realpath(root / path), top).replace(os.sep, "/")

    def is_touched(path: str) -> bool:
        return real(path) not in there or real(path) in touched or is_relinked(path)

    def is_relinked(path: str) -> bool:
        return not touched.isdisjoint(islice(_links(Path(top), path), _MAX_LINKS))

    def text(path: str) -> str | None:
        # Another link may have led to another text, so there is nothing to compare with.
        written = None if is_relinked(path) else git.file_at(base, real(path))
        return None if written is None else with_lf(written)

    differing = [e for e in entries if any(map(is_touched, {e.source.path, e.text_file} - {""}))]
    before: dict[object, Declaration] = {}
    for path in {entry.source.path for entry in differing}:
        declared, _ = read_entries(path, text(path) or "", body_at=text)
        before |= {_identity(entry): _value(entry) for entry in declared}
    return frozenset(e.source for e in differing if before.get(_identity(e)) != _value(e))


_MAX_LINKS: Final = 40
"""No system follows more symbolic links than this on the way to a file."""


def _links(top: Path, path: str) -> Iterator[str]:
    """Yield the symbolic links on the way to a file, by their paths from the root."""
    directory, left = top, [*PurePosixPath(path).parts]
    while left:
        part = left.pop(0)
        here = directory.parent if part == ".." else directory / part
        if here.is_symlink():
            yield os.path.relpath(here, top).replace(os.sep, "/")
            left = [*here.readlink().parts, *left]
        else:
            directory = here


_DIFF = ("--name-only", "--no-renames", "--no-ext-diff", "--ignore-submodules", "--relative")


def _identity(entry: Declaration) -> object:
    """Return what tells an entry from the others; entries for different targets share a key."""
    return entry.source.path, entry.key, entry.targets


def _value(entry: Declaration) -> Declaration:
    """Return an entry without where it is written."""
    return entry._replace(source=Source(""), text_file="", sources={}, rank=0, audience=None)


def _names(git: Git, *arguments: str) -> frozenset[str]:
    """Return the paths below the root that git lists."""
    return frozenset(os.fsdecode(git.raw(*arguments)).split("\0"))


def changed_paths(git: Git, commit: str, *options: str) -> frozenset[str]:
    """Return the paths below the root of tracked files that differ from a commit.

    With the option --no-relative, they are those of the whole repository, from its top.
    """
    return _names(git, "diff", *_DIFF, *options, "-z", commit)


def merge_base(git: Git, ref: str, what: str) -> str:
    """Return the commit up to which HEAD and `ref` have the same history. Raises ConfigError.

    `what` says what it is needed for.
    """
    unknown = f"cannot tell {what} since {ref}"
    repository = git.attempt("rev-parse", "--is-shallow-repository")
    if repository is None or repository.code:
        reason = error_line(repository.err) if repository else "cannot run git"
        raise ConfigError(f"{unknown}: {reason}; run devinops in a Git clone of the files")
    deeper = "git fetch --unshallow, or fetch-depth: 0 in GitHub Actions, or GIT_DEPTH: 0 in GitLab"
    is_shallow = repository.text == "true"
    commit = git.line("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    if commit is None:
        fetch = f"fetch it ({deeper})" if is_shallow else "fetch it"
        raise ConfigError(f"{unknown}: this clone has no such commit: correct the name, or {fetch}")
    if base := git.line("merge-base", commit, "HEAD"):
        return base
    if is_shallow:
        reason = f"this clone lacks the commit from which it and HEAD diverge: fetch it ({deeper})"
    else:
        reason = "it and HEAD have no commit in common: name a branch of the same history"
    raise ConfigError(f"{unknown}: {reason}")
