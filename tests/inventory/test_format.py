"""The text of an inventory: what goes in comes out, and no damage is ever taken for an empty inventory."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from devinops.inventory.format import (
    announces,
    dump,
    dump_run,
    dump_settled,
    parse,
    parse_run,
    parse_settled,
)
from devinops.inventory.merge import Job, RunFile, Settled
from devinops.model.errors import InventoryError
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Base, Inventory, Record
from devinops.model.keys import FolderPath, Key, ObjectId
from devinops.model.target import Target
from devinops.schema.all_schemas import schemas
from tests.testing.costly import costly
from tests.testing.inventories import TARGET, intent, record
from tests.testing.strategies import inventories, object_ids, records, some

hosts = st.sampled_from(["https://api.devin.ai", "http://127.0.0.1:8484", "https://X"])
targets = st.builds(Target, some, hosts, st.just("v3"), st.none() | some)


@costly
@given(targets, inventories)
def test_what_is_written_is_read_back_and_written_alike(
    target: Target, inventory: Inventory
) -> None:
    text = dump(target, inventory)
    again = replace(
        inventory,
        deleted=tuple(reversed(inventory.deleted)),
        failed=tuple(reversed(inventory.failed)),
    )
    assert text == dump(target, again)
    found = parse(text, target, "place")
    assert found.records == inventory.records
    assert set(found.intents) == set(inventory.intents)
    assert found.deleted == tuple(sorted(inventory.deleted))
    assert found.failed == tuple(sorted(inventory.failed))
    assert dump(target, found) == text
    assert text.isascii()
    assert text.count("\n") == 2 + sum(
        map(len, (inventory.records, inventory.intents, inventory.deleted, inventory.failed))
    )


def test_lines_of_a_kind_that_was_dropped_are_left_out() -> None:
    """Also the intents of a run; other lines keep their numbers."""
    lines = (
        '{"key": "schedule:a", "id": "1"}\n{"key": "schedule:b", "id": "2"}\n'
        '{"deleted": "schedule:b", "id": "3", "at": "2027-01-01T00:00:00Z"}\n'
        '{"intent": "r", "action": "delete", "key": "schedule:a", "id": "1"}\n'
    )
    found = parse(HEAD + lines + A + END, TARGET, "f.jsonl")
    assert found.dropped == ("schedule:a", "schedule:b")
    assert (len(found.records), found.deleted, found.intents) == (1, (), ())
    with pytest.raises(InventoryError, match=r"f\.jsonl:7: knowledge:a is already on line 6"):
        parse(HEAD + lines + A + A.replace('"1"', '"2"') + END, TARGET, "f.jsonl")
    head, *intents, end = dump_run(RunFile("r", Job(), {"t": [intent("r", "a")]})).splitlines(True)
    dropped = intents[0].replace("knowledge:a", "schedule:a")
    assert parse_run(head + dropped + intents[0] + end, "f").intents == {"t": [intent("r", "a")]}
    unknown = intents[0].replace("knowledge:a", "thing:a")
    with pytest.raises(InventoryError, match=r"f:2: .*is not a key of a known kind"):
        parse_run(head + unknown + end, "f")


def test_the_file_of_a_run_is_read_back_and_fits_the_schema() -> None:
    intents = {"b": [intent("r", "a"), intent("r", "b")], "a": [intent("r", "a")]}
    file = RunFile("r", Job("job", 2), intents)
    text = dump_run(file)
    assert parse_run(text, "place") == file
    validator = Draft202012Validator(schemas()["inventory"])
    for line in text.splitlines():
        validator.validate(json.loads(line))
    head, *rest = text.splitlines(keepends=True)
    for damaged, words in (
        (head, "place:1: the file is cut off here: its last line is missing"),
        ("".join(rest), 'place:1: the header with "devinops_run" is missing'),
        (head.replace("3", "4", 1) + "".join(rest), "place:1: .* newer devinops .format 4"),
        (head + "{}\n" + "".join(rest), "place:2: .*missing required field"),
    ):
        with pytest.raises(InventoryError, match=words):
            parse_run(damaged, "place")


@pytest.mark.parametrize("unclear", [False, True])
def test_only_intents_that_are_open_hold_a_lock(unclear: bool) -> None:
    found = Inventory("file", intents=(replace(intent("r", "a"), unclear=unclear),))
    text = dump(TARGET, found)
    assert (announces(text, "r"), announces(text, "other")) == (not unclear, False)


VALIDATOR = Draft202012Validator(schemas()["inventory"])


@costly
@given(inventories)
def test_every_line_fits_the_schema(inventory: Inventory) -> None:
    for line in dump(TARGET, inventory).splitlines():
        VALIDATOR.validate(json.loads(line))


@costly
@given(st.lists(st.builds(Settled, some, st.tuples(records), st.tuples(object_ids)), max_size=3))
def test_a_journal_is_read_back_and_a_torn_last_line_is_left_out(results: list[Settled]) -> None:
    text = "".join(map(dump_settled, results))
    assert parse_settled(text, "place") == tuple(results)
    assert parse_settled(f'{text}{{"run": "r', "place") == tuple(results)


def test_lines_are_sorted_and_leave_out_what_is_empty() -> None:
    two = Inventory(
        "file",
        (
            record("b"),
            Record(
                Key.parse("knowledge:a"),
                "1",
                protect=True,
                fields={"x": Base("s", None), "b": Base("s", "r")},
                left_out={"z": "r", "c": "r"},
            ),
        ),
        (intent("r", "c"),),
    )
    assert dump(TARGET, two) == (
        '{"devinops_inventory": 3, "api_host": "api.devin.ai", "org_id": "org-1", "target": "production"}\n'
        '{"key": "knowledge:a", "id": "1", "protect": true, "fields": {"b": ["s", "r"], "x": ["s", null]}, "left_out": {"c": "r", "z": "r"}}\n'
        '{"key": "knowledge:b", "id": "note-b", "source": "knowledge/b.md", "fields": {"body": "0000000000000000"}}\n'
        '{"intent": "r", "action": "create", "key": "knowledge:c"}\n'
        '{"devinops_inventory_end": true}\n'
    )


@pytest.mark.parametrize("version", [1, 2, 3])
def test_records_of_earlier_formats_are_read(version: int) -> None:
    """They lack the fields that entries leave out, which the next apply adds."""
    text = (HEAD + A + END).replace(": 3", f": {version}")
    (found,) = parse(text, TARGET, "place").records
    assert (found.id, found.left_out) == ("1", {})


def test_order_and_windows_line_ends_do_not_matter() -> None:
    text = dump(TARGET, Inventory.of("file", [record("a"), record("b")]))
    head, a, b, end, _ = text.split("\n")
    assert parse("\r\n".join([head, b, a, end, ""]), TARGET, "place") == parse(
        text, TARGET, "place"
    )


def test_folders_that_nobody_would_type_keep_their_key() -> None:
    odd = Record(Key("knowledge", FolderPath(" A//b%2f "), " n/%2F% "), "1")
    assert parse(dump(TARGET, Inventory("file", (odd,))), TARGET, "place").records == (odd,)


HEAD, END = dump(TARGET, Inventory("file")).splitlines(keepends=True)
A = '{"key": "knowledge:a", "id": "1"}\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "empty: even its header is missing"),
        (" \n\n", 1, "empty: even its header is missing"),
        ("\ufeff", 1, "empty: even its header is missing"),
        ("\ufeff\n", 1, "empty: even its header is missing"),
        (A, 1, "the header"),
        ("[]\n", 1, "not a JSON object"),
        (HEAD[:-1], 1, "cut off"),
        (HEAD, 1, "the file is cut off here: its last line is missing"),
        (HEAD + A, 2, "the file is cut off here: its last line is missing"),
        (HEAD + END + A, 2, "unknown field `devinops_inventory_end`"),
        (HEAD + A[:-1], 2, "cut off"),
        (HEAD + A[:12], 2, "cut off"),
        (HEAD + A[:12] + "\n", 2, "not JSON"),
        (HEAD + "\n" + A, 2, "not JSON"),
        (HEAD + "[" * 100_000 + "\n", 2, "not JSON"),
        (HEAD + "<<<<<<< ours\n" + A + "=======\n>>>>>>> theirs\n", 2, "conflict marker"),
        ("<<<<<<< ours\n" + HEAD, 1, "conflict marker"),
        (HEAD + "||||||| base\n", 2, "conflict marker"),
        (HEAD + HEAD, 2, "a second header"),
        (HEAD + "3\n", 2, "not a JSON object"),
        (HEAD + A.replace("}", ', "extra": 1}'), 2, "unknown field `extra`"),
        (HEAD + A.replace('"id"', '"key": "knowledge:b", "id"'), 2, "a name appears twice"),
        (HEAD + A + A.replace("a", "b"), 3, "knowledge 1 is already on line 2"),
        (HEAD + A + A.replace("1", "2"), 3, "knowledge:a is already on line 2"),
        (HEAD + A.replace('"1"', "1"), 2, "Expected `str`, got `int` - at `$.id`"),
        (HEAD + A.replace('"1"', '""'), 2, "Expected `str` of length >= 1 - at `$.id`"),
        (HEAD + '{"id": "1"}\n', 2, "missing required field `key`"),
        (HEAD + A.replace("knowledge", "notes"), 2, "is not a key of a known kind"),
        (HEAD + A.replace("a", "%"), 2, "is not a key of a known kind"),
        (HEAD + A.replace("}", ', "protect": 1}'), 2, "Expected `bool`, got `int` - at `$.protect`"),
        (HEAD + A.replace("}", ', "fields": []}'), 2, "Expected `object`, got `array` - at `$.fields`"),
        (HEAD + A.replace("}", ', "fields": {"body": 1}}'), 2, "got `int` - at `$.fields[...]`"),
        (HEAD + A.replace("}", ', "fields": {"body": [null, "r"]}}'), 2, "got `null` - at `$.fields[...][0]`"),
        (HEAD + '{"intent": "r", "action": "crate", "key": "knowledge:a"}\n', 2, "Invalid enum value 'crate' - at `$.action`"),
        (HEAD + '{"intent": "r", "key": "knowledge:a"}\n', 2, "missing required field `action`"),
        (HEAD + '{"intent": "r", "action": "create", "key": "knowledge:a", "unclear": 1}\n', 2, "Expected `bool`, got `int` - at `$.unclear`"),
        (HEAD.replace(": 3", ": 4"), 1, "written by a newer devinops (format 4"),
        (HEAD.replace(": 3", ": true"), 1, "Expected `int`, got `bool` - at `$.devinops_inventory`"),
        (HEAD.replace(": 3", ": 0"), 1, "Expected `int` >= 1 - at `$.devinops_inventory`"),
        (HEAD.replace(": 3", ': 3, "more": 1'), 1, "unknown field `more`"),
        (HEAD.replace("production", "staging"), 1, "the target staging, but the run is for the target production"),
        (HEAD.replace("org-1", "org-2"), 1, "the organization org-2, but the run is for the organization org-1"),
        (HEAD.replace('"org-1"', "null"), 1, "the organization (none), but the run is for the organization org-1"),
        (HEAD.replace("api.devin.ai", "other.example"), 1, "the API host other.example, but the run is for the API host api.devin.ai"),
    ],
)  # fmt: skip
def test_damage_is_named_with_its_place_and_never_empty(text: str, line: int, words: str) -> None:
    with pytest.raises(InventoryError) as caught:
        parse(text, TARGET, "x.jsonl")
    assert str(caught.value).startswith(f"x.jsonl:{line}: ")
    assert words in str(caught.value)
    assert caught.value.exit_code == ExitCode.FIX


@given(st.integers(1, 400), inventories)
def test_a_text_that_was_cut_is_never_read(length: int, inventory: Inventory) -> None:
    text = dump(TARGET, inventory)
    cut = text[: -min(length, len(text))]
    with pytest.raises(InventoryError):
        parse(cut, TARGET, "x")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, HEAD + text, HEAD + text + "\n"):
        try:
            parse(whole, TARGET, "x")
        except InventoryError:
            continue


@pytest.mark.parametrize("line", ["{}\n", "x\n", '{"run": "r", "put": [1], "drop": []}\n', '{"run": "r", "put": [], "drop": [1]}\n'])  # fmt: skip
def test_a_damaged_journal_is_refused(line: str) -> None:
    with pytest.raises(InventoryError, match=r"^j:1: "):
        parse_settled(line, "j")


def test_the_header_is_of_the_apis_address() -> None:
    head = dump(Target("t", "https://API.devin.ai/", "v1", None), Inventory("file")).split("\n")[0]
    assert json.loads(head) == {
        "devinops_inventory": 3, "api_host": "api.devin.ai", "org_id": None, "target": "t"
    }  # fmt: skip
    local = dump(Target("t", "http://127.0.0.1:8484", "v3", "o"), Inventory("file"))
    assert '"api_host": "127.0.0.1:8484"' in local


@pytest.mark.parametrize("end", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_only_a_newline_ends_a_line_of_the_journal(end: str) -> None:
    line = dump_settled(Settled("r1", removals=(ObjectId("knowledge", "n-1"),)))
    with pytest.raises(InventoryError, match=r"^x\.journal:1: "):
        parse_settled(f"{line.rstrip()}{end}{line}", "x.journal")
    assert len(parse_settled(line + line, "x.journal")) == 2
