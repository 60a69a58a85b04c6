"""When two values of a field are the same, and how places in nested ones are named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.model.objects import Live
from devinops.planning.diff import (
    MOST_PARTS,
    added_and_removed,
    lost_elements,
    lost_members,
    nested_paths,
    not_stored,
    not_taken,
    same,
    settable,
    unsendable,
)
from tests.testing import toy_kinds
from tests.testing.small_kinds import PLAQUE, Plaque


def attribute(kind: str, name: str) -> Any:
    return next(a for a in KINDS[kind].attributes if a.name == name)


BODY, NAME, PIN = (attribute("knowledge", name) for name in ("body", "name", "pinned_repo"))


@pytest.mark.parametrize(
    ("field", "one", "other", "equal"),
    [
        (BODY, "text", "text", True),
        (BODY, "text", "\n\ntext \r\n", True),
        (BODY, "text", " text", False),
        (BODY, "caf\u00e9", "cafe\u0301", True),
        (BODY, "text", "tex t", False),
        (BODY, "text", None, False),
        (BODY, None, "None", False),
        (NAME, "text", "text ", False),
        (NAME, "caf\u00e9", "cafe\u0301", False),
        (NAME, True, 1, False),
        (NAME, None, None, True),
    ],
)
def test_only_texts_are_the_same_despite_white_space_and_accents(
    field: Any, one: Any, other: Any, equal: bool
) -> None:
    assert same(field, one, other) is equal
    assert same(field, other, one) is equal


OLD = {"name": "Old", "trigger": "t", "body": "old", "pinned_repo": "acme/api", "is_enabled": True}


@pytest.mark.parametrize(
    ("sent", "returned", "names"),
    [
        ({"body": "new"}, {}, ["body"]),
        ({"body": "new"}, {"body": "new"}, []),
        ({"body": "new"}, {"body": "neither"}, []),
        ({"body": "new", "name": "New"}, {"name": "New"}, ["body"]),
        ({"is_enabled": False}, {}, ["is_enabled"]),
        ({"pinned_repo": None}, {}, ["pinned_repo"]),
        ({"pinned_repo": "acme/web"}, {}, ["pinned_repo"]),
        # what a server may normalize away
        ({"body": "\r\n  Old \n"}, {}, []),
        ({"body": "    old"}, {}, []),
        ({"name": "OLD "}, {}, []),
        ({"pinned_repo": "github.com/Acme/api"}, {}, []),
    ],
)
def test_a_field_was_not_taken_if_it_is_as_before_and_what_was_sent_is_more_than_another_spelling(
    sent: dict[str, Any], returned: dict[str, Any], names: list[str]
) -> None:
    knowledge = KINDS["knowledge"]
    before = knowledge.resource(**OLD)
    new, after = (knowledge.resource(**OLD | changes) for changes in (sent, returned))
    assert not_taken(knowledge, before, new, after) == names


@pytest.mark.parametrize(
    ("old", "new"),
    [("Cafe\u0301", "Caf\u00e9"), ("github.com/acme/api", "acme/api"), ("!Triage", "!triage")],
)
@pytest.mark.parametrize("turned", [False, True])
def test_what_a_server_normalizes_raises_no_alarm_in_either_direction(
    old: str, new: str, turned: bool
) -> None:
    fields = {name: OLD[name] for name in ("name", "trigger", "body")}
    old, new = (new, old) if turned else (old, new)
    name = "pinned_repo" if "acme" in old else "macro"
    before, sent = (KINDS["knowledge"].resource(**fields, **{name: v}) for v in (old, new))
    assert not_taken(KINDS["knowledge"], before, sent, before) == []


def test_a_part_of_a_nested_value_was_not_taken_either() -> None:
    playbook = KINDS["playbook"]
    before, sent = (
        playbook.resource(title="P", body="b", structured_output_schema={"type": type})
        for type in ("object", "array")
    )
    assert not_taken(playbook, before, sent, before) == ["structured_output_schema"]


@pytest.mark.parametrize(
    ("live", "declared", "equal"),
    [
        ("acme/api", "github.com/acme/api", True),
        ("group/sub/api", "gitlab.com/group/sub/api", True),
        ("github.com/acme/api", "acme/api", False),
        ("gitlab.com/acme/api", "github.com/acme/api", False),
        ("acme/api", "gitlab/acme/api", False),
        ("api", "acme.dev/api", False),
        (None, "github.com/acme/api", False),
        ("acme/api", None, False),
        (None, "acme/api", False),
    ],
)
def test_a_pin_may_come_back_without_its_host(live: Any, declared: Any, equal: bool) -> None:
    assert same(PIN, live, declared) is equal


@pytest.mark.parametrize(
    ("noun", "api", "names"),
    [
        ("knowledge", "v3", ["pinned_repo", "is_enabled"]),
        ("knowledge", "v1", ["pinned_repo", "macro"]),
        ("playbook", "v3", ["macro", "structured_output_schema"]),
        ("playbook", "v1", ["macro"]),
        ("secret", "v3", []),
        ("folder", "v1", []),
    ],
)
def test_settable_are_the_optional_fields_that_an_update_can_change(
    noun: str, api: Any, names: list[str]
) -> None:
    assert [one.name for one in settable(KINDS[noun], api)] == names


@pytest.mark.parametrize(
    ("sent", "answered", "names"),
    [
        ({"macro": "!a", "pinned_repo": "a/b"}, {"macro": None, "pinned_repo": "b"}, ["macro"]),
        ({"macro": "!a", "pinned_repo": "a/b"}, {}, ["pinned_repo", "macro"]),
        ({"macro": None, "pinned_repo": ""}, {}, []),
        ({}, {"macro": None}, []),
        ({"is_enabled": False}, {}, []),
    ],
)
def test_not_stored_is_what_was_sent_and_came_back_as_nothing(
    sent: dict[str, Any], answered: dict[str, Any], names: list[str]
) -> None:
    kind = KINDS["knowledge"]
    assert not_stored(kind, "v1", kind.resource(**sent), kind.resource(**answered)) == names


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1}, "c": [1, 2]}, {"a": {"b": 2}, "c": [2, 1]}, ["a.b", "c.0", "c.1"]),
        ({"a": 1, "b": 1, "c": 1}, {"b": 1, "c": 1, "d": 1}, ["a", "d"]),
        ({"a": 1}, {"b": 1}, []),
        ([1], [1, 2], ["1"]),
        (
            {"a": list(range(MOST_PARTS - 2))},
            {"a": [*range(MOST_PARTS - 3), -1]},
            [f"a.{MOST_PARTS - 3}"],
        ),
        ({"a": list(range(MOST_PARTS - 1))}, {"a": list(range(MOST_PARTS - 2))}, []),
        ({"a": list(range(MOST_PARTS - 2))}, {"a": list(range(MOST_PARTS - 1))}, []),
        ({"a": 1}, [1], []),
        ({"a": 1}, None, []),
        ("text", {"a": 1}, []),
        ({}, None, []),
        (None, {}, []),
    ],
)
def test_the_places_at_which_nested_values_differ_are_named_in_order(
    before: Any, after: Any, paths: list[str]
) -> None:
    assert nested_paths(before, after) == paths


def test_all_that_an_update_might_lose_is_named_with_its_value() -> None:
    plaque = Plaque(name="A", size="big", color="red", motto="")
    assert unsendable(PLAQUE, "v3", plaque) == {"size": "big", "color": "red"}


@pytest.mark.parametrize(
    ("before", "after", "added", "removed"),
    [
        ([{"x": 1, "y": 2}], [{"y": 2, "x": 1}], [], []),
        ([{"y": 2, "x": 1}], [{"x": 1, "y": 2}], [], []),
        ([{"x": 1}], [{"x": 2}], [{"x": 2}], [{"x": 1}]),
    ],
)
def test_elements_of_a_set_are_the_same_whatever_the_order_of_their_members(
    before: list[Any], after: list[Any], added: list[Any], removed: list[Any]
) -> None:
    colors = toy_kinds.PALETTE.by_name["colors"]
    assert added_and_removed(colors, before, after) == (added, removed)


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ({"red": 1}, {"red": 2}, []),
        ({"red": 1, "blue": 1}, {"red": 2}, [{"blue": 1}]),
        ({"red": 1}, {}, [{"red": 1}]),
        ([{"red": 1}], [{"red": 2}], [{"red": 1}]),
    ],
)
def test_a_member_that_only_gets_another_value_is_not_lost(
    before: Any, after: Any, lost: list[Any]
) -> None:
    assert lost_elements(toy_kinds.PALETTE.by_name["colors"], before, after) == lost


START = {"type": "start_session", "prompt": "p"}
WORD = ("type", "start_session")


@pytest.mark.parametrize(
    ("path", "values", "expected"),
    [
        (("mood",), {}, ("mood",)),
        (("limits", "x"), {"limits": {"max_acu_limit": 1}}, ("limits.x",)),
        (("limits", "x"), {"limits": None}, ()),
        (("limits", "x"), {}, ()),
        (("limits", "invocations", "x"), {"limits": {"max_acu_limit": 1}}, ()),
        (("limits", "invocations", "deep", "x"), {"limits": {"invocations": 5}}, ()),
        (("unheard", "x"), {}, ()),
        (("actions", WORD, "x"), {"actions": [START]}, ("actions[].x",)),
        (("actions", WORD, "x"), {"actions": []}, ()),
        (("actions", WORD, "x"), {}, ()),
        (("actions", 1, "x"), {"actions": [START, START]}, ("actions[].x",)),
        (("actions", 1, "x"), {"actions": [START]}, ()),
        (("actions", 0, "x"), {}, ()),
    ],
)
def test_a_member_is_lost_unless_what_it_was_in_is_gone_too(
    path: Any, values: dict[str, Any], expected: tuple[str, ...]
) -> None:
    kind = KINDS["automation"]
    before = Live("a", kind.resource(name="A"), unknown={path: 1})
    after = Live("a", kind.resource(name="A", **values))
    assert lost_members(before, after) == expected
    assert lost_members(before, replace(after, unknown={path: 2})) == ()


def test_of_two_members_with_one_name_one_can_be_lost() -> None:
    kind = KINDS["automation"]
    live = Live("a", kind.resource(name="A", actions=[START, START]))
    both = replace(live, unknown={("actions", 0, "x"): 1, ("actions", 1, "x"): 1})
    one = replace(live, unknown={("actions", 0, "x"): 1})
    assert lost_members(both, one) == ("actions[].x",)
    assert lost_members(one, both) == ()
