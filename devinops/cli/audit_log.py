"""Who edited an object outside devinops: looked up in the audit log if the lists do not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from devinops.model.changes import Drift, DriftEvent
from devinops.model.client_protocols import Author, Reader

CLOCK_SKEW_S = 60 * 60
"""How long before the first edit and after the last to read the audit log: clocks differ."""


def with_editors(drift: Sequence[Drift], reader: Reader) -> tuple[Drift, ...]:
    """Return the drift with the people who caused it, if the API names them.

    The lists name the last editor of a playbook; for notes the audit log is read.
    """
    unnamed = {edit.id: edit.at for edit in drift if _is_anonymous(edit)}
    times = [at for at in unnamed.values() if at is not None]
    if not times:
        return tuple(drift)
    authors = reader.authors(list(unnamed), min(times) - CLOCK_SKEW_S, max(times) + CLOCK_SKEW_S)
    return tuple(_named(edit, authors.get(edit.id)) for edit in drift)


def _is_anonymous(drift: Drift) -> bool:
    return drift.moved is DriftEvent.EDITED and drift.by is None


def _named(drift: Drift, author: Author | None) -> Drift:
    return replace(drift, by=author.who) if author and _is_anonymous(drift) else drift
