"""Names inside texts: ids that a file gives become names, and what a text mentions is not deleted.

The cases of plans say the rest.
"""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds.automation import Automation
from devinops.kinds.playbook import Playbook
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Declaration, Snapshot, Source
from devinops.planning.mentions import by_name
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
