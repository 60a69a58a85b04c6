"""Words of a server, made fit for one line on a person's screen. Pure.

What a server says is untrusted: it can echo a secret, hold control characters or be a whole web page.
Sources of the error shapes: docs.devin.ai (`detail` as text or as FastAPI's list; newer answers of v3 are
RFC 9457 problems that keep `detail`); `{"error": {"message"}}` was met on v1 by a community client.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from base64 import b64encode
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any
from urllib.parse import quote, quote_plus

LONGEST = 300
"""Characters of a server's words that are shown."""

Span = tuple[int, int]

MASK = "***"
SHORTEST_TELLING = 8
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
    """Replace each secret by ***, also as JSON, a URL, base64 or hex spell it, and when only its beginning is there.

    All of them are looked for in the text as it came: a secret can stand in the middle of another one, and masking the
    one first would hide the other from the search.
    """
    spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
    long = sorted(spelling for spelling in spellings if len(spelling) > SHORTEST_TELLING)
    spans = sorted([*_wholes(text, spellings), *_beginnings(text, long)])
    return "".join(_without(text, spans))


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


@lru_cache(maxsize=256)
def _spellings(secret: str) -> frozenset[str]:
    raw = secret.encode("utf-8", "replace")
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    spelled = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
        *quoted,
        *(re.sub("%..", lambda code: code[0].lower(), once) for once in quoted),
        *map(quote, quoted),
    }
    # short parts and codes of a short secret stand in many a text by chance
    longer = {*map(str.strip, secret.splitlines()), *_base64(raw), raw.hex(), raw.hex().upper()}
    return frozenset(filter(None, spelled)) | {
        part for part in longer if len(part) > SHORTEST_TELLING
    }


def _base64(raw: bytes) -> Iterator[str]:
    """Yield the codes of bytes within others: base64 takes three at a time, so the place decides.

    The first character goes if it is made of what stands before as well; a text follows the rest as far as it is ours.
    """
    for before, start in enumerate((0, 2, 3)):
        code = b64encode(bytes(before) + raw).decode("ascii")[start:]
        yield from (code, code.translate(str.maketrans("+/", "-_")))


def _wholes(text: str, spellings: Iterable[str]) -> Iterator[Span]:
    for spelling in spellings:
        start = text.find(spelling)
        while start >= 0:
            yield start, start + len(spelling)
            start = text.find(spelling, start + 1)


def _beginnings(text: str, spellings: Sequence[str]) -> Iterator[Span]:
    """Yield where sorted spellings begin, and how far the text follows the one that it follows longest."""
    alike: dict[str, list[str]] = {}
    for spelling in spellings:
        alike.setdefault(spelling[:SHORTEST_TELLING], []).append(spelling)
    for head, ways in alike.items():
        longest = max(map(len, ways))
        start = text.find(head)
        while start >= 0:
            rest = text[start : start + longest]
            # in order, what has most in common with a text stands beside its place
            place = bisect(ways, rest)
            end = start + max(_common(rest, way) for way in ways[max(0, place - 1) : place + 1])
            yield start, end
            start = text.find(head, end - SHORTEST_TELLING + 1)


def _without(text: str, spans: Iterable[Span]) -> Iterator[str]:
    """Yield the text with a mask for the spans, one for those that overlap."""
    at = 0
    for start, end in spans:
        if start >= at:
            yield text[at:start]
            yield MASK
        at = max(at, end)
    yield text[at:]


def _common(one: str, other: str) -> int:
    """Return how many signs two texts begin with in common."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
