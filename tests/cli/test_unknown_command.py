"""What devinops says about commands that it does not have is true of those that it has."""

from __future__ import annotations

import re

import click
import pytest

from devinops.cli.declarations.unknown_command import _FROM_ELSEWHERE, INSTEAD
from devinops.cli.main import COMMANDS, cli
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
    "of no command, before it": (["--json", "plan"], "There is no option --json. Use --format json."),
    "the beginning": (["lint", "--list"], "Did you mean --list-rules?"),
    "quite different": (["inventory", "list", "--list"], "There is no option --list.\n"),
    "for json": (["plan", "--json"], "There is no option --json. Use --format json."),
    "forced": (["apply", "--force"], "There is no option --force. Nothing is forced"),
    "a short yes": (["apply", "-y"], "There is no option -y. Use --yes."),
    "a yes that is not asked": (["plan", "-y"], "There is no option -y.\n"),
    "for Terraform's approval": (["apply", "-auto-approve"], "There is no option -auto-approve. Use --yes."),
    "two dashes": (["apply", "--auto-approve"], "There is no option --auto-approve. Use --yes."),
    "dry": (["apply", "--dry-run"], "devinops plan writes nothing."),
    "dry, with a check": (["pull", "--dry-run"], "Use --check."),
    "one dash": (["plan", "-target=x"], "Long options have two dashes: use --target."),
    "one dash and a word": (["plan", "-out", "x"], "Long options have two dashes: use --out."),
    "a variable": (["plan", "-var", "a=b"], "There is no option -var. There are no variables"),
    "help": (["plan", "-help"], "Long options have two dashes: use --help."),
    "help before the command": (["-help"], "Long options have two dashes: use --help."),
    "one dash before the command": (["-chdir=x", "plan"], "There is no option -chdir. Use --root DIR"),
    "of decK": (["export", "--select-tag", "a"], "There is no option --select-tag.\n"),
    "of decK, for a plan": (["plan", "--select-tag", "a"], "Use --only KIND[:PATTERN]."),
    "a key": (["plan", "--token", "cog_1234567890"], "Set the key in DEVIN_API_KEY, never in a command."),
    "swapped letters": (["plan", "--quite"], "Did you mean --quiet?"),
}  # fmt: skip


RENAMED = {
    ("plan", "--allow-delete", "4"): "Use --allow, as in --allow delete=4.",
    ("apply", "--allow-missing=4"): "Use --allow, as in --allow delete=4.",
    ("rollback", "--allow-targets", "4"): "Use --allow, as in --allow delete=4.",
    ("apply", "--allow-spend"): "Use --allow spend, or --allow out-of-wave.",
    ("apply", "--out-of-wave"): "Use --allow spend, or --allow out-of-wave.",
    ("plan", "--folders", "root"): "Set missing_folders in devinops.yaml.",
}


@pytest.mark.parametrize("argv", RENAMED)
def test_an_old_option_answers_with_the_new_one(argv: tuple[str, ...], devinops: Devinops) -> None:
    ran = devinops(*argv)
    option = argv[1].partition("=")[0]
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.endswith(f"Error: There is no option {option}. {RENAMED[argv]}\n")


@pytest.mark.parametrize("case", OPTIONS)
def test_an_unknown_option_suggests_no_approval(case: str, devinops: Devinops) -> None:
    argv, expected = OPTIONS[case]
    ran = devinops(*argv)
    assert ran.code == 64
    assert expected in ran.err
    assert "--adopt" not in ran.err
    assert "--allow" not in ran.err
    assert "cog_" not in ran.err


def test_what_is_advised_for_options_of_other_tools_exists() -> None:
    commands = [_command(name) for name in COMMANDS]
    options = {name for command in commands for param in command.params for name in param.opts}
    for words, needed, advice in _FROM_ELSEWHERE:
        assert {needed or "--yes", *re.findall(r"--[a-z-]+", advice)} <= options
        assert set(re.findall(r"devinops ([a-z]+)", advice)) <= {*COMMANDS}
        known = {
            name
            for command in commands
            for param in command.params
            for name in param.opts
            if needed in param.opts
        }
        assert not {f"--{word}" for word in words.split()} & known
