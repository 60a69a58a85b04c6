"""What `devinops completion` does, and completion for bash as click does not have it.

bash ends a word at `:` and `=`, so that `knowledge:A` is three words. click's own class sees only
what follows the last of them, and inserts a value with a space as two words.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import Any, Final

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

from devinops.model.exit_codes import ExitCode


def run(shell: str) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    complete = get_completion_class(shell)
    assert complete is not None
    root = click.get_current_context().find_root()
    click.echo(complete(root.command, {}, "devinops", "_DEVINOPS_COMPLETE").source())
    return ExitCode.OK


# --- bash ----------------------------------------------------------------------------------------

_BREAKS: Final = (":", "=")


class Bash(BashComplete):
    """Completion of whole words, with escapes where bash needs them."""

    source_template = r"""%(complete_func)s() {
    local IFS=$'\n' response completion type value
    response=$(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    while IFS=',' read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done <<< "$response"
    [[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the whole words before the one that is typed, and that word."""
        typed, current = os.environ["COMP_WORDS"], int(os.environ["COMP_CWORD"])
        words = split_arg_string(typed)[: current + 1]
        words += [""] * (current + 1 - len(words))
        *before, word = _joined(words)
        self._is_quoted = not _is_closed(typed)
        # The value of `--only=knowledge:A` is what follows the option, as click sees it.
        value = word.partition("=")[2] if word.startswith("--") and "=" in word else word
        self._start = value[: max(value.rfind(mark) for mark in _BREAKS) + 1]
        return before[1:], word

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return the type, and of the value what bash puts in place of the current word."""
        value = str(item.value)
        if not self._is_quoted:
            value = re.sub(r"([^\w@%+=:,./~-])", r"\\\1", value.removeprefix(self._start))
        return f"{item.type},{value}"


def _joined(words: list[str]) -> list[str]:
    """Return the words with those put together that bash separated at `:` and `=`."""
    joined: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        if joined and (word in _BREAKS or (word and before in _BREAKS)):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _is_closed(text: str) -> bool:
    """Return whether every quote of a command line is closed."""
    try:
        shlex.split(text)
    except ValueError:
        return False
    return True


add_completion_class(Bash)
