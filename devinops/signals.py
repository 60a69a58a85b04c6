"""Ctrl-C and SIGTERM: each is remembered the moment it comes, so that nothing can lose it.

Python's own way is to raise KeyboardInterrupt wherever the program happens to be. That is prompt, and it can get lost:
Python drops what is raised in a finalizer or in the callback of a weak reference, which importing is full of, and
libraries catch it or turn it into an error of their own. So:

- The handler remembers the signal first. It raises only in an `interruptible` region, which is where a command runs:
  whatever a command waits for there (a server, git, a lock, an answer to a question) ends at once. It does not raise
  while modules are imported (`deferred`), nor from the first write to the end of the report (`instead`).
- It raises once. If something swallows that, `check` raises again at the next safe point: after an import, before a
  request, before a write, and at the end of each region, also in place of an error that it was turned into. `settled`
  asks a last time at the very end.
- A second signal ends the process at once.
- A signal that was ignored at the start (nohup, a background job of a script) stays ignored.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from devinops.model.errors import ExitCode, Interrupted, Terminated

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

NUMBERS = (signal.SIGINT, signal.SIGTERM)

_LEFT_ALONE = (signal.SIG_IGN, None)
"""Handlers that stay: to ignore it was somebody's wish, and None is not Python's to give back."""


class _State:
    came: int | None = None
    may_raise = False
    react: Callable[[ExitCode], None] | None = None


_state = _State()


def take_over(handler: Callable[[int, FrameType | None], None] | None = None) -> Mapping[int, Any]:
    """Handle both signals, by default as this module does; return what `give_back` takes.

    Ignored signals stay ignored. Does nothing outside of the main thread, which alone gets signals.
    """
    if not _in_main_thread():
        return {}
    wanted = [number for number in NUMBERS if signal.getsignal(number) not in _LEFT_ALONE]
    return {number: signal.signal(number, handler or on_signal) for number in wanted}


def give_back(handlers: Mapping[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def on_signal(number: int, _: FrameType | None = None) -> None:
    """Handle a signal."""
    if _state.came is not None:
        _end_at_once()
    _state.came = number
    if _state.react is not None:
        _state.react(Interrupted(_arrived()).exit_code)
    if _state.may_raise:
        raise _arrived()


def _arrived() -> KeyboardInterrupt | Terminated:
    return Terminated() if _state.came == signal.SIGTERM else KeyboardInterrupt()


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


# --- regions --------------------------------------------------------------------------------------


def check() -> None:
    """Raise what has come, if that is allowed here. Harmless in every thread."""
    if _state.may_raise:
        _raise()


def _raise() -> None:
    if _state.came is not None and _in_main_thread():
        raise _arrived()


@contextmanager
def checked() -> Iterator[None]:
    """`check` at the end, whatever became of the signal: swallowed, or turned into another error."""
    try:
        yield
    finally:
        check()


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt or Terminated in here as soon as a signal comes."""
    before = _state.may_raise, _state.react
    _state.may_raise = True
    try:
        with checked():
            check()
            yield
    finally:
        _state.may_raise, _state.react = before


@contextmanager
def deferred() -> Iterator[None]:
    """Raise nothing in here, and at the end what has come: for imports."""
    before, _state.may_raise = _state.may_raise, False
    try:
        yield
    finally:
        _state.may_raise = before
    check()


def instead(react: Callable[[ExitCode], None]) -> None:
    """From here to the end of the region raise nothing, and call `react` with what to exit with.

    Raises what came before.
    """
    _state.may_raise, _state.react = False, react
    _raise()


# --- the end --------------------------------------------------------------------------------------


def settled(code: int) -> int:
    """Return what to exit with after an answer that may speak of a signal; if it does not, say so in a line."""
    if _state.came is None:
        return code
    stop, _state.came = _arrived(), None
    return code if code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED) else ended(stop)


def ended(by: BaseException) -> int:
    """Say in a line that a run was interrupted; return what to exit with."""
    stop = Interrupted(by)
    # without another import: it may have been one that was interrupted
    with suppress(OSError):
        sys.stderr.write(f"{stop}\n")
    return stop.exit_code


def leave(code: int) -> NoReturn:
    """End the process, with this code whatever comes now.

    Not by sys.exit: while the interpreter is taken down, a signal would end it by the system's hand, and it would raise
    SIGINT by itself if a KeyboardInterrupt has ever crossed an `exec`.
    """
    atexit._run_exitfuncs()
    code = settled(code)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def tell(text: str) -> None:
    """Write a line to stderr from a handler: past its buffer, which the signal may have come in the middle of."""
    with suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), f"{text}\n".encode())


def _end_at_once() -> NoReturn:
    stop = Interrupted(_arrived())
    tell(str(stop))
    os._exit(stop.exit_code)


def unraisable(what: UnraisableHookArgs) -> None:
    """For sys.unraisablehook: a signal that could not be raised is remembered, so there is nothing to say."""
    if not issubclass(what.exc_type, KeyboardInterrupt | Terminated):
        sys.__unraisablehook__(what)
