"""The state file: a restart goes on where the last run stopped."""

from __future__ import annotations

import errno
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from devinops.emulator import Emulator
from devinops.emulator.state import StateFile
from devinops.model.errors import ConfigError
from tests.testing.disk import WRONG, breaks, limited, names, room_for
from tests.testing.emulator_api import NOTE, ORG, good

SECRET = {"type": "key-value", "key": "K", "value": "hunter2"}
FULL = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "A/B"}],
            "knowledge": [{**NOTE, "folder": "A/B", "macro": "!m"}],
            "playbooks": [
                {"title": "t", "body": "b", "structured_output_schema": {"type": "object"}}
            ],
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
    logs = [
        good(api.enterprise.get("/v3/enterprise/audit-logs"))["items"] for api in (first, second)
    ]
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
    ["", "{", "[]", "{}", '{"format": 3}', '{"format": 1, "notes": 1}', "\x00", "null"],
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


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
@pytest.mark.parametrize("error", WRONG, ids=errno.errorcode.get)
def test_a_state_that_cannot_be_written_is_one_line_and_leaves_the_old_one(
    tmp_path, monkeypatch, step, error
):
    state = tmp_path / "state.json"
    emulator = Emulator(state=state)
    before = state.read_bytes()
    with monkeypatch.context() as broken:
        breaks(broken, step, error)
        with pytest.raises(ConfigError) as caught:
            emulator.add("knowledge", **NOTE)
    said = str(caught.value)
    assert said.startswith(f"{state}: cannot write the state: {os.strerror(error)}")
    assert said.endswith("then run again")
    assert (names(tmp_path), state.read_bytes()) == (["state.json"], before)
    emulator.add("knowledge", **NOTE)
    assert len(json.loads(state.read_text())["notes"]) == 2, (
        "what could not be saved comes with the next"
    )


@limited
@pytest.mark.parametrize("room", [0, 1, 100])
def test_a_full_disk_is_an_answer_and_not_a_traceback(start, tmp_path, room, capfd):
    state = tmp_path / "state.json"
    api = start(state=state)
    before = state.read_bytes()
    with room_for(room):
        for answer in (
            api.v3.post(f"{ORG}/knowledge/notes", json=NOTE),
            api.person.post("/folders", json={"path": "X"}),
            api.person.post("/reset"),
        ):
            assert answer.status_code == 500
            assert answer.json()["detail"] == (
                f"{state}: cannot write the state: File too large: free up space, then run again"
            )
    assert (names(tmp_path), state.read_bytes()) == (["state.json"], before)
    api.note()
    assert len(json.loads(state.read_text())["notes"]) == 1
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_permissions_of_the_state_are_kept(start, tmp_path, mode):
    state = tmp_path / "state.json"
    start(state=state).note()
    state.chmod(mode)
    start(state=state).note()
    assert stat.S_IMODE(state.stat().st_mode) == mode


def test_a_state_that_is_a_directory_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot read the state"):
        Emulator(state=tmp_path)


def test_a_content_that_is_late_does_not_overwrite_a_later_one(tmp_path):
    """Two threads save: the one that took its content first may come to the disk last."""
    file = StateFile(tmp_path / "state.json", Emulator().store)
    file._write(2, "later")
    file._write(1, "earlier")
    assert (tmp_path / "state.json").read_text() == "later"
