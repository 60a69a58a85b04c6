"""Carrying out a fault script: the layer that lets requests go wrong.

`fault_rules` says what a script looks like. A layer's counters, hidden objects and revoked keys last until
the script is replaced or rewound.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from devinops.emulator import gate, person, views, wire
from devinops.emulator.app import error, render
from devinops.emulator.fault_rules import Rule, Script
from devinops.emulator.gate import Call, Next, Reply
from devinops.emulator.records import JsonObject, Kind
from devinops.emulator.store import Store

_PATH = re.compile(
    r"/v1/(?P<v1>knowledge|playbooks|secrets)(?:/(?P<v1_id>[^/]+))?"
    r"|/v3/(?:organizations/(?P<org>[^/]+)|enterprise)/(?P<v3>knowledge/notes|playbooks|secrets)(?:/(?P<v3_id>[^/]+))?"
)
_KINDS: Mapping[str, Kind] = {
    "knowledge": "knowledge",
    "knowledge/notes": "knowledge",
    "playbooks": "playbook",
    "secrets": "secret",
}
_LISTS = ("/notes", "/playbooks", "/secrets", "/v1/knowledge", "/folders", "/audit-logs")
_IDS = ("note_id", "playbook_id", "secret_id", "id")
# What a body calls differently from a person: v1's names and those of secrets.
_NAMES = {
    "trigger_description": "trigger",
    "parent_folder_id": "folder_id",
    "secret_type": "type",
    "sensitive": "is_sensitive",
}
_AGAIN = "again"  # the cursor of a first page that leads to itself
_PAGE = b"<!doctype html>\n<title>Gateway</title>\n<h1>This is a web page, not an answer of the API</h1>\n"
_NOTHING = Reply(None, [], b"")


@dataclass(frozen=True)
class About:
    """What a path leads to: a collection, or with an `id` (the store's) an object in it."""

    kind: Kind
    org: str | None
    id: str | None


class _Progress:
    """How often a rule was asked and how often it answered."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.matched = self.faulted = 0

    def wants(self, call: Call) -> bool:
        """Count the request if it matches, and tell whether the fault should befall it."""
        if not self.rule.matches(call.method, call.path):
            return False
        self.matched += 1
        spent = self.rule.times is not None and self.faulted >= self.rule.times
        return not spent and self.rule.wants(self.matched)


class _Run:
    """A script on its way: everything that has to be remembered between requests."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.progress = [_Progress(rule) for rule in script.rules]
        self.revoked: set[str] = set()
        self.late: dict[
            tuple[str, str], int
        ] = {}  # path of the list and id → lists it stays out of
        self.pages: dict[tuple[str, str], str] = {}  # path and cursor → target that gave the cursor

    def choose(self, call: Call, fits: Callable[[Rule], bool]) -> Rule | None:
        """Return the rule that wins; every rule counts the request."""
        chosen = None
        for progress in self.progress:
            if progress.wants(call) and chosen is None and fits(progress.rule):
                progress.faulted += 1
                chosen = progress.rule
        return chosen

    def hidden_from(self, call: Call) -> set[str]:
        """Return the ids that this page of a list must not show, and count the list with its first page."""
        if not is_list(call):
            return set()
        hidden = {record_id for path, record_id in self.late if path == call.path}
        if _after(call) is None:
            for record_id in tuple(hidden):
                self.late[call.path, record_id] -= 1
                if self.late[call.path, record_id] < 0:
                    del self.late[call.path, record_id]
                    hidden.remove(record_id)
        return hidden

    async def look(self, hidden: set[str], ask: Next, call: Call) -> Reply:
        """Ask on behalf of a fault: without what is hidden, and so that pages can be found again."""
        if not is_list(call):
            return await ask(call)
        reply = await ask(_without_loop(call))
        content = _json(reply)
        if isinstance(content, dict) and content.get("end_cursor"):
            self.pages[call.path, content["end_cursor"]] = call.target
        return (
            _with_json(reply, _without(content, hidden))
            if hidden and reply.status == 200
            else reply
        )


class Faults:
    """The layer. Its script may be replaced from any thread."""

    def __init__(self, store: Store, script: Script | None = None) -> None:
        self.store = store
        self._run = _Run(script or Script())

    def use(self, script: Script) -> None:
        """Replace the script; what the one before hid or revoked is back."""
        self._run = _Run(script)

    def rewind(self) -> None:
        """Start the script from its beginning."""
        self._run = _Run(self._run.script)

    def show(self) -> JsonObject:
        """Return the script as it was written, and per rule how many requests matched and how many it spoilt."""
        run = self._run
        return {
            "seed": run.script.seed,
            "faults": [dict(rule.given) for rule in run.script.rules],
            "counts": [{"matched": one.matched, "faulted": one.faulted} for one in run.progress],
        }

    async def __call__(self, call: Call, ask: Next) -> Reply:
        run = self._run
        if call.connection is not None and call.connection.doomed:
            return replace(_NOTHING, sending=wire.dropped(), fault="stale-connection")
        if call.key in run.revoked:
            return replace(self._unauthorized(call), fault="revoke-key")
        if not run.progress:
            return await ask(call)
        hidden = run.hidden_from(call)
        rule = run.choose(call, partial(self._fits, run, call))
        look: Next = partial(run.look, hidden, ask)
        if rule is None:
            return await look(call)
        return replace(await self._break(run, rule, call, look), fault=rule.fault)

    def _fits(self, run: _Run, call: Call, rule: Rule) -> bool:
        check = _FITS.get(rule.fault)
        return check is None or check(self, run, call)

    async def _break(self, run: _Run, rule: Rule, call: Call, ask: Next) -> Reply:
        try:
            return await _FAULTS[rule.fault](self, run, rule.parameters, call, ask)
        except person.Malformed as problem:
            return self.refuse(
                call, 500, f"The fault {rule.fault} cannot befall this object: {problem}"
            )

    def refuse(
        self, call: Call, status: int, detail: str, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Return an error in the API's shape."""
        response = error(self.store, call.path, status, detail, headers)
        return Reply(response.status_code, response.raw_headers, bytes(response.body))

    def _unauthorized(self, call: Call) -> Reply:
        return self.refuse(call, 401, "Invalid or missing API key", {"WWW-Authenticate": "Bearer"})

    def about(self, call: Call) -> About | None:
        """Say what the path of a request leads to, None for other things than notes, playbooks and secrets."""
        found = _PATH.fullmatch(call.path)
        if found is None:
            return None
        if found["v3"]:
            about = About(_KINDS[found["v3"]], found["org"], found["v3_id"])
            nowhere = (
                about.kind == "secret"
                if about.org is None
                else about.org not in self.store.organizations
            )
            return None if nowhere else about
        holder = self.store.keys.get(call.key)
        if holder is None:
            return None
        record_id = found["v1_id"]
        if record_id is not None and found["v1"] != "secrets":
            record_id = views.id_from_v1(self.store, record_id)
        return About(_KINDS[found["v1"]], holder.org, record_id)

    def target(self, call: Call) -> tuple[Kind, Any] | None:
        """Return the object that a request is about, None when there is none."""
        about = self.about(call)
        record = self.store.table(about.kind).get(about.id) if about and about.id else None
        return (about.kind, record) if about and record is not None else None


# -- looking at requests and answers


def is_list(call: Call) -> bool:
    return call.method == "GET" and call.path.endswith(_LISTS)


def _is_page(call: Call) -> bool:
    return is_list(call) and call.path.startswith("/v3/") and not call.path.endswith("/folders")


def _after(call: Call) -> str | None:
    return dict(parse_qsl(call.target.partition("?")[2])).get("after")


def _asking_after(call: Call, cursor: str | None) -> Call:
    """Return the request for another page."""
    path, _, query = call.target.partition("?")
    pairs = [
        (name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "after"
    ]
    pairs += [("after", cursor)] if cursor is not None else []
    return replace(call, target=f"{path}?{urlencode(pairs)}" if pairs else path)


def _without_loop(call: Call) -> Call:
    return _asking_after(call, None) if _after(call) == _AGAIN else call


def _json(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
    except ValueError:
        return None


def _with_body(reply: Reply, body: bytes) -> Reply:
    """Return the answer with another body of the length announced."""
    headers = [(name, value) for name, value in reply.headers if name.lower() != b"content-length"]
    return replace(
        reply, body=body, headers=[*headers, (b"content-length", str(len(body)).encode())]
    )


def _with_json(reply: Reply, content: object) -> Reply:
    return _with_body(reply, render(content))


def _id_of(content: object) -> str | None:
    if not isinstance(content, dict):
        return None
    return next((content[name] for name in _IDS if name in content), None)


def _without(content: Any, hidden: set[str]) -> Any:
    """Return a list's answer without some objects."""
    if isinstance(content, list):
        return [item for item in content if _id_of(item) not in hidden]
    if not isinstance(content, dict):
        return content
    shown = {
        name: _without(part, hidden) if isinstance(part, list) else part
        for name, part in content.items()
    }
    if "total" in shown:
        shown["total"] = max(0, shown["total"] - len(hidden))
    return shown


# -- the faults; each gets the layer, the run, its parameters, the request and the rest

Parameters = Mapping[str, Any]
Fault = Callable[[Faults, _Run, Parameters, Call, Next], Awaitable[Reply]]


async def _perhaps(parameters: Parameters, call: Call, ask: Next) -> None:
    """Carry the request out if the fault comes after that."""
    if parameters["when"] != "before":
        await ask(call)


async def _status(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    await _perhaps(parameters, call, ask)
    return faults.refuse(
        call, parameters["status"], wire.phrase(parameters["status"]) or "Something went wrong"
    )


async def _html(faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next) -> Reply:
    await _perhaps(parameters, call, ask)
    return _with_body(Reply(parameters["status"], [(b"content-type", b"text/html")], b""), _PAGE)


async def _rate_limit(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    style, seconds = parameters["retry_after"], parameters["seconds"]
    texts = {
        "seconds": str(seconds),
        "date": formatdate(time.time() + seconds, usegmt=True),
        "absent": "",
    }
    text = texts.get(style, style)
    return faults.refuse(call, 429, "Rate limit exceeded", {"Retry-After": text} if text else None)


async def _revoke_key(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    run.revoked.add(call.key)
    return faults.refuse(call, 401, "Invalid or missing API key", {"WWW-Authenticate": "Bearer"})


async def _drop(faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next) -> Reply:
    if parameters["when"] == "during":
        return replace(await ask(call), sending=wire.halved(reset=parameters["reset"]))
    await _perhaps(parameters, call, ask)
    return replace(_NOTHING, sending=wire.dropped(reset=parameters["reset"]))


async def _close(faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next) -> Reply:
    return replace(await ask(call), sending=wire.closed)


async def _stale(faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next) -> Reply:
    return replace(await ask(call), sending=wire.doomed)


async def _hang(faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next) -> Reply:
    await _perhaps(parameters, call, ask)
    return replace(_NOTHING, sending=wire.silence)


async def _drip(faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next) -> Reply:
    return replace(
        await ask(call), sending=wire.dripped(parameters["part"], parameters["delay_ms"] / 1000)
    )


async def _delay(faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next) -> Reply:
    if parameters["when"] == "before":
        await gate.pause(parameters["delay_ms"])
        return await ask(call)
    reply = await ask(call)
    await gate.pause(parameters["delay_ms"])
    return reply


async def _truncate(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    reply = await ask(call)
    return _with_body(reply, reply.body[: len(reply.body) // 2]) if reply.body else reply


async def _garbage(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    reply = await ask(call)
    return _with_body(reply, b"\x00\xff}{ not JSON \xfe") if reply.body else reply


async def _empty_list(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    reply = await ask(call)
    return _with_json(reply, _emptied(_json(reply))) if reply.status == 200 else reply


def _emptied(content: Any) -> Any:
    if isinstance(content, list):
        return []
    none = {"end_cursor": None, "has_next_page": False, "total": 0, "root_note_count": 0}
    return {
        name: [] if isinstance(part, list) else none.get(name, part)
        for name, part in content.items()
    }


async def _repeat_page(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    return await ask(replace(call, target=run.pages[call.path, _after(call) or ""]))


async def _skip_page(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    reply = await ask(call)
    if reply.status != 200:
        return reply
    content = _json(reply)
    if content["has_next_page"]:
        return await ask(_asking_after(call, content["end_cursor"]))
    return _with_json(reply, {**content, "items": []})


async def _lost_cursor(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    return _envelope(await ask(call), has_next_page=True, end_cursor=None)


async def _looping_cursor(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    return _envelope(await ask(call), has_next_page=True, end_cursor=_after(call) or _AGAIN)


def _envelope(reply: Reply, **fields: object) -> Reply:
    """Return a page with other fields around its items."""
    return _with_json(reply, {**_json(reply), **fields}) if reply.status == 200 else reply


async def _low_total(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    reply = await ask(call)
    total = (_json(reply) or {}).get("total")
    return reply if total is None else _envelope(reply, total=max(0, total - parameters["by"]))


async def _late_object(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    reply = await ask(call)
    record_id = _id_of(_json(reply)) if reply.status in (200, 201) else None
    if record_id is not None:
        run.late[call.path, record_id] = parameters["lists"]
    return replace(_NOTHING, sending=wire.dropped()) if parameters["lost"] else reply


async def _edit(faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next) -> Reply:
    with faults.store.lock:
        if there := faults.target(call):
            kind, record = there
            person.edit(faults.store, kind, record.id, parameters["set"] or _edited(kind, record))
    return await ask(call)


def _edited(kind: Kind, record: Any) -> JsonObject:
    name = "note" if kind == "secret" else "body"
    return {name: f"{getattr(record, name) or ''}\nEdited by a person."}


async def _delete(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    with faults.store.lock:
        if there := faults.target(call):
            person.remove(faults.store, there[0], there[1].id)
    return await ask(call)


async def _delete_shown(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    about = faults.about(call)
    assert about, "a page of objects"
    before = _json(await ask(replace(call, target=run.pages[call.path, _after(call) or ""])))
    with faults.store.lock:
        shown = (faults.store.table(about.kind).get(_id_of(item) or "") for item in before["items"])
        if record := next(filter(None, shown), None):
            person.remove(faults.store, about.kind, record.id)
            if parameters["copy"]:
                person.plant(faults.store, about.kind, record.org, _copied(about.kind, record))
    return await ask(call)


async def _namesake(
    faults: Faults, run: _Run, parameters: Parameters, call: Call, ask: Next
) -> Reply:
    about = faults.about(call)
    with faults.store.lock:
        there = faults.target(call)
        if there:
            kind, record = there
            fields = _copied(kind, record)
            person.plant(faults.store, kind, record.org, {**fields, **(parameters["set"] or {})})
        elif about:
            fields = _sent(about.kind, call.json)
            person.plant(
                faults.store, about.kind, about.org, {**fields, **(parameters["set"] or {})}
            )
    return await ask(call)


def _copied(kind: Kind, record: Any) -> JsonObject:
    """Return an object by the names of a seed."""
    stored = {"type": "secret_type"}
    names = [name for name in person.FIELDS[kind] if name != "folder"]
    return {name: getattr(record, stored.get(name, name)) for name in names}


def _sent(kind: Kind, body: JsonObject) -> JsonObject:
    """Return what a body says by the names of a seed, without what a person cannot set."""
    named = {_NAMES.get(name, name): value for name, value in body.items()}
    return {
        name: named[name] for name in person.FIELDS[kind] if name in named and name != "access_type"
    }


_FAULTS: Mapping[str, Fault] = {
    "status": _status,
    "html": _html,
    "rate-limit": _rate_limit,
    "revoke-key": _revoke_key,
    "drop": _drop,
    "close": _close,
    "stale-connection": _stale,
    "hang": _hang,
    "drip": _drip,
    "delay": _delay,
    "truncate": _truncate,
    "garbage": _garbage,
    "empty-list": _empty_list,
    "repeat-page": _repeat_page,
    "skip-page": _skip_page,
    "lost-cursor": _lost_cursor,
    "looping-cursor": _looping_cursor,
    "low-total": _low_total,
    "late-object": _late_object,
    "edit": _edit,
    "delete": _delete,
    "delete-shown": _delete_shown,
    "namesake": _namesake,
}


# -- what a fault can befall; those that are not here can befall everything

Fit = Callable[[Faults, _Run, Call], bool]


def _on_list(faults: Faults, run: _Run, call: Call) -> bool:
    return is_list(call)


def _on_page(faults: Faults, run: _Run, call: Call) -> bool:
    return _is_page(call)


def _on_later_page(faults: Faults, run: _Run, call: Call) -> bool:
    return _is_page(call) and (call.path, _after(call) or "") in run.pages


def _on_later_page_of_objects(faults: Faults, run: _Run, call: Call) -> bool:
    return _on_later_page(faults, run, call) and faults.about(call) is not None


def _on_create(faults: Faults, run: _Run, call: Call) -> bool:
    about = faults.about(call)
    return (
        call.method == "POST"
        and about is not None
        and about.id is None
        and isinstance(call.json, dict)
    )


def _on_object(faults: Faults, run: _Run, call: Call) -> bool:
    return faults.target(call) is not None


def _on_object_or_create(faults: Faults, run: _Run, call: Call) -> bool:
    return _on_object(faults, run, call) or _on_create(faults, run, call)


def _with_key(faults: Faults, run: _Run, call: Call) -> bool:
    return call.key != ""


_FITS: Mapping[str, Fit] = {
    "empty-list": _on_list,
    "repeat-page": _on_later_page,
    "delete-shown": _on_later_page_of_objects,
    **dict.fromkeys(("skip-page", "lost-cursor", "looping-cursor", "low-total"), _on_page),
    "late-object": _on_create,
    **dict.fromkeys(("edit", "delete"), _on_object),
    "namesake": _on_object_or_create,
    "revoke-key": _with_key,
}
