"""Reads the lists that a pull needs, and works on what has come while the rest is on its way."""

from __future__ import annotations

import queue
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from devinops import waiting
from devinops.api.parallel import overlapping, started
from devinops.cli.early_reading import decode
from devinops.cli.session import Session
from devinops.ingest.result import NotRead, Pulled
from devinops.kinds import KINDS
from devinops.model.client import Page, Reader, ignore
from devinops.model.errors import FORBIDDEN, ApiError
from devinops.model.objects import Live, Snapshot


@dataclass(frozen=True)
class Reading:
    """The objects of the kinds that could be listed; `not_read` are those that the key may not."""

    snapshot: Snapshot
    kinds: frozenset[str]
    not_read: tuple[NotRead, ...] = ()


def first_reading(
    session: Session[Reader], asked: Collection[str], look_ahead: Callable[[Live], None] | None
) -> Reading:
    """Return what can be listed of the kinds that were asked for, of all kinds if none was.

    `look_ahead`, if any, gets the objects of each page while the next one is on its way. Raises
    ApiError.
    """
    kinds = _kinds(session, asked)
    if look_ahead is None:
        return _readable(session, kinds, ignore)
    pages: queue.SimpleQueue[Page | None] = queue.SimpleQueue()

    def read() -> Reading:
        try:
            return _readable(session, kinds, pages.put)
        finally:
            pages.put(None)

    with overlapping():
        reading = started(read)
        while page := waiting.item(pages):
            with suppress(ApiError):  # raised again by the call that needs the result
                for live in page():
                    look_ahead(live)
        return reading()


def proved(
    session: Session[Reader], first: Snapshot, prepare: Callable[[Snapshot], Pulled]
) -> Pulled:
    """Return what is prepared of a snapshot whose lists are proved complete.

    Proving means reading the lists again. Meanwhile this is prepared from the first reading, and it
    is prepared again only if the second one differs.
    """
    kinds = first.unproved
    if not kinds:
        return prepare(first)
    pages: queue.SimpleQueue[Page | None] = queue.SimpleQueue()

    def read() -> Snapshot:
        try:
            return session.snapshot(kinds, pages=pages.put)
        finally:
            pages.put(None)

    with overlapping():
        again = started(read)
        pulled = prepare(first)
        decode(pages)
        second = _of_kinds(again(), kinds)
    if second == _of_kinds(first, kinds):
        return pulled
    others = (live for live in first.objects if live.key.kind not in kinds)
    return prepare(Snapshot.of([*others, *second]))


def _of_kinds(snapshot: Snapshot, kinds: Collection[str]) -> list[Live]:
    return [live for live in snapshot.objects if live.key.kind in kinds]


def _kinds(session: Session[Reader], asked: Collection[str]) -> frozenset[str]:
    """Return the kinds that were asked for; by default those that the target and its keys have."""
    target, key = session.client.target, session.settings.enterprise_key
    known = [kind for kind in KINDS.values() if kind.is_in(target.api, target.scope)]
    if asked:
        return frozenset(kind.noun for kind in known if kind.noun in asked)
    return frozenset(
        kind.noun for kind in known if key or not kind.apis[target.api].is_about_organization
    )


def _readable(
    session: Session[Reader], kinds: frozenset[str], pages: Callable[[Page], None]
) -> Reading:
    """Return all kinds, or those that the key may list."""
    try:
        return Reading(session.snapshot(kinds, sure=False, pages=pages), kinds)
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise
    not_read = tuple(refusal for noun in sorted(kinds) if (refusal := _refusal(session, noun)))
    readable = kinds - {item.kind for item in not_read}
    snapshot = session.snapshot(readable, sure=False) if readable else Snapshot(())
    return Reading(snapshot, readable, not_read)


def _refusal(session: Session[Reader], noun: str) -> NotRead | None:
    """Return why the key may not list a kind; None if it may. Raises ApiError."""
    try:
        session.snapshot({noun}, sure=False)
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise
        return NotRead(noun, str(error))
    return None
