"""Responses that are not true, over real HTTP: another object's id for a create, the old values for an update."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from devinops.api.client import WritingClient
from devinops.emulator import Emulator
from devinops.emulator.quirks import VALUES
from tests.testing.command_line import Devinops, Write
from tests.testing.waiting import Waits

VALUE = "the-value-of-the-secret"
CONFIG = "version: 1\ntargets: {production: {inventory: {store: file}, prune: owned}}\n"
ACTIONS = [{"type": "start_session", "prompt": "Look."}]


class Case(NamedTuple):
    """An entry, and an object of somebody else beside it. `change` is what an update brings."""

    api: str
    section: str
    entry: dict[str, Any]
    theirs: dict[str, Any]
    change: dict[str, Any]


NOTE = {"name": "Ours", "trigger": "t", "body": "ours"}
PLAYBOOK = {"title": "Ours", "body": "ours"}
SECRET = {"key": "OURS", "type": "key-value", "value_from": {"env": "DEVIN_VALUE"}, "version": "1"}
OFF = {"enabled": False, "triggers": [], "actions": ACTIONS}
CASES = [
    Case("v3", "knowledge", NOTE, NOTE | {"name": "Theirs"}, {"body": "new"}),
    Case("v3", "playbooks", PLAYBOOK, PLAYBOOK | {"title": "Theirs"}, {"macro": "!new"}),
    Case("v3", "secrets", SECRET, {"key": "THEIRS", "type": "totp"}, {"version": "2"}),
    Case("v3", "automations", OFF | {"name": "Ours"}, OFF | {"name": "Theirs"}, {"enabled": True}),
    Case("v1", "knowledge", NOTE, NOTE | {"name": "Theirs"}, {"pinned_repo": "acme/api"}),
    Case("v1", "playbooks", PLAYBOOK, PLAYBOOK | {"title": "Theirs"}, {"body": "new"}),
    Case("v1", "secrets", SECRET, {"key": "THEIRS", "type": "totp"}, {"version": "2"}),
]
UPDATES = [case for case in CASES if case.section != "secrets" and case[:2] != ("v1", "playbooks")]
NAMES = [f"{case.api} {case.section}" for case in CASES]


class Place(NamedTuple):
    """A repository with the entry of a case, and an emulator with the object of somebody else."""

    root: Path
    emulator: Emulator
    devinops: Devinops
    case: Case

    def declare(self, **changes: Any) -> None:
        text = yaml.safe_dump({self.case.section: [self.case.entry | changes]})
        (self.root / f"{self.case.section}.yaml").write_text(text)

    def apply(self, *options: str) -> Any:
        more = (
            (
                "--allow",
                "spend",
            )
            if self.case.section == "automations"
            else ()
        )
        return self.devinops("apply", "--yes", "-C", self.root, *more, *options)

    def objects(self) -> list[dict[str, Any]]:
        kind = {"knowledge": "knowledge"}.get(self.case.section, self.case.section[:-1])
        return [*self.emulator.objects(kind)]  # type: ignore[arg-type]

    def ours(self) -> list[dict[str, Any]]:
        return [one for one in self.objects() if "theirs" not in json.dumps(one).lower()]

    def theirs(self) -> list[dict[str, Any]]:
        return [one for one in self.objects() if "theirs" in json.dumps(one).lower()]

    def owned(self) -> list[str]:
        text = (self.root / ".devinops" / "production.jsonl").read_text()
        lines = [json.loads(line) for line in text.splitlines()[1:-1]]
        return [line["id"] for line in lines if "fields" in line]


@pytest.fixture
def place(
    request: pytest.FixtureRequest,
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    case: Case = request.param
    monkeypatch.setenv("DEVIN_VALUE", VALUE)
    root = repository({"devinops.yaml": CONFIG})
    seed = {"organizations": {"org-emulator": {case.section: [case.theirs]}}}
    with Emulator(seed) as emulator:
        use(emulator.url, "apk_emulator" if case.api == "v1" else "cog_emulator")
        made = Place(root, emulator, devinops, case)
        made.declare()
        yield made


@pytest.mark.sampled(3)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", CASES, ids=NAMES, indirect=True)
def test_an_object_of_others_is_not_ours_because_a_create_returned_its_id(
    place: Place, when: str, waits: Waits
) -> None:
    theirs = place.theirs()
    place.emulator.faults = [{"method": "POST", "fault": "wrong-id", "when": when, "times": 1}]
    ran = place.apply()
    assert (ran.code, len(place.ours())) == ((0, 1) if when == "after" else (3, 0)), ran
    ours = len(place.owned())
    assert ours == (when == "after")
    assert place.apply().code == 0
    place.declare(ensure="absent")
    assert place.apply("--allow", "delete=1").code == 0
    assert place.objects() == theirs


@pytest.mark.sampled(3)
@pytest.mark.parametrize("place", UPDATES, ids=str, indirect=True)
def test_an_update_that_is_not_taken_is_a_failure_and_the_next_plan_has_it_again(
    place: Place, waits: Waits
) -> None:
    assert place.apply().code == 0
    place.declare(**place.case.change)
    before = place.objects()
    place.emulator.faults = [{"method": ["PUT", "PATCH"], "fault": "old-values"}]
    ran = place.apply()
    (field,) = place.case.change
    assert (ran.code, place.objects()) == (3, before), ran
    if field in ("macro", "pinned_repo"):
        assert f"it was written, but the API did not accept {field}" in ran.out
    else:
        assert f"not taken: the API accepted the update, but still shows the old {field}" in ran.out
    assert waits[:3] == [1, 3, 9]
    place.emulator.faults = []
    plan = place.devinops("plan", "-C", place.root, "--allow", "spend")
    assert "1 to update" in plan.out
    assert place.apply().code == 0
    assert place.ours()[0][field] == place.case.change[field]


@pytest.mark.parametrize("place", UPDATES, ids=str, indirect=True)
def test_an_update_whose_response_is_old_is_done_when_a_read_shows_it(
    place: Place, waits: Waits
) -> None:
    assert place.apply().code == 0
    place.declare(**place.case.change)
    place.emulator.faults = [{"method": ["PUT", "PATCH"], "fault": "old-values", "when": "after"}]
    ran = place.apply()
    assert (ran.code, list(waits)) == (0, [1]), ran
    assert place.devinops("drift", "-C", place.root).code == 0
    plan = place.devinops("plan", "-C", place.root, "--detailed-exitcode")
    assert plan.code == 0, plan


QUIRKS: list[dict[str, str]] = [
    {name: value} for name, values in VALUES.items() for value in values
]
UPDATED = {
    "v3": {
        "knowledge": [
            NOTE | {"body": "Caf\u00e9\r\n\n", "pinned_repo": "github.com/acme/api"},
            NOTE | {"body": "    cafe\u0301 \n", "pinned_repo": "github.com/acme/web"},
            NOTE | {"body": "new", "trigger": "new", "pinned_repo": None, "is_enabled": False},
        ],
        "playbooks": [PLAYBOOK, PLAYBOOK | {"body": "new\n\nlines", "macro": "!new"}],
        "automations": [
            OFF | {"name": "Ours", "limits": {"max_acu_limit": 2}},
            OFF | {"name": "Ours", "limits": None, "session_settings": {"devin_mode": "lite"}},
        ],
    },
    "v1": {
        "knowledge": [
            NOTE | {"body": "Caf\u00e9\r\n\n", "pinned_repo": "github.com/acme/api"},
            NOTE | {"body": "    cafe\u0301 \n", "pinned_repo": "acme/api"},
            NOTE | {"body": "new", "trigger": "new", "pinned_repo": None},
        ],
        "playbooks": [PLAYBOOK, PLAYBOOK | {"body": "new\n\nlines", "macro": "!new"}],
    },
}
"""API → section → the states of an entry, one after another."""


@pytest.mark.sampled(48, ci=24)
@pytest.mark.parametrize("quirks", QUIRKS, ids=str)
@pytest.mark.parametrize("api", UPDATED)
def test_what_an_api_normalizes_is_no_update_that_was_not_taken(
    api: str,
    quirks: dict[str, str],
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    waits: Waits,
) -> None:
    with Emulator(quirks=quirks) as emulator:
        use(emulator.url, "apk_emulator" if api == "v1" else "cog_emulator")
        for number in range(3):
            files = {
                f"{section}.yaml": yaml.safe_dump({section: [states[min(number, len(states) - 1)]]})
                for section, states in UPDATED[api].items()
            }
            root = repository({"devinops.yaml": CONFIG, **files})
            ran = devinops("apply", "--yes", "-C", root, "--allow", "spend")
            assert (ran.code, list(waits)) == (0, []), ran


def test_an_automation_that_should_be_off_and_stays_on_is_named(
    emulator: Emulator, repository: Write, devinops: Devinops, waits: Waits
) -> None:
    def write(enabled: bool) -> Path:
        entry = OFF | {"name": "Nightly", "enabled": enabled}
        return repository(
            {"devinops.yaml": CONFIG, "automations.yaml": yaml.safe_dump({"automations": [entry]})}
        )

    root = write(True)
    assert devinops("apply", "--yes", "-C", root, "--allow", "spend").code == 0
    write(False)
    emulator.faults = [{"method": "PATCH", "fault": "old-values"}]
    ran = devinops("apply", "--yes", "-C", root)
    assert ran.code == 3
    assert "automation:Nightly" in ran.out
    assert "still shows the old enabled" in ran.out
    assert emulator.automations()[0]["enabled"] is True


@pytest.mark.sampled(4)
@pytest.mark.parametrize("status", [204, 404])
@pytest.mark.parametrize("place", CASES, ids=NAMES, indirect=True)
def test_a_delete_that_is_not_taken_is_a_failure(
    place: Place, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.apply().code == 0
    before = place.objects()
    name = {"playbooks": "title", "secrets": "key"}.get(place.case.section, "name")
    others = {name: place.case.theirs[name], "ensure": "unmanaged"}
    text = yaml.safe_dump({place.case.section: [others]})
    (place.root / f"{place.case.section}.yaml").write_text(text)
    (id,) = place.owned()
    with monkeypatch.context() as false:
        if status == 204:
            false.setattr(WritingClient, "delete", lambda *_, before_again: None)
        else:
            rule = {"method": "DELETE", "fault": "status", "status": status, "times": 1}
            place.emulator.faults = [rule]
        ran = place.apply("--allow", "delete=1")
    text = " ".join(ran.out.split())
    assert (place.objects(), "still lists it" in text) == (before, True), ran
    if status == 404:
        assert (ran.code, place.owned()) == (1, [id])
    else:
        assert (ran.code, place.owned()) == (3, [])
        command = re.findall(rf"run devinops (inventory link .* {id}), then apply again", text)[0]
        assert place.devinops(*shlex.split(command)).code == 0
    assert place.apply("--allow", "delete=1").code == 0
    assert place.objects() == place.theirs()
