"""Finds records whose object is gone, and the live objects that may have taken its place. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from devinops.model.inventory import Inventory, Record, fingerprints
from devinops.model.keys import Key
from devinops.model.objects import Live, Snapshot

SAME_BODY = "the same body"


class Candidate(NamedTuple):
    """A live object that is not owned, and the evidence that it is the one of a record."""

    live: Live
    evidence: tuple[str, ...]


class LostRecord(NamedTuple):
    """A record whose object is gone. `link` is the object to link it to, if that is clear."""

    record: Record
    candidates: tuple[Candidate, ...] = ()
    link: Candidate | None = None

    @property
    def linked(self) -> Record:
        """The record for the new object. Its fields are empty: what was sent to it is unknown."""
        assert self.link
        return replace(self.record, id=self.link.live.id, fields={}, left_out={})


def find(
    inventory: Inventory, snapshot: Snapshot, declared: Collection[Key]
) -> tuple[LostRecord, ...]:
    """Return the records whose object is gone, by key, each with its best candidates.

    A record whose key is not `declared` has none: the next plan would delete what it is linked to.
    A record is linked to its only candidate. If that is the candidate of another record too, or has
    another body, neither is linked: the next apply would overwrite what somebody wrote. A person
    who knows better can use `inventory link`.
    """
    unowned = snapshot.unmanaged(inventory.by_id)
    lost = [
        LostRecord(record, tuple(_best(record, unowned)) if record.key in declared else ())
        for record in inventory.owned
        if record.object_id not in snapshot.by_id
    ]
    claims = Counter(item.candidates[0].live.id for item in lost if len(item.candidates) == 1)
    return tuple(_with_link(item, claims) for item in lost)


def _with_link(lost: LostRecord, claims: Counter[str]) -> LostRecord:
    """Return a lost record linked to its only candidate, if only this record claims it by its body.

    `claims` counts the records that have an object, by its id, as their only candidate.
    """
    if len(lost.candidates) != 1:
        return lost
    (candidate,) = lost.candidates
    if claims[candidate.live.id] == 1 and SAME_BODY in candidate.evidence:
        return lost._replace(link=candidate)
    return lost


def _best(record: Record, unowned: Iterable[Live]) -> Iterator[Candidate]:
    """Yield the objects with the best rank for a record."""
    ranks = [(_rank(record, live), live) for live in unowned if live.key.kind == record.key.kind]
    ranked = [(rank, live) for rank, live in ranks if rank]
    best = max((rank for rank, _ in ranked), default=None)
    for rank, live in ranked:
        if rank == best:
            yield Candidate(live, _evidence(rank))


def _evidence(rank: tuple[bool, bool, bool]) -> tuple[str, ...]:
    facts = (SAME_BODY, "the same name", "the same folder")
    evidence = [fact for fact, is_true in zip(facts, rank, strict=True) if is_true]
    return tuple(evidence if rank[0] else [*evidence, "another body"])


def _rank(record: Record, live: Live) -> tuple[bool, bool, bool] | None:
    """Return whether the body, the name and the folder are the same, in the order of their weight.

    None if neither the body nor the name is the same.
    """
    document = live.kind.document or ""
    base = record.fields.get(document)
    body = base is not None and fingerprints(live.resource).get(document) in (base.read, base.sent)
    name = live.key.name == record.key.name
    if not (body or name):
        return None
    return body, name, live.key.folder == record.key.folder
