"""Which file names are read, which are probably typos of those, and which are hidden."""

# ruff: noqa: PTH112, PTH118, PTH208
# Paths are strings here, as in `discover`.

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

# In other formats only names that other tools hardly use count as typos: not folders.json.
_YAML = ("yaml", "yml", "yam", "ymal", "ym")
_OTHER_FORMATS = ("json", "jsonc", "json5", "toml")
_FORMATS = (*_YAML, *_OTHER_FORMATS)

_MARKDOWN = (".markdown", ".mdown", ".mdwn", ".mkdn", ".mkd", ".mdx", ".mdc")
_TEXT = (".txt", ".text", ".rst", ".adoc", ".asciidoc", ".org", ".textile")
_YAML_TYPOS = (".yam", ".ymal", ".ym")

_SIMILARITY = 0.87
"""Minimum similarity of a typo; `devops` and `holders` are below it, being words of their own."""


def hidden_part(path: str) -> str:
    """Return the first name in a path that begins with a dot, or "". `.` and `..` do not count."""
    parts = re.split(r"[/\\]", path)
    return next((part for part in parts if part.startswith(".") and part not in (".", "..")), "")


def right_name(name: str, *, is_directory: bool) -> str:
    """Return the name that a file or directory in the root was probably meant to have.

    Empty if it is read under this name, or is probably not meant for devinops. Only kinds with
    Markdown files have directories, so a directory such as `secrets` does not count.
    """
    if is_directory:
        return "" if name in KINDS.directories else _closest(name, KINDS.directories)
    if name == CONFIG or name in KINDS.files:
        return ""
    stem, _, suffix = name.lower().rpartition(".")
    if suffix not in _FORMATS:
        return ""
    stems = {CONFIG.partition(".")[0]}
    if not stem.startswith("."):
        stems |= KINDS.directories if suffix in _OTHER_FORMATS else {*KINDS.sections}
    closest = _closest(stem.removeprefix("."), stems)
    return f"{closest}.yaml" if closest else ""


def _closest(name: str, names: Iterable[str]) -> str:
    """Return the name that `name` is a typo of, or "".

    A typo has letters in another case, one letter more or fewer, or swapped letters.
    """
    lower = name.lower()
    anagrams = [known for known in names if sorted(known) == sorted(lower)]
    return anagrams[0] if anagrams else nearest(lower, names, _SIMILARITY)


def right_suffix(name: str, *, section: bool) -> str:
    """Return the suffix that a file was probably meant to have, or "".

    Below the directory of a section every text file counts as a misnamed entry; elsewhere only
    Markdown does. Pictures, JSON and the like are attachments.
    """
    lower = name.lower()
    if lower.partition(".")[0] == "readme":
        return ""
    if lower.endswith(_MARKDOWN) or (section and lower.endswith(_TEXT)):
        return ".md"
    return ".yaml" if section and lower.endswith(_YAML_TYPOS) else ""


def misnamed(path: str, right: str) -> Problem:
    """Return the problem of a file or directory that is not read because of its name."""
    message = f"this name is not read: rename it to {right}, or list it under `ignore` in {CONFIG}"
    return problem(Source(path.encode("utf-8", "backslashreplace").decode()), "not-read", message)


def misnamed_configs(directory: str) -> list[str]:
    """Return the names of the files in a directory that are probably typos of devinops.yaml."""
    try:
        # Cheap first, because a directory above the root can be large, as /tmp is.
        names = sorted(n for n in os.listdir(directory) if n.lower().endswith(_FORMATS))
    except OSError:
        return []
    return [
        name
        for name in names
        if right_name(name, is_directory=False) == CONFIG
        and not os.path.isdir(os.path.join(directory, name))
    ]
