"""The commands that reasons name. Pure.

A plan does not know from where people run commands: it is also read in a saved file, and in a pull
request. So reasons name them without options for root and target, and `with_flags` adds these.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import Final

from devinops.model.keys import Key
from devinops.model.policy import HAZARDS

_QUOTED: Final = r"""'[^']*'(?:"'"'[^']*')*"""
_SAFE: Final = r"[\w@%+=:,./-]"
"""What `shlex.quote` writes, and the characters of what it leaves as it is."""

OPTIONS: Final = rf"(?: -[Ct] (?:{_QUOTED}|{_SAFE}+))*"
"""A pattern of the options that `flags` can hold."""

_KEY: Final = rf"(?:{_QUOTED}|{_SAFE}*(?![,.:]){_SAFE})"
"""A key as a word of the shell, without the punctuation of the sentence after it."""

_VALUES: Final = "|".join(("git", "live", "keep", "overwrite", *HAZARDS, "out-of-wave", "all"))
OPTION: Final = rf"--[a-z][a-z-]*(?:[ ](?:(?:[a-z]+=)?\d+|{_VALUES})\b)?"
"""A pattern of an option with its value, if that is a number or one of the words of options."""

COMMAND: Final = (
    rf"devinops (?:inventory (?:link{OPTIONS} {_KEY} [\w-]+|forget{OPTIONS} {_KEY})"
    rf"|pull{OPTIONS} --drift\b)"
)
"""A pattern of the commands below, as a whole."""


def link_command(key: Key, id: str = "ID", flags: str = "") -> str:
    """Return the command that links a key to an object; `flags` holds its options."""
    return f"devinops inventory link{flags} {shlex.quote(str(key))} {id}"


def forget_command(key: Key, flags: str = "") -> str:
    """Return the command that removes the record of a key; `flags` holds its options."""
    return f"devinops inventory forget{flags} {shlex.quote(str(key))}"


def pull_command(flags: str = "") -> str:
    """Return the command that writes drift into the files; `flags` holds its options."""
    return f"devinops pull{flags} --drift"


def with_ids(reason: str, ids: Sequence[str], last: str = "") -> str:
    """Return why a step is blocked in one target, with the ids of its objects there.

    The reason itself is the same in every target. `last` is when and by whom the object was last
    changed.
    """
    if last:
        what, colon, how = reason.rpartition(": decide with ")
        reason = f"{what} ({last}){colon}{how}" if colon else reason
    if len(ids) == 1:
        return re.sub(rf"(devinops inventory link {_KEY}) ID\b", rf"\1 {ids[0]}", reason)
    return f"{reason} ({', '.join(ids)})" if ids else reason


# With what follows them, because the name of an object may contain the words of a command.
_BARE: Final = (
    r"(?P<command>devinops (?:inventory (?:link|forget)(?= '?\w+:)|pull(?= --drift\b)))"
    rf"(?P<rest> {_KEY})"
)


def like_commands(keys: Iterable[Key]) -> list[str]:
    """Return the keys that may contain a command, each before those that it begins with."""
    written = {str(key) for key in keys if "devinops " in key.name or "devinops " in key.folder}
    return sorted(written, reverse=True)


def with_flags(reason: str, flags: str, names: Sequence[str] = ()) -> str:
    """Return a reason whose commands have the options `flags`, each after a space.

    The `names` in it stay as they are, whatever they contain. They are in the order of
    `like_commands`, because the first that fits is taken.
    """
    pattern = "|".join((*map(re.escape, names), _BARE))
    return re.sub(pattern, lambda match: _with_options(match, flags), reason)


def _with_options(match: re.Match[str], flags: str) -> str:
    return f"{match['command']}{flags}{match['rest']}" if match["command"] else match[0]
