"""Makes the report of what sessions say about notes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

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
    "candidate": "candidate: look whether it is still needed",
    "no_opportunity": "no session worked in the repository that it is pinned to",
    "new": "created or changed in the time that was read",
    "permanent": "permanent, as its entry says",
    "disabled": "disabled",
}
_MOST_IDS: Final = 5
_LONGEST: Final = 500
"""Characters of a reason or a wish; JSON has all of it."""


def insight_report(found: document.InsightDocument, *, quotes: bool) -> Report:
    """Return the report; with `quotes`, it has the reasons and wishes, which quote people."""
    base = found.base
    read = [each.name for each in base.targets if not each.error]
    title = f"Insight into {_many(base) or ', '.join(read) or 'no target'}"
    often = sum(item.bad >= MISLEADING for item in found.misleading)
    verdict = joined(
        (
            (often, "misleading"),
            (len(found.never_mentioned), "never mentioned"),
            (len(found.missing), "missing"),
            (len(found.unknown), "unknown"),
        )
    )
    verdict = f"{verdict or 'nothing to do'}; {_analysed(base)}"
    return Report(
        title=title,
        subject=title,
        verdict=verdict,
        sentence=f"{title}: {verdict}",
        look=Look.WARNING if often else Look.GOOD,
        about=_read(base) if quotes else (),
        blocks=tuple(_blocks(found, quotes=quotes)),
    )


def _analysed(base: document.BaseItem) -> str:
    return f"{base.analysed:,} of {base.sessions:,} sessions analysed"


def _read(base: document.BaseItem) -> tuple[str, ...]:
    return _analysed(base), counted(base.requests, "request"), f"since {base.since[:10]}"


_SECTIONS: Final = (
    ("misleading", "Misleading", ""),
    ("never_mentioned", "Never mentioned", "in 0 of {} analysed sessions; they may be in use"),
    ("missing", "Missing", "what sessions wish that Devin knew; only text and JSON quote it"),
    ("unknown", "Unknown ids", "deleted, of the enterprise, or of another organization"),
    ("skills", "Skills", ""),
    ("cost", "Cost in ACUs", ""),
)
"""Member of the document, and method of `_Rows` → title and hint."""


def _blocks(found: document.InsightDocument, *, quotes: bool) -> Iterator[Block]:
    rows = _Rows(_many(found.base), quotes)
    yield from block(Part.INSIGHT, "Base", _base(found.base, quotes=quotes))
    for name, title, hint in _SECTIONS:
        items = getattr(found, name)
        listed = map(getattr(rows, name), items)
        hint = hint.format(f"{found.base.analysed:,}")
        yield from block(Part.INSIGHT, f"{title}: {len(items)}", listed, hint)


def _base(base: document.BaseItem, *, quotes: bool) -> Iterator[Row]:
    """Yield what a reader must know before the numbers mean something."""
    texts = {
        ", ".join(_read(base)): not quotes,
        "Devin analyses only sessions of the sizes L and XL by itself": True,
        f"Only the newest {base.sessions:,} sessions were read": base.newest_only,
        "The API does not say in which repositories sessions worked, so a candidate may be pinned "
        "to one without a session": base.repositories == "filter_ignored",
        f"Whether a session worked in {base.unasked} more repositories was not asked": base.unasked,
        "The cost is not available on this plan, or not yet": base.sessions and not base.priced,
    }
    yield from (Row(text=text) for text, applies in texts.items() if applies)
    for target in base.targets:
        if target.error:
            yield Row(text=target.error, where=target.name, sign=FAILED)


class _Rows(NamedTuple):
    """Makes the rows. `many` are all targets in words, such as `40 organizations`, or empty.

    With `quotes`, they have what quotes people, and places as text.
    """

    many: str
    quotes: bool

    def misleading(self, item: document.MisleadingItem) -> Row:
        text = f"misleading in {counted(item.bad, 'session')}, used well in {item.good}"
        if item.earlier:
            text += f"; misleading in {item.earlier} before its last change"
        owner = f"owner {item.owner}" if item.owner else ""
        return self._note(item, text, owner)._replace(
            sign=_MISLEADING if item.bad >= MISLEADING else NOTICED,
            hints=(shortened(item.reason, _LONGEST),) if self.quotes and item.reason else (),
        )

    def never_mentioned(self, item: document.UnmentionedItem) -> Row:
        return self._note(item, _WHY[item.class_])

    def missing(self, item: document.WishItem) -> Row:
        number = counted(len(item.sessions), "session")
        if self.quotes:
            first, *others = (shortened(text, _LONGEST) for text in item.wordings)
            return Row(text=f"{number}: {first}", rows=tuple(Row(text=text) for text in others))
        wordings = counted(len(item.wordings), "wording")
        more = ", …" if len(item.sessions) > _MOST_IDS else ""
        return Row(text=f"{number}, {wordings}: {', '.join(item.sessions[:_MOST_IDS])}{more}")

    def unknown(self, item: document.UnknownItem) -> Row:
        return Row(text=item.id, aside=f"was {item.key}" if item.key else "", facts=_uses(item))

    def skills(self, item: document.SkillUseItem) -> Row:
        text = ": ".join(filter(None, (item.repository, item.path)))
        return Row(text=text, aside=item.key or "", facts=_uses(item))

    def cost(self, item: document.CostItem) -> Row:
        unpriced = f", {item.unpriced} not priced yet" if item.unpriced and item.acus else ""
        acus = "not priced yet" if item.acus is None else f"{item.acus:,} ACUs"
        facts = f"{acus} in {counted(item.sessions, 'session')}{unpriced}"
        return Row(text=item.key or f"{item.by} {item.id}", facts=facts)

    def _note(
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


def _uses(item: document.Uses) -> str:
    return f"misleading in {item.bad}, used well in {item.good}"


def _many(base: document.BaseItem) -> str:
    """Return how many targets were read, in words; empty for one, or none."""
    targets = [each.target for each in base.targets if not each.error]
    noun = "target" if any(t and t.enterprise for t in targets) else "organization"
    return counted(len(targets), noun) if len(targets) > 1 else ""
