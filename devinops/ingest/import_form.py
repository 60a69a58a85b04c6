"""What an import form gets and returns: texts of other tools, and objects with their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from devinops.model.credentials import masked
from devinops.model.keys import Key
from devinops.model.kind import Use

LONGEST_QUOTE: Final = 60

ENTERPRISE: Final = "enterprise"
"""Stands for the enterprise where the id of an organization could be."""

_GENERIC: Final = ("skill", "agents", "claude", "readme", "index")
"""Names that many files have."""


@dataclass(frozen=True)
class ImportSource:
    """A file to import: its path, and its text with LF line ends.

    `directory` is where the file is below the directory that the user named; empty if the user
    named the file. `beside` are the other files there, relative to the directory of this one or,
    for the manifest of a plugin, to that of the plugin. `named`: the user named this very file, so
    it is an error if nothing can be imported from it.
    """

    path: str
    text: str
    directory: str = ""
    beside: tuple[str, ...] = ()
    named: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The name without its suffixes, even of a file such as `.cursorrules`.

        For a file such as SKILL.md, it is the name of the directory.
        """
        stem = self.name.lstrip(".").partition(".")[0]
        above = self.path.rpartition("/")[0].rpartition("/")[2]
        return above if above and stem.lower() in _GENERIC else stem


@dataclass(frozen=True)
class ImportChoices:
    """What the user chose.

    `split` texts at their headings; `repo` is the repository of the rules; `into` the folder for
    everything that has one; `link_base` the address of the tree that has the sources.

    `place` is the organization to take objects of, or ENTERPRISE; empty for the only organization
    that a source has, and None if the user has to choose a target. `settings` are those of each new
    entry. `elsewhere` gets another place, and returns how to import the objects of that: a command
    without its source.
    """

    split: bool = False
    repo: str = ""
    into: str = ""
    link_base: str = ""
    place: str | None = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    elsewhere: Callable[[str], str] = "DEVIN_ORG_ID={} devinops import".format


@dataclass(frozen=True)
class ImportText:
    """A text of another tool, not yet turned into an entry of a kind.

    `when` says when to use it, empty if the source does not say. `always`: it is used in every
    session in its repository. `handle` is a name by which a person starts it, without a leading
    sign. `directory` is a path that stands for a folder. `key` and `values` are known if devinops
    itself wrote the source.
    """

    use: Use
    name: str
    text: str
    when: str = ""
    always: bool = False
    handle: str = ""
    directory: str = ""
    key: Key | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    line: int = 1
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ForeignObject:
    """An object as written by the API or by a tool that uses it: values by field, and its id.

    `address` is the object's name in a Terraform state. `unnamed` maps each field that refers to
    another object to its id, if the source has only the id.
    """

    kind: str
    values: Mapping[str, Any]
    id: str = ""
    address: str = ""
    unnamed: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Omission:
    """Something in a source that is not imported: what it is, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Contents:
    """What a form found in a source, and `remarks` about the source itself.

    `names` is noun → id → how files spell a reference to that object. `place` is where the objects
    are, as in `ImportChoices`; empty or None if the source does not say.
    """

    items: tuple[ImportText | ForeignObject, ...] = ()
    omissions: tuple[Omission, ...] = ()
    remarks: tuple[str, ...] = ()
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    place: str | None = None


@dataclass(frozen=True)
class Form:
    """A form of files that can be imported; each is a module of `devinops.ingest.forms`.

    `matches` gets the absolute path of a file, and `accepts` also its text; both must agree. A
    `fallback` is tried if no other form matches, and in a directory only if no file there has
    another form. `looks_beside`: `read` needs the names of the files beside a source.
    """

    title: str
    matches: Callable[[str], bool]
    read: Callable[[ImportSource, ImportChoices], Contents]
    accepts: Callable[[str, str], bool] = lambda _path, _text: True
    fallback: bool = False
    looks_beside: bool = False


def quote(text: str) -> str:
    """Return the text as one short line for a remark, without what looks like a secret."""
    line = " ".join(masked(text).split())
    return line if len(line) <= LONGEST_QUOTE else f"{line[: LONGEST_QUOTE - 1]}…"
