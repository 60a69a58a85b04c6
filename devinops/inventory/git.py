"""Git as a program: no prompt, no hook, no terminal, a time limit, and its last words on one line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devinops.model.errors import ConfigError, DevinopsError, InventoryError

LOCAL_S: Final = 60.0
NETWORK_S: Final = 120.0

_OF_A_REPOSITORY: Final = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_SHALLOW_FILE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_DATE",
)
"""Set for hooks and the like; they would lead to another repository, file or time than those of the run."""

_QUIET: Final = tuple(
    part
    for setting in (
        f"core.hooksPath={os.devnull}",
        "core.splitIndex=false",
        "core.fsmonitor=false",
        "gc.auto=0",
        "maintenance.auto=false",
        "i18n.commitEncoding=UTF-8",
        "color.ui=never",
        "color.remote=never",
    )
    for part in ("-c", setting)
)
_SHOWN: Final = 1000
"""Of git's words; its advice names a path, and then that of the remote."""
_NAME: Final = "devinops"
_EMAIL: Final = "devinops@localhost"


@dataclass(frozen=True, slots=True)
class Done:
    """How a call of git ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode("utf-8", "replace").strip()


class Git:
    """The repository that a directory lies in."""

    def __init__(self, cwd: Path) -> None:
        self.cwd = cwd

    def run(
        self,
        *arguments: str,
        data: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = LOCAL_S,
    ) -> Done:
        """Call git and return how it ended. Raises ConfigError without git, InventoryError after the time."""
        command = ["git", *_QUIET, *arguments]
        try:
            process = subprocess.Popen(
                command,
                cwd=self.cwd,
                env=_environment() | dict(env or {}),
                stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Away from the terminal: neither can ssh ask there, nor does Ctrl-C cut a push in two.
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigError(
                "there is no git here, and inventory: {store: branch} needs it: install git, or say store: file"
            ) from error
        with process:
            try:
                out, err = process.communicate(data, timeout=timeout_s)
            except subprocess.TimeoutExpired:
                _kill(process)
                raise InventoryError(
                    f"git {arguments[0]} took longer than {timeout_s:g} s and was stopped: is the remote reachable, "
                    "and are its credentials set?"
                ) from None
            except BaseException:
                _kill(process)
                raise
        return Done(process.returncode, out, err.decode("utf-8", "replace"))

    def raw(
        self,
        *arguments: str,
        data: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = LOCAL_S,
    ) -> bytes:
        """Return what git writes. Raises InventoryError with its last words where it fails."""
        done = self.run(*arguments, data=data, env=env, timeout_s=timeout_s)
        if done.code:
            raise InventoryError(f"git {arguments[0]} failed: {last_words(done.err)}")
        return done.out

    def text(
        self,
        *arguments: str,
        data: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = LOCAL_S,
    ) -> str:
        """Return what git writes as one stripped text."""
        return (
            self.raw(*arguments, data=data, env=env, timeout_s=timeout_s)
            .decode("utf-8", "replace")
            .strip()
        )

    def attempt(self, *arguments: str) -> Done | None:
        """Call git and return how it ended; None without git, and after the time."""
        try:
            return self.run(*arguments)
        except DevinopsError:
            return None

    def line(self, *arguments: str) -> str | None:
        """Return the line that git writes; None without git, and if git fails."""
        done = self.attempt(*arguments)
        return os.fsdecode(done.out).removesuffix("\n") if done and not done.code else None

    def identity(self) -> dict[str, str]:
        """Return a name and an address for each role in which git would refuse to commit, or guess who it is."""
        missing: dict[str, str] = {}
        for role in ("AUTHOR", "COMMITTER"):
            # Only git knows what it takes for a name: an empty one stops a commit, and so does one of commas.
            if self.run("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT").code:
                missing |= {f"GIT_{role}_NAME": _NAME, f"GIT_{role}_EMAIL": _EMAIL}
        return missing


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}
    return kept | {
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "GIT_OPTIONAL_LOCKS": "0",
        "GCM_INTERACTIVE": "never",
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End git with what it has started: an ssh that hangs would hold the pipes open."""
    if sys.platform == "win32":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def is_no_repository(done: Done) -> bool:
    """Tell whether git found no repository, and not one that it refuses to use."""
    return "not a git repository" in done.err


def last_words(text: str) -> str:
    """Return what git said at the end on one line, without hints and credentials."""
    telling = _telling(text)
    # A server can say a lot below its error.
    first = [line for line in telling[:-2] if re.search("(error|fatal):", line)][:1]
    said = "; ".join(dict.fromkeys([*first, *telling[-2:]])) or "without a word"
    return masked(said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…")


def _telling(text: str) -> list[str]:
    """Return the lines that say what went wrong, each with what git explains below it; without any, the last line."""
    # A rejected ref is written for machines, as sign, names and reason between tabs: the reason is for people.
    lines = [
        line.strip().rpartition("\t")[2]
        for line in text.replace("\r", "\n").splitlines()
        if line.strip()
    ]
    telling: list[str] = []
    explained = False
    for line in lines:
        if line == "remote:" or line.startswith("error: failed to push some refs"):
            continue
        if line.startswith(("fatal:", "error:", "remote:", "[")):
            telling.append(line)
            explained = line.startswith("fatal:")
        elif re.match("(hint|warning): ", line):
            explained = False
        elif explained:
            telling[-1] += f" {line}"
    return telling or lines[-1:]


def masked(text: str) -> str:
    """Return a text with the credentials of URLs masked."""
    return re.sub(r"(?<=://)[^/\s]+@", "***@", text)
