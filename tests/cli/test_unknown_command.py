"""What devinops says about commands that it does not have is true of those that it has."""

from __future__ import annotations

import re

import click
import pytest

from devinops.cli.declarations.unknown_command import _FROM_ELSEWHERE, INSTEAD
from devinops.cli.main import COMMANDS, cli
from tests.testing.command_line import Devinops


@pytest.mark.parametrize("name", INSTEAD)
def test_the_message_is_about_what_is_missing_and_names_only_what_exists(
    devinops: Devinops, name: str
) -> None:
    text = INSTEAD[name]
    ran = devinops(name)
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.endswith(f"Error: There is no command '{name}'. {text}\n")
    assert name not in COMMANDS
    for command, rest in re.findall(r"devinops ([a-z]+)((?: --[a-z]+)*)", text):
        assert command in COMMANDS
        options = {name for param in _command(command).params for name in param.opts}
        assert set(rest.split()) <= options


def test_the_commands_of_a_group_are_listed(devinops: Devinops) -> None:
    ran = devinops("targets", "production")
    assert (ran.code, ran.out) == (64, "")
    assert "There is no command 'production'. There are: discover, waves." in ran.err
    assert "Did you mean 'list'?" in devinops("inventory", "lst").err


def _command(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


OPTIONS: dict[str, tuple[list[str], str]] = {
    "a near one": (["plan", "--detailed-exit"], "Did you mean --detailed-exitcode?"),
    "never an approval": (["plan", "--nope"], "There is no option --nope."),
    "of a command, before it": (["--yes", "apply"], "as in devinops COMMAND --yes."),
    "of no command, before it": (["--json", "plan"], "There is no option --json. Use --format json."),
    "the beginning": (["lint", "--expl"], "Did you mean --explain?"),
    "quite different": (["inventory", "list", "--list"], "There is no option --list.\n"),
    "for json": (["plan", "--json"], "There is no option --json. Use --format json."),
    "forced": (["apply", "--force"], "There is no option --force. Nothing is forced"),
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
    ("plan", "--allow-delete", "4"): "Use --allow delete=N.",
    ("apply", "--allow-missing=4"): "Use --allow missing=N.",
    ("rollback", "--allow-targets", "4"): "Use --allow targets=N.",
    ("apply", "--allow-spend"): "Use --allow spend.",
    ("apply", "--out-of-wave"): "Use --allow out-of-wave.",
    ("import", "--repo", "acme/api", "."): "Use --repository OWNER/NAME.",
    ("lint", "--changed-since", "main"): "Use --since REF.",
    ("targets", "--waves"): "Use devinops targets waves.",
    ("plan", "--timeout", "5"): "Set the variable DEVINOPS_TIMEOUT.",
    ("doctor", "--ca-bundle", "ca.pem"): "Set the variable DEVINOPS_CA_BUNDLE.",
    ("emulator", "--latency", "5"): "Write it into the file of --faults.",
    ("lint", "--list-rules"): "Use --explain all.",
    ("plan", "--folders", "root"): "Set missing_folders in devinops.yaml.",
}


@pytest.mark.parametrize("argv", RENAMED)
def test_an_old_option_answers_with_the_new_one(argv: tuple[str, ...], devinops: Devinops) -> None:
    ran = devinops(*argv)
    option = argv[1].partition("=")[0]
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.endswith(f"Error: There is no option {option}. {RENAMED[argv]}\n")


@pytest.mark.parametrize(
    ("variable", "says"),
    [
        ("ALLOW_DELETE", "; unset it. Use --allow delete=N. The known ones are "),
        ("FOLDERS", "; unset it. Set missing_folders in devinops.yaml. The known ones are "),
        ("REPO", ' (did you mean "DEVINOPS_REPORT"?); unset it. The known ones are '),
        ("CHDIR", "; unset it. Use --root DIRECTORY. The known ones are "),
        ("ADOPT", "; unset it. The known ones are "),
    ],
)
def test_the_variable_of_an_old_option_answers_with_the_new_one(
    variable: str, says: str, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"DEVINOPS_{variable}", "4")
    ran = devinops("plan")
    assert (ran.code, ran.out) == (1, "")
    assert f"the environment variable DEVINOPS_{variable} is not known{says}" in ran.err


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
