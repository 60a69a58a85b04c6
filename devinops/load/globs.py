"""Globs of `paths` and `ignore`: what they match, and which cannot be meant."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath, PureWindowsPath

from devinops.load.names import hidden_part


@cache
def glob_pattern(glob: str) -> re.Pattern[str]:
    """Return the pattern of a glob for whole paths: `**` crosses directories, `*` and `?` do not.

    Raises re.error for a character class that cannot be used.
    """
    if glob.count("**") > _MOST_DEEP:
        raise re.error(f"more than {_MOST_DEEP} of **")
    pieces: list[str] = []
    star: int | None = None
    rest = re.sub(r"(\*\*/)+", "**/", glob)
    while rest:
        sign, meaning = next((one, means) for one, means in _GLOB_SIGNS if one.match(rest))
        found = sign.match(rest)
        assert found
        piece, rest = meaning or _literal(found[0]), rest[found.end() :]
        if piece == _STAR and star is not None:
            # Of several in one name all but the last take as little as they can, and never more: trying all ways
            # would take for ever.
            pieces[star] = "(?>[^/]*?"
            pieces.append(")")
        if piece == _STAR:
            star = len(pieces)
        elif found[0] == "/" or found[0].startswith("**"):
            star = None
        pieces.append(piece)
    return re.compile("".join(pieces))


_STAR = r"[^/]*"
_MOST_DEEP = 4
"""So many `**` may be in a glob; each more multiplies the ways in which a deep path can match."""


_GLOB_SIGNS = (
    (re.compile(r"\*\*/"), r"(?:[^/]+/)*"),
    (re.compile(r"\*\*"), r".+"),
    (re.compile(r"\*"), _STAR),
    (re.compile(r"\?"), r"[^/]"),
    (re.compile(r"\[!?\]?[^\]]*\]"), ""),
    (re.compile(r".", re.DOTALL), ""),
)


def _literal(text: str) -> str:
    if len(text) == 1:
        return re.escape(text)
    negated, inside = text[1] == "!", text[1:-1].removeprefix("!")
    # All but the ranges is escaped: `&&`, `~~` and the like will be operations on sets in a later Python.
    members = re.sub(r"[^\w-]|-(?=-)", r"\\\g<0>", inside)
    return f"(?!/)[{'^' if negated else ''}{members}]"


@dataclass(frozen=True, slots=True)
class Rule:
    """A glob of `ignore`. `fixed` is what stands before its first wildcard, from the root; empty at any depth."""

    glob: str
    pattern: re.Pattern[str] = field(compare=False)
    only_directories: bool
    fixed: tuple[str, ...]
    literal: bool

    @classmethod
    def of(cls, glob: str) -> Rule:
        """Raises re.error for a character class that cannot be used."""
        parts = glob_parts(glob)
        anchored = "/" in glob.rstrip("/")
        fixed = fixed_parts(parts) if anchored else []
        pattern = glob_pattern("/".join(parts if anchored else ["**", *parts]))
        return cls(glob, pattern, glob.endswith("/"), tuple(fixed), fixed == parts)

    def matches(self, path: str, *, directory: bool) -> bool:
        return (directory or not self.only_directories) and bool(self.pattern.fullmatch(path))


class Ignore:
    """Globs as in .gitignore: without an inner `/` at any depth, with one from the root, `/` last for directories.

    A directory that matches takes all below it along. `unused` are the globs that nothing noted matches.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        self._rules = [Rule.of(glob) for glob in globs]
        self.unused = list(self._rules)

    def __call__(self, path: str, *, directory: bool = False) -> bool:
        return any(rule.matches(path, directory=directory) for rule in self._rules)

    def note(self, path: str, *, directory: bool) -> None:
        """Take it that there is such a path, read or not."""
        self.unused = [rule for rule in self.unused if not rule.matches(path, directory=directory)]


def glob_parts(glob: str) -> list[str]:
    """Return the names in a glob, without those that only say "here"."""
    return [part for part in glob.split("/") if part not in ("", ".")]


def fixed_parts(parts: Iterable[str]) -> list[str]:
    """Return the names before the first one with a wildcard."""
    return list(itertools.takewhile(lambda part: not re.search(r"[*?\[]", part), parts))


def wrong_path(glob: str) -> tuple[str, str] | None:
    """Return the code and words for what is wrong with a glob of `paths`, None if nothing is."""
    if PurePosixPath(glob).is_absolute():
        return "bad-pattern", _ABSOLUTE
    if name := hidden_part(glob):
        return (
            "hidden",
            f"leads through {name}: what begins with a dot is never read; rename it, or remove the glob",
        )
    return _wrong(glob, glob_pattern)


def wrong_ignore(glob: str, roots: Iterable[str] = ()) -> tuple[str, str] | None:
    """Return the code and words for what is wrong with a glob of `ignore`, None if nothing is.

    A leading `/` means the root, as in .gitignore: a path that begins with one of `roots`, the absolute paths of
    the root, would match nothing.
    """
    absolute = (
        glob == root or glob.startswith(f"{root.rstrip('/')}/") for root in roots if root != "/"
    )
    if glob.startswith("//") or any(absolute):
        return "bad-pattern", _ABSOLUTE
    return _wrong(glob, Rule.of)


_ABSOLUTE = "is absolute: write it relative to the root"


def _wrong(glob: str, read: Callable[[str], object]) -> tuple[str, str] | None:
    words = ""
    if glob.startswith("!"):
        words = "begins with !: exceptions are not supported, list what is meant"
    elif not glob_parts(glob):
        words = "names nothing"
    elif PureWindowsPath(glob).drive:
        words = _ABSOLUTE
    elif ".." in glob.replace("\\", "/").split("/"):
        words = "leaves the root: remove the .."
    else:
        try:
            read(glob)
        except re.error as error:
            words = f"is no glob: {error}"
    return ("bad-pattern", words) if words else None
