"""File and directory names that are safe on every file system, stable and readable."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import count
from typing import Final

from devinops.load.discover import directories_above
from devinops.load.entries import directory_folder
from devinops.model.keys import FolderPath, decode_part
from devinops.render.escape import is_hidden

LONGEST: Final = 100
"""Maximum number of bytes of a name without its suffix. File systems allow 255, some only 143."""

LONGEST_PATH: Final = 160
"""Maximum number of bytes of the directories of a path: Windows allows 260 for the whole path."""

_DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|\Z)", re.IGNORECASE
)
"""Names that Windows gives to devices, whatever their suffix."""

_MEANT_FOR_OTHERS = frozenset({"readme", "agents", "claude", "gemini", "skill"})
"""Files that people or other agents read, and that devinops skips or should not shadow."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_ASCII_WORD = re.compile(r"[a-z0-9_]+")


def stem(name: str, noun: str) -> str:
    """Return the name of a file without its suffix: `error-envelope` for `Error envelope`.

    Letters and digits of every script stay. If a name has none, it is the noun with a hash.
    """
    short = _cut("-".join(_words(name)), LONGEST).strip("-_")
    if not short:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{noun}-{digest[:8]}"
    return f"{short}_" if short in _MEANT_FOR_OTHERS or _DEVICES.match(short) else short


@lru_cache(10_000)  # of thousands of entries, most are in the same folders
def directory(name: str) -> str:
    """Return the name of the directory for a folder: the name itself wherever that is safe."""
    text = unicodedata.normalize("NFC", name)
    text = "".join("-" if is_hidden(char) and char != " " else char for char in text)
    text = _cut(_FORBIDDEN.sub("-", text).strip(), LONGEST).lstrip(". ~").rstrip(". ")
    text = text or "folder-" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return _DEVICES.sub(r"\1_", text, count=1) if _DEVICES.match(text) else text


def _words(name: str) -> list[str]:
    """Return the words of a name in lower case."""
    if name.isascii():
        return _ASCII_WORD.findall(name.lower())
    lower = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())
    words = "".join(char if _is_word(char) else " " for char in lower).split()
    # A mark without a letter before it would attach itself to the hyphen.
    return [word for word in map(_without_marks_first, words) if word]


def _is_word(char: str) -> bool:
    return not is_hidden(char) and (char.isalnum() or char == "_" or _is_mark(char))


def _is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("M")


def _without_marks_first(word: str) -> str:
    start = next((i for i, char in enumerate(word) if not _is_mark(char)), len(word))
    return word[start:]


def _cut(text: str, most: int) -> str:
    """Return the first `most` bytes of the text in UTF-8, without a letter that lost its marks."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return data.decode()
    end = len(data[:most].decode("utf-8", "ignore"))
    while end and _is_mark(text[end]):
        end -= 1
    return text[:end]


def one_form(path: str) -> str:
    """Return a path in the form in which some file system takes it for the same as another."""
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", path).casefold())


def _directory_form(path: str) -> str:
    """Return the same form for directories that devinops or a file system cannot tell apart.

    `100%` and `100%25` are two directories, but both stand for the folder `100%`.
    """
    return one_form(directory_folder(path.split("/")))


class Paths:
    """Gives out paths that no other file has, in any case of letters or form of Unicode."""

    def __init__(self, taken: Collection[str]) -> None:
        self._files = {one_form(path) for path in taken}
        self._directories: dict[str, str] = {}
        """Directory in one form → as it is written."""
        self._owners: dict[str, str] = {}
        """Directory → the name of the folder that it was given to."""
        self._given: dict[tuple[str, FolderPath], str] = {}
        for path in sorted(taken):
            for above in directories_above(path):
                self._directories.setdefault(_directory_form(above), above)

    def is_taken(self, path: str) -> bool:
        return one_form(path) in self._files or _directory_form(path) in self._directories

    def file(self, above: str, stem: str, suffix: str) -> str:
        """Return a new path in a directory: `stem`, or `stem-2` and so on if it is taken."""
        for name in _numbered(stem):
            path = f"{above}/{name}{suffix}"
            if not self.is_taken(path):
                self._files.add(one_form(path))
                return path
        raise AssertionError("the numbers never end")

    def directory(self, section: str, folder: FolderPath) -> str:
        """Return the directory for the entries in a folder; the same one for each of them."""
        if (section, folder) not in self._given:
            path = section
            for part in filter(None, folder.split("/")):
                longer = self._inside(path, decode_part(part))
                if len(longer.encode()) > LONGEST_PATH:
                    break
                path = longer
            self._given[section, folder] = path
        return self._given[section, folder]

    def _inside(self, above: str, name: str) -> str:
        """Return the directory for a folder's name inside another directory."""
        for safe in _numbered(directory(name)):
            path = f"{above}/{safe}"
            known = self._directories.get(_directory_form(path))
            if one_form(path) in self._files or known not in (None, path):
                continue
            if self._owners.setdefault(path, name) == name:
                self._directories[_directory_form(path)] = path
                return path
        raise AssertionError("the numbers never end")


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in count(2))


def folder_of(path: str) -> FolderPath:
    """Return the folder that the directories of a path below its section stand for."""
    return directory_folder(path.split("/")[1:])
