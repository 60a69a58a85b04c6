"""The options that commands share: their types, their help, and what they say about a run."""

from __future__ import annotations

import functools
import math
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from devinops import run_facts
from devinops.cli.checkout import below_checkout, job_links
from devinops.cli.declarations import completed_values
from devinops.cli.declarations.groups import Variable
from devinops.cli.output import check_outputs, tell, terminal_width, wants_color, write_file
from devinops.environment import Flags, check_environment
from devinops.model.errors import UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import Key
from devinops.model.policy import (
    ALLOW,
    ALLOWED,
    COUNTED,
    HAZARDS,
    ON_CONFLICT,
    ON_DRIFT,
    OUT_OF_WAVE,
    Approvals,
)
from devinops.model.shard import Shard
from devinops.render import LOCAL_FORMATS, PROBLEM_FORMATS, RENDERERS, Style, render

if TYPE_CHECKING:
    from devinops.render.answers import Answer, Differences

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = tuple(RENDERERS)
_ANSWER_FORMATS = tuple(format for format in FORMATS if format not in PROBLEM_FORMATS)


# --- types of values ----------------------------------------------------------------------------


_EMPTY = "the value is empty: give one, or leave it out"


class NonEmpty(click.types.StringParamType):
    """Text that is not empty: an unset variable in a script must not mean "the default"."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text; fails if it is empty."""
        return str(value) if str(value).strip() else self.fail(_EMPTY, param, ctx)


class FilePath(click.Path):
    """A path that is not empty: `Path("")` is the current directory."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; fails if it is empty."""
        return super().convert(NonEmpty().convert(value, param, ctx), param, ctx)


class OutputFile(FilePath):
    """A file that the command writes. `common` checks it before the command does anything."""


class NewFile(OutputFile):
    """A file that the command creates; an existing file is never overwritten."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; fails if it exists."""
        path: Path = super().convert(value, param, ctx)
        if os.path.lexists(path):
            self.fail(f"{path} already exists; choose another file, or move that one", param, ctx)
        return path


class ShardType(click.ParamType[Shard]):
    """A shard, such as 1/8."""

    name = "shard"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Shard:
        """Return the shard; fails if the text is not that of one."""
        try:
            return Shard.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Seconds(click.FloatRange):
    """A number of seconds in a range; `nan` is refused."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; fails if it is not a number or out of range."""
        seconds = math.nan
        with suppress(click.BadParameter):
            seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            least = "more than 0" if self.min_open else "at least 0"
            expected = f"expected a number of seconds, {least} and at most {self.max}"
            self.fail(f"{expected}, not {value}", param, ctx)
        return seconds


# --- the options of one run -------------------------------------------------------------------


@dataclass(frozen=True)
class Options:
    """The common options of one run. `reports` are (format, file) pairs besides stdout."""

    root: Path
    format: str = "text"
    reports: tuple[tuple[str, Path], ...] = ()
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    color: bool = False
    quiet: bool = False
    verbose: bool = False
    lock_timeout: float = 0.0
    shard: Shard | None = None
    flags: Flags = Flags()
    known_root_flag: str | None = None
    """The option that leads to the root, if it has been found already."""

    def say(self, text: str) -> None:
        """Write progress or a diagnostic to stderr; -q hides it."""
        if not self.quiet:
            tell(text)

    def log(self, text: str) -> None:
        """Write a line to stderr if -v is set."""
        if self.verbose:
            tell(text, wrap=False)

    @property
    def command_flags(self) -> str:
        """The options that lead a printed command to the same root and target; often empty."""
        is_set = self.flags.selectors == (os.environ.get(_envvar("TARGET")),)
        return f"{self.root_flag}{'' if is_set else self._target_flag}"

    @functools.cached_property
    def root_flag(self) -> str:
        """The option that leads to the root; empty if a command without it finds the same."""
        if self.known_root_flag is not None:
            return self.known_root_flag
        from devinops.config.reading import find_root

        root = os.path.realpath(self.root)
        usual: str | Path | None = os.environ.get(_envvar("ROOT"))
        try:
            if not usual and Path.cwd().is_relative_to(root):
                usual = find_root(Path.cwd())
            at_usual = usual and os.path.realpath(usual) == root
            return "" if at_usual else f" -C {quote(os.path.relpath(root))}"
        except FileNotFoundError:
            # The current directory was deleted.
            return f" -C {quote(root)}"

    @property
    def _target_flag(self) -> str:
        """The options that choose the targets; empty if none was chosen."""
        return "".join(f" -t {quote(selector)}" for selector in self.flags.selectors)

    def about(self, target: str, source: str) -> Options:
        """Return the options with the target that a file is about, unless they name one."""
        if self.flags.selectors:
            return self
        sources = {**self.flags.sources, "target": source}
        return replace(self, flags=replace(self.flags, target=target, sources=sources))

    @property
    def style(self) -> Style:
        width = terminal_width(sys.stdout)
        job = job_links(self.root, os.environ)
        return Style(self.color, self.verbose, width, job=job, flags=self.command_flags)

    def answer(self, answer: Answer, formats: Collection[str] = FORMATS) -> ExitCode:
        """Write an answer to stdout, and for each --report to its file; return its exit code.

        Only requested formats that are among `formats` are written. Raises OSError for stdout, and
        NotWritten for a file. The files are written even if stdout is gone.
        """
        try:
            if self.format in formats:
                for chunk in render(self.format, answer, self._style(self.format)):
                    click.echo(chunk, nl=False, color=self.color or None)
                sys.stdout.flush()
        finally:
            for format, path in self.reports:
                if format in formats:
                    style = self._style(format)._replace(earlier=_earlier(format, path))
                    write_file(path, render(format, answer, style))
        return answer.exit_code

    def show(self, answer: Answer | Differences) -> None:
        """Write an answer for people: to stderr if stdout is for programs."""
        for chunk in render("text", answer, self.style):
            click.echo(chunk, nl=False, err=self.format != "text", color=self.color or None)

    def _style(self, format: str) -> Style:
        if format in LOCAL_FORMATS:
            return self.style
        style = self.style._replace(below=self.below)
        # Its readers have neither this directory nor this environment.
        return style._replace(flags=f"{style.in_root}{self._target_flag}")

    @property
    def below(self) -> str:
        """The path of the root in the checkout; empty at its top, or outside of one."""
        path = below_checkout(self.root, os.environ)
        return str(path) if path and path.parts else ""


def _earlier(format: str, path: Path) -> str:
    """Return the text of the file that a report replaces, if its format keeps some of it."""
    with suppress(OSError):
        return path.read_text("utf-8", "replace") if format == "metrics" else ""
    return ""


def _reports(values: tuple[str, ...], formats: tuple[str, ...]) -> tuple[tuple[str, Path], ...]:
    reports = []
    for value in values:
        format, equals, path = value.partition("=")
        if format not in formats or not equals or not path:
            known = f"{', '.join(formats[:-1])} or {formats[-1]}"
            raise UsageError(f'--report must be FORMAT=FILE with FORMAT {known}, not "{value}"')
        reports.append((format, Path(path)))
    return tuple(reports)


def _check_outputs(reports: Iterable[tuple[str, Path]], root: Path) -> None:
    """Raise UsageError if an output file of the command line would destroy another file."""
    context = click.get_current_context()
    outputs = [("--report", path) for _, path in reports]
    inputs: list[Path] = []
    for param in context.command.params:
        value = context.params.get(param.name or "")
        if isinstance(param.type, OutputFile) and value is not None:
            outputs.append((param.opts[-1], value))
        else:
            values = value if isinstance(value, tuple) else (value,)
            inputs += [path for path in values if isinstance(path, Path)]
    if outputs:
        check_outputs(outputs, inputs, root)


def _sources() -> dict[str, str]:
    """Return option → source for the options that the environment sets."""
    context = click.get_current_context()
    return {
        name: f"environment {_envvar(name.upper())}"
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.ENVIRONMENT
    }


def _instead_of_variable(name: str) -> str:
    from devinops.cli.declarations.unknown_command import instead_of_variable

    return instead_of_variable(name, click.get_current_context().command)


def _envvar(option: str) -> str:
    return f"DEVINOPS_{option}"


def option(*names: str, **attributes: Any) -> Callable[[F], F]:
    """Return an option; one that takes a text takes no empty one."""
    if "is_flag" not in attributes:
        attributes.setdefault("type", NonEmpty())
    return click.option(*names, **attributes)


def _option(*names: str, **attributes: Any) -> Callable[[F], F]:
    """Return an option that `DEVINOPS_<OPTION>` can set too."""
    long = next(name for name in names if name.startswith("--"))
    variable = _envvar(long.removeprefix("--").replace("-", "_").upper())
    return option(*names, envvar=variable, **attributes)


_FILES = (
    _option(
        "-C",
        "--root",
        type=FilePath(file_okay=False),
        help="Directory of the files. Default: the nearest parent with devinops.yaml, or this one.",
    ),
    _option(
        "--report",
        "reports",
        multiple=True,
        metavar="FORMAT=FILE",
        shell_complete=completed_values.reports,
        help="Also write the output to a file; repeatable.",
    ),
    _option("--no-color", is_flag=True, help="Use no color, even on a terminal."),
    _option("-q", "--quiet", is_flag=True, help="Show no progress on stderr."),
    _option("-v", "--verbose", is_flag=True, help="Show requests and full texts."),
)


def _format(formats: tuple[str, ...]) -> Callable[[F], F]:
    return _option(
        "--format",
        type=click.Choice(formats),
        default="text",
        show_default=True,
        metavar="FORMAT",
        help=f"{', '.join(formats)}.",
    )


TARGET = _option(
    "-t",
    "--target",
    shell_complete=completed_values.targets,
    help="Target in devinops.yaml to work on.",
)

TARGETS = _option(
    "-t",
    "--target",
    multiple=True,
    metavar="SELECTOR",
    shell_complete=completed_values.selectors,
    help="A name, label=value (with commas: all of them), or all; repeatable.",
)

HTTP = (
    _option(
        "--timeout",
        cls=Variable,
        hidden=True,
        type=Seconds(0, 3600, min_open=True),
        metavar="SECONDS",
        help="Time limit for one attempt of a request, in seconds. Default: 60.",
    ),
    _option(
        "--ca-bundle",
        cls=Variable,
        hidden=True,
        type=FilePath(),
        help="Trust these certificates (PEM) instead of the default ones.",
    ),
)

API = (
    _option(
        "--parallelism",
        type=click.IntRange(1, 64),
        metavar="N",
        help="Maximum concurrent requests. Default: 8, up to 32 for changes.",
    ),
    *HTTP,
)
"""What a command has that uses the Devin API; one of the code host has only `HTTP`."""

LOCK = _option(
    "--lock-timeout",
    type=Seconds(0, 3600),
    default=0.0,
    metavar="SECONDS",
    help="How long to wait for another run. Default: 0.",
)

FILTERS = tuple(
    _option(
        name,
        multiple=True,
        metavar="KIND[:PATTERN]",
        shell_complete=completed_values.only,
        help=help,
    )
    for name, help in (
        ("--only", "Only these, such as 'knowledge:Backend/*'; repeatable."),
        ("--exclude", "Not these, such as secret; repeatable."),
    )
)


SHARD = option(
    "--shard",
    type=ShardType(),
    metavar="I/N",
    help="Only every N-th target, from the I-th; I is 1 to N, or 0 to N-1.",
)


_FLAGS = ("target", "timeout", "parallelism", "ca_bundle")
_COMMON = frozenset(
    {"root", "format", "reports", "no_color", "quiet", "verbose", "lock_timeout", "shard"}
    | {"only", "exclude", *_FLAGS}
)
"""The parameters that `Options` is made of."""


def _options(params: dict[str, Any], formats: tuple[str, ...]) -> Options:
    """Return the options of a command from its common parameters, by name."""
    from devinops.config.reading import find_root

    root, flags = params.pop("root"), {name: params.pop(name, None) for name in _FLAGS}
    if isinstance(flags["target"], tuple):
        several = tuple(dict.fromkeys(flags.pop("target")))
        flags |= {"targets": several} if len(several) > 1 else {"target": next(iter(several), None)}
    return Options(
        root=find_root(Path.cwd()) if root is None else root.absolute(),
        reports=_reports(params.pop("reports"), formats),
        color=wants_color(params.pop("no_color")),
        flags=Flags(**flags, sources=_sources()),
        **params,
    )


def common(*more: Callable[[Any], Any], problems: bool = False) -> Callable[[F], F]:
    """Give a command the options of all commands and `more`; its function gets one `Options`.

    With `problems`, its answers can hold problems in files, so it also has the formats for those.
    """
    formats = FORMATS if problems else _ANSWER_FORMATS

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapped(**params: Any) -> Any:
            # The command is named as in `inventory repair`.
            run_facts.begin(click.get_current_context().command_path.partition(" ")[2])
            check_environment(os.environ, _instead_of_variable)
            given = {name: params.pop(name) for name in _COMMON if name in params}
            options = _options(given, formats)
            _check_outputs(options.reports, options.root)
            return function(options=options, **params)

        for add_option in reversed((_FILES[0], _format(formats), *_FILES[1:], *more)):
            wrapped = add_option(wrapped)
        return wrapped  # type: ignore[return-value]

    return decorate


AFFECTED = option(
    "--affected",
    metavar="REF",
    help="Only targets whose entries or settings differ from the merge base of HEAD and REF.",
)

WAVE = option(
    "--wave",
    metavar="NAME|due",
    shell_complete=completed_values.waves,
    help="Only a wave that may start; due: the next one.",
)

YES = option("-y", "--yes", is_flag=True, help="Do not ask; for CI.")

EXPECT = option(
    "--expect",
    metavar="DIGEST|FILE",
    help="Apply only the plan with this digest, or those in FILE; exit 5 if it differs.",
)

WEBHOOK_SECRETS = option(
    "--webhook-secrets",
    type=NewFile(),
    metavar="FILE",
    help="Write the secrets of new webhooks, shown only once, to a new private file.",
)

SKIP_OUTSIDE = option(
    "--skip-outside",
    is_flag=True,
    help="Skip PATHS outside the root: a Git hook gets the paths of the whole repository.",
)

SKIP_UNTRACKED = option(
    "--skip-untracked",
    is_flag=True,
    help="Do not read files that Git does not track: they are not in a commit.",
)


# --- approvals ----------------------------------------------------------------------------------

_APPROVALS = (
    option("--adopt", is_flag=True, help="Adopt live objects that differ from their entries."),
    option(
        ON_CONFLICT.option,
        multiple=True,
        metavar="SIDE[=KEY]",
        help="If both sides changed, write that of git, or keep live; with KEY, for this object "
        "only; repeatable.",
    ),
    option(
        ON_DRIFT.option,
        type=click.Choice(ON_DRIFT.values),
        metavar="HOW",
        help="overwrite or keep what changed outside devinops. Default: as the target says.",
    ),
)


def approvals(function: F) -> F:
    """Give a command the approval flags; its function gets them as one `Approvals`.

    They are never read from the environment.
    """

    @functools.wraps(function)
    def wrapped(on_conflict: tuple[str, ...], approvals: Approvals, **params: Any) -> Any:
        for_all, decided = _decisions(on_conflict) if on_conflict else (None, ())
        values = {f.name: params.pop(f.name) for f in fields(Approvals) if f.name in params}
        given = replace(approvals, on_conflict=for_all, decided=decided, **values)
        return function(approvals=given, **params)

    wrapped = allowing(*ALLOWED)(wrapped)
    for add_option in reversed(_APPROVALS):
        wrapped = add_option(wrapped)
    return wrapped  # type: ignore[return-value]


def _decisions(values: Iterable[str]) -> tuple[str | None, tuple[tuple[Key, str], ...]]:
    """Return the decision about all conflicts, if any, and those about keys. Raises UsageError.

    A value can hold several, one a line, because an input of a CI job has only one value.
    """
    from devinops.kinds import parse_key

    decided: dict[Key | None, str] = {}
    for text in filter(None, map(str.strip, "\n".join(values).splitlines())):
        side, equals, written = text.partition("=")
        if side not in ON_CONFLICT.values:
            raise UsageError(
                f"{ON_CONFLICT.option} must be git, live, git=KEY or live=KEY, not {text!r}"
            )
        key = parse_key(written) if equals else None
        if key in decided:
            about = f"the conflict of {key}" if key else "all conflicts"
            raise UsageError(f"{ON_CONFLICT.option} decides {about} twice: pass only one")
        decided[key] = side
    return decided.pop(None, None), tuple(sorted((k, side) for k, side in decided.items() if k))


def allowing(*possible: str) -> Callable[[F], F]:
    """Give a command --allow with some of `ALLOWED`; its function gets one `Approvals`."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapped(allow: tuple[str, ...], **rest: Any) -> Any:
            return function(approvals=_allowed(allow, possible), **rest)

        add_option = option(
            ALLOW,
            multiple=True,
            metavar="WHAT",
            shell_complete=completed_values.choices(*possible),
            help=f"Allow {', '.join(possible)}; repeatable.",
        )
        return add_option(wrapped)  # type: ignore[return-value]

    return decorate


def _allowed(values: Iterable[str], possible: Collection[str]) -> Approvals:
    """Return the approvals that the values of --allow give. Raises UsageError.

    A value can hold several, because an input of a CI job has only one value.
    """
    given: dict[str, str] = {}
    for word in re.findall(r"[^\s,]+", " ".join(values)):
        if re.sub(r"=[0-9]{1,9}$", "=N", word) not in possible:
            raise UsageError(f"{ALLOW} takes {', '.join(possible)}, not {word!r}")
        name, _, number = word.partition("=")
        if given.setdefault(name, number) != number:
            raise UsageError(f"{ALLOW} {name}=N is given twice: pass only one")
    numbers: Any = {f"allow_{name}": int(given[name]) for name in COUNTED if name in given}
    hazards = tuple(filter(given.__contains__, HAZARDS))
    return Approvals(hazards=hazards, out_of_wave=OUT_OF_WAVE.subject[1] in given, **numbers)
