"""What all JSON documents of devinops share: head, reader, writer and JSON Schema.

A document is a msgspec class, the only place that defines which fields are written, what a reader
accepts, and what the schema says. Compared with cattrs on a plan of 4,000 changes (msgspec 0.22,
cattrs 26.2, Python 3.11, 2026-11): msgspec reads it in 7 ms instead of 41 and is imported in 30 ms
instead of 55; it refuses a number in place of a string ("Expected `str`, got `int` - at `$.id`"),
which cattrs converts silently; and it generates the JSON Schema, which cattrs cannot. Importing
this module imports msgspec, so commands that may not need a document import it late.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Annotated, Any, Final, NoReturn, TypedDict, TypeVar

import msgspec
from msgspec import Meta, Struct

from devinops import __version__
from devinops.kinds import KINDS, dropped
from devinops.model.errors import UnusableFile
from devinops.model.keys import FolderPath, Key, decode_part
from devinops.model.target import Target

FORMAT_VERSION: Final = "1.0"
MAJOR: Final = FORMAT_VERSION.partition(".")[0]
"""Major version of the documents that this devinops can read."""

MAX_QUOTED: Final = 200
"""Maximum length of a message that may quote a damaged file, in characters."""


def about(text: str) -> Meta:
    """Return the metadata that describes a field in the JSON Schema."""
    return Meta(description=text)


Count = Annotated[int, Meta(ge=0)]
StoreName = Annotated[str, Meta(pattern="^(none|branch|file)$")]
LineNumber = Annotated[int, Meta(ge=1)]
Text = Annotated[str, Meta(min_length=1)]
KeyText = Annotated[Text, about("kind:folder/name; / and % in a name are written %2F and %25.")]
ExitStatus = Annotated[int, about("Exit code of the run; the README explains each.")]


class Head(TypedDict):
    """The fields at the beginning of every document."""

    format_version: str
    tool_version: str


HEAD: Final[Head] = {"format_version": FORMAT_VERSION, "tool_version": __version__}


class Document(Struct, frozen=True, kw_only=True):
    """Base class of the JSON documents; create instances with `**HEAD`."""

    format_version: Annotated[
        str, Meta(pattern=rf"^{MAJOR}\.", description="A new major version can break readers.")
    ]
    tool_version: str


S = TypeVar("S", bound=Struct)


# --- writing --------------------------------------------------------------------------------------


def plain(document: Struct | Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as dicts, lists and scalars, in the order of its fields."""
    values: dict[str, Any] = msgspec.to_builtins(document)
    return values


def json_line(document: Struct) -> str:
    """Return a document as one line of a file of JSON Lines, ASCII only."""
    return json.dumps(plain(document)) + "\n"


# --- reading --------------------------------------------------------------------------------------


def load_object(text: str | bytes) -> dict[str, Any]:
    """Return the JSON object in the text.

    Raises ValueError, even for what Python's json module accepts: repeated names, NaN and unpaired
    surrogates.
    """
    try:
        text = text if isinstance(text, str) else text.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_without_repeats, parse_constant=_refuse, parse_float=_finite
        )
        if "\\u" in text or not text.isascii():
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise ValueError("this is not a JSON object")
    return value


def _refuse(number: str) -> NoReturn:
    raise ValueError(f"{number[:20]} is not a JSON number")


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        _refuse(number)
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name appears twice in one object")
    return values


def convert(value: object, kind: type[S]) -> S:
    """Return plain values as a document. Raises ValueError with the path to the invalid value."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


def check_version(document: Mapping[str, Any], path: object, otherwise: str = "") -> None:
    """Raise UnusableFile for a document in a file that has another major version."""
    version = document.get("format_version")
    if isinstance(version, str) and version.partition(".")[0] != MAJOR:
        raise UnusableFile(
            f"{path} has format version {quotable(version[:20])}, but this devinops reads "
            f"{MAJOR}.x: use the devinops that wrote it{otherwise}"
        )


def quotable(message: object) -> str:
    """Return a message as one short line in which unprintable characters are escaped."""
    text = str(message)
    first_line, newline, _ = text[:MAX_QUOTED].partition("\n")
    cut = first_line if newline else text[:MAX_QUOTED]
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in cut)


class DroppedKind(ValueError):
    """A key of a kind that devinops no longer has."""

    def __init__(self, key: str, advice: str) -> None:
        super().__init__(f"{json.dumps(key[:80])} is of a kind that was dropped: {advice}")
        self.key = key


def read_key(text: str) -> Key:
    """Return the key that the text denotes, even if no entry can have it.

    Raises ValueError, and DroppedKind for a kind that devinops had.
    """
    kind, _, path = text.partition(":")
    folder, _, name = path.rpartition("/")
    key = Key(kind, FolderPath(folder), decode_part(name))
    if advice := dropped(kind):
        raise DroppedKind(text, advice)
    if kind not in KINDS or str(key) != text:
        raise ValueError(
            f"{json.dumps(text[:80])} is not a key of a known kind ({', '.join(KINDS)})"
        )
    return key


def addressed(target: Target) -> Target:
    """Return the target unchanged. Raises ValueError if its `api_url` is not a URL."""
    if not target.host:
        raise ValueError("api_url is not a URL")
    return target


# --- schemas --------------------------------------------------------------------------------------


def schema(title: str, documents: Iterable[type[Struct]]) -> dict[str, Any]:
    """Return the JSON Schema of documents of these classes; other fields are not allowed."""
    refs, components = msgspec.json.schema_components(documents)
    for component in components.values():
        if "description" in component:  # a docstring, whose indentation Python 3.13 removes itself
            component["description"] = cleandoc(component["description"])
        if "properties" in component:
            component["additionalProperties"] = False
    which = refs[0] if len(refs) == 1 else {"anyOf": list(refs)}
    return {"title": title, **which, "$defs": components}
