"""Makes an emulator behave like the service that `devinops doctor` examined.

From the JSON report it takes the quirks that were settled, what the key may read, and the sizes of
pages. The key is `cog_doctor`, or `apk_doctor` for v1; other keys work as usual. What the key may
write is not in a report: here it may write what it may read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from devinops.emulator.access import DEFAULT_ORG, Actor, Principal
from devinops.emulator.middleware import Call, Next
from devinops.emulator.parsing import mapping, sequence
from devinops.emulator.quirks import parse_quirks
from devinops.emulator.resources import TABLE
from devinops.emulator.response_sending import Reply
from devinops.emulator.responses import error_response
from devinops.emulator.store import Store
from devinops.model.errors import ConfigError

_LARGEST = 1024 * 1024
_KEY = {
    "api": ("v1", "v3"),
    "scope": ("organization", "enterprise", "unknown"),
    "principal": ("service_user", "pat_user", "unknown"),
}


@dataclass(frozen=True)
class Report:
    """What an emulator takes from a report; `refused` and `page_sizes` are by path."""

    key: str
    principal: Principal
    quirks: Mapping[str, object]
    refused: Mapping[str, int]
    page_sizes: Mapping[str, int]


def read_report(path: Path) -> Report:
    """Return what a report of doctor says. Raises ConfigError if it is not one."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ValueError(f"larger than {_LARGEST >> 20} MiB")
        return _parse(json.loads(content), str(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the report: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not a report of devinops doctor: {error}") from None


def _parse(raw: object, where: str) -> Report:
    top = mapping(raw, where)
    if not str(top.get("format_version")).startswith("1."):
        raise ConfigError(f"{where}: format_version: expected 1.x, as devinops doctor writes it")
    key = mapping(top.get("key"), f"{where}: key")
    for name, known in _KEY.items():
        if key.get(name) not in known:
            raise ConfigError(f"{where}: key.{name}: expected {', '.join(known)}")
    quirks = mapping(top.get("quirks"), f"{where}: quirks")
    parse_quirks(quirks, f"{where}: quirks")
    items = sequence(top.get("readings"), f"{where}: readings")
    readings = [_reading(item, f"{where}: readings[{n}]") for n, item in enumerate(items)]
    refused = {path: status for path, status, _ in readings if status in (403, 404)}
    sizes = {path: size for path, _, size in readings if size}
    return Report(f"{_PREFIXES[key['api']]}_doctor", _holder(key), quirks, refused, sizes)


def _reading(item: object, where: str) -> tuple[str, int, int]:
    """Return path, status and size of a page; 0 if there is none."""
    reading = mapping(item, where)
    if reading.get("path") not in [*_known_paths()]:
        raise ConfigError(f"{where}.path: not a path that the emulator serves")
    for name, most in (("status", 599), ("page_size", 200)):
        value = reading.get(name)
        if value is not None and not (type(value) is int and 1 <= value <= most):
            raise ConfigError(f"{where}.{name}: expected a number from 1 to {most}, or null")
    return reading["path"], reading.get("status") or 0, reading.get("page_size") or 0


def _known_paths() -> set[str]:
    return {
        f"{mount.base.path}{resource.path}{suffix}"
        for resource in TABLE
        for mount in resource.mounts
        for suffix in ("", *(each.suffix for each in resource.extra if each.method == "GET"))
    }


_PREFIXES = {"v3": "cog", "v1": "apk"}


def _holder(key: Mapping[str, Any]) -> Principal:
    is_person = key["principal"] == "pat_user"
    actor = Actor("doctor", "Doctor", "doctor@example.com" if is_person else None)
    is_enterprise = key["scope"] == "enterprise" and key["api"] == "v3"
    return Principal(key["api"], None if is_enterprise else DEFAULT_ORG, actor)


class AsReported:
    """A layer that refuses what the reporter could not read, and cuts pages to the same size."""

    def __init__(self, report: Report, store: Store) -> None:
        self._report, self._store = report, store
        # The longest first, because one path can be below another.
        self._paths = [
            (path, re.compile(rf"{re.escape(path)}(/|$)".replace(r"\{org_id\}", "[^/]+")))
            for path in sorted(_known_paths(), key=len, reverse=True)
        ]

    async def __call__(self, call: Call, ask: Next) -> Reply:
        """Answer a request, or pass it on."""
        report = self._report
        if call.key != report.key:
            return await ask(call)
        path = next((path for path, pattern in self._paths if pattern.match(call.path)), "")
        if status := report.refused.get(path):
            detail = "Not allowed" if status == 403 else "Not found"
            return Reply.of(error_response(self._store, call.path, status, detail))
        if call.method == "GET" and (size := report.page_sizes.get(path)):
            call = replace(call, target=_smaller(call.target, size))
        return await ask(call)


def _smaller(target: str, size: int) -> str:
    """Return a path and query with pages of at most this size."""
    path, _, query = target.partition("?")
    values = dict(parse_qsl(query))
    name = "limit" if path.endswith("/schedules") else "first"
    asked = values.get(name, "")
    if not asked or (asked.isdecimal() and int(asked) > size):
        values[name] = str(size)
    return f"{path}?{urlencode(values)}"
