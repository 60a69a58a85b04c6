"""The API clients that plan and apply need: `Reader` and `Writer`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Self

from devinops.model.keys import Key, ObjectId
from devinops.model.kind import ApiVersion, Resource
from devinops.model.objects import Live, Snapshot
from devinops.model.target import Target

BeforeAgain = Callable[[int | None], None]
"""Called before a write is retried, with the status of the last response or None without one.

It can raise an error to stop the retries.
"""


PageDecoder = Callable[[], "Sequence[Live]"]
"""Decodes the objects of a page of a list, as far as it can be done before all lists are read."""


def ignore(_: object) -> None:
    """Ignore a progress report or a log line."""


class KeyOwner(NamedTuple):
    """The person or service user that an API key belongs to, as text for people.

    `org_id` is None if the key belongs to an enterprise. `expires_at` is when the service user
    expires, in epoch seconds; None if it does not, or if that is not known.
    """

    principal: str
    org_id: str | None = None
    principal_type: str | None = None
    service_user_id: str | None = None
    user_id: str | None = None
    expires_at: int | None = None


class Author(NamedTuple):
    """Who changed an object, as text for people, and when, in epoch seconds.

    `at` is None if the API does not show it.
    """

    who: str
    at: int | None = None


class Reader(Protocol):
    """An API client that only reads; all that plan needs. A context manager; threads can share it.

    Every call raises ApiError (Unreachable, BadResponse), and ConfigError if the organization is
    not known.
    """

    api: ApiVersion

    @property
    def target(self) -> Target:
        """The target that responds, with `emulator` set; requests a missing organization id."""
        ...

    @property
    def org_id(self) -> str | None:
        """The organization's id: from the settings, or requested once.

        None on v1, where a key belongs to exactly one organization.
        """
        ...

    @property
    def emulator(self) -> bool | None:
        """Whether an emulator responds; None before the first response."""
        ...

    def whoami(self) -> KeyOwner:
        """Return who the key belongs to. On v1 no request is sent, because v1 cannot tell."""
        ...

    def snapshot(
        self,
        kinds: Collection[str] | None = None,
        progress: Callable[[int], None] = ignore,
        *,
        verify: bool = True,
        pages: Callable[[PageDecoder], None] = ignore,
        parents: bool = True,
    ) -> Snapshot:
        """Return all live objects of the kinds; by default, of all kinds that the keys can read.

        Only lists are read, in parallel. `progress` gets the number of objects read so far; reading
        threads call it, but never two at once. Raises BadResponse if a list is not provably
        complete.

        A list of several pages can miss an object if another one is deleted during the read. With
        `verify` the list is therefore read again until no object disappears between two reads.
        Without, it is read once, which is enough to see that there is nothing to do; the snapshot's
        `unverified` names these kinds.

        `pages` gets each page as it arrives, from the threads that read. Nothing proves that its
        objects are those of the snapshot, so it is only good for work that can be done again.

        Without `parents`, what contains the objects is not listed as well if each object shows the
        path of what contains it. A `/` in that path can also be a part of a name.
        """
        ...

    def of_enterprise(self, kinds: Collection[str]) -> tuple[Live, ...]:
        """Return the enterprise's own objects of the kinds; none if no key may list them."""
        ...

    def authors(self, ids: Collection[str], since: int, until: int) -> Mapping[str, Author]:
        """Return id → last editor between two times in epoch seconds.

        Only v3 shows this, and only to an enterprise key; the result is empty for any other key.
        """
        ...

    def sessions(
        self, filters: Mapping[str, str], pages: int = 1
    ) -> tuple[Sequence[Mapping[str, Any]], bool]:
        """Return at most so many pages of the newest sessions, and whether there are more.

        They have their analyses, as the API shows them. It ignores filters that it does not know.
        Raises ConfigError on v1, which does not show sessions.
        """
        ...

    def close(self) -> None:
        """Wake every waiting thread and close the connections. Can be called more than once."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


class Writer(Reader, Protocol):
    """An API client that also writes, for apply.

    If an ApiError has `answered` False, the write may or may not have been carried out.
    """

    @property
    def parallelism(self) -> int:
        """How many changes may be made at once now; it can differ at each call."""
        ...

    def reads_one(self, kind: str) -> bool:
        """Return whether this API can read a single object of the kind."""
        ...

    def read(self, kind: str, id: str) -> Live | None:
        """Return an object as it is now; None if it does not exist. Only if `reads_one`."""
        ...

    def create(
        self,
        resource: Resource,
        ids: Mapping[Key, str],
        *,
        value: str | None = None,
        taken: Container[ObjectId] = (),
    ) -> Live:
        """Create an object and return it as it is now.

        `ids` maps the keys of the objects that it refers to; `value` is the value of a secret.
        Raises BadResponse for a response with an id that is `taken` by another object.
        An UNSET field gets its `default`, or what the API chooses. If the response has only an id,
        the returned object has the values that were sent.
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
        """Update an object to `resource`: its live values overlaid with the declared ones.

        Every writable field is sent, None as null; UNSET fields are left out.
        """
        ...

    def delete(self, kind: str, id: str, *, before_again: BeforeAgain | None = None) -> None:
        """Delete an object.

        Raises ApiError, also for a status that can mean that it is gone: only the lists show that.
        """
        ...

    def stop_waiting(self) -> None:
        """Send first attempts without delay from now on, and no retries.

        Safe in a signal handler.
        """
        ...
