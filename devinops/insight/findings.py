"""Finds out what the sessions of targets say about their notes. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple, get_args

from devinops.insight.sessions import Session, SkillId, Used
from devinops.lint.rules._triggers import STOP
from devinops.lint.similar import Features, terms
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Live, Source
from devinops.model.target import Target
from devinops.planning.waves import times_of
from devinops.schema import insight as document
from devinops.schema.parts import SourceItem, TargetItem

MISLEADING: Final = 2
"""A note is misleading if it misled so many sessions: one can be an accident."""

_MOST_GROUPS: Final = 20
"""How many groups with one word a wish is compared with: what all wishes say is no evidence."""

_CLASSES: Final = get_args(document.UnmentionedClass)
_FILTERS: Final = get_args(document.RepositoryFilter)


class Observed(NamedTuple):
    """What is known about a target: its sessions, its notes, and the entries that declare these.

    `idle` are the repositories in which no session worked, as far as the API said, and `unasked`
    the number of those that were too many to ask about. If only the newest sessions were read, it
    `has_more`. `skills` maps the directory of a skill to the key of the entry that was exported.
    """

    name: str
    sessions: Sequence[Session]
    notes: Sequence[Live]
    entries: Mapping[Key, Declaration]
    inventory: Inventory
    skills: Mapping[str, str] = MappingProxyType({})
    target: Target | None = None
    has_more: bool = False
    idle: Collection[str] = ()
    filter: document.RepositoryFilter = "not_asked"
    unasked: int = 0


class _Uses(NamedTuple):
    """The sessions that a note helped, and those that it misled, with the reason."""

    good: list[Session]
    bad: list[tuple[Session, str]]


class _Note(NamedTuple):
    """A note in a target, and its uses.

    `changed` is when its text last changed, in epoch seconds; None if it is not known.
    """

    target: str
    live: Live
    record: Record | None
    entry: Declaration | None
    changed: float | None
    uses: _Uses

    @property
    def pin(self) -> str:
        """The repository that it is pinned to, as `owner/name`; empty if there is none."""
        kind = self.live.kind
        value = getattr(self.live.resource, kind.meaning.always)
        pin = kind.by_name[kind.meaning.always].rewrites(value) or value
        return pin if isinstance(pin, str) and "/" in pin else ""

    def is_since_change(self, session: Session) -> bool:
        return self.changed is None or (session.at or 0) > self.changed

    def why_unmentioned(self, since: float, idle: Collection[str]) -> document.UnmentionedClass:
        """Return the first class that fits a note which no session mentions."""
        if getattr(self.live.resource, self.live.kind.meaning.switch) is False:
            return "disabled"
        if self.entry and self.entry.meta.get("permanent") is True:
            return "permanent"
        if max(self.live.created_at or 0, self.changed or 0) >= since:
            return "new"
        return "no_opportunity" if self.pin in idle else "candidate"


def pins_to_ask(seen: Observed, since: float) -> list[str]:
    """Return the repositories of which a session would tell why a note is not mentioned."""
    unmentioned = (n for n in _notes(seen) if not (n.uses.good or n.uses.bad))
    pins = {n.pin for n in unmentioned if n.why_unmentioned(since, ()) == "candidate"}
    return sorted(pins - {""})


class Insight:
    """The sections of the document about all targets together; notes are merged by their key.

    `since` is when the window begins, in epoch seconds. `conceal` removes secrets from what quotes
    people.
    """

    def __init__(
        self, targets: Sequence[Observed], since: float, conceal: Callable[[str], str]
    ) -> None:
        self._targets, self._since, self._conceal = targets, since, conceal
        self._by_key: defaultdict[Key, list[_Note]] = defaultdict(list)
        for seen in targets:
            for note in _notes(seen):
                self._by_key[note.record.key if note.record else note.live.key].append(note)

    @cached_property
    def sessions(self) -> list[Session]:
        """Those of all targets, each once: that of an enterprise shows those of organizations."""
        return list({each.id: each for seen in self._targets for each in seen.sessions}.values())

    def base(self, failed: Mapping[str, object], **facts: Any) -> document.BaseItem:
        """Return what the sections are based on; `failed` says which targets were not read."""
        read = (document.ReadTargetItem(t.name, TargetItem.of(t.target)) for t in self._targets)
        unread = (document.ReadTargetItem(name, None, str(why)) for name, why in failed.items())
        filters = [seen.filter for seen in self._targets]
        return document.BaseItem(
            sessions=len(self.sessions),
            analysed=sum(session.analysed for session in self.sessions),
            priced=sum(session.acus > 0 for session in self.sessions),
            newest_only=any(seen.has_more for seen in self._targets),
            repositories=max(filters, key=_FILTERS.index, default="not_asked"),
            unasked=sum(seen.unasked for seen in self._targets),
            targets=tuple(sorted((*read, *unread), key=lambda each: each.name)),
            mentioned=tuple(self._mentioned()),
            **facts,
        )

    def _mentioned(self) -> Iterator[document.MentionItem]:
        for key, notes in sorted(self._by_key.items()):
            good, bad = (sum(len(note.uses[side]) for note in notes) for side in (0, 1))
            if good or bad:
                yield document.MentionItem(str(key), good, bad)

    def misleading(self) -> list[document.MisleadingItem]:
        """Return the notes that misled often since their text last changed, or before."""
        items = (self._misleading(key, notes) for key, notes in self._by_key.items())
        often = (item for item in items if max(item.bad, item.earlier) >= MISLEADING)
        return sorted(often, key=lambda item: (-item.bad, -item.earlier, item.key))

    def _misleading(self, key: Key, notes: Sequence[_Note]) -> document.MisleadingItem:
        uses = [(note, *use) for note in notes for use in note.uses.bad]
        since = [use for use in uses if use[0].is_since_change(use[1])]
        shown = sorted(since or uses, key=lambda use: use[1].at or 0)
        source, owner = _declared(notes)
        return document.MisleadingItem(
            key=str(key),
            source=source,
            owner=owner,
            good=sum(len(note.uses.good) for note in notes),
            bad=len(since),
            earlier=len(uses) - len(since),
            reason=next((self._conceal(reason) for *_, reason in reversed(shown) if reason), ""),
            sessions=tuple(session.id for _, session, _ in shown),
            targets=_once(note.target for note, *_ in shown),
        )

    def never_mentioned(self) -> list[document.UnmentionedItem]:
        """Return the notes that nothing mentions, those first that may be of no use."""
        items = [
            self._unmentioned(key, notes)
            for key, notes in self._by_key.items()
            if not any(note.uses.good or note.uses.bad for note in notes)
        ]
        return sorted(items, key=lambda item: (-_CLASSES.index(item.class_), item.key))

    def _unmentioned(self, key: Key, notes: Sequence[_Note]) -> document.UnmentionedItem:
        idle = {seen.name: seen.idle for seen in self._targets}
        classes = (note.why_unmentioned(self._since, idle[note.target]) for note in notes)
        return document.UnmentionedItem(
            key=str(key),
            source=_declared(notes)[0],
            class_=max(classes, key=_CLASSES.index),
            targets=_once(note.target for note in notes),
        )

    def missing(self) -> list[document.WishItem]:
        """Return the wishes, those of most sessions first; similar ones are one."""
        said: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for seen in self._targets:
            for session in seen.sessions:
                for text in dict.fromkeys(session.wishes):
                    said[text].append((session.id, seen.name))
        items = []
        for texts in _alike(said):
            at = [place for text in texts for place in said[text]]
            sessions, targets = _once(id for id, _ in at), _once(name for _, name in at)
            items.append(document.WishItem(tuple(map(self._conceal, texts)), sessions, targets))
        return sorted(items, key=lambda item: (-len(item.sessions), item.wordings))

    def unknown(self) -> list[document.UnknownItem]:
        """Return the ids that no list of their target shows."""
        items = [
            document.UnknownItem(id=id, key=key, **_counts(at))
            for id, key, at in self._used()
            if isinstance(id, str)
        ]
        return sorted(items, key=lambda item: (-item.bad, -item.good, item.id))

    def skills(self) -> list[document.SkillUseItem]:
        """Return the skills that sessions mention, those first that misled."""
        items = [
            document.SkillUseItem(repository=id.repository, path=id.path, key=key, **_counts(at))
            for id, key, at in self._used()
            if isinstance(id, SkillId)
        ]
        return sorted(items, key=lambda item: (-item.bad, -item.good, item.repository, item.path))

    def _used(self) -> Iterator[tuple[Used, str | None, Sequence[tuple[str, _Uses]]]]:
        """Yield skills and ids of unknown notes, with the key that they had, and their uses."""
        found: defaultdict[Used, list[tuple[str, _Uses]]] = defaultdict(list)
        keys: dict[str, str] = {}
        for seen in self._targets:
            keys |= seen.skills
            keys |= {gone.id: str(gone.key) for gone in seen.inventory.deleted}
            keys |= {record.id: str(record.key) for record in seen.inventory.records}
            known = {live.id for live in seen.notes}
            for used, uses in _uses(seen.sessions).items():
                if used not in known:
                    found[used].append((seen.name, uses))
        for used, at in found.items():
            yield used, keys.get(used if isinstance(used, str) else used.directory), at

    def cost(self) -> list[document.CostItem]:
        """Return the cost by what it can be summed by; empty if no session has a price."""
        if not any(session.acus for session in self.sessions):
            return []
        groups: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for session in self.sessions:
            for group in session.groups:
                groups[group].append(session.acus)
        keys = {
            (record.key.kind, record.id): str(record.key)
            for seen in self._targets
            for record in seen.inventory.records
        }
        items = (
            document.CostItem(
                by=by,
                id=id,
                key=keys.get((by, id)),
                acus=round(sum(acus), 2) if any(acus) else None,
                sessions=len(acus),
                unpriced=acus.count(0),
            )
            for (by, id), acus in groups.items()
        )
        return sorted(items, key=lambda item: (item.by, -(item.acus or 0), item.id))


def _notes(seen: Observed) -> Iterator[_Note]:
    """Yield the target's own notes."""
    uses, applied = _uses(seen.sessions), times_of(seen.inventory)
    for live in seen.notes:
        if live.ours:
            record = seen.inventory.by_id.get(live.object_id)
            entry = seen.entries.get(record.key if record else live.key)
            time = applied.get(record.key) if record else None
            # An apply that only adopted has a later time than the last change of the text.
            times = (time.timestamp() if time else None, live.updated_at)
            changed = min((each for each in times if each is not None), default=None)
            used = uses.get(live.id) or _Uses([], [])
            yield _Note(seen.name, live, record, entry, changed, used)


def _uses(sessions: Iterable[Session]) -> Mapping[Used, _Uses]:
    """Return the uses of each note and skill; a session counts once on each side."""
    uses: defaultdict[Used, _Uses] = defaultdict(lambda: _Uses([], []))
    for session in sessions:
        for id in session.good:
            uses[id].good.append(session)
        for id, reason in session.bad.items():
            uses[id].bad.append((session, reason))
    return dict(uses)


def _declared(notes: Sequence[_Note]) -> tuple[SourceItem | None, str | None]:
    """Return where a note is written, and the owner that its entry names."""
    for entry in (note.entry for note in notes if note.entry):
        owner = entry.meta.get("owner")
        return SourceItem.at(entry.source), None if owner is None else str(owner)
    files = (note.record.source for note in notes if note.record and note.record.source)
    return next((SourceItem.at(Source(file)) for file in files), None), None


def _counts(at: Sequence[tuple[str, _Uses]]) -> dict[str, Any]:
    """Return the members that count the uses in targets."""
    good = _once(session.id for _, uses in at for session in uses.good)
    bad = _once(session.id for _, uses in at for session, _ in uses.bad)
    return {
        "good": len(good),
        "bad": len(bad),
        "sessions": _once([*bad, *good]),
        "targets": _once(name for name, _ in at),
    }


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


# --- wishes that are alike ------------------------------------------------------------------------


def _alike(texts: Iterable[str]) -> list[list[str]]:
    """Return groups of texts, of which any two share most of their words.

    To join a text that is like only one of a group would chain strangers together. Of two such
    texts, the rarer halves of their words meet, so only these are in the index.
    """
    words = {text: terms(text, STOP) for text in texts}
    often = Counter(word for own in words.values() for word in own)
    groups: list[list[str]] = []
    by_word: defaultdict[int, set[int]] = defaultdict(set)
    for text, own in words.items():
        rare = sorted(own, key=lambda word: (often[word], word))[: (len(own) + 1) // 2]
        near = sorted({number for word in rare for number in by_word[word]})
        fitting = (n for n in near if all(_share_most(own, words[each]) for each in groups[n]))
        number = next(fitting, len(groups))
        if number == len(groups):
            groups.append([])
        groups[number].append(text)
        for numbers in (by_word[word] for word in rare):
            if len(numbers) < _MOST_GROUPS:
                numbers.add(number)
    return groups


def _share_most(first: Features, second: Features) -> bool:
    return 2 * len(first & second) > max(len(first), len(second))
