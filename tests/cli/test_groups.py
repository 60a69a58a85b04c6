"""The common options before the name of a command mean the same as after it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from devinops.cli.declarations.groups import OPTION_GROUPS, PassedOn, option_group, passed_on
from devinops.cli.main import COMMAND_GROUPS, COMMANDS, cli
from devinops.emulator import Emulator
from devinops.environment import GLOBAL_OPTIONS
from devinops.model.policy import Approvals
from tests.testing.command_line import Devinops, Ran, Write

FILES = {
    "devinops.yaml": "version: 1\ntargets:\n  a: {inventory: {store: file}}\n  b: {}\n",
    "knowledge/a.md": "---\nname: A\ntrigger: t\n---\nbody\n",
    "playbooks/b.md": "---\ntitle: B\n---\nbody\n",
}
VALUES = {
    "--root": ".",
    "--target": "a",
    "--only": "knowledge",
    "--format": "json",
    "--report": "json=../report.json",
    "--parallelism": "1",
    "--timeout": "30",
    "--lock-timeout": "0",
    "--ca-bundle": "no-such.pem",
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


def untimed(ran: Ran) -> Ran:
    """Return a run without how long its requests took and in which order they ended."""
    lines = sorted(re.sub(r" in \d+ ms", "", ran.err).splitlines())
    return dataclasses.replace(ran, err="\n".join(lines))


def test_they_are_the_options_that_the_environment_can_set() -> None:
    names = {option.opts[-1].removeprefix("--").replace("-", "_").upper() for option in passed_on()}
    assert names == set(GLOBAL_OPTIONS)


@pytest.mark.parametrize("option", passed_on(), ids=lambda option: option.names)
def test_they_are_spelled_as_in_the_commands(option: PassedOn) -> None:
    same = [
        param
        for _, command in leaves()
        for param in command.params
        if isinstance(param, click.Option) and set(param.opts) & set(option.opts)
    ]
    assert same
    for param in same:
        assert (param.opts, param.is_flag) == (option.opts, option.is_flag)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("option", passed_on(), ids=lambda option: option.names)
def test_before_and_after_the_command_are_the_same(
    root: Path, devinops: Devinops, option: PassedOn
) -> None:
    target = () if "--target" in option.opts else ("--target", "b")
    for name in option.opts:
        words = (name,) if option.is_flag else (name, VALUES[option.opts[-1]])
        after = untimed(devinops("plan", *words, *target))
        assert untimed(devinops(*words, "plan", *target)) == after
        assert untimed(devinops(*words, *target, "plan")) == after
        assert after.code == (1 if name == "--ca-bundle" else 0), after


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("words", "command"), [(w, c) for w, c in leaves()], ids=str)
def test_an_option_that_the_command_lacks_is_named(
    root: Path, devinops: Devinops, words: list[str], command: click.Command
) -> None:
    before = sorted(root.rglob("*"))
    known = {name for param in command.params for name in param.opts}
    for option in passed_on():
        if known & set(option.opts):
            continue
        given = [option.opts[0]] if option.is_flag else [option.opts[0], "value"]
        ran = devinops(*given, *words)
        assert (ran.code, ran.out) == (64, "")
        assert f"{words[-1]} has no option {option.names}." in ran.err
    assert sorted(root.rglob("*")) == before


def valued() -> Iterator[tuple[list[str], click.Option]]:
    """Yield the words of each command with each of its options that have a value."""
    for words, command in leaves():
        options = (param for param in command.params if isinstance(param, click.Option))
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


@pytest.mark.parametrize(
    "line",
    [
        "-t a doctor -t b",
        "-t a --target=b doctor",
        "-t a inventory -t b list",
        "-t a inventory list -tb",
        "inventory -t a -t b list",
        "-C a plan --root b",
        "plan --format text --format text",
    ],
)
def test_before_and_after_the_command_is_twice(root: Path, devinops: Devinops, line: str) -> None:
    ran = devinops(*line.split())
    assert (ran.code, ran.out) == (64, "")
    assert "takes one value, but 2 are given" in ran.err


@pytest.mark.parametrize("flag", ["-q", "-v", "--no-color"])
def test_a_flag_before_the_command_takes_no_value(
    root: Path, devinops: Devinops, flag: str
) -> None:
    assert devinops(flag, "validate", "-C", root).code == 0


def test_a_flag_that_is_given_twice_is_harmless(root: Path, devinops: Devinops) -> None:
    assert devinops("-q", "-t", "b", "plan", "-q", "--no-color", "--no-color").code == 0


def test_a_key_among_two_values_is_not_shown(root: Path, devinops: Devinops) -> None:
    key = f"cog_{'a1b2' * 10}"
    ran = devinops("doctor", "-t", "a", "-t", key)
    assert (ran.code, '"a", "***"' in ran.err, key in ran.err) == (64, True, False)
    ran = devinops("plan", "-t", "a", "-t", key)
    assert (ran.code, 'no target "***"' in ran.err, key in ran.err) == (64, True, False)


def test_repeatable_options_add_up(root: Path, devinops: Devinops, tmp_path: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.txt"
    ran = devinops(
        *("-t", "b", "--only", "knowledge", "--report", f"json={first}"),
        *("plan", "--only", "playbook", "--report", f"text={second}"),
    )
    assert ran.code == 0
    assert "2 to create" in ran.out
    assert first.is_file()
    assert second.read_text() == ran.out


def test_an_option_before_the_command_beats_the_environment(
    root: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVINOPS_TARGET", "a")
    ran = devinops("-t", "b", "whoami")
    assert "target             b  (option --target)" in ran.out


@pytest.mark.parametrize("value", ["", " "], ids=["empty", "blank"])
def test_an_empty_value_is_refused_before_the_command_too(
    root: Path, devinops: Devinops, value: str
) -> None:
    for option in ("--root", "--target", "--only", "--report", "--ca-bundle"):
        ran = devinops(option, value, "plan")
        assert (ran.code, "the value is empty" in ran.err) == (64, True)


@pytest.mark.parametrize("columns", ["80", "60", "50"])
@pytest.mark.parametrize("group", [[], ["inventory"]], ids=["devinops", "inventory"])
def test_the_help_of_a_group_lists_them_and_breaks_none(
    devinops: Devinops, group: list[str], columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    help = devinops(*group, "--help").out
    commands = [command for words, command in leaves() if words[: len(group)] == group]
    names = {name for command in commands for param in command.params for name in param.opts}
    for option in passed_on():
        listed = any(option.summary in line for line in help.splitlines())
        assert listed == bool(names & set(option.opts)), option.names
    assert "before or after the command" in help


def titles(help: str) -> list[str]:
    """Return the titles of the sections of a help text."""
    return re.findall(r"^(\S.*):$", help, re.MULTILINE)


def test_the_help_of_devinops_groups_the_commands(devinops: Devinops) -> None:
    help = devinops("--help").out
    assert titles(help)[2:] == list(COMMAND_GROUPS)
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
    shared = {name for option in passed_on() for name in option.opts}
    own = [
        param
        for _, command in leaves()
        for param in command.params
        if isinstance(param, click.Option) and option_group(param) == "Options"
    ]
    assert own
    for param in own:
        assert param.name not in approvals
        assert not shared & set(param.opts)
