"""Finds out what the sessions of targets say about their notes. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple, get_args

from devinops.insight.sessions import Session, SkillId, Skills, Used
from devinops.lint.detector import everywhere, leaks
from devinops.lint.rules._triggers import STOP
from devinops.lint.similar import Features, terms
from devinops.model.grouping import grouped
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Live
from devinops.model.target import Target
from devinops.planning.waves import times_of
from devinops.schema import insight as document
from devinops.schema.findings import shortened
from devinops.schema.parts import SourceItem, TargetItem

MISLEADING: Final = 2
"""A note is misleading if it misled so many sessions: one can be an accident."""

_MOST_GROUPS: Final = 20
"""How many groups that share a word a wish is compared with: a common word proves little."""

_CLASSES: Final = get_args(document.UnmentionedClass)


class Observed(NamedTuple):
    """What is known about a target: its sessions, its notes, and the entries that declare these.

    `idle` are the repositories in which no session worked; it is `unsure` if the API did not say
    so of all. If only the newest sessions were read, it `has_more`. `unreadable` counts sessions
    without an id, which are not among the others.
    """

    target: Target
    sessions: Sequence[Session]
    notes: Sequence[Live]
    entries: Mapping[Key, Declaration]
    inventory: Inventory
    has_more: bool = False
    unreadable: int = 0
    idle: Collection[str] = ()
    unsure: bool = False


class _Use(NamedTuple):
    """A session in which something was used, and why it misled; None if it helped."""

    session: Session
    reason: str | None = None


class _Note(NamedTuple):
    """A note in a target, and its uses.

    `changed` is when its text last changed, in epoch seconds; None if it is not known.
    """

    seen: Observed
    live: Live
    record: Record | None
    entry: Declaration | None
    changed: float | None
    uses: Sequence[_Use]

    @property
    def pin(self) -> str:
        """The repository that it is pinned to, as `owner/name`; empty if there is none."""
        kind = self.live.kind
        value = getattr(self.live.resource, kind.meaning.always)
        pin = kind.by_name[kind.meaning.always].rewrites(value) or value
        return pin if isinstance(pin, str) and "/" in pin else ""

    def why_unmentioned(self, since: float) -> document.UnmentionedClass:
        """Return the first class that fits a note which no session mentions."""
        if getattr(self.live.resource, self.live.kind.meaning.switch) is False:
            return "disabled"
        if self.entry and self.entry.meta.get("permanent") is True:
            return "permanent"
        if max(self.live.created_at or 0, self.changed or 0) >= since:
            return "new"
        return "no_opportunity" if self.pin in self.seen.idle else "candidate"


def pins_to_ask(seen: Observed, since: float) -> list[str]:
    """Return the repositories of which a session would tell why a note is not mentioned."""
    unmentioned = (note for note in _notes(seen) if not note.uses)
    pins = {note.pin for note in unmentioned if note.why_unmentioned(since) == "candidate"}
    return sorted(pins - {""})


class Insight:
    """The sections of the document about all targets together; notes are merged by their key.

    `since` is when the window begins, in epoch seconds. `skills` are those that were exported.
    """

    def __init__(self, targets: Sequence[Observed], since: float, skills: Skills) -> None:
        self._targets, self._since, self._skills = targets, since, skills
        notes = (note for seen in targets for note in _notes(seen))
        self._by_key = grouped((n.record.key if n.record else n.live.key, n) for n in notes)

    @cached_property
    def sessions(self) -> list[Session]:
        """Those of all targets, each once: that of an enterprise shows those of organizations."""
        return list({each.id: each for seen in self._targets for each in seen.sessions}.values())

    @cached_property
    def _keys(self) -> Mapping[str, str]:
        """The ids of all objects that the inventories know → their keys."""
        keys: dict[str, str] = {}
        for seen in self._targets:
            keys |= {gone.id: str(gone.key) for gone in seen.inventory.deleted}
            keys |= {record.id: str(record.key) for record in seen.inventory.records}
        return keys

    def base(self, **facts: Any) -> document.BaseItem:
        """Return what the sections are based on; `facts` are the members that no target says."""
        return document.BaseItem(
            sessions=len(self.sessions),
            analysed=sum(session.analysed for session in self.sessions),
            unreadable=sum(seen.unreadable for seen in self._targets),
            newest_only=any(seen.has_more for seen in self._targets),
            unsure=any(seen.unsure for seen in self._targets),
            targets=tuple(filter(None, (TargetItem.of(seen.target) for seen in self._targets))),
            mentioned=tuple(self._mentioned()),
            **facts,
        )

    def _mentioned(self) -> Iterator[document.Uses]:
        for key, notes in sorted(self._by_key.items()):
            if uses := [use for note in notes for use in note.uses]:
                yield document.Uses(key=str(key), **_counts(uses))

    def misleading(self) -> list[document.MisleadingItem]:
        """Return the notes that misled often since their text last changed, or before."""
        items = (self._misleading(key, notes) for key, notes in self._by_key.items())
        often = (item for item in items if max(item.bad, item.earlier) >= MISLEADING)
        return sorted(often, key=lambda item: (-item.bad, -item.earlier, item.key))

    def _misleading(self, key: Key, notes: Sequence[_Note]) -> document.MisleadingItem:
        counts = _counts([use for note in notes for use in note.uses])
        uses = [(note, *use) for note in notes for use in note.uses if use.reason is not None]
        # Without a time, a session is one before the change.
        since = [use for use in uses if (use[1].at or 1) > (use[0].changed or 0)]
        shown = sorted(since or uses, key=lambda use: use[1].at or 0)
        bad = len({session.id for _, session, _ in since})
        source, owner = _declared(notes)
        return document.MisleadingItem(
            key=str(key),
            source=source,
            owner=owner,
            good=counts["good"],
            bad=bad,
            earlier=counts["bad"] - bad,
            reason=next((_concealed(reason) for *_, reason in reversed(shown) if reason), ""),
            sessions=_once(session.id for _, session, _ in shown),
            targets=_once(note.seen.target.name for note, *_ in shown),
        )

    def never_mentioned(self) -> list[document.UnmentionedItem]:
        """Return the notes that nothing mentions, those first that may be of no use.

        Each is of the class that says most against it, in the targets where it is of that class.
        """
        items = []
        for key, notes in self._by_key.items():
            if any(note.uses for note in notes):
                continue
            why = [(note.why_unmentioned(self._since), note.seen.target.name) for note in notes]
            class_ = max((each for each, _ in why), key=_CLASSES.index)
            targets = _once(name for each, name in why if each == class_)
            items.append(document.UnmentionedItem(str(key), _declared(notes)[0], class_, targets))
        return sorted(items, key=lambda item: (-_CLASSES.index(item.class_), item.key))

    def missing(self) -> list[document.WishItem]:
        """Return the wishes, those of most sessions first; similar ones are one."""
        said = grouped((text, each.id) for each in self.sessions for text in each.wishes)
        items = []
        for texts in _alike(said):
            sessions = _once(id for text in texts for id in said[text])
            items.append(document.WishItem(tuple(map(_concealed, texts)), sessions))
        return sorted(items, key=lambda item: (-len(item.sessions), item.wordings))

    def unknown(self) -> list[document.UnknownItem]:
        """Return the ids that no list of a target shows, those first that misled."""
        return [
            document.UnknownItem(id=_name(id), key=self._keys.get(id), **counts)
            for id, counts in self._used()
            if isinstance(id, str)
        ]

    def skills(self) -> list[document.SkillUseItem]:
        """Return the skills that sessions mention, those first that misled."""
        return [
            document.SkillUseItem(
                repository=_name(id.repository),
                path=_name(id.path),
                key=self._skills.get(id.place),
                **counts,
            )
            for id, counts in self._used()
            if isinstance(id, SkillId)
        ]

    def _used(self) -> list[tuple[Used, dict[str, Any]]]:
        """Return skills and the ids of unknown notes, with the members that count their uses."""
        found: defaultdict[Used, list[_Use]] = defaultdict(list)
        known = {live.id for seen in self._targets for live in seen.notes}
        for seen in self._targets:
            for used, uses in _uses(seen.sessions).items():
                if used not in known:
                    found[used] += uses
        counted = ((used, _counts(uses)) for used, uses in found.items())
        return sorted(counted, key=lambda each: (-each[1]["bad"], -each[1]["good"], str(each[0])))

    def cost(self) -> list[document.CostItem]:
        """Return the cost by what it can be summed by; empty if no session has a price."""
        if not any(session.acus for session in self.sessions):
            return []
        groups = grouped(
            (group, session.acus) for session in self.sessions for group in session.groups
        )
        items = (
            document.CostItem(
                by=by,
                id=_name(id),
                key=self._keys.get(id),
                acus=round(sum(acus), 6) if any(acus) else None,
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
            changed = min((each for each in times if each), default=None)
            yield _Note(seen, live, record, entry, changed, uses.get(live.id, ()))


def _uses(sessions: Iterable[Session]) -> Mapping[Used, Sequence[_Use]]:
    """Return the uses of each note and skill; a session counts once on each side."""
    uses: defaultdict[Used, list[_Use]] = defaultdict(list)
    for session in sessions:
        for id in session.good:
            uses[id].append(_Use(session))
        for id, reason in session.bad.items():
            uses[id].append(_Use(session, reason))
    return uses


def _counts(uses: Sequence[_Use]) -> dict[str, Any]:
    """Return the members that count uses; a session counts once, whichever target shows it."""
    good = _once(session.id for session, reason in uses if reason is None)
    bad = _once(session.id for session, reason in uses if reason is not None)
    return {"good": len(good), "bad": len(bad), "sessions": _once((*bad, *good))}


def _declared(notes: Sequence[_Note]) -> tuple[SourceItem | None, str | None]:
    """Return where the entry of a note is, and the owner that it names."""
    entry = next((note.entry for note in notes if note.entry), None)
    owner = entry and entry.meta.get("owner")
    return SourceItem.of(entry and entry.source), None if owner is None else str(owner)


def _concealed(text: str) -> str:
    """Return a text with stars in place of what looks like a secret."""
    for leak in everywhere(text, leaks):
        text = f"{text[: leak.start]}{'*' * (leak.end - leak.start)}{text[leak.end :]}"
    return text


def _name(text: str) -> str:
    """Return an id, a path or a category, which can be any text, in at most 200 characters."""
    return shortened(_concealed(text), 200)


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
