"""Who is who, where load's own checks do not already settle it."""

from __future__ import annotations

from devinops.kinds.knowledge import Knowledge
from devinops.match import Found, match
from devinops.model import ROOT, Declaration, Key, Source
from tests.support import snapshot


def note(name: str, *previously: str) -> Declaration:
    resource = Knowledge(name=name, folder=ROOT, trigger="t", body="b")
    old = tuple(Key("knowledge", ROOT, one) for one in previously)
    return Declaration(Key("knowledge", ROOT, name), resource, Source("a.yaml"), previously=old)


def found(*declarations: Declaration, live: list[str]) -> dict[str, tuple[str | None, Found | None]]:
    matches = match(declarations, snapshot({"kind": "knowledge", "name": name} for name in live))
    return {m.declaration.key.name: (m.live and m.live.key.name, m.found) for m in matches}


def test_an_object_that_another_entry_has_by_its_exact_key_is_not_taken_for_a_renamed_one() -> None:
    assert found(note("New", "Old"), note("Old"), live=["Old"]) == {
        "New": (None, None),
        "Old": ("Old", Found.KEY),
    }


def test_one_object_is_never_taken_twice() -> None:
    assert found(note("A", "Old"), note("B", "Old"), live=["Old"]) == {
        "A": ("Old", Found.PREVIOUSLY),
        "B": (None, None),
    }


def test_two_entries_can_swap_their_names_only_by_way_of_a_third() -> None:
    swapped = found(note("A", "B"), note("B", "A"), live=["A", "B"])
    assert swapped == {"A": ("A", Found.KEY), "B": ("B", Found.KEY)}
