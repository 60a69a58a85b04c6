"""A playbook that an automation mentions stays, whatever the repository declares and whatever fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import NO_INVENTORY

GONE = json.dumps({"playbooks": [{"title": "Triage", "ensure": "absent"}]})
ABSENT = json.dumps({"automations": [{"name": "Nightly", "ensure": "absent"}]})
KEYS = {
    "cog_playbooks": {"org": "org-emulator", "permissions": ["ManageOrgPlaybooks"]},
}


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator({"organizations": {"org-emulator": {}}, "keys": KEYS}) as running:
        use(running.url)
        yield running


def mentioned(emulator: Emulator) -> None:
    """Add a playbook, and an automation that mentions it."""
    id = emulator.add("playbook", title="Triage", body="b")
    actions = [{"type": "start_session", "prompt": f"Do @playbook:{id}."}]
    emulator.add("automation", name="Nightly", triggers=[], actions=actions)


def lists(emulator: Emulator) -> list[str]:
    return [request["path"].partition("?")[0].rpartition("/")[2] for request in emulator.requests]


def automations(prompt: str) -> str:
    action = {"type": "start_session", "prompt": prompt}
    return json.dumps({"automations": [{"name": "Nightly", "triggers": [], "actions": [action]}]})


def test_a_mention_in_an_automation_that_no_file_declares_keeps_the_playbook(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    mentioned(emulator)
    root = repository({**NO_INVENTORY, "playbooks.yaml": GONE})
    ran = devinops("apply", "-C", root, "--yes")
    assert ran.code == 4, ran
    assert "a text of automation:Nightly mentions it" in ran.out
    assert len(emulator.playbooks()) == 1


def test_automations_are_listed_only_if_a_playbook_would_be_deleted(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    emulator.add("playbook", title="Triage", body="b")
    root = repository(
        {**NO_INVENTORY, "playbooks.yaml": json.dumps({"playbooks": [{"title": "A", "body": "b"}]})}
    )
    assert devinops("plan", "-C", root).code == 0
    assert "automations" not in lists(emulator)
    repository({**NO_INVENTORY, "playbooks.yaml": GONE})
    assert devinops("plan", "-C", root).code == 0
    assert "automations" in lists(emulator)


def test_a_key_that_cannot_list_automations_is_named_in_a_note(
    emulator: Emulator, repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    emulator.add("playbook", title="Triage", body="b")
    use(emulator.url, key="cog_playbooks")
    root = repository({**NO_INVENTORY, "playbooks.yaml": GONE})
    ran = devinops("apply", "-C", root, "--yes")
    assert (ran.code, emulator.playbooks()) == (0, []), ran
    assert "playbook:Triage is deleted, although a text of an automation may mention it" in ran.out
    assert "ViewOrgAutomations" in ran.out


@pytest.mark.parametrize(
    ("status", "code", "left", "message"),
    [
        (404, 0, 0, "the API has no list of automations in this organization (404)"),
        (500, 1, 1, "automations returned 500"),
    ],
)
def test_without_that_list_there_are_no_automations_and_another_error_stops_the_run(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    status: int,
    code: int,
    left: int,
    message: str,
) -> None:
    emulator.add("playbook", title="Triage", body="b")
    root = repository({**NO_INVENTORY, "playbooks.yaml": GONE})
    emulator.faults = [
        {"method": "GET", "path": "/v3/**/automations", "fault": "status", "status": status}
    ]
    ran = devinops("apply", "-C", root, "--yes")
    assert (ran.code, len(emulator.playbooks())) == (code, left), ran
    assert message in ran.out + ran.err


@pytest.mark.parametrize("freeing", [automations("Nothing."), ABSENT], ids=["update", "delete"])
def test_a_playbook_stays_if_the_change_that_frees_it_fails(
    emulator: Emulator, repository: Write, devinops: Devinops, freeing: str
) -> None:
    mentioned(emulator)
    root = repository({**NO_INVENTORY, "playbooks.yaml": GONE, "automations.yaml": freeing})
    emulator.faults = [
        {"method": method, "path": "/v3/**/automations/*", "fault": "status", "status": 400}
        for method in ("PATCH", "DELETE")
    ]
    ran = devinops("apply", "-C", root, "--yes")
    assert (ran.code, len(emulator.playbooks())) == (1, 1), ran
    assert "it stays, because automation:Nightly still mentions it and was not written" in ran.out
    emulator.faults = []
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert emulator.playbooks() == []


@pytest.mark.parametrize("filter", [["--only", "playbook"], ["--exclude", "automation"]])
def test_only_the_delete_without_the_change_that_frees_it_is_blocked(
    emulator: Emulator, repository: Write, devinops: Devinops, filter: list[str]
) -> None:
    mentioned(emulator)
    root = repository(
        {**NO_INVENTORY, "playbooks.yaml": GONE, "automations.yaml": automations("Nothing.")}
    )
    ran = devinops("apply", "-C", root, "--yes", *filter)
    assert (ran.code, len(emulator.playbooks())) == (4, 1), ran
    assert (
        "leaves out automation:Nightly, which mentions this object until it is written" in ran.out
    )


def test_a_title_without_quotation_marks_is_a_problem_with_the_right_spelling(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    emulator.add("playbook", title="Triage", body="b")
    root = repository({"automations.yaml": automations("Do @playbook:Triage.")})
    ran = devinops("plan", "-C", root)
    assert (ran.code, 'write @playbook:"Triage"' in ran.err) == (1, True), ran
    repository({"automations.yaml": automations("Do @playbook:nowhere.")})
    ran = devinops("plan", "-C", root)
    assert (ran.code, "lists no playbook with the id nowhere" in ran.out) == (0, True), ran
