"""Merge patches."""

from __future__ import annotations

from collections import Counter
from typing import Any

from devinops.emulator.records import JsonObject


def merged(stored: object, patch: object) -> object:
    """Return a value with a merge patch: objects are merged by member, null removes a member."""
    if not isinstance(patch, dict):
        return patch
    result = dict(stored) if isinstance(stored, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def merged_elements(stored: list[JsonObject], sent: list[JsonObject], key: str) -> list[Any]:
    """Return what was sent, each element merged onto the stored one of its type.

    Only where that type, which the member `key` names, occurs once on both sides.
    """
    there, wanted = (Counter(element[key] for element in side) for side in (stored, sent))
    by_type = {element[key]: element for element in stored}
    return [
        merged(by_type[kind] if there[kind] == wanted[kind] == 1 else {}, element)
        for element in sent
        for kind in (element[key],)
    ]
