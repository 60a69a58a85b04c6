"""Names: those that are read, those that are nearly one of them, and those that are hidden."""

# ruff: noqa: PTH112, PTH118, PTH208
# Paths are strings here, as in `files`.

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from devinops.kinds import KINDS
from devinops.load.problems import problem
from devinops.model.objects import Problem, Source
from devinops.model.suggest import nearest

CONFIG = "devinops.yaml"
SUFFIXES = (".md", ".yaml", ".yml")

# Of the files in the root. In another format only those that hardly anybody else has: not folders.json.
_YAML = ("yaml", "yml", "yam", "ymal", "ym")
_OTHER_FORMATS = ("json", "jsonc", "json5", "toml")

_MARKDOWN = (".markdown", ".mdown", ".mdwn", ".mkdn", ".mkd", ".mdx", ".mdc")
_TEXT = (".txt", ".text", ".rst", ".adoc", ".asciidoc", ".org", ".textile")
_YAML_TYPOS = (".yam", ".ymal", ".ym")

_ALIKE = 0.87
"""How much alike two names are that are taken for one: `devops` and `holders` are words of their own."""


def hidden_part(path: str) -> str:
    """Return the first name in a path that begins with a dot, empty if there is none; `.` and `..` are places."""
    parts = re.split(r"[/\\]", path)
    return next((part for part in parts if part.startswith(".") and part not in (".", "..")), "")


def right_name(name: str, *, directory: bool) -> str:
    """Return what something in the root has to be called to be read; empty if it is, or is not meant to be.

    Only a section with Markdown has a directory: a directory such as `secrets` is not ours.
    """
    if directory:
        return "" if name in KINDS.directories else _closest(name, KINDS.directories)
    if name == CONFIG or name in KINDS.files:
        return ""
    stem, _, suffix = name.lower().rpartition(".")
    if suffix not in (*_YAML, *_OTHER_FORMATS):
        return ""
    words = {CONFIG.partition(".")[0]}
    if not stem.startswith("."):
        words |= KINDS.directories if suffix in _OTHER_FORMATS else {*KINDS.sections}
    near = _closest(stem.removeprefix("."), words)
    return f"{near}.yaml" if near else ""


def _closest(name: str, words: Iterable[str]) -> str:
    """Return the word that a name was meant to be: in other letters, with one more, one less or two swapped."""
    lower = name.lower()
    swapped = [word for word in words if sorted(word) == sorted(lower)]
    return swapped[0] if swapped else nearest(lower, words, _ALIKE)


def right_suffix(name: str, *, section: bool) -> str:
    """Return the suffix that a file needs to be read; empty if it has it, or is not meant to be read.

    Below a section text is taken for an entry, whatever it is written in; elsewhere only Markdown is. Pictures,
    JSON and the like are attachments.
    """
    lower = name.lower()
    if lower.partition(".")[0] == "readme":
        return ""
    if lower.endswith(_MARKDOWN) or (section and lower.endswith(_TEXT)):
        return ".md"
    return ".yaml" if section and lower.endswith(_YAML_TYPOS) else ""


def misnamed(path: str, right: str) -> Problem:
    """Return the problem of a file or directory that is not read under its name."""
    message = f"not read: rename it to {right}, or list it under `ignore` in {CONFIG}"
    return problem(Source(path.encode("utf-8", "backslashreplace").decode()), "not-read", message)


def misnamed_configs(directory: str) -> list[str]:
    """Return the names of the files in a directory that were meant to be devinops.yaml."""
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    return [
        name
        for name in names
        if right_name(name, directory=False) == CONFIG
        and not os.path.isdir(os.path.join(directory, name))
    ]
