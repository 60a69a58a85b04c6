"""`devinops` for tests that call it from a shell: forked from a process that has imported it already.

Imports take most of the time of a short command. Each call still is a process of its own, with the
arguments, environment, directory, streams and limit of file sizes of its caller.
"""

from __future__ import annotations

import marshal
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from devinops import __main__, waiting
from tests.testing.disk import not_flushed
from tests.testing.leftovers import UNTIL_THE_END
from tests.testing.places import ROOT
from tests.testing.waiting import Waits

WITHOUT_WAITS = {"TESTS_WITHOUT_WAITS": "1"}
"""With this in its environment, no call waits, as in the tests themselves: only where nothing else runs meanwhile."""


def modules() -> list[str]:
    """Return everything that a command could import, but for the emulator."""
    paths = [path.relative_to(ROOT) for path in sorted((ROOT / "devinops").rglob("*.py"))]
    names = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return [*(name for name in names if "emulator" not in name), "encodings.idna", "httpcore"]


@cache
def program() -> Path:
    """Return a program `devinops`. The process behind it ends with this one."""
    directory = tempfile.mkdtemp()
    path = f"{directory}/socket"
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, path],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline(), "it does not start"
    client = Path(__file__).with_name("warm_client.py")
    script = Path(directory, "devinops")
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -IS "{client}" "{path}" "$@"\n')
    script.chmod(0o755)

    def end() -> None:
        process.communicate()
        shutil.rmtree(directory)

    UNTIL_THE_END.callback(end)
    return script


def _serve(path: str) -> None:
    """Fork for each call until stdin is closed."""
    for module in modules():
        import_module(module)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            call, _ = listener.accept()
            with call:
                if os.fork() == 0:
                    _answer(call)
            with suppress(ChildProcessError):  # none is left
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass


def _answer(call: socket.socket) -> NoReturn:
    """Run devinops in a child, and send its exit code."""
    import resource  # Windows has none

    _, streams, _, _ = socket.recv_fds(call, 1, 3)
    with call.makefile("rb") as sent:
        arguments, environment, directory, room = marshal.loads(sent.read())
    child = os.fork()
    if child == 0:
        call.close()
        resource.setrlimit(resource.RLIMIT_FSIZE, room)
        _run(arguments, environment, directory, streams)
    _, status = os.waitpid(child, 0)
    call.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(
    arguments: Sequence[str], environment: Mapping[str, str], directory: str, streams: Sequence[int]
) -> NoReturn:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # Python remembers of a stream whether it is a file, a pipe or a terminal.
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", 1)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    os.fsync = not_flushed
    if WITHOUT_WAITS.items() <= environment.items():
        clock = Waits()
        waiting.now, waiting.pause, waiting.wait = clock.now, clock.pause, clock.wait
    sys.argv = ["devinops", *arguments]
    try:
        __main__.run()
    except Exception:
        traceback.print_exc()
    finally:
        # Also after the SystemExit of click, when the reader of a pipe is gone.
        os._exit(1)


if __name__ == "__main__":
    _serve(sys.argv[1])
