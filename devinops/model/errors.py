"""The error tree. Each class has the exit code that tells the user what to do next.

DevinopsError           1   expected failure; nothing was written
├─ ConfigError          1   a setting is missing, malformed or contradicts another
├─ InputError           1   the files have problems; carries every one of them
├─ NotFound             1   nothing has the name that the command line gives
├─ UnusableFile         1   a saved plan, backup, report or lock file is damaged or the wrong one
├─ NotWritten           1   output or a file cannot be written
├─ InventoryError       1   the inventory cannot be read, written or changed as asked
├─ ApiError             1   the API returned an error, or no response
│  ├─ Unreachable       1   no response
│  └─ BadResponse       1   a response that is unusable or not provably complete
├─ Refused              4   a guard or a missing approval stopped the run
├─ Stale                5   what was reviewed is not what would be done now
├─ UsageError          64   the command line was wrong
└─ Interrupted   130, 143   Ctrl-C, SIGTERM or SIGHUP while nothing was being written
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from devinops.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from devinops.model.objects import Problem


FORBIDDEN = 403
"""The HTTP status of a request for which the key lacks a permission."""

TOO_MANY = 429
"""The HTTP status of a request that was not carried out because there were too many."""


class DevinopsError(Exception):
    """An expected failure.

    `str()` is one line for people: what happened, where, what was expected and what to do next.
    """

    exit_code = ExitCode.FIX


class ConfigError(DevinopsError):
    """A setting is missing, malformed or contradicts another one."""


class InputError(DevinopsError):
    """The files have problems. `problems` holds all of them, never only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first, *others = self.problems
        count = f"{len(self.problems)} problems" if others else "1 problem"
        super().__init__(f"{count} in the files, the first at {first.source}: {first.message}")


def stop_on_errors(problems: Iterable[Problem]) -> None:
    """Raise InputError with all problems, sorted, if one of them is an error."""
    problems = tuple(sorted(problems))
    if any(problem.is_error for problem in problems):
        raise InputError(problems)


class NotFound(DevinopsError):
    """No record, object, run or backup has the name that the command line gives."""


class UnusableFile(DevinopsError):
    """A saved plan, a backup, a report or a lock file is damaged or was edited.

    Also raised if it is for another target.
    """


class NotWritten(DevinopsError):
    """Output, a plan or a new file cannot be written."""


class InventoryError(DevinopsError):
    """The inventory is damaged, belongs to another organization, or cannot be read or written.

    Also raised if it cannot own an object, because the object belongs to others or is already owned
    under another key.
    """


class ApiError(DevinopsError):
    """The API returned an error. `status` is the HTTP status, None without a response.

    `answered` is False if the request may or may not have been carried out: without a response, and
    after a 5xx. `doubtful` says the same of an earlier attempt, whatever the last one returned.
    """

    def __init__(self, message: str, *, status: int | None = None, doubtful: bool = False) -> None:
        self.status, self.doubtful = status, doubtful
        super().__init__(message)

    @property
    def answered(self) -> bool:
        return self.status is not None and self.status < 500 and not self.doubtful

    @property
    def is_missing(self) -> bool:
        """Whether there is no such object; a web page with a 404 only means a wrong address."""
        return self.status == 404 and not isinstance(self, BadResponse)

    @property
    def refuses_key(self) -> bool:
        """Whether the API does not accept the key at all, or not for this."""
        return self.status in (401, FORBIDDEN)


class Unreachable(ApiError):
    """No response: the host name did not resolve, the connection failed, or it timed out."""


class BadResponse(ApiError):
    """A response that is not JSON, not of the documented shape, or not provably complete."""


class Refused(DevinopsError):
    """A guard or a missing approval stopped the whole run before the first write."""

    exit_code = ExitCode.DECIDE


class Stale(DevinopsError):
    """What was reviewed is not what would be done now; nothing was written."""

    exit_code = ExitCode.PLAN_AGAIN


class UsageError(DevinopsError):
    """The command line was wrong."""

    exit_code = ExitCode.USAGE


class Terminated(BaseException):
    """Raised for SIGTERM and SIGHUP while nothing is being written.

    For Ctrl-C it is KeyboardInterrupt.
    """


class Interrupted(DevinopsError):
    """A signal ended the run while nothing was being written; `by` is what was raised."""

    def __init__(self, by: BaseException) -> None:
        terminated = isinstance(by, Terminated)
        self.exit_code = ExitCode.TERMINATED if terminated else ExitCode.INTERRUPTED
        super().__init__(f"{'terminated' if terminated else 'interrupted'}; nothing more is done")
