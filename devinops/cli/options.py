"""The options that commands share, and what they need of the world."""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from devinops import atomic
from devinops.config import Flags, check_environment, find_root
from devinops.kinds import KINDS
from devinops.model.errors import NotWritten, UsageError
from devinops.model.policy import Approvals
from devinops.render import RENDERERS, Style, render

if TYPE_CHECKING:
    from devinops.render.answers import Answer

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = tuple(RENDERERS)


# --- what an option can take ------------------------------------------------------------------


_EMPTY = "expected a value, but it is empty: give one, or leave it out"


class NonEmpty(click.types.StringParamType):
    """A text that is not empty: what an unset variable of a script leaves must not mean "the default"."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text; fails if it is empty."""
        return str(value) if str(value).strip() else self.fail(_EMPTY, param, ctx)


class FilePath(click.Path):
    """A path that is not empty: `Path("")` is the current directory."""

    def __init__(self, **how: Any) -> None:
        super().__init__(path_type=Path, **how)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; fails if it is empty."""
        return super().convert(NonEmpty().convert(value, param, ctx), param, ctx)


class OutputFile(FilePath):
    """A file that the command writes. `common` checks that it may, before the command does anything."""


class NewFile(OutputFile):
    """A file that the command makes; what is there already is never written over."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; fails if something is there."""
        path: Path = super().convert(value, param, ctx)
        if os.path.lexists(path):
            self.fail(f"{path} exists already; choose another file, or move that one", param, ctx)
        return path


class Seconds(click.FloatRange):
    """A number of seconds in a range; `nan` is in none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; fails for what is not a number, or is out of the range."""
        seconds: float = super().convert(value, param, ctx)
        return (
            self.fail(f"expected a number of seconds, not {value}", param, ctx)
            if math.isnan(seconds)
            else seconds
        )


# --- the options of one run -------------------------------------------------------------------


@dataclass(frozen=True)
class Options:
    """The common options of one run. `reports` are (format, file) pairs beside stdout."""

    root: Path
    format: str = "text"
    reports: tuple[tuple[str, Path], ...] = ()
    only: tuple[str, ...] = ()
    color: bool = False
    quiet: bool = False
    verbose: bool = False
    lock_timeout: float = 0.0
    flags: Flags = Flags()

    def say(self, text: str) -> None:
        """Write progress or a diagnostic to stderr; -q hides it."""
        if not self.quiet:
            tell(text)

    def log(self, text: str) -> None:
        """Write a line for -v to stderr."""
        if self.verbose:
            tell(text)

    @property
    def style(self) -> Style:
        return Style(self.color, self.verbose)

    def answer(self, answer: Answer, formats: Collection[str] = FORMATS) -> None:
        """Write an answer to stdout, and in each format of --report to its file.

        Only what is wanted in one of `formats` is written. Raises OSError for stdout, and NotWritten for a file.
        """
        if self.format in formats:
            for chunk in render(self.format, answer, self.style):
                click.echo(chunk, nl=False, color=self.color or None)
            sys.stdout.flush()
        for format, path in self.reports:
            if format in formats:
                write_file(path, render(format, answer, self.style))


def tell(text: str) -> None:
    """Write to stderr; whatever the text holds, neither a terminal nor a CI runner obeys it."""
    from devinops.render.escape import lines

    echo_err(f"{lines(text)}\n")


def echo_err(text: str) -> None:
    """Write to stderr as it is. Where that is full or gone, nobody reads it, and the run goes on all the same."""
    with suppress(OSError):
        click.echo(text, nl=False, err=True)


def write_file(path: Path, chunks: Iterable[str], option: str = "--report") -> None:
    """Write a file as a whole, so that nobody reads half of one. Raises NotWritten."""
    try:
        atomic.replace(path, chunks)
    except OSError as error:
        raise NotWritten(f"{option} cannot write {path}: {atomic.reason(error)}") from error


def wants_color(no_color: bool) -> bool:
    """Colour only on a terminal, unless FORCE_COLOR; NO_COLOR and --no-color win."""
    if no_color or os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (
        sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    )


def is_interactive() -> bool:
    """Tell whether somebody can answer a question."""
    return (
        sys.stdin is not None
        and sys.stdin.isatty()
        and sys.stderr.isatty()
        and not os.environ.get("CI")
    )


def _reports(values: tuple[str, ...]) -> tuple[tuple[str, Path], ...]:
    found = []
    for value in values:
        format, equals, path = value.partition("=")
        if format not in FORMATS or not equals or not path:
            raise UsageError(
                f'--report takes FORMAT=FILE with {" or ".join(FORMATS)}, not "{value}"'
            )
        found.append((format, Path(path)))
    return tuple(found)


def _check_outputs(reports: Iterable[tuple[str, Path]], root: Path) -> None:
    """Raise UsageError where a file that the command line wants written would destroy another one."""
    context = click.get_current_context()
    outputs, inputs = [("--report", path) for _, path in reports], []
    for one in context.command.params:
        value = context.params.get(one.name or "")
        if isinstance(one.type, OutputFile) and value is not None:
            outputs.append((one.opts[-1], value))
        elif isinstance(value, Path):
            inputs.append(value)
    if outputs:
        from devinops.cli.outputs import check_outputs

        check_outputs(outputs, inputs, root)


def _sources() -> dict[str, str]:
    """Return option → source of those that the environment gave."""
    context = click.get_current_context()
    return {
        name: f"environment {_envvar(name.upper())}"
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.ENVIRONMENT
    }


def _envvar(option: str) -> str:
    return f"DEVINOPS_{option}"


_FILES = (
    click.option(
        "-C",
        "--root",
        type=FilePath(file_okay=False),
        envvar=_envvar("ROOT"),
        help="Directory of the files. Default: the nearest parent with devinops.yaml, else this one.",
    ),
    click.option(
        "--format",
        type=click.Choice(FORMATS),
        default="text",
        envvar=_envvar("FORMAT"),
        show_default=True,
        help="What stdout is written in.",
    ),
    click.option(
        "--report",
        "reports",
        type=NonEmpty(),
        multiple=True,
        metavar="FORMAT=FILE",
        envvar=_envvar("REPORT"),
        help="Write the answer to a file as well; repeatable.",
    ),
    click.option(
        "--no-color",
        is_flag=True,
        envvar=_envvar("NO_COLOR"),
        help="No colour, even on a terminal.",
    ),
    click.option(
        "-q", "--quiet", is_flag=True, envvar=_envvar("QUIET"), help="No progress on stderr."
    ),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        envvar=_envvar("VERBOSE"),
        help="Show requests and full texts.",
    ),
)

_API = (
    click.option(
        "-t",
        "--target",
        type=NonEmpty(),
        envvar=_envvar("TARGET"),
        help="Target of devinops.yaml to work on.",
    ),
    click.option(
        "--parallelism",
        type=click.IntRange(1, 64),
        envvar=_envvar("PARALLELISM"),
        help="Requests at the same time.  [default: 8]",
    ),
    click.option(
        "--timeout",
        type=Seconds(0, 3600, min_open=True),
        envvar=_envvar("TIMEOUT"),
        metavar="SECONDS",
        help="Time for one attempt of a request.  [default: 60]",
    ),
    click.option(
        "--ca-bundle",
        type=FilePath(),
        envvar=_envvar("CA_BUNDLE"),
        help="Certificates to trust instead of the system's (PEM).",
    ),
)

_LOCK = click.option(
    "--lock-timeout",
    type=Seconds(0, 3600),
    default=0.0,
    metavar="SECONDS",
    envvar=_envvar("LOCK_TIMEOUT"),
    help="Wait so long for another run to settle its inventory.",
)

_ONLY = click.option(
    "--only",
    type=NonEmpty(),
    multiple=True,
    metavar="KIND[:GLOB]",
    envvar=_envvar("ONLY"),
    help="Show and apply only these changes, such as 'knowledge:Backend/*'; repeatable.",
)


_FLAGS = ("target", "timeout", "parallelism", "ca_bundle")
_COMMON = frozenset(
    {"root", "format", "reports", "no_color", "quiet", "verbose", "lock_timeout", "only", *_FLAGS}
)
"""The parameters that become `Options`."""


def _options(params: dict[str, Any]) -> Options:
    """Return the options of a command from its common parameters, by name."""
    root, flags = params.pop("root"), {name: params.pop(name, None) for name in _FLAGS}
    return Options(
        root=find_root(Path.cwd()) if root is None else root.absolute(),
        reports=_reports(params.pop("reports")),
        color=wants_color(params.pop("no_color")),
        flags=Flags(**flags, sources=_sources()),
        **params,
    )


def common(*, api: bool = False, only: bool = False, lock: bool = False) -> Callable[[F], F]:
    """Give a command the common options; its function gets them as one `Options`."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapped(**params: Any) -> Any:
            check_environment(os.environ)
            options = _options({name: params.pop(name) for name in _COMMON if name in params})
            _check_outputs(options.reports, options.root)
            return function(options, **params)

        shared = (
            *_FILES,
            *(_API if api else ()),
            *([_ONLY] if only else ()),
            *([_LOCK] if lock else ()),
        )
        for option in reversed(shared):
            wrapped = option(wrapped)
        return wrapped  # type: ignore[return-value]

    return decorate


_APPROVALS = (
    click.option(
        "--adopt", is_flag=True, help="Take over live objects that differ from their entries."
    ),
    click.option(
        "--on-conflict",
        type=click.Choice(["git", "live"]),
        help="Decide where both sides changed: write Git's version, or keep the live one.",
    ),
    click.option(
        "--allow-delete", type=click.IntRange(0), metavar="N", help="Accept exactly N deletes."
    ),
    click.option(
        "--allow-missing",
        type=click.IntRange(0),
        metavar="N",
        help="Accept that exactly N owned objects are not listed.",
    ),
)


def approvals(function: F) -> F:
    """Give a command the flags that approve; its function gets them as one `Approvals`. Never from the environment."""

    @functools.wraps(function)
    def wrapped(
        *args: Any,
        adopt: bool,
        on_conflict: str | None,
        allow_delete: int | None,
        allow_missing: int | None,
        approvals: Approvals,
        **rest: Any,
    ) -> Any:
        given = Approvals(adopt, on_conflict, allow_delete, allow_missing, approvals.hazards)
        return function(*args, approvals=given, **rest)

    wrapped = accepts_hazards(wrapped)
    for option in reversed(_APPROVALS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


WEBHOOK_SECRETS = click.option(
    "--webhook-secrets",
    type=NewFile(),
    metavar="FILE",
    help="Write the secrets of new webhooks, which the API shows once, to a new private file.",
)

_HAZARDS = {
    kind.hazard.approval: kind.hazard.help
    for kind in sorted(KINDS.values(), key=lambda kind: kind.noun)
    if kind.hazard and kind.hazard.approval
}


def accepts_hazards(function: F) -> F:
    """Give a command a flag for each hazard of a kind; its function gets them as one `Approvals`."""

    @functools.wraps(function)
    def wrapped(*args: Any, **rest: Any) -> Any:
        accepted = tuple(name for name in _HAZARDS if rest.pop(f"allow_{name}"))
        return function(*args, approvals=Approvals(hazards=accepted), **rest)

    for name, help in reversed(_HAZARDS.items()):
        wrapped = click.option(f"--allow-{name}", is_flag=True, help=help)(wrapped)
    return wrapped  # type: ignore[return-value]
