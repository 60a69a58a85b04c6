"""Starts `devinops apply`, or another command, in processes of their own, which are forked from one that has imported it.

Imports take most of the time of a short run.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from devinops import __main__
from devinops.applying import applier
from devinops.cli.runs import plan_entries
from devinops.doctor import leftovers, writer
from tests.testing.disk import not_flushed
from tests.testing.warm import modules

_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, *modules()])


def start(
    options: Sequence[str],
    env: Mapping[str, str],
    outputs: Sequence[Path],
    command: str = "apply",
) -> BaseProcess:
    """Start the command, which writes stdout and stderr to the two files `outputs`.

    The waits for what a dead run may have created are cut short, not left out.
    """
    process = _FORKS.Process(target=_run, args=(options, dict(env), outputs, command))
    process.start()
    return process


def _run(
    options: Sequence[str], env: Mapping[str, str], outputs: Sequence[Path], command: str
) -> None:
    os.environ.clear()
    os.environ.update(env)
    # A process that is killed cannot remove its temporary files.
    tempfile.tempdir = str(outputs[0].parent)
    for number, path in enumerate(outputs, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    for module in (applier, plan_entries):
        module.RECOVERY_WAITS_S = (0.0, 0.0, 0.0)  # type: ignore[attr-defined]
    os.fsync = not_flushed
    leftovers.WAITS_S = writer.WAITS_S = (0.0, 0.0, 0.0)  # type: ignore[misc]
    sys.argv = ["devinops", command, *options]
    __main__.run()
