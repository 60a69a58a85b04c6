"""Find titles that a text mentions as if they were ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from devinops.load.problems import problem
from devinops.model.keys import ObjectId
from devinops.model.kind import mentions_of_field
from devinops.model.objects import Declaration, Problem
from devinops.model.suggest import beginning_with


def titles_as_ids(declarations: Iterable[Declaration]) -> Iterator[Problem]:
    """Yield a problem for each mention without quotation marks that begins a declared title."""
    declared = list(declarations)
    titles: defaultdict[str, list[str]] = defaultdict(list)
    for declaration in declared:
        titles[declaration.key.kind].append(declaration.key.name)
    for declaration in declared:
        for attribute, mentioned in mentions_of_field(declaration.resource):
            if not isinstance(mentioned, ObjectId):
                continue
            if title := beginning_with(mentioned.id, titles[mentioned.kind]):
                assert attribute.mention, "only a field with mentions is yielded"
                message = attribute.mention.without_quotes(mentioned.id, title)
                yield problem(declaration.place(attribute.name), "unquoted-title", message)
