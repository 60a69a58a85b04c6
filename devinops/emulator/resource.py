"""The declarative form of a resource, from which `router` makes routes.

Each shape in which the API shows objects is one `Resource`: v3 is one, v1 is another one over the
same objects. What the form cannot express is a function of the resource's module that takes a
`RequestContext`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from devinops.emulator import models
from devinops.emulator.callers import (
    Caller,
    in_enterprise,
    in_enterprise_about_organization,
    in_organization,
    on_v1,
)
from devinops.emulator.records import JsonObject, Kind
from devinops.emulator.store import Store


@dataclass(frozen=True)
class BasePath:
    """What paths start with, who can call them, and the names of the operations there.

    `admit` takes permissions, any one of which is enough, and returns a dependency. `naming` is a
    format of a verb and a noun.
    """

    path: str
    admit: Callable[..., Any]
    naming: str
    v1: bool = False


ORGANIZATION = BasePath("/v3/organizations/{org_id}", in_organization, "{verb}_{noun}")
ENTERPRISE = BasePath("/v3/enterprise", in_enterprise, "{verb}_enterprise_{noun}")
ABOUT_ORGANIZATION = BasePath(
    "/v3/enterprise/organizations/{org_id}",
    in_enterprise_about_organization,
    "{verb}_organization_{noun}",
)
V1 = BasePath("/v1", on_v1, "v1_{verb}_{noun}", v1=True)


@dataclass(frozen=True)
class Mount:
    """A base path that a resource is served below, with the permissions to read and to write.

    Any one of the permissions is enough. `filters` replaces those of the listing.
    """

    base: BasePath
    read: tuple[str, ...]
    write: tuple[str, ...] = ()
    filters: type[Filters] | None = None


@dataclass(frozen=True)
class RequestContext:
    """A request with permission. The store's lock is held until the response is built.

    `id` is the store's id of the object, empty on a collection. `page` and `filters` are parts of
    the query, as objects of their classes; `query` is the whole query as sent.
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
Clean = Callable[[RequestContext, JsonObject], JsonObject]


def view_of(answer: type[models.Answer], **computed: Callable[[Store, Any], Any]) -> View:
    """Return the view with the fields of `answer`: computed, or attributes of the record."""

    def view(store: Store, record: Any) -> JsonObject:
        return {
            name: computed[name](store, record) if name in computed else getattr(record, name)
            for name in answer.model_fields
        }

    return view


def view_of_each(view: View) -> Callable[[Store, list[Any]], list[JsonObject]]:
    """Return the view of several records at once."""
    return lambda store, records: [view(store, record) for record in records]


def id_of(store: Store, record: Any) -> str:
    return str(record.id)


@dataclass(frozen=True)
class SuccessStatus:
    """The status of a success: `code` or, if the quirk says so, one of `others`."""

    code: int = 200
    quirk: str | None = None
    others: tuple[int, ...] = ()

    def of(self, store: Store) -> int:
        return int(getattr(store.quirks, self.quirk)) if self.quirk else self.code


OK = SuccessStatus()
CREATED = SuccessStatus(201)
NO_CONTENT = SuccessStatus(204)


class Paging(Enum):
    """How a list is paged: by `first` and `after`, by `limit` and `offset`, or not at all."""

    CURSOR = "cursor"
    OFFSET = "offset"
    WHOLE = "whole"


class Omitted(Enum):
    """What an update does with a missing field.

    MERGES also merges objects by member, for which an update needs its own `change`.
    """

    CLEARS = "clears"
    KEEPS = "keeps"
    MERGES = "merges"


@dataclass
class Filters(ABC):
    """Base of the query parameters that select objects of a list; a subclass has them as fields."""

    def are_used(self, context: RequestContext) -> bool:
        """Return whether the query has any filter."""
        return any(value is not None for value in vars(self).values())

    @abstractmethod
    def shows(self, context: RequestContext, record: Any) -> bool:
        """Return whether the list shows an object."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """How the objects are listed.

    `page` replaces the query of the paging. Without an `order` the `list_order` quirk decides.
    `rows` replaces the store's own listing. `pages_with_total` are all, or only one that is the
    complete list. `unpaged_content` returns the content of a list without pages, from the views of
    its objects; `answer` is its model.
    """

    paging: Paging = Paging.CURSOR
    page: type | None = None
    order: str | Callable[[RequestContext], str] | None = None
    filters: type[Filters] | None = None
    rows: Callable[[RequestContext], list[Any]] | None = None
    pages_with_total: Literal["all", "complete"] = "all"
    unpaged_content: Callable[[RequestContext, list[JsonObject]], object] | None = None
    answer: Any = None


@dataclass(frozen=True, kw_only=True)
class Write:
    """What creating, updating and deleting have in common.

    `view` and `answer` replace the resource's own. `refusals` are as an operation's.
    """

    body: type[models.RequestBody] | None = None
    status: SuccessStatus = OK
    refusals: tuple[int, ...] = ()
    view: Callable[[Store, Any], Any] | None = None
    answer: Any = None


@dataclass(frozen=True, kw_only=True)
class Create(Write):
    """`clean` checks and changes the fields of the body; `make` replaces the creation.

    `bulk` is the member of the body that lists the objects; the answer is a list too.
    """

    bulk: str | None = None
    clean: Clean | None = None
    make: Callable[[RequestContext, JsonObject], Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Update(Write):
    """`clean` gets the fields that `omitted` selects; `change` replaces all of that."""

    method: Literal["PUT", "PATCH"]
    omitted: Omitted
    verb: str = "update"
    clean: Clean | None = None
    change: Callable[[RequestContext, Any], Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Delete(Write):
    """`find` finds the object if a missing one is not a plain 404."""

    find: Callable[[RequestContext], Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path below a resource's own.

    `work` returns the content of the response; `answer` is its model, None without content. `page`
    and `filters` are dataclasses of query parameters. `refusals` are the error statuses besides
    401, 403, 422 and 429, the 400 of a body and the 404 of an id. With
    `finds_object_first`, `work` refuses unknown fields itself, so that an unknown object is a 404
    although the body has unknown fields.
    """

    method: str
    suffix: str
    verb: str
    noun: str
    description: str
    work: Callable[[RequestContext], object]
    answer: Any
    writes: bool = False
    finds_object_first: bool = False
    body: type[models.RequestBody] | None = None
    page: type | None = None
    filters: type | None = None
    status: SuccessStatus = OK
    refusals: tuple[int, ...] = ()

    def __call__(self, context: RequestContext) -> object:
        return self.work(context)


def operation(
    method: str, suffix: str, name: str, answer: Any, **facts: Any
) -> Callable[[Callable[[RequestContext], object]], Operation]:
    """Make an operation of the function that does its work; its docstring is the description.

    `name` is verb and noun, such as `get role`, and `facts` are other fields of the operation.
    """
    verb, _, noun = name.partition(" ")

    def make(work: Callable[[RequestContext], object]) -> Operation:
        return Operation(
            method=method,
            suffix=suffix,
            verb=verb,
            noun=noun,
            description=work.__doc__ or "",
            work=work,
            answer=answer,
            writes=method != "GET",
            **facts,
        )

    return make


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Everything about one resource in one shape.

    `nouns` are its names for one object and for many. `path` can have `{id_field}`, for a list that
    belongs to an object. `names` maps fields of a body to the store's, after `clean`. `stored_id`
    turns the id of a path into the store's. `find` returns the object to read, or raises ApiError.
    `extra` are operations besides the usual five; their paths override `{id_field}`.

    `add_as_person` and `edit_as_person` turn a person's fields into the store's; without them a
    person's fields are those of the record, and `check_as_person` can check more than their types.
    All three raise ApiError or a ValidationError. `view_as_person` is what a person sees, if that
    differs from the API's view.
    """

    kind: Kind
    nouns: tuple[str, str]
    path: str
    mounts: tuple[Mount, ...]
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
    check_as_person: Callable[[Mapping[str, object]], object] | None = None
    find: Callable[[RequestContext], Any] | None = None
    extra: tuple[Operation, ...] = ()
    deprecated: bool = False
