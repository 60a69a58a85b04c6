"""The command line. `main` is the only place where an error becomes an exit code."""

from __future__ import annotations

import importlib
import io
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from devinops import __version__, atomic, signals
from devinops.model.errors import DevinopsError, ExitCode, InputError, Terminated
from devinops.model.suggest import nearest

COMMANDS = {
    "init": "Set up a repository: configuration, a first note, CI and pre-commit.",
    "validate": "Check the files, offline and without a key.",
    "plan": "Show what apply would change; never writes.",
    "show": "Show a saved plan, offline.",
    "apply": "Make the organization match the files.",
    "rollback": "Restore what a run overwrote or deleted.",
    "inventory": "Inspect and repair the record of what this repository owns.",
    "drift": "Show what was changed outside devinops since the last apply.",
    "whoami": "Show the effective settings and who the key belongs to.",
    "schema": "Print the JSON Schemas of the files and of the JSON output.",
    "emulator": "Serve a local stand-in for the Devin API.",
    "demo": "Walk through plan and apply on a local emulator; needs no key.",
    "completion": "Print the shell completion script.",
}
"""Command → its summary, so that listing the commands imports none of them."""

SYNONYMS = {
    "diff": "plan",
    "sync": "apply",
    "dump": "plan",
    "ping": "whoami",
    "check": "validate",
    "deploy": "apply",
    "undo": "rollback",
    "restore": "rollback",
}
"""What users of similar tools type first → the command here."""


class Commands(click.Group):
    """A group that imports a command only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with signals.deferred():
            command = importlib.import_module(f"devinops.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = SYNONYMS.get(args[0]) or nearest(args[0], COMMANDS)
            hint = f" Did you mean {near!r}?" if near else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, message="devinops %(version)s")
def cli() -> None:
    """GitOps for Devin: knowledge, playbooks and secrets as reviewed files, planned and applied.

    Start with `devinops demo`, then `devinops init`.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. Never raises."""
    # Python sets a stream that was closed at the start (`>&-`, some daemons) to None.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    before = signals.take_over()
    try:
        return signals.settled(_run(argv))
    finally:
        signals.give_back(before)


def _run(argv: Sequence[str] | None) -> int:
    try:
        with signals.interruptible():
            code = cli.main(args=argv, prog_name="devinops", standalone_mode=False)
            sys.stdout.flush()
            return int(code or 0)
    except click.ClickException as error:
        message = io.StringIO()
        error.show(message)
        _print_error(_escaped(message.getvalue()))
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt, Terminated) as stop:
        return signals.ended(stop)
    except InputError as error:
        return _show_problems(error)
    except DevinopsError as error:
        _print_error(f"devinops: {_one_line(str(error))}\n")
        return error.exit_code
    except BrokenPipeError:
        # The reader has closed the pipe, as in `devinops plan | head`.
        return ExitCode.FIX
    except OSError as error:
        if error.errno not in atomic.OUT_OF_SPACE:
            return _show_bug(error)
        _print_error(f"devinops: the output cannot be written: {atomic.reason(error)}\n")
        return ExitCode.FIX
    except Exception as error:
        return _show_bug(error)


def _print_error(text: str) -> None:
    from devinops.cli.options import echo_err

    echo_err(text)


def _one_line(text: str) -> str:
    from devinops.render.escape import line

    return line(text)


def _escaped(text: str) -> str:
    from devinops.render.escape import lines

    return lines(text)


def _show_problems(error: InputError) -> int:
    from devinops.render.text import Text, problem_counts

    for problem in error.problems:
        _print_error(f"{Text().problem(problem)}\n")
    _print_error(f"devinops: {problem_counts(error.problems)}; nothing was read from the API\n")
    return error.exit_code


def _show_bug(error: Exception) -> int:
    from devinops.api.redact import bug_report

    log = f"devinops {__version__}, Python {sys.version}\n{bug_report(error)}"
    message = (
        f"devinops: a bug: {type(error).__name__}; this is not your fault. Please report it with"
    )
    try:
        _print_error(f"{message} {_write_log(log)}\n")
    except OSError:
        _print_error(f"{message} this:\n{_escaped(log)}")
    return ExitCode.BUG


def _write_log(text: str) -> str:
    """Write a new temporary file and return its path. Raises OSError."""
    with tempfile.NamedTemporaryFile(
        "w",
        prefix="devinops-bug-",
        suffix=".log",
        delete=False,
        encoding="utf-8",
        errors="backslashreplace",
    ) as log:
        log.write(text)
    return log.name
