"""The inventory as values: fingerprints, records, what changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devinops.kinds.knowledge import Knowledge
from devinops.kinds.secret import Secret
from devinops.model.changes import Action
from devinops.model.inventory import Intent, Inventory, Record, base, fingerprint
from devinops.model.keys import Key


@given(
    a=st.one_of(st.none(), st.booleans(), st.text(), st.integers()),
    b=st.one_of(st.none(), st.booleans(), st.text(), st.integers()),
)
def test_fingerprints_tell_values_apart(a: Any, b: Any) -> None:
    assert (fingerprint(a) == fingerprint(b)) is (a == b and type(a) is type(b))


A, B = (Record(Key.parse(f"knowledge:{name}"), f"id-{name}") for name in "AB")


def test_a_record_takes_the_place_of_the_one_with_its_id_and_of_the_one_with_its_key() -> None:
    """An object that was created again has its old key, and one that was renamed its old id."""
    inventory = Inventory.of("file", [B, A])
    renamed, again = replace(A, key=Key.parse("knowledge:C")), replace(B, id="id-new")
    assert inventory.records == (A, B)
    assert inventory.changed(upserts=[renamed]).records == (B, renamed)
    assert inventory.changed(upserts=[again]).records == (A, again)
    assert inventory.changed(removals=[A.object_id]).records == (B,)


def test_folders_are_remembered_and_never_owned() -> None:
    folder = Record(Key.parse("folder:F"), "f1", memory=True)
    inventory = Inventory.of("file", [A, folder])
    assert inventory.owned == (A,)
    assert set(inventory.by_id) == {("knowledge", A.id), ("folder", "f1")}


def test_only_a_create_that_nobody_saw_the_end_of_is_unclear() -> None:
    intents = [Intent("r", Action.CREATE, A.key, unclear=True), Intent("r", Action.CREATE, B.key)]
    inventory = Inventory.of("file", [], intents)
    assert inventory.unclear == {A.key}
    assert inventory.changed(upserts=[B]).intents == tuple(intents)


def test_the_base_of_a_field_holds_what_was_sent_and_what_came_back() -> None:
    sent = Knowledge(name="A", body="a\n\nb", macro="!a")
    bases = base(sent, Knowledge(name="A", body="a b"))
    assert bases["name"].sent == bases["name"].read
    assert bases["body"].sent != bases["body"].read
    assert bases["macro"].read is None


def test_where_a_value_comes_from_is_no_part_of_what_is_remembered() -> None:
    secret = Secret(key="A", value_from={"env": "X"})
    assert set(base(secret, secret)) == {"key"}
