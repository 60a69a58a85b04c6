"""Which side moved: held against an oracle over all small states, which is written the other way round."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.kinds.knowledge import Knowledge
from devinops.kinds.secret import Secret
from devinops.model.inventory import Base, fingerprint
from devinops.model.kind import Attribute
from devinops.model.objects import Source
from devinops.model.values import UNSET
from devinops.planning.three_way import Verdict, classify, moved_outside, sides

BODY = next(a for a in KINDS["knowledge"].attributes if a.name == "body")
PIN = next(a for a in KINDS["knowledge"].attributes if a.name == "pinned_repo")
VALUES = ["a", "b", "c", None]


def oracle(sent: Any, read: Any, want: Any, have: Any) -> Verdict:
    """Say what moved from the values themselves, where the code has only fingerprints of two of them."""
    if want == have:
        return Verdict.NOTHING if (want, have) == (sent, read) else Verdict.RECORD
    moved = {"git": want != sent, "live": have != read}
    return {
        (False, False): Verdict.NOTHING,
        (True, False): Verdict.UPDATE,
        (False, True): Verdict.DRIFT,
        (True, True): Verdict.CONFLICT,
    }[moved["git"], moved["live"]]


@pytest.mark.parametrize(("sent", "read", "want", "have"), list(product(VALUES, repeat=4)))
def test_every_small_state(sent: Any, read: Any, want: Any, have: Any) -> None:
    base = Base(fingerprint(sent), fingerprint(read))
    assert classify(PIN, base, want, have) is oracle(sent, read, want, have)


@pytest.mark.parametrize(("want", "have"), list(product(VALUES, repeat=2)))
def test_without_a_base_there_are_two_sides(want: Any, have: Any) -> None:
    assert classify(PIN, None, want, have) is (Verdict.RECORD if want == have else Verdict.UPDATE)


@pytest.mark.parametrize(
    ("base", "want", "have", "verdict"),
    [
        (None, UNSET, "a", Verdict.NOTHING),
        (("a", "a"), UNSET, "b", Verdict.RECORD),
        (None, "a", UNSET, Verdict.RECORD),
        (("a", None), "a", UNSET, Verdict.NOTHING),
        (("a", None), "b", UNSET, Verdict.UPDATE),
        (("a", None), "a", "a", Verdict.RECORD),
        (("a", None), "a", "b", Verdict.DRIFT),
        (("a", None), "b", "c", Verdict.CONFLICT),
    ],
)
def test_a_side_that_is_unset(
    base: tuple[Any, Any] | None, want: Any, have: Any, verdict: Verdict
) -> None:
    given_base = base and Base(
        fingerprint(base[0]), None if base[1] is None else fingerprint(base[1])
    )
    assert classify(PIN, given_base, want, have) is verdict


@pytest.mark.parametrize("seen", [*VALUES, UNSET])
@pytest.mark.parametrize("sent", [*VALUES, UNSET])
@pytest.mark.parametrize(("want", "have"), list(product([*VALUES, UNSET], repeat=2)))
def test_a_field_that_the_entry_leaves_out_never_asks_for_a_write_or_a_decision(
    seen: Any, sent: Any, want: Any, have: Any
) -> None:
    """What it was at the last apply only tells whether somebody changed it, and only while it is left out."""
    base = None if sent is UNSET else Base(fingerprint(sent), fingerprint(sent))
    left_out = None if seen is UNSET else fingerprint(seen)
    verdict = classify(PIN, base, want, have, left_out)
    if want is not UNSET:
        assert verdict is classify(PIN, base, want, have)
    elif base is None:
        moved = UNSET not in (seen, have) and seen != have
        assert verdict is (Verdict.LEFT_OUT if moved else Verdict.NOTHING)
    else:
        assert verdict is Verdict.RECORD, "from now on it is left out, as it is"


def test_a_server_that_normalises_makes_no_difference() -> None:
    base = Base(fingerprint("a\n\nb"), fingerprint("a b"))
    assert classify(BODY, base, "a\n\nb", "a b") is Verdict.NOTHING
    assert classify(BODY, base, "a\n\nc", "a b") is Verdict.UPDATE
    assert classify(BODY, base, "a\n\nb", "a c") is Verdict.DRIFT


def test_white_space_around_a_text_is_no_conflict() -> None:
    base = Base(fingerprint("a"), fingerprint("a"))
    assert classify(BODY, base, "b", "b\n") is Verdict.RECORD


def test_an_objects_fields_are_sorted_by_what_moved() -> None:
    kind = KINDS["knowledge"]
    before = Knowledge(name="A", trigger="t", body="b", pinned_repo="acme/api", is_enabled=True)
    bases = {name: Base(fingerprint(v), fingerprint(v)) for name, v in before.items()}
    want = Knowledge(name="A", trigger="git", body="git", pinned_repo="acme/api", is_enabled=True)
    have = Knowledge(name="A", trigger="t", body="live", pinned_repo=None, is_enabled=True)
    found = sides(kind, bases, want, have)
    assert [f.name for f in found.git] == ["trigger"]
    assert [f.name for f in found.live] == ["pinned_repo"]
    assert [f.name for f in found.both] == ["body"]
    assert found.record is False
    read = {name: fingerprint(value) for name, value in before.items()}
    assert moved_outside(read, have) == ("pinned_repo", "body")


@pytest.mark.parametrize(
    ("want", "have", "side", "keeps_policy"),
    [("new", "old", "git", True), ("new", "live", "both", True), ("old", "live", "live", False)],
)
def test_what_is_written_keeps_the_part_of_a_field_that_the_entry_leaves_out(
    want: str, have: str, side: str, keeps_policy: bool
) -> None:
    """A change outside is shown against the entry as it is."""
    kind, policy = KINDS["automation"], {"net_policy": {"mode": "open"}}
    sent: dict[str, Any] = {"devin_mode": "old"}
    bases = {"session_settings": Base(fingerprint(sent), fingerprint(sent | policy))}
    declared: dict[str, Any] = {"devin_mode": want}
    found = sides(
        kind,
        bases,
        kind.resource(name="A", session_settings=declared),
        kind.resource(name="A", session_settings={"devin_mode": have} | policy),
    )
    (change,) = [c for c in getattr(found, side) if c.name == "session_settings"]
    assert change.after == (declared | policy if keeps_policy else declared)


@pytest.mark.parametrize("sent", VALUES)
@pytest.mark.parametrize(("want", "have", "merged"), list(product(VALUES, repeat=3)))
def test_a_record_of_a_merge_settles_a_conflict_with_exactly_that_value(
    sent: Any, want: Any, have: Any, merged: Any
) -> None:
    """And it makes no difference in any other state."""
    kind, bases = KINDS["knowledge"], {"pinned_repo": Base(fingerprint(sent), fingerprint(sent))}
    two = Knowledge(name="A", pinned_repo=want), Knowledge(name="A", pinned_repo=have)
    before = sides(kind, bases, *two)
    after = sides(kind, bases, *two, {("pinned_repo", fingerprint(merged)): Source("f", 1)})
    if merged == have:
        assert (after.both, after.merged) == ((), before.both)
        assert (after.git, after.live) == (before.git, before.live)
    else:
        assert after == before
    assert sides(kind, bases, *two, {("body", fingerprint(have)): Source("f", 1)}) == before


def test_the_attributes_of_the_test_are_those_of_the_kind() -> None:
    assert isinstance(BODY, Attribute)
    assert BODY.text
    assert not PIN.text


def test_fields_that_no_api_knows_have_no_sides() -> None:
    want = Secret(key="A", type="totp", version="2")
    found = sides(KINDS["secret"], {}, want, Secret(key="A", type="totp"))
    assert (found.git, found.live, found.both) == ((), (), ())
