"""Writes the fields of an object: values before and after, and what a set gains and loses. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from devinops.model.changes import FieldChange
from devinops.model.values import UNSET
from devinops.planning.diff import nested_paths
from devinops.render.changes import descriptions, elements, is_text, value_text
from devinops.render.escape import WHOLE
from devinops.render.html.diff import difference, whole
from devinops.render.html.markup import Html, joined, tag, text


def fields(
    kind: str, changed: Iterable[FieldChange], *, signed: bool = True, sides: str = ""
) -> Html:
    """Return fields with their values; `signed` shows whether they are added or removed.

    `sides` says what `-` and `+` stand for, if not before and after.
    """
    written = []
    for field in changed:
        name = tag("dt", field.name, *([tag("small", f" {sides}")] if sides else []))
        notes = (tag("p", note, class_="hint") for note in descriptions(kind, field))
        written.append(tag("div", name, tag("dd", _values(kind, field, signed), *notes)))
    return tag("dl", *written) if written else Html("")


def _values(kind: str, field: FieldChange, signed: bool) -> Html:
    if field.before is UNSET:
        return _one_side(field.after, "ins" if signed else "")
    if field.after is UNSET:
        return _one_side(field.before, "del" if signed else "")
    if is_text(kind, field):
        return difference(field.before, field.after)
    added, removed = elements(kind, field)
    if added or removed:
        lines = [tag("li", tag("ins", _shown(value))) for value in added]
        lines += [tag("li", tag("del", _shown(value))) for value in removed]
        return tag("ul", *lines, class_="values")
    if isinstance(field.before, dict | list) and isinstance(field.after, dict | list):
        paths = ", ".join(nested_paths(field.before, field.after))
        note = tag("p", f"at {paths}", class_="hint") if paths else Html("")
        sides = (value_text(value, indent=2) for value in (field.before, field.after))
        return joined(note, difference(*sides))
    values = tag("del", _shown(field.before)), " → ", tag("ins", _shown(field.after))
    return tag("p", *values, class_="values")


def _one_side(value: Any, side: str) -> Html:
    written = whole(value_text(value, indent=2))
    return tag("div", tag(side, written), class_="values") if side else written


def _shown(value: Any) -> Html:
    return text(value_text(value), WHOLE)
