"""`devinops completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from devinops.model.errors import ExitCode


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> ExitCode:
    """Print the completion script for a shell.

    \b
      source <(devinops completion bash)     in ~/.bashrc
      source <(devinops completion zsh)      in ~/.zshrc
      devinops completion fish > ~/.config/fish/completions/devinops.fish
    """
    complete = get_completion_class(shell)
    assert complete is not None
    root = ctx.find_root()
    click.echo(complete(root.command, {}, "devinops", "_DEVINOPS_COMPLETE").source())
    return ExitCode.OK
