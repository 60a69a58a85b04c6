"""`/_emulator/…`: what only a person in the web app can do, and looks behind the scenes. No key is needed.

Objects are given by the names that a seed uses. Bodies are JSON; `org` says where a new object goes, the
default organization when missing, the enterprise when null.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from devinops.emulator import person, views
from devinops.emulator.access import DEFAULT_ORG
from devinops.emulator.app import StoreDep, answer
from devinops.emulator.fault_rules import Script, parse_faults
from devinops.emulator.faults import Faults
from devinops.emulator.gate import RequestLog
from devinops.emulator.outline import parse_yaml
from devinops.emulator.records import SECTIONS, JsonObject, Kind, Rejected
from devinops.emulator.resources import automations, members, organizations, schedules
from devinops.emulator.store import Store
from devinops.errors import ConfigError

router = APIRouter(prefix="/_emulator", include_in_schema=False)

Noun = Literal[
    "organizations",
    "folders",
    "knowledge",
    "playbooks",
    "secrets",
    "automations",
    "schedules",
    "roles",
    "idp_groups",
    "users",
    "service_users",
    "acu_limits",
]
_VIEWS: dict[Kind, Callable[[Store, Any], JsonObject]] = {
    "knowledge": views.note_v3,
    "playbook": views.playbook_v3,
    "secret": views.secret_v3,
    "automation": automations.shown,
    "schedule": schedules.shown,
    "organization": organizations.settings_shown,
    "role": members.role_shown,
    "idp_group": members.group_shown,
    "user": members.user_shown,
    "service_user": members.service_user_shown,
    "acu_limit": organizations.acu_limit_shown,
}
Fields = Annotated[dict[str, Any], Body()]


def _log(request: Request) -> RequestLog:
    return cast("RequestLog", request.app.state.log)


@router.get("/requests")
async def read_requests(request: Request) -> Response:
    """List the API requests so far: method, path with query, parsed body, status (null: no answer), fault."""
    return answer(_log(request).entries())


@router.delete("/requests")
async def forget_requests(request: Request) -> Response:
    _log(request).clear()
    return Response(status_code=204)


@router.post("/reset")
async def reset(request: Request) -> Response:
    """Go back to the seed and to the beginning of the fault script; the log of requests stays."""
    request.app.state.reset()
    return Response(status_code=204)


def _faults(request: Request) -> Faults:
    return cast("Faults", request.app.state.faults)


@router.get("/faults")
async def read_faults(request: Request) -> Response:
    """Show the fault script, and per rule how many requests matched and how many were spoilt."""
    return answer(_faults(request).show())


@router.put("/faults")
async def replace_faults(request: Request) -> Response:
    """Replace the fault script, YAML or JSON, and start it from its beginning."""
    try:
        _faults(request).use(parse_faults(parse_yaml(await request.body(), "fault script")))
    except ConfigError as problem:
        raise Rejected(422, str(problem)) from None
    return await read_faults(request)


@router.delete("/faults")
async def end_faults(request: Request) -> Response:
    _faults(request).use(Script())
    return Response(status_code=204)


@router.post("/{noun}")
async def add(request: Request, store: StoreDep, noun: Noun, fields: Fields) -> Response:
    """Add an object as a person, and answer with it as v3 shows it."""
    kind = SECTIONS[noun]
    org = fields.pop("org", DEFAULT_ORG)
    with store.lock:
        try:
            record_id = person.plant(store, kind, org, fields)
        except person.Malformed as problem:
            raise person.as_rejected(problem) from None
        _save(request)
        return answer(show(store, kind, record_id))


@router.patch("/{noun}/{record_id}")
async def edit(
    request: Request, store: StoreDep, noun: Noun, record_id: str, fields: Fields
) -> Response:
    """Change any field of an object as a person, and answer with the object."""
    kind = SECTIONS[noun]
    with store.lock:
        try:
            person.edit(store, kind, record_id, fields)
        except (person.Malformed, KeyError) as problem:
            raise person.as_rejected(problem) from None
        _save(request)
        return answer(show(store, kind, record_id))


@router.delete("/{noun}/{record_id}")
async def remove(request: Request, store: StoreDep, noun: Noun, record_id: str) -> Response:
    """Delete an object as a person; what is in a folder moves to where the folder was."""
    try:
        person.remove(store, SECTIONS[noun], record_id)
    except KeyError as problem:
        raise person.as_rejected(problem) from None
    _save(request)
    return Response(status_code=204)


def _save(request: Request) -> None:
    request.app.state.save()


def show(store: Store, kind: Kind, record_id: str) -> JsonObject:
    """Return an object as v3 shows it."""
    record = store.get(kind, record_id)
    if kind == "folder":
        tree = views.folder_tree(store, record.org)
        folders = cast("list[JsonObject]", tree["folders"])
        return next(folder for folder in folders if folder["folder_id"] == record_id)
    return _VIEWS[kind](store, record)
