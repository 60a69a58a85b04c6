"""The command line stays small enough to be read: how many options it has, and how long its help is."""

from __future__ import annotations

import click
import pytest

from devinops.environment import GLOBAL_OPTIONS
from tests.testing.command_line import Devinops
from tests.testing.command_manual import commands

COMMON = {*(name.lower() for name in GLOBAL_OPTIONS), "reports", "shard"}


def options() -> list[click.Option]:
    """Return the options of all commands, each as often as a command has it."""
    params = (param for _, command in commands() for param in command.params)
    return [p for p in params if isinstance(p, click.Option) and not p.hidden]


def test_the_options_are_few() -> None:
    own = [option for option in options() if option.name not in COMMON]
    assert len(own) <= 78
    assert len({option.opts[-1] for option in options()}) <= 70


@pytest.mark.parametrize(("words", "most"), [([], 40), (["plan"], 60), (["apply"], 60)], ids=str)
def test_help_fits_on_a_page(
    devinops: Devinops, monkeypatch: pytest.MonkeyPatch, words: list[str], most: int
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert len(devinops(*words, "--help").out.splitlines()) <= most
