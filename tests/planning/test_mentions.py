"""Names inside texts: ids that a file gives become names, and what a text mentions is not deleted.

The cases of plans say the rest.
"""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds.automation import Automation
from devinops.kinds.playbook import Playbook
from devinops.kinds.user_role import UserRole
from devinops.model.changes import Action, Change
from devinops.model.keys import ROOT, Key
from devinops.model.kind import Scope
from devinops.model.objects import Declaration, Ensure, Severity, Snapshot, Source
from devinops.planning.mentions import (
    by_name,
    mention_problems,
    mentioning_kinds,
    naming_problems,
    unchecked,
)
from tests.testing.objects import live


def declared(prompt: str) -> Declaration:
    start = {"type": "start_session", "prompt": prompt}
    resource = Automation(name="A", triggers=[], actions=[start])
    return Declaration(Key("automation", ROOT, "A"), resource, Source("a.yaml"))


@pytest.mark.parametrize(
    ("titles", "spelled"),
    [
        ({"p1": "Triage it"}, 'Do @playbook:"Triage it".'),
        ({"p1": "Twins", "p2": "Twins"}, "Do @playbook:p1."),
        ({"p2": "Triage it"}, "Do @playbook:p1."),
        ({}, "Do @playbook:p1."),
    ],
)
def test_an_id_becomes_the_name_that_means_it_alone(titles: dict[str, str], spelled: str) -> None:
    snapshot = Snapshot.of(live("playbook", id=id, title=title) for id, title in titles.items())
    (found,) = by_name([declared("Do @playbook:p1.")], snapshot)
    resource: Any = found.resource
    assert resource.actions[0]["prompt"] == spelled


def test_a_declaration_without_mentions_is_the_same_one() -> None:
    playbook = Declaration(
        Key("playbook", ROOT, "P"), Playbook(title="P", body="@playbook:p1"), Source("a.yaml")
    )
    snapshot = Snapshot.of([live("playbook", id="p1", title="P")])
    assert by_name([playbook], snapshot)[0] is playbook


@pytest.mark.parametrize(("users", "twice"), [(("a@b", "u1"), True), (("a@b", "u2"), False)])
def test_two_entries_of_one_person_are_a_problem_of_the_second(
    users: tuple[str, ...], twice: bool
) -> None:
    people = Snapshot.of([live("user", id="u1", name="a@b"), live("user", id="u2", name="c@d")])
    entries = [
        Declaration(Key("user_role", ROOT, user), UserRole(user=user, role="R"), Source("a", line))
        for line, user in enumerate(users, 1)
    ]
    problems = list(naming_problems(entries, people))
    shown = [(problem.source.line, problem.message) for problem in problems]
    said = (2, "user_role:a@b is also declared in a:1:1: keep one of them")
    assert shown == ([said] if twice else [])


@pytest.mark.parametrize(
    ("prompt", "severity", "words"),
    [
        ("Do @playbook:p1.", None, ""),
        ('Do @playbook:"Nothing".', None, ""),
        ("Do @playbook:Triage.", Severity.ERROR, 'write @playbook:"Triage it"'),
        ("Do @playbook:Tirage-it.", Severity.ERROR, 'write @playbook:"Triage it"'),
        ("Do @playbook:playbook-9.", Severity.WARNING, "lists no playbook with the id playbook-9"),
    ],
)
def test_an_id_that_no_list_shows_is_a_problem(
    prompt: str, severity: Severity | None, words: str
) -> None:
    snapshot = Snapshot.of([live("playbook", id="p1", title="Triage it")])
    found = list(mention_problems([declared(prompt)], snapshot))
    assert [problem.severity for problem in found] == ([severity] if severity else [])
    assert all(words in problem.message for problem in found)
    absent = declared(prompt)._replace(ensure=Ensure.ABSENT)
    assert list(mention_problems([absent], snapshot)) == []


def test_only_the_delete_of_what_a_kind_can_mention_needs_its_list() -> None:
    lives = [live("playbook", title="P", id="p1"), live("knowledge", name="N", id="n1")]
    playbook, note = (Change(Action.DELETE, one.key, "r", one.id, live=one) for one in lives)
    assert mentioning_kinds([playbook, note], "v3", Scope.ORGANIZATION) == {"automation"}
    assert mentioning_kinds([note], "v3", Scope.ORGANIZATION) == frozenset()
    assert mentioning_kinds([playbook], "v1", Scope.ORGANIZATION) == frozenset()
    assert mentioning_kinds([playbook], "v3", Scope.ENTERPRISE) == frozenset()
    (text,) = unchecked([playbook, note], {"automation"}, "v3")
    assert text.startswith("playbook:P is deleted, although a text of an automation may mention it")
    (text,) = unchecked([playbook, note], {"automation"}, "v3", absent={"automation"})
    assert text.startswith("the API has no list of automations in this organization (404)")
