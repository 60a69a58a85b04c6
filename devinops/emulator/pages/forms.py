"""The form of an object, made from the fields that people can set, and what was typed into it.

What a person leaves as it is stays as it is, bit for bit: a browser changes line ends, and an empty
input can be null or an empty text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from devinops.emulator.fields import FieldType, fields_of
from devinops.emulator.pages import words
from devinops.emulator.records import KINDS, InvalidObject, JsonObject, Kind

Widget = Literal["line", "text", "lines", "check", "number", "choice", "folder", "json"]
_SHORT_FORM = 8
_MOST_ROWS = 30


@dataclass(frozen=True)
class Field:
    """How a field is entered. `options` are pairs of a value and what a person reads."""

    name: str
    label: str
    help: str
    widget: Widget
    nullable: bool
    required: bool
    is_label: bool
    options: tuple[tuple[str, str], ...] = ()
    rows: int = 0
    first: bool = True

    @property
    def is_optional(self) -> bool:
        """Whether a person can leave it empty, and could think that it must not be."""
        is_text = self.widget in ("line", "text", "lines")
        return not self.required and (is_text or (self.nullable and self.widget != "folder"))


@dataclass(frozen=True)
class Input:
    """An input with the text in it; `error` is empty without one.

    `live` is the text that the object has now, if somebody else changed it meanwhile to something
    else than what was typed; None otherwise.
    """

    field: Field
    text: str
    error: str = ""
    live: str | None = None

    @property
    def rows(self) -> int:
        """The number of lines of the input: as many as its text has, within limits."""
        return min(max(self.field.rows, self.text.count("\n") + 2), _MOST_ROWS)


Folders = tuple[tuple[str, str], ...]


def form_fields(kind: Kind, folders: Folders = ()) -> list[Field]:
    """Return the inputs for a kind; `folders` are the ids and paths to choose from."""
    left_out = words.LEFT_OUT.get(kind, frozenset())
    known = {name: field for name, field in fields_of(kind).items() if name not in left_out}
    first = words.FIRST.get(kind, tuple(known))
    names = [*first, *(name for name in known if name not in first)]
    is_short = len(names) <= _SHORT_FORM
    return [
        _field(kind, name, known[name], folders, first=is_short or name in first) for name in names
    ]


def _field(kind: Kind, name: str, known: FieldType, folders: Folders, *, first: bool) -> Field:
    hint = known.hint
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    widget = _widget(name, members)
    return Field(
        name=name,
        label=words.label(name),
        help=words.HELP.get((kind, name), "JSON" if widget == "json" else ""),
        widget=widget,
        nullable=NoneType in members,
        required=known.required,
        is_label=known.required and name in ("name", "title", "key"),
        options=folders if widget == "folder" else _options(members),
        rows={"text": words.LINES.get(name, 0), "lines": 4, "json": 4}.get(widget, 0),
        first=first,
    )


def _widget(name: str, members: Iterable[Any]) -> Widget:
    (hint,) = (member for member in members if member is not NoneType)
    if name in ("folder_id", "parent_folder_id"):
        return "folder"
    if get_origin(hint) is Literal:
        return "choice"
    if hint is str:
        return "text" if name in words.LINES else "line"
    if hint == list[str]:
        return "lines"
    plain: dict[Any, Widget] = {bool: "check", int: "number"}
    return plain.get(hint, "json")


def _options(members: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    values = [value for member in members for value in get_args(member) if isinstance(value, str)]
    return tuple((value, value) for value in values)


# -- from values to what is in the inputs


def shown(field: Field, value: object) -> str:
    """Return the text of an input, as a browser sends it back if nobody touches it."""
    if value is None:
        return ""
    if field.widget == "check":
        return "true" if value else "false"
    if field.widget == "json":
        return as_sent(field, json.dumps(value, indent=2, ensure_ascii=False))
    if isinstance(value, list):
        return as_sent(field, "\n".join(value))
    return as_sent(field, str(value))


def as_sent(field: Field, text: str) -> str:
    """Return the text as it is after a browser has shown and sent it."""
    text = text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if field.rows else text.replace("\n", "")


def inputs(fields: Iterable[Field], values: Mapping[str, object]) -> list[Input]:
    """Return the inputs with the values of an object."""
    return [Input(field, shown(field, values.get(field.name))) for field in fields]


def values_of(kind: Kind, record: Any) -> JsonObject:
    """Return an object's fields by the names that people use."""
    names = KINDS[kind].names
    return {name: getattr(record, names.get(name, name), None) for name in fields_of(kind)}


def starting_values(kind: Kind, given: Mapping[str, str]) -> JsonObject:
    """Return what is in the form of a new object: defaults, and what a link has `given`."""
    defaults = {field.name: _default(field) for field in form_fields(kind)}
    starters = {name: value for (of, name), value in words.STARTERS.items() if of == kind}
    chosen = {name: given[name] for name in given if name in ("folder_id", "parent_folder_id")}
    return {**defaults, **starters, **chosen}


def _default(field: Field) -> object:
    if field.widget == "check":
        return field.name in ("enabled", "is_enabled", "is_sensitive")
    return field.options[0][0] if field.widget == "choice" else None


# -- from what was typed to values


def typed(before: Iterable[Input], sent: Mapping[str, str]) -> list[Input]:
    """Return the inputs with what was sent; an input that was not sent stays as it is."""
    return [
        Input(item.field, as_sent(item.field, sent.get(item.field.name, item.text)))
        for item in before
    ]


STARTED = "started:"
"""How the names of the hidden inputs begin that hold the texts which a form started with."""


def merged(live: Iterable[Input], sent: Mapping[str, str]) -> list[Input]:
    """Return the inputs of an object that somebody else may have changed, with what was typed.

    What this person left as it was in the form has the text of the object now. What both changed
    differently has an error.
    """
    return [_merged(item, sent) for item in live]


def _merged(item: Input, sent: Mapping[str, str]) -> Input:
    field = item.field
    started = as_sent(field, sent.get(f"{STARTED}{field.name}", item.text))
    text = as_sent(field, sent.get(field.name, started))
    if text == started:
        return item
    if item.text in (started, text):
        return Input(field, text)
    return Input(field, text, "Changed by somebody else while you were editing", item.text)


def read(
    after: Iterable[Input], before: Iterable[Input] | None = None
) -> tuple[JsonObject, dict[str, str]]:
    """Return the values to set, and an error for each input that cannot be read.

    With what was in the inputs `before`, only what differs; without, all but empty optional ones.
    """
    old = None if before is None else {item.field.name: item.text for item in before}
    values: JsonObject = {}
    errors: dict[str, str] = {}
    for item in after:
        field = item.field
        if old is not None:
            is_left_out = item.text == old[field.name]
        else:
            is_left_out = not item.text and not field.required
        if is_left_out:
            continue
        try:
            values[field.name] = _value(field, item.text)
        except InvalidObject as error:
            errors[field.name] = str(error)
    return values, errors


def _value(field: Field, text: str) -> object:
    """Return what the text stands for. Raises InvalidObject."""
    if field.is_label and not text.strip():
        raise InvalidObject(f"Enter a {field.label.lower()}")
    if field.widget == "check":
        return text == "true"
    if field.widget == "lines":
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        return lines or (None if field.nullable else [])
    if not text and field.nullable:
        return None
    if field.widget == "number":
        return _number(text)
    return parsed(text) if field.widget == "json" else text


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidObject("Enter a whole number, such as 100") from None


def parsed(text: str) -> object:
    """Return the value of a JSON text. Raises InvalidObject, which says where it is broken."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidObject(f"Not JSON: {error.msg}, {where}") from None
    except (ValueError, RecursionError):
        raise InvalidObject(
            "Not JSON that can be stored: a number is too large, or it is nested too deeply"
        ) from None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def with_errors(items: Iterable[Input], errors: Mapping[str, str]) -> list[Input]:
    return [replace(item, error=errors.get(item.field.name, item.error)) for item in items]


def errors_by_input(error: InvalidObject, items: Iterable[Input]) -> dict[str, str]:
    """Return a message of the store by the input that it names; by an empty name for none."""
    message = str(error)
    name, _, rest = message.partition(":")
    name, _, inner = name.partition(".")
    if name not in {item.field.name for item in items}:
        return {"": _sentence(message)}
    return {name: f"{inner}: {rest.strip()}" if inner else _sentence(rest.strip())}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
