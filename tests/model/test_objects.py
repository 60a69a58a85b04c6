"""Objects as declared and as live: what has a value, what is found, and where it is written."""

from __future__ import annotations

from devinops.kinds.knowledge import Knowledge
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Layering, Severity, Source
from tests.testing.objects import snapshot


def test_an_unset_field_differs_from_one_that_is_cleared() -> None:
    note = Knowledge(name="A", pinned_repo=None)
    assert dict(note.items()) == {"name": "A", "pinned_repo": None}


def test_a_snapshot_finds_what_is_ours_by_key_and_everything_by_id() -> None:
    """Two objects of ours can share a name; what belongs to others is never found by its name."""
    read = snapshot(
        {"kind": "knowledge", "name": "A", "id": id, "access": access}
        for id, access in (("n2", "org"), ("n1", "org"), ("n3", "enterprise"))
    )
    assert [one.id for one in read.under(Key.parse("knowledge:A"))] == ["n1", "n2"]
    assert read.under(Key.parse("knowledge:B")) == ()
    assert {id for _, id in read.by_id} == {"n1", "n2", "n3"}


def test_a_declaration_knows_where_each_field_is_written_and_whom_it_concerns() -> None:
    source, line = Source("a.yaml"), Source("a.yaml", 4, 3)
    entry = Declaration(
        Key.parse("knowledge:A"),
        Knowledge(name="A"),
        source,
        targets=("a",),
        sources={"body": line},
    )
    assert (entry.source_of("body"), entry.source_of("name")) == (line, source)
    part = Source("a.yaml", 6, 9)
    nested = entry._replace(sources={"body": line, ("body", "a", 1): part})
    assert nested.source_of(("body", "a", 1)) == nested.source_of(("body", "a", 1, "b")) == part
    assert nested.source_of(("body", "a", 2)) == nested.source_of(("body", "b")) == line
    assert nested.source_of(("name", "b")) == source
    assert (entry.concerns("a"), entry.concerns("b")) == (True, False)
    assert entry._replace(targets=None).concerns("b")
    assert not entry._replace(audience=frozenset({"b"})).concerns("a")


def test_an_entry_that_extends_nothing_gives_its_own_fields() -> None:
    entry = Declaration(Key.parse("knowledge:A"), Knowledge(name="A"), Source("a.md"))
    entry = entry._replace(layering=Layering(extends=True))
    assert [entry.giver(name) for name in ("trigger", "macro")] == [entry, entry]


def test_a_snapshot_takes_up_the_objects_of_a_later_read() -> None:
    first = snapshot([{"kind": "knowledge", "name": "A", "id": "n1"}])
    both = first.with_more(snapshot([{"kind": "playbook", "title": "P", "id": "p1"}]))
    assert [object.id for object in both.objects] == ["n1", "p1"]
    assert [object.id for object in first.objects] == ["n1"]


def test_a_run_fails_for_the_lowest_severity_and_all_that_are_worse() -> None:
    reached = [severity for severity in Severity if severity.reaches(Severity.WARNING)]
    assert reached == [Severity.ERROR, Severity.WARNING]
