"""Runs git with a time limit and without prompts, hooks or a terminal; shortens its errors."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from devinops.model.errors import ConfigError, DevinopsError, InventoryError

LOCAL_S: Final = 60.0
NETWORK_S: Final = 120.0

_REPOSITORY_VARIABLES: Final = (
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
"""Git sets these for hooks. They would make the run use another repository, file or time."""

_SETTINGS: Final = tuple(
    part
    for setting in (
        f"core.hooksPath={os.devnull}",
        "core.splitIndex=false",
        # A request can commit the files of a bare repository, whose settings git would obey.
        "safe.bareRepository=explicit",
        "core.fsmonitor=false",
        "gc.auto=0",
        "maintenance.auto=false",
        "i18n.commitEncoding=UTF-8",
        "color.ui=never",
        "color.remote=never",
    )
    for part in ("-c", setting)
)
_LONGEST_ERROR: Final = 1000
"""Characters of git's errors. Its advice can name two long paths, one of them of the remote."""
_NAME: Final = "devinops"
_EMAIL: Final = "devinops@localhost"


class GitResult(NamedTuple):
    """The exit code of git and what it wrote."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode("utf-8", "replace").strip()


class Git:
    """Runs git in the repository that contains a directory."""

    def __init__(self, cwd: Path) -> None:
        self.cwd = cwd

    def run(
        self,
        *arguments: str,
        data: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = LOCAL_S,
    ) -> GitResult:
        """Run git with `data` as its input.

        Raises ConfigError if git is not installed, InventoryError after `timeout_s`.
        """
        command = ["git", *_SETTINGS, *arguments]
        try:
            process = subprocess.Popen(
                command,
                cwd=self.cwd,
                env=_environment() | dict(env or {}),
                stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Without the terminal ssh cannot prompt, and Ctrl-C does not interrupt a push.
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigError(
                "git is not installed, but inventory: {store: branch} needs it: install git, or "
                "use store: file"
            ) from error
        with process:
            try:
                out, err = process.communicate(data, timeout=timeout_s)
            except subprocess.TimeoutExpired:
                _kill(process)
                raise InventoryError(
                    f"git {arguments[0]} took longer than {timeout_s:g} s and was stopped: check "
                    "that the remote is reachable and that its credentials are set"
                ) from None
            except BaseException:
                _kill(process)
                raise
        return GitResult(process.returncode, out, err.decode("utf-8", "replace"))

    def raw(
        self,
        *arguments: str,
        data: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = LOCAL_S,
    ) -> bytes:
        """Return the output of git. Raises InventoryError if git fails, too."""
        result = self.run(*arguments, data=data, env=env, timeout_s=timeout_s)
        if result.code:
            raise InventoryError(f"git {arguments[0]} failed: {error_line(result.err)}")
        return result.out

    def text(
        self,
        *arguments: str,
        data: bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> str:
        """Return the output of git as stripped text. Raises InventoryError if git fails, too."""
        return self.raw(*arguments, data=data, env=env).decode("utf-8", "replace").strip()

    def attempt(self, *arguments: str) -> GitResult | None:
        """Run git; return None if it is not installed or takes too long."""
        try:
            return self.run(*arguments)
        except DevinopsError:
            return None

    def line(self, *arguments: str) -> str | None:
        """Return the line that git writes; None if git fails or is not installed."""
        result = self.attempt(*arguments)
        return os.fsdecode(result.out).removesuffix("\n") if result and not result.code else None

    def contents(self, names: Collection[str]) -> dict[str, bytes]:
        """Return name → content of each object that the repository has, read by one process.

        A name is one that git knows, such as `COMMIT:./path`. Empty if git fails or is missing.
        """
        names_on_a_line = [name for name in names if "\n" not in name]
        data = "".join(f"{name}\n" for name in names_on_a_line).encode("utf-8", "surrogateescape")
        try:
            out = BytesIO(self.run("cat-file", "--batch=%(objectsize)", data=data).out)
        except DevinopsError:
            return {}
        contents = {}
        for name in names_on_a_line:
            size = out.readline().strip()
            if size.isdigit():
                contents[name] = out.read(int(size))
                out.readline()
        return contents

    def file_at(self, commit: str, path: str) -> str | None:
        """Return a file at a commit, by its path from the directory; None if it is not there."""
        contents = self.contents([f"{commit}:./{path}"]).values()
        return next((content.decode("utf-8", "replace") for content in contents), None)

    def identity(self) -> dict[str, str]:
        """Return variables that name devinops as author or committer if no name is set.

        Without them, git would refuse to commit or guess a name.
        """
        missing: dict[str, str] = {}
        for role in ("AUTHOR", "COMMITTER"):
            # Only git knows which names it accepts: an empty one stops a commit, and so does ",,".
            if self.run("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT").code:
                missing |= {f"GIT_{role}_NAME": _NAME, f"GIT_{role}_EMAIL": _EMAIL}
        return missing


def _environment() -> dict[str, str]:
    inherited = {
        name: value for name, value in os.environ.items() if name not in _REPOSITORY_VARIABLES
    }
    return inherited | {
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "GIT_OPTIONAL_LOCKS": "0",
        "GCM_INTERACTIVE": "never",
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill git and its child processes: an ssh that hangs would keep the pipes open."""
    if sys.platform == "win32":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def found_no_repository(result: GitResult) -> bool:
    """Return whether git found no repository; it can also find one and refuse to use it."""
    return "not a git repository" in result.err


def error_line(text: str) -> str:
    """Return the end of what git wrote as one line, without hints and credentials."""
    lines = _error_lines(text)
    # A server can write many lines below its error.
    first_error = [line for line in lines[:-2] if re.search("(error|fatal):", line)][:1]
    message = "; ".join(dict.fromkeys([*first_error, *lines[-2:]])) or "no error message"
    if len(message) > _LONGEST_ERROR:
        message = f"{message[: _LONGEST_ERROR - 1]}…"
    return without_credentials(message)


def _error_lines(text: str) -> list[str]:
    """Return git's errors, each with the explanation below it; without any, the last line."""
    errors: list[str] = []
    explained = False
    stripped = (line.strip() for line in text.replace("\r", "\n").splitlines())
    # A rejected ref has three columns with tabs between them: flag, refs and reason.
    lines = [line.rpartition("\t")[2] for line in stripped if line]
    for line in lines:
        if line == "remote:" or line.startswith("error: failed to push some refs"):
            continue
        if line.startswith(("fatal:", "error:", "remote:", "[")):
            errors.append(line)
            explained = line.startswith("fatal:")
        elif re.match("(hint|warning): ", line):
            explained = False
        elif explained:
            errors[-1] += f" {line}"
    return errors or lines[-1:]


def without_credentials(text: str) -> str:
    """Return the text with the credentials in its URLs replaced by `***`."""
    return re.sub(r"(?<=://)[^/\s]+@", "***@", text)
