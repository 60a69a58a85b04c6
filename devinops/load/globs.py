"""The patterns of `paths` and `ignore`, which match as in .gitignore."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Matcher = Callable[[str], bool]
"""Path → whether the path or a directory above it matches; a directory's path ends with `/`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern.

    `fixed` are the names before its first wildcard; empty if it matches at any depth. `literal`:
    it has no wildcard.
    """

    glob: str
    only_directories: bool
    fixed: tuple[str, ...]
    literal: bool
    matcher: Matcher = field(compare=False)

    @classmethod
    def of(cls, glob: str, *, from_root: bool = False) -> Pattern:
        """Return the pattern that a glob means.

        A pattern without an inner `/` matches at any depth, unless `from_root`. Raises ValueError;
        its message ends a sentence that begins with the pattern.
        """
        names = [name for name in glob.split("/") if name not in ("", ".")]
        if glob.startswith("!"):
            raise ValueError(
                "begins with !: exceptions are not supported; list what to match instead"
            )
        if not names:
            raise ValueError("does not name a file or directory")
        if ".." in names:
            raise ValueError("leads outside the root: remove the ..")
        from_root = from_root or "/" in glob.rstrip("/")
        only_directories = glob.endswith("/")
        written = "/" * from_root + "/".join(names) + "/" * only_directories
        plain = itertools.takewhile(lambda name: not re.search(r"[*?\[\\]", name), names)
        fixed = tuple(plain) if from_root else ()
        return cls(glob, only_directories, fixed, [*fixed] == names, _matcher(written))

    def matches(self, path: str, *, is_directory: bool) -> bool:
        return self.matcher(f"{path}/" if is_directory else path)


def _matcher(written: str) -> Matcher:
    """Compile a pattern. Raises ValueError if Git would skip it, such as a comment or `[z-a]`."""
    # Imported late: the import takes as long as reading a hundred files.
    from pathspec import GitIgnoreSpec

    try:
        with warnings.catch_warnings():
            # A later Python may give `[[` and `&&` in a character class another meaning.
            warnings.simplefilter("error", FutureWarning)
            spec = GitIgnoreSpec.from_lines([written])
    except (re.error, ValueError, FutureWarning) as error:
        raise ValueError(f"is not a valid .gitignore pattern: {error}") from error
    if spec.patterns[0].include is None:
        raise ValueError("is not a valid .gitignore pattern: Git would skip it")
    return spec.match_file


class Ignore:
    """Decides whether a path is ignored; everything below an ignored directory is ignored too.

    `unused` are the patterns that have not matched any path passed to `note`.
    """

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = tuple(patterns)
        self.unused = list(self._patterns)

    def __call__(self, path: str, *, is_directory: bool = False) -> bool:
        return any(pattern.matches(path, is_directory=is_directory) for pattern in self._patterns)

    def note(self, path: str, *, is_directory: bool) -> None:
        """Note that a path exists, whether it is read or not."""
        self.unused = [
            pattern
            for pattern in self.unused
            if not pattern.matches(path, is_directory=is_directory)
        ]


def read_patterns(
    globs: Iterable[str], *, from_root: bool = False
) -> tuple[dict[int, Pattern], dict[int, str]]:
    """Return number → pattern for the usable globs, and number → error for the others."""
    patterns: dict[int, Pattern] = {}
    errors: dict[int, str] = {}
    for number, glob in enumerate(globs):
        try:
            patterns[number] = Pattern.of(glob, from_root=from_root)
        except ValueError as error:
            errors[number] = str(error)
    return patterns, errors
