"""The options of a command follow its name; help lists them in groups."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from devinops.cli.declarations.groups import OPTION_GROUPS, Variable, option_group
from devinops.cli.main import COMMAND_GROUPS, COMMANDS, cli
from devinops.emulator import Emulator
from devinops.environment import GLOBAL_OPTIONS
from devinops.model.policy import Approvals
from tests.testing.command_line import Devinops, Write

FILES = {
    "devinops.yaml": "version: 1\ntargets:\n  a: {inventory: {store: file}}\n  b: {}\n",
    "knowledge/a.md": "---\nname: A\ntrigger: t\n---\nbody\n",
    "playbooks/b.md": "---\ntitle: B\n---\nbody\n",
}


@pytest.fixture
def root(
    use: Callable[..., None], repository: Write, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    with Emulator() as emulator:
        use(emulator.url)
        written = repository(FILES)
        monkeypatch.chdir(written)
        yield written


def leaves() -> Iterator[tuple[list[str], click.Command]]:
    """Yield the words and the command of everything that can be run."""
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from ([[name, sub], leaf] for sub, leaf in command.commands.items())  # type: ignore[misc]
        else:
            yield [name], command


def test_what_many_commands_share_can_be_set_in_the_environment() -> None:
    names = {
        param.envvar.removeprefix("DEVINOPS_")
        for _, command in leaves()
        for param in command.params
        if isinstance(param.envvar, str)
    }
    assert names == set(GLOBAL_OPTIONS)


@pytest.mark.parametrize(
    ("line", "option", "command"),
    [
        ("-C . plan", "-C", "devinops"),
        ("--target b plan", "--target", "devinops"),
        ("-q validate", "-q", "devinops"),
        ("--yes apply", "--yes", "devinops"),
        ("-t b inventory list", "-t", "devinops"),
        ("inventory -t b list", "-t", "devinops inventory"),
        ("targets -t b discover", "--target", "devinops targets"),
        ("targets --names waves", "--names", "devinops targets"),
        ("targets --check discover", "--check", "devinops targets"),
    ],
)
def test_an_option_before_the_command_is_refused(
    root: Path, devinops: Devinops, line: str, option: str, command: str
) -> None:
    before = sorted(root.rglob("*"))
    ran = devinops(*line.split())
    assert (ran.code, ran.out) == (64, "")
    assert (
        f"The option {option} cannot come before the command: write it after the name of the "
        f"command, as in {command} COMMAND {option}."
    ) in ran.err
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize("name", ["--timeout", "--ca-bundle"])
def test_a_variable_is_no_option(root: Path, devinops: Devinops, name: str) -> None:
    ran = devinops("plan", name, "5")
    variable = f"DEVINOPS_{name[2:].replace('-', '_').upper()}"
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.endswith(f"Error: There is no option {name}. Set the variable {variable}.\n")
    assert name not in devinops("plan", "--help").out


def valued() -> Iterator[tuple[list[str], click.Option]]:
    """Yield the words of each command with each of its options that have a value."""
    for words, command in leaves():
        options = (
            param
            for param in command.params
            if isinstance(param, click.Option) and not isinstance(param, Variable)
        )
        yield from ((words, option) for option in options if not option.is_flag)


def test_a_second_value_of_an_option_that_takes_one_is_refused_in_every_command(
    root: Path, devinops: Devinops
) -> None:
    before = sorted(root.rglob("*"))
    for words, option in valued():
        for name in option.opts if not option.multiple else ():
            ran = devinops(*words, name, "x", name, "y")
            message = f'{option.opts[-1]} takes one value, but 2 are given: "x", "y". Pass only'
            assert (ran.code, ran.out) == (64, ""), (words, name, ran)
            assert message in " ".join(ran.err.split()), (words, name, ran)
    assert sorted(root.rglob("*")) == before


def test_the_help_of_an_option_says_whether_it_is_repeatable() -> None:
    for words, option in valued():
        assert ("repeatable" in (option.help or "")) == option.multiple, (words, option.opts)


def test_a_flag_that_is_given_twice_is_harmless(root: Path, devinops: Devinops) -> None:
    assert devinops("plan", "-q", "-t", "b", "-q", "--no-color", "--no-color").code == 0


def test_a_key_among_two_values_is_not_shown(root: Path, devinops: Devinops) -> None:
    key = f"cog_{'a1b2' * 10}"
    ran = devinops("doctor", "-t", "a", "-t", key)
    assert (ran.code, '"a", "***"' in ran.err, key in ran.err) == (64, True, False)
    ran = devinops("plan", "-t", "a", "-t", key)
    assert (ran.code, 'no target "***"' in ran.err, key in ran.err) == (64, True, False)


def test_repeatable_options_add_up(root: Path, devinops: Devinops, tmp_path: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.txt"
    ran = devinops(
        *("plan", "-t", "b", "--only", "knowledge", "--report", f"json={first}"),
        *("--only", "playbook", "--report", f"text={second}"),
    )
    assert ran.code == 0
    assert "2 to create" in ran.out
    assert first.is_file()
    assert second.read_text() == ran.out


def test_an_option_beats_the_environment(
    root: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVINOPS_TARGET", "a")
    ran = devinops("whoami", "-t", "b")
    assert "target             b  (option --target)" in ran.out


@pytest.mark.parametrize("value", ["", " "], ids=["empty", "blank"])
def test_an_empty_value_is_refused(root: Path, devinops: Devinops, value: str) -> None:
    for option in ("--root", "--target", "--only", "--report"):
        ran = devinops("plan", option, value)
        assert (ran.code, "the value is empty" in ran.err) == (64, True)


def titles(help: str) -> list[str]:
    """Return the titles of the sections of a help text."""
    return re.findall(r"^(\S.*):$", help, re.MULTILINE)


def test_the_help_of_devinops_groups_the_commands(devinops: Devinops) -> None:
    help = devinops("--help").out
    assert titles(help) == [*COMMAND_GROUPS, "Options"]
    assert re.findall(r"^  ([a-z]+) +[A-Z]", help, re.MULTILINE) == COMMANDS


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["apply"], list(OPTION_GROUPS)),
        (["lint"], ["Options", "What to work on", "Output", "Advanced"]),
        (["inventory", "list"], ["Options", "What to work on", "Output", "Advanced"]),
        (["completion"], ["Options"]),
    ],
    ids=str,
)
def test_the_help_of_a_command_has_its_own_options_first_and_advanced_ones_last(
    devinops: Devinops, words: list[str], expected: list[str]
) -> None:
    assert titles(devinops(*words, "--help").out) == expected


def test_options_of_several_commands_are_not_among_those_of_one() -> None:
    approvals = {field.name for field in dataclasses.fields(Approvals)}
    shared = {f"--{name.lower().replace('_', '-')}" for name in GLOBAL_OPTIONS}
    own = [
        param
        for _, command in leaves()
        for param in command.params
        if isinstance(param, click.Option) and option_group(param) == "Options"
    ]
    assert own
    for param in own:
        assert param.name not in approvals
        assert not shared & set(param.opts) or isinstance(param, Variable)
