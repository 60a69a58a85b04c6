"""Makes the report of what sessions say about notes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from devinops.insight.findings import MISLEADING
from devinops.render import counted, joined
from devinops.render.report import Block, Part, Report, Row
from devinops.render.run_blocks import block
from devinops.render.signs import FAILED, NOTICED
from devinops.render.terminal import Look, Sign
from devinops.schema import insight as document
from devinops.schema.base_document import read_key
from devinops.schema.findings import shortened

_MISLEADING: Final = Sign("!", Look.WARNING, "misleading")
_WHY: Final = {
    "candidate": "candidate: check whether you still need it",
    "no_opportunity": "no session worked in the repository that it is pinned to",
    "new": "created or changed in this period",
    "permanent": "permanent, as its entry says",
    "disabled": "disabled",
}
_LONGEST: Final = 500
"""Characters of a reason or a wish; JSON has all of it."""


def insight_report(found: document.InsightDocument, *, quotes: bool) -> Report:
    """Return the report; with `quotes`, it has the reasons and wishes, which quote people."""
    often = sum(item.bad >= MISLEADING for item in found.misleading)
    read = [each.name for each in found.base.targets]
    title = f"Insight into {_many(found.base) or ', '.join(read) or 'no target'}"
    unread = len(found.base.unread)
    sizes = (often, *map(len, (found.never_mentioned, found.missing, found.unknown)), unread)
    failed = f"target{'s' * (unread != 1)} failed"
    words = ("misleading", "never mentioned", "missing", "unknown", failed)
    counts = joined(zip(sizes, words, strict=True))
    verdict = f"{counts or 'nothing to do'}; {_analysed(found.base)}"
    named: tuple[Any, ...] = (*found.unknown, *found.skills, *found.cost)
    return Report(
        title=title,
        verdict=verdict,
        sentence=f"{title}: {verdict}",
        look=Look.ERROR if unread else Look.WARNING if often else Look.GOOD,
        blocks=tuple(_blocks(found, often, quotes=quotes)),
        keys=frozenset(item.key for item in named if item.key),
    )


def _analysed(base: document.BaseItem) -> str:
    unread = f", {counted(base.unreadable, 'session')} could not be read" * bool(base.unreadable)
    return f"{base.analysed:,} of {base.sessions:,} sessions analysed{unread}"


def _blocks(found: document.InsightDocument, often: int, *, quotes: bool) -> Iterator[Block]:
    """Yield the sections; the first `often` notes mislead as they are now."""
    section, notes = partial(block, Part.INSIGHT), _Notes(_many(found.base), quotes)
    yield from section("Base", _base(found))
    now, fixed = found.misleading[:often], found.misleading[often:]
    yield from section(f"Misleading: {often}", map(notes.misleading, now))
    title = f"Misleading before their last change: {len(fixed)}"
    yield from section(title, map(notes.misleading, fixed))
    unmentioned, wishes = found.never_mentioned, found.missing
    hint = f"in 0 of {found.base.analysed:,} analysed sessions, but sessions may still use them"
    title = f"Never mentioned: {len(unmentioned)}"
    yield from section(title, map(notes.never_mentioned, unmentioned), hint)
    elsewhere = [Row(text="Shown only in text and JSON, because it quotes people")] * bool(wishes)
    hint = "knowledge that sessions ask for"
    yield from section(f"Missing: {len(wishes)}", map(_wish, wishes) if quotes else elsewhere, hint)
    hint = "notes that were deleted, or belong to the enterprise or another organization"
    yield from section(f"Unknown ids: {len(found.unknown)}", map(_unknown, found.unknown), hint)
    yield from section(f"Skills: {len(found.skills)}", map(_skill, found.skills))
    yield from section("Cost in ACUs", map(_cost, found.cost))


def _base(found: document.InsightDocument) -> Iterator[Row]:
    """Yield what a reader must know before the numbers mean something."""
    base = found.base
    read = f"{_analysed(base)}, {counted(base.requests, 'request')}, since {base.since[:10]}"
    texts = {
        read: True,
        "Devin analyses only sessions of size L and XL by itself": True,
        f"Only the newest sessions were read: {base.sessions:,} of this period": base.newest_only,
        "The API did not say of all repositories whether sessions worked there": base.unsure,
        "The cost is not available on this plan, or not yet": base.sessions and not found.cost,
    }
    yield from (Row(text=text) for text, applies in texts.items() if applies)
    yield from (Row(text=why, where=name, sign=FAILED) for name, why in base.unread.items())


class _Notes(NamedTuple):
    """Makes rows of notes. `many` are all targets in words, such as `40 organizations`, or empty.

    With `quotes`, they have what quotes people, and places as text.
    """

    many: str
    quotes: bool

    def misleading(self, item: document.MisleadingItem) -> Row:
        earlier = f" (and in {item.earlier} before its last change)" if item.earlier else ""
        text = f"misleading in {counted(item.bad, 'session')}{earlier}, used well in {item.good}"
        return self._row(item, text, f"owner {item.owner}" if item.owner else "")._replace(
            sign=_MISLEADING if item.bad >= MISLEADING else NOTICED,
            hints=(shortened(item.reason, _LONGEST),) if self.quotes and item.reason else (),
        )

    def never_mentioned(self, item: document.UnmentionedItem) -> Row:
        return self._row(item, _WHY[item.class_])

    def _row(
        self, item: document.MisleadingItem | document.UnmentionedItem, text: str, more: str = ""
    ) -> Row:
        source = item.source
        place = f"{source.file}:{source.line}" if source and self.quotes else ""
        return Row(
            key=read_key(item.key),
            text=text,
            where=f"{len(item.targets)} of {self.many}" if self.many else "",
            facts=", ".join(filter(None, (place, more))),
            source=source.to_model() if source else None,
        )


def _wish(item: document.WishItem) -> Row:
    first, *others = (shortened(text, _LONGEST) for text in item.wordings)
    text = f"{counted(len(item.sessions), 'session')}: {first}"
    return Row(text=text, rows=tuple(Row(text=text) for text in others))


def _unknown(item: document.UnknownItem) -> Row:
    return Row(text=item.id, aside=f"was {item.key}" if item.key else "", facts=_uses(item))


def _skill(item: document.SkillUseItem) -> Row:
    text = ": ".join(filter(None, (item.repository, item.path)))
    return Row(text=text, aside=f"from {item.key}" if item.key else "", facts=_uses(item))


def _uses(item: document.Uses) -> str:
    return f"misleading in {item.bad}, used well in {item.good}"


def _cost(item: document.CostItem) -> Row:
    unpriced = f", {item.unpriced} not priced yet" if item.unpriced and item.acus else ""
    acus = "not priced yet" if item.acus is None else _price(item.acus)
    facts = f"{acus} in {counted(item.sessions, 'session')}{unpriced}"
    return Row(text=item.key or f"{item.by} {item.id}", facts=facts)


def _price(acus: float) -> str:
    number = f"{acus:,.1f}".removesuffix(".0")
    return "less than 0.1 ACUs" if acus < 0.1 else f"{number} ACU{'s' * (number != '1')}"


def _many(base: document.BaseItem) -> str:
    """Return how many targets were read, in words; empty for one, or none."""
    noun = "target" if any(each.enterprise for each in base.targets) else "organization"
    return counted(len(base.targets), noun) if len(base.targets) > 1 else ""
