"""What devinops says about commands that it does not have is true of those that it has."""

from __future__ import annotations

import re

import click
import pytest

from devinops.cli import COMMANDS, cli
from devinops.cli.unknown_command import INSTEAD
from tests.testing.command_line import Devinops

ADVICE = [(group, name, text) for group, texts in INSTEAD.items() for name, text in texts.items()]


@pytest.mark.parametrize(("group", "name", "text"), ADVICE, ids=lambda value: value[:30])
def test_the_message_is_about_what_is_missing_and_names_only_what_exists(
    devinops: Devinops, group: str, name: str, text: str
) -> None:
    words = [name] if group == "devinops" else [group, name]
    ran = devinops(*words)
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.endswith(f"Error: There is no command '{name}'. {text}\n")
    for command, rest in re.findall(r"devinops ([a-z]+)((?: (?:--)?[a-z]+)*)", text):
        if command == "does":
            continue
        assert command in COMMANDS
        known = _command(command)
        for word in rest.split():
            if isinstance(known, click.Group) and not word.startswith("-"):
                known = known.commands.get(word, known)
            elif word.startswith("--"):
                assert word in {name for param in known.params for name in param.opts}


def _command(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


@pytest.mark.parametrize("group", INSTEAD)
def test_no_command_that_exists_is_called_missing(group: str) -> None:
    known = set(COMMANDS) if group == "devinops" else set(_command(group).commands)  # type: ignore[attr-defined]
    assert not known & set(INSTEAD[group])


def test_inventory_commands_that_are_advised_exist() -> None:
    inventory = _command("inventory")
    assert isinstance(inventory, click.Group)
    for _, _, text in ADVICE:
        for name in re.findall(r"devinops inventory ([a-z]+)", text):
            assert name in inventory.commands


OPTIONS: dict[str, tuple[list[str], str]] = {
    "a near one": (["plan", "--detailed-exit"], "Did you mean --detailed-exitcode?"),
    "never an approval": (["plan", "--nope"], "There is no option --nope."),
    "of a command, before it": (["--yes", "apply"], "as in devinops COMMAND --yes."),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_an_unknown_option_suggests_no_approval(case: str, devinops: Devinops) -> None:
    argv, expected = OPTIONS[case]
    ran = devinops(*argv)
    assert ran.code == 64
    assert expected in ran.err
    assert "--adopt" not in ran.err
    assert "--allow" not in ran.err
