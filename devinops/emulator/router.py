"""From a resource's form to the routes of FastAPI."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, cast, get_type_hints

from fastapi import APIRouter, Depends, Query, Request
from pydantic import create_model
from starlette.responses import Response

from devinops.emulator import models
from devinops.emulator.dependencies import Caller, StoreDep, refuse_unknown_fields
from devinops.emulator.merging import merged
from devinops.emulator.openapi import error_responses, operation_id
from devinops.emulator.records import JsonObject
from devinops.emulator.resource import (
    Context,
    Create,
    Delete,
    Listing,
    Omitted,
    Operation,
    Paging,
    Place,
    Resource,
    Update,
)
from devinops.emulator.responses import json_response, page_content
from devinops.emulator.store import Store
from devinops.emulator.tables import Page


@dataclass
class Cursor:
    """The query of a list that is cut by cursors."""

    first: Annotated[int, Query(ge=1, le=200)] = 100
    after: Annotated[str | None, Query(description="The end_cursor of the page before")] = None


@dataclass
class Offset:
    """The query of a list that is cut by counting."""

    limit: Annotated[int, Query(ge=1, le=200)] = 200
    offset: Annotated[int, Query(ge=0)] = 0


_QUERIES = {Paging.CURSOR: Cursor, Paging.OFFSET: Offset}


def create_router(resources: Iterable[Resource]) -> APIRouter:
    """Return a router with every operation of the resources at every place they have."""
    router = APIRouter(generate_unique_id_function=operation_id)
    for resource in resources:
        for place in resource.places:
            for operation in operations(resource, place):
                _add_route(router, resource, place, operation)
    return router


def operations(resource: Resource, place: Place) -> Iterator[Operation]:
    """Yield the operations of a resource in one place, those with a fixed path first."""
    yield from resource.extra
    if resource.listing is not None:
        yield _list(resource, resource.listing, place)
    if resource.create is not None:
        yield _create(resource, resource.create)
    if resource.readable:
        yield _read(resource)
    if resource.update is not None:
        yield _update(resource, resource.update)
    if resource.delete is not None:
        yield _delete(resource, resource.delete)


# -- one route


def _add_route(router: APIRouter, resource: Resource, place: Place, operation: Operation) -> None:
    scope = place.scope
    path = f"{scope.prefix}{resource.path}{operation.suffix}"
    missing = {404} if "{" in path else set()
    unreadable = {400} if operation.body is not None else set()
    router.add_api_route(
        path,
        _endpoint(resource, place, operation),
        methods=[operation.method],
        name=scope.naming.format(verb=operation.verb, noun=operation.noun),
        description=operation.description,
        response_model=operation.answer,
        status_code=operation.status.code,
        responses={
            **error_responses(*operation.refusals, *missing, *unreadable, v1=scope.v1),
            **_other_successes(operation),
        },
        deprecated=resource.deprecated or None,
    )


def _other_successes(operation: Operation) -> dict[int | str, dict[str, Any]]:
    status = operation.status
    described: dict[str, Any] = {"description": f"If the {status.quirk} quirk says so"}
    content = {**described, "model": operation.answer}
    return {other: described if other == 204 else content for other in status.others}


def _endpoint(
    resource: Resource, place: Place, operation: Operation
) -> Callable[..., Awaitable[Response]]:
    """Return the function that FastAPI calls; its signature says what FastAPI reads and checks."""

    async def endpoint(store: Store, caller: Caller, request: Request, **given: Any) -> Response:
        body = given.get("body")
        if body is not None:
            refuse_unknown_fields(store, body)
        record_id = given.get(resource.id_field, "")
        if resource.stored_id is not None:
            record_id = resource.stored_id(store, record_id)
        page, filters = given.get("page"), given.get("filters")
        query = request.query_params.multi_items()
        with store.lock:
            context = Context(store, caller, record_id, body, page, filters, query)
            content = operation.work(context)
            status = operation.status.of(store)
        return Response(status_code=204) if status == 204 else json_response(content, status)

    permissions = place.write if operation.writes else place.read
    annotations: dict[str, Any] = {
        "store": StoreDep,
        "caller": Annotated[Caller, place.scope.admit(*permissions)],
        "request": Request,
    }
    if f"{{{resource.id_field}}}" in operation.suffix:
        annotations[resource.id_field] = str
    if operation.page is not None:
        annotations["page"] = Annotated[operation.page, Depends(_reader(operation.page))]
    if operation.filters is not None:
        filters = operation.filters
        annotations["filters"] = Annotated[filters, Depends(_reader(filters))]
    if operation.body is not None:
        annotations["body"] = operation.body
    cast("Any", endpoint).__signature__ = _signature(annotations)
    return endpoint


def _reader(query: type) -> Callable[..., Awaitable[Any]]:
    """Return a dependency that reads a dataclass of query parameters.

    The class itself would do, but FastAPI calls what is not async in a thread of its own.
    """

    async def read(**given: Any) -> Any:
        return query(**given)

    hints = get_type_hints(query, include_extras=True)
    parameters = inspect.signature(query).parameters.values()
    cast("Any", read).__signature__ = inspect.Signature(
        [parameter.replace(annotation=hints[parameter.name]) for parameter in parameters]
    )
    return read


def _signature(annotations: dict[str, Any]) -> inspect.Signature:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [inspect.Parameter(name, kind, annotation=of) for name, of in annotations.items()]
    )


# -- the usual operations


def _found(resource: Resource, context: Context) -> Any:
    if resource.find is not None:
        return resource.find(context)
    return context.store.find(resource.kind, context.org, context.id)


def _owned(resource: Resource, context: Context) -> Any:
    if resource.owned is not None:
        return resource.owned(context)
    return context.store.find_to_write(resource.kind, context.org, context.id)


def _list(resource: Resource, listing: Listing, place: Place) -> Operation:
    def work(context: Context) -> object:
        rows = _rows(resource, listing, context)
        filtered = context.filters is not None and context.filters.given(context)
        if filtered:
            rows = [row for row in rows if context.filters.shows(context, row)]
        if listing.whole is not None:
            return listing.whole(context, [resource.view(context.store, row) for row in rows])
        page = _page(resource, listing, context, rows)
        content = page_content(context.store, page, resource.view)
        if listing.total == "whole" and (filtered or len(page.items) < page.total):
            content.pop("total", None)
        return content

    return Operation(
        method="GET",
        suffix="",
        verb="list",
        noun=resource.nouns[1],
        description=f"List {_words(resource.nouns[1])}.",
        work=work,
        answer=listing.answer or page_model(resource.answer),
        page=_QUERIES.get(listing.paging),
        filters=place.filters or listing.filters,
    )


def _rows(resource: Resource, listing: Listing, context: Context) -> list[Any]:
    if listing.rows is not None:
        return listing.rows(context)
    return context.store.listing(resource.kind, context.org, _order(listing, context))


def _order(listing: Listing, context: Context) -> str | None:
    return listing.order(context) if callable(listing.order) else listing.order


def _page(resource: Resource, listing: Listing, context: Context, rows: list[Any]) -> Page[Any]:
    query = context.page
    if listing.paging is Paging.OFFSET:
        items = rows[query.offset : query.offset + query.limit]
        return Page(items, None, len(rows))
    tag = f"{resource.nouns[1]} {context.org}"
    return context.store.page(tag, rows, query.first, query.after, _order(listing, context))


@cache
def page_model(item: type[models.Answer]) -> type[models.PageInfo]:
    """Return the model of a page of these items."""
    name = f"{item.__name__}Page"
    return create_model(name, __base__=models.PageInfo, items=(list[item], ...))  # type: ignore[valid-type]


def _read(resource: Resource) -> Operation:
    def work(context: Context) -> object:
        return resource.view(context.store, _found(resource, context))

    noun = resource.nouns[0]
    return Operation(
        method="GET",
        suffix=f"/{{{resource.id_field}}}",
        verb="get",
        noun=noun,
        description=f"Read {_a(noun)}.",
        work=work,
        answer=resource.answer,
    )


def _create(resource: Resource, create: Create) -> Operation:
    view = create.view or resource.view

    def work(context: Context) -> object:
        fields = context.body.model_dump(include=_known(context.body))
        if create.clean is not None:
            fields = create.clean(context, fields)
        fields = _renamed(resource, fields)
        if create.make is not None:
            return view(context.store, create.make(context, fields))
        made = context.store.create(resource.kind, context.org, context.caller.actor, fields)
        return view(context.store, made)

    noun = resource.nouns[0]
    return Operation(
        method="POST",
        suffix="",
        verb="create",
        noun=noun,
        description=f"Create {_a(noun)}.",
        work=work,
        answer=create.answer or resource.answer,
        writes=True,
        body=create.body,
        status=create.status,
        refusals=create.refusals,
    )


_RULES = {
    Omitted.CLEARS: "What is left out is cleared.",
    Omitted.KEEPS: "What is left out is kept, null clears.",
    Omitted.MERGES: "What is left out is kept, null clears, objects are merged.",
}


def _update(resource: Resource, update: Update) -> Operation:
    view = update.view or resource.view

    def work(context: Context) -> object:
        record = _owned(resource, context)
        if update.change is not None:
            return view(context.store, update.change(context, record))
        fields = _sent(update, context.body, record)
        if update.clean is not None:
            fields = update.clean(context, fields)
        fields = _renamed(resource, fields)
        written = context.store.write(resource.kind, record, context.caller.actor, fields)
        return view(context.store, written)

    noun = resource.nouns[0]
    return Operation(
        method=update.method,
        suffix=f"/{{{resource.id_field}}}",
        verb=update.verb,
        noun=noun,
        description=f"{update.verb.capitalize()} {_a(noun)}. {_RULES[update.omitted]}",
        work=work,
        answer=update.answer or resource.answer,
        writes=True,
        body=update.body,
        refusals=update.refusals,
    )


def _renamed(resource: Resource, fields: JsonObject) -> JsonObject:
    return {resource.names.get(name, name): value for name, value in fields.items()}


def _sent(update: Update, body: models.Request, record: Any) -> JsonObject:
    """Return what a body sets under the rule for what it leaves out, by the body's names."""
    known = _known(body)
    if update.omitted is Omitted.CLEARS:
        return body.model_dump(include=known)
    known &= body.model_fields_set
    if update.omitted is Omitted.KEEPS:
        return body.model_dump(include=known)
    sent = body.model_dump(include=known, exclude_unset=True)
    return {name: merged(getattr(record, name), value) for name, value in sent.items()}


def _known(body: models.Request) -> set[str]:
    return set(type(body).model_fields)


def _delete(resource: Resource, delete: Delete) -> Operation:
    view = delete.view or resource.view

    def work(context: Context) -> object:
        record = delete.find(context) if delete.find is not None else _owned(resource, context)
        content = view(context.store, record)
        context.store.delete(resource.kind, record, context.caller.actor)
        return content

    noun = resource.nouns[0]
    return Operation(
        method="DELETE",
        suffix=f"/{{{resource.id_field}}}",
        verb="delete",
        noun=noun,
        description=f"Delete {_a(noun)}.",
        work=work,
        answer=delete.answer or resource.answer,
        writes=True,
        status=delete.status,
    )


def _words(noun: str) -> str:
    return noun.replace("_", " ")


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeio' else 'a'} {_words(noun)}"
