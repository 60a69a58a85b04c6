"""The state file: a restart goes on where the last run stopped."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from emulator_api import NOTE, ORG, good

from devinops.emulator import Emulator
from devinops.errors import ConfigError

SECRET = {"type": "key-value", "key": "K", "value": "hunter2"}
FULL = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "A/B"}],
            "knowledge": [{**NOTE, "folder": "A/B", "macro": "!m"}],
            "playbooks": [{"title": "t", "body": "b", "structured_output_schema": {"type": "object"}}],
        },
        "org-two": {},
    },
    "enterprise": {"knowledge": [NOTE]},
}


def everything(emulator):
    """All that an emulator holds, as v3 shows it."""
    scopes = ["org-emulator", None]
    looks = (emulator.folders, emulator.knowledge, emulator.playbooks, emulator.secrets)
    return [look(scope) for look in looks for scope in scopes]


def test_everything_survives_a_restart(start, tmp_path):
    state = tmp_path / "state.json"
    first = start(FULL, state=state)
    first.note(name="new")
    good(first.v3.post(f"{ORG}/secrets", json=SECRET))
    second = start(state=state)
    assert everything(second.emulator) == everything(first.emulator)
    assert second.emulator.store.organizations == {"org-emulator", "org-two"}
    logs = [good(api.enterprise.get("/v3/enterprise/audit-logs"))["items"] for api in (first, second)]
    assert logs[0] == logs[1]


def test_new_ids_after_a_restart_are_new(start, tmp_path):
    state = tmp_path / "state.json"
    first = start(state=state).note()["note_id"]
    assert start(state=state).note()["note_id"] != first


def test_the_state_wins_over_the_seed_and_a_reset_goes_back_to_the_seed(start, tmp_path):
    state = tmp_path / "state.json"
    first = start(FULL, state=state)
    first.note(name="new")
    second = start({"quirks": {"macro": "dropped"}}, state=state)
    assert len(second.emulator.knowledge()) == 2
    assert second.emulator.store.quirks.macro == "dropped"
    assert second.person.post("/reset").status_code == 204
    assert everything(start(state=state).emulator) == [[]] * 8


def test_what_a_person_does_is_saved_too(start, tmp_path):
    state = tmp_path / "state.json"
    api = start(state=state)
    note = api.emulator.add("knowledge", **NOTE)
    api.emulator.edit("knowledge", note, body="edited")
    api.person.post("/folders", json={"path": "X"})
    again = start(state=state).emulator
    assert again.knowledge()[0]["body"] == "edited"
    assert again.folders()[0]["path"] == "X"


def test_an_answer_means_that_the_state_is_on_the_disk(start, tmp_path):
    state = tmp_path / "state.json"
    api = start(state=state)
    for number in range(5):
        api.note(name=f"n{number}")
        assert len(json.loads(state.read_text())["notes"]) == number + 1


def test_requests_in_parallel_are_all_saved_and_leave_no_other_file(start, tmp_path):
    state = tmp_path / "state.json"
    api = start(state=state)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: api.note(name=str(number)), range(64)))
    assert len(json.loads(state.read_text())["notes"]) == 64
    assert list(tmp_path.iterdir()) == [state]


def test_reading_writes_nothing(start, tmp_path):
    state = tmp_path / "state.json"
    api = start(state=state)
    before = state.stat().st_mtime_ns, state.stat().st_ino
    good(api.v3.get(f"{ORG}/knowledge/notes"))
    assert (state.stat().st_mtime_ns, state.stat().st_ino) == before


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"format": 2}', '{"format": 1, "notes": 1}', "\x00", "null"],
)
def test_a_file_that_is_no_state_is_an_error_that_names_it(tmp_path, content):
    state = tmp_path / "state.json"
    state.write_text(content)
    with pytest.raises(ConfigError) as caught:
        Emulator(state=state)
    assert str(state) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert state.read_text() == content


def test_a_truncated_state_is_an_error(start, tmp_path):
    state = tmp_path / "state.json"
    start(FULL, state=state)
    state.write_text(state.read_text()[:-20])
    with pytest.raises(ConfigError):
        Emulator(state=state)


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot write the state"):
        Emulator(state=tmp_path / "missing" / "state.json")
