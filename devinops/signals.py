"""Handle Ctrl-C, SIGTERM and SIGHUP so that no signal is lost.

By default Python raises KeyboardInterrupt wherever the program happens to be. That is prompt, but
the exception can get lost: Python drops what is raised in a finalizer or in a weak reference
callback, which imports run often, and libraries catch it or turn it into their own errors.
Therefore:

- The handler first records the signal. It raises only in an `interruptible` region, in which a
  command runs: whatever the command waits for (a server, git, a lock, the user's answer) ends at
  once. It does not raise during imports (`deferred`), nor from the first write to the end of the
  report (`instead`).
- It raises once. If something swallows the exception, `check` raises again at the next safe point:
  after an import, before a request, before a write, and at the end of each region, even in place of
  an error that the exception was turned into. `settled` checks one last time at the end.
- A second signal ends the process at once. Only a SIGHUP does not: when a terminal is closed, both
  the shell and the kernel can send one, and nobody asked twice.
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

from devinops.model.errors import Interrupted, Terminated
from devinops.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_HANGUP = getattr(signal, "SIGHUP", None)
"""The terminal was closed; Windows has no such signal."""

NUMBERS = (signal.SIGINT, signal.SIGTERM, *([_HANGUP] if _HANGUP else []))

_KEPT_HANDLERS = (signal.SIG_IGN, None)
"""Handlers that are kept: SIG_IGN is deliberate, and Python cannot restore None."""


class _State:
    received: int | None = None
    may_raise = False
    react: Callable[[ExitCode], None] | None = None


_state = _State()


def take_over(handler: Callable[[int, FrameType | None], None] | None = None) -> Mapping[int, Any]:
    """Install a handler for these signals, and return the old handlers, for `give_back`.

    Ignored signals stay ignored. Does nothing outside the main thread, because only the main thread
    receives signals.
    """
    if not _in_main_thread():
        return {}
    handled = [number for number in NUMBERS if signal.getsignal(number) not in _KEPT_HANDLERS]
    return {number: signal.signal(number, handler or on_signal) for number in handled}


def give_back(handlers: Mapping[int, Any]) -> None:
    """Restore the handlers that `take_over` returned."""
    for number, handler in handlers.items():
        signal.signal(number, handler)


def on_signal(number: int, _: FrameType | None = None) -> None:
    """Record a signal, and raise it if this is allowed now; the second signal ends the process."""
    if _state.received is not None:
        if number == _HANGUP:
            return
        _end_at_once()
    _state.received = number
    if _state.react is not None:
        _state.react(Interrupted(_exception()).exit_code)
    if _state.may_raise:
        raise _exception()


def _exception() -> KeyboardInterrupt | Terminated:
    """Return the exception of the recorded signal."""
    return KeyboardInterrupt() if _state.received == signal.SIGINT else Terminated()


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


# --- regions --------------------------------------------------------------------------------------


def check() -> None:
    """Raise the recorded signal, if this is allowed now. Has no effect outside the main thread."""
    if _state.may_raise:
        _raise()


def pending() -> bool:
    """Return whether a signal was recorded that the output has not reported yet."""
    return _state.received is not None


def _raise() -> None:
    if _state.received is not None and _in_main_thread():
        raise _exception()


@contextmanager
def checked() -> Iterator[None]:
    """Run `check` at the end of a block, even after an error that a signal was turned into."""
    try:
        yield
    finally:
        check()


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt or Terminated in this block as soon as a signal arrives."""
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
    """Delay the recorded signal until the end of this block; for imports.

    Has no effect outside the main thread, in which no signal is raised.
    """
    if not _in_main_thread():
        yield
        return
    before, _state.may_raise = _state.may_raise, False
    try:
        yield
    finally:
        _state.may_raise = before
    check()


def instead(react: Callable[[ExitCode], None]) -> None:
    """Stop raising until the end of the region, and pass the exit code of a signal to `react`.

    Raises a signal that was recorded before.
    """
    _state.may_raise, _state.react = False, react
    _raise()


# --- the end --------------------------------------------------------------------------------------


def settled(code: int) -> int:
    """Return the exit code of a finished command; report a signal that its output did not."""
    if _state.received is None:
        return code
    exception, _state.received = _exception(), None
    return code if code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED) else ended(exception)


def ended(by: BaseException) -> int:
    """Write one line that says that the run was interrupted, and return the exit code."""
    interrupted = Interrupted(by)
    # Not with click: its import may have been interrupted.
    with suppress(OSError):
        sys.stderr.write(f"{interrupted}\n")
    return interrupted.exit_code


def leave(code: int) -> NoReturn:
    """End the process with this exit code, even if a signal arrives now.

    Not with sys.exit: during the shutdown of the interpreter a signal would kill the process, and
    the interpreter would raise SIGINT itself if a KeyboardInterrupt had ever crossed an `exec`.
    """
    atexit._run_exitfuncs()
    code = settled(code)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def tell(text: str) -> None:
    """Write a line to stderr from a handler, past the buffer, which may be in use."""
    with suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), f"{text}\n".encode())


def _end_at_once() -> NoReturn:
    interrupted = Interrupted(_exception())
    if _state.react is None:
        tell(str(interrupted))
    else:
        tell(
            "interrupted at once: requests in flight may have been carried out, and there is no "
            "report; the next run finds out"
        )
    os._exit(interrupted.exit_code)


def unraisable(args: UnraisableHookArgs) -> None:
    """Hook for sys.unraisablehook: do not report signals, which are recorded anyway."""
    if not issubclass(args.exc_type, KeyboardInterrupt | Terminated):
        sys.__unraisablehook__(args)
