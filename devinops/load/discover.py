"""Find the files of a root, and read them safely.

A path is a problem, and is not read, if it leads outside the root or through a hidden name, if it
is not a regular file, or if symlinks form a loop. Directories are walked in the order of their
names.
"""

# ruff: noqa: PTH110, PTH112, PTH116, PTH118, PTH120, PTH122
# Paths are strings, as os.scandir returns them: Path objects for ten thousand files take seconds.

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

from devinops.kinds import KINDS
from devinops.load.file_names import (
    CONFIG,
    SUFFIXES,
    hidden_part,
    misnamed,
    misnamed_configs,
    right_name,
    right_suffix,
)
from devinops.load.globs import Ignore, Pattern, read_patterns
from devinops.load.problems import problem
from devinops.model.kind import Kind
from devinops.model.objects import Problem, Source
from devinops.planning.layers import Layers

SourceOf = Callable[[str, int], Source]
"""(`paths` or `ignore`, number of the pattern) → its position in devinops.yaml."""

_WITHOUT_BLOCKING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

_OUTSIDE = "this path leads outside the root: move the file into the root, or remove the link"
_HIDDEN = "names that begin with a dot are never read"


@dataclass(frozen=True, slots=True)
class File:
    """A file to read. `path` is relative to the root, with `/`; `real` has all symlinks resolved.

    For a Markdown file, `section` is that of its kind, and `directories` are the names of the
    directories between the directory of the section and the file.
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


# --- finding --------------------------------------------------------------------------------------


def in_config(_option: str, _number: int) -> Source:
    """Return the position of a pattern if only the file is known."""
    return Source(CONFIG)


class Finder:
    """Finds the files of one root. After `find`, `files` are sorted by path.

    `untracked` are the paths from the root of files and directories that it ignores. `layers` have
    files like the root.

    `problems` are the paths that cannot be read. `misnamed` maps the real path of each file with a
    wrong name to its problem, which does not apply if an entry names the file as its body.
    """

    def __init__(
        self,
        root: Path,
        *,
        paths: Sequence[str] = (),
        ignore: Sequence[str] = (),
        source_of: SourceOf = in_config,
        untracked: frozenset[str] = frozenset(),
        layers: Layers | None = None,
    ) -> None:
        self.root = os.path.realpath(root)
        self._layers = layers.directories if layers else {}
        self._untracked = untracked
        self.problems: list[Problem] = []
        self.misnamed: dict[str, Problem] = {}
        self._found: dict[str, File] = {}
        self._reals: dict[str, str] = {}  # real path → the first path that led to it
        self._links: list[_Link] = []
        self._matched_files = 0
        self._source_of = source_of
        self._listed: set[str] = set()
        self._path_patterns = self._read_patterns("paths", paths)
        self._ignore_patterns = self._read_patterns("ignore", ignore)
        self._ignored = Ignore(self._ignore_patterns.values())

    @property
    def files(self) -> list[File]:
        return sorted(self._found.values(), key=lambda file: file.path)

    def find(self) -> None:
        """Find all files, and report all problems."""
        root = self.root
        tops = [("", n) for n in misnamed_configs(root) if self._is_tracked(os.path.join(root, n))]
        for layer in ("", *self._layers):
            for child in self._children(layer, os.path.join(root, layer)):
                tops.append((layer, child.name))
                if child.name in KINDS.directories or child.name in KINDS.files:
                    self._add_child(child, posixpath.join(layer, child.name))
        for i, pattern in self._path_patterns.items():
            self._search(i, pattern)
        self._follow_links()
        for layer, name in sorted(set(tops)):
            self._check_name(layer, name)
        for i, pattern in self._ignore_patterns.items():
            self._check_ignore(i, pattern)

    def find_only(self, paths: Sequence[str]) -> bool:
        """Find just these files: paths relative to the root, without symlinks.

        Returns False if one of them is not a file of entries, such as a text that an entry
        includes: then only `find` tells what belongs together.
        """
        for path in paths:
            real = os.path.join(self.root, path)
            if not (self._is_read(path) and self._is_tracked(real)):
                return False
            self._add_file(path, real)
        return self._found.keys() >= set(paths)

    def _is_read(self, path: str) -> bool:
        """Return whether a file is among those that are read, by its path."""
        if hidden_part(path):
            return False
        in_layer = self._in_layer(path)
        below = list(directories_above(in_layer))
        top = below[0] if below else in_layer
        return top in (KINDS.directories if below else KINDS.files) or any(
            pattern.matches(path, is_directory=False) for pattern in self._path_patterns.values()
        )

    def _in_layer(self, path: str) -> str:
        """Return the path from the directory of its layer, or from the root for one in none."""
        if not self._layers:
            return path
        above = directories_above(path)
        layer = next((directory for directory in above if directory in self._layers), "")
        return path[len(layer) + 1 :] if layer else path

    def _is_tracked(self, absolute: str) -> bool:
        return not is_at_or_below(absolute, self.root, self._untracked)

    def is_known_or_ignored(self, path: str, *, is_directory: bool) -> bool:
        """Return whether a visible path was found, or is left out on purpose."""
        real = os.path.join(self.root, path)
        is_known = real in self._reals or real in self.misnamed
        is_readme = path.rpartition("/")[2].lower() == "readme.md"
        is_ignored = self._ignored(path, is_directory=is_directory) or not self._is_tracked(real)
        return is_known or is_readme or is_ignored

    def is_read_or_ignored(self, directory: str) -> bool:
        """Return whether files below a directory were found, or it is left out on purpose."""
        return self.is_known_or_ignored(directory, is_directory=True) or any(
            path.startswith(f"{directory}/") for path in self._found
        )

    def _report(self, path: str, code: str, message: str) -> None:
        printable = path.encode("utf-8", "backslashreplace").decode()
        self.problems.append(problem(Source(printable or "."), code, message))

    def _report_glob(self, option: str, i: int, glob: str, code: str, message: str) -> None:
        self.problems.append(
            problem(self._source_of(option, i), code, f"{option}: {glob!r} {message}")
        )

    def _read_patterns(self, option: str, globs: Sequence[str]) -> dict[int, Pattern]:
        """Return the patterns of an option by number; report those that are not valid."""
        patterns, errors = read_patterns(globs, from_root=option == "paths")
        for i, error in errors.items():
            self._report_glob(option, i, globs[i], "bad-pattern", error)
        return patterns

    # the root

    def _check_name(self, layer: str, name: str) -> None:
        """Report a name that is a typo of one that is read, unless `paths` names it."""
        path = f"{layer}/{name}" if layer else name
        real = os.path.join(self.root, path)
        is_directory = os.path.isdir(real)
        right = right_name(name, is_directory=is_directory)
        if not right or self._ignored(path, is_directory=is_directory):
            return
        if not any(file == path or file.startswith(f"{path}/") for file in self._found):
            self.misnamed[real] = misnamed(path, f"{layer}/{right}" if layer else right)

    def _check_ignore(self, i: int, pattern: Pattern) -> None:
        """Report a pattern of `ignore` that matches nothing.

        A path without wildcards is looked up. For other patterns only the root and the directories
        that are read count: other directories may be large, so they are not searched.
        """
        if pattern in self._ignored.unused and not self._may_match(pattern):
            message = (
                "matches nothing in the root or in the directories that are read"
                f"{_root_hint(pattern)}: correct or remove it"
            )
            self._report_glob("ignore", i, pattern.glob, "unused-ignore", message)

    def _may_match(self, pattern: Pattern) -> bool:
        """Return whether a pattern may match something that was not listed."""
        if not pattern.fixed:
            return False
        path = os.path.join(self.root, *pattern.fixed)
        if not is_inside(os.path.realpath(os.path.dirname(path)), self.root):
            return False
        if pattern.literal:
            return os.path.isdir(path) if pattern.only_directories else os.path.lexists(path)
        return "/".join(pattern.fixed) not in self._listed and os.path.isdir(path)

    def _misplaced(self, path: str, *, is_directory: bool) -> bool:
        """Report a file that should be a directory, or the reverse; return whether it was one."""
        in_layer = self._in_layer(path)
        if in_layer in KINDS.directories and not is_directory:
            self._report(path, "not-a-directory", "this is a file: expected a directory of entries")
        elif in_layer in KINDS.files and is_directory:
            self._report(path, "not-a-file", "this is a directory: expected a YAML file")
        else:
            return False
        return True

    # paths

    def _search(self, i: int, pattern: Pattern) -> None:
        """Add the files that one of the `paths` matches."""
        if name := hidden_part(pattern.glob):
            message = f"leads through {name}: {_HIDDEN}; rename it, or remove the pattern"
            self._report_glob("paths", i, pattern.glob, "hidden", message)
            return
        self._matched_files = 0
        before = self._count_others()
        start, real = "/".join(pattern.fixed), os.path.join(self.root, *pattern.fixed)
        if pattern.literal:
            self._add_literal(start, real)
        elif self._reachable(start, os.path.realpath(real)) and os.path.isdir(real):
            self._match_below(start, os.path.realpath(real), pattern)
        if self._matched_files == 0 and self._count_others() == before:
            message = (
                f"matches no .md, .yaml or .yml file{_root_hint(pattern)}: correct or remove it"
            )
            self._report_glob("paths", i, pattern.glob, "no-match", message)

    def _count_others(self) -> int:
        """Return how many links, problems and wrong names were found: a pattern may match these."""
        return len(self._links) + len(self.problems) + len(self.misnamed)

    def _reachable(self, path: str, real: str) -> bool:
        """Return whether a path may be read, given its real path; report it if not."""
        if not is_inside(real, self.root):
            self._report(path, "outside-root", _OUTSIDE)
        elif name := hidden_part(os.path.relpath(real, self.root)):
            self._report(path, "hidden", _leads_through(name))
        else:
            return True
        return False

    def _add_literal(self, path: str, real: str) -> None:
        """Add the file or the directory at a path without wildcards."""
        if not self._is_tracked(real):
            return
        if os.path.lexists(real):
            self._ignored.note(path, is_directory=os.path.isdir(real))
        if os.path.realpath(real) != real:
            self._links.append(_Link(path, real))
        elif os.path.isdir(real):
            self._walk(path, real)
        elif os.path.exists(real):
            self._add_file(path, real)

    def _match_below(self, path: str, real: str, pattern: Pattern) -> None:
        """Add what matches below a directory. Links that do not match are not followed."""
        pending = [(path, real)]
        while pending:
            directory, real_directory = pending.pop()
            for child in self._children(directory, real_directory):
                child_path = f"{directory}/{child.name}" if directory else child.name
                is_directory = child.is_dir(follow_symlinks=False)
                if pattern.matches(child_path, is_directory=is_directory or child.is_symlink()):
                    self._add_child(child, child_path)
                elif is_directory and not self._ignored(child_path, is_directory=True):
                    pending.append((child_path, child.path))

    # walking

    def _children(self, path: str, real: str) -> list[os.DirEntry[str]]:
        """Return what is visible in a directory, sorted by name; report OS errors."""
        self._listed.add(path)
        try:
            with os.scandir(real) as children:
                by_name = sorted(children, key=lambda child: child.name)
        except OSError as error:
            self._report(path, "unreadable", f"cannot read this directory: {error.strerror}")
            return []
        if self._ignored.unused:
            for child in by_name:
                child_path = f"{path}/{child.name}" if path else child.name
                self._ignored.note(child_path, is_directory=child.is_symlink() or child.is_dir())
        return [
            child
            for child in by_name
            if not child.name.startswith(".") and self._is_tracked(child.path)
        ]

    def _add_child(self, child: os.DirEntry[str], path: str) -> None:
        """Add a file, or all files of a directory; links wait until everything else is known."""
        if not _is_utf8(child.name):
            self._report(path, "not-utf8", "the name of this file is not UTF-8: rename it")
        elif child.is_symlink():
            self._links.append(_Link(path, child.path))
        elif self._misplaced(path, is_directory=child.is_dir()):
            pass
        elif child.is_dir():
            self._walk(path, child.path)
        else:
            self._add_file(path, child.path)

    def _walk(self, path: str, real: str) -> None:
        """Add all files below a directory."""
        pending = [(path, real)]
        while pending:
            directory, real_directory = pending.pop()
            if directory and self._ignored(directory, is_directory=True):
                continue
            if not self._is_first_path(directory, real_directory):
                continue
            for child in self._children(directory, real_directory):
                child_path = f"{directory}/{child.name}" if directory else child.name
                if child.is_dir(follow_symlinks=False) and _is_utf8(child.name):
                    pending.append((child_path, child.path))
                else:
                    self._add_child(child, child_path)

    def _is_first_path(self, path: str, real: str) -> bool:
        """Return whether this is the first path that leads to a real path; report it if not."""
        first = self._reals.setdefault(real, path)
        if first != path:
            same = f"this is {first or 'the root'} under a second name"
            message = f"{same}: remove the link, or list it under `ignore`"
            self._report(path, "same-file", message)
        return first == path

    def _add_file(self, path: str, real: str) -> None:
        name = path.rpartition("/")[2].lower()
        if path == CONFIG or name == "readme.md" or self._ignored(path):
            return
        section, directories = section_of(self._in_layer(path))
        if not name.endswith(SUFFIXES):
            if suffix := right_suffix(name, section=bool(section)):
                base = os.path.splitext(path)[0]
                self.misnamed[real] = misnamed(path, base.removesuffix(suffix) + suffix)
            return
        self._matched_files += 1
        if path in self._found or not self._is_first_path(path, real):
            return
        file = File(path, real, section, directories)
        if message := _why_no_kind(file) if file.markdown else "":
            self._report(path, "no-kind", message)
        else:
            self._found[path] = file

    # symlinks

    def _follow_links(self) -> None:
        """Add the targets of symlinks, after everything that is read under its own name."""
        while self._links:
            links, self._links = sorted(self._links), []
            for link in links:
                if not self._ignored(link.path, is_directory=True):
                    self._follow(link)

    def _follow(self, link: _Link) -> None:
        try:
            real = os.path.realpath(link.absolute, strict=True)
        except OSError as error:
            self._report(link.path, "unreadable", f"cannot follow this link: {error.strerror}")
            return
        is_directory = os.path.isdir(real)
        if not self._reachable(link.path, real):
            return
        if self._misplaced(link.path, is_directory=is_directory):
            return
        if not self._is_tracked(real):
            message = "this link leads to something that Git does not track: add it with git add"
            self._report(link.path, "unreadable", message)
        elif not is_directory:
            self._add_file(link.path, real)
        elif is_inside(os.path.realpath(os.path.dirname(link.absolute)), real):
            self._report(
                link.path, "same-file", "this link leads back to a directory above it: remove it"
            )
        else:
            self._walk(link.path, real)


class _Link(NamedTuple):
    path: str
    absolute: str


def _root_hint(pattern: Pattern) -> str:
    return " (a leading / means the root directory)" if pattern.glob.startswith("/") else ""


def _leads_through(name: str) -> str:
    return f"this path leads through {name}: {_HIDDEN}; copy the file here under another name"


def _is_utf8(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= char <= "\udfff" for char in name)


def directories_above(path: str) -> Iterator[str]:
    """Yield the directories above a path, from the top."""
    for match in re.finditer("/", path):
        yield path[: match.start()]


def section_of(path: str) -> tuple[str, tuple[str, ...]]:
    """Return the section of a Markdown file and the directories below it; empty if it has none.

    If the topmost directory is a section, it decides; otherwise the nearest one above the file.
    """
    *above, _ = path.split("/")
    for at in (0, *range(len(above) - 1, 0, -1)) if above else ():
        if above[at] in KINDS.directories:
            return above[at], tuple(above[at + 1 :])
    return "", ()


# --- reading --------------------------------------------------------------------------------------


def _why_no_kind(file: File) -> str:
    """Return why the path of a Markdown file does not tell its kind; empty if it does."""
    if not file.section:
        names = " or ".join(sorted(KINDS.directories))
        return f"cannot tell which kind this is: move it below a directory named {names}"
    # `section` is that in a layer.
    if (file.section, file.directories) == section_of(file.path):
        return ""
    return (
        f"in a layer, a directory below {file.section} cannot be named "
        f"{section_of(file.path)[0]}: rename it, and set the folder in the front matter"
    )


def is_inside(real: str, root: str) -> bool:
    """Return whether a path is the root or below it; both are without symlinks."""
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def is_at_or_below(absolute: str, root: str, paths: frozenset[str]) -> bool:
    """Return whether a path below a root is one of `paths` from the root, or below one of them."""
    if not paths:
        return False
    path = absolute[len(root.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
    return not paths.isdisjoint((".", path, *directories_above(path)))


def read_text(real: str, path: str) -> tuple[str | None, list[Problem]]:
    """Return the text of a file with LF line ends and without BOM, or None and a problem.

    Never blocks: only regular files are opened.
    """
    raw, problems = read_raw(real, path)
    return (None if raw is None else with_lf(raw)), problems


def read_raw(
    real: str, path: str, source: Source | None = None
) -> tuple[str | None, list[Problem]]:
    """Return the text of a file as it is, as `read_text` reads it.

    A problem with the content is reported at `path`; a file that cannot be read at `source`, where
    it is named (default: at `path`).
    """
    named_at = source or Source(path)
    try:
        data = _read_regular(real)
    except OSError as error:
        return None, [problem(named_at, "unreadable", f"cannot read this file: {error.strerror}")]
    if data is None:
        message = "this is a directory, a pipe or a device: expected a file"
        return None, [problem(named_at, "not-a-file", message)]
    try:
        return data.decode(), []
    except UnicodeDecodeError as error:
        return None, [_not_utf8(data, error, path)]


def with_lf(raw: str) -> str:
    """Return a text as it is parsed: with LF line ends and without BOM."""
    raw = raw.removeprefix("\ufeff")
    # Most texts have no \r, and it is quicker to see that than to replace it.
    return raw.replace("\r\n", "\n").replace("\r", "\n") if "\r" in raw else raw


def line_end(raw: str) -> str:
    """Return the line end that most lines of a text have."""
    crlf = raw.count("\r\n")
    return "\r\n" if crlf and crlf * 2 >= raw.count("\n") else "\n"


def read_inside(path: Path, root: Path, name: str) -> tuple[str | None, list[Problem]]:
    """Return the text of a file as it is, or None and a problem about `name`.

    The path must not lead outside the root or through a hidden name.
    """
    real, top = os.path.realpath(path), os.path.realpath(root)
    if not is_inside(real, top):
        return None, [problem(Source(name), "outside-root", _OUTSIDE)]
    if hidden := hidden_part(os.path.relpath(real, top)):
        return None, [problem(Source(name), "hidden", _leads_through(hidden))]
    return read_raw(real, name)


def _read_regular(real: str) -> bytes | None:
    """Return the bytes of a regular file, None for anything else. Raises OSError."""
    if not stat.S_ISREG(os.stat(real).st_mode):
        return None
    # The file may have been replaced by a pipe since, which must not block.
    descriptor = os.open(real, _WITHOUT_BLOCKING)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            return None
        data = os.read(descriptor, facts.st_size + 1)
        # The file may have changed since, or have no size that the system knows.
        while len(data) != facts.st_size and (more := os.read(descriptor, 2**20)):
            data += more
        return data
    finally:
        os.close(descriptor)


def _not_utf8(data: bytes, error: UnicodeDecodeError, path: str) -> Problem:
    before = data[: error.start].decode().removeprefix("\ufeff")
    lines = re.split(r"\r\n|\r|\n", before)
    source = Source(path, len(lines), len(lines[-1]) + 1)
    message = f"the byte 0x{data[error.start]:02X} is not UTF-8: save the file as UTF-8"
    return problem(source, "not-utf8", message)


class NamedFile(NamedTuple):
    """The text of a file that another one names, or None and problems.

    `path` is relative to the root, `real` has all symlinks resolved; both are empty if the file was
    not found or must not be read. `raw` is the text with its own line ends.
    """

    text: str | None
    problems: list[Problem]
    path: str = ""
    real: str = ""
    raw: str | None = None


def read_named(
    written: str, file: File, root: str, source: Source, untracked: frozenset[str] = frozenset()
) -> NamedFile:
    """Return the text of the file that another file names as `written`.

    `untracked` are the paths of files and directories to ignore, as for a `Finder`.
    """

    def refused(code: str, message: str) -> NamedFile:
        return NamedFile(None, [problem(source, code, message)])

    outside = f"{written!r} leads outside the root: copy the file into the root"
    if PureWindowsPath(written).anchor:
        return refused("outside-root", f"{written!r} must be a path relative to this file")
    directory = os.path.dirname(os.path.join(root, file.path))
    # Checked before the disk is read: a problem must not reveal whether such a file exists.
    if not is_inside(os.path.normpath(os.path.join(directory, written)), root):
        return refused("outside-root", outside)
    if name := hidden_part(written):
        return refused("hidden", _hidden_body(written, name))
    try:
        real = os.path.realpath(os.path.join(directory, written), strict=True)
    except FileNotFoundError:
        return NamedFile(None, [missing_file(written, file, source)])
    except (OSError, ValueError) as error:
        return refused(
            "unreadable", f"cannot read {written!r}: {getattr(error, 'strerror', error)}"
        )
    if not is_inside(real, root):
        return refused("outside-root", outside)
    path = os.path.relpath(real, root).replace(os.sep, "/")
    if name := hidden_part(path):
        return refused("hidden", _hidden_body(written, name))
    if is_at_or_below(real, root, untracked):
        message = f"Git does not track the file {written!r}, so a commit would lack it: run git add"
        message += " (with -f if it is ignored)"
        return refused("missing-file", message)
    raw, problems = read_raw(real, path, source)
    return NamedFile(None if raw is None else with_lf(raw), problems, path, real, raw)


def beside(path: str, written: str) -> str:
    """Return the path from the root of a file that an entry in the file `path` names."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), written))


def missing_file(written: str, file: File, source: Source) -> Problem:
    message = f"the file {written!r} does not exist; the path is relative to {file.path}"
    return problem(source, "missing-file", message)


def _hidden_body(written: str, name: str) -> str:
    return f"{written!r} leads through {name}: {_HIDDEN}; copy the text to a file with another name"
