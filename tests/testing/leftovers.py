"""Fails a run of the tests in which devinops or a test leaves a file in the temporary directory.

Each run has a directory of its own there, because other programs use the usual one. The directories
of `tmp_path`, which pytest keeps for people to look at, stay where they are.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import ExitStack
from multiprocessing.util import Finalize
from pathlib import Path

import pytest

UNTIL_THE_END = ExitStack()
"""What all tests of this process share; it ends with the last of them."""
atexit.register(UNTIL_THE_END.close)

_OURS = ("devinops-", "tmp")
"""What devinops names its files, and how Python begins other names. Browsers and pip have their own."""

_DIRECTORY = pytest.StashKey[Path]()
_LEFT = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return  # a worker of xdist has inherited the directory
    usual = tempfile.gettempdir()
    config.stash[_DIRECTORY] = directory = Path(tempfile.mkdtemp(prefix="devinops-tests-"))
    # At the exit, after multiprocessing has removed what it has there, which has the priority -100.
    Finalize(None, shutil.rmtree, (directory,), {"ignore_errors": True}, exitpriority=-200)
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    if "PYTEST_DEBUG_TEMPROOT" not in os.environ:
        patch.setenv("PYTEST_DEBUG_TEMPROOT", usual)
    patch.setenv("TMPDIR", str(directory))
    patch.setattr(tempfile, "tempdir", str(directory))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    UNTIL_THE_END.close()
    if directory := session.config.stash.get(_DIRECTORY, None):
        session.config.stash[_LEFT] = left = sorted(
            path.name for path in directory.iterdir() if path.name.startswith(_OURS)
        )
        if left and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if left := config.stash.get(_LEFT, []):
        terminalreporter.write_line(f"left in TMPDIR: {', '.join(left)}", red=True)
