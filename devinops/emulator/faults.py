"""The layer that carries out a fault script, and what each fault does to a request.

`fault_rules` describes scripts. Counts, late objects and revoked keys last until the script is
replaced or rewound.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from devinops.emulator import middleware, response_sending, web_edits
from devinops.emulator.fault_context import (
    FIRST_PAGE,
    NO_REPLY,
    FaultContext,
    ScriptRun,
    content_of,
    cursor,
    id_in,
    is_list,
    is_page,
    with_body,
    with_content,
    with_cursor,
)
from devinops.emulator.fault_rules import FaultRule, Script
from devinops.emulator.fields import fields_of
from devinops.emulator.middleware import Call, Next
from devinops.emulator.records import KINDS, InvalidObject, JsonObject, Kind
from devinops.emulator.resource import Create, Resource
from devinops.emulator.response_sending import Reply
from devinops.emulator.responses import json_response
from devinops.emulator.store import Store

_MISSING = object()
_WEB_PAGE = (
    b"<!doctype html>\n<title>Gateway</title>\n"
    b"<h1>This is a web page, not an answer of the API</h1>\n"
)


class Faults:
    """The layer. Its script may be replaced from any thread."""

    def __init__(self, store: Store, script: Script | None = None) -> None:
        self.store = store
        self._run = ScriptRun(script or Script())

    def use(self, script: Script) -> None:
        """Replace the script; what the previous one hid or revoked is visible and valid again."""
        self._run = ScriptRun(script)

    def rewind(self) -> None:
        """Start the script from its beginning."""
        self._run = ScriptRun(self._run.script)

    def show(self) -> JsonObject:
        """Return the script as written and, per rule, how many requests matched and went wrong."""
        run = self._run
        return {
            "seed": run.script.seed,
            "faults": [dict(rule.given) for rule in run.script.rules],
            "counts": [
                {"matched": progress.matched, "faulted": progress.faulted}
                for progress in run.progress
            ],
        }

    async def __call__(self, call: Call, ask: Next) -> Reply:
        run = self._run
        context = FaultContext(self.store, run, call, ask, {})
        if call.connection is not None and call.connection.broken:
            return replace(NO_REPLY, send=response_sending.send_nothing(), fault="stale-connection")
        if call.key in run.revoked:
            return replace(context.unauthorized(), fault="revoke-key")
        if not run.progress:
            return await ask(call)
        context = replace(context, ask=partial(run.ask, run.hidden_ids(call), ask))
        rule = run.choose(call, partial(_applies, context))
        if rule is None:
            return await context.carry_out()
        return replace(await _apply(rule, context), fault=rule.fault)


def _applies(context: FaultContext, rule: FaultRule) -> bool:
    return FAULTS[rule.fault].applies(context)


async def _apply(rule: FaultRule, context: FaultContext) -> Reply:
    try:
        return await FAULTS[rule.fault].carry_out(replace(context, parameters=rule.parameters))
    except InvalidObject as error:
        detail = f"The fault {rule.fault} cannot be applied to this object: {error}"
        return context.refuse(500, detail)


# -- the faults


@dataclass(frozen=True)
class Fault:
    """What a fault does, and which requests it can be applied to."""

    carry_out: Callable[[FaultContext], Awaitable[Reply]]
    applies: Callable[[FaultContext], bool]


FAULTS: dict[str, Fault] = {}


def _fault(
    name: str, applies: Callable[[FaultContext], bool] = lambda _: True
) -> Callable[[Callable[[FaultContext], Awaitable[Reply]]], None]:
    """Return a decorator that adds a fault."""

    def add(carry_out: Callable[[FaultContext], Awaitable[Reply]]) -> None:
        FAULTS[name] = Fault(carry_out, applies)

    return add


# -- which requests a fault can be applied to


def _on_list(context: FaultContext) -> bool:
    return is_list(context.call)


def _on_page(context: FaultContext) -> bool:
    return is_page(context.call)


def _on_later_page(context: FaultContext) -> bool:
    return is_page(context.call) and context.run.previous_page(context.call) is not None


def _on_later_page_of_objects(context: FaultContext) -> bool:
    return _on_later_page(context) and context.target is not None


def _on_create(context: FaultContext) -> bool:
    target = context.target
    on_collection = target is not None and target.id is None
    return context.call.method == "POST" and on_collection and isinstance(context.call.json, dict)


def _on_object(context: FaultContext) -> bool:
    return context.existing() is not None


def _on_object_or_create(context: FaultContext) -> bool:
    """Return whether there will be an object, and it can be copied by the fields of its record."""
    target = context.target
    if target is None or target.id is None:
        return _on_create(context)
    return _on_object(context) and target.resource.add_as_person is None


def _on_create_beside_others(context: FaultContext) -> bool:
    target = context.target
    others = context.store.table(target.kind).of(target.org) if target else ()
    return _on_create(context) and bool(others)


def _on_update(context: FaultContext) -> bool:
    """Return whether the request changes an object, and the response shows it."""
    target = context.target
    update = target.resource.update if target else None
    changes = update is not None and context.call.method == update.method
    return changes and update is not None and update.answer is None and _on_object(context)


def _with_key(context: FaultContext) -> bool:
    return context.call.key != ""


# -- errors instead of the response


@_fault("status")
async def _status(context: FaultContext) -> Reply:
    await context.carry_out_first()
    status = context.parameters["status"]
    if context.parameters["empty"]:
        return Reply(status, [(b"content-length", b"0")], b"")
    return context.refuse(status, response_sending.reason_phrase(status) or "Something went wrong")


@_fault("html")
async def _html(context: FaultContext) -> Reply:
    await context.carry_out_first()
    page = Reply(context.parameters["status"], [(b"content-type", b"text/html")], b"")
    return with_body(page, _WEB_PAGE)


@_fault("rate-limit")
async def _rate_limit(context: FaultContext) -> Reply:
    style, seconds = context.parameters["retry_after"], context.parameters["seconds"]
    return context.refuse(429, "Rate limit exceeded", middleware.retry_after(style, seconds))


@_fault("revoke-key", _with_key)
async def _revoke_key(context: FaultContext) -> Reply:
    context.run.revoked.add(context.call.key)
    return context.unauthorized()


# -- connections


@_fault("drop")
async def _drop(context: FaultContext) -> Reply:
    reset = context.parameters["reset"]
    if context.parameters["when"] == "during":
        return replace(await context.carry_out(), send=response_sending.send_half(reset=reset))
    await context.carry_out_first()
    return replace(NO_REPLY, send=response_sending.send_nothing(reset=reset))


@_fault("close")
async def _close(context: FaultContext) -> Reply:
    return replace(await context.carry_out(), send=response_sending.send_and_close)


@_fault("stale-connection")
async def _stale_connection(context: FaultContext) -> Reply:
    return replace(await context.carry_out(), send=response_sending.send_and_break)


@_fault("hang")
async def _hang(context: FaultContext) -> Reply:
    await context.carry_out_first()
    return replace(NO_REPLY, send=response_sending.stay_silent)


@_fault("drip")
async def _drip(context: FaultContext) -> Reply:
    part, pause_s = context.parameters["part"], context.parameters["delay_ms"] / 1000
    return replace(await context.carry_out(), send=response_sending.send_slowly(part, pause_s))


@_fault("delay")
async def _delay(context: FaultContext) -> Reply:
    if context.parameters["when"] == "before":
        await middleware.pause(context.parameters["delay_ms"])
        return await context.carry_out()
    reply = await context.carry_out()
    await middleware.pause(context.parameters["delay_ms"])
    return reply


# -- bodies


@_fault("truncate")
async def _truncate(context: FaultContext) -> Reply:
    reply = await context.carry_out()
    return with_body(reply, reply.body[: len(reply.body) // 2]) if reply.body else reply


@_fault("garbage")
async def _garbage(context: FaultContext) -> Reply:
    reply = await context.carry_out()
    return with_body(reply, b"\x00\xff}{ not JSON \xfe") if reply.body else reply


# -- lists and pages


@_fault("empty-list", _on_list)
async def _empty_list(context: FaultContext) -> Reply:
    reply = await context.carry_out()
    return with_content(reply, _emptied(content_of(reply))) if reply.status == 200 else reply


def _emptied(content: Any) -> Any:
    if isinstance(content, list):
        return []
    empty = {"end_cursor": None, "has_next_page": False, "total": 0, "root_note_count": 0}
    return {
        name: [] if isinstance(part, list) else empty.get(name, part)
        for name, part in content.items()
    }


@_fault("repeat-page", _on_later_page)
async def _repeat_page(context: FaultContext) -> Reply:
    return await context.ask(_previous_page(context))


def _previous_page(context: FaultContext) -> Call:
    previous = context.run.previous_page(context.call)
    assert previous is not None, "a later page"
    return replace(context.call, target=previous)


@_fault("skip-page", _on_page)
async def _skip_page(context: FaultContext) -> Reply:
    reply = await context.carry_out()
    if reply.status != 200:
        return reply
    content = content_of(reply)
    if content["has_next_page"]:
        return await context.ask(with_cursor(context.call, content["end_cursor"]))
    return with_content(reply, {**content, "items": []})


@_fault("lost-cursor", _on_page)
async def _lost_cursor(context: FaultContext) -> Reply:
    return _with_fields(await context.carry_out(), has_next_page=True, end_cursor=None)


@_fault("looping-cursor", _on_page)
async def _looping_cursor(context: FaultContext) -> Reply:
    own = cursor(context.call) or FIRST_PAGE
    return _with_fields(await context.carry_out(), has_next_page=True, end_cursor=own)


def _with_fields(reply: Reply, **fields: object) -> Reply:
    """Return a page with other fields around its items."""
    return with_content(reply, {**content_of(reply), **fields}) if reply.status == 200 else reply


@_fault("low-total", _on_page)
async def _low_total(context: FaultContext) -> Reply:
    reply = await context.carry_out()
    total = (content_of(reply) or {}).get("total")
    if total is None:
        return reply
    return _with_fields(reply, total=max(0, total - context.parameters["by"]))


# -- objects


@_fault("late-object", _on_create)
async def _late_object(context: FaultContext) -> Reply:
    reply = await context.carry_out()
    record_id = id_in(context.call, content_of(reply)) if reply.status in (200, 201) else None
    if record_id is not None:
        context.run.late[context.call.path, record_id] = context.parameters["lists"]
    if context.parameters["lost"]:
        return replace(NO_REPLY, send=response_sending.send_nothing())
    return reply


@_fault("edit", _on_object)
async def _edit(context: FaultContext) -> Reply:
    with context.store.lock:
        if existing := context.existing():
            kind, record = existing
            fields = context.parameters["set"] or _line_added(record)
            web_edits.edit(context.store, kind, record.id, fields)
    return await context.carry_out()


def _line_added(record: Any) -> JsonObject:
    """Return a longer text for the first of the body, the note and the name that the object has."""
    names = [name for name in ("body", "note", "name") if hasattr(record, name)]
    if not names:
        raise InvalidObject("it has no text; give the fault a `set`")
    return {names[0]: f"{getattr(record, names[0]) or ''}\nEdited by a person."}


@_fault("delete", _on_object)
async def _delete(context: FaultContext) -> Reply:
    with context.store.lock:
        if existing := context.existing():
            kind, record = existing
            web_edits.remove(context.store, kind, record.id)
    return await context.carry_out()


@_fault("delete-shown", _on_later_page_of_objects)
async def _delete_shown(context: FaultContext) -> Reply:
    target = context.target
    assert target is not None, "a page of objects"
    previous = content_of(await context.ask(_previous_page(context)))
    with context.store.lock:
        table = context.store.table(target.kind)
        shown = [table.get(id_in(context.call, item) or "") for item in previous["items"]]
        remaining = [record for record in shown if record is not None]
        if remaining:
            record = remaining[0]
            web_edits.remove(context.store, target.kind, record.id)
            if context.parameters["copy"]:
                fields = _copied(target.kind, record)
                web_edits.add(context.store, target.kind, record.org, fields)
    return await context.carry_out()


@_fault("namesake", _on_object_or_create)
async def _namesake(context: FaultContext) -> Reply:
    changes = context.parameters["set"] or {}
    with context.store.lock:
        target, existing = context.target, context.existing()
        if existing:
            kind, record = existing
            web_edits.add(context.store, kind, record.org, {**_copied(kind, record), **changes})
        elif target:
            fields = _in_seed_names(target.resource, context.call.json)
            web_edits.add(context.store, target.kind, target.org, {**fields, **changes})
    return await context.carry_out()


@_fault("wrong-id", _on_create_beside_others)
async def _wrong_id(context: FaultContext) -> Reply:
    target, sent = context.target, context.call.json
    assert target is not None, "a create"
    create = target.resource.create
    assert create is not None, "a create"
    sent = _sent_object(create, sent)
    view = create.view if create.view and not create.bulk else target.resource.view
    with context.store.lock:
        other, *_ = context.store.table(target.kind).of(target.org)
        shown = view(context.store, other)
    content = {name: sent.get(name, shown[name]) for name in shown}
    return await _answered(context, [content] if create.bulk else content)


@_fault("old-values", _on_update)
async def _old_values(context: FaultContext) -> Reply:
    target, existing = context.target, context.existing()
    assert target is not None, "an update"
    assert existing is not None, "of an object"
    with context.store.lock:
        shown = target.resource.view(context.store, existing[1])
    return await _answered(context, shown)


def _sent_object(create: Create | None, body: JsonObject) -> JsonObject:
    """Return what a body says of the object to create; of several, of the first."""
    if create is None or not create.bulk:
        return body
    first, *_ = body.get(create.bulk) or [{}]
    return cast("JsonObject", first)


async def _answered(context: FaultContext, content: object) -> Reply:
    """Answer a write with this content, whether it is carried out first or not at all."""
    if context.parameters["when"] == "before":
        return Reply.of(json_response(content))
    reply = await context.carry_out()
    return with_content(reply, content) if reply.status in (200, 201) else reply


def _copied(kind: Kind, record: Any) -> JsonObject:
    """Return an object by the names of a seed."""
    names = KINDS[kind].names
    values = {name: getattr(record, names.get(name, name), _MISSING) for name in fields_of(kind)}
    return {name: value for name, value in values.items() if value is not _MISSING}


def _in_seed_names(resource: Resource, body: JsonObject) -> JsonObject:
    """Return the fields of a body that a person can set, by the names of a seed."""
    seed_names = {attribute: name for name, attribute in KINDS[resource.kind].names.items()}
    sent = _sent_object(resource.create, body)
    stored = {resource.names.get(name, name): value for name, value in sent.items()}
    named = {seed_names.get(name, name): value for name, value in stored.items()}
    settable = fields_of(resource.kind).keys() - {"access_type"}
    return {name: value for name, value in named.items() if name in settable}
