"""Lists what a key may list, for pull and export; pull works on what has come meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from devinops.api.parallel import PagedReading, overlapping
from devinops.cli.session import Session
from devinops.ingest.pull_result import NotRead, Pulled
from devinops.kinds import KINDS
from devinops.model.client_protocols import PageDecoder, Reader, ignore
from devinops.model.errors import FORBIDDEN, ApiError
from devinops.model.objects import Live, Snapshot


@dataclass(frozen=True)
class ReadableKinds:
    """The objects of the kinds that could be listed; `not_read` says why others could not."""

    snapshot: Snapshot
    kinds: frozenset[str]
    not_read: tuple[NotRead, ...] = ()


def verified(
    session: Session[Reader], first: Snapshot, prepare: Callable[[Snapshot], Pulled]
) -> Pulled:
    """Return what is prepared of a snapshot whose lists are proved complete.

    Proving means reading the lists again. Meanwhile this is prepared from the first reading, and it
    is prepared again only if the second one differs.
    """
    if not first.unverified:
        return prepare(first)
    # Notes are read with the folders that they name: a folder may have been renamed since.
    kinds = KINDS.with_referred(first.unverified)
    with overlapping():
        again = PagedReading(lambda pages: session.snapshot(kinds, pages=pages))
        pulled = prepare(first)
        again.decode()
        second = _of_kinds(again.result(), kinds)
    if second == _of_kinds(first, kinds):
        return pulled
    others = (live for live in first.objects if live.key.kind not in kinds)
    return prepare(Snapshot.of([*others, *second]))


def _of_kinds(snapshot: Snapshot, kinds: Collection[str]) -> list[Live]:
    return [live for live in snapshot.objects if live.key.kind in kinds]


def existing(session: Session[Reader], nouns: Collection[str]) -> frozenset[str]:
    """Return those of the kinds that the target has."""
    target = session.client.target
    return frozenset(noun for noun in nouns if KINDS[noun].is_in(target.api, target.scope))


def reachable(session: Session[Reader]) -> frozenset[str]:
    """Return the kinds that the target has and its keys can reach, without those `only_named`."""
    api, key = session.client.target.api, session.settings.connection.enterprise_key
    kinds = (KINDS[noun] for noun in existing(session, KINDS.declared))
    reached = (kind for kind in kinds if key or not kind.apis[api].is_about_organization)
    return frozenset(kind.noun for kind in reached if not kind.only_named)


def readable(
    session: Session[Reader],
    kinds: frozenset[str],
    needed: Collection[str] = (),
    pages: Callable[[PageDecoder], None] = ignore,
    *,
    verify: bool = False,
) -> ReadableKinds:
    """Return all objects of the kinds, or of those that can be listed.

    For `verify` and `pages` see `Reader`. Raises ApiError, also if a list is missing whose kind is
    `needed`, or if no list shows that the address and the organization are right.
    """
    try:
        return ReadableKinds(session.snapshot(kinds, verify=verify, pages=pages), kinds)
    except ApiError as error:
        if error.status != FORBIDDEN and not error.is_missing:
            raise
    refused = {noun: refusal for noun in sorted(kinds) if (refusal := _refusal(session, noun))}
    allowed, api = kinds - refused.keys(), session.client.target.api
    of_settings = {noun for noun in kinds if KINDS[noun].apis[api].is_about_organization}
    is_all_refused = not allowed and kinds == reachable(session)
    for noun, refusal in refused.items():
        is_absent = noun not in needed and allowed - of_settings
        if is_all_refused or (refusal.is_missing and not is_absent and noun not in of_settings):
            raise refusal
    snapshot = session.snapshot(allowed, verify=verify) if allowed else Snapshot(())
    not_read = tuple(NotRead(noun, str(refusal)) for noun, refusal in refused.items())
    return ReadableKinds(snapshot, allowed, not_read)


def _refusal(session: Session[Reader], noun: str) -> ApiError | None:
    """Return why a kind cannot be listed, or None if it can.

    Either the key lacks the permission, or the API has no such list. Raises ApiError.
    """
    try:
        session.snapshot({noun}, verify=False)
    except ApiError as error:
        if error.status != FORBIDDEN and not error.is_missing:
            raise
        return error
    return None
