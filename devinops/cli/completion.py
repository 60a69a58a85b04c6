"""`devinops completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from devinops.cli.bash import Bash
from devinops.model.exit_codes import ExitCode


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> ExitCode:
    """Print the completion script for a shell.

    It completes commands and options, and the targets, keys, runs and formats that they take.

    \b
      source <(devinops completion bash)     in ~/.bashrc
      source <(devinops completion zsh)      in ~/.zshrc
      devinops completion fish > ~/.config/fish/completions/devinops.fish
    """
    complete = Bash if shell == Bash.name else get_completion_class(shell)
    assert complete is not None
    root = ctx.find_root()
    click.echo(complete(root.command, {}, "devinops", "_DEVINOPS_COMPLETE").source())
    return ExitCode.OK
