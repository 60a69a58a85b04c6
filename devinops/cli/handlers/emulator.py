"""What `devinops emulator` does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from devinops import signals
from devinops.model.errors import DevinopsError, UsageError
from devinops.model.exit_codes import ExitCode


def run(quirks: tuple[str, ...], **options: Any) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    require_emulator()
    with signals.deferred():
        from devinops.emulator.server import serve

    serve(quirks=_quirks(quirks), **options)
    return ExitCode.OK


def require_emulator() -> None:
    """Raise DevinopsError with install instructions if the emulator's packages are missing."""
    from importlib.util import find_spec

    if not all(map(find_spec, ("dateutil", "fastapi", "jinja2", "uvicorn"))):
        from devinops.cli.setup.installed_from import install_command

        raise DevinopsError(
            f"the emulator needs extra packages: {install_command('devinops[emulator]')}"
        )


def _quirks(texts: Iterable[str]) -> dict[str, str]:
    """Return name → value. Raises UsageError."""
    pairs = [text.partition("=") for text in texts]
    for name, equals, _ in pairs:
        if not equals:
            raise UsageError(f'--quirk must be NAME=VALUE, not "{name}": docs/emulator.md has them')
    return {name: value for name, _, value in pairs}
