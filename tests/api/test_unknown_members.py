"""The members of live objects that devinops does not know: found, named, and sent back to their place."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.api.unknown_members import add_members, unknown_members
from devinops.kinds import KINDS
from devinops.model.kind import ApiVersion
from devinops.model.objects import member_names

PUSH, NOTE = {"event_type": "github:push"}, {"event_type": "gitlab:note"}
START = {"type": "start_session", "prompt": "p"}


def found(noun: str, item: dict[str, Any], api: ApiVersion = "v3", **values: Any) -> dict[Any, Any]:
    kind = KINDS[noun]
    return unknown_members(kind, api, item, kind.resource(**values))


@pytest.mark.parametrize(
    ("noun", "item", "expected"),
    [
        ("knowledge", {"note_id": "n", "name": "A", "created_by": "x"}, {}),
        ("knowledge", {"note_id": "n", "mood": {"a": 1}}, {("mood",): {"a": 1}}),
        ("folder", {"folder_id": "f", "color": 1}, {("color",): 1}),
        ("automation", {"metadata": {"any": "label"}, "preflight": {"any": 1}}, {}),
        (
            "automation",
            {"session_settings": {"machine": "m"}, "tools": None},
            {("session_settings", "machine"): "m"},
        ),
        (
            "automation",
            {"notifications": {"slack": {"channel_id": "C", "thread": 1}}},
            {("notifications", "slack", "thread"): 1},
        ),
        (
            "automation",
            {"triggers": [PUSH | {"x": 1}, NOTE]},
            {("triggers", ("event_type", "github:push"), "x"): 1},
        ),
        (
            "automation",
            {"triggers": [PUSH | {"x": 1}, PUSH | {"x": 2}]},
            {("triggers", 0, "x"): 1, ("triggers", 1, "x"): 2},
        ),
        (
            "automation",
            {"tools": {"slack_channels": [{"x": 1}]}},
            {("tools", "slack_channels", 0, "x"): 1},
        ),
        ("acu_limit", {"anything": 1}, {}),
    ],
)
def test_what_the_contract_does_not_have_is_found_at_its_path(
    noun: str, item: dict[str, Any], expected: dict[Any, Any]
) -> None:
    assert found(noun, item) == expected


def test_both_editions_of_the_api_have_their_own_members() -> None:
    assert found("knowledge", {"id": "n", "mood": 1, "trigger_description": "t"}, "v1") == {
        ("mood",): 1
    }


def test_the_folders_of_v1_have_their_own_members_in_the_list_of_notes() -> None:
    folder = {"id": "f", "name": "Backend", "description": "", "color": 1}
    assert found("folder", folder, "v1") == {("color",): 1}


def test_what_is_read_as_it_is_is_known() -> None:
    action = {"type": "brew_tea", "leaves": 2}
    assert found("automation", {"actions": [action]}, actions=[action]) == {}


def test_each_name_is_once_and_without_the_elements_of_lists() -> None:
    paths = [("actions", ("type", "x"), "a"), ("actions", 1, "a"), ("b" * 50,)]
    assert member_names(paths) == ("actions[].a", "b" * 40)


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ({"a": {"b": 1}}, ("a", "x"), {"a": {"x": 9, "b": 1}}),
        ({"a": {"x": 1}}, ("a", "x"), {"a": {"x": 1}}),
        ({"a": {"b": {}}}, ("a", "b", "x"), {"a": {"b": {"x": 9}}}),
        ({"a": {"b": None}}, ("a", "b", "x"), {"a": {"b": None}}),
        ({"a": {}}, ("a", "b", "x"), {"a": {}}),
        ({"a": None}, ("a", "x"), {"a": None}),
        ({"a": {}}, ("x",), {"a": {}}),
        ({"a": {}}, ("other", "x"), {"a": {}}),
        ({"a": [START]}, ("a", ("type", "start_session"), "x"), {"a": [{"x": 9, **START}]}),
        ({"a": [START] * 2}, ("a", ("type", "start_session"), "x"), {"a": [START] * 2}),
        ({"a": [START]}, ("a", ("type", "other"), "x"), {"a": [START]}),
        ({"a": [START]}, ("a", 0, "x"), {"a": [START]}),
        ({"a": {"b": []}}, ("a", "b", "x"), {"a": {"b": []}}),
        ({"a": "text"}, ("a", ("type", "text"), "x"), {"a": "text"}),
    ],
)
def test_a_member_goes_back_to_its_place_if_that_is_sent_and_certain(
    body: dict[str, Any], path: Any, expected: dict[str, Any]
) -> None:
    assert add_members(body, {path: 9}) == expected
