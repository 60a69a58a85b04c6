"""The REST client: one snapshot to plan from, five calls to apply with.

`open_reader` gives plan a client that has nothing but GET; `open_writer` gives apply one with the rest. Both
are driven by the kinds' data, and importing this package stays cheap: httpx comes with the first connection.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from devinops import signals
from devinops.model.client import BeforeAgain
from devinops.model.kind import ApiVersion
from devinops.model.objects import Live, Resource, Snapshot
from devinops.model.target import Target


def ignore(_: object) -> None:
    """Take a report of progress or a log line and do nothing with it."""


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Connection:
    """Which organization to call and as whom. Times in seconds; `retries` come after the first attempt.

    `ca_bundle` is a PEM file that replaces the usual certificate authorities. The key shows in no repr.
    """

    target: Target
    key: str = field(repr=False)
    timeout_s: float = 60
    parallelism: int = 8
    ca_bundle: Path | None = None
    retries: int = 4
    backoff_s: float = 0.5


@dataclass(frozen=True)
class Identity:
    """Who a key belongs to, in words for a person. `org_id` is None for a key of a whole enterprise."""

    principal: str
    org_id: str | None = None
    principal_type: str | None = None


@dataclass(frozen=True, slots=True)
class Author:
    """Who did something, in words for a person, and when in epoch seconds, as far as the API says."""

    who: str
    at: int | None = None


class Reader(Protocol):
    """All that plan gets. A context manager; threads may share it.

    Every call raises ApiError (Unreachable, BadAnswer) and, for a missing organization, ConfigError.
    """

    api: ApiVersion

    @property
    def target(self) -> Target:
        """The organization that answers: its id is asked for if need be, see `org_id` and `emulator`."""
        ...

    @property
    def org_id(self) -> str | None:
        """The organization: configured, else asked for once. None on v1, where a key has just one."""
        ...

    @property
    def emulator(self) -> bool | None:
        """Whether an emulator answers; None before the first answer."""
        ...

    def whoami(self) -> Identity:
        """Return who the key belongs to. v1 cannot say, so there no request is made."""
        ...

    def snapshot(
        self,
        kinds: Collection[str] | None = None,
        progress: Callable[[int], None] = ignore,
        *,
        sure: bool = True,
    ) -> Snapshot:
        """Return all live objects of the kinds (default: of every kind), read through lists alone.

        The lists are read side by side. `progress` gets the number of objects read so far, from the
        reading threads but never from two at once. A list that cannot be proved complete is a BadAnswer.

        A list of several pages can lack an object if another was deleted while it was read. So it is read again
        until nothing has gone between two readings. Without `sure` it is read once, which is enough to see that
        nothing is to be done; the snapshot's `unproved` names these kinds.
        """
        ...

    def authors(self, ids: Collection[str], since: int, until: int) -> Mapping[str, Author]:
        """Return id → who edited it last, between two times in epoch seconds.

        Only v3 tells, and only a key of the enterprise; for any other this is empty and no error.
        """
        ...

    def close(self) -> None:
        """Wake every waiting thread and drop the connections. Harmless when repeated."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Writer(Reader, Protocol):
    """What apply gets on top. An ApiError whose `answered` is False leaves open whether a write happened."""

    def reads_one(self, kind: str) -> bool:
        """Say whether this API can read one object of the kind."""
        ...

    def read(self, kind: str, id: str) -> Live | None:
        """Return one object as it is now, None when there is none. Only where `reads_one`."""
        ...

    def create(
        self, kind: str, resource: Resource, folder_id: str | None, *, value: str | None = None
    ) -> Live:
        """Create an object; None as `folder_id` is the root, `value` a secret's value.

        UNSET fields are left to their `default`, or to the API. Where the API answers no more than an id,
        the object returned is made of what was sent.
        """
        ...

    def update(
        self,
        kind: str,
        id: str,
        resource: Resource,
        folder_id: str | None,
        *,
        before_again: BeforeAgain | None = None,
    ) -> Live:
        """Replace an object by `resource`: live values overlaid with the declared ones.

        Every writable field is sent, None as null; UNSET fields are left out.
        """
        ...

    def delete(self, kind: str, id: str, *, before_again: BeforeAgain | None = None) -> None:
        """Delete an object; 404 counts as done.

        Deleting a secret that is gone can answer 403. That is raised: only the list can tell.
        """
        ...

    def hurry(self) -> None:
        """Wait no more: what was not sent yet is sent at once, and nothing is sent again. For a signal handler."""
        ...


def open_reader(connection: Connection, log: Callable[[str], None] = ignore) -> Reader:
    """Return a client that can only read. `log` gets one line for each request. Raises ConfigError."""
    with signals.deferred():
        from devinops.api.client import ReadingClient
        from devinops.api.http import Getter

    return ReadingClient(Getter(connection, log), connection)


def open_writer(connection: Connection, log: Callable[[str], None] = ignore) -> Writer:
    """Return a client that can read and write. `log` gets one line for each request. Raises ConfigError."""
    with signals.deferred():
        from devinops.api.client import WritingClient
        from devinops.api.http import Sender

    return WritingClient(Sender(connection, log), connection)
