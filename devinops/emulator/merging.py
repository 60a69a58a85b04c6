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
    """Return the sent elements, each merged into the stored one of its type.

    The member `key` is the type. An element is merged only if its type occurs once on both sides.
    """
    stored_types = Counter(element[key] for element in stored)
    sent_types = Counter(element[key] for element in sent)
    by_type = {
        element[key]: element
        for element in stored
        if stored_types[element[key]] == sent_types[element[key]] == 1
    }
    return [merged(by_type.get(element[key], {}), element) for element in sent]
