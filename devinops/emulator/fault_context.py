"""What a fault needs to know: the request, its object and the progress of the script."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from devinops.emulator.fault_rules import FaultRule, Script
from devinops.emulator.middleware import Call, Next
from devinops.emulator.records import Kind
from devinops.emulator.resource import Mount, Paging, Resource
from devinops.emulator.resources import TABLE
from devinops.emulator.response_sending import Reply
from devinops.emulator.responses import encode, error_response
from devinops.emulator.store import Store

FIRST_PAGE = "again"
"""The cursor of a first page that leads to itself."""

NO_REPLY = Reply(None, [], b"")


# -- the script's progress


class RuleProgress:
    """How many requests matched a rule, and how many of them went wrong by it."""

    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.matched = self.faulted = 0

    def count(self, call: Call) -> bool:
        """Count the request if it matches, and return whether it goes wrong by the rule."""
        if not self.rule.matches(call.method, call.path):
            return False
        self.matched += 1
        exhausted = self.rule.times is not None and self.faulted >= self.rule.times
        return not exhausted and self.rule.selects(self.matched)


class ScriptRun:
    """A running script with everything that it remembers between requests.

    `late`: per list and id, how many more lists the object stays out of. `pages`: per path and
    cursor, the target of the request that answered this cursor.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.progress = [RuleProgress(rule) for rule in script.rules]
        self.revoked: set[str] = set()
        self.late: dict[tuple[str, str], int] = {}
        self.pages: dict[tuple[str, str], str] = {}

    def choose(self, call: Call, applies: Callable[[FaultRule], bool]) -> FaultRule | None:
        """Return the first rule that selects the request and can be applied; all rules count it."""
        chosen = None
        for progress in self.progress:
            if progress.count(call) and chosen is None and applies(progress.rule):
                progress.faulted += 1
                chosen = progress.rule
        return chosen

    def previous_page(self, call: Call) -> str | None:
        """Return the target of the page that led to this one."""
        return self.pages.get((call.path, cursor(call) or ""))

    def hidden_ids(self, call: Call) -> set[str]:
        """Return the ids that this page of a list must not show; a first page counts as a list."""
        if not is_list(call):
            return set()
        hidden = {record_id for path, record_id in self.late if path == call.path}
        if cursor(call) is None:
            for record_id in tuple(hidden):
                self.late[call.path, record_id] -= 1
                if self.late[call.path, record_id] < 0:
                    del self.late[call.path, record_id]
                    hidden.remove(record_id)
        return hidden

    async def ask(self, hidden: set[str], ask: Next, call: Call) -> Reply:
        """Pass the request on; remember the pages of a list and remove the hidden objects."""
        if not is_list(call):
            return await ask(call)
        looping = cursor(call) == FIRST_PAGE
        reply = await ask(with_cursor(call, None) if looping else call)
        content = content_of(reply)
        if isinstance(content, dict) and content.get("end_cursor"):
            self.pages[call.path, content["end_cursor"]] = call.target
        if hidden and reply.status == 200:
            return with_content(reply, _without(call, content, hidden))
        return reply


# -- what a request is about


@dataclass(frozen=True)
class PathTarget:
    """What a path leads to: a collection or, with an `id`, an object in it."""

    resource: Resource
    org: str | None
    id: str | None

    @property
    def kind(self) -> Kind:
        return self.resource.kind


def _pattern(resource: Resource, mount: Mount) -> re.Pattern[str]:
    path = (mount.base.path + resource.path).replace("{org_id}", "(?P<org>[^/]+)")
    return re.compile(re.sub(r"{\w+}", "[^/]+", path) + "(?:/(?P<id>[^/]+))?")


_PATTERNS = [
    (_pattern(resource, mount), resource) for resource in TABLE for mount in resource.mounts
]


@lru_cache(maxsize=1024)
def locate(path: str) -> PathTarget | None:
    """Return what a path leads to, with the ids that it has; None for a path of no resource."""
    for pattern, resource in _PATTERNS:
        if match := pattern.fullmatch(path):
            groups = match.groupdict()
            org, record_id = (part and unquote(part) for part in (groups.get("org"), groups["id"]))
            return PathTarget(resource, org, record_id)
    return None


def writable_target(store: Store, call: Call) -> PathTarget | None:
    """Return what a path leads to, with the store's ids.

    None if no request can change it or it does not exist.
    """
    located = locate(call.path)
    if located is None:
        return None
    resource, org, record_id = located.resource, located.org, located.id
    if resource.create is None and resource.delete is None:
        return None
    if call.path.startswith("/v1/"):
        principal = store.keys.get(call.key)
        if principal is None:
            return None
        org = principal.org
    if org is not None and org not in store.organizations:
        return None
    if record_id is not None and resource.stored_id is not None:
        record_id = resource.stored_id(store, record_id)
    return PathTarget(resource, org, record_id)


@dataclass(frozen=True)
class FaultContext:
    """One request that may go wrong. `ask` passes a request on."""

    store: Store
    run: ScriptRun
    call: Call
    ask: Next
    parameters: Mapping[str, Any]

    async def carry_out(self) -> Reply:
        return await self.ask(self.call)

    async def carry_out_first(self) -> None:
        """Carry the request out if the fault comes after that."""
        if self.parameters["when"] != "before":
            await self.carry_out()

    def refuse(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Return an error in the API's shape."""
        return Reply.of(error_response(self.store, self.call.path, status, detail, headers))

    def unauthorized(self) -> Reply:
        return self.refuse(401, "Invalid or missing API key", {"WWW-Authenticate": "Bearer"})

    @property
    def target(self) -> PathTarget | None:
        return writable_target(self.store, self.call)

    def existing(self) -> tuple[Kind, Any] | None:
        """Return the kind and the record of the request's object, None without one."""
        target = self.target
        if target is None or target.id is None:
            return None
        record = self.store.table(target.kind).get(target.id)
        return None if record is None else (target.kind, record)


# -- lists and their pages


def is_list(call: Call) -> bool:
    located = locate(call.path)
    return call.method == "GET" and located is not None and located.id is None


def is_page(call: Call) -> bool:
    """Return whether the request is for a list that is cut into pages by cursors."""
    located = locate(call.path)
    listing = located.resource.listing if located else None
    return is_list(call) and listing is not None and listing.paging is Paging.CURSOR


def cursor(call: Call) -> str | None:
    return dict(parse_qsl(call.target.partition("?")[2])).get("after")


def with_cursor(call: Call, after: str | None) -> Call:
    """Return the request for another page; None: the first one."""
    path, _, query = call.target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    pairs = [(name, value) for name, value in pairs if name != "after"]
    if after is not None:
        pairs.append(("after", after))
    return replace(call, target=f"{path}?{urlencode(pairs)}" if pairs else path)


def content_of(reply: Reply) -> Any:
    """Return the parsed body, None if it is not JSON."""
    try:
        return json.loads(reply.body)
    except ValueError:
        return None


def with_body(reply: Reply, body: bytes) -> Reply:
    """Return the response with another body, whose length is announced."""
    headers = [(name, value) for name, value in reply.headers if name.lower() != b"content-length"]
    length = (b"content-length", str(len(body)).encode())
    return replace(reply, body=body, headers=[*headers, length])


def with_content(reply: Reply, content: object) -> Reply:
    return with_body(reply, encode(content))


def id_in(call: Call, content: object) -> str | None:
    """Return the id of an object in the response to a request, of several the first.

    None for anything else.
    """
    located = locate(call.path)
    if isinstance(content, list) and content:
        content = content[0]
    if located is None or not isinstance(content, dict):
        return None
    names = [name for name in (located.resource.id_field, "id") if name in content]
    return content[names[0]] if names else None


def _without(call: Call, content: Any, hidden: set[str]) -> Any:
    """Return the content of a list without some objects."""
    if isinstance(content, list):
        return [item for item in content if id_in(call, item) not in hidden]
    if not isinstance(content, dict):
        return content
    shown = {
        name: _without(call, part, hidden) if isinstance(part, list) else part
        for name, part in content.items()
    }
    if shown.get("total") is not None:
        shown["total"] = max(0, shown["total"] - len(hidden))
    return shown
