"""Finds live objects that no declaration means, and the entries that probably replace them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from devinops.kinds import KINDS
from devinops.model.changes import Action, Change
from devinops.model.inventory import Record
from devinops.model.keys import Key, ObjectId
from devinops.model.kind import GeneratedSecret, Resource
from devinops.model.objects import Declaration, Ensure, Live, Source
from devinops.model.policy import Prune
from devinops.model.values import texts_in
from devinops.planning.draft import PlanContext, generated_secret, source_of
from devinops.planning.match import Match, MatchedBy, text_of

RENAME_HINT_SIMILARITY = 0.6
"""Minimum share of common text for suggesting that a new entry renames an undeclared object."""

MAX_COMPARED_PAIRS = 2_500
"""Maximum pairs of an undeclared object and a new entry for comparing their texts."""


_BY_OTHER_NAME = (MatchedBy.PREVIOUSLY, MatchedBy.TEXT)


class Orphan(NamedTuple):
    """A live object that no declaration means, and why it may be deleted.

    `record` is None if the object was never owned.
    """

    live: Live
    key: Key
    why: str
    record: Record | None = None

    @property
    def source(self) -> Source | None:
        return source_of(self.record) if self.record else None

    @property
    def file(self) -> str:
        """The file that declared it; empty if that is not known."""
        return self.source.path if self.source else ""


def undeclared(
    matches: Sequence[Match], elsewhere: Mapping[Key, Declaration], context: PlanContext
) -> tuple[list[Orphan], list[Record], list[Record]]:
    """Return the orphans, and two lists of records.

    The objects of the first are gone or belong to others. The entries of the second mean other
    objects now. `elsewhere` holds the entries that are for other targets.
    """
    claims = _Claims(matches)
    orphans, gone, replaced = [], [], []
    for record in context.inventory.owned:
        if record.object_id in claims.ids:
            continue
        live = context.live.by_id.get(record.object_id)
        if record.key in claims.present:
            replaced.append(record)
        elif live and live.ours:
            entry = elsewhere.get(record.key)
            if entry is None:
                why = "no longer declared"
            elif entry.audience is None:
                why = "its targets: no longer name this target"
            else:
                why = "its entry is no longer for this target"
            orphans.append(Orphan(live, record.key, why, record))
        else:
            gone.append(record)
    if context.policy.prune is Prune.SCOPE:
        orphans += _never_owned(claims, context)
    return orphans, gone, replaced


@dataclass(frozen=True)
class _Claims:
    """What entries mean. Each set is made when it is first needed: most plans have no orphan."""

    matches: Sequence[Match]

    @cached_property
    def ids(self) -> frozenset[ObjectId]:
        """The ids of the objects that entries mean."""
        records = (match.record for match in self.matches)
        lives = (live for match in self.matches for live in match.lives)
        return frozenset(claimed.object_id for claimed in (*records, *lives) if claimed)

    @cached_property
    def present(self) -> frozenset[Key]:
        """The keys of the entries that have, or get, an object."""
        return self._keys(Ensure.PRESENT)

    @cached_property
    def unmanaged(self) -> frozenset[Key]:
        """The keys of the entries whose objects people manage."""
        return self._keys(Ensure.UNMANAGED)

    def _keys(self, ensure: Ensure) -> frozenset[Key]:
        declarations = (match.declaration for match in self.matches)
        return frozenset(d.key for d in declarations if d.ensure is ensure)


def _never_owned(claims: _Claims, context: PlanContext) -> Iterator[Orphan]:
    """Yield the undeclared objects in scope that were never owned."""
    for live in context.live.unmanaged(claims.ids | context.inventory.by_id.keys()):
        if live.key not in claims.unmanaged and context.in_scope(live):
            declared = live.key in claims.present
            why = "not the object of the entry with this name" if declared else "not declared"
            key = context.at_live_path(live).key
            yield Orphan(live, key, f"in scope, {why}, and never owned")


# --- likely renames -------------------------------------------------------------------------------


class LikelyRename(NamedTuple):
    """An orphan and an entry that probably replaces it, with what they have in common."""

    orphan: Orphan
    entry: Declaration
    named: bool
    """Whether `previously` of the entry names the orphan."""
    text: float
    same_file: bool
    same_name: bool

    @property
    def reasons(self) -> tuple[bool, float, bool, bool]:
        """The reasons for a rename, the strongest first."""
        return self.named, self.text, self.same_file, self.same_name


def likely_renames(orphans: Sequence[Orphan], matches: Iterable[Match]) -> list[LikelyRename]:
    """Pair orphans with the new entries that name them, or have their text, Markdown file or name.

    An entry is new if the inventory does not know its object. If the entry was found under another
    name, it replaces only what it names. The likeliest pair comes last. If there are more than
    MAX_COMPARED_PAIRS pairs, texts are not compared.
    """
    new = [
        match
        for match in matches
        if match.declaration.ensure is Ensure.PRESENT
        and match.matched_by is not MatchedBy.INVENTORY
    ]
    entries = [match.declaration for match in new]
    renamed = {match.declaration.key for match in new if match.matched_by in _BY_OTHER_NAME}
    if len(orphans) * len(entries) > MAX_COMPARED_PAIRS:
        pairs = _without_texts(orphans, entries)
    else:
        texts = [(entry, _pieces(_content(entry.resource))) for entry in entries]
        old = [(orphan, _pieces(_content(orphan.live.resource))) for orphan in orphans]
        pairs = [
            _pair(orphan, entry, _in_common(text, new_text))
            for orphan, text in old
            for entry, new_text in texts
        ]
    likely = [
        pair
        for pair in pairs
        if pair.orphan.key.kind == pair.entry.key.kind
        and (pair.named or (any(pair.reasons) and pair.entry.key not in renamed))
    ]
    return sorted(likely, key=lambda pair: (pair.reasons, pair.orphan.key, pair.entry.key))


def _without_texts(orphans: Sequence[Orphan], entries: Sequence[Declaration]) -> list[LikelyRename]:
    by_fact: defaultdict[Key | str, dict[Key, Declaration]] = defaultdict(dict)
    for entry in entries:
        facts: list[Key | str] = [*entry.previously, f"name {entry.key.name}"]
        facts += [f"file {entry.source.path}"] if entry.source.path.endswith(".md") else []
        for fact in facts:
            by_fact[fact][entry.key] = entry
    pairs = []
    for orphan in orphans:
        key, name, file = orphan.key, f"name {orphan.key.name}", f"file {orphan.file}"
        candidates = by_fact[key] | by_fact[name] | by_fact[file]
        pairs += [_pair(orphan, entry, 0.0) for entry in candidates.values()]
    return pairs


def _pair(orphan: Orphan, entry: Declaration, text: float) -> LikelyRename:
    same_file = orphan.file == entry.source.path and orphan.file.endswith(".md")
    same_name = orphan.key.name == entry.key.name
    named = orphan.key in entry.previously
    return LikelyRename(orphan, entry, named, text, same_file, same_name)


def _content(resource: Resource) -> str:
    """Return the prose of an object, or all texts in its values if its kind has no prose."""
    kind = resource.kind
    if kind.document:
        return text_of(resource)
    values = [value for name, value in resource.items() if name not in kind.identity.fields]
    return "\n".join(texts_in(values))


def _pieces(text: str) -> Counter[str]:
    """Return the count of each run of three characters in the text; a shorter text is one run."""
    return (
        Counter([text[at : at + 3] for at in range(len(text) - 2)] or [text]) if text else Counter()
    )


def _in_common(text: Counter[str], other: Counter[str]) -> float:
    """Return the share of pieces that two texts have in common, from 0 to 1; 0 if not similar."""
    common = text & other
    share = 2 * common.total() / (text.total() + other.total()) if common else 0.0
    return share if share >= RENAME_HINT_SIMILARITY else 0.0


def rename_hint(entry: Declaration, old: Key, secret: GeneratedSecret | None = None) -> str:
    """Return the hint that an entry probably renames an object; empty for kinds without renames.

    `secret` is the one that the API generated for the object, if it has one.
    """
    kind = KINDS[old.kind]
    if not kind.renames:
        return ""
    old_path = json.dumps(kind.values_of(old), ensure_ascii=False)
    add = f"{old_path} to previously" if entry.previously else f"previously: [{old_path}]"
    hint = f"; is it {old}? Then add {add}, and it keeps its id"
    return f"{hint}; otherwise {secret.renewed}" if secret else hint


def with_rename_hints(changes: Iterable[Change], pairs: Sequence[LikelyRename]) -> list[Change]:
    """Return the changes with hints in creates; only one entry asks about an orphan."""
    hints: dict[Key, str] = {}
    hinted = set()
    for orphan, entry, *_ in reversed(pairs):
        if orphan.record and entry.key not in hints and orphan.key not in hinted:
            hints[entry.key] = rename_hint(entry, orphan.key, generated_secret(orphan.live))
            hinted.add(orphan.key)
    return [
        replace(change, reason=f"{change.reason}{hints[change.key]}")
        if change.action is Action.CREATE and change.key in hints
        else change
        for change in changes
    ]
