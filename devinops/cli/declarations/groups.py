"""Commands with options in groups, and groups of such commands.

This module is imported for every command line, and imports little more than click.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

import click
from click.core import ParameterSource

_ONE_DASH: Final = re.compile("-[a-z][a-z-]{2}")

_NAMES_WIDTH: Final = 24
"""Longer names have their help on the next line, as click does it."""

OPTION_GROUPS: Final[dict[str, set[str]]] = {
    "Options": set(),
    "What to work on": {"--root", "--target", "--only", "--exclude", "--affected", "--wave"},
    "Approvals": {"--adopt", "--on-conflict", "--on-drift", "--allow"},
    "Output": {"--format", "--report", "--no-color", "--quiet", "--verbose"},
    "Advanced": {
        "--gate",
        "--shard",
        "--webhook-secrets",
        "--parallelism",
        "--lock-timeout",
        "--skip-outside",
        "--skip-untracked",
    },
}
"""Title → options, in the order of help. `Options` has all others, those of one command."""


class Command(click.Command):
    """A command whose help has the options in groups: its own first, and what few need last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each below the title of its group."""
        _format_options(self, ctx, formatter)


def _format_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    lists: dict[str, list[tuple[str, str]]] = {title: [] for title in OPTION_GROUPS}
    for param in command.get_params(ctx):
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


class Variable(click.Option):
    """A setting that only its environment variable sets, because few need it."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Do nothing: the command line does not accept it."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Return the value of the variable. Raises UsageError if it is wrong."""
        try:
            return super().type_cast_value(ctx, value)
        except click.BadParameter as error:
            from devinops.model.errors import UsageError

            raise UsageError(f"{self.envvar}: {error.message}") from None


class Group(click.Group):
    """A group whose commands have all options; those before the name of a command are refused."""

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse what stands before the name of the command."""
        _check_dashes(ctx, takewhile(lambda word: word.startswith("-"), args))
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return name, command and words of the command.

        Raises UsageError if the command does not exist, if an option stands before it, or if an
        option that takes one value has several.
        """
        if not ctx.resilient_parsing:
            self._check_typed(ctx, args[0])
        name, command, rest = super().resolve_command(ctx, args)
        if command and not ctx.resilient_parsing:
            context = click.Context(command, ctx, info_name=name)
            _check_dashes(context, takewhile("--".__ne__, rest))
            _check_repeated(context, rest)
        return name, command, rest

    def _check_typed(self, ctx: click.Context, typed: str) -> None:
        from devinops.cli.declarations.unknown_command import misplaced, unknown_command

        if not typed.startswith("-") and self.get_command(ctx, typed) is None:
            group = ctx.info_name or ""
            raise click.UsageError(unknown_command(group, typed, self.list_commands(ctx)), ctx)
        for param in self.params:
            if ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE:
                raise click.UsageError(misplaced(param.opts[-1], ctx.command_path), ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, and then the options of the group."""
        self.format_commands(ctx, formatter)
        _format_options(self, ctx, formatter)


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
