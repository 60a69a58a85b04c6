"""Where output goes: to stderr, to a terminal of some width, or to a file, and to which it may not.

The help of every command imports this module, so reading settings and entries is imported late.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click

from devinops import atomic
from devinops.ci.step_files import append, append_summary, is_step_file, is_summary
from devinops.environment import ci_sign
from devinops.model.errors import NotWritten, UsageError
from devinops.render import MIN_WIDTH

if TYPE_CHECKING:
    from devinops.model.objects import Problem


def tell(text: str, *, wrap: bool = True) -> None:
    """Write lines to stderr, wrapped, and with everything escaped that a terminal would obey."""
    from devinops.render.terminal import Terminal

    terminal = Terminal(width=terminal_width(sys.stderr) if wrap else None)
    rows = (row for text_line in text.split("\n") for row in terminal.paragraph(text_line))
    echo_err("".join(f"{row}\n" for row in rows))


def tell_problems(problems: Iterable[Problem]) -> None:
    """Write problems to stderr, wrapped as by `tell`."""
    from devinops.render.problem_text import ProblemText
    from devinops.render.terminal import Terminal

    text = ProblemText(Terminal(width=terminal_width(sys.stderr)))
    for problem in problems:
        echo_err("".join(f"{row}\n" for row in text.problem(problem)))


def echo_err(text: str) -> None:
    """Write to stderr as it is. If stderr is full or closed, the run continues."""
    with suppress(OSError):
        click.echo(text, nl=False, err=True)


def write_file(path: Path, chunks: Iterable[str], option: str = "--report") -> None:
    """Write a file atomically, or append to a file of the CI job's step. Raises NotWritten."""
    fits = True
    try:
        if is_summary(path, os.environ):
            fits = append_summary(os.environ, "".join(chunks))
        elif is_step_file(path, os.environ):
            append(path, chunks)
        else:
            atomic.replace(path, chunks)
    except OSError as error:
        raise NotWritten(f"{option} cannot write {path}: {atomic.reason(error)}") from error
    if not fits:
        raise NotWritten(
            f"{option} cannot write {path}: GitHub shows no summary of more than 1 MiB, and other "
            "programs of this step have filled it; write the report in a step of its own"
        )


@contextmanager
def writing(path: Path | None = None) -> Iterator[None]:
    """Turn an OSError into a NotWritten that names the path, by default the one of the error."""
    try:
        yield
    except OSError as error:
        at = path or error.filename
        raise NotWritten(f"cannot write {at}: {atomic.reason(error)}") from error


def wants_color(no_color: bool) -> bool:
    """Return whether to use color.

    Only on a terminal, or with FORCE_COLOR; NO_COLOR and --no-color take precedence.
    """
    if no_color or os.environ.get("NO_COLOR"):
        return False
    return os.environ.get("FORCE_COLOR", "0") not in ("", "0", "false") or (
        sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    )


def terminal_width(stream: TextIO) -> int | None:
    """Return the width of a terminal in columns, and None for anything else.

    COLUMNS takes precedence, as in most tools. A terminal that is too narrow counts as wider.
    """
    width = os.environ.get("COLUMNS", "")
    if width.isdecimal() and int(width):
        return max(int(width), MIN_WIDTH)
    try:
        return max(os.get_terminal_size(stream.fileno()).columns, MIN_WIDTH)
    except (OSError, ValueError):
        return None


def is_interactive() -> bool:
    """Return whether there is a terminal, so that a question can be answered."""
    return _is_at_terminal() and not ci_sign(os.environ)


def _is_at_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def why_nobody_answers() -> str:
    """Return why a question cannot be asked, to put after `cannot ask`."""
    sign = ci_sign(os.environ)
    return f"in a CI job (${sign} is set)" if sign and _is_at_terminal() else "without a terminal"


# --- files that a run must not overwrite --------------------------------------------------------

_RESERVED: Final = {
    ".git": "Git keeps its own files there",
    atomic.STATE: "devinops keeps the inventory and backups there",
}


def check_outputs(outputs: Sequence[tuple[str, Path]], inputs: Iterable[Path], root: Path) -> None:
    """Raise UsageError if one of the `outputs` must not be written.

    `outputs` are pairs of option and file, `inputs` the other files that the command line names. An
    older plan or report may be overwritten.
    """
    used = [*map(_real, inputs)]
    for option, path in outputs:
        if why := _refusal(path, used, _real(root)):
            raise UsageError(f"{option} cannot write {path}: {why}")
        used.append(_real(path))


def _refusal(path: Path, used: Iterable[Path], root: Path) -> str:
    """Return why a file must not be written; empty if it may."""
    try:
        atomic.check_place(path)
    except OSError as error:
        return f"{error.strerror}; expected a file"
    real = _real(path)
    if not real.parent.is_dir():
        return "expected a file in an existing directory"
    if any(_same(real, other) for other in used):
        return "the command line names this file twice; choose another"
    for part, owner in _RESERVED.items():
        if part in map(str.casefold, real.parts):
            return f"{owner}; choose a file outside {part}"
    if _is_read(real, root):
        return "devinops reads settings or entries there; choose another file"
    return ""


def _is_read(real: Path, root: Path) -> bool:
    """Return whether devinops reads this file, or would read it if it existed."""
    from devinops.config.reading import read_repository
    from devinops.kinds import KINDS
    from devinops.load.file_names import CONFIG

    if any(_same(parent, root / name) for name in KINDS.directories for parent in real.parents):
        return True
    if any(_same(real, root / name) for name in (CONFIG, *KINDS.files)):
        return True
    if not real.exists():
        return False
    # Settings and entries may name any other existing file below the root.
    _, loaded = read_repository(root)
    return any(_same(real, root / name) for name in (*loaded.files, *loaded.bodies))


def _real(path: Path) -> Path:
    # Path.resolve() raises for circular links.
    return Path(os.path.realpath(path))


def _same(path: Path, other: Path) -> bool:
    """Return whether two paths are the same file.

    Files that do not exist yet are the same if only the case of letters differs.
    """
    try:
        return path.samefile(other)
    except OSError:
        return str(path).casefold() == str(other).casefold()
