"""`devinops emulator`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from devinops import signals
from devinops.cli import candidates
from devinops.cli.options import FilePath, NonEmpty
from devinops.model.errors import DevinopsError, UsageError
from devinops.model.exit_codes import ExitCode

_LOWEST_RATE = 0.001
"""Requests a second. With fewer, Retry-After could not express when to send the next one."""


def require_emulator() -> None:
    """Raise DevinopsError with install instructions if the emulator's packages are missing."""
    from importlib.util import find_spec

    if not all(map(find_spec, ("dateutil", "fastapi", "jinja2", "uvicorn"))):
        from devinops.cli.installed_from import install_command

        raise DevinopsError(
            f"the emulator needs extra packages: {install_command('devinops[emulator]')}"
        )


@click.command()
@click.option(
    "--host", type=NonEmpty(), default="127.0.0.1", show_default=True, help="Address to listen on."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8484,
    show_default=True,
    help="Port to listen on; 0 means any free port.",
)
@click.option("--seed", type=FilePath(), help="Objects that exist at the start (YAML or JSON).")
@click.option("--state", type=FilePath(), help="Keep all objects in this file across restarts.")
@click.option(
    "--latency",
    type=click.IntRange(0, 60_000),
    default=0,
    metavar="MS",
    help="Delay of every response.",
)
@click.option(
    "--rate-limit", type=NonEmpty(), metavar="N/s", help="Return 429 above N requests a second."
)
@click.option(
    "--quirk",
    "quirks",
    type=NonEmpty(),
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=candidates.quirks,
    help="How the API behaves if its documentation does not say; overrides the seed; repeatable.",
)
@click.option("--faults", type=FilePath(), help="Faults to inject, and when (YAML or JSON).")
def command(
    host: str,
    port: int,
    seed: Path | None,
    state: Path | None,
    latency: int,
    rate_limit: str | None,
    quirks: tuple[str, ...],
    faults: Path | None,
) -> ExitCode:
    """Serve a local stand-in for the Devin API, v3 and v1, until Ctrl-C.

    Open its address in a browser to see and edit what it serves, as in the web app.

    Keys: cog_emulator (organization org-emulator), cog_enterprise, apk_emulator (v1).

    \b
      devinops emulator &
      export DEVIN_API_URL=http://127.0.0.1:8484 DEVIN_API_KEY=cog_emulator
      devinops plan
    """
    require_emulator()
    with signals.deferred():
        from devinops.emulator.server import serve

    serve(
        host=host,
        port=port,
        seed=seed,
        state=state,
        latency_ms=latency,
        rate_limit=_rate(rate_limit),
        faults=faults,
        quirks=_quirks(quirks),
    )
    return ExitCode.OK


def _quirks(texts: Iterable[str]) -> dict[str, str]:
    """Return name → value. Raises UsageError."""
    pairs = [text.partition("=") for text in texts]
    for name, equals, _ in pairs:
        if not equals:
            raise UsageError(f'--quirk must be NAME=VALUE, not "{name}": docs/emulator.md has them')
    return {name: value for name, _, value in pairs}


def _rate(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        rate = float(text.removesuffix("/s"))
    except ValueError:
        rate = 0.0
    if not _LOWEST_RATE <= rate < float("inf"):
        raise UsageError(
            f"--rate-limit must be a number of requests a second, such as 5/s, and at least "
            f'{_LOWEST_RATE}/s, not "{text}"'
        )
    return rate
