"""The exit codes, and which of several wins. Each error has one: see `errors`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What to do next. `worst` tells which of several codes wins."""

    OK = 0
    FIX = 1
    LOOK = 2
    RUN_AGAIN = 3
    DECIDE = 4
    PLAN_AGAIN = 5
    USAGE = 64
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


_PRECEDENCE = (
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
    ExitCode.BUG,
    ExitCode.USAGE,
    ExitCode.FIX,
    ExitCode.PLAN_AGAIN,
    ExitCode.RUN_AGAIN,
    ExitCode.DECIDE,
    ExitCode.LOOK,
    ExitCode.OK,
)


def worst(*codes: ExitCode) -> ExitCode:
    """Return the code that comes first in the documented order; OK if there is none."""
    return min(codes, key=_PRECEDENCE.index, default=ExitCode.OK)


def of_many(codes: Iterable[ExitCode], *, wrote: bool) -> ExitCode:
    """Return the exit code of a run over many targets, each of which has its own code.

    FIX and PLAN_AGAIN say that nothing was written. If the run `wrote` in any target, RUN_AGAIN
    takes their place.
    """
    untrue = (ExitCode.FIX, ExitCode.PLAN_AGAIN) if wrote else ()
    return worst(*(ExitCode.RUN_AGAIN if code in untrue else code for code in codes))
