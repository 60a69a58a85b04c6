"""Compare the skills and rules of a checkout with the entries. Pure.

Whoever wrote a skill, it belongs to the entry that the lock file of its plugin names, else to that
of its metadata, else to the only one that would have its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from devinops.export.page import TEXT
from devinops.export.plugin import description, handle, refusal, shortened
from devinops.export.slugs import plain_slug
from devinops.ingest.forms._front_matter import page
from devinops.model.keys import Key
from devinops.model.objects import Declaration
from devinops.schema.command_outputs import ComparedItem


@dataclass(frozen=True)
class FoundSkill:
    """A skill or rule: its file, its name, and the entry that a lock file names.

    `whole` is the text of the file beside it that has a long text.
    """

    path: str
    slug: str
    text: str
    locked: Key | None = None
    whole: str = ""
    is_rule: bool = False


def compared(
    declarations: Iterable[Declaration],
    skills: Iterable[FoundSkill],
    others: Iterable[Declaration] = (),
) -> list[ComparedItem]:
    """Return how each skill compares with its entry, and which entries have none.

    Left out are the skills of `others`, which the user did not select; rules that no export wrote;
    and entries that a plugin cannot have.
    """
    entries = _by_key(declarations)
    find = _Finder(_by_key(others) | entries)
    found = [(skill, find.entry(skill)) for skill in skills]
    items = [
        _compared(skill, entry)
        for skill, entry in found
        if (entry.key in entries if entry else not skill.is_rule)
    ]
    there = {item.key for item in items}
    expected = {str(key) for key, entry in entries.items() if not refusal(entry, is_retired=False)}
    items += (ComparedItem("missing", (), key) for key in expected - there)
    return sorted(items, key=lambda item: (item.status, item.path or item.key or ""))


def _by_key(declarations: Iterable[Declaration]) -> dict[Key, Declaration]:
    """Return the entry of each key; of several, for different targets, the first."""
    return {entry.key: entry for entry in reversed(list(declarations))}


class _Finder:
    """Finds the entry of a skill."""

    def __init__(self, entries: Mapping[Key, Declaration]) -> None:
        self.by_key = {old: entry for entry in entries.values() for old in entry.previously}
        self.by_key |= entries
        names = {key: plain_slug(key, handle(entry)) for key, entry in entries.items()}
        numbers = Counter(names.values())
        self.by_name = {name: entries[key] for key, name in names.items() if numbers[name] == 1}

    def entry(self, skill: FoundSkill) -> Declaration | None:
        """Return the entry of a skill or rule; None if it has none, or may have several."""
        keys = (skill.locked, page(skill.text).own_key)
        known = (self.by_key[key] for key in keys if key in self.by_key)
        return next(known, None if skill.is_rule else self.by_name.get(skill.slug))


def _compared(skill: FoundSkill, entry: Declaration | None) -> ComparedItem:
    if entry is None:
        return ComparedItem("without an entry", (), None, skill.path)
    differs = tuple(_differences(skill, entry))
    return ComparedItem("different" if differs else "same", differs, str(entry.key), skill.path)


def _differences(skill: FoundSkill, entry: Declaration) -> Iterator[Literal["description", "text"]]:
    """Yield what a skill says differently.

    White space around the text is no difference, nor are the line breaks of the description.
    """
    written, expected = page(skill.text), description(entry)
    said = written.own_fields.get(entry.kind.meaning.when or "") or written.prose("description")
    if said.split() not in (expected.split(), shortened(expected).split()):
        yield "description"
    text = page(skill.whole).content if TEXT in written.own_fields else written.content
    if text.strip() != entry.kind.text_of(entry.resource).strip():
        yield "text"
