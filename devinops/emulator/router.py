"""Makes FastAPI routes from resources: what a GET, POST, PUT, PATCH or DELETE does in general.

What only one resource does, such as what the PUT of a note sets, is in its module.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Annotated, Any, cast, get_type_hints

from fastapi import APIRouter, Depends, Query, Request
from pydantic import create_model
from starlette.responses import Response

from devinops.emulator import models
from devinops.emulator.callers import Caller, StoreDep
from devinops.emulator.models import error_responses, operation_id
from devinops.emulator.records import ApiError, JsonObject
from devinops.emulator.resource import (
    Clean,
    Create,
    Delete,
    Listing,
    Mount,
    Omitted,
    Operation,
    Paging,
    RequestContext,
    Resource,
    Update,
    Write,
)
from devinops.emulator.responses import json_response
from devinops.emulator.store import Store
from devinops.emulator.tables import ListPage, cut_page


@dataclass
class Cursor:
    """The query of a list with cursors."""

    first: Annotated[int, Query(ge=1, le=200)] = 100
    after: Annotated[str | None, Query(description="The end_cursor of the previous page")] = None


@dataclass
class Offset:
    """The query of a list with offsets."""

    limit: Annotated[int, Query(ge=1, le=200)] = 200
    offset: Annotated[int, Query(ge=0)] = 0


_PAGE_QUERIES = {Paging.CURSOR: Cursor, Paging.OFFSET: Offset}
_OMITTED_IN_WORDS = {
    Omitted.CLEARS: "A missing field is cleared.",
    Omitted.KEEPS: "A missing field is kept, null clears it.",
    Omitted.MERGES: "A missing field is kept, null clears it, objects are merged.",
}


def create_router(resources: Iterable[Resource]) -> APIRouter:
    """Return a router that serves each resource below each of its base paths."""
    router = APIRouter(generate_unique_id_function=operation_id)
    for resource in resources:
        for mount in resource.mounts:
            for operation in _operations(resource, mount):
                _add_route(router, resource, mount, operation)
    return router


def _operations(resource: Resource, mount: Mount) -> Iterator[Operation]:
    """Yield the operations of a resource below one base path.

    FastAPI takes the first path that matches, so `extra` goes before the paths with an id.
    """
    yield from resource.extra
    if resource.listing is not None:
        yield _list(resource, resource.listing, mount)
    if resource.create is not None:
        yield _create(resource, resource.create)
    if resource.readable:
        yield _read(resource)
    if resource.update is not None:
        yield _update(resource, resource.update)
    if resource.delete is not None:
        yield _delete(resource, resource.delete)


# -- routes


def _add_route(router: APIRouter, resource: Resource, mount: Mount, operation: Operation) -> None:
    base = mount.base
    path = f"{base.path}{resource.path}{operation.suffix}"
    error_statuses = {*operation.refusals}
    if "{" in path:
        error_statuses.add(404)
    if operation.body is not None:
        error_statuses.add(400)
    router.add_api_route(
        path,
        _endpoint(resource, mount, operation),
        methods=[operation.method],
        name=base.naming.format(verb=operation.verb, noun=operation.noun),
        description=operation.description,
        response_model=operation.answer,
        status_code=operation.status.code,
        responses={**error_responses(*error_statuses, v1=base.v1), **_other_successes(operation)},
        deprecated=resource.deprecated or None,
    )


def _other_successes(operation: Operation) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the statuses that a quirk can choose."""
    described: dict[str, Any] = {"description": f"If the {operation.status.quirk} quirk says so"}
    with_content = {**described, "model": operation.answer}
    return {
        status: described if status == 204 else with_content for status in operation.status.others
    }


def _endpoint(
    resource: Resource, mount: Mount, operation: Operation
) -> Callable[..., Awaitable[Response]]:
    """Return the function that FastAPI calls, with the signature that tells it what to read."""

    async def endpoint(store: Store, caller: Caller, request: Request, **others: Any) -> Response:
        body, record_id = others.get("body"), others.get(resource.id_field, "")
        if body is not None and not operation.finds_object_first:
            _refuse_unknown_fields(store, body)
        if resource.stored_id is not None:
            record_id = resource.stored_id(store, record_id)
        query = request.query_params.multi_items()
        with store.lock:
            content = operation.work(
                RequestContext(
                    store, caller, record_id, body, others.get("page"), others.get("filters"), query
                )
            )
            status = operation.status.of(store)
        return Response(status_code=204) if status == 204 else json_response(content, status)

    cast("Any", endpoint).__signature__ = _signature(_parameters(resource, mount, operation))
    return endpoint


def _parameters(resource: Resource, mount: Mount, operation: Operation) -> dict[str, Any]:
    """Return the types of an endpoint's parameters, which tell FastAPI what to read and check."""
    permissions = mount.write if operation.writes else mount.read
    parameters: dict[str, Any] = {
        "store": StoreDep,
        "caller": Annotated[Caller, mount.base.admit(*permissions)],
        "request": Request,
    }
    if f"{{{resource.id_field}}}" in resource.path + operation.suffix:
        parameters[resource.id_field] = models.Segment
    for name, query in (("page", operation.page), ("filters", operation.filters)):
        if query is not None:
            parameters[name] = Annotated[query, Depends(_query_reader(query))]
    if operation.body is not None:
        parameters["body"] = operation.body
    return parameters


def _query_reader(query: type) -> Callable[..., Awaitable[Any]]:
    """Return a dependency that reads a dataclass of query parameters.

    FastAPI accepts the class itself too, but calls everything that is not async in a thread.
    """

    async def read(**parameters: Any) -> Any:
        return query(**parameters)

    hints = get_type_hints(query, include_extras=True)
    fields = inspect.signature(query).parameters.values()
    cast("Any", read).__signature__ = inspect.Signature(
        [field.replace(annotation=hints[field.name]) for field in fields]
    )
    return read


def _signature(parameters: dict[str, Any]) -> inspect.Signature:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [inspect.Parameter(name, kind, annotation=hint) for name, hint in parameters.items()]
    )


# -- operations


def _list(resource: Resource, listing: Listing, mount: Mount) -> Operation:
    plural = resource.nouns[1]

    def work(context: RequestContext) -> object:
        store, filters = context.store, context.filters
        order = listing.order(context) if callable(listing.order) else listing.order
        if listing.rows is not None:
            rows = listing.rows(context)
        else:
            rows = store.listing(resource.kind, context.org, order)
        is_filtered = filters is not None and filters.are_used(context)
        if is_filtered:
            rows = [row for row in rows if filters.shows(context, row)]
        if listing.unpaged_content is not None:
            return listing.unpaged_content(context, [resource.view(store, row) for row in rows])
        page = _cut(context, listing.paging, rows, f"{plural} {context.id or context.org}", order)
        content: JsonObject = {
            "items": [resource.view(store, row) for row in page.items],
            "end_cursor": page.end_cursor,
            "has_next_page": page.end_cursor is not None,
        }
        is_complete = not is_filtered and len(page.items) == page.total
        has_total = listing.pages_with_total == "all" or is_complete
        if store.quirks.total != "absent" and has_total:
            content["total"] = page.total if store.quirks.total == "present" else None
        return content

    return Operation(
        method="GET",
        suffix="",
        verb="list",
        noun=plural,
        description=f"List {_in_words(plural)}.",
        work=work,
        answer=listing.answer or _page_model(resource.answer),
        page=listing.page or _PAGE_QUERIES.get(listing.paging),
        filters=mount.filters or listing.filters,
    )


def _cut(
    context: RequestContext, paging: Paging, rows: list[Any], list_name: str, order: str | None
) -> ListPage[Any]:
    """Return the page that the query asks for; its cursors are valid only for `list_name`."""
    query, quirks = context.page, context.store.quirks
    if paging is Paging.OFFSET:
        return ListPage(rows[query.offset : query.offset + query.limit], None, len(rows))
    return cut_page(
        rows,
        list_name,
        order=order or quirks.list_order,
        stable=quirks.paging == "stable",
        first=query.first,
        after=query.after,
    )


@cache
def _page_model(item: type[models.Answer]) -> type[models.PageInfo]:
    name = f"{item.__name__}Page"
    items: Any = list[item]  # type: ignore[valid-type]
    return create_model(name, __base__=models.PageInfo, items=(items, ...))


def _read(resource: Resource) -> Operation:
    def work(context: RequestContext) -> object:
        if resource.find is not None:
            record = resource.find(context)
        else:
            record = context.store.find(resource.kind, context.org, context.id)
        return resource.view(context.store, record)

    return Operation(
        method="GET",
        suffix=f"/{{{resource.id_field}}}",
        verb="get",
        noun=resource.nouns[0],
        description=f"Get {_in_words(resource.nouns[0])}.",
        work=work,
        answer=resource.answer,
    )


def _create(resource: Resource, create: Create) -> Operation:
    view = create.view or resource.view

    def work(context: RequestContext) -> object:
        fields = _stored_fields(resource, create.clean, context, Omitted.CLEARS)
        if create.make is not None:
            return view(context.store, create.make(context, fields))
        actor = context.caller.actor
        return view(context.store, context.store.create(resource.kind, context.org, actor, fields))

    return _write(resource, create, work, "POST", "create", has_id=False)


def _update(resource: Resource, update: Update) -> Operation:
    view = update.view or resource.view

    def work(context: RequestContext) -> object:
        store, record = context.store, _writable(resource, context)
        _refuse_unknown_fields(store, context.body)
        if update.change is not None:
            return view(store, update.change(context, record))
        fields = _stored_fields(resource, update.clean, context, update.omitted)
        return view(store, store.write(resource.kind, record, context.caller.actor, fields))

    operation = _write(resource, update, work, update.method, update.verb)
    description = f"{operation.description} {_OMITTED_IN_WORDS[update.omitted]}"
    return replace(operation, description=description, finds_object_first=True)


def _delete(resource: Resource, delete: Delete) -> Operation:
    view = delete.view or resource.view
    find = delete.find or partial(_writable, resource)

    def work(context: RequestContext) -> object:
        record = find(context)
        content = view(context.store, record)
        context.store.delete(resource.kind, record, context.caller.actor)
        return content

    return _write(resource, delete, work, "DELETE", "delete")


def _write(
    resource: Resource,
    write: Write,
    work: Callable[[RequestContext], object],
    method: str,
    verb: str,
    *,
    has_id: bool = True,
) -> Operation:
    """Return an operation that writes; `has_id` says whether its path names an object."""
    return Operation(
        method=method,
        suffix=f"/{{{resource.id_field}}}" if has_id else "",
        verb=verb,
        noun=resource.nouns[0],
        description=f"{verb.capitalize()} {_in_words(resource.nouns[0])}.",
        work=work,
        answer=write.answer or resource.answer,
        writes=True,
        body=write.body,
        status=write.status,
        refusals=write.refusals,
    )


def _writable(resource: Resource, context: RequestContext) -> Any:
    return context.store.find_to_write(resource.kind, context.org, context.id)


def _stored_fields(
    resource: Resource, clean: Clean | None, context: RequestContext, omitted: Omitted
) -> JsonObject:
    """Return the fields that a body sets, as the store has them."""
    names = set(type(context.body).model_fields)
    if omitted is not Omitted.CLEARS:
        names &= context.body.model_fields_set
    fields = context.body.model_dump(include=names)
    cleaned = fields if clean is None else clean(context, fields)
    return {resource.names.get(name, name): value for name, value in cleaned.items()}


def _refuse_unknown_fields(store: Store, body: models.RequestBody) -> None:
    """Raise a 422 for a field outside the body's schema if the `unknown_fields` quirk says so."""
    if store.quirks.unknown_fields == "422" and body.model_extra:
        name, value = next(iter(body.model_extra.items()))
        raise ApiError(422, "Extra inputs are not permitted", ("body", name), value)


def _in_words(noun: str) -> str:
    return noun.replace("_", " ")
