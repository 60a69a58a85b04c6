"""An organization of the emulator as doctor sees it, and ways in which a service can differ."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from devinops.api.connection import Connection
from devinops.doctor.examine import Examination, examine
from devinops.emulator import Emulator
from devinops.emulator.middleware import Call, Layer, Next, Reply
from devinops.model.client_protocols import ignore
from devinops.model.target import Target

DAY = 86_400
START = 1_790_000_000


def _times(number: int) -> dict[str, int]:
    """Return times in which creation and last change are sorted differently, and both unlike names."""
    return {
        "created_at": START + number * DAY,
        "updated_at": START + 90 * DAY + (number * 7 % 10) * DAY,
    }


def seed() -> dict[str, Any]:
    """Return a seed that lets doctor settle everything that reading can settle."""
    names = ["Errors", "Api", "Logs", "Builds", "Zones", "Caches", "Hosts", "Dates"]
    notes = [
        {"name": name, "trigger": "t", "body": "b", **_times(number)}
        for number, name in enumerate(names)
    ]
    notes[2]["folder"], notes[3]["folder"], notes[4]["folder"] = "Backend", "Backend/APIs", "Other"
    playbooks = [{"title": n, "body": "b", **_times(i)} for i, n in enumerate(names)]
    return {
        "organizations": {
            "org-emulator": {
                "folders": [{"path": "Backend"}, {"path": "Backend/APIs"}, {"path": "Other"}],
                "knowledge": notes,
                "playbooks": playbooks,
                "secrets": [
                    {"key": n.upper(), "type": "key-value", **_times(i)}
                    for i, n in enumerate(names)
                ],
                "automations": [
                    {
                        "name": name,
                        "triggers": [{"event_type": "github:push"}],
                        "actions": [{"type": "start_session", "prompt": "Look."}],
                        "metadata": {"team": "a"},
                        "limits": {"max_acu_limit": 3},
                    }
                    for name in names[:2]
                ],
                "max_cycle_acu_limit": 100,
                "tags": ["nightly"],
            }
        },
        "enterprise": {
            "knowledge": [{"name": "House rules", "trigger": "t", "body": "b"}],
            "playbooks": [{"title": "Everywhere", "body": "b"}],
        },
    }


def examined(
    emulator: Emulator, key: str = "cog_emulator", org_id: str | None = None, **more: Any
) -> Examination:
    """Return what doctor finds at a running emulator."""
    api: Any = "v1" if key.startswith("apk_") else "v3"
    target = Target("default", emulator.url, api, org_id, enterprise=more.pop("enterprise", False))
    clock: Callable[[], float] = more.pop("clock", time.time)
    connection = Connection(target, key, timeout_s=more.pop("timeout_s", 20))
    return examine(connection, more.pop("log", ignore), clock)


def lines(found: Examination) -> list[str]:
    return [str(check) for check in found.checks]


# --- deviations -------------------------------------------------------------------------------


def changed(end: str, change: Callable[[Reply], Reply]) -> Layer:
    """Return a layer that changes the responses to requests whose path ends like this."""

    async def layer(call: Call, ask: Next) -> Reply:
        reply = await ask(call)
        return change(reply) if call.path.endswith(end) else reply

    return layer


def with_json(change: Callable[[Any], Any]) -> Callable[[Reply], Reply]:
    """Return what changes the JSON of a response."""

    def changed(reply: Reply) -> Reply:
        return with_body(reply, json.dumps(change(json.loads(reply.body))).encode())

    return changed


def with_body(reply: Reply, body: bytes, **headers: str) -> Reply:
    """Return a response with another body and more headers, written with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named["content-length"] = str(len(body))
    kept = [pair for pair in reply.headers if pair[0].decode().lower() not in named]
    return replace(
        reply, body=body, headers=[*kept, *((n.encode(), v.encode()) for n, v in named.items())]
    )


def status(code: int, **headers: str) -> Callable[[Reply], Reply]:
    """Return what answers with an error instead."""
    return lambda reply: replace(with_body(reply, b'{"detail": "x"}', **headers), status=code)


def html(reply: Reply) -> Reply:
    """Answer with the page of a login."""
    return with_body(reply, b"<!DOCTYPE html><html>Sign in", content_type="text/html")


def items(
    change: Callable[[dict[str, Any]], Any], member: str = "items"
) -> Callable[[Reply], Reply]:
    """Return what changes each object of a list; `change` may return nothing."""

    def each(page: Any) -> Any:
        for item in page if isinstance(page, list) else page[member]:
            change(item)
        return page

    return with_json(each)


def page(**members: Any) -> Callable[[Reply], Reply]:
    """Return what sets members of a page."""
    return with_json(lambda content: {**content, **members})


def without(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda item: item.pop(name)  # type: ignore[attr-defined]


def renamed(name: str, new: str) -> Callable[[dict[str, Any]], Any]:
    return lambda item: item.update({new: item.pop(name)})


def put(name: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda item: item.update({name: value})
