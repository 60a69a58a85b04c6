"""Who is who, where load's own checks do not already settle it, also after keys changed hands."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from devinops.kinds.automation import Automation
from devinops.kinds.knowledge import Knowledge
from devinops.kinds.secret import Secret
from devinops.model.inventory import Inventory, Record, base
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Declaration, Ensure, Snapshot, Source
from devinops.model.values import UNSET, canonical_text
from devinops.planning.match import Claim, Match, MatchedBy, Standing, match, text_of
from tests.testing.objects import live, snapshot
from tests.testing.plans import entry


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


# --- keys that changed hands ----------------------------------------------------------------------

Texts = Mapping[str, str]
"""Name → body, and the trigger after a slash; for objects, the id before a colon."""


def written(name: str, text: str, **facts: Ensure) -> Declaration:
    body, _, trigger = text.partition("/")
    return entry(Knowledge(name=name, folder=ROOT, trigger=trigger or "t", body=body), **facts)


def matched(owned: Texts, declared: Texts, lives: Texts) -> dict[str, Match]:
    records = [
        Record(Key("knowledge", ROOT, name), id, fields=base(wanted.resource, wanted.resource))
        for name, text in owned.items()
        for id, _, values in [text.partition(":")]
        for wanted in [written(name, values)]
    ]
    objects = []
    for id, text in lives.items():
        name, _, values = text.partition(":")
        body, _, trigger = values.partition("/")
        objects.append(live("knowledge", id=id, name=name, body=body, trigger=trigger or "t"))
    entries = [written(name, text) for name, text in declared.items()]
    matches = match(entries, Snapshot.of(objects), Inventory.of("file", records))
    return {found.declaration.key.name: found for found in matches}


def said(matches: Mapping[str, Match]) -> dict[str, str | None]:
    """Return name of an entry → id of its object, with `?` if there is doubt."""
    return {
        name: found.live and f"{found.live.id}{'?' if found.doubt else ''}"
        for name, found in matches.items()
    }


OWNED = {"A": "n1:a", "B": "n2:b"}
CHAIN = {"n1": "Old:a", "n2": "A:b"}
SWAP = {"n1": "B:a", "n2": "A:b"}


@pytest.mark.parametrize(
    ("declared", "lives", "means"),
    [
        pytest.param({"A": "a", "B": "b"}, CHAIN, {"A": "n1", "B": "n2"}, id="not followed"),
        pytest.param({"Old": "a", "B": "b"}, CHAIN, {"Old": "n1", "B": "n2"}, id="first half"),
        pytest.param({"Old": "a", "A": "b"}, CHAIN, {"Old": "n1", "A": "n2"}, id="followed"),
        pytest.param({"Old": "a", "A": "c"}, CHAIN, {"Old": "n1", "A": "n2"}, id="then edited"),
        pytest.param({"Old": "c", "A": "b"}, CHAIN, {"Old": "n1", "A": "n2"}, id="other edited"),
        pytest.param({"Old": "c", "A": "d"}, CHAIN, {"Old": None, "A": "n1?"}, id="both edited"),
        pytest.param({"A": "c", "B": "b"}, CHAIN, {"A": "n1", "B": "n2"}, id="edited only"),
        pytest.param({"A": "c", "B": "d"}, CHAIN, {"A": "n1?", "B": "n2?"}, id="both edited only"),
        pytest.param(
            {"Old": "a", "A": "b"},
            {"n1": "Older:a", "n2": "A:b"},
            {"Old": "n1", "A": "n2"},
            id="followed, and renamed once more",
        ),
        pytest.param(
            {"Old": "a", "A": "b"},
            {"n1": "Old:x", "n2": "A:y"},
            {"Old": "n1", "A": "n2"},
            id="followed, and edited outside",
        ),
        pytest.param(
            {"Old": "a", "A": "c"},
            {"n1": "Older:a", "n2": "A:b"},
            {"Old": None, "A": "n1?"},
            id="followed, edited, and renamed once more",
        ),
        pytest.param(
            {"Old": "a", "A": "new"}, {"n1": "Old:a"}, {"Old": "n1", "A": None}, id="new entry"
        ),
        pytest.param(
            {"Old": "a", "A": "new"},
            {"n1": "Old:a", "n3": "A:new"},
            {"Old": "n1", "A": "n3"},
            id="new object",
        ),
        pytest.param(
            {"Old": "a", "A": "new"},
            {"n1": "Old:a", "n3": "A:x", "n4": "A:new"},
            {"Old": "n1", "A": None},
            id="new objects of one name",
        ),
        pytest.param(
            {"A": "edited"}, {"n1": "Old:a", "n3": "A:x"}, {"A": "n1"}, id="stranger of the name"
        ),
        pytest.param({"A": "a", "B": "b"}, SWAP, {"A": "n1", "B": "n2"}, id="swap"),
        pytest.param({"A": "b", "B": "a"}, SWAP, {"A": "n2", "B": "n1"}, id="swap followed"),
        pytest.param({"A": "c", "B": "b"}, SWAP, {"A": "n1", "B": "n2"}, id="swap, edited"),
        pytest.param({"A": "b", "B": "c"}, SWAP, {"A": "n2", "B": "n1"}, id="swap both"),
        pytest.param({"A": "c", "B": "d"}, SWAP, {"A": "n1?", "B": "n2?"}, id="swap unclear"),
        pytest.param(
            {"A": "a", "B": "b"},
            {"n1": "B:a", "n2": "B:b"},
            {"A": "n1", "B": "n2"},
            id="name of an entry that has its object",
        ),
        pytest.param(
            {"A": "c", "B": "b"},
            {"n1": "B:a", "n2": "B:b"},
            {"A": "n1", "B": "n2"},
            id="name of an entry that has its object, edited",
        ),
    ],
)
def test_an_entry_means_the_object_whose_values_it_has(
    declared: Texts, lives: Texts, means: Mapping[str, str | None]
) -> None:
    assert said(matched(OWNED, declared, lives)) == means


@pytest.mark.parametrize("names", [*itertools.permutations(("A", "B", "C", "D"))])
def test_a_chain_of_renames_is_followed_in_every_order_of_the_names(names: tuple[str, ...]) -> None:
    """Each object takes the name that another one has just left; the files followed."""
    texts = ("one", "two", "three")
    owned = {names[i + 1]: f"n{i}:{text}" for i, text in enumerate(texts)}
    lives = {f"n{i}": f"{names[i]}:{text}" for i, text in enumerate(texts)}
    followed = {names[i]: text for i, text in enumerate(texts)}
    means = {names[i]: f"n{i}" for i in range(3)}
    assert said(matched(owned, followed, lives)) == means
    behind = {names[i + 1]: text for i, text in enumerate(texts)}
    assert said(matched(owned, behind, lives)) == {names[i + 1]: f"n{i}" for i in range(3)}


@pytest.mark.parametrize(
    ("declared", "means"),
    [
        ({"A": "same/a", "B": "same/b"}, {"A": "n1", "B": "n2"}),
        ({"A": "same/b", "B": "same/a"}, {"A": "n2", "B": "n1"}),
        ({"Old": "same/a", "A": "same/b"}, {"A": "n2", "Old": "n1"}),
    ],
)
def test_objects_of_one_text_differ_in_their_other_values(
    declared: Texts, means: Mapping[str, str | None]
) -> None:
    owned = {"A": "n1:same/a", "B": "n2:same/b"}
    lives = {"n1": "B:same/a", "n2": "A:same/b"}
    assert said(matched(owned, declared, lives)) == means


def test_an_entry_with_a_new_key_means_the_object_that_has_it_if_all_values_are_equal() -> None:
    owned = {"A": "n1:same", "B": "n2:same"}
    lives = {"n1": "Old:same", "n2": "A:same"}
    assert said(matched(owned, {"A": "same", "Old": "same"}, lives)) == {"A": "n2", "Old": "n1"}
    assert said(matched(owned, {"A": "same", "B": "same"}, lives)) == {"A": "n1", "B": "n2"}


def test_a_doubt_names_the_objects_and_the_next_step() -> None:
    doubt = matched(OWNED, {"A": "c", "B": "d"}, SWAP)["A"].doubt
    assert doubt == (
        "its object is knowledge:B in the web app now, and another object has the name of this entry, and "
        "a.yaml:1:1 has an entry with that name: if its object belongs to this entry, rename it back to "
        "knowledge:A in the web app; otherwise run devinops inventory forget knowledge:B, then devinops "
        "inventory link knowledge:A ID with the other id"
    )
    doubt = matched({"A": "n1:a"}, {"A": "c", "B": "d"}, {"n1": "B:a"})["A"].doubt
    assert doubt.endswith(
        "; otherwise run devinops inventory forget knowledge:A, then devinops inventory link "
        "knowledge:B ID"
    )
    doubt = matched({"A": "n1:a"}, {"A": "c", "B": "d"}, SWAP)["A"].doubt
    assert doubt.endswith(
        "; otherwise run devinops inventory link knowledge:A ID with the other id"
    )


UNFOLLOWED = ({"A": "c", "B": "d"}, {"n1": "B:a"})


def test_both_ways_out_of_a_doubt_end_it() -> None:
    declared, lives = UNFOLLOWED
    assert said(matched({"A": "n1:a"}, declared, lives)) == {"A": "n1?", "B": None}
    assert said(matched({"A": "n1:a"}, declared, {"n1": "A:a"})) == {"A": "n1", "B": None}
    assert said(matched({"B": "n1:a"}, declared, lives)) == {"A": None, "B": "n1"}
    both = {"A": "c", "B": "d"}
    assert said(matched(OWNED, both, {"n1": "A:a", "n2": "A:b"})) == {"A": "n1", "B": "n2"}
    assert said(matched({"A": "n2:b"}, both, SWAP)) == {"A": "n2", "B": "n1"}


def test_a_doubt_about_several_objects_leaves_the_id_to_the_reader() -> None:
    lives = {"n1": "Old:a", "n2": "A:b", "n3": "A:x"}
    doubt = matched(OWNED, {"A": "c"}, lives)["A"].doubt
    assert "2 other objects have the name of this entry: " in doubt
    assert doubt.endswith(
        "otherwise run devinops inventory link knowledge:A ID with the id of the right one"
    )


@pytest.mark.parametrize(("heir", "expected"), [("a", Standing.UNCLEAR), ("other", Standing.HOLDS)])
def test_a_tombstone_never_means_the_object_of_another_entry(heir: str, expected: Standing) -> None:
    tombstone = Declaration(
        Key("knowledge", ROOT, "A"),
        Knowledge(name="A", folder=ROOT),
        Source("a.yaml"),
        ensure=Ensure.ABSENT,
    )
    one = live("knowledge", id="n1", name="B", body="a")
    inventory = Inventory.of("file", [Record(tombstone.key, "n1")])
    entries = {d.key: d for d in (tombstone, written("B", heir))}
    claim = Claim.of(tombstone, one, entries, Snapshot.of([one]), inventory)
    assert claim.standing(inventory) is expected
    entries = {d.key: d for d in (tombstone, written("B", heir, ensure=Ensure.UNMANAGED))}
    assert not Claim.of(tombstone, one, entries, Snapshot.of([one]), inventory).is_contested


def test_all_values_count_for_a_kind_without_a_text() -> None:
    def wanted(name: str, is_enabled: bool) -> Declaration:
        return entry(Automation(name=name, triggers=[], actions=[], enabled=is_enabled))

    lives = [
        live("automation", id="a1", name="Old", triggers=[], actions=[], enabled=True),
        live("automation", id="a2", name="A", triggers=[], actions=[], enabled=False),
    ]
    records = [
        Record(Key("automation", ROOT, name), one.id, fields=base(one.resource, one.resource))
        for name, one in zip(("A", "B"), lives, strict=True)
    ]
    matches = match(
        [wanted("Old", True), wanted("A", False)], Snapshot.of(lives), Inventory.of("file", records)
    )
    assert {m.declaration.key.name: m.live and m.live.id for m in matches} == {
        "Old": "a1",
        "A": "a2",
    }


@pytest.mark.parametrize(
    ("declared", "means"),
    [
        ({"A": "one/new", "B": "two/new"}, {"A": "n1", "B": "n2"}),
        ({"A": "two/new", "B": "one/new"}, {"A": "n2", "B": "n1"}),
    ],
)
def test_an_entry_with_another_trigger_still_means_the_object_of_its_text(
    declared: Texts, means: Mapping[str, str | None]
) -> None:
    owned = {"A": "n1:one/a", "B": "n2:two/b"}
    lives = {"n1": "B:one/a", "n2": "A:two/b"}
    assert said(matched(owned, declared, lives)) == means


def test_an_object_that_has_the_name_of_its_entry_is_claimed_by_it_alone() -> None:
    wanted, one = written("A", "a"), live("knowledge", id="n1", name="A", body="a")
    inventory = Inventory.of("file", [Record(wanted.key, "n1")])
    claim = Claim.of(wanted, one, {wanted.key: wanted}, Snapshot.of([one]), inventory)
    assert claim == Claim(wanted, one)
    assert not claim.is_contested
