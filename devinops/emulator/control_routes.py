"""`/_emulator/…`: what only a person in the web app can do, the request log and the fault script.

No key is needed. Objects have the fields of a seed. Bodies are JSON; `org` is the organization of a
new object: the default one if missing, the enterprise if null.
"""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Body, Depends, Request
from starlette.responses import Response

from devinops.emulator import web_edits
from devinops.emulator.access import DEFAULT_ORG
from devinops.emulator.callers import StoreDep
from devinops.emulator.fault_rules import Script, parse_faults
from devinops.emulator.faults import Faults
from devinops.emulator.middleware import RequestLog
from devinops.emulator.origin import check_host, check_origin
from devinops.emulator.parsing import parse_yaml
from devinops.emulator.records import SECTIONS, ApiError, Kind
from devinops.emulator.resources import show
from devinops.emulator.responses import json_response
from devinops.model.errors import ConfigError


async def _check_source(request: Request) -> None:
    check_host(request)
    check_origin(request)


router = APIRouter(
    prefix="/_emulator", include_in_schema=False, dependencies=[Depends(_check_source)]
)

Fields = Annotated[dict[str, Any], Body()]


async def _kind(section: str) -> Kind:
    """Return the kind that a path names by its section of a seed."""
    if section not in SECTIONS:
        expected = f"Input should be one of {', '.join(SECTIONS)}"
        raise ApiError(422, expected, ("path", "section"), section)
    return SECTIONS[section]


KindDep = Annotated[Kind, Depends(_kind)]


def _log(request: Request) -> RequestLog:
    return cast("RequestLog", request.app.state.log)


def _faults(request: Request) -> Faults:
    return cast("Faults", request.app.state.faults)


@router.get("/requests")
async def read_requests(request: Request) -> Response:
    """List the API requests so far: method, path with query, parsed body, status, fault.

    `status` is null if there was no response.
    """
    return json_response(_log(request).entries())


@router.delete("/requests")
async def clear_requests(request: Request) -> Response:
    _log(request).clear()
    return Response(status_code=204)


@router.post("/reset")
async def reset(request: Request) -> Response:
    """Go back to the seed and to the start of the fault script; the log of requests stays."""
    request.app.state.reset()
    return Response(status_code=204)


@router.get("/faults")
async def read_faults(request: Request) -> Response:
    """Show the fault script and, per rule, how many requests matched and went wrong."""
    return json_response(_faults(request).show())


@router.put("/faults")
async def replace_faults(request: Request) -> Response:
    """Replace the fault script, YAML or JSON, and start it."""
    try:
        script = parse_faults(parse_yaml(await request.body(), "fault script"))
    except ConfigError as error:
        raise ApiError(422, str(error)) from None
    _faults(request).use(script)
    return await read_faults(request)


@router.delete("/faults")
async def end_faults(request: Request) -> Response:
    _faults(request).use(Script())
    return Response(status_code=204)


@router.post("/{section}")
async def add(request: Request, store: StoreDep, kind: KindDep, fields: Fields) -> Response:
    """Add an object as a person, and return it as v3 shows it."""
    org = fields.pop("org", DEFAULT_ORG)
    with store.lock:
        record_id = web_edits.add(store, kind, org, fields)
        request.app.state.save()
        return json_response(show(store, kind, record_id))


@router.post("/{section}/{record_id}/promote")
async def promote(request: Request, store: StoreDep, kind: KindDep, record_id: str) -> Response:
    """Promote a note or a playbook to the enterprise, and return it."""
    with store.lock:
        promoted_id = web_edits.promote(store, kind, record_id)
        request.app.state.save()
        return json_response(show(store, kind, promoted_id))


@router.patch("/{section}/{record_id:path}")
async def edit(
    request: Request, store: StoreDep, kind: KindDep, record_id: str, fields: Fields
) -> Response:
    """Change any field of an object as a person, and return the object."""
    with store.lock:
        web_edits.edit(store, kind, record_id, fields)
        request.app.state.save()
        return json_response(show(store, kind, record_id))


@router.delete("/{section}/{record_id:path}")
async def remove(request: Request, store: StoreDep, kind: KindDep, record_id: str) -> Response:
    """Delete an object as a person; the content of a folder moves to the folder above."""
    web_edits.remove(store, kind, record_id)
    request.app.state.save()
    return Response(status_code=204)
