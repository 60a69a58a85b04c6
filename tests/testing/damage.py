"""Inputs that nobody meant: arbitrary JSON, valid documents with something wrong in them, bytes that were damaged.

Each test takes as many examples as the profile says.
"""

from __future__ import annotations

import copy
import json
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.testing.costly import Test


def fuzz(share: float = 1) -> Callable[[Test], Test]:
    """Return what gives a test its settings; `share` is how many of the examples it takes, where each is slow or quick.

    All are costly, because there are many.
    """
    given = settings(
        max_examples=max(10, int(settings.get_profile("costly").max_examples * share)),
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )
    return lambda test: pytest.mark.costly(given(test))


def one_line(text: str) -> bool:
    """Return whether a text is one line that steers no terminal."""
    return bool(text) and not any(unicodedata.category(sign) in ("Cc", "Zl", "Zp") for sign in text)


# --- JSON that Python's own writer would not write ----------------------------------------------------------


@dataclass(frozen=True)
class Raw:
    """A piece of JSON text, or of what is none."""

    text: str

    def __repr__(self) -> str:
        return f"Raw({self.text[:20]!r}… {len(self.text)})"


@dataclass(frozen=True)
class Twice:
    """An object in which one member stands twice."""

    members: dict[str, Any]
    name: str
    other: Any


def text_of(value: Any) -> str:
    """Write a value as JSON, with what stands in it as it is."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, Twice):
        whole = text_of(value.members)[1:-1]
        return f"{{{whole}{', ' if whole else ''}{json.dumps(value.name)}: {text_of(value.other)}}}"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(name)}: {text_of(one)}" for name, one in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(text_of, value)) + "]"
    return json.dumps(value)


ODD: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 10**12, 10**30, -(10**30), "", " ", "x", "note-1", [], {}, [None], [[]], [{}]),
    *("\x00", "\x1b[2J", "a\nb", "\u2028", "\u202e", "é", "e\u0301", "😀", "../..", "a/b", "%2F", "x" * 5000),
    *("org", "enterprise", "personal", "2026-01-02T03:04:05Z", "0001-01-01T00:00:00+14:00", "9999-12-31"),
    *(Raw("1e400"), Raw("-1e400"), Raw("NaN"), Raw("Infinity"), Raw("9" * 5000), Raw("9" * 4300), Raw("9" * 300), Raw('"\\ud800"'), Raw("1e-400")),
    *(Raw("[" * 150 + "]" * 150), Raw('{"a":' * 150 + "1" + "}" * 150), Raw("[" * 2000 + "]" * 2000)),
    *(Raw(""), Raw("{"), Raw("'x'"), Raw("-0"), Raw("01"), Raw("1_000"), Raw("undefined")),
]  # fmt: skip
odd = st.sampled_from(ODD)
values: st.SearchStrategy[Any] = st.recursive(
    odd | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside of another."""
    yield path
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, step))


@st.composite
def mutated(draw: st.DrawFn, source: st.SearchStrategy[Any], most: int = 3) -> Any:
    """A valid value with one to `most` things changed in it."""
    value = copy.deepcopy(draw(source))
    for _ in range(draw(st.integers(1, most))):
        path = draw(st.sampled_from(list(places(value))))
        value = _changed(draw, value, path)
    return value


def _changed(draw: st.DrawFn, value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return _turned(draw, value)
    outer = value
    for step in path[:-1]:
        outer = outer[step]
    last = path[-1]
    match draw(st.sampled_from(["drop", "turn", "turn", "double", "rename", "swap"])):
        case "drop":
            del outer[last]
        case "double" if isinstance(outer, list):
            outer.insert(draw(st.integers(0, len(outer))), copy.deepcopy(outer[last]))
        case "rename" if isinstance(outer, dict):
            name = draw(st.text(max_size=8) | st.sampled_from(sorted(outer)))
            outer[name] = outer.pop(last)
        case "swap" if isinstance(outer, dict):
            other = draw(st.sampled_from(sorted(outer)))
            outer[last], outer[other] = outer[other], outer[last]
        case _:
            outer[last] = _turned(draw, outer[last])
    return value


def _turned(draw: st.DrawFn, value: Any) -> Any:
    """Something else in the place of a value."""
    if isinstance(value, dict) and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)) if value else st.just("a"))
        return Twice(value, name, copy.deepcopy(draw(odd)))
    made = draw(
        st.one_of(odd, values, st.just([value]), st.just({"a": value}), st.just(str(value)[:100]))
    )
    # a copy, or what is changed in it next would be changed in every later example
    return copy.deepcopy(made)


# --- bytes --------------------------------------------------------------------------------------------------

JUNK = [b"\x00", b"\xff", b"\n", b"\r", b"\t", b" ", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"-", b"---\n",
        b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"&a ", b"*a", b"<<: ", b"!x ", b"|", b">", b"%", b"#", b"0",
        b"<<<<<<< ours\n", b"=======\n", b"~", b"'", b"?"]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, source: st.SearchStrategy[bytes], most: int = 3) -> bytes:
    """Valid bytes with flips, cuts, doubled and swapped lines, and junk in them."""
    data = draw(source)
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.sampled_from([1, 1, 2, 7, 40, 400]))
        match draw(st.sampled_from(["flip", "cut", "drop", "double", "junk", "junk", "lines"])):
            case "flip":
                data = (
                    data[:at]
                    + bytes(one ^ (1 << draw(st.integers(0, 7))) for one in data[at : at + 1])
                    + data[at + 1 :]
                )
            case "cut":
                data = data[:at]
            case "drop":
                data = data[:at] + data[at + length :]
            case "double":
                data = data[: at + length] + data[at:]
            case "junk":
                data = (
                    data[:at]
                    + draw(st.sampled_from(JUNK)) * draw(st.sampled_from([1, 1, 2, 300]))
                    + data[at:]
                )
            case "lines":
                data = _moved(draw, data)
    return data


def _moved(draw: st.DrawFn, data: bytes) -> bytes:
    """Swap two lines, or let one stand twice."""
    lines = data.splitlines(keepends=True)
    if not lines:
        return data
    one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    if draw(st.booleans()):
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines.insert(one, lines[other])
    return b"".join(lines)
