"""Commands in reasons get the options that lead to the root and target."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.model.keys import ROOT, FolderPath, Key
from devinops.planning.commands import (
    forget_command,
    like_commands,
    link_command,
    pull_command,
    with_flags,
)
from tests.testing.costly import costly

KEYS = [
    Key("knowledge", ROOT, "A"),
    Key("knowledge", FolderPath("Backend"), "it's here"),
    Key("acu_limit", ROOT, "acu_limit"),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("command", [link_command, forget_command])
def test_the_options_of_a_command_about_a_key_are_those_it_would_have_had(
    command: Callable[..., str], key: Key
) -> None:
    expected = command(key, flags=" -C x -t prod")
    assert with_flags(f"if not, run {command(key)}", " -C x -t prod") == f"if not, run {expected}"
    assert command(key) != expected == with_flags(expected, " -C x -t prod")


def test_every_command_of_a_reason_gets_the_options() -> None:
    reason = f"run {pull_command()}, or {pull_command()} (then {forget_command(KEYS[0])})"
    assert with_flags(reason, " -t prod") == (
        "run devinops pull -t prod --drift, or devinops pull -t prod --drift "
        "(then devinops inventory forget -t prod knowledge:A)"
    )
    assert with_flags(reason, "") == reason


@pytest.mark.parametrize(
    "text",
    [
        "was knowledge:How to use devinops pull",
        "was knowledge:devinops pull --drifting",
        "was knowledge:devinops inventory link and forget",
        "was knowledge:devinops inventory list knowledge:A",
    ],
)
def test_a_name_that_only_begins_like_a_command_stays(text: str) -> None:
    assert with_flags(text, " -t prod") == text


PIECES = st.sampled_from(
    ["devinops pull --drift", "devinops inventory link", "devinops inventory forget", "knowledge:A"]
)
NAMES = st.lists(PIECES | st.sampled_from([" ", "'", '"', ", ", "run ", "now", "é"]), min_size=1)


@costly
@given(NAMES.map("".join), st.sampled_from([ROOT, FolderPath("run devinops pull --drift/F")]))
def test_only_commands_get_the_options_whatever_an_object_is_named(
    name: str, folder: FolderPath
) -> None:
    key = Key("knowledge", folder, name)

    def reason(place: str) -> str:
        return (
            f"2 live objects share the key {key} (n1, n2): delete one, or run "
            f"{link_command(key, flags=place)} with the right id; if {key} is gone, run "
            f"{forget_command(key, place)}, or {pull_command(place)}"
        )

    assert with_flags(reason(""), " -t prod", like_commands([key])) == reason(" -t prod")


def test_the_key_of_a_command_stays_even_if_it_is_not_known() -> None:
    key = Key("knowledge", ROOT, "run devinops pull --drift now")
    expected = link_command(key, flags=" -t prod")
    assert with_flags(link_command(key), " -t prod") == expected


def test_only_keys_that_may_contain_a_command_are_names_and_longer_ones_come_first() -> None:
    keys = [
        Key("knowledge", ROOT, "devinops pull"),
        Key("knowledge", FolderPath("devinops pull"), "A"),
        Key("knowledge", FolderPath("devinops"), "A"),
        Key("knowledge", ROOT, "devinops"),
    ]
    assert like_commands(keys) == ["knowledge:devinops pull/A", "knowledge:devinops pull"]
