"""Words of a server, made fit for one line on a person's screen. Pure.

What a server says is untrusted: it can echo a secret, hold control characters or be a whole web page.
Sources of the error shapes: docs.devin.ai (`detail` as text or as FastAPI's list; newer answers of v3 are
RFC 9457 problems that keep `detail`); `{"error": {"message"}}` was met on v1 by a community client.
"""

from __future__ import annotations

import json
import unicodedata
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any
from urllib.parse import quote

LONGEST = 300
"""Characters of a server's words that are shown."""

MASK = "***"
_HEAD = 8
"""So many first characters give a secret away: an echo that was cut off is masked as well."""

_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_MESSAGES = ("msg", "message", "detail", "title")
_ECHOES = frozenset({"input", "ctx", "value"})
"""Members of an error that repeat what was sent."""

_PLACES = ("loc", "field", "location", "pointer", "path")


def clean(text: str, longest: int = LONGEST) -> str:
    """Return a text on one line: white space collapsed, control and bidi characters visible, shortened."""
    shown = "".join(map(_visible, " ".join(text[: 4 * longest].split())))
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def mask(text: str, secrets: Iterable[str]) -> str:
    """Replace each secret by ***, also as JSON or a URL spell it, and also when only its beginning is there."""
    for secret in secrets:
        spellings = list(_spellings(secret))
        for spelling in spellings:
            text = text.replace(spelling, MASK)
        # only now: the beginning that two spellings share would hide the rest of the one that is there
        text = _mask_beginnings(text, [spelling for spelling in spellings if len(spelling) > _HEAD])
    return text


def server_words(body: bytes | bytearray, content_type: str, secrets: Iterable[str] = ()) -> str:
    """Return what an error answer says, on one line; empty where it says nothing."""
    if looks_like_html(body, content_type):
        return "an HTML page instead of JSON (a proxy or a login page?)"
    text = body.decode("utf-8", "replace")
    try:
        answer = json.loads(text)
        said = _said(answer) or json.dumps(_without_echo(answer), ensure_ascii=False)
    except (ValueError, RecursionError):
        said = text
    return clean(mask(said, secrets))


def looks_like_html(body: bytes | bytearray, content_type: str) -> bool:
    start = body[:256].lstrip().lower()
    return "html" in content_type.lower() or start.startswith((b"<!doctype html", b"<html"))


def _without_echo(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_without_echo(part) for part in answer]
    if isinstance(answer, dict):
        return {name: _without_echo(part) for name, part in answer.items() if name not in _ECHOES}
    return answer


def _said(answer: Any) -> str:
    if isinstance(answer, str):
        return answer
    if not isinstance(answer, Mapping):
        return ""
    detail = _statement(answer.get("detail"))
    errors = _statement(answer.get("errors"))
    if detail or errors:
        return ": ".join(filter(None, (detail, errors)))
    nested = answer.get("error")
    if isinstance(nested, Mapping):
        return _said(nested)
    return _first_text(answer, ("title", "message")) or _statement(nested)


def _statement(said: Any) -> str:
    """A text, or the field errors of a list, of which only place and message are read."""
    if isinstance(said, str):
        return said
    if isinstance(said, list):
        return "; ".join(filter(None, map(_field_error, said)))
    return ""


def _field_error(item: Any) -> str:
    if not isinstance(item, Mapping):
        return item if isinstance(item, str) else ""
    return ": ".join(filter(None, (_place(item), _first_text(item, _MESSAGES))))


def _place(item: Mapping[str, Any]) -> str:
    for name in _PLACES:
        place = item.get(name)
        if isinstance(place, list):
            return ".".join(str(part) for part in place if isinstance(part, str | int))
        if isinstance(place, str):
            return place
    return ""


def _first_text(item: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((item[name] for name in names if isinstance(item.get(name), str)), "")


def _visible(sign: str) -> str:
    if unicodedata.category(sign) not in _UNSAFE:
        return sign
    return sign.encode("unicode_escape", "surrogatepass").decode("ascii")


def _spellings(secret: str) -> Iterator[str]:
    """Longest first, so that no spelling is cut in two by a shorter one."""
    ways = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret.encode("utf-8", "replace"), safe=""),
        *(line.strip() for line in secret.splitlines() if len(line.strip()) > _HEAD),
    }
    yield from sorted(filter(None, ways), key=lambda way: (-len(way), way))


def _mask_beginnings(text: str, spellings: Sequence[str]) -> str:
    alike: dict[str, list[str]] = {}
    for spelling in sorted(spellings):
        alike.setdefault(spelling[:_HEAD], []).append(spelling)
    for head, ways in alike.items():
        # again, since what is left around a mask may make a beginning; each round makes the text shorter
        while head in text:
            text = "".join(_without_beginnings(text, head, ways))
    return text


def _without_beginnings(text: str, head: str, spellings: Sequence[str]) -> Iterator[str]:
    """Yield the text with masks; the spellings are sorted, and all begin with the head."""
    longest = max(map(len, spellings))
    end = 0
    while (start := text.find(head, end)) >= 0:
        yield text[end:start]
        yield MASK
        rest = text[start : start + longest]
        # in order, what has most in common with a text stands beside its place
        place = bisect(spellings, rest)
        end = start + max(_common(rest, way) for way in spellings[max(0, place - 1) : place + 1])
    yield text[end:]


def _common(one: str, other: str) -> int:
    """Return how many signs two texts begin with in common."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
