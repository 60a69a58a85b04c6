"""Records whose object is gone, and the live objects that might be it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from devinops.model.inventory import Inventory, Record, fingerprints
from devinops.model.objects import Live, Snapshot

SAME_BODY = "the same body"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live object that nobody owns, and what speaks for it."""

    live: Live
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A record without its object. `link` is the one object to point it to, None where that is not clear."""

    record: Record
    candidates: tuple[Candidate, ...] = ()
    link: Candidate | None = None

    @property
    def linked(self) -> Record:
        """The record of the new object. What was sent to that is unknown, so nothing of the old is kept."""
        assert self.link
        return replace(self.record, id=self.link.live.id, fields={})


def find(inventory: Inventory, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Return what is missing, in the order of keys, each with the best candidates.

    An object that is the best one for two records is linked to neither, and one of another text to none: whoever
    wrote that would lose it with the next apply. `inventory link` is there for a person who knows.
    """
    missing = [r for r in inventory.owned if r.object_id not in snapshot.by_id]
    free = [
        live for live in snapshot.objects if live.ours and live.object_id not in inventory.by_id
    ]
    found = [Finding(record, tuple(_best(record, free))) for record in missing]
    wanted = Counter(one.candidates[0].live.id for one in found if len(one.candidates) == 1)
    return tuple(
        replace(one, link=one.candidates[0])
        if len(one.candidates) == 1
        and wanted[one.candidates[0].live.id] == 1
        and SAME_BODY in one.candidates[0].evidence
        else one
        for one in found
    )


def _best(record: Record, free: Iterable[Live]) -> Iterator[Candidate]:
    """Yield the objects for which the most speaks; the body counts more than the name, that more than the folder."""
    ranked = [
        (rank, live)
        for live in free
        if live.key.kind == record.key.kind
        if (rank := _rank(record, live))
    ]
    most = max((rank for rank, _ in ranked), default=None)
    for rank, live in ranked:
        if rank == most:
            words = (SAME_BODY, "the same name", "the same folder")
            evidence = [word for word, holds in zip(words, rank, strict=True) if holds]
            yield Candidate(live, tuple(evidence if rank[0] else [*evidence, "another body"]))


def _rank(record: Record, live: Live) -> tuple[bool, bool, bool] | None:
    document = live.kind.document or ""
    base = record.fields.get(document)
    body = base is not None and fingerprints(live.resource).get(document) in (base.read, base.sent)
    name = live.key.name == record.key.name
    if not (body or name):
        return None
    return body, name, live.key.folder == record.key.folder
