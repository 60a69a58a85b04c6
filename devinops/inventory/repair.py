"""Finds records whose object is gone, and the live objects that may have taken its place. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from devinops.model.inventory import Inventory, Record, fingerprints
from devinops.model.keys import Key
from devinops.model.objects import Live, Snapshot

SAME_BODY = "the same body"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live object that is not owned, and the evidence that it is the one of a record."""

    live: Live
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A record whose object is gone. `link` is the object to link it to, if that is clear."""

    record: Record
    candidates: tuple[Candidate, ...] = ()
    link: Candidate | None = None

    @property
    def linked(self) -> Record:
        """The record for the new object. Its fields are empty: what was sent to it is unknown."""
        assert self.link
        return replace(self.record, id=self.link.live.id, fields={})


def find(
    inventory: Inventory, snapshot: Snapshot, declared: Collection[Key]
) -> tuple[Finding, ...]:
    """Return the records whose object is gone, by key, each with its best candidates.

    A record whose key is not `declared` has none: the next plan would delete what it is linked to.
    A record is linked to its only candidate. If that is the candidate of another record too, or has
    another body, neither is linked: the next apply would overwrite what somebody wrote. A person
    who knows better can use `inventory link`.
    """
    unowned = [
        live for live in snapshot.objects if live.ours and live.object_id not in inventory.by_id
    ]
    findings = [
        Finding(record, tuple(_best(record, unowned)) if record.key in declared else ())
        for record in inventory.owned
        if record.object_id not in snapshot.by_id
    ]
    claims = Counter(f.candidates[0].live.id for f in findings if len(f.candidates) == 1)
    return tuple(_with_link(finding, claims) for finding in findings)


def _with_link(finding: Finding, claims: Counter[str]) -> Finding:
    """Return a finding linked to its only candidate, if only this record claims it by its body.

    `claims` counts the records that have an object, by its id, as their only candidate.
    """
    if len(finding.candidates) != 1:
        return finding
    (candidate,) = finding.candidates
    if claims[candidate.live.id] == 1 and SAME_BODY in candidate.evidence:
        return replace(finding, link=candidate)
    return finding


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
