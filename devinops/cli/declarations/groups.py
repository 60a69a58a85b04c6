"""Commands with options in groups, and groups of them that take the common options before the
command's name as well as after it.

This module is imported for every command line, and imports little more than click.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

import click

from devinops.cli.declarations import completed_values

_ONE_DASH: Final = re.compile("-[a-z][a-z-]{2}")

_NAMES_WIDTH: Final = 30
"""Longer names have their help on the next line, as click does it."""

OPTION_GROUPS: Final[dict[str, set[str]]] = {
    "Options": set(),
    "What to work on": {"--root", "--target", "--only"},
    "Approvals": {"--adopt", "--on-conflict", "--on-drift", "--allow"},
    "Output": {"--format", "--report", "--no-color", "--quiet", "--verbose"},
    "Advanced": {
        "--parallelism",
        "--timeout",
        "--lock-timeout",
        "--ca-bundle",
        "--skip-outside",
        "--skip-untracked",
    },
}
"""Title → options, in the order of help. `Options` has all others, those of one command."""


class Command(click.Command):
    """A command whose help has the options in groups: its own first, and what few need last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each below the title of its group."""
        lists: dict[str, list[tuple[str, str]]] = {title: [] for title in OPTION_GROUPS}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if isinstance(param, click.Option) and record:
                lists[option_group(param)].append(record)
        write_lists(formatter, lists)


def option_group(option: click.Option) -> str:
    """Return the title below which help lists an option."""
    name = option.opts[-1]
    return next((title for title, names in OPTION_GROUPS.items() if name in names), "Options")


def write_lists(
    formatter: click.HelpFormatter, lists: Mapping[str, Sequence[tuple[str, str]]]
) -> None:
    """Write title → (name, help) as sections with aligned columns; leave out empty ones."""
    width = min(max(len(name) for rows in lists.values() for name, _ in rows), _NAMES_WIDTH)
    for title, rows in lists.items():
        if rows:
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), help) for name, help in rows])


class PassedOn(click.Option):
    """An option that a group passes on to its command, which checks the value.

    The group accepts it several times, so that the command sees each value.
    """

    def __init__(self, names: list[str], *, is_flag: bool = False, **attributes: Any) -> None:
        super().__init__(names, is_flag=is_flag, multiple=not is_flag, **attributes)

    def get_help_record(self, ctx: click.Context) -> None:
        """Return None: the group lists all of these options in one paragraph."""

    @property
    def names(self) -> str:
        return "/".join(self.opts)

    @property
    def summary(self) -> str:
        """The names and the placeholder of the value, such as `-t/--target NAME`."""
        return self.names if self.is_flag else f"{self.names} {self.metavar}"

    def words(self, value: Any) -> list[str]:
        """Return the option as it is written on a command line; empty if it is not used."""
        if self.is_flag:
            return [self.opts[-1]] if value else []
        return [word for text in value or () for word in (self.opts[-1], text)]


def passed_on() -> list[PassedOn]:
    """Return the options: those that `DEVINOPS_<OPTION>` can set."""
    return [
        PassedOn(
            ["-C", "--root"], metavar="DIRECTORY", shell_complete=completed_values.directories
        ),
        PassedOn(["-t", "--target"], metavar="NAME", shell_complete=completed_values.selectors),
        PassedOn(["--only"], metavar="KIND[:PATTERN]", shell_complete=completed_values.only),
        PassedOn(["--format"], metavar="FORMAT", shell_complete=completed_values.formats),
        PassedOn(["--report"], metavar="FORMAT=FILE", shell_complete=completed_values.reports),
        PassedOn(["--no-color"], is_flag=True),
        PassedOn(["-q", "--quiet"], is_flag=True),
        PassedOn(["-v", "--verbose"], is_flag=True),
        PassedOn(["--parallelism"], metavar="N"),
        PassedOn(["--timeout"], metavar="SECONDS"),
        PassedOn(["--lock-timeout"], metavar="SECONDS"),
        PassedOn(["--ca-bundle"], metavar="FILE", shell_complete=completed_values.files),
    ]


class Group(click.Group):
    """A group that takes the common options before the name of a command.

    They are put before the command's own words. So a command that lacks one refuses it in the same
    way, a second value is refused wherever it is, and repeatable options add up.
    """

    command_class = Command

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.params += passed_on()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options of the group. Its function does not get those that it passes on."""
        _check_dashes(ctx, takewhile(lambda word: word.startswith("-"), args))
        rest = super().parse_args(ctx, args)
        options = [param for param in self.params if isinstance(param, PassedOn)]
        ctx.obj = {option: ctx.params.pop(option.name or "", None) for option in options}
        return rest

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return name, command and words of the command, with the options passed on.

        Raises UsageError if the command does not exist or lacks one of them, or if an option that
        takes one value has several.
        """
        typed = args[0]
        command = self.get_command(ctx, typed)
        if command is None and not (ctx.resilient_parsing or typed.startswith("-")):
            from devinops.cli.declarations.unknown_command import unknown_command

            group = ctx.info_name or ""
            raise click.UsageError(unknown_command(group, typed, self.list_commands(ctx)), ctx)
        name, command, rest = super().resolve_command(ctx, args)
        if command:
            rest = [*_passed_on(ctx, name, command), *rest]
            if not ctx.resilient_parsing:
                context = click.Context(command, ctx, info_name=name)
                _check_dashes(context, takewhile("--".__ne__, rest))
                _check_repeated(context, rest)
        return name, command, rest

    def _explained(self) -> Iterator[PassedOn]:
        """Yield the options that a command has; all of them if the commands are not imported."""
        commands = self.commands.values()
        for param in self.params:
            if isinstance(param, PassedOn) and not (
                commands and all(_lacking(c, [param]) for c in commands)
            ):
                yield param

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, the common ones in one paragraph, and the commands."""
        click.Command.format_options(self, ctx, formatter)
        options = [option.summary for option in self._explained()]
        with formatter.section("Common options, before or after the command"):
            indent = " " * formatter.current_indent
            for line in _filled(options, formatter.width - len(indent)):
                formatter.write(f"{indent}{line}\n")
            formatter.write_text("The --help of each command explains the ones it accepts.")
        self.format_commands(ctx, formatter)


def _passed_on(ctx: click.Context, name: str | None, command: click.Command) -> list[str]:
    """Return the words of the group's options. Raises UsageError if the command lacks one."""
    passed = {option: option.words(value) for option, value in ctx.obj.items()}
    lacking = _lacking(command, [option for option, words in passed.items() if words])
    if lacking and not ctx.resilient_parsing:
        raise click.UsageError(f"{name} has no option {lacking[0].names}.", ctx)
    return [word for option in passed if option not in lacking for word in passed[option]]


def _check_dashes(ctx: click.Context, words: Iterable[str]) -> None:
    """Raise UsageError for a long option with one dash: click would read -target as -t arget."""
    for word in words:
        if _ONE_DASH.match(word):
            from devinops.cli.declarations.unknown_command import one_dash

            if message := one_dash(word, ctx.command):
                raise click.UsageError(message, ctx)


def _check_repeated(ctx: click.Context, words: list[str]) -> None:
    """Raise UsageError if an option that takes one value has several: click would use the last."""
    parser, params = ctx.command.make_parser(ctx), ctx.command.get_params(ctx)
    single = [p for p in params if isinstance(p, click.Option) and not (p.is_flag or p.multiple)]
    for option in single:
        parser.add_option(option, option.opts, option.name, action="append", nargs=option.nargs)
    given, _, _ = parser.parse_args(list(words))
    for option in single:
        values = [f'"{value}"' for value in given.get(option.name or "", ())]
        if len(values) > 1:
            from devinops.model.credentials import masked

            what = f"{option.opts[-1]} takes one value, but {len(values)} are given: "
            raise click.UsageError(f"{what}{masked(', '.join(values))}. Pass only one.", ctx)


def _lacking(command: click.Command, options: Iterable[PassedOn]) -> list[PassedOn]:
    """Return the options that a command does not have."""
    known = {name for param in command.params for name in param.opts}
    return [option for option in options if not known & set(option.opts)]


def _filled(texts: Iterable[str], width: int) -> list[str]:
    """Return lines with as many texts as fit, separated by commas; no text is broken."""
    whole = ", ".join(text.replace(" ", "\0") for text in texts)
    lines = textwrap.wrap(whole, width, break_on_hyphens=False, break_long_words=False)
    return [line.replace("\0", " ") for line in lines]
