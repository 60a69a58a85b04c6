"""Objects of a kind that differ only in what each user may see differently are one line."""

from __future__ import annotations

import pytest

from devinops.kinds import KINDS
from devinops.model.changes import Drift, DriftEvent, FieldChange
from devinops.model.keys import Key
from devinops.model.values import UNSET
from devinops.planning.run import At
from devinops.render.run_blocks import alike_once, drift_summary


def drift(name: str, *fields: str, moved: DriftEvent = DriftEvent.EDITED) -> Drift:
    changes = tuple(FieldChange(field, UNSET, False) for field in fields)
    key, reason = Key.parse(f"knowledge:{name}"), ", ".join(fields)
    return Drift(moved, key, f"note-{name}", reason, changes, at=0, by="somebody")


ON = ("is_enabled",)
A, B, C = (drift(name, *ON) for name in "ABC")
MORE = [drift(str(number), *ON) for number in range(9)]


@pytest.mark.parametrize(
    ("items", "lines"),
    [
        ([], []),
        ([A], ["A edited: is_enabled; last changed 1970-01-01 00:00 UTC by somebody"]),
        ([A, B, C], ["A edited: is_enabled, also of knowledge:B, knowledge:C; each user may see another value"]),
        ([*MORE, A], ["0 edited: is_enabled, also of knowledge:1, knowledge:2, knowledge:3, knowledge:4, knowledge:5 and 4 more; each user may see another value"]),
        ([A, drift("B", "is_enabled", "body")], ["A", "B"]),
        ([drift("A", "body"), drift("B", "body")], ["A", "B"]),
        ([A, drift("B", *ON, moved=DriftEvent.RECREATED)], ["A", "B"]),
        ([drift("A", moved=DriftEvent.DELETED), drift("A", moved=DriftEvent.DELETED)], ["A deleted", "A deleted"]),
    ],
    ids=["nothing", "one", "three", "many", "another field too", "another field", "created again", "deleted"],
)  # fmt: skip
def test_what_each_user_may_see_differently_is_one_line(
    items: list[Drift], lines: list[str]
) -> None:
    shown = [f"{item.key.name} {drift_summary(item)}" for item, _ in alike_once((item, ()) for item in items)]  # fmt: skip
    assert len(shown) == len(lines)
    assert all(text.startswith(line) for text, line in zip(shown, lines, strict=True))


def test_it_is_one_line_for_the_same_targets() -> None:
    both = (At("t1"), At("t2"))
    shown = list(alike_once([(A, both), (B, both[:1]), (C, both)]))
    assert [(item.key.name, at) for item, at in shown] == [("A", both), ("B", both[:1])]
    assert "also of knowledge:C" in shown[0][0].reason


def test_only_the_switch_of_a_note_may_be_each_users_own() -> None:
    """Source: product pages describe enabling per user; whose view the API shows is open."""
    own = {(noun, a.name) for noun, kind in KINDS.items() for a in kind.attributes if a.per_user}
    assert own == {("knowledge", "is_enabled")}
