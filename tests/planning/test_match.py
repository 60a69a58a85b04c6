"""Who is who, where load's own checks do not already settle it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from devinops.kinds.knowledge import Knowledge
from devinops.kinds.secret import Secret
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Declaration, Snapshot, Source
from devinops.model.values import UNSET, canonical_text
from devinops.planning.match import MatchedBy, match, text_of
from tests.testing.objects import live, snapshot


def note(name: str, *previously: str) -> Declaration:
    resource = Knowledge(name=name, folder=ROOT, trigger="t", body="b")
    old = tuple(Key("knowledge", ROOT, one) for one in previously)
    return Declaration(Key("knowledge", ROOT, name), resource, Source("a.yaml"), previously=old)


def found(
    *declarations: Declaration, live: list[str]
) -> dict[str, tuple[str | None, MatchedBy | None]]:
    matches = match(declarations, snapshot({"kind": "knowledge", "name": name} for name in live))
    return {
        m.declaration.key.name: (m.live.key.name if m.live else None, m.matched_by) for m in matches
    }


def test_an_object_that_another_entry_has_by_its_exact_key_is_not_taken_for_a_renamed_one() -> None:
    assert found(note("New", "Old"), note("Old"), live=["Old"]) == {
        "New": (None, None),
        "Old": ("Old", MatchedBy.KEY),
    }


def test_one_object_is_never_taken_twice() -> None:
    assert found(note("A", "Old"), note("B", "Old"), live=["Old"]) == {
        "A": ("Old", MatchedBy.PREVIOUSLY),
        "B": (None, None),
    }


def test_two_entries_can_swap_their_names_only_by_way_of_a_third() -> None:
    swapped = found(note("A", "B"), note("B", "A"), live=["A", "B"])
    assert swapped == {"A": ("A", MatchedBy.KEY), "B": ("B", MatchedBy.KEY)}


@pytest.mark.parametrize(
    ("owned", "facts", "found", "under"),
    [
        ("New", {"name": "Elsewhere"}, MatchedBy.INVENTORY, "New"),
        (None, {"name": "New"}, MatchedBy.KEY, "New"),
        (None, {"name": "Old"}, MatchedBy.PREVIOUSLY, "Old"),
        ("Old", {"name": "Elsewhere"}, MatchedBy.PREVIOUSLY, "Old"),
        ("Gone", {"name": "Gone"}, MatchedBy.TEXT, "Gone"),
    ],
)
def test_a_match_says_how_its_object_was_recognised_and_under_which_key(
    owned: str | None, facts: dict[str, Any], found: MatchedBy, under: str
) -> None:
    one = live("knowledge", id="n1", **facts)
    records = [Record(Key("knowledge", ROOT, owned), "n1")] if owned else []
    (matched,) = match([note("New", "Old")], Snapshot.of([one]), Inventory.of("file", records))
    assert (matched.live, matched.matched_by, matched.namesakes) == (one, found, ())
    assert matched.key == Key("knowledge", ROOT, under)
    assert matched.record == (records[0] if owned else None)


def test_namesakes_come_with_the_key_that_they_share() -> None:
    two = [live("knowledge", name="Old", id=id) for id in ("n1", "n2")]
    (matched,) = match([note("New", "Old")], Snapshot.of(two))
    assert (matched.live, matched.matched_by, matched.record) == (None, None, None)
    assert matched.namesakes == tuple(two)
    assert matched.key == Key("knowledge", ROOT, "Old")


def test_a_body_is_a_text_or_none() -> None:
    note = Knowledge(name="A", folder=ROOT, trigger="t", body="a\r\n")
    assert text_of(note) == canonical_text("a\n")
    assert text_of(replace(note, body=UNSET)) == ""
    assert text_of(Secret(key="A", type="totp")) == ""
