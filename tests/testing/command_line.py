"""The command line, run in this process."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from devinops.cli.main import main
from devinops.environment import CI_SIGNS


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


GIT_SETTINGS = Path(__file__).with_name("gitconfig")
"""The only settings of git in tests."""

Devinops = Callable[..., Ran]
Write = Callable[[Mapping[str, str]], Path]


def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees a real key, a CI's settings or somebody's git configuration."""
    for name in list(os.environ):
        if name.startswith(("DEVIN", "GIT_", "GITHUB_", "GH_", "GITLAB_", "CI_")) or name in (
            *CI_SIGNS, "COLUMNS", "NO_COLOR", "FORCE_COLOR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
            "http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
        ):  # fmt: skip
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(GIT_SETTINGS))


def run_quietly(argv: Sequence[str], environ: Mapping[str, str]) -> tuple[int, str, str]:
    """Run the command line in this process with more environment variables; return exit code, stdout and stderr."""
    before = dict(os.environ)
    os.environ.update(environ)
    out, err = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main(argv)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return code, out.getvalue(), err.getvalue()
