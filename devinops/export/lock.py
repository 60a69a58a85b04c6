"""The lock file of a plugin: which entry has which name there, so that names never change.

It is JSON Lines, sorted by name, with one entry a line, which Git diffs and merges well. A line
stays when its entry goes, so that no other entry gets its name.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from devinops.export.slugs import LONGEST, is_slug, own_slug
from devinops.model.errors import UnusableFile
from devinops.model.keys import Key
from devinops.model.objects import Declaration
from devinops.schema.base_document import convert, json_line, load_object, quotable, read_key
from devinops.schema.plugin_lock import LOCK_VERSION, LockHeader, LockLine

LOCK: Final = "devinops-lock.jsonl"
"""In the directory of the plugin."""

_MARKERS: Final = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")

Ids = Mapping[str, str]
"""Target → id of an entry's live object there."""


@dataclass(frozen=True)
class Locked:
    """A name in the plugin, the entry that has it, and the ids of that entry's live objects."""

    slug: str
    key: Key
    ids: Ids = field(default_factory=dict)


# --- the file -------------------------------------------------------------------------------------


def dump(lines: Iterable[Locked]) -> str:
    """Return the text of a lock file."""
    ordered = sorted(lines, key=lambda line: line.slug)
    written = (
        LockLine(line.slug, str(line.key), dict(sorted(line.ids.items()))) for line in ordered
    )
    return "".join(map(json_line, (LockHeader(LOCK_VERSION), *written)))


def parse(text: str, label: str) -> list[Locked]:
    """Return the lines of a lock file. Raises UnusableFile with the line that is wrong.

    `label` names the file in messages.
    """
    lines: list[Locked] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        try:
            if line.startswith(_MARKERS):
                raise ValueError("this is a conflict marker of Git: keep the lines of both sides")
            values = load_object(line)
            if number > 1:
                lines.append(_line(values, number, seen))
            elif convert(values, LockHeader).devinops_lock > LOCK_VERSION:
                raise UnusableFile(
                    f"{label}:1: a newer devinops wrote this file; nothing was written: upgrade "
                    "devinops"
                )
        except ValueError as error:
            raise UnusableFile(
                f"{label}:{number}: {quotable(error)}; nothing was written: repair the line, or "
                "restore the file from Git"
            ) from None
    return lines


def _line(values: Mapping[str, Any], number: int, seen: dict[str, int]) -> Locked:
    """Return a line of a lock file; `seen` are what is on the lines above it. Raises ValueError."""
    line = convert(values, LockLine)
    if not is_slug(line.slug):
        raise ValueError(
            f"{json.dumps(line.slug)} is not a name: expected lower-case letters, digits and "
            f"single -, at most {LONGEST} characters"
        )
    for what in (f'slug "{line.slug}"', f"key {line.key}"):
        if (other := seen.setdefault(what, number)) != number:
            raise ValueError(f"the {what} is on line {other} too: keep one of the lines")
    return Locked(line.slug, read_key(line.key), line.ids)


# --- names ----------------------------------------------------------------------------------------


def named(
    lines: Iterable[Locked],
    entries: Sequence[Declaration],
    plain: Mapping[Key, str],
    ids: Mapping[Key, Ids],
    others: Collection[Key] = (),
    taken: Collection[str] = (),
) -> dict[Key, Locked]:
    """Return the lines of a lock file in which each entry has one, by key.

    An entry keeps the line with its key; otherwise it takes over that of its live object or of an
    old key of its own, unless another entry has that key: one of `entries`, or of `others`. A new
    name is the `plain` one; but entries that want the same one all get another, so that their order
    does not matter. `taken` are names of files that are not ours.
    """
    named = {line.key: line for line in lines}
    left = named.keys() - plain.keys() - set(others)
    by_id = {id: key for key in sorted(left) for id in named[key].ids.items()}
    ordered = sorted(entries, key=lambda entry: entry.key)
    for entry in ordered:
        by_ids = (by_id.get(id) for id in ids.get(entry.key, {}).items())
        old = next((key for key in (*by_ids, *entry.previously) if key in left), None)
        if old and entry.key not in named:
            left.remove(old)
            named[entry.key] = replace(named.pop(old), key=entry.key)
    used = {line.slug for line in named.values()}.union(taken)
    new = [entry.key for entry in ordered if entry.key not in named]
    numbers = Counter([*used, *(plain[key] for key in new)])
    for key in sorted(new, key=lambda key: numbers[plain[key]]):
        slug = plain[key] if numbers[plain[key]] == 1 else own_slug(key, plain[key], used)
        used.add(slug)
        named[key] = Locked(slug, key)
    return named


def with_ids(lines: Mapping[Key, Locked], ids: Mapping[Key, Ids]) -> list[Locked]:
    """Return the lines with the ids that are known now, each only on the line of its entry."""
    moved = {id for known in ids.values() for id in known.items()}
    return [
        replace(line, ids=dict(line.ids.items() - moved) | dict(ids.get(key, {})))
        for key, line in lines.items()
    ]
