"""What plan and apply need of an API client."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from devinops.model.keys import Key
from devinops.model.kind import ApiVersion, Resource
from devinops.model.objects import Live, Snapshot
from devinops.model.target import Target

BeforeAgain = Callable[[int | None], None]
"""Called before a write is sent again, with the status of the last response, None for none; may raise to end it."""


def ignore(_: object) -> None:
    """Take a report of progress or a log line and do nothing with it."""


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
        """The organization that answers, with its id (which is asked for if need be) and `emulator`."""
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
        """Return all live objects of the kinds (default: of all that the keys reach), read through lists alone.

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
        self, resource: Resource, ids: Mapping[Key, str], *, value: str | None = None
    ) -> Live:
        """Create an object. `ids` are those of the objects that it refers to, `value` is a secret's value.

        UNSET fields get their `default`, or what the API chooses. If the API answers with no more than an id,
        the object returned is made of what was sent.
        """
        ...

    def update(
        self,
        before: Live,
        resource: Resource,
        ids: Mapping[Key, str],
        *,
        before_again: BeforeAgain | None = None,
    ) -> Live:
        """Change an object into `resource`: its live values overlaid with the declared ones.

        Every writable field is sent, None as null; UNSET fields are left out.
        """
        ...

    def delete(self, kind: str, id: str, *, before_again: BeforeAgain | None = None) -> None:
        """Delete an object; 404 counts as done.

        Deleting a secret that is gone can answer 403. That is raised: only the list can tell.
        """
        ...

    def stop_waiting(self) -> None:
        """From now on send first attempts at once, and no retries. Safe in a signal handler."""
        ...
