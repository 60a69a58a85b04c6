"""Which files are read, and reading them without being led astray.

Nothing is read that resolves outside the root, that is not a regular file, or that the file system reaches
by going in circles; each such path is a problem. Directories are walked in the order of their names.
"""

# ruff: noqa: PTH110, PTH112, PTH116, PTH118, PTH120
# Paths are strings here: os.scandir deals in them, and Path objects for ten thousand files cost seconds.

from __future__ import annotations

import itertools
import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath, PureWindowsPath

from devinops.kinds import KINDS, SECTIONS
from devinops.load.codes import problem
from devinops.model import Kind, Problem, Source

CONFIG = "devinops.yaml"

_SUFFIXES = (".md", ".yaml", ".yml")
_DIRECTORIES = frozenset(kind.section for kind in KINDS.values() if kind.markdown)
_OUTSIDE = "this leads out of the root: copy it here, or remove it"
_ROOT_FILES = frozenset(f"{section}.yaml" for section in SECTIONS)


@dataclass(frozen=True, slots=True, order=True)
class File:
    """A file to read. `path` is relative to the root with `/`, `real` where it is after symlinks.

    A Markdown file has the section of its kind and the directories between that and itself.
    """

    path: str
    real: str = field(compare=False)
    section: str = ""
    directories: tuple[str, ...] = ()

    @property
    def markdown(self) -> bool:
        return self.path.lower().endswith(".md")

    @property
    def kind(self) -> Kind:
        return SECTIONS[self.section]


# --- globs ------------------------------------------------------------------------------------------------


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
    inside = text[1:-1].replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return f"(?!/)[{'^' + inside[1:] if inside.startswith('!') else inside.replace('^', chr(92) + '^')}]"


class Ignore:
    """Globs as in .gitignore: without an inner `/` at any depth, with one from the root, `/` last for directories.

    A directory that matches takes all below it along.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        self._rules = [self._rule(glob) for glob in globs]

    @staticmethod
    def _rule(glob: str) -> tuple[re.Pattern[str], bool]:
        name = glob.rstrip("/")
        anchored = name.removeprefix("/") if "/" in name else f"**/{name}"
        return glob_pattern(anchored), glob.endswith("/")

    def __call__(self, path: str, *, directory: bool = False) -> bool:
        return any(
            (directory or not only_directories) and rule.fullmatch(path)
            for rule, only_directories in self._rules
        )


# --- finding ----------------------------------------------------------------------------------------------


class Finder:
    """Finds the files of one root. `files` are in order; `problems` say what could not be read."""

    def __init__(self, root: Path, *, paths: Sequence[str] = (), ignore: Sequence[str] = ()) -> None:
        self.root = os.path.realpath(root)
        self.problems: list[Problem] = []
        self._found: dict[str, File] = {}
        self._reals: dict[str, str] = {}  # real path → path it was first reached by
        self._links: list[_Link] = []
        self._hits = 0
        self._paths = [glob for glob in paths if self._usable(glob, "paths")]
        self._ignored = Ignore(glob for glob in ignore if self._usable(glob, "ignore"))

    @property
    def files(self) -> list[File]:
        return sorted(self._found.values())

    def find(self) -> None:
        for entry in self._list("", self.root):
            self._top(entry)
        for glob in self._paths:
            self._search(glob)
        self._follow_links()

    def _report(self, path: str, code: str, message: str) -> None:
        printable = path.encode("utf-8", "backslashreplace").decode()
        self.problems.append(problem(Source(printable or "."), code, message))

    def _usable(self, glob: str, option: str) -> bool:
        wrong = _wrong_glob(glob, anchored=option == "ignore")
        if wrong:
            self._report(CONFIG, "bad-pattern", f"{option}: {glob!r} {wrong}")
        return not wrong

    # the root

    def _top(self, entry: os.DirEntry[str]) -> None:
        """Take what stands in the root under one of the names that are read."""
        name, lower = entry.name, entry.name.lower()
        if name in _DIRECTORIES or name in _ROOT_FILES:
            self._entry(entry, name)
        elif lower in _ROOT_FILES or lower.removesuffix(".yml") + ".yaml" in _ROOT_FILES:
            self._report(name, "not-read", f"not read: rename it to {lower.partition('.')[0]}.yaml")
        elif (near := _singular(lower)) and os.path.isdir(entry.path) == (near in _DIRECTORIES):
            self._report(name, "not-read", f"not read: rename it to {near}")
        elif lower in _DIRECTORIES and os.path.isdir(entry.path):
            self._report(name, "not-read", f"not read: rename it to {lower}")

    def _misplaced(self, path: str, *, directory: bool) -> bool:
        """Report a file in the root where a directory belongs, or the other way round."""
        if path in _DIRECTORIES and not directory:
            self._report(path, "not-a-directory", "this is a file: expected a directory of entries")
        elif path in _ROOT_FILES and directory:
            self._report(path, "not-a-file", "this is a directory: expected a YAML file")
        else:
            return False
        return True

    # paths

    def _search(self, glob: str) -> None:
        """Take what one of the `paths` names."""
        self._hits = 0
        before = len(self._links) + len(self.problems)
        parts = [part for part in glob.split("/") if part not in ("", ".")]
        fixed = list(itertools.takewhile(lambda part: not re.search(r"[*?\[]", part), parts))
        start, real = "/".join(fixed), os.path.join(self.root, *fixed)
        if fixed == parts:
            self._spelled_out(start, real)
        elif not inside(os.path.realpath(real), self.root):
            self._report(start, "outside-root", _OUTSIDE)
        elif os.path.isdir(real):
            self._match_below(start, os.path.realpath(real), glob_pattern("/".join(parts)))
        if self._hits == 0 and before == len(self._links) + len(self.problems):
            message = f"paths: {glob!r} matches no .md, .yaml or .yml file: correct or remove it"
            self._report(CONFIG, "no-match", message)

    def _spelled_out(self, path: str, real: str) -> None:
        """Take a path without wildcards."""
        if os.path.realpath(real) != real:
            self._links.append(_Link(path, real))
        elif os.path.isdir(real):
            self._walk(path, real)
        elif os.path.exists(real):
            self._file(path, real)

    def _match_below(self, path: str, real: str, pattern: re.Pattern[str]) -> None:
        """Take everything below a directory that matches. Links are taken when they match, never searched."""
        waiting = [(path, real)]
        while waiting:
            above, real_above = waiting.pop()
            for entry in self._list(above, real_above):
                here = f"{above}/{entry.name}" if above else entry.name
                if pattern.fullmatch(here):
                    self._entry(entry, here)
                elif entry.is_dir(follow_symlinks=False) and not self._ignored(here, directory=True):
                    waiting.append((here, entry.path))

    # walking

    def _list(self, path: str, real: str) -> list[os.DirEntry[str]]:
        """Return the entries of a directory by name, without hidden ones; unreadable is a problem, not empty."""
        try:
            with os.scandir(real) as entries:
                shown = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            self._report(path, "unreadable", f"cannot read this directory: {error.strerror}")
            return []
        return sorted(shown, key=lambda entry: entry.name)

    def _entry(self, entry: os.DirEntry[str], path: str) -> None:
        """Take one entry of a directory; links wait until everything else is known."""
        if not _is_text(entry.name):
            self._report(path, "not-utf8", "the name of this file is not UTF-8: rename it")
        elif entry.is_symlink():
            self._links.append(_Link(path, entry.path))
        elif self._misplaced(path, directory=entry.is_dir()):
            pass
        elif entry.is_dir():
            self._walk(path, entry.path)
        else:
            self._file(path, entry.path)

    def _walk(self, path: str, real: str) -> None:
        """Take all files below a directory."""
        waiting = [(path, real)]
        while waiting:
            above, real_above = waiting.pop()
            if (above and self._ignored(above, directory=True)) or not self._by_one_name(above, real_above):
                continue
            for entry in self._list(above, real_above):
                here = f"{above}/{entry.name}" if above else entry.name
                if entry.is_dir(follow_symlinks=False) and _is_text(entry.name):
                    waiting.append((here, entry.path))
                else:
                    self._entry(entry, here)

    def _by_one_name(self, path: str, real: str) -> bool:
        """Note a path; False with a problem where the same thing was reached before under another name."""
        known = self._reals.setdefault(real, path)
        if known != path:
            message = (
                f"this is {known or 'the root'} under a second name: remove the link, or list it in `ignore`"
            )
            self._report(path, "same-file", message)
        return known == path

    def _file(self, path: str, real: str) -> None:
        name = path.rpartition("/")[2].lower()
        if path == CONFIG or name == "readme.md" or self._ignored(path) or self._in_ignored(path):
            return
        if name.endswith(".markdown"):
            self._report(path, "not-read", f"not read: rename it to {path[: -len('.markdown')]}.md")
        if not name.endswith(_SUFFIXES):
            return
        self._hits += 1
        if path in self._found or not self._by_one_name(path, real):
            return
        section, directories = section_of(path)
        if name.endswith(".md") and not section:
            message = "expected a directory called knowledge or playbooks above it, to say what it is"
            self._report(path, "no-kind", message)
            return
        self._found[path] = File(path, real, section, directories)

    def _in_ignored(self, path: str) -> bool:
        above = PurePosixPath(path).parents
        return any(self._ignored(str(parent), directory=True) for parent in above if str(parent) != ".")

    # symlinks

    def _follow_links(self) -> None:
        """Take what symlinks lead to, after everything that is there under its own name."""
        while self._links:
            links, self._links = sorted(self._links), []
            for link in links:
                if not (self._ignored(link.path, directory=True) or self._in_ignored(link.path)):
                    self._follow(link)

    def _follow(self, link: _Link) -> None:
        try:
            real = os.path.realpath(link.place, strict=True)
        except OSError as error:
            self._report(link.path, "unreadable", f"cannot follow this link: {error.strerror}")
            return
        if not inside(real, self.root):
            self._report(link.path, "outside-root", _OUTSIDE)
        elif self._misplaced(link.path, directory=os.path.isdir(real)):
            pass
        elif not os.path.isdir(real):
            self._file(link.path, real)
        elif inside(os.path.realpath(os.path.dirname(link.place)), real):
            self._report(link.path, "same-file", "this link leads back to a directory above it: remove it")
        else:
            self._walk(link.path, real)


@dataclass(frozen=True, slots=True, order=True)
class _Link:
    path: str
    place: str


def _is_text(name: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in name)


def section_of(path: str) -> tuple[str, tuple[str, ...]]:
    """Return the section a Markdown file belongs to and the directories below that; empty where there is none.

    The top directory decides where it is a section, else the nearest one above the file.
    """
    *above, _ = path.split("/")
    at = next(
        (i for i in (0, *range(len(above) - 1, 0, -1)) if i < len(above) and above[i] in _DIRECTORIES), None
    )
    return ("", ()) if at is None else (above[at], tuple(above[at + 1 :]))


def _wrong_glob(glob: str, *, anchored: bool) -> str:
    """Return what is wrong with a glob, empty for nothing. A leading `/` means the root where `anchored`."""
    if glob.startswith("!"):
        return "begins with !: exceptions are not supported, list what is meant"
    if not glob.strip("/"):
        return "names nothing"
    absolute = PurePosixPath(glob).is_absolute() and not anchored
    if absolute or PureWindowsPath(glob).drive:
        return "is absolute: write it relative to the root"
    if ".." in glob.replace("\\", "/").split("/"):
        return "leaves the root: remove the .."
    try:
        glob_pattern(glob)
    except re.error as error:
        return f"is no glob: {error}"
    return ""


# --- reading ----------------------------------------------------------------------------------------------


def inside(real: str, root: str) -> bool:
    """Tell whether a path without symlinks is the root or below it."""
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def read_text(real: str, path: str, source: Source | None = None) -> tuple[str | None, list[Problem]]:
    """Return the text of a file with LF and without BOM, or None with a problem.

    Never blocks: only regular files are opened. `path` names the file in problems about its bytes; that it
    cannot be read at all is said at `source`, where it is asked for.
    """
    asked = source or Source(path)
    try:
        data = _read_regular(real)
    except OSError as error:
        return None, [problem(asked, "unreadable", f"cannot read this file: {error.strerror}")]
    if data is None:
        message = "this is a directory, a pipe or a device: expected a file"
        return None, [problem(asked, "not-a-file", message)]
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return None, [_not_utf8(data, error, path)]
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), []


def read_inside(path: Path, root: Path, name: str) -> tuple[str | None, list[Problem]]:
    """Return the text of a file that must not lead out of the root, or None with a problem about `name`."""
    real = os.path.realpath(path)
    if not inside(real, os.path.realpath(root)):
        return None, [problem(Source(name), "outside-root", _OUTSIDE)]
    return read_text(real, name)


def _read_regular(real: str) -> bytes | None:
    """Return the bytes of a regular file, None for anything else."""
    if not stat.S_ISREG(os.stat(real).st_mode):
        return None
    # What was a file a moment ago may be a pipe now, and must not block either.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(real, flags), "rb") as file:
        return file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None


def _not_utf8(data: bytes, error: UnicodeDecodeError, path: str) -> Problem:
    before = data[: error.start].decode().removeprefix("\ufeff")
    lines = re.split(r"\r\n|\r|\n", before)
    place = Source(path, len(lines), len(lines[-1]) + 1)
    return problem(
        place, "not-utf8", f"the byte 0x{data[error.start]:02X} is not UTF-8: save the file as UTF-8"
    )


def _singular(name: str) -> str:
    """Return the name that is read where this one lacks its plural, such as secret.yml; else nothing."""
    stem = name.removesuffix(".yml").removesuffix(".yaml")
    plural = f"{stem}s" + (".yaml" if stem != name else "")
    return plural if plural in _DIRECTORIES or plural in _ROOT_FILES else ""


def read_body(written: str, file: File, root: str, source: Source) -> tuple[str | None, str, list[Problem]]:
    """Return the text of a `body_file` written in `file`, its path from the root, and the problems."""
    if PurePosixPath(written).is_absolute() or PureWindowsPath(written).drive:
        message = "body_file must be relative to the file it is written in"
        return None, "", [problem(source, "outside-root", message)]
    beside = os.path.dirname(os.path.join(root, file.path))
    if not inside(os.path.normpath(os.path.join(beside, written)), root):
        # Before anything is looked at: not even whether a file exists out there is told.
        message = f"{written!r} leads out of the root: copy the file into it"
        return None, "", [problem(source, "outside-root", message)]
    try:
        real = os.path.realpath(os.path.join(beside, written), strict=True)
    except FileNotFoundError:
        return None, "", [problem(source, "missing-file", f"there is no file {written!r} beside {file.path}")]
    except (OSError, ValueError) as error:
        message = f"cannot read {written!r}: {getattr(error, 'strerror', error)}"
        return None, "", [problem(source, "unreadable", message)]
    if not inside(real, root):
        message = f"{written!r} leads out of the root: copy the file into it"
        return None, "", [problem(source, "outside-root", message)]
    path = os.path.relpath(real, root).replace(os.sep, "/")
    text, problems = read_text(real, path, source)
    return text, path, problems
