"""Which files are read, and reading them without being led astray.

Nothing is read that resolves outside the root or leads through a hidden name, that is not a regular file, or
that the file system reaches by going in circles; each such path is a problem. Directories are walked in the
order of their names.
"""

# ruff: noqa: PTH110, PTH112, PTH116, PTH118, PTH120, PTH122
# Paths are strings here: os.scandir deals in them, and Path objects for ten thousand files cost seconds.

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from devinops.kinds import KINDS
from devinops.load.globs import Ignore, Rule, read_rules
from devinops.load.names import (
    CONFIG,
    SUFFIXES,
    hidden_part,
    misnamed,
    misnamed_configs,
    right_name,
    right_suffix,
)
from devinops.load.problems import problem
from devinops.model.kind import Kind
from devinops.model.objects import Problem, Source

Place = Callable[[str, int], Source]
"""(`paths` or `ignore`, number of the glob) → where it is written."""

_OUTSIDE = "this leads out of the root: copy it here, or remove it"


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
        return KINDS.sections[self.section]


# --- finding ----------------------------------------------------------------------------------------------


def no_place(_: str, __: int) -> Source:
    return Source(CONFIG)


class Finder:
    """Finds the files of one root. `files` are in order; `problems` say what could not be read.

    `misnamed` are files that are not read under their names, unless an entry has one as its body: real path → problem.
    """

    def __init__(
        self,
        root: Path,
        *,
        paths: Sequence[str] = (),
        ignore: Sequence[str] = (),
        place: Place = no_place,
    ) -> None:
        self.root = os.path.realpath(root)
        self.problems: list[Problem] = []
        self.misnamed: dict[str, Problem] = {}
        self._found: dict[str, File] = {}
        self._reals: dict[str, str] = {}  # real path → path it was first reached by
        self._links: list[_Link] = []
        self._hits = 0
        self._place = place
        self._listed: set[str] = set()
        self._paths = self._rules("paths", paths)
        self._ignore = self._rules("ignore", ignore)
        self._ignored = Ignore(self._ignore.values())

    @property
    def files(self) -> list[File]:
        return sorted(self._found.values())

    def find(self) -> None:
        top = self._list("", self.root)
        for entry in top:
            if entry.name in KINDS.directories or entry.name in KINDS.files:
                self._entry(entry, entry.name)
        for i, rule in self._paths.items():
            self._search(i, rule)
        self._follow_links()
        for name in sorted({*(entry.name for entry in top), *misnamed_configs(self.root)}):
            self._judge_name(name)
        for i, rule in self._ignore.items():
            self._judge_ignored(i, rule)

    def _report(self, path: str, code: str, message: str) -> None:
        printable = path.encode("utf-8", "backslashreplace").decode()
        self.problems.append(problem(Source(printable or "."), code, message))

    def _report_glob(self, option: str, i: int, glob: str, code: str, words: str) -> None:
        self.problems.append(problem(self._place(option, i), code, f"{option}: {glob!r} {words}"))

    def _rules(self, option: str, globs: Sequence[str]) -> dict[int, Rule]:
        """Return the rules of an option by number; those that cannot be used are problems."""
        rules, wrong = read_rules(globs, from_root=option == "paths")
        for i, words in wrong.items():
            self._report_glob(option, i, globs[i], "bad-pattern", words)
        return rules

    # the root

    def _judge_name(self, name: str) -> None:
        """Report what stands in the root under nearly one of the names that are read, and was not read by `paths`."""
        place = os.path.join(self.root, name)
        directory = os.path.isdir(place)
        right = right_name(name, directory=directory)
        if right and not self._ignored(name, directory=directory):
            read = name in self._found or any(path.startswith(f"{name}/") for path in self._found)
            if not read:
                self.misnamed[place] = misnamed(name, right)

    def _judge_ignored(self, i: int, rule: Rule) -> None:
        """Report a pattern of `ignore` that matches nothing.

        A path without wildcards is looked for. With them only the root and the directories that are read are
        searched: what is below others, which may be large, makes no difference.
        """
        if rule in self._ignored.unused and not self._may_match(rule):
            words = (
                "matches nothing in the root or in the directories that are read"
                f"{_root_hint(rule)}: correct or remove it"
            )
            self._report_glob("ignore", i, rule.glob, "unused-ignore", words)

    def _may_match(self, rule: Rule) -> bool:
        if not rule.fixed:
            return False
        fixed = "/".join(rule.fixed)
        place = os.path.join(self.root, *rule.fixed)
        if not inside(os.path.realpath(os.path.dirname(place)), self.root):
            return False
        if rule.literal:
            return os.path.isdir(place) if rule.only_directories else os.path.lexists(place)
        return fixed not in self._listed and os.path.isdir(place)

    def _misplaced(self, path: str, *, directory: bool) -> bool:
        """Report a file in the root where a directory belongs, or the other way round."""
        if path in KINDS.directories and not directory:
            self._report(path, "not-a-directory", "this is a file: expected a directory of entries")
        elif path in KINDS.files and directory:
            self._report(path, "not-a-file", "this is a directory: expected a YAML file")
        else:
            return False
        return True

    # paths

    def _search(self, i: int, rule: Rule) -> None:
        """Take what one of the `paths` names."""
        if name := hidden_part(rule.glob):
            words = (
                f"leads through {name}: what begins with a dot is never read; "
                "rename it, or remove the pattern"
            )
            self._report_glob("paths", i, rule.glob, "hidden", words)
            return
        self._hits = 0
        before = len(self._links) + len(self.problems) + len(self.misnamed)
        start, real = "/".join(rule.fixed), os.path.join(self.root, *rule.fixed)
        if rule.literal:
            self._spelled_out(start, real)
        elif self._reachable(start, os.path.realpath(real)) and os.path.isdir(real):
            self._match_below(start, os.path.realpath(real), rule)
        if self._hits == 0 and before == len(self._links) + len(self.problems) + len(self.misnamed):
            words = f"matches no .md, .yaml or .yml file{_root_hint(rule)}: correct or remove it"
            self._report_glob("paths", i, rule.glob, "no-match", words)

    def _reachable(self, path: str, real: str) -> bool:
        """Tell whether a path may be read, given where it leads; False with a problem."""
        if not inside(real, self.root):
            self._report(path, "outside-root", _OUTSIDE)
        elif name := hidden_part(os.path.relpath(real, self.root)):
            self._report(path, "hidden", _leads_through(name))
        else:
            return True
        return False

    def _spelled_out(self, path: str, real: str) -> None:
        """Take a path without wildcards."""
        if os.path.lexists(real):
            self._ignored.note(path, directory=os.path.isdir(real))
        if os.path.realpath(real) != real:
            self._links.append(_Link(path, real))
        elif os.path.isdir(real):
            self._walk(path, real)
        elif os.path.exists(real):
            self._file(path, real)

    def _match_below(self, path: str, real: str, rule: Rule) -> None:
        """Take everything below a directory that matches. Links are taken when they match, never searched."""
        waiting = [(path, real)]
        while waiting:
            above, real_above = waiting.pop()
            for entry in self._list(above, real_above):
                here = f"{above}/{entry.name}" if above else entry.name
                directory = entry.is_dir(follow_symlinks=False)
                if rule.matches(here, directory=directory or entry.is_symlink()):
                    self._entry(entry, here)
                elif directory and not self._ignored(here, directory=True):
                    waiting.append((here, entry.path))

    # walking

    def _list(self, path: str, real: str) -> list[os.DirEntry[str]]:
        """Return the entries of a directory by name, without hidden ones; unreadable is a problem, not empty."""
        self._listed.add(path)
        try:
            with os.scandir(real) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._report(path, "unreadable", f"cannot read this directory: {error.strerror}")
            return []
        if self._ignored.unused:
            for entry in found:
                here = f"{path}/{entry.name}" if path else entry.name
                self._ignored.note(here, directory=entry.is_symlink() or entry.is_dir())
        return [entry for entry in found if not entry.name.startswith(".")]

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
            if (above and self._ignored(above, directory=True)) or not self._by_one_name(
                above, real_above
            ):
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
            message = f"this is {known or 'the root'} under a second name: remove the link, or list it in `ignore`"
            self._report(path, "same-file", message)
        return known == path

    def _file(self, path: str, real: str) -> None:
        name = path.rpartition("/")[2].lower()
        if path == CONFIG or name == "readme.md" or self._ignored(path):
            return
        section, directories = section_of(path)
        if not name.endswith(SUFFIXES):
            if suffix := right_suffix(name, section=bool(section)):
                base = os.path.splitext(path)[0]
                self.misnamed[real] = misnamed(path, base.removesuffix(suffix) + suffix)
            return
        self._hits += 1
        if path in self._found or not self._by_one_name(path, real):
            return
        if name.endswith(".md") and not section:
            names = " or ".join(sorted(KINDS.directories))
            message = f"expected a directory called {names} above it, to say what it is"
            self._report(path, "no-kind", message)
            return
        self._found[path] = File(path, real, section, directories)

    # symlinks

    def _follow_links(self) -> None:
        """Take what symlinks lead to, after everything that is there under its own name."""
        while self._links:
            links, self._links = sorted(self._links), []
            for link in links:
                if not self._ignored(link.path, directory=True):
                    self._follow(link)

    def _follow(self, link: _Link) -> None:
        try:
            real = os.path.realpath(link.place, strict=True)
        except OSError as error:
            self._report(link.path, "unreadable", f"cannot follow this link: {error.strerror}")
            return
        directory = os.path.isdir(real)
        if not self._reachable(link.path, real) or self._misplaced(link.path, directory=directory):
            pass
        elif not directory:
            self._file(link.path, real)
        elif inside(os.path.realpath(os.path.dirname(link.place)), real):
            self._report(
                link.path, "same-file", "this link leads back to a directory above it: remove it"
            )
        else:
            self._walk(link.path, real)


@dataclass(frozen=True, slots=True, order=True)
class _Link:
    path: str
    place: str


def _root_hint(rule: Rule) -> str:
    return " (a leading / is the root of these files)" if rule.glob.startswith("/") else ""


def _leads_through(name: str) -> str:
    return f"this leads through {name}: what begins with a dot is never read; copy it here under another name"


def _is_text(name: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in name)


def section_of(path: str) -> tuple[str, tuple[str, ...]]:
    """Return the section a Markdown file belongs to and the directories below that; empty where there is none.

    The top directory decides where it is a section, else the nearest one above the file.
    """
    *above, _ = path.split("/")
    at = next(
        (
            i
            for i in (0, *range(len(above) - 1, 0, -1))
            if i < len(above) and above[i] in KINDS.directories
        ),
        None,
    )
    return ("", ()) if at is None else (above[at], tuple(above[at + 1 :]))


# --- reading ----------------------------------------------------------------------------------------------


def inside(real: str, root: str) -> bool:
    """Tell whether a path without symlinks is the root or below it."""
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def read_text(
    real: str, path: str, source: Source | None = None
) -> tuple[str | None, list[Problem]]:
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
    """Return the text of a file that must lead neither out of the root nor through a hidden name.

    None with a problem about `name` if it does, or cannot be read.
    """
    real, top = os.path.realpath(path), os.path.realpath(root)
    if not inside(real, top):
        return None, [problem(Source(name), "outside-root", _OUTSIDE)]
    if hidden := hidden_part(os.path.relpath(real, top)):
        return None, [problem(Source(name), "hidden", _leads_through(hidden))]
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
        place,
        "not-utf8",
        f"the byte 0x{data[error.start]:02X} is not UTF-8: save the file as UTF-8",
    )


@dataclass(frozen=True, slots=True)
class Body:
    """What a `body_file` holds: None with problems if it cannot be used. `real` is empty if it leads nowhere."""

    text: str | None
    problems: list[Problem]
    path: str = ""
    real: str = ""


def read_body(written: str, file: File, root: str, source: Source) -> Body:
    """Return what is in a `body_file` written in `file`."""

    def refused(code: str, message: str) -> Body:
        return Body(None, [problem(source, code, message)])

    outside = f"{written!r} leads out of the root: copy the file into it"
    if PurePosixPath(written).is_absolute() or PureWindowsPath(written).drive:
        return refused("outside-root", "body_file must be relative to the file it is written in")
    beside = os.path.dirname(os.path.join(root, file.path))
    # Before anything is looked at: not even whether such a file exists is told.
    if not inside(os.path.normpath(os.path.join(beside, written)), root):
        return refused("outside-root", outside)
    if name := hidden_part(written):
        return refused("hidden", _hidden_body(written, name))
    try:
        real = os.path.realpath(os.path.join(beside, written), strict=True)
    except FileNotFoundError:
        return refused("missing-file", f"there is no file {written!r} beside {file.path}")
    except (OSError, ValueError) as error:
        return refused(
            "unreadable", f"cannot read {written!r}: {getattr(error, 'strerror', error)}"
        )
    if not inside(real, root):
        return refused("outside-root", outside)
    path = os.path.relpath(real, root).replace(os.sep, "/")
    if name := hidden_part(path):
        return refused("hidden", _hidden_body(written, name))
    text, problems = read_text(real, path, source)
    return Body(text, problems, path, real)


def _hidden_body(written: str, name: str) -> str:
    return (
        f"{written!r} leads through {name}: what begins with a dot is never read; copy the text to a file under "
        "another name"
    )
