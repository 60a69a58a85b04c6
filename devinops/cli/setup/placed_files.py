"""Put the files of `devinops init` into a repository; none of somebody else is ever overwritten."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from devinops import atomic
from devinops.cli.output import writing
from devinops.cli.setup.installed_from import FILL_IN
from devinops.load.discover import is_inside
from devinops.model.errors import NotWritten

_WROTE: Final = "devinops init wrote this file, and updates it until somebody edits it: "
_MARK: Final = re.compile(
    rf"""(---\n|\{{\n)?(?:(?:#|//) |  "\$comment": "){_WROTE}([0-9a-f]{{16}})(?:",)?\n"""
)


class FileState(Enum):
    """What happened to a file; the value is what init prints, with `{}` for its path."""

    NEW = "wrote {}"
    OUTDATED = "updated {}"
    UNCHANGED = "unchanged {}"
    DIFFERENT = "kept  {}, which differs from what devinops init would write"
    COMPLETE = "kept  {}, which already has what devinops init would add"
    OTHER = "kept  {}, which already exists"


class NewFile(NamedTuple):
    """A file that init writes: its path in the root, or at the top, and its text.

    If others write it too, `addition` returns for their text a place in `{}`, the path, and what to
    add there; None if nothing is missing. `part_of` is the file without which it makes no sense.
    """

    name: str
    text: str
    addition: Callable[[str], tuple[str, str] | None] | None = None
    part_of: str = ""


class PlacedFile(NamedTuple):
    """A new file, the path that people need, the text that it had before, and what happened to it.

    `snippet` is a place in the file, and what to add there by hand.
    """

    new: NewFile
    path: str
    before: str
    state: FileState
    snippet: tuple[str, str] | None = None

    @property
    def is_written(self) -> bool:
        """Whether the file was written, or would be."""
        return self.state in (FileState.NEW, FileState.OUTDATED)


def place(
    new: NewFile, top: Path, root: Path, *, keep: bool = False, check: bool = False
) -> PlacedFile:
    """Write a file below `top` if it is new, or if nobody edited it since init wrote it.

    With `keep` only a new one is written, with `check` none. Raises NotWritten.
    """
    path = top / new.name
    before, shown = existing_text(path), os.path.relpath(path, root).replace(os.sep, "/")
    state, snippet = FileState.NEW, None
    if os.path.lexists(path):
        state, snippet = _existing(new, before, keep=keep)
    if snippet:
        snippet = snippet[0].format(shown), snippet[1]
    placed = PlacedFile(new, shown, before, state, snippet)
    if placed.is_written and not check:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic.replace(path, [new.text])
    return placed


def _existing(new: NewFile, before: str, *, keep: bool) -> tuple[FileState, tuple[str, str] | None]:
    """Return what an existing file is, and what to add to it by hand."""
    if before == new.text:
        return FileState.UNCHANGED, None
    # A person may have filled in what this installation does not know.
    is_known = FILL_IN in before or FILL_IN not in new.text
    if is_known and not keep and is_unedited(before, new.text):
        return FileState.OUTDATED, None
    if new.addition:
        snippet = new.addition(before)
        return FileState.OTHER if snippet else FileState.COMPLETE, snippet
    return FileState.DIFFERENT if _MARK.match(new.text) else FileState.OTHER, None


def check_place(top: Path, name: str) -> None:
    """Raise NotWritten if a file cannot be created.

    Either a directory of its path is a file, or a symbolic link leads out of `top` or to nothing.
    """
    path, real_top, error = top / name, os.path.realpath(top), ""
    for below in (*reversed(Path(name).parents), Path(name)):
        part = top / below
        leads_out = part != path and not is_inside(os.path.realpath(part), real_top)
        if part.is_symlink() and (leads_out or not part.exists()):
            error = f"{part} is a symbolic link that leads out of {top} or to nothing: replace it"
        elif part != path and part.exists() and not part.is_dir():
            error = f"there is a file where a directory belongs, {part}: move it"
        if error:
            raise NotWritten(f"cannot write {path}: {error}, then run again; nothing was written")


def existing_text(path: Path) -> str:
    """Return the text of a file, empty if it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def marked(text: str, comment: str = "#") -> str:
    """Return the text of a file with a line that shows whether somebody edited the rest.

    `comment` begins a comment in the first line, or in the first one of front matter. Without one,
    the text is that of a JSON Schema, and the line its first member.
    """
    line = f"{_WROTE}{_hash(text)}"
    if comment:
        start = "---\n" if text.startswith("---\n") else ""
        return f"{start}{comment} {line}\n{text.removeprefix(start)}"
    return text.replace("{\n", f'{{\n  "$comment": "{line}",\n', 1)


def is_unedited(existing: str, text: str) -> bool:
    """Return whether a file is as devinops init wrote it, whatever its version.

    `text` is what it would write now: `devinops schema` writes it without a mark. If it is empty,
    only the mark counts.
    """
    existing = existing.replace("\r\n", "\n")
    if mark := _MARK.match(existing):
        return mark[2] == _hash((mark[1] or "") + existing[mark.end() :])
    return bool(_MARK.match(text)) and text in (marked(existing), marked(existing, comment=""))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
