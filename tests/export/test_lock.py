"""Names in a plugin never change, and a damaged lock file is an error with its line."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.export.lock import LOCK, Locked, dump, named, parse, with_ids
from devinops.export.plugin import PluginChoices, export_plugin
from devinops.model.errors import UnusableFile
from devinops.model.keys import Key, folder_path
from devinops.model.objects import Declaration, Source
from tests.testing.objects import key, live

HEAD = '{"devinops_lock": 1}\n'
A = '{"slug": "a", "key": "knowledge:A"}\n'
LINES = [
    Locked("a", key("knowledge:A"), {"production": "note-2", "staging": "note-1"}),
    Locked("b", key("knowledge:Ü/B%2F")),
]


def entry(name: str, folder: str = "", *previously: str) -> Declaration:
    given = live("knowledge", name=name, folder=folder_path(folder), trigger="t", body="b")
    olds = tuple(map(key, previously))
    return Declaration(given.key, given.resource, Source("a.md"), previously=olds)


# --- the file -------------------------------------------------------------------------------------


def test_a_lock_file_has_a_line_for_each_entry_sorted_by_name() -> None:
    text = dump(reversed(LINES))
    assert text == HEAD + (
        '{"slug": "a", "key": "knowledge:A", "ids": {"production": "note-2", "staging": "note-1"}}\n'
        '{"slug": "b", "key": "knowledge:\\u00dc/B%2F"}\n'
    )
    assert parse(text, LOCK) == LINES
    assert parse(text.removesuffix("\n"), LOCK) == LINES


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "this is not JSON"),
        ("[]", 1, "this is not a JSON object"),
        (A, 1, "Object missing required field `devinops_lock`"),
        ('{"devinops_lock": 2}', 1, "a newer devinops wrote this file"),
        ('{"devinops_lock": "1"}', 1, "Expected `int`"),
        (f"{HEAD}{A}<<<<<<< HEAD\n", 3, "this is a conflict marker of Git"),
        (f"{HEAD}{A}=======\n", 3, "this is a conflict marker of Git"),
        ("<<<<<<< HEAD\n", 1, "this is a conflict marker of Git"),
        (f"{HEAD}\n{A}", 2, "this is not JSON"),
        (HEAD + A[:20], 2, "this is not JSON"),
        (HEAD + '{"slug": "a", "slug": "b", "key": "knowledge:A"}', 2, "appears twice"),
        (HEAD + '{"slug": "a", "key": "knowledge:A", "path": "/"}', 2, "unknown field `path`"),
        (HEAD + '{"slug": "a", "key": "knowledge:A", "ids": ["n"]}', 2, "Expected `object`"),
        (HEAD + '{"slug": "a", "key": "note:A"}', 2, "is not a key of a known kind"),
        (HEAD + '{"slug": "a", "key": "A"}', 2, "is not a key of a known kind"),
        (HEAD + A + '{"slug": "a", "key": "knowledge:B"}', 3, 'the slug "a" is on line 2 too'),
        (HEAD + A + '{"slug": "b", "key": "knowledge:A"}', 3, "key knowledge:A is on line 2 too"),
    ],
)
def test_a_damaged_lock_file_is_an_error_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(UnusableFile) as error:
        parse(text, "plugin/lock")
    assert str(error.value).startswith(f"plugin/lock:{line}: ")
    assert message in str(error.value)
    assert "; nothing was written: " in str(error.value)


@pytest.mark.parametrize(
    "slug", ["../../etc", "..", "/etc", "a/b", "a\\b", "A", "a\n", "", "a" * 65]
)
def test_a_name_that_leads_elsewhere_is_an_error(slug: str) -> None:
    line = json.dumps({"slug": slug, "key": "knowledge:A"})
    with pytest.raises(
        UnusableFile, match=r"lock:2: .* is not a name: expected lower-case"
    ) as error:
        parse(HEAD + line, "lock")
    assert str(error.value).isprintable()


# --- names ----------------------------------------------------------------------------------------


def names(
    *entries: Declaration,
    lines: tuple[Locked, ...] = (),
    ids: dict[Key, dict[str, str]] | None = None,
    others: tuple[Key, ...] = (),
) -> dict[str, str]:
    plain = {entry.key: "errors" for entry in entries}
    named_now = named(lines, entries, plain, ids or {}, others)
    return {line.slug: str(line.key) for line in named_now.values()}


OLD = Locked("old", key("knowledge:Old"), {"production": "note-1"})
NEW = {key("knowledge:New"): {"production": "note-1"}}


@pytest.mark.parametrize(
    ("entries", "others", "ids", "slug"),
    [
        ((entry("New"),), (), NEW, "old"),
        ((entry("New"),), (), {key("knowledge:New"): {"staging": "note-1"}}, "errors"),
        ((entry("New", "", "knowledge:Old"),), (), {}, "old"),
        ((entry("New", "", "knowledge:Other", "knowledge:Old"),), (), {}, "old"),
        ((entry("New", "", "knowledge:Old"), entry("Old")), (), NEW, "errors"),
        ((entry("New", "", "knowledge:Old"),), (OLD.key,), NEW, "errors"),
        ((entry("New"),), (), {}, "errors"),
    ],
    ids=(
        "by id",
        "another target",
        "by old key",
        "by second old key",
        "the old key is taken",
        "the old key is that of an unselected entry",
        "unknown",
    ),
)
def test_a_renamed_entry_keeps_its_name(
    entries: tuple[Declaration, ...],
    others: tuple[Key, ...],
    ids: dict[Key, dict[str, str]],
    slug: str,
) -> None:
    found = names(*entries, lines=(OLD,), ids=ids, others=others)
    assert found[slug] == "knowledge:New"


def test_a_key_is_stronger_than_an_id() -> None:
    """Otherwise a name would depend on whether this machine knows the inventory."""
    there = Locked("new", key("knowledge:New"))
    assert names(entry("New"), lines=(OLD, there), ids=NEW) == {
        "old": "knowledge:Old",
        "new": "knowledge:New",
    }
    assert with_ids({OLD.key: OLD, there.key: there}, NEW) == [
        replace(OLD, ids={}),
        replace(there, ids={"production": "note-1"}),
    ]


def test_an_id_of_another_target_stays() -> None:
    there = Locked("new", key("knowledge:New"), {"staging": "note-9", "production": "note-0"})
    (line,) = with_ids({there.key: there}, NEW)
    assert line == replace(there, ids={"staging": "note-9", "production": "note-1"})


NAMES = st.sampled_from(
    ["Errors", "errors!", "ERRORS", "Errors 2", "日本", "中文", "A", "a-b", "A b"]
)
ENTRIES = st.lists(
    st.builds(entry, NAMES, st.sampled_from(["", "A", "B", "A/b"])),
    unique_by=lambda entry: entry.key,
    max_size=8,
)


def slugs(entries: list[Declaration], lines: tuple[Locked, ...] = ()) -> dict[Key, str]:
    exported = export_plugin(entries, {}, PluginChoices("acme"), locked=lines)
    text = next((file.text for file in exported.files if file.path == LOCK), HEAD)
    found = {line.key: line.slug for line in parse(text, LOCK)}
    assert len(set(found.values())) == len(found)
    assert {line.key: line.slug for line in lines}.items() <= found.items()
    return found


@given(ENTRIES, ENTRIES, st.randoms(use_true_random=False))
def test_neither_more_entries_nor_their_order_change_a_name(
    some: list[Declaration], more: list[Declaration], random: Random
) -> None:
    first = slugs(some)
    everything = list({entry.key: entry for entry in [*some, *more]}.values())
    lines = tuple(Locked(slug, key) for key, slug in first.items())
    after = slugs(everything, lines)
    assert first.items() <= after.items()
    random.shuffle(everything)
    random.shuffle(some)
    assert slugs(everything, lines[::-1]) == after
    assert slugs(some) == first
    lines = tuple(Locked(slug, key) for key, slug in after.items())
    assert slugs(some, lines) == after
