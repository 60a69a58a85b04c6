"""A warning, and nothing else, if an entry has what an unmanaged live note is recalled by."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds.knowledge import KIND as NOTE
from devinops.kinds.knowledge import Knowledge
from devinops.kinds.playbook import KIND as PLAYBOOK
from devinops.kinds.playbook import Playbook
from devinops.model.objects import Declaration, Ensure, Live, Severity, Source
from devinops.planning.collisions import collisions


def declared(ensure: Ensure = Ensure.PRESENT, **values: Any) -> Declaration:
    resource = Knowledge(**{"name": "A", "trigger": "When testing it", "body": "b"} | values)
    places = {"trigger": Source("a.md", 3, 10), "macro": Source("a.md", 4, 8)}
    return Declaration(NOTE.key(resource), resource, Source("a.md"), ensure, sources=places)


def live(**values: Any) -> Live:
    resource = Knowledge(**{"name": "Theirs", "trigger": "When deploying it", "body": "b"} | values)
    return Live("note-9", resource)


@pytest.mark.parametrize(
    ("entry", "other", "line"),
    [
        ({}, {"trigger": "when TESTING, it."}, 3),
        ({"macro": "!a"}, {"macro": "!A"}, 4),
        ({"macro": "!a"}, {"macro": "!b"}, None),
        ({}, {}, None),
        ({"macro": None}, {"macro": None}, None),
        ({"trigger": "t"}, {"trigger": "t"}, None),
        ({}, {"trigger": "When testing it", "is_enabled": False}, None),
        ({"is_enabled": False}, {"trigger": "When testing it"}, None),
    ],
)
def test_an_equal_trigger_or_macro_is_a_warning(
    entry: dict[str, Any], other: dict[str, Any], line: int | None
) -> None:
    found = list(collisions([declared(**entry)], [live(**other)]))
    assert [problem.source.line for problem in found] == ([line] if line else [])
    for problem in found:
        assert problem.severity is Severity.WARNING
        assert "knowledge:Theirs" in problem.message


def test_a_macro_of_another_kind_counts_too() -> None:
    playbook = Live("playbook-1", Playbook(title="P", body="b", macro="!a"))
    assert PLAYBOOK.key(playbook.resource).kind == "playbook"
    (problem,) = collisions([declared(macro="!a")], [playbook])
    assert "playbook:P" in problem.message


@pytest.mark.parametrize("ensure", [Ensure.ABSENT, Ensure.UNMANAGED])
def test_an_entry_that_is_going_collides_with_nothing(ensure: Ensure) -> None:
    assert list(collisions([declared(ensure)], [live(trigger="When testing it")])) == []
