"""A damaged inventory or journal is refused in one line, or says what its lines say; it is never a smaller one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.inventory.format import dump, dump_settled, parse, parse_settled
from devinops.inventory.merge import Settled
from devinops.model.changes import Action
from devinops.model.errors import InventoryError
from devinops.model.inventory import Base, Inventory, Record
from devinops.model.keys import Key
from tests.testing.damage import damaged, fuzz, mutated, one_line, text_of, values
from tests.testing.inventories import TARGET, intent, record
from tests.testing.strategies import inventories

RECORDS = [
    record("Backend/a"),
    Record(Key.parse("playbook:P"), "p-1", None, "c0ffee", True, {"body": Base("s", None), "title": Base("s", "r")}),
    Record(Key.parse("secret:K"), "s-1"),
    Record(Key.parse("folder:Backend"), "f-1", memory=True),
]  # fmt: skip
REAL = dump(
    TARGET,
    Inventory.of(
        "file", RECORDS, [intent("r-1", "n"), intent("r-1", "a", Action.UPDATE, "note-a")]
    ),
)
JOURNAL = "".join(
    dump_settled(one)
    for one in (
        Settled("r-1", tuple(RECORDS[:2])),
        Settled("r-1", (), (("knowledge", "n-1"),)),
        Settled("r-2"),
    )
)
LINES = [json.loads(line) for line in REAL.splitlines()]
JOURNAL_LINES = [json.loads(line) for line in JOURNAL.splitlines()]


def refused(error: InventoryError) -> None:
    assert one_line(str(error)), repr(str(error))
    assert str(error).startswith("x.jsonl:")


def held(data: bytes) -> None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    try:
        found = parse(text, TARGET, "x.jsonl")
    except InventoryError as error:
        refused(error)
        return
    rows = [json.loads(line) for line in text.split("\n")[1:-2]]
    lines = (found.records, found.intents, found.deleted, found.failed)
    assert sum(map(len, lines)) == len(rows)
    assert {one.id for one in found.records} == {
        row["id"] for row in rows if not {"intent", "deleted", "failed"} & row.keys()
    }
    again = dump(TARGET, found)
    assert parse(again, TARGET, "x.jsonl").records == found.records
    assert set(parse(again, TARGET, "x.jsonl").intents) == set(found.intents)
    # written again it says the same, but for order and for announcements that stand twice
    said = {json.dumps(json.loads(line)) for line in again.splitlines()[1:-1]}
    assert len(said) == len({json.dumps(tidy(row), sort_keys=True) for row in rows})


def tidy(row: Any) -> Any:
    """A line without what need not be written."""
    row = {name: value for name, value in row.items() if value not in (None, False, {})}
    if "fields" in row:
        row["fields"] = {
            n: v[0] if isinstance(v, list) and v[0] == v[1] else v for n, v in row["fields"].items()
        }
    return row


@fuzz(5)
@given(damaged(st.just(REAL.encode()), most=4))
def test_an_inventory_that_was_damaged(data: bytes) -> None:
    held(data)


@fuzz(3)
@given(inventories, st.data())
def test_any_inventory_that_was_damaged(inventory: Inventory, data: st.DataObject) -> None:
    held(data.draw(damaged(st.just(dump(TARGET, inventory).encode()))))


@fuzz(5)
@given(mutated(st.just(LINES), most=2))
def test_lines_with_something_wrong_in_them(found: Any) -> None:
    held(
        "".join(
            f"{text_of(line)}\n" for line in (found if isinstance(found, list) else [found])
        ).encode()
    )


@fuzz(2)
@given(values, st.integers(0, len(LINES)))
def test_a_line_that_is_any_json(found: Any, at: int) -> None:
    rows = [*map(text_of, LINES[:at]), text_of(found), *map(text_of, LINES[at:])]
    held("".join(f"{row}\n" for row in rows).encode())


@fuzz(3)
@given(st.integers(0, len(REAL) - 1))
def test_an_inventory_that_was_cut_is_never_read(cut: int) -> None:
    for text in (REAL[:cut], REAL[:cut] + "\n"):
        if text != REAL:
            try:
                parse(text, TARGET, "x.jsonl")
            except InventoryError as error:
                refused(error)
            else:
                raise AssertionError(text)


@fuzz(3)
@given(damaged(st.just(JOURNAL.encode()), most=4) | mutated(st.just(JOURNAL_LINES), most=2).map(lambda found: "".join(f"{text_of(one)}\n" for one in (found if isinstance(found, list) else [found])).encode()))  # fmt: skip
def test_a_journal_that_was_damaged(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        found = parse_settled(text, "x.jsonl")
    except InventoryError as error:
        refused(error)
        return
    assert len(found) == text.count("\n")
    again = "".join(map(dump_settled, found))
    assert parse_settled(again, "x.jsonl") == found


@pytest.mark.parametrize("odd", ["\x00", "\x1b[2J", "a\nb", "\u2028", "\u202e", "😀\x85"])
@pytest.mark.parametrize(
    "line",
    [
        lambda odd: LINES[0] | {"target": odd},
        lambda odd: LINES[0] | {"org_id": odd},
        lambda odd: {"intent": "r", "action": odd, "key": "knowledge:a"},
        lambda odd: {"key": "knowledge:a", "id": "1", "fields": {odd: 1}},
        lambda odd: {"key": f"knowledge:{odd}", "id": "note-Backend/a"},
        lambda odd: {"key": "knowledge:Backend/a", "id": odd},
    ],
)
def test_what_a_message_quotes_steers_no_terminal(odd: str, line: Callable[[str], Any]) -> None:
    """Names of a damaged file stood in the message as they were."""
    found = line(odd)
    lines = [found, *LINES[1:]] if "target" in found else [*LINES[:-1], found, LINES[-1]]
    with pytest.raises(InventoryError) as caught:
        parse("".join(f"{json.dumps(one)}\n" for one in lines), TARGET, "x.jsonl")
    refused(caught.value)
