"""The form in which a resource of the API is written down; `router` turns it into routes.

A resource is one `Resource` for each shape that the API shows it in: v3 is one, v1 is another over the same
objects. What a form cannot say is a function of the resource's own module, which takes a `Context`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from devinops.emulator import models
from devinops.emulator.dependencies import (
    Caller,
    in_enterprise,
    in_enterprise_about_organization,
    in_organization,
    on_v1,
)
from devinops.emulator.records import JsonObject, Kind
from devinops.emulator.store import Store


@dataclass(frozen=True)
class Scope:
    """Where paths begin, which keys reach them, and how operations there are called.

    `naming` takes a verb and a noun. `admit` takes permissions, of which any one suffices.
    """

    prefix: str
    admit: Callable[..., Any]
    naming: str
    v1: bool = False


ORGANIZATION = Scope("/v3/organizations/{org_id}", in_organization, "{verb}_{noun}")
ENTERPRISE = Scope("/v3/enterprise", in_enterprise, "{verb}_enterprise_{noun}")
ABOUT_ORGANIZATION = Scope(
    "/v3/enterprise/organizations/{org_id}",
    in_enterprise_about_organization,
    "{verb}_organization_{noun}",
)
V1 = Scope("/v1", on_v1, "v1_{verb}_{noun}", v1=True)


@dataclass(frozen=True)
class Place:
    """A scope of a resource, with the permissions to read and to write there; any one of them suffices.

    `filters` replaces those of the listing.
    """

    scope: Scope
    read: tuple[str, ...]
    write: tuple[str, ...] = ()
    filters: type | None = None


@dataclass(frozen=True)
class Context:
    """A request that was let in. The store's lock is held until its answer is built.

    `id` is the object's as the path gives it, empty on a collection. `page` and `filters` are what the query
    says, each in its class; `query` is the whole query as sent.
    """

    store: Store
    caller: Caller
    id: str = ""
    body: Any = None
    page: Any = None
    filters: Any = None
    query: Sequence[tuple[str, str]] = ()

    @property
    def org(self) -> str | None:
        """The organization that the path leads to; None for the enterprise."""
        return self.caller.org


View = Callable[[Store, Any], JsonObject]
Clean = Callable[[Context, JsonObject], JsonObject]


def view_of(answer: type[models.Answer], **computed: Callable[[Store, Any], Any]) -> View:
    """Return the view that shows the fields of `answer`: as computed, else attributes of the record."""

    def view(store: Store, record: Any) -> JsonObject:
        return {
            name: computed[name](store, record) if name in computed else getattr(record, name)
            for name in answer.model_fields
        }

    return view


def id_of(store: Store, record: Any) -> str:
    return str(record.id)


@dataclass(frozen=True)
class Status:
    """The status of a success: `code`, or what the quirk says, which is `code` or one of `others`."""

    code: int = 200
    quirk: str | None = None
    others: tuple[int, ...] = ()

    def of(self, store: Store) -> int:
        return int(getattr(store.quirks, self.quirk)) if self.quirk else self.code


OK = Status()
CREATED = Status(201)
NO_CONTENT = Status(204)


class Paging(Enum):
    """How a list is cut: by `first` and `after`, by `limit` and `offset`, or not at all."""

    CURSOR = "cursor"
    OFFSET = "offset"
    WHOLE = "whole"


class Omitted(Enum):
    """What an update does with a field that is left out. With MERGES, objects are merged by member."""

    CLEARS = "clears"
    KEEPS = "keeps"
    MERGES = "merges"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """How the objects are listed.

    `order` None: as the `list_order` quirk says. `filters` is a dataclass of query parameters with two methods:
    `given(context)` tells whether the query has any filter, and `shows(context, record)` applies them. `rows` finds the
    objects where the store's own listing will not do. `total` says when a page has one. A list that is not cut
    is `whole` over the views, and `answer` is its model.
    """

    paging: Paging = Paging.CURSOR
    order: str | Callable[[Context], str] | None = None
    filters: type | None = None
    rows: Callable[[Context], list[Any]] | None = None
    total: Literal["always", "whole"] = "always"
    whole: Callable[[Context, list[JsonObject]], object] | None = None
    answer: Any = None


@dataclass(frozen=True, kw_only=True)
class Create:
    """`clean` turns what was sent into the store's fields; `make` creates the object where more is needed.

    `view` and `answer` replace the resource's own.
    """

    body: type[models.Request]
    clean: Clean | None = None
    make: Callable[[Context, JsonObject], Any] | None = None
    status: Status = OK
    refusals: tuple[int, ...] = ()
    view: View | None = None
    answer: Any = None


@dataclass(frozen=True, kw_only=True)
class Update:
    """`clean` gets what was sent under the rule of `omitted`; `change` replaces that rule and the write."""

    method: Literal["PUT", "PATCH"]
    body: type[models.Request]
    omitted: Omitted
    verb: str = "update"
    clean: Clean | None = None
    change: Callable[[Context, Any], Any] | None = None
    refusals: tuple[int, ...] = ()
    view: View | None = None
    answer: Any = None


@dataclass(frozen=True, kw_only=True)
class Delete:
    """`find` finds the object if a missing one is not a plain 404."""

    status: Status = OK
    find: Callable[[Context], Any] | None = None
    view: View | None = None
    answer: Any = None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path below a resource's own. `work` returns the content of the answer.

    `answer` is its model, None without a content. `page` and `filters` are dataclasses of query parameters.
    `refusals` are the errors beyond 401, 403, 422, 429, and the 400 of a body.
    """

    method: str
    suffix: str
    verb: str
    noun: str
    description: str
    work: Callable[[Context], object]
    answer: Any
    writes: bool = False
    body: type[models.Request] | None = None
    page: type | None = None
    filters: type | None = None
    status: Status = OK
    refusals: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Everything that the API says of one resource, in one shape.

    `nouns` are its names for one and for many. `names` maps a body's fields to different ones of the
    store, after any `clean`. `stored_id` turns an id of a path into the store's. `find` returns the
    object that a path leads to, `owned` the one that may be changed there; both raise ApiError.
    `add_as_person` and `edit_as_person` turn a person's fields into the store's and raise
    InvalidObject; without them a person's fields are those of the record. `view_as_person` is what
    a person sees, if it differs from the API's view.
    `extra` are operations besides the usual five, whose paths win over `{id_field}`.
    """

    kind: Kind
    nouns: tuple[str, str]
    path: str
    places: tuple[Place, ...]
    id_field: str
    view: View
    answer: Any
    listing: Listing | None = Listing()
    readable: bool = True
    create: Create | None = None
    update: Update | None = None
    delete: Delete | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    stored_id: Callable[[Store, str], str] | None = None
    view_as_person: View | None = None
    add_as_person: Callable[[Store, JsonObject], JsonObject] | None = None
    edit_as_person: Callable[[Store, Any, JsonObject], JsonObject] | None = None
    find: Callable[[Context], Any] | None = None
    owned: Callable[[Context], Any] | None = None
    extra: tuple[Operation, ...] = ()
    deprecated: bool = False
