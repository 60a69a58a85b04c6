"""What people read in the fields of a change, in every format: lines, sizes and values. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from devinops.kinds import KINDS
from devinops.model.changes import Change, FieldChange
from devinops.model.values import UNSET, canonical_text
from devinops.planning.diff import added_and_removed, lost_elements
from devinops.render.escape import WHOLE, body_line
from devinops.render.line_diff import BoundedMatcher

MAX_LINE = 2_000
"""How many characters of a line are shown, unless all of it is asked for."""
MAX_SENTENCE = 240
"""A text of one line that has more characters is cut off, unless all of it is asked for."""
MAX_DIFF_LINES = 20_000


def shown_line(symbol: str, text: str) -> str:
    """Return a line of a body, safe and, if it changed, whole and with its white space visible."""
    is_changed = symbol != " "
    return body_line(text, white_space=is_changed, most=WHOLE if is_changed else MAX_LINE)


def is_redundant(change: Change, field: FieldChange) -> bool:
    """Return whether a field of a created or deleted object is null or only repeats the key."""
    if field.before is not UNSET and field.after is not UNSET:
        return False
    value = field.after if field.before is UNSET else field.before
    return value is None or field.name in KINDS[change.key.kind].key_fields


def is_text(kind: str, field: FieldChange) -> bool:
    """Return whether the values of a field are prose, which is compared line by line."""
    attributes = KINDS[kind].attributes
    values = (value for value in (field.before, field.after) if value is not UNSET)
    return all(isinstance(value, str) for value in values) and any(
        a.name == field.name and a.text for a in attributes
    )


def descriptions(kind: str, field: FieldChange) -> Iterator[str]:
    """Yield descriptions of a value whose parts people cannot read."""
    attribute = KINDS[kind].by_name.get(field.name)
    if attribute is None:
        return
    values = {"before": field.before, "after": field.after}
    texts = {
        side: attribute.describe(value) for side, value in values.items() if value is not UNSET
    }
    if len(texts) == 1 or texts["before"] == texts["after"]:
        yield from filter(None, {*texts.values()})
    else:
        yield from (f"{side}: {text}" for side, text in texts.items() if text)


def elements(kind: str, field: FieldChange) -> tuple[list[Any], list[Any]]:
    """Return the elements that a set gains and those that it loses, none for other fields."""
    attribute = KINDS[kind].by_name.get(field.name)
    return added_and_removed(attribute, field.before, field.after) if attribute else ([], [])


def gained_and_lost(kind: str, field: FieldChange) -> tuple[list[Any], list[Any]]:
    """Return the values, or the elements of a set, that a field gains, and those that it loses."""
    added, removed = elements(kind, field)
    if added or removed:
        return added, removed
    after, before = ([] if value is UNSET else [value] for value in (field.after, field.before))
    return after, before


def lost(kind: str, field: FieldChange) -> list[Any]:
    """Return the elements that are gone from a set, none for other fields."""
    attribute = KINDS[kind].by_name.get(field.name)
    return lost_elements(attribute, field.before, field.after) if attribute else []


def compared_lines(kind: str, field: FieldChange) -> tuple[list[str], list[str]] | None:
    """Return the lines of both values of a field.

    None if they are too short to be compared, or if there is only one.
    """
    if UNSET in (field.before, field.after):
        return None
    if is_text(kind, field):
        old, new = canonical_text(field.before), canonical_text(field.after)
        return old.split("\n"), new.split("\n")
    texts = value_text(field.before), value_text(field.after)
    if max(map(len, texts)) <= MAX_SENTENCE or any(elements(kind, field)):
        return None
    old, new = value_text(field.before, indent=2), value_text(field.after, indent=2)
    return old.split("\n"), new.split("\n")


def size_of(kind: str, fields: Iterable[FieldChange]) -> str:
    """Return how many lines fields gain and lose, such as `+12 −3 lines`; empty for neither."""
    added = removed = 0
    for field in fields:
        new, old = changed_lines(kind, field)
        added, removed = added + len(new), removed + len(old)
    text = " ".join(f"{sign}{n:,}" for sign, n in (("+", added), ("−", removed)) if n)
    return text and f"{text} {'line' if added + removed == 1 else 'lines'}"


def changed_lines(kind: str, field: FieldChange) -> tuple[list[str], list[str]]:
    """Return the lines or elements that a field gains and loses; a short value is one line."""
    if versions := compared_lines(kind, field):
        old, new = versions
        if len(old) + len(new) > MAX_DIFF_LINES:
            return new, old
        steps = [step for step in BoundedMatcher(old, new).get_opcodes() if step[0] != "equal"]
        return (
            [line for *_, start, end in steps for line in new[start:end]],
            [line for _, start, end, *_ in steps for line in old[start:end]],
        )
    lines = text_lines if is_text(kind, field) else lambda value: [value_text(value)]
    added, removed = gained_and_lost(kind, field)
    return [*chain.from_iterable(map(lines, added))], [*chain.from_iterable(map(lines, removed))]


def text_lines(text: str) -> list[str]:
    """Return the lines of a text. Only LF ends one: other line ends are shown as escapes."""
    return text.removesuffix("\n").split("\n")


def value_text(value: Any, indent: int | None = None) -> str:
    """Return a text as it is, and any other value as JSON."""
    if isinstance(value, str) and value:
        return value
    return json.dumps(value, ensure_ascii=False, indent=indent)
