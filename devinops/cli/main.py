"""The command line. `main` is the only place where an error becomes an exit code."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence
from keyword import iskeyword

import click

from devinops import __version__, atomic, signals
from devinops.cli.declarations.groups import Group, write_lists
from devinops.model.errors import DevinopsError, InputError, Terminated
from devinops.model.exit_codes import ExitCode

COMMAND_GROUPS = {
    "Every day": {
        "init": "Set up a repository: configuration, a first note, CI, hooks.",
        "validate": "Check the files, offline and without a key.",
        "lint": "Check what the entries teach Devin, offline and without a key.",
        "fmt": "Write the files in one canonical form; their meaning stays.",
        "plan": "Show what apply would change; never writes.",
        "apply": "Make the organization match the files.",
        "pull": "Write live objects, and changes outside devinops, into files.",
    },
    "Review and CI": {
        "show": "Show a saved plan, offline.",
        "comment": "Post a plan on the pull request; find the reviewed digest.",
        "drift": "Show what was changed outside devinops since the last apply.",
        "rollback": "Restore what a run overwrote or deleted.",
        "insight": "Show which notes help, which mislead, and what is missing.",
    },
    "In and out": {
        "import": "Turn rules, skills, exports and Terraform states into entries.",
        "export": "Write the entries as a plugin of skills and rules.",
    },
    "Many organizations": {
        "targets": "List the targets; add new organizations; show the waves.",
        "explain": "Show which file gave each value of an entry.",
    },
    "Repair and tools": {
        "inventory": "Inspect and repair the record of what this repository owns.",
        "doctor": "Ask the API whether devinops is right about it; reads only.",
        "whoami": "Show the effective settings and who the API key belongs to.",
        "schema": "Print the JSON Schemas of the files and of the JSON output.",
        "emulator": "Serve a local stand-in for the Devin API.",
        "demo": "Walk through plan and apply on a local emulator; needs no key.",
        "completion": "Print the shell completion script.",
    },
}
"""Title → command → its summary, so that listing the commands imports none of them."""

COMMANDS = [name for commands in COMMAND_GROUPS.values() for name in commands]

_COMPLETE = "_DEVINOPS_COMPLETE"
"""The variable that a completion script sets when the shell asks what comes next."""


class Commands(Group):
    """A group that imports the commands only when one is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return COMMANDS

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        # Imports and files make many objects that stay, and few cycles: looking for garbage after
        # every 700 of them takes a fifteenth of the time of a short run.
        gc.set_threshold(100_000)
        with signals.deferred():
            commands = importlib.import_module("devinops.cli.declarations.commands")
        command = getattr(commands, f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_lists(formatter, {t: list(items.items()) for t, items in COMMAND_GROUPS.items()})


_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Commands, context_settings=_CONTEXT)
@click.version_option(__version__, message="devinops %(version)s")
def cli() -> None:
    """GitOps for Devin, in reviewed files. Start with `devinops demo`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. Never raises."""
    # Python sets a stream that was closed at the start (`>&-`, some daemons) to None.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    before = signals.take_over()
    try:
        return signals.settled(_run(argv))
    finally:
        signals.give_back(before)


def _run(argv: Sequence[str] | None) -> int:
    if os.environ.get(_COMPLETE):
        return _complete()
    try:
        with signals.interruptible():
            code = cli.main(args=argv, prog_name="devinops", standalone_mode=False)
            sys.stdout.flush()
            return int(code or 0)
    except click.NoSuchOption as error:
        return _show_unknown_option(error)
    except click.ClickException as error:
        return _show_usage(error)
    except (click.Abort, KeyboardInterrupt, Terminated) as stop:
        return signals.ended(stop)
    except InputError as error:
        return _show_problems(error)
    except DevinopsError as error:
        from devinops.render.escape import line

        _tell(line(f"devinops: {error}"))
        return error.exit_code
    except BrokenPipeError:
        # The reader has closed the pipe, as in `devinops plan | head`.
        return ExitCode.FIX
    except OSError as error:
        if error.errno not in atomic.OUT_OF_SPACE:
            return _show_bug(error)
        _tell(f"devinops: the output cannot be written: {atomic.reason(error)}")
        return ExitCode.FIX
    except Exception as error:
        return _show_bug(error)


def _complete() -> int:
    """Print what the shell can complete. Whatever is wrong, the user who types sees nothing."""
    importlib.import_module("devinops.cli.handlers.completion")
    try:
        with signals.interruptible():
            cli.main(args=[], prog_name="devinops", standalone_mode=False)
    except SystemExit as done:
        return ExitCode(int(done.code or 0))
    except (Exception, KeyboardInterrupt, Terminated):
        return ExitCode.FIX
    return ExitCode.OK


def _show_unknown_option(error: click.NoSuchOption) -> int:
    from devinops.cli.declarations.unknown_command import unknown_option

    context = error.ctx or click.get_current_context()
    message = unknown_option(error.option_name, context.command, context.command_path)
    return _show_usage(click.UsageError(message, error.ctx))


def _show_usage(error: click.ClickException) -> int:
    message = io.StringIO()
    error.show(message)
    _tell(message.getvalue().removesuffix("\n"))
    return ExitCode.USAGE


def _tell(text: str) -> None:
    from devinops.cli.output import tell

    tell(text)


def _show_problems(error: InputError) -> int:
    from devinops.cli.output import tell_problems
    from devinops.render.problem_text import problem_counts

    tell_problems(error.problems)
    _tell(f"devinops: {problem_counts(error.problems)}; nothing was written")
    return error.exit_code


def _show_bug(error: Exception) -> int:
    from devinops.api.redact import bug_report

    log = f"devinops {__version__}, Python {sys.version}\n{bug_report(error)}"
    message = (
        f"devinops: a bug: {type(error).__name__}; this is not your fault. Please report it with"
    )
    try:
        _tell(f"{message} {_write_log(log)}")
    except OSError:
        _tell(f"{message} this:\n{log}")
    return ExitCode.BUG


def _write_log(text: str) -> str:
    """Write a new temporary file and return its path. Raises OSError."""
    import tempfile

    descriptor, path = tempfile.mkstemp(".log", "devinops-bug-")
    with open(descriptor, "wb") as log:
        log.write(text.encode(errors="backslashreplace"))
    return path
