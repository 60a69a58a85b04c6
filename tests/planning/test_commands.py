"""Commands in reasons get the options that lead to the root and target."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devinops.model.keys import ROOT, Key
from devinops.planning.commands import forget_command, link_command, pull_command, with_place

KEYS = [
    Key("knowledge", ROOT, "A"),
    Key("knowledge", "Backend", "it's here"),
    Key("acu_limit", ROOT, "acu_limit"),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("command", [link_command, forget_command])
def test_the_options_of_a_command_about_a_key_are_those_it_would_have_had(
    command: Callable[..., str], key: Key
) -> None:
    expected = command(key, place=" -C x -t prod")
    assert with_place(f"if not, run {command(key)}", " -C x -t prod") == f"if not, run {expected}"
    assert command(key) != expected == with_place(expected, " -C x -t prod")


def test_every_command_of_a_reason_gets_the_options() -> None:
    reason = f"run {pull_command()}, or {pull_command()} (then {forget_command(KEYS[0])})"
    assert with_place(reason, " -t prod") == (
        "run devinops pull -t prod --drift, or devinops pull -t prod --drift "
        "(then devinops inventory forget -t prod knowledge:A)"
    )
    assert with_place(reason, "") == reason


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
    assert with_place(text, " -t prod") == text
