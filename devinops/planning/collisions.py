"""Warns of entries that Devin cannot tell from unmanaged objects. Pure.

`devinops lint` compares entries with each other; only a plan knows the live objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from devinops.model.kind import Kind, Resource, Role
from devinops.model.objects import Declaration, Ensure, Live, Problem, Severity

CODE: Final = "same-as-unmanaged"
FEWEST_WORDS: Final = 3
"""Shorter texts are equal by chance."""


def collisions(declarations: Iterable[Declaration], unmanaged: Iterable[Live]) -> Iterator[Problem]:
    """Yield a warning for each entry with the handle or trigger of an unmanaged object.

    They never block anything: the objects are not ours to change.
    """
    theirs: dict[tuple[str, str], Live] = {}
    for live in unmanaged:
        for mark, _ in _marks(live.kind, live.resource):
            theirs.setdefault(mark, live)
    for declaration in declarations if theirs else ():
        if declaration.ensure is not Ensure.PRESENT:
            continue
        for mark, field in _marks(declaration.kind, declaration.resource):
            if mark in theirs:
                yield _problem(declaration, field, theirs[mark])


def _marks(kind: Kind, resource: Resource) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield what Devin recognizes an object by, in one form, each with its field."""
    handle = kind.role(Role.HANDLE)
    if handle and isinstance(value := getattr(resource, handle.name), str):
        yield ("handle", value.lower()), handle.name
    when, switch = kind.meaning.when, kind.meaning.switch
    is_used = not switch or getattr(resource, switch) is not False
    if when and is_used and isinstance(value := getattr(resource, when), str):
        words = re.findall(r"[^\W_]+", value.lower())
        if len(words) >= FEWEST_WORDS:
            yield ("when", " ".join(words)), when


def _problem(declaration: Declaration, field: str, live: Live) -> Problem:
    message = (
        f"the unmanaged {live.key} has the same {field}: declare it, delete it in the "
        f"web app, or change the {field} here"
    )
    return Problem(declaration.source_of(field), CODE, message, Severity.WARNING)
