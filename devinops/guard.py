"""What refuses a whole run before its first write. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from devinops.model import Action, Change
from devinops.policy import MaxDelete

ALWAYS_ALLOWED = 3


def refusals(
    changes: Iterable[Change], owned: Mapping[str, int], limit: MaxDelete, allow_delete: int | None
) -> tuple[str, ...]:
    """Say why these changes must not be applied; empty where they may.

    Deletes of a kind above max(3, `limit` of the `owned` objects of that kind) want `--allow-delete N`, and
    N accepts exactly that many deletes in all: another number than the reviewed one is refused as well.
    """
    deletes = Counter(change.key.kind for change in changes if change.action is Action.DELETE)
    total = deletes.total()
    if allow_delete is not None:
        if allow_delete == total:
            return ()
        return (
            f"--allow-delete {allow_delete} accepts exactly {allow_delete} deletes, this plan has {total}",
        )
    return tuple(
        f"{count} {kind} deletes are more than {allowed} (3, or max_delete {limit} of {owned.get(kind, 0)} owned): "
        f"look at each, then pass --allow-delete {total}"
        for kind, count in sorted(deletes.items())
        if count > (allowed := max(ALWAYS_ALLOWED, limit.of(owned.get(kind, 0))))
    )
