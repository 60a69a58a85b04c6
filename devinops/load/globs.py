"""Patterns of `paths` and `ignore`: what they match, as in .gitignore."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Matcher = Callable[[str], bool]
"""Path → whether it matches, or anything above it does; the path of a directory ends with `/`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern. `fixed`: the names before its first wildcard; empty if it matches at any depth."""

    glob: str
    only_directories: bool
    fixed: tuple[str, ...]
    literal: bool
    matcher: Matcher = field(compare=False)

    @classmethod
    def of(cls, glob: str, *, from_root: bool = False) -> Rule:
        """Read a pattern; without an inner `/` it matches at any depth, unless `from_root`.

        Raises ValueError with what is wrong, as the end of a sentence.
        """
        names = [name for name in glob.split("/") if name not in ("", ".")]
        if glob.startswith("!"):
            raise ValueError("begins with !: exceptions are not supported, list what is meant")
        if not names:
            raise ValueError("names nothing")
        if ".." in names:
            raise ValueError("leaves the root: remove the ..")
        from_root = from_root or "/" in glob.rstrip("/")
        only_directories = glob.endswith("/")
        written = "/" * from_root + "/".join(names) + "/" * only_directories
        plain = itertools.takewhile(lambda name: not re.search(r"[*?\[\\]", name), names)
        fixed = tuple(plain) if from_root else ()
        return cls(glob, only_directories, fixed, [*fixed] == names, _matcher(written))

    def matches(self, path: str, *, directory: bool) -> bool:
        return self.matcher(f"{path}/" if directory else path)


def _matcher(written: str) -> Matcher:
    """Raises ValueError for a pattern that Git would skip, such as a comment or `[z-a]`."""
    # Its import takes as long as reading a hundred files.
    from pathspec import GitIgnoreSpec

    try:
        with warnings.catch_warnings():
            # A later Python may give `[[` and `&&` in a class of characters another meaning.
            warnings.simplefilter("error", FutureWarning)
            spec = GitIgnoreSpec.from_lines([written])
    except (re.error, ValueError, FutureWarning) as error:
        raise ValueError(f"is no pattern of .gitignore: {error}") from error
    if spec.patterns[0].include is None:
        raise ValueError("is no pattern of .gitignore: Git would skip it")
    return spec.match_file


class Ignore:
    """Tells whether a path is ignored: a directory that matches takes all below it along.

    `unused` are the rules that nothing noted matches.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self.unused = list(self._rules)

    def __call__(self, path: str, *, directory: bool = False) -> bool:
        return any(rule.matches(path, directory=directory) for rule in self._rules)

    def note(self, path: str, *, directory: bool) -> None:
        """Take it that there is such a path, read or not."""
        self.unused = [rule for rule in self.unused if not rule.matches(path, directory=directory)]


def read_rules(
    globs: Iterable[str], *, from_root: bool = False
) -> tuple[dict[int, Rule], dict[int, str]]:
    """Return by number the patterns that can be used, and what is wrong with the others."""
    rules: dict[int, Rule] = {}
    wrong: dict[int, str] = {}
    for number, glob in enumerate(globs):
        try:
            rules[number] = Rule.of(glob, from_root=from_root)
        except ValueError as error:
            wrong[number] = str(error)
    return rules, wrong
