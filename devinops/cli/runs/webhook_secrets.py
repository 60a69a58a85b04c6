"""Hands secrets that the API creates and shows once to the user, and to nothing else."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from devinops import atomic
from devinops.cli.output import echo_err
from devinops.environment import is_ci
from devinops.model.changes import Change
from devinops.model.errors import DevinopsError, NotWritten, Refused
from devinops.model.keys import Key
from devinops.model.kind import Revealed
from devinops.render.escape import line


class WebhookSecrets:
    """A context manager that writes the new secrets of one run to a private file or the terminal.

    Create it before the first write: it raises Refused if no one would see a secret that a change
    creates, and NotWritten if the file cannot be created. At the end, an empty file is removed.
    """

    def __init__(self, changes: Iterable[Change], path: Path | None) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._lock = threading.Lock()
        generating = [change for change in changes if change.generated_secret]
        if not generating:
            return
        if path is not None:
            self._descriptor = _new_file(path)
        elif not _has_reader():
            keys = ", ".join(str(change.key) for change in generating)
            raise Refused(
                f"refused, nothing was written: the API shows the secret of {keys} only once, and "
                "nobody would see it here: use a terminal, or pass --webhook-secrets FILE"
            )

    def hand_over(self, key: Key, revealed: Revealed, target: str = "") -> None:
        """Write a line with key, address and secret for the user, after the target if given.

        Raises DevinopsError if that fails.
        """
        parts = [*filter(None, [target]), str(key), revealed.address, revealed.secret]
        with self._lock:
            if self._descriptor is not None:
                text = "\t".join(map(_on_one_line, parts))
                try:
                    atomic.append(self._descriptor, f"{text}\n".encode())
                except OSError as error:
                    why = f"cannot write {self.path}: {atomic.reason(error)}"
                    raise DevinopsError(why) from error
            elif _has_reader():
                echo_err(f"\r\x1b[K{line('  '.join(parts))}\n")
            else:
                raise DevinopsError("there is no terminal to show it on")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._descriptor is None:
            return
        is_empty = not os.fstat(self._descriptor).st_size
        os.close(self._descriptor)
        if is_empty and self.path:
            self.path.unlink(missing_ok=True)


def _on_one_line(text: str) -> str:
    """Return the text with characters that are not printable as escapes such as `\\n`."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _new_file(path: Path) -> int:
    try:
        return atomic.open_lines(path, mode=0o600, new=True)
    except OSError as error:
        raise NotWritten(
            f"--webhook-secrets cannot create {path}: {atomic.reason(error)}; nothing was written"
        ) from error


def _has_reader() -> bool:
    """Return whether stderr is a terminal, and not the log of a CI run."""
    return sys.stderr.isatty() and not is_ci(os.environ)
