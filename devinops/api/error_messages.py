"""Turns server error bodies into one safe line.

A server is not trusted: it can quote a secret, send control characters or a whole web page. Sources
of the error shapes: docs.devin.ai (`detail` is a text or FastAPI's list; newer responses of v3 are
RFC 9457 problems that keep `detail`); a community client of v1 reports `{"error": {"message"}}`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from devinops.api.redact import redact

MAX_LENGTH: Final = 300
"""Characters to show of a server's text."""

_INVISIBLE: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of characters that are printed as escapes."""

_MESSAGES: Final = ("msg", "message", "detail", "title")
_FIELD_PATHS: Final = ("loc", "field", "location", "pointer", "path")
_ECHOES: Final = frozenset({"input", "ctx", "value"})
"""Members of an error that repeat what was sent."""


def clean(text: str, longest: int = MAX_LENGTH) -> str:
    """Return the text as one short line, white space collapsed and control characters escaped."""
    line = "".join(map(_visible, " ".join(text[: 4 * longest].split())))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def error_text(body: bytes | bytearray, content_type: str) -> str:
    """Return what an error response says, as one line without known secrets; it may be empty."""
    if looks_like_html(body, content_type):
        return "an HTML page instead of JSON (a proxy or a login page?)"
    text = body.decode("utf-8", "replace")
    try:
        error = json.loads(text)
        text = _message(error) or json.dumps(_without_echoes(error), ensure_ascii=False)
    except (ValueError, RecursionError):
        pass  # not JSON: returned as it is
    return clean(redact(text))


def rejected_fields(body: bytes | bytearray, fields: Collection[str]) -> list[str]:
    """Return only those of the request's `fields` that an error response names."""
    try:
        error = json.loads(body)
    except (ValueError, RecursionError):
        return []
    named = {part for item in _field_errors(error) for part in re.split("[./]", _field_path(item))}
    return [field for field in fields if field in named]


def looks_like_html(body: bytes | bytearray, content_type: str) -> bool:
    start = body[:256].lstrip().lower()
    return "html" in content_type.lower() or start.startswith((b"<!doctype html", b"<html"))


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _without_echoes(error: Any) -> Any:
    if isinstance(error, list):
        return [_without_echoes(part) for part in error]
    if isinstance(error, dict):
        return {name: _without_echoes(part) for name, part in error.items() if name not in _ECHOES}
    return error


def _message(error: Any) -> str:
    if isinstance(error, str):
        return error
    if not isinstance(error, Mapping):
        return ""
    detail, errors = _statement(error.get("detail")), _statement(error.get("errors"))
    if detail or errors:
        return ": ".join(filter(None, (detail, errors)))
    nested = error.get("error")
    if isinstance(nested, Mapping):
        return _message(nested)
    return _first_text(error, ("title", "message")) or _statement(nested)


def _statement(detail: Any) -> str:
    """Return a text, or the places and messages of a list of field errors."""
    if isinstance(detail, str):
        return detail
    if isinstance(detail, list):
        return "; ".join(filter(None, map(_field_error, detail)))
    return ""


def _field_error(item: Any) -> str:
    if not isinstance(item, Mapping):
        return item if isinstance(item, str) else ""
    return ": ".join(filter(None, (_field_path(item), _first_text(item, _MESSAGES))))


def _field_errors(error: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(error, Mapping):
        for items in (error.get("detail"), error.get("errors")):
            if isinstance(items, list):
                yield from (item for item in items if isinstance(item, Mapping))


def _field_path(item: Mapping[str, Any]) -> str:
    for name in _FIELD_PATHS:
        path = item.get(name)
        if isinstance(path, list):
            return ".".join(str(part) for part in path if isinstance(part, str | int))
        if isinstance(path, str):
            return path
    return ""


def _first_text(item: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((item[name] for name in names if isinstance(item.get(name), str)), "")
